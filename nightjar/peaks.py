"""When a light curve is brightest, though some of its points are wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def brightest(
    row: NDArray[np.int64],
    time: NDArray[np.float64],
    mag: NDArray[np.floating],
    band: NDArray[np.integer],
    objects: int,
) -> NDArray[np.float64]:
    """Time of the brightest point of each object, (objects,); NaN for one without points.

    Of the band with the most points, that with the brightest median of the point and its two
    neighbours: one point that is off decides nothing.  Among equal medians, which neighbours share,
    it is the brightest point itself, then the earliest.  The first and the last point have the
    median of the point next to them, so that a light curve that only falls is brightest at its
    first point; a band of one or two points has no median and is taken as it is.

    Parameters
    ----------
    row : (points,) the object that a point belongs to, ascending
    time : (points,) days, ascending within an object
    mag : (points,) mag
    band : (points,) codes from 0
    objects : their number
    """
    bands = int(band.max(initial=0)) + 1
    count = np.bincount(row * bands + band, minlength=objects * bands).reshape(objects, bands)
    chosen = np.flatnonzero(band == count.argmax(axis=1)[row])
    row, time, mag = row[chosen], time[chosen], mag[chosen]
    best = np.lexsort((mag, _smooth(row, mag), row))
    first = np.flatnonzero(np.diff(row[best], prepend=-1))
    out = np.full(objects, np.nan)
    out[row[best[first]]] = time[best[first]]
    return out


def _smooth(row: NDArray[np.int64], mag: NDArray[np.floating]) -> NDArray[np.floating]:
    """Running median of three within each object."""
    start, stop = (np.searchsorted(row, row, side=side) for side in ("left", "right"))
    middle = np.clip(np.arange(len(row)), start + 1, stop - 2)
    three = mag[np.clip(middle + np.arange(-1, 2)[:, None], 0, max(len(row) - 1, 0))]
    return np.where(stop - start >= 3, np.median(three, axis=0), mag) if len(row) else mag
