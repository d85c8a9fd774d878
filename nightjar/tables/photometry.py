"""The check of photometry, chunk by chunk."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from nightjar.columns import first_reasons, labels, numbers, refuse_julian_dates, require
from nightjar.tables.schema import PERFECT, QUANTITIES, require_perfect

MAGNITUDES = (-30.0, 40.0)  # from brighter than the Sun to fainter than any survey


def check_photometry(
    frame: pd.DataFrame, quantity: str, where: str, noise: bool = True
) -> tuple[pd.DataFrame, Counter[str]]:
    """One chunk of photometry with only usable rows, and the count of the others by reason.

    Of observed and perfect values the rules are for those that are used; the others become NaN
    where they break one.

    Parameters
    ----------
    frame : canonical columns; its index is the row number that messages quote
    quantity : ``mag`` or ``flux``
    where : the file, for the message
    noise : use the observed values, else the perfect ones

    Returns
    -------
    frame : object_id and band (categorical), time (float64, MJD), value, error and, where given,
        the perfect value (float32)
    counts : dropped rows by reason

    Raises
    ------
    InputError
        A column is missing or holds text for numbers, or the times are Julian dates.
    """
    value_name, error_name = QUANTITIES[quantity]
    require(frame.columns, ["object_id", "time", "band", value_name, error_name], where)
    ids, bands = labels(frame["object_id"], where), labels(frame["band"], where)
    time = numbers(frame["time"], where)
    values = _values(frame, (value_name, PERFECT[quantity]), where, noise)
    used = values[value_name if noise else PERFECT[quantity]]
    error = numbers(frame[error_name], where, np.float32)
    refuse_julian_dates(time, frame.index, where)
    keep, counts = first_reasons(
        {
            "photometry_object_id_missing": ids.codes < 0,
            "photometry_band_missing": bands.codes < 0,
            "photometry_time_not_finite": ~np.isfinite(time),
            "photometry_value_not_finite": ~np.isfinite(used),
            "photometry_magnitude_out_of_range": _out_of_range(used, quantity),
            "photometry_error_missing": np.isnan(error),
            "photometry_error_not_finite": np.isinf(error),
            "photometry_error_not_positive": error <= 0,
        }
    )
    for other in values.values():
        if other is not used:
            other[~np.isfinite(other) | _out_of_range(other, quantity)] = np.nan
    columns = {"object_id": ids, "time": time, "band": bands, **values, error_name: error}
    clean = pd.DataFrame(columns, index=frame.index, copy=False)
    return (clean if keep.all() else clean[keep]), counts


def _values(
    frame: pd.DataFrame, names: tuple[str, str], where: str, noise: bool
) -> dict[str, np.ndarray]:
    """Observed and perfect values as float32, without the latter where there are none."""
    if not noise:
        require_perfect(frame.columns, names[1], where)
    return {name: numbers(frame[name], where, np.float32) for name in names if name in frame}


def _out_of_range(value: np.ndarray, quantity: str) -> np.ndarray:
    """Magnitudes that no source has: 99, 128 or -999 is how many surveys say "none"."""
    low, high = MAGNITUDES
    return (value < low) | (value > high) if quantity == "mag" else np.zeros(len(value), bool)
