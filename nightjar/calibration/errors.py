"""How far probabilities are from the truth: calibration error, likelihood, Brier score."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nightjar.metrics import Scores

LEAST = 1e-12  # of a probability under a logarithm


class Reliability(NamedTuple):
    """Bins of confidence (the largest probability); a bin without objects holds NaN and 0."""

    confidence: np.ndarray  # (bins,) mean confidence
    accuracy: np.ndarray  # (bins,) share of right predictions
    objects: np.ndarray  # (bins,) how many


def reliability(probabilities: np.ndarray, labels: ArrayLike, bins: int) -> Reliability:
    """Accuracy against confidence in ``bins`` bins of equal width on (0, 1].

    Parameters
    ----------
    probabilities : (n, classes), rows sum to 1
    labels : (n,) integer classes
    """
    confidence = np.asarray(probabilities, float).max(axis=1)
    right = probabilities.argmax(axis=1) == np.asarray(labels)
    place = _places(confidence, bins)
    count = np.bincount(place, minlength=bins)
    share = np.where(count > 0, count, np.nan)
    return Reliability(
        np.bincount(place, confidence, minlength=bins) / share,
        np.bincount(place, right, minlength=bins) / share,
        count,
    )


def noise(probabilities: np.ndarray, bins: int) -> float | None:
    """The ``ece`` that these probabilities would have on average if they were right.

    With few objects no calibration error is 0: in a bin with confidences c the number of right
    predictions scatters with the variance sum c (1 - c), and the mean of the absolute value of a
    normal variable is its deviation times sqrt(2 / pi).

    Parameters
    ----------
    probabilities : (n, classes), rows sum to 1; None where n is 0
    """
    if len(probabilities) == 0:
        return None
    confidence = np.asarray(probabilities, float).max(axis=1)
    variance = np.bincount(_places(confidence, bins), confidence * (1 - confidence))
    return float(np.sum(np.sqrt(2 / np.pi * variance)) / len(probabilities))


def _places(confidence: np.ndarray, bins: int) -> NDArray[np.int64]:
    return np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)


def scores(probabilities: np.ndarray, labels: ArrayLike, bins: int) -> Scores:
    """Expected calibration error, negative log-likelihood and Brier score.

    ``ece`` = sum over bins of (share of objects) * |accuracy - confidence| (Guo et al. 2017);
    ``nll`` and ``brier`` are the means of `losses`.

    Parameters
    ----------
    probabilities : (n, classes), rows sum to 1
    labels : (n,) integer classes
    """
    probabilities, labels = np.asarray(probabilities, float), np.asarray(labels)
    if len(labels) == 0:
        return {"ece": None, "nll": None, "brier": None}
    bin_ = reliability(probabilities, labels, bins)
    gap = np.nan_to_num(np.abs(bin_.accuracy - bin_.confidence))
    return {
        "ece": float(np.sum(bin_.objects * gap) / len(labels)),
        **{name: float(each.mean()) for name, each in losses(probabilities, labels).items()},
    }


def losses(probabilities: np.ndarray, labels: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """Proper scores of every single object, (n,) each.

    ``nll`` = -ln p of the true class, in nats, p at least 1e-12; ``brier`` = the sum over classes
    of (p - [true])^2, between 0 and 2.

    Parameters
    ----------
    probabilities : (n, classes), rows sum to 1
    labels : (n,) integer classes
    """
    labels = np.asarray(labels)
    truth = np.eye(probabilities.shape[1])[labels]
    of_true = probabilities[np.arange(len(labels)), labels]
    return {
        "nll": -np.log(np.maximum(of_true, LEAST)),
        "brier": np.sum((probabilities - truth) ** 2, axis=1),
    }
