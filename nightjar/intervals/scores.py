"""How good a predicted distribution is, given as quantiles at some levels.

Between two quantiles, and beyond the outermost, the distribution is taken as piece of a Gaussian:
the probit of the level is linear in the value.  For the quantiles of a Gaussian this is exact.

All scores are means over objects; a smaller pinball loss or CRPS is better, and both are proper: no
distribution does better in expectation than the true one (Gneiting & Raftery 2007).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]
CRPS_LEVELS = (np.arange(200) + 0.5) / 200
LEAST_STEP = 1e-12  # between quantiles: some may be equal


def pinball(true: ArrayLike, quantiles: np.ndarray, levels: Sequence[float]) -> float:
    """Mean over objects and levels of max(level d, (level - 1) d), d = true - quantile.

    Parameters
    ----------
    true : (n,) values
    quantiles : (n, levels)
    levels : of the quantiles, between 0 and 1
    """
    error = np.asarray(true, float)[:, None] - quantiles
    level = np.asarray(levels)
    return float(np.mean(np.maximum(level * error, (level - 1) * error)))


def crps(true: ArrayLike, quantiles: np.ndarray, levels: Sequence[float]) -> float:
    """Mean continuous ranked probability score, in the unit of the value.

    The integral over values of (predicted probability to be below - whether it is)^2 equals twice
    the integral over all levels of the pinball loss; here the mean over `CRPS_LEVELS`.
    """
    probit = ndtri(np.asarray(levels))
    wanted = np.broadcast_to(ndtri(CRPS_LEVELS), (len(quantiles), len(CRPS_LEVELS)))
    dense = _along_line(wanted, np.broadcast_to(probit, quantiles.shape), quantiles)
    return 2 * pinball(true, dense, CRPS_LEVELS.tolist())


def pit(true: ArrayLike, quantiles: np.ndarray, levels: Sequence[float]) -> Floats:
    """Probability integral transform, (n,): predicted probability to be below the true value.

    Uniform between 0 and 1 over many objects if the distributions are right (Dawid 1984; Gneiting
    et al. 2007); heaped at both ends if they are too narrow.
    """
    probit = np.broadcast_to(ndtri(np.asarray(levels)), quantiles.shape)
    return ndtr(_along_line(np.asarray(true, float)[:, None], quantiles, probit)[:, 0])


def pit_distance(pits: ArrayLike) -> float | None:
    """Kolmogorov-Smirnov distance of PIT values (n,) from uniform; None without any.

    The largest difference of the two cumulative distributions: 0 at best.  Of n objects that are
    rightly predicted it is above about 1.36 / sqrt(n) in one of 20 samples.
    """
    ordered = np.sort(np.asarray(pits, float))
    if not len(ordered):
        return None
    place = np.arange(len(ordered) + 1) / len(ordered)
    return float(max(np.max(place[1:] - ordered), np.max(ordered - place[:-1])))


def covered(true: ArrayLike, low: ArrayLike, high: ArrayLike) -> NDArray[np.bool_]:
    """Which values lie in their interval, bounds included; (n,) each."""
    true = np.asarray(true, float)
    return (np.asarray(low) <= true) & (true <= np.asarray(high))


def _along_line(at: np.ndarray, x: np.ndarray, y: np.ndarray) -> Floats:
    """Piecewise linear y(x) of each row at ``at``, continued beyond the outermost knots.

    Parameters
    ----------
    at : (n, m)
    x, y : (n, knots), x rising along a row
    """
    left = np.clip((x[:, None, :] < at[:, :, None]).sum(axis=2) - 1, 0, x.shape[1] - 2)
    x0, x1, y0, y1 = (
        np.take_along_axis(values, left + shift, axis=1) for values in (x, y) for shift in (0, 1)
    )
    return y0 + (at - x0) * (y1 - y0) / np.maximum(x1 - x0, LEAST_STEP)
