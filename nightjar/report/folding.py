"""The period on which the report folds a window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nightjar.classical import periods
from nightjar.classical.folding import fold
from nightjar.classical.shapes import Curve
from nightjar.errors import InputError

LEAST = 0.05  # days, as train_star_features has it by default
PEAKS = 4  # of the periodogram, among which the folded curve's shape decides
MIN_POINTS = 10  # fewer have no period


def period_of(
    time: NDArray[np.floating], magnitude: NDArray[np.floating], error: NDArray[np.floating]
) -> float:
    """Period of a window in days; NaN with few points, or without the `light-curve` package.

    Parameters
    ----------
    time : (length,) days, increasing, NaN where padded
    magnitude, error : (length,) mag
    """
    seen = np.isfinite(time)
    if seen.sum() < MIN_POINTS or not np.ptp(magnitude[seen]):
        return np.nan
    _, different = np.unique(time[seen], return_index=True)
    columns = (np.asarray(each, np.float64)[seen] for each in (time, magnitude, error))
    curve = Curve(*(column[different] for column in columns))
    try:
        peaks = periods.search(curve.time, curve.mag, LEAST, PEAKS)
    except InputError:  # the package is missing: the report does without
        return np.nan
    return fold(curve, peaks).period if len(peaks.frequency) else np.nan
