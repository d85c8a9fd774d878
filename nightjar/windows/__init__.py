"""Light curves as sequences (Maven) and as windows (Astromer), and how a window is normalised.

Two conversions run once, chunk by chunk, with no loop over objects: :func:`sequences` and
:func:`curves`.  What is drawn anew every epoch (which window, which points of a band) works on
their output: :func:`sequential_windows`, :func:`random_start`, :func:`normalise`.  Which curves are
worth training on, :func:`keep` tells.
"""

from nightjar.windows.conversions import curves, sequences, to_magnitudes
from nightjar.windows.cutting import normalise, random_start, sequential_windows
from nightjar.windows.keeping import keep
from nightjar.windows.writing import chunks, write_curves, write_sequences

__all__ = [
    "chunks",
    "curves",
    "keep",
    "normalise",
    "random_start",
    "sequences",
    "sequential_windows",
    "to_magnitudes",
    "write_curves",
    "write_sequences",
]
