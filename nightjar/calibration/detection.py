"""Finding by a score what a classifier gets wrong, and setting it aside."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata


def auroc(wrong: ArrayLike, score: ArrayLike) -> float | None:
    """Chance that a wrong prediction has the higher score than a right one; ties count half.

    The area under the ROC curve of finding misclassified objects (arXiv:2412.10528), by the
    Mann-Whitney statistic; with objects of no known class for ``wrong`` that of finding these.
    None where all predictions are right, or all wrong.
    """
    wrong = np.asarray(wrong, bool)
    n_wrong, n_right = int(wrong.sum()), int((~wrong).sum())
    if not n_wrong or not n_right:
        return None
    rank = rankdata(np.asarray(score, float))
    return float((rank[wrong].sum() - n_wrong * (n_wrong + 1) / 2) / (n_wrong * n_right))


def auprc(wrong: ArrayLike, score: ArrayLike) -> float | None:
    """Area under precision against recall of finding the errors, as average precision.

    Sum over thresholds of (recall gained) * precision; objects with equal scores are called
    together.  A score that knows nothing reaches the share of wrong predictions, hence the number
    compares scores of one classifier, not classifiers that err differently often.  None where all
    predictions are right, or all wrong.
    """
    wrong, score = np.asarray(wrong, bool), np.asarray(score, float)
    if not wrong.any() or wrong.all():
        return None
    order = np.argsort(-score, kind="stable")
    called = _ends_of_equals(-score[order])
    found = np.cumsum(wrong[order])[called - 1]
    gained = np.diff(found, prepend=0) / found[-1]
    return float(np.sum(gained * found / called))


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
    ends = _ends_of_equals(score[order])
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


def score_threshold(wrong: ArrayLike, score: ArrayLike, error_rate: float) -> float | None:
    """Largest score to keep so that of the objects kept at most ``error_rate`` are wrong.

    The threshold is fitted to these very objects: on others the rate holds on average only about,
    and from few objects it is optimistic.  `conformal` promises more, in another currency.

    Returns
    -------
    keep where score <= it; None where even the most certain objects are wrong too often
    """
    wrong, score = np.asarray(wrong, float), np.asarray(score, float)
    order = np.argsort(score, kind="stable")
    kept = _ends_of_equals(score[order])
    good = kept[np.cumsum(wrong[order])[kept - 1] <= error_rate * kept] if len(kept) else kept
    return float(score[order][good[-1] - 1]) if len(good) else None


def _ends_of_equals(ordered: np.ndarray) -> np.ndarray:
    """How many objects there are up to the end of each group of equal scores; rising scores."""
    return np.flatnonzero(np.append(np.diff(ordered) > 0, True)[: len(ordered)]) + 1
