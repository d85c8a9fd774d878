"""A random forest that tries to tell simulated from real, and what it goes by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline

from nightjar.realism.observed import Floats, Ints

FOLDS, REPEATS = 5, 2
_TREES, _LEAF = 150, 3
_BOOTSTRAPS = 200
_SHUFFLES = 3  # of each feature and fold, for its importance


class Table(NamedTuple):
    """Real and simulated objects with their features."""

    features: Floats  # (n, features), NaN where not measured
    simulated: NDArray[np.bool_]  # (n,)
    group: Ints  # (n,) rows of one group stay on one side of a split


class Verdict(NamedTuple):
    """How well the forest tells apart: 0.5 not at all, 1 without fail."""

    auroc: float
    error: float  # standard deviation over bootstraps of the groups
    importance: Floats  # (features,) loss of AUROC when a feature is shuffled


def grouped(names: Sequence[str]) -> Ints:
    """Numbers of the groups with these names."""
    return np.unique(np.asarray(names, dtype=str), return_inverse=True)[1].ravel()


def tell_apart(
    table: Table, seed: int, *, components: int | None = None, weigh: bool = False
) -> Verdict:
    """AUROC of a forest on objects that it was not trained on.

    `FOLDS`-fold cross-validation, stratified and grouped, `REPEATS` times; an object's score is its
    mean over repeats.  The error is that of the sample: bootstraps of the groups.

    Parameters
    ----------
    table : a real object and its twin belong to one group
    components : principal components that are taken of the features within each fold
    weigh : compute the importances (of features, not of components); zeros else
    """
    score = np.zeros(len(table.group))
    loss = []
    for repeat in range(REPEATS):
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed + repeat)
        for train, test in folds.split(table.features, table.simulated, table.group):
            model = _model(seed + repeat, components)
            model.fit(table.features[train], table.simulated[train])
            score[test] += model.predict_proba(table.features[test])[:, 1] / REPEATS
            if weigh and len(np.unique(table.simulated[test])) == 2:
                loss.append(_importance(model, table, test, seed + repeat))
    auroc = float(roc_auc_score(table.simulated, score))
    importance = np.mean(loss, axis=0) if loss else np.zeros(table.features.shape[1])
    return Verdict(auroc, _error(score, table, seed), importance)


def _model(seed: int, components: int | None) -> ClassifierMixin:
    forest = RandomForestClassifier(
        _TREES, min_samples_leaf=_LEAF, class_weight="balanced", random_state=seed
    )
    if components is None:
        return forest
    return make_pipeline(PCA(components, svd_solver="full"), forest)


def _importance(model: ClassifierMixin, table: Table, test: Ints, seed: int) -> Floats:
    found = permutation_importance(
        model,
        table.features[test],
        table.simulated[test],
        scoring="roc_auc",
        n_repeats=_SHUFFLES,
        random_state=seed,
    )
    return found.importances_mean


def _error(score: Floats, table: Table, seed: int) -> float:
    """Standard deviation of the AUROC over bootstraps of whole groups."""
    random = np.random.default_rng(seed)
    members = [np.flatnonzero(table.group == group) for group in np.unique(table.group)]
    found = []
    for _ in range(_BOOTSTRAPS):
        rows = np.concatenate(
            [members[i] for i in random.integers(len(members), size=len(members))]
        )
        if len(np.unique(table.simulated[rows])) == 2:
            found.append(roc_auc_score(table.simulated[rows], score[rows]))
    return float(np.std(found))
