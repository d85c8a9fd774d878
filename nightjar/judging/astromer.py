"""How well a few labelled stars train a classifier on Astromer's embeddings (Donoso-Oliva+2025)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

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
PAIRS = (  # of methods: is the first better, on the same folds?
    ("nightjar", "astromer2"),
    ("nightjar", "astromer1"),
    ("features", "nightjar"),
    ("features_period", "nightjar"),
    ("features_no_period", "nightjar"),
    ("tuned", "scratch"),
)


@dataclass(frozen=True, eq=False)
class Windows:
    """Embedded windows of one fold.

    Attributes
    ----------
    object_id : (windows,) text
    layers : (windows, layers, dim), mean over time of the input embedding and of every block
    maximum : (windows, dim), largest value over time of the last block
    label : (windows,) int, codes into ``classes``
    classes : names, alphabetical
    """

    object_id: NDArray[np.str_]
    layers: NDArray[np.float32]
    maximum: NDArray[np.float32]
    label: NDArray[np.int64]
    classes: list[str]

    @classmethod
    def of(
        cls,
        object_id: NDArray[np.str_],
        layers: NDArray[np.float32],
        maximum: NDArray[np.float32],
        classes: pd.Series,
    ) -> Windows:
        """Label the windows; ``classes`` is indexed by object id and has every one of them."""
        names = pd.Categorical(classes.loc[object_id.tolist()])
        codes = names.codes.astype(np.int64)
        return cls(object_id, layers, maximum, codes, list(names.categories))

    @classmethod
    def read(cls, path: str | Path, classes: pd.Series) -> Windows:
        """The windows of a file of the stage finetune_astromer, labelled as by `of`.

        Raises
        ------
        InputError
            There is no such file, or it lacks an array.
        """
        try:
            with np.load(path) as arrays:
                ids, layers, maximum = (arrays[n] for n in ("object_id", "layers", "maximum"))
        except (FileNotFoundError, KeyError):
            raise InputError(
                f"{path}: no embeddings, or of an older version; run finetune_astromer for this "
                "network"
            ) from None
        return cls.of(ids, layers, maximum, classes)

    def rows_of(self, object_ids: ArrayLike) -> NDArray[np.int64]:
        """Windows of the objects."""
        return np.flatnonzero(np.isin(self.object_id, object_ids))

    def per_object(
        self, rows: NDArray[np.int64], probabilities: NDArray[np.floating]
    ) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
        """True and predicted class of each object, from its windows' mean probabilities."""
        true, averaged = self.averaged(rows, probabilities)
        return true, np.array(self.classes)[averaged.argmax(axis=1)]

    def truth(self, rows: NDArray[np.int64]) -> pd.Series:
        """Class of each object of the windows, indexed by its id, sorted."""
        ids, first = np.unique(self.object_id[rows], return_index=True)
        return pd.Series(np.array(self.classes)[self.label[rows[first]]], index=ids)

    def averaged(
        self, rows: NDArray[np.int64], values: NDArray[np.floating]
    ) -> tuple[NDArray[np.str_], NDArray[np.floating]]:
        """Class of each object, and the mean over its windows of ``values`` (rows, columns)."""
        _, averaged = per_object(self.object_id[rows], values)
        return self.truth(rows).to_numpy(), averaged


class Judged(NamedTuple):
    """A network in one fold: its scores, and the classes it gives to the scored stars.

    Attributes
    ----------
    scores : see `judge`
    true, predicted : (stars,) names of classes
    """

    scores: Scores
    true: NDArray[np.str_]
    predicted: NDArray[np.str_]


def judge(
    model: str,
    windows: Windows,
    rows: Mapping[str, NDArray[np.int64]],
    probabilities: NDArray[np.floating],
) -> Judged:
    """Judge a network in one fold, per star and per window, by several classifiers.

    Parameters
    ----------
    model : name of the network; begins every key
    windows : of the fold
    rows : windows of ``train``, ``validation`` and ``test``
    probabilities : (test windows, classes) of the gamma head

    Returns
    -------
    Its scores, each ``_macro_f1`` and ``_accuracy``: ``<model>_...``: `probes.kernel` on all layers
    side by side, averaged over a star's windows, which predicts the classes, too;
    ``<model>_gamma_...`` the published head, per star, and ``<model>_window_...`` per window, as
    published; ``<model>_last_block_...`` and ``<model>_max_...``: kNN or SVC (the better on
    validation) on the last block's mean or maximum over time, averaged over a star's windows
    """
    test = rows["test"]
    true, predicted = _of_all_layers(windows, rows)
    found = {
        model: metrics.classification(true, predicted),
        f"{model}_gamma": metrics.classification(*windows.per_object(test, probabilities)),
        f"{model}_window": metrics.classification(
            windows.label[test], probabilities.argmax(axis=1)
        ),
        f"{model}_last_block": _probed(windows, rows, windows.layers[:, -1]),
        f"{model}_max": _probed(windows, rows, windows.maximum),
    }
    scores = {f"{name}_{key}": each[key] for name, each in found.items() for key in CHOSEN}
    return Judged(scores, true, predicted)


