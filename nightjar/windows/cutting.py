"""Windows of light curves, and how one is normalised; drawn anew every epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def sequential_windows(
    offsets: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Windows that cover many light curves.

    ceil(points / size) windows one after the other; the last is pulled back so that it is full.
    The public Astromer code cuts floor(points / size) + 1, hence one window twice where the number
    is a multiple of the size; that duplicate is not made here.

    Parameters
    ----------
    offsets : (curves + 1,) where each light curve begins in the flat arrays
    size : points in a full window

    Returns
    -------
    curve : (windows,) row of the light curve
    start : (windows,) first point, in the flat arrays (``offsets`` included)
    length : (windows,) points, ``size`` or all of a shorter curve; an empty curve has no window
    """
    points = np.diff(offsets)
    windows = -(-points // size)
    curve = np.repeat(np.arange(len(points)), windows)
    number = np.arange(len(curve)) - np.repeat(np.cumsum(windows) - windows, windows)
    start = np.minimum(number * size, np.maximum(points - size, 0)[curve])
    return curve, offsets[curve] + start, np.minimum(points, size)[curve]


def random_start(rng: np.random.Generator, length: ArrayLike, size: int) -> NDArray[np.int64]:
    """First point of a random window in each light curve, uniform in 0 ... length - size.

    ``length`` is a number or an array, in points; a curve shorter than ``size`` starts at 0.
    """
    return rng.integers(0, np.maximum(np.asarray(length) - size, 0), endpoint=True)


def normalise(
    time: NDArray[np.float64],
    value: NDArray[np.floating],
    error: NDArray[np.floating],
    valid: NDArray[np.bool_],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Subtract each window's mean of time, value and error (Astromer 1, section 2).

    The means are taken and subtracted in float64, and only the difference is cast: in float32 an
    MJD near 60000 is known to 4e-3 d, six minutes, which blurs any short-period variable.

    Parameters
    ----------
    time, value, error : (windows, size) days, mag and mag; anything, NaN too, where not valid
    valid : (windows, size) True where observed

    Returns
    -------
    time, value, error : (windows, size) float32, zero where not valid.  Padding is never part of a
        mean; a window without a valid point is zero.
    """
    points = np.maximum(valid.sum(axis=1, keepdims=True), 1)
    return tuple(_centre(column, valid, points) for column in (time, value, error))  # type: ignore[return-value]


def _centre(
    column: NDArray[np.floating], valid: NDArray[np.bool_], points: NDArray[np.int64]
) -> NDArray[np.float32]:
    seen = np.where(valid, column, 0.0).astype(np.float64, copy=False)
    mean = seen.sum(axis=1, keepdims=True) / points
    return np.where(valid, seen - mean, 0.0).astype(np.float32)
