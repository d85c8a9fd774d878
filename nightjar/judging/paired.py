"""Two models on the same folds: is one better, or are the folds merely different?

What makes a fold easy makes it easy for both models, so the difference is taken fold by fold, and
what the folds share drops out of it.  The differences are still no independent measurements: two
of k folds have (k - 2) / (k - 1) of their training objects in common, three quarters for k = 5.
Their standard deviation over the root of their number is too small an error.  Nadeau and Bengio
(2003, Machine Learning 52, 239) take the correlation of two differences for
n_test / (n_train + n_test), which gives

    SE^2 = (1 / k + n_test / n_train) s^2,

with s the sample standard deviation (ddof = 1) of the k differences: 1.5 times the naive error for
5 folds.  Mean / SE is compared with Student's t of k - 1 degrees of freedom (their corrected
resampled t-test), so that a 95 % interval is the mean +- 2.8 SE for 5 folds.  The correlation is a
convention, not an estimate: from one cross-validation no unbiased one can be made (Bengio and
Grandvalet 2004, JMLR 5, 1089).

Few-shot folds are no cross-validation but independent draws of few of many stars, most of which
differ.  There the correlation rho is taken for the share of objects that two folds have in common,
and rho / (1 - rho) stands in the place of n_test / n_train.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np

from nightjar.metrics import Scores
from nightjar.parts import Folds


def sections(
    scores: Mapping[str, Sequence[Scores]], pairs: Iterable[tuple[str, str]], ratio: float | None
) -> dict[str, dict[str, float]]:
    """`differences` of pairs of models, each under ``<one>_minus_<other>``, for a metrics file.

    Parameters
    ----------
    scores : model -> its scores in each fold, in the same order
    pairs : names of two models
    ratio : `scored_per_trained` or `shared_per_own`
    """
    return {f"{a}_minus_{b}": differences(scores[a], scores[b], ratio) for a, b in pairs}


def differences(
    one: Sequence[Scores], other: Sequence[Scores], ratio: float | None
) -> dict[str, float]:
    """Mean of ``one - other`` over folds and its standard error (key ``<name>_se``), per score.

    A score counts in the folds where both models have it; without such a fold it is left out, and
    without two of them its error is.

    Parameters
    ----------
    one, other : scores of each fold, in the same order
    ratio : `scored_per_trained` or `shared_per_own`; None leaves out the errors
    """
    found: dict[str, float] = {}
    for key in dict.fromkeys(key for fold in one for key in fold):
        pairs = [(a.get(key), b.get(key)) for a, b in zip(one, other, strict=True)]
        values = [a - b for a, b in pairs if a is not None and b is not None]
        if values:
            found[key] = float(np.mean(values))
        if len(values) > 1 and ratio is not None:
            found[f"{key}_se"] = standard_error(values, ratio)
    return found


def standard_error(values: Sequence[float], ratio: float) -> float:
    """Corrected standard error of the mean of ``values``, one of each fold; at least two."""
    return math.sqrt(1 / len(values) + ratio) * float(np.std(values, ddof=1))


def scored_per_trained(folds: Folds) -> float:
    """Scored objects per object that is not, mean over folds; 1 / (k - 1) in cross-validation.

    Validation counts as training: its objects choose the epoch and the probe, and are shared
    between folds as those of training are.
    """
    shares = [
        len(ids["test"]) / (len(ids["train"]) + len(ids["validation"])) for ids in folds.values()
    ]
    return float(np.mean(shares))


def shared_per_own(folds: Folds) -> float | None:
    """Correlation rho of two few-shot folds as rho / (1 - rho); None where they are the same.

    Rho is the share of objects in common, of training or scored ones, whichever share more.
    """
    shared = 0.0
    for part in ("train", "test"):
        overlaps = [
            len(np.intersect1d(a[part], b[part])) / max(len(a[part]), len(b[part]), 1)
            for a, b in combinations(folds.values(), 2)
        ]
        shared = max(shared, float(np.mean(overlaps)) if overlaps else 0.0)
    return shared / (1 - shared) if shared < 1 else None
