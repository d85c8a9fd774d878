"""Reading frozen splits: the parts of every fold, and shares held out by hash.

`splits` makes the tables; here are the questions that stages ask of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightjar.errors import InputError

PARTS = ("train", "validation", "test")

Ids = NDArray[np.str_]
Rows = NDArray[np.int64]
Folds = dict[int, dict[str, Ids]]  # fold -> part -> object ids


def folds(table: pd.DataFrame) -> Folds:
    """Object ids of every part of every fold of a table with fold, object_id and part.

    Every fold has every part; one without an object is empty.
    """
    ids, part = table["object_id"].to_numpy(str), table["part"].to_numpy(str)
    fold = table["fold"].to_numpy(int)
    return {
        number: {name: ids[(fold == number) & (part == name)] for name in PARTS}
        for number in np.unique(fold).tolist()
    }


def tasks(table: pd.DataFrame) -> dict[tuple[str, int], Folds]:
    """Folds of every (survey, samples per class) of a few-shot table, sorted.

    Raises
    ------
    InputError
        The table has no row: no star has a class.
    """
    if table.empty:
        raise InputError(
            "splits: no star has a class, so nothing can be fine-tuned or judged; pre-training "
            "needs none, nor does `python -m nightjar embed`"
        )
    keys = ["survey", "samples_per_class"]
    return {(str(s), cast(int, n)): folds(of_task) for (s, n), of_task in table.groupby(keys)}


def task(table: pd.DataFrame, survey: str | None, samples: int) -> tuple[str, Folds]:
    """One few-shot task; without a survey, the one with the most scored stars.

    Raises
    ------
    InputError
        There is no such survey, or no such number of samples per class; or as in `tasks`.
    """
    known = tasks(table)
    if survey is None:
        scored_stars = table[table["part"] == "test"].groupby("survey")["object_id"].nunique()
        survey = str(scored_stars.idxmax())
    if (survey, samples) not in known:
        names = ", ".join(f"{name} with {number}" for name, number in known)
        raise InputError(
            f"splits: no survey {survey!r} with {samples} samples per class; there are: {names}"
        )
    return survey, known[survey, samples]


def scored(table: pd.DataFrame) -> Ids:
    """Objects that any fold scores: pre-training must not see them."""
    return np.unique(table["object_id"][table["part"] == "test"].to_numpy(str))


def rows_of(object_ids: Ids, parts: Mapping[str, Ids]) -> dict[str, Rows]:
    """Rows of ``object_ids`` (n,) that belong to each part."""
    return {part: np.flatnonzero(np.isin(object_ids, ids)) for part, ids in parts.items()}


def held_out(objects: pd.DataFrame, fraction: float, seed: int) -> NDArray[np.bool_]:
    """Which objects to hold out; a function of each group's name and the seed alone.

    Parameters
    ----------
    objects : with object_id and group, which is held out as a whole
    fraction : expected share
    seed : part of every hash

    Returns
    -------
    (n,) bool

    Raises
    ------
    InputError
        Nothing, or everything, would be held out.
    """
    names = objects.groupby("group")["object_id"].transform("min")
    share = {name: _uniform(seed, name) for name in names.unique()}
    chosen = names.map(share).to_numpy(float) < fraction
    if chosen.all() or not chosen.any():
        raise InputError(
            f"validation_fraction: {fraction} of {len(objects)} objects holds out "
            f"{int(chosen.sum())}; give more objects or another fraction"
        )
    return chosen


def _uniform(seed: int, name: str) -> float:
    """A number in [0, 1) from BLAKE2b: the same on every machine."""
    digest = hashlib.blake2b(f"{seed}\x1f{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