def _probed(
    windows: Windows, rows: Mapping[str, NDArray[np.int64]], values: NDArray[np.floating]
) -> Scores:
    """Scores per star of a probe of ``values`` (windows, dim)."""
    parts = {}
    for each, r in rows.items():
        label, embeddings = windows.averaged(r, values[r])
        parts[each] = probes.Part(embeddings, label)
    found = probes.classify(
        parts["train"], parts["validation"], parts["test"].embeddings, NEIGHBOURS
    )
    return metrics.classification(parts["test"].target, found[probes.best(found)].test)


def _of_all_layers(
    windows: Windows, rows: Mapping[str, NDArray[np.int64]]
) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """True and predicted class of each scored star, by `probes.kernel`."""
    values = windows.layers.reshape(len(windows.layers), -1)
    label, embeddings = windows.averaged(rows["train"], values[rows["train"]])
    true, asked = windows.averaged(rows["test"], values[rows["test"]])
    return true, probes.kernel(probes.Part(embeddings, label), asked)


def prediction_scores(
    predictions: pd.DataFrame, stage: str, truth: pd.Series, survey: str, samples: int, fold: int
) -> Scores:
    """Scores of other methods' predictions, on the very stars that the networks are scored on.

    Parameters
    ----------
    predictions : survey, samples_per_class, fold, method, object_id, class
    stage : that made them
    truth : class of every scored star, indexed by object id
    survey, samples, fold : the fold

    Returns
    -------
    ``<method>_macro_f1`` and ``_accuracy`` of every method that the table has for this survey and
    number of samples; a stage need not try all, and without its optional package has none

    Raises
    ------
    InputError
        A scored star has no prediction.
    """
    of_task = predictions[
        (predictions["survey"] == survey) & (predictions["samples_per_class"] == samples)
    ]
    of_fold = of_task[of_task["fold"] == fold]
    ids = truth.index.to_numpy(str)
    found: Scores = {}
    for method in of_task["method"].unique():
        of_method = of_fold[of_fold["method"] == method].set_index("object_id")["class"]
        missing = ids[~np.isin(ids, of_method.index.to_numpy(str))]
        if len(missing):
            raise InputError(
                f"{survey}, {samples} per class, fold {fold}: no prediction of {method!r} for star "
                f"{str(missing[0])!r}; run {stage} again"
            )
        of_stars = metrics.classification(truth, of_method.loc[ids.tolist()].to_numpy(str))
        found |= {f"{method}_{key}": of_stars[key] for key in CHOSEN}
    return found


def differences(scores: Sequence[Scores], folds: Folds) -> dict[str, dict[str, float]]:
    """`PAIRS` of methods on the same folds: ``<one>_minus_<other>`` -> differences of scores.

    Errors (keys ``_se``) are those of folds that share `paired.shared_per_own`.  A pair of which
    one is not there is left out.
    """
    ratio = paired.shared_per_own(folds)
    found = {}
    for pair in PAIRS:
        one, other = (
            [{key: fold.get(f"{name}_{key}") for key in CHOSEN} for fold in scores] for name in pair
        )
        gain = paired.differences(one, other, ratio)
        if gain:
            found["_minus_".join(pair)] = gain
    return found


def per_star(scores: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Macro F1 per star, mean and deviation, of every method of a section, for `figures.models`."""
    names = [key.removesuffix("_macro_f1") for key in scores if key.endswith("_macro_f1")]
    return {
        name: (scores[f"{name}_macro_f1"], scores.get(f"{name}_macro_f1_std", math.nan))
        for name in names
        if not name.endswith("_window")
    }
