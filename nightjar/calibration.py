"""Scores of probabilities: are they calibrated, and do they know the errors?

``wrong`` is True where the predicted class is not the true one; a ``score`` is larger where the
prediction is less certain (`uncertainty.scores`).  None where a score is undefined (`metrics`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from nightjar.metrics import Scores


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
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    share = np.where(count > 0, count, np.nan)
    return Reliability(
        np.bincount(place, confidence, minlength=bins) / share,
        np.bincount(place, right, minlength=bins) / share,
        count,
    )


def scores(probabilities: np.ndarray, labels: ArrayLike, bins: int) -> Scores:
    """Expected calibration error, negative log-likelihood and Brier score.

    ``ece`` = sum over bins of (share of objects) * |accuracy - confidence| (Guo et al. 2017);
    ``nll`` = mean -ln p of the true class, in nats, p at least 1e-12; ``brier`` = mean over objects
    of the sum over classes of (p - [true])^2, between 0 and 2.

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
    truth = np.eye(probabilities.shape[1])[labels]
    of_true = probabilities[np.arange(len(labels)), labels]
    return {
        "ece": float(np.sum(bin_.objects * gap) / len(labels)),
        "nll": float(-np.mean(np.log(np.maximum(of_true, 1e-12)))),
        "brier": float(np.mean(np.sum((probabilities - truth) ** 2, axis=1))),
    }


def auroc(wrong: ArrayLike, score: ArrayLike) -> float | None:
    """Chance that a wrong prediction has the higher score than a right one; ties count half.

    The area under the ROC curve of finding misclassified objects (arXiv:2412.10528), by the
    Mann-Whitney statistic.  None where all predictions are right, or all wrong.
    """
    wrong = np.asarray(wrong, bool)
    n_wrong, n_right = int(wrong.sum()), int((~wrong).sum())
    if not n_wrong or not n_right:
        return None
    rank = rankdata(np.asarray(score, float))
    return float((rank[wrong].sum() - n_wrong * (n_wrong + 1) / 2) / (n_wrong * n_right))


def rejection(wrong: ArrayLike, score: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Fraction rejected and accuracy of those kept, as the highest scores are rejected first.

    Objects with equal scores are taken in random order, in expectation: the result does not depend
    on the order of the rows.

    Returns
    -------
    (n,), (n,) : from all kept to one kept
    """
    wrong, score = np.asarray(wrong, float), np.asarray(score, float)
    order = np.argsort(score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) > 0, True)) + 1  # of groups of equals
    errors = np.append(0.0, np.cumsum(wrong[order])[ends - 1])
    kept = np.arange(len(wrong), 0, -1)
    errors_kept = np.interp(kept, np.append(0, ends), errors)
    return 1 - kept / len(wrong), 1 - errors_kept / kept


def aurc(wrong: ArrayLike, score: ArrayLike) -> float | None:
    """Area under risk against coverage (Geifman & El-Yaniv 2017): lower is better.

    The mean error rate over all numbers of objects kept, 1 - the area under accuracy against
    rejection.  None without objects.
    """
    if len(np.asarray(wrong)) == 0:
        return None
    return float(1 - np.mean(rejection(wrong, score)[1]))
