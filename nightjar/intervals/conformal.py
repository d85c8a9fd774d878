"""Conformalised quantile regression: intervals that hold the true value as often as they promise.

Romano, Patterson & Candes (2019, arXiv:1905.03222).  An object's nonconformity is how far its true
value lies outside the predicted interval, max(low - true, true - high), negative within.  Both
bounds of a new object move out by the ceil((n + 1) coverage)-th smallest nonconformity of n
calibration objects.  If these and the new object are exchangeable, the interval holds the true
value with a chance of at least ``coverage``, and at most 1 / (n + 1) more where no two
nonconformities are equal: whatever the head, over all objects together, not for each kind of them.

Every two levels that are symmetric about the median are one interval.  The median stays; an
interval never ends short of it or within a smaller one, which can only add coverage.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nightjar.calibration import conformal_threshold

Floats = NDArray[np.float64]


def margins(true: ArrayLike, quantiles: np.ndarray, levels: Sequence[float]) -> Floats | None:
    """How far the quantile of each level is to be moved away from the median, (levels,).

    Parameters
    ----------
    true : (n,) values of calibration objects
    quantiles : (n, levels) that were predicted for them
    levels : symmetric about the median, which is among them

    Returns
    -------
    None where so few objects can promise the widest interval only if it is infinite
    """
    true = np.asarray(true, float)
    found = np.zeros(len(levels))
    for low in range(len(levels) // 2):
        high = len(levels) - 1 - low
        outside = np.maximum(quantiles[:, low] - true, true - quantiles[:, high])
        found[[low, high]] = conformal_threshold(outside, levels[high] - levels[low])
    return found if np.all(np.isfinite(found)) else None


def moved(quantiles: np.ndarray, margin: np.ndarray) -> Floats:
    """Quantiles (n, levels), those below the median moved down and those above it up.

    Parameters
    ----------
    quantiles : (n, levels), rising along a row
    margin : (levels,) of `margins`
    """
    middle = quantiles.shape[1] // 2
    upper = (quantiles + margin)[:, middle:]
    lower = (quantiles - margin)[:, middle::-1]
    below = np.minimum.accumulate(lower, axis=1)[:, :0:-1]
    return np.hstack([below, np.maximum.accumulate(upper, axis=1)])
