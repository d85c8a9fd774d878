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

    In the band with the most points (of several, the first), a point counts for no more than the
    brighter of its two neighbours, so that one point that is too bright decides nothing, nor does
    one that is too faint.  Of two neighbours that count for the same, the brighter is the
    brightest; of equal ones, the earliest.

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
    best = np.lexsort((mag, _confirmed(row, mag), row))
    first = np.flatnonzero(np.diff(row[best], prepend=-1))
    out = np.full(objects, np.nan)
    out[row[best[first]]] = time[best[first]]
    return out


def _confirmed(row: NDArray[np.int64], mag: NDArray[np.floating]) -> NDArray[np.floating]:
    """The fainter of each point and the brighter of its neighbours; infinite without one."""
    edge = np.full(1, np.inf)
    alone = np.diff(row) != 0
    right = np.concatenate([np.where(alone, np.inf, mag[1:]), edge])[: len(mag)]
    left = np.concatenate([edge, np.where(alone, np.inf, mag[:-1])])[: len(mag)]
    return np.asarray(np.maximum(mag, np.minimum(left, right)))
