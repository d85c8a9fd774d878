"""The practitioner's estimators; their one setting is chosen on the validation part.

They are small, so they run in one thread: on some hundred objects that is fastest, and sums do not
depend on the machine's number of cores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from nightjar import metrics
from nightjar.probes import ChosenProbe, Part

TREES = 100  # of a forest; more change its scores by less than folds differ
ROUNDS = 100  # of boosting
COLUMNS = 0.3  # share of the features that a split of a tree may use: they repeat each other
COMPONENTS = 50  # of the spectra (PCA)
LEAVES = (6.0, 31.0)  # of a boosted tree: candidates
SMALLEST_LEAF = (1.0, 5.0)  # objects in a leaf of a forest: candidates
PENALTIES = (1.0, 10.0, 100.0)  # C of the SVC: candidates

Make = Callable[[float], Any]
Score = Callable[[np.ndarray, np.ndarray], float]


def boosting(train: Part, validation: Part, test: np.ndarray, seed: int) -> NDArray[np.str_]:
    """Classes by gradient boosting on histograms; NaN among the features goes its own way."""

    def make(leaves: float) -> HistGradientBoostingClassifier:
        return HistGradientBoostingClassifier(
            max_iter=ROUNDS,
            max_leaf_nodes=int(leaves),
            min_samples_leaf=5,  # the rarest classes have a dozen objects
            max_features=COLUMNS,
            early_stopping=False,
            random_state=seed,
        )

    known = np.isfinite(train.embeddings).any(axis=0)  # binning fails on a feature never seen
    train, validation = (
        Part(np.where(known, part.embeddings, 0.0), part.target) for part in (train, validation)
    )
    return _classified(make, LEAVES, train, validation, np.where(known, test, 0.0))


def forest(train: Part, validation: Part, test: np.ndarray, seed: int) -> NDArray[np.str_]:
    """Classes by a random forest, classes weighted inversely to their size."""

    def make(smallest: float) -> RandomForestClassifier:
        return RandomForestClassifier(
            TREES,
            min_samples_leaf=int(smallest),
            class_weight="balanced_subsample",
            random_state=seed,
        )

    return _classified(make, SMALLEST_LEAF, train, validation, test)


def pca_svc(train: Part, validation: Part, test: np.ndarray, seed: int) -> NDArray[np.str_]:
    """Classes by an SVC with Gaussian kernel on principal components, classes weighted."""
    components = min(COMPONENTS, *train.embeddings.shape)

    def make(penalty: float) -> Any:
        return make_pipeline(
            PCA(components, random_state=seed), SVC(C=penalty, class_weight="balanced")
        )

    return _classified(make, PENALTIES, train, validation, test)


def log_redshift(train: Part, validation: Part, test: np.ndarray, seed: int) -> NDArray[np.float64]:
    """Redshifts by a random forest for log z, which weights near and far alike.

    Parameters
    ----------
    train, validation : features and redshifts, all above 0
    test : (n, features)

    Returns
    -------
    (n,) redshifts; NaN with fewer than two to learn from
    """
    if len(train.target) < 2:
        return np.full(len(test), np.nan)

    def make(smallest: float) -> RandomForestRegressor:
        return RandomForestRegressor(
            TREES, min_samples_leaf=int(smallest), max_features=COLUMNS, random_state=seed
        )

    train = Part(train.embeddings, np.log10(train.target))
    validation = Part(validation.embeddings, np.log10(validation.target))
    return 10 ** _chosen(make, SMALLEST_LEAF, minus_mean_error, train, validation, test)


def macro_f1(true: np.ndarray, predicted: np.ndarray) -> float:
    """What a classifier's setting is chosen by."""
    return float(metrics.classification(true, predicted)["macro_f1"] or 0.0)


def minus_mean_error(true: np.ndarray, predicted: np.ndarray) -> float:
    """What a regression's setting is chosen by: few distant objects would rule the mean square."""
    return -float(np.mean(np.abs(true - predicted)))


def _classified(
    make: Make, choices: Sequence[float], train: Part, validation: Part, test: np.ndarray
) -> NDArray[np.str_]:
    if len(np.unique(train.target)) < 2:  # nothing to tell apart
        return np.repeat(train.target[:1] if len(train.target) else [""], len(test))
    return _chosen(make, choices, macro_f1, train, validation, test)


def _chosen(
    make: Make,
    choices: Sequence[float],
    score: Score,
    train: Part,
    validation: Part,
    test: np.ndarray,
) -> np.ndarray:
    """Fitted on ``train``, chosen on ``validation``; the first choice where there is none."""
    if not len(validation.target):
        choices, validation = choices[:1], train
    with threadpool_limits(1):
        probe = ChosenProbe(make, choices, score).fit(train, validation)
        return probe.predict(test) if len(test) else train.target[:0]
