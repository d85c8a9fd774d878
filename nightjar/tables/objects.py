"""The check of the objects table."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from nightjar.columns import as_number, as_text, first_reasons, is_blank, labels, numbers, require
from nightjar.errors import InputError


def check_objects(frame: pd.DataFrame, where: str) -> tuple[pd.DataFrame, Counter[str]]:
    """The objects table with clean ids and optional columns, and what was set to null.

    Raises
    ------
    InputError
        No rows, no ids, an id that is null or repeated, or text where a number belongs.
    """
    require(frame.columns, ["object_id"], where)
    if not len(frame):
        raise InputError(f"{where}: no objects; the table must have at least one row")
    if frame.columns.has_duplicates:
        name = frame.columns[frame.columns.duplicated()][0]
        raise InputError(f"{where}: two columns are called {name!r}; rename one of them")
    frame, counts = frame.copy(), Counter[str]()
    frame["object_id"] = _unique_ids(frame["object_id"], where)
    if "class" in frame:
        frame["class"] = as_text(labels(frame["class"], where))
    if "redshift" in frame:
        frame["redshift"], counted = _redshifts(frame["redshift"], where)
        counts += counted
    for name, low, high in (("mwebv", -np.inf, np.inf), ("ra", -360, 360), ("dec", -90, 90)):
        if name in frame:
            value = numbers(frame[name], where)
            bad = ~np.isnan(value) & ~(np.isfinite(value) & (value >= low) & (value <= high))
            counts[f"objects_{name}_not_valid"] += int(bad.sum())
            frame[name] = np.where(bad, np.nan, value)
    return frame, +counts


def _unique_ids(column: pd.Series, where: str) -> np.ndarray:
    ids = labels(column, where)
    for bad, what in (
        (ids.codes < 0, "is null; every object needs an id"),
        (pd.Series(ids.codes).duplicated().to_numpy(), "is there twice; keep one row per object"),
    ):
        if bad.any():
            row = int(np.argmax(bad))
            raise InputError(
                f"{where}: column 'object_id', row {column.index[row]}: {ids[row]!r} {what}"
            )
    return as_text(ids)


def _redshifts(column: pd.Series, where: str) -> tuple[np.ndarray, Counter[str]]:
    """Placeholders ("-", ">0.1") and values below zero or not finite become NaN."""
    if column.dtype.kind in "iuf":
        value, text = numbers(column, where), np.zeros(len(column), bool)
    else:
        value = np.array([as_number(v) for v in column], dtype=np.float64)
        text = np.isnan(value) & np.array([not is_blank(v) for v in column], dtype=bool)
    bad = {"not_numeric": text, "not_finite": np.isinf(value), "negative": value < 0}
    keep, counts = first_reasons({f"objects_redshift_{why}": mask for why, mask in bad.items()})
    return np.where(keep, value, np.nan), counts
