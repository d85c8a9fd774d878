"""How well a few labelled stars train a classifier on Astromer's embeddings (Donoso-Oliva+2025)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nightjar import metrics, probes
from nightjar.metrics import Scores
from nightjar.stars import per_object

NEIGHBOURS = (1, 3, 5, 9, 15)


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
    chosen = ("macro_f1", "accuracy")
    return {
        **{f"astromer2_{key}": per_star[key] for key in chosen},
        **{f"astromer2_window_{key}": per_window[key] for key in chosen},
        **{f"last_block_{key}": last[key] for key in chosen},
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


def bars(
    sections: Mapping[str, Mapping[str, float]],
) -> dict[str, dict[str, tuple[float, float]]]:
    """Macro F1 per star, mean and deviation, of every section's models, for `figures.bars`."""
    return {
        section: {
            name: (scores[f"{name}_macro_f1"], scores.get(f"{name}_macro_f1_std", math.nan))
            for name in ("astromer2", "last_block")
        }
        for section, scores in sections.items()
    }
