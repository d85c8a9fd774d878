"""Outliers of a light curve: magnitudes outside its own percentiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def between_percentiles(
    value: NDArray[np.floating],
    curve: NDArray[np.int64],
    limits: tuple[float, float],
    least: int,
) -> NDArray[np.bool_]:
    """Which points lie strictly between two percentiles of their light curve.

    The percentile p of n values is the sorted value whose index, from 0, is nearest to
    (n - 1) p / 100, the upper one at a tie: the public Astromer code's (polars' ``nearest``), which
    clips MACHO at 1 and 99.  The ends themselves go, hence of any curve at least its faintest and
    its brightest value.

    Parameters
    ----------
    value : (points,) magnitudes
    curve : (points,) light curve of each point, numbers from 0
    limits : the lower and the upper percentile, 0 to 100
    least : a curve that would be left with fewer points, a constant one for instance, keeps all

    Returns
    -------
    (points,) bool
    """
    if not len(value):
        return np.zeros(0, dtype=bool)
    ordered = value[np.lexsort((value, curve))]
    points = np.bincount(curve)
    first = np.cumsum(points) - points
    filled = np.maximum(points - 1, 0)
    low, high = (
        ordered[(first + np.floor(filled * (p / 100) + 0.5).astype(np.int64))[curve]]
        for p in limits
    )
    inside = (low < value) & (value < high)
    left = np.bincount(curve[inside], minlength=len(points))
    return inside | (left < least)[curve]
