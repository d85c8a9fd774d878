"""Sampled predictions of every fold, as the training of a method left them, joined with the truth.

An npz file per fold holds ``object_id`` (n,), ``probabilities`` (samples, n, classes) of validation
and scored stars together, and ``classes``; and where the method says so, ``outside_id`` (k,) and
``outside`` (samples, k, classes) of stars that the classifier was not made for, ``passes`` and
``parameters``.

A star's probabilities are those of one sample averaged over its windows and bands: hence every
uncertainty is the star's, not a window's mean.  The windows of a batch share the draws of a sample,
hence these do not average out over a star's windows.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from nightjar import stored
from nightjar.errors import InputError
from nightjar.parts import Folds, Ids

COSTS = ("passes", "parameters")


class Predicted(NamedTuple):
    """Objects with a known class and their sampled probabilities."""

    object_id: NDArray[np.str_]  # (n,)
    probabilities: NDArray[np.floating]  # (samples, n, classes)
    label: NDArray[np.int64]  # (n,) codes

    @property
    def mean(self) -> NDArray[np.floating]:
        """Mean over samples, (n, classes)."""
        return self.probabilities.mean(axis=0)

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Misclassified objects, (n,)."""
        return self.mean.argmax(axis=1) != self.label


class Fold(NamedTuple):
    """Predictions of one fold's classifier.

    ``outside``, (samples, k, classes) each, is of objects that it was not made for: of another
    ``survey``, of a ``class`` that was left out; ``cost`` what a prediction takes, per object
    (`COSTS`).
    """

    scored: Predicted
    validation: Predicted
    classes: list[str]
    outside: dict[str, NDArray[np.floating]] = {}  # noqa: RUF012
    cost: dict[str, float] = {}  # noqa: RUF012


def write(
    path: Path,
    ids: NDArray[np.str_],
    sampled: NDArray[np.floating],
    outside: NDArray[np.str_],
    classes: list[str],
    parameters: int,
) -> None:
    """Write the file of a fold; its folder is made.

    Parameters
    ----------
    path : of the file
    ids : (n,) objects
    sampled : (samples, n, classes) their probabilities
    outside : those of the ``ids`` that the classifier was not made for
    classes : its classes
    parameters : its parameters; of all members
    """
    known = ~np.isin(ids, outside)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        object_id=ids[known],
        probabilities=sampled[:, known],
        outside_id=ids[~known],
        outside=sampled[:, ~known],
        classes=classes,
        passes=len(sampled),
        parameters=parameters,
    )


def read(method: Path, objects: pd.DataFrame, folds: Folds) -> dict[int, Fold]:
    """Predictions of a method in every fold.

    Parameters
    ----------
    method : folder of ``<fold>.npz``
    objects : with ``class``, indexed by object_id
    folds : parts of the task

    Raises
    ------
    InputError
        A fold is missing, or its predictions are of other splits or other classes.
    """
    own = np.unique(np.concatenate([ids for part in folds.values() for ids in part.values()]))
    found = {}
    for number, part in folds.items():
        path = method / f"{number}.npz"
        try:
            with np.load(path) as arrays:
                fold = _fold(path, arrays, objects, part)
                found[number] = fold._replace(outside=_outside(arrays, own))
        except FileNotFoundError:
            raise InputError(
                f"{path}: no predictions; run train_uncertainty for this method"
            ) from None
    return found


def _fold(path: Path, arrays: NpzFile, objects: pd.DataFrame, part: dict[str, Ids]) -> Fold:
    ids, classes = arrays["object_id"], arrays["classes"].tolist()
    if not np.isin(ids, np.concatenate([part["validation"], part["test"]])).all():
        raise InputError(
            f"{path}: holds stars that fold {path.stem} does not keep out of training: an earlier "
            f"run's; delete {path.parent}, or run its train_uncertainty again"
        )
    label = stored.class_codes(objects.loc[ids], classes)
    if (label < 0).any():
        raise InputError(
            f"{path}: star {str(ids[label.argmin()])!r} is of none of the classes "
            f"{', '.join(classes)}; run train_uncertainty again"
        )
    known = {}
    for name in ("test", "validation"):
        rows = np.flatnonzero(np.isin(ids, part[name]))
        if not len(rows):
            raise InputError(f"{path}: no {name} star in fold {path.stem}; gather more stars")
        known[name] = Predicted(ids[rows], arrays["probabilities"][:, rows], label[rows])
    cost = {key: float(arrays[key]) for key in COSTS if key in arrays}
    return Fold(known["test"], known["validation"], classes, cost=cost)


def _outside(arrays: NpzFile, own: Ids) -> dict[str, NDArray[np.floating]]:
    """Stars outside: those of the task itself are of the class that was left out."""
    if "outside" not in arrays:
        return {}
    left_out = np.isin(arrays["outside_id"], own)
    parts = {"class": left_out, "survey": ~left_out}
    return {name: arrays["outside"][:, rows] for name, rows in parts.items() if rows.any()}


def together(folds: list[Predicted]) -> Predicted:
    """All folds' objects in one, for figures; an object may be scored in several."""
    return Predicted(
        np.concatenate([fold.object_id for fold in folds]),
        np.concatenate([fold.probabilities for fold in folds], axis=1),
        np.concatenate([fold.label for fold in folds]),
    )
