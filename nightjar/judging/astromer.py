"""How well a few labelled stars train a classifier on Astromer's embeddings (Donoso-Oliva+2025)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nightjar import metrics, probes
from nightjar.errors import InputError
from nightjar.judging import paired
from nightjar.metrics import Scores
from nightjar.parts import Folds
from nightjar.stars import per_object

NEIGHBOURS = (1, 3, 5, 9, 15)
CHOSEN = ("macro_f1", "accuracy")
NETWORKS = ("astromer2", "last_block")
FEATURES = ("features", "features_period", "features_no_period")  # methods of train_star_features


@dataclass(frozen=True, eq=False)
class Windows:
    """Embedded windows of one fold.

    Attributes
    ----------
    object_id : (windows,) text
    layers : (windows, layers, dim), mean over time of the input embedding and of every block
    label : (windows,) int, codes into ``classes``
    classes : names, alphabetical
    """

    object_id: NDArray[np.str_]
    layers: NDArray[np.float32]
    label: NDArray[np.int64]
    classes: list[str]

    @classmethod
    def of(
        cls, object_id: NDArray[np.str_], layers: NDArray[np.float32], classes: pd.Series
    ) -> Windows:
        """Label the windows; ``classes`` is indexed by object id and has every one of them."""
        names = pd.Categorical(classes.loc[object_id.tolist()])
        return cls(object_id, layers, names.codes.astype(np.int64), list(names.categories))

    def rows_of(self, object_ids: ArrayLike) -> NDArray[np.int64]:
        """Windows of the objects."""
        return np.flatnonzero(np.isin(self.object_id, object_ids))

    def per_object(
        self, rows: NDArray[np.int64], probabilities: NDArray[np.floating]
    ) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
        """True and predicted class of each object, from its windows' mean probabilities."""
        true, averaged = self.averaged(rows, probabilities)
        return true, np.array(self.classes)[averaged.argmax(axis=1)]

    def averaged(
        self, rows: NDArray[np.int64], values: NDArray[np.floating]
    ) -> tuple[NDArray[np.str_], NDArray[np.floating]]:
        """Class of each object, and the mean over its windows of ``values`` (rows, columns)."""
        _, first = np.unique(self.object_id[rows], return_index=True)
        _, averaged = per_object(self.object_id[rows], values)
        return np.array(self.classes)[self.label[rows[first]]], averaged


def scores(
    windows: Windows,
    rows: Mapping[str, NDArray[np.int64]],
    probabilities: NDArray[np.floating],
) -> Scores:
    """Scores of one fold, per star and per window, beside a probe of the last block alone.

    Parameters
    ----------
    windows : of the fold
    rows : windows of ``train``, ``validation`` and ``test``
    probabilities : (test windows, classes) of the gamma head

    Returns
    -------
    ``astromer2_macro_f1`` and ``_accuracy`` per star; ``astromer2_window_...`` per window, as
    published; ``last_block_...``: kNN or SVC (the better on validation) on the last block's mean
    over a star's windows
    """
    test = rows["test"]
    per_star = metrics.classification(*windows.per_object(test, probabilities))
    per_window = metrics.classification(windows.label[test], probabilities.argmax(axis=1))
    last = _last_block(windows, rows)
    return {
        **{f"astromer2_{key}": per_star[key] for key in CHOSEN},
        **{f"astromer2_window_{key}": per_window[key] for key in CHOSEN},
        **{f"last_block_{key}": last[key] for key in CHOSEN},
        "stars": len(np.unique(windows.object_id[test])),
    }


def _last_block(windows: Windows, rows: Mapping[str, NDArray[np.int64]]) -> Scores:
    parts = {}
    for each, r in rows.items():
        label, embeddings = windows.averaged(r, windows.layers[r, -1])
        parts[each] = probes.Part(embeddings, label)
    found = probes.classify(
        parts["train"], parts["validation"], parts["test"].embeddings, NEIGHBOURS
    )
    return metrics.classification(parts["test"].target, found[probes.best(found)].test)


def feature_scores(
    predictions: pd.DataFrame,
    windows: Windows,
    rows: Mapping[str, NDArray[np.int64]],
    survey: str,
    samples: int,
    fold: int,
) -> Scores:
    """Scores of forests on features, on the very stars that the networks are scored on.

    Parameters
    ----------
    predictions : of the stage train_star_features, every task and fold
    windows, rows : as in `scores`
    survey, samples, fold : the fold

    Returns
    -------
    ``<method>_macro_f1`` and ``_accuracy`` of each of `FEATURES`; empty without predictions, where
    the package that makes features is missing

    Raises
    ------
    InputError
        A scored star has no prediction.
    """
    if predictions.empty:
        return {}
    of_fold = predictions[
        (predictions["survey"] == survey)
        & (predictions["samples_per_class"] == samples)
        & (predictions["fold"] == fold)
    ]
    ids, first = np.unique(windows.object_id[rows["test"]], return_index=True)
    true = np.array(windows.classes)[windows.label[rows["test"][first]]]
    found: Scores = {}
    for method in FEATURES:
        of_method = of_fold[of_fold["method"] == method].set_index("object_id")["class"]
        missing = ids[~np.isin(ids, of_method.index.to_numpy(str))]
        if len(missing):
            raise InputError(
                f"data/embeddings/star_features/predictions.parquet: {survey}, {samples} per "
                f"class, fold {fold}: no prediction of {method!r} for star {str(missing[0])!r}; "
                "run train_star_features again"
            )
        predicted = of_method.loc[ids.tolist()].to_numpy(str)
        scores = metrics.classification(true, predicted)
        found |= {f"{method}_{key}": scores[key] for key in CHOSEN}
    return found


def differences(scores: Sequence[Scores], folds: Folds) -> dict[str, dict[str, float]]:
    """Features minus each network on the same folds: ``features_minus_<network>`` -> scores.

    The standard error (keys ``_se``) is that of `paired.standard_error`.  Its ratio supposes
    cross-validation; few-shot folds are independent draws, so the correlation rho of two folds is
    taken for the share of objects that they have in common, of the part where it is larger, and
    the ratio is rho / (1 - rho).  Folds of the same objects have no error.
    """
    ratio = _shared_per_own(folds)
    found = {}
    for network in NETWORKS:
        one, other = (
            [{key: fold.get(f"{name}_{key}") for key in CHOSEN} for fold in scores]
            for name in ("features", network)
        )
        gain = paired.differences(one, other, 0.0 if ratio is None else ratio)
        if ratio is None:
            gain = {key: value for key, value in gain.items() if not key.endswith("_se")}
        if gain:
            found[f"features_minus_{network}"] = gain
    return found


def _shared_per_own(folds: Folds) -> float | None:
    """Correlation rho of two folds as rho / (1 - rho); None where it is 1."""
    shared = 0.0
    for part in ("train", "test"):
        overlaps = [
            len(np.intersect1d(a[part], b[part])) / max(len(a[part]), len(b[part]), 1)
            for a, b in combinations(folds.values(), 2)
        ]
        shared = max(shared, float(np.mean(overlaps)) if overlaps else 0.0)
    return shared / (1 - shared) if shared < 1 else None


def bars(
    sections: Mapping[str, Mapping[str, float]],
) -> dict[str, dict[str, tuple[float, float]]]:
    """Macro F1 per star, mean and deviation, of every section's models, for `figures.bars`."""
    return {
        section: {
            name: (scores[f"{name}_macro_f1"], scores.get(f"{name}_macro_f1_std", math.nan))
            for name in (*NETWORKS, *FEATURES)
            if f"{name}_macro_f1" in scores
        }
        for section, scores in sections.items()
    }
