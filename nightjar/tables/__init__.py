"""The canonical tables: columns, units, accepted names, and the check of every row.

========== ==================================== ===============================================
table      column                               type, unit
========== ==================================== ===============================================
objects    object_id                            text, unique (whole numbers become text)
           class, redshift, mwebv, ra, dec      optional: text; -; E(B-V) mag; deg (ICRS); deg
           any other                            metadata, kept as it is
photometry object_id, time, band                text; MJD, float64; text
           mag, mag_err *or* flux, flux_err     mag as the survey gives it; or nJy (AB)
           mag_perfect *or* flux_perfect        optional, simulations: without noise
spectra    object_id, time                      text; MJD or null
           wavelength, flux, flux_err           lists: Angstrom; any flux unit; flux_err optional
           flux_perfect                         optional, simulations: list, without noise
           frame                                optional: ``observed`` (default) or ``rest``
========== ==================================== ===============================================

Common spellings are accepted (`ALIASES`), whatever their case.  Two columns that mean the same are
an error.  One exception: where the objects table has a canonical column under its exact name, an
*alias* of it (``name`` beside ``object_id``, ``type`` beside ``class``) is metadata; a spelling
that differs by case only (``Class`` beside ``class``) stays an error.

What is wrong with a whole column (missing, text for numbers) is an `InputError`.  What is wrong
with a row drops the row and counts it, each row under its first reason, so that
rows read = rows kept + the sum of the ``photometry_...`` counts (likewise ``spectra_...``, but
``spectra_repaired_...`` counts spectra that are kept).  ``pixels_...`` counts pixels and
``objects_...`` what was set to null in the objects table.
"""

from nightjar.tables.objects import check_objects
from nightjar.tables.photometry import MAGNITUDES, check_photometry
from nightjar.tables.schema import (
    ALIASES,
    PERFECT,
    QUANTITIES,
    Tables,
    canonical_names,
    quantity_of,
)
from nightjar.tables.spectra import check_spectra

__all__ = [
    "ALIASES",
    "MAGNITUDES",
    "PERFECT",
    "QUANTITIES",
    "Tables",
    "canonical_names",
    "check_objects",
    "check_photometry",
    "check_spectra",
    "quantity_of",
]
