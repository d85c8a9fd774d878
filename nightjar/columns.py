"""One column of a table as it should be: names, numbers, times; else an error with its row."""

from __future__ import annotations

import reprlib
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from nightjar.errors import InputError

_JULIAN = {"jd", "hjd", "bjd", "julian_date"}
_HINTS = {
    "time": "; Julian dates are not taken for MJD: store jd - 2400000.5 as 'time'",
    "flux": "; flux must be in nJy (AB): 1 nJy is magnitude 31.4",
}


def require(columns: Iterable[Any], needed: Sequence[str], where: str) -> None:
    """Raise `InputError` for the first of ``needed`` that is not in ``columns``."""
    present = [str(column) for column in columns]
    for name in needed:
        if name not in present:
            julian = name == "time" and any(c.casefold() in _JULIAN for c in present)
            hint = _HINTS[name] if julian or name == "flux" else ""
            raise InputError(
                f"{where}: no column {name!r}; found {', '.join(present) or 'no columns'}{hint}"
            )


def labels(column: pd.Series, where: str) -> pd.Categorical:
    """Stripped, distinct texts of a column of names; null and blank ones have code -1.

    Whole numbers become text (``5`` and ``5.0`` both ``"5"``).
    """
    try:
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes, raw = np.asarray(column.cat.codes), column.cat.categories
        else:
            codes, raw = pd.factorize(column)
        texts = [v.strip() if type(v) is str else _text(v) for v in np.asarray(raw, dtype=object)]
    except TypeError:
        row, value = _first(column, lambda v: not _is_text(v))
        raise InputError(
            f"{where}: column {column.name!r}, row {row}: {reprlib.repr(value)} is no name; "
            "store text or whole numbers"
        ) from None
    clean, names = pd.factorize(np.array([text or None for text in texts], dtype=object))
    codes = np.append(clean, -1)[codes]  # code -1 (missing) takes the last entry
    return pd.Categorical.from_codes(codes, categories=pd.Index(names, dtype=str))


def numbers(column: pd.Series, where: str, dtype: Any = np.float64) -> np.ndarray:
    """A column as floats, null and blank as NaN, beyond the type's range as infinity.

    Raises
    ------
    InputError
        A value is not a number; the message quotes the first.
    """
    with np.errstate(over="ignore"):
        if column.dtype.kind in "iuf":
            return np.asarray(column.to_numpy(np.float64, na_value=np.nan)).astype(dtype)
        row, value = _first(column, lambda v: np.isnan(as_number(v)) and not is_blank(v))
        if row is not None:
            raise InputError(
                f"{where}: column {column.name!r}, row {row}: {reprlib.repr(value)} is not a "
                "number; store numbers, and null where there is none"
            )
        return np.array([as_number(v) for v in column], dtype=np.float64).astype(dtype)


def refuse_julian_dates(time: np.ndarray, index: pd.Index, where: str) -> None:
    """Raise `InputError` where a time (days) can only be a Julian date, not an MJD."""
    julian = (time > 2_200_000) & (time < 2_700_000)
    if julian.any():
        row = int(np.argmax(julian))
        raise InputError(
            f"{where}: column 'time', row {index[row]}: {time[row]:.5f} is a Julian date, not MJD; "
            "subtract 2400000.5"
        )


def first_reasons(reasons: dict[str, np.ndarray]) -> tuple[np.ndarray, Counter[str]]:
    """Rows that no reason holds for, and the others counted under their first reason."""
    counts = Counter[str]()
    keep = np.ones(len(next(iter(reasons.values()))), bool)
    for name, bad in reasons.items():
        counts[name] += int(np.count_nonzero(bad & keep))
        keep &= ~bad
    return keep, +counts


def in_words(counts: Mapping[str, int]) -> str:
    """Counts by reason for a message: ``3 photometry_repeated, 1 spectra_no_pixels``."""
    return ", ".join(f"{n} {reason}" for reason, n in sorted(counts.items())) or "nothing"


def as_text(names: pd.Categorical) -> np.ndarray:
    """Object array of the texts, None where missing."""
    texts = np.array([*names.categories, None], dtype=object)
    return texts[names.codes]  # code -1 (missing) takes the last entry


def _is_text(value: Any) -> bool:
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    number = isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_)
    return isinstance(value, str) or whole or number or is_blank(value)


def _text(value: Any) -> str:
    if not _is_text(value):
        raise TypeError
    return value.strip() if isinstance(value, str) else str(int(value))


def is_blank(value: Any) -> bool:
    """None, NaN, NA, or a text that says so."""
    if isinstance(value, str):
        return value.strip().casefold() in ("", "nan", "null", "none", "na", "<na>")
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def as_number(value: Any) -> float:
    """``value`` as a float, NaN where it is none; truth values and dates are none."""
    if isinstance(value, bool | np.bool_ | pd.Timestamp | np.datetime64):
        return np.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def _first(column: pd.Series, bad: Any) -> tuple[Hashable, Any]:
    """Label and value of the first row that is ``bad``, or (None, None)."""
    return next(((row, value) for row, value in column.items() if bad(value)), (None, None))


def one_line(error: BaseException) -> str:
    """What a library's error says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__
