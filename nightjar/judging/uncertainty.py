"""Does a classifier know when it is wrong (arXiv:2412.10528)?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nightjar import calibration, metrics, uncertainty
from nightjar.metrics import Scores


class Fold(NamedTuple):
    """Scored objects of one fold.

    ``probabilities`` (samples, n, classes), ``label`` (n,) codes.
    """

    probabilities: NDArray[np.floating]
    label: NDArray[np.int64]

    @property
    def mean(self) -> NDArray[np.floating]:
        """Mean over samples, (n, classes)."""
        return self.probabilities.mean(axis=0)

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Misclassified objects, (n,)."""
        return self.mean.argmax(axis=1) != self.label


def scores(fold: Fold, bins: int) -> Scores:
    """Macro F1, misclassification AUROC of every score, calibration, area under rejection.

    A score that ranks nothing (one sample has no variance) is left out, as is an AUROC where all
    predictions are right.

    Parameters
    ----------
    fold : scored objects
    bins : of the calibration error
    """
    uncertain = uncertainty.scores(fold.probabilities)
    known = {name: score for name, score in uncertain.items() if np.ptp(score) > 0}
    return {
        "macro_f1": metrics.classification(fold.label, fold.mean.argmax(axis=1))["macro_f1"],
        "accuracy": float(np.mean(~fold.wrong)),
        **{f"auroc_{name}": calibration.auroc(fold.wrong, score) for name, score in known.items()},
        **calibration.scores(fold.mean, fold.label, bins),
        "aurc": calibration.aurc(fold.wrong, uncertain["smp"]),
        "stars": len(fold.label),
    }


def together(folds: list[Fold]) -> Fold:
    """All folds' scored objects in one, for figures."""
    return Fold(
        np.concatenate([fold.probabilities for fold in folds], axis=1),
        np.concatenate([fold.label for fold in folds]),
    )
