"""Light curves and spectra of many objects as flat arrays with offsets, memory-mapped.

A store is one directory: a plain ``.npy`` file per array and ``meta.json``.  Points of row i are
``[offsets[i], offsets[i + 1])``.  Few large files, whatever the number of objects, and nothing is
read before it is used.  Writers append, so a store larger than memory can be made.

A simulation also keeps what it would have seen without noise, in ``perfect.npy`` beside the
observed ``value.npy`` (light curves) or ``flux.npy`` (spectra).  ``noise`` in ``meta.json`` says
which of the two a store hands out; other stores have neither.
"""

from nightjar.ragged.stores import LightCurve, LightCurves, Spectra, Spectrum
from nightjar.ragged.writers import ArrayWriter, LightCurvesWriter, SpectraWriter

__all__ = [
    "ArrayWriter",
    "LightCurve",
    "LightCurves",
    "LightCurvesWriter",
    "Spectra",
    "SpectraWriter",
    "Spectrum",
]
