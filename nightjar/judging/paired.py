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
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from nightjar.metrics import Scores
from nightjar.parts import Folds


def sections(
    scores: Mapping[str, Sequence[Scores]], pairs: Iterable[tuple[str, str]], folds: Folds
) -> dict[str, dict[str, float]]:
    """`differences` of pairs of models, each under ``<one>_minus_<other>``, for a metrics file.

    Parameters
    ----------
    scores : model -> its scores in each of the ``folds``, in their order
    pairs : names of two models
    folds : the parts of each fold
    """
    ratio = scored_per_trained(folds)
    return {f"{a}_minus_{b}": differences(scores[a], scores[b], ratio) for a, b in pairs}


def differences(one: Sequence[Scores], other: Sequence[Scores], ratio: float) -> dict[str, float]:
    """Mean of ``one - other`` over folds and its standard error (key ``<name>_se``), per score.

    A score counts in the folds where both models have it; without such a fold it is left out, and
    without two of them its error is.

    Parameters
    ----------
    one, other : scores of each fold, in the same order
    ratio : n_test / n_train, see `scored_per_trained`
    """
    found: dict[str, float] = {}
    for key in dict.fromkeys(key for fold in one for key in fold):
        pairs = [(a.get(key), b.get(key)) for a, b in zip(one, other, strict=True)]
        values = [a - b for a, b in pairs if a is not None and b is not None]
        if values:
            found[key] = float(np.mean(values))
        if len(values) > 1:
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
