"""Temperature scaling: one number that softens or sharpens every prediction (Guo et al. 2017)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import softmax

from nightjar.calibration.errors import LEAST

LIMIT = 20.0  # temperatures lie between 1 / LIMIT and LIMIT


def tempered(probabilities: np.ndarray, temperature: float) -> NDArray[np.float64]:
    """Probabilities to the power 1 / temperature, normalised: softmax(ln p / temperature).

    Of a mean over samples there are no logits; ln p stands in their place, and is the same up to a
    constant where there is one sample.  The order of the classes stays.

    Parameters
    ----------
    probabilities : (n, classes), rows sum to 1; below 1e-12 they count as 1e-12
    temperature : above 1 softens, below 1 sharpens
    """
    return softmax(np.log(np.maximum(probabilities, LEAST)) / temperature, axis=-1)


def fit_temperature(probabilities: np.ndarray, labels: ArrayLike) -> float:
    """Temperature with the smallest negative log-likelihood (Guo et al. 2017, section 4.2).

    The likelihood is concave in b = 1 / temperature, and has its maximum where the mean of ln p of
    the true class equals the mean of its expectation under the tempered probabilities.

    Parameters
    ----------
    probabilities : (n, classes) of objects that trained nothing
    labels : (n,) integer classes

    Returns
    -------
    between 1/20 and 20; an end is reached where all predictions are right (any sharper is more
    likely), or where they are no better than chance
    """
    logs = np.log(np.maximum(np.asarray(probabilities, float), LEAST))
    of_true = logs[np.arange(len(logs)), np.asarray(labels)]

    def slope(inverse: float) -> float:
        expected = np.sum(softmax(inverse * logs, axis=1) * logs, axis=1)
        return float(np.mean(of_true - expected))

    if slope(LIMIT) >= 0:
        return 1 / LIMIT
    if slope(1 / LIMIT) <= 0:
        return LIMIT
    return 1 / brentq(slope, 1 / LIMIT, LIMIT, xtol=1e-12)
