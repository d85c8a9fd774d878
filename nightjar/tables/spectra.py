"""The check of spectra, chunk by chunk."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from nightjar.columns import (
    as_text,
    first_reasons,
    is_blank,
    labels,
    numbers,
    refuse_julian_dates,
    require,
)
from nightjar.errors import InputError
from nightjar.tables.schema import PERFECT, require_perfect


def check_spectra(
    frame: pd.DataFrame, where: str, noise: bool = True
) -> tuple[pd.DataFrame, Counter[str]]:
    """One chunk of spectra with usable pixels at increasing wavelengths, and what was dropped.

    Pixels without a finite flux or a positive wavelength go, wavelengths are sorted, a repeated
    wavelength keeps its first pixel, and an error that is not positive becomes NaN (not given).
    Of observed and perfect fluxes the rules are for those that are used; of the others, what is
    not finite becomes NaN.

    Parameters
    ----------
    frame : canonical columns; its index is the row number that messages quote
    where : the file, for the message
    noise : use the observed fluxes, else the perfect ones

    Returns
    -------
    frame : object_id (categorical), time (MJD or NaN), frame (``observed`` or ``rest``), and
        wavelength, flux, flux_err and, where given, flux_perfect as object columns of float32
        arrays of equal length
    counts : dropped spectra and pixels, and repairs, by reason

    Raises
    ------
    InputError
        A column is missing or of the wrong type, or a frame is neither observed nor rest.
    """
    require(frame.columns, ["object_id", "time", "wavelength", "flux"], where)
    ids = labels(frame["object_id"], where)
    time = numbers(frame["time"], where)
    refuse_julian_dates(time, frame.index, where)
    pixels = {name: _lists(frame, name, where) for name in _pixel_columns(frame, where, noise)}
    used = "flux" if noise else PERFECT["flux"]
    keep, counts = first_reasons(
        {"spectra_object_id_missing": ids.codes < 0, **_wrong_lengths(pixels, used)}
    )
    clean = pd.DataFrame(
        {
            "object_id": ids,
            "time": np.where(np.isfinite(time), time, np.nan),
            "frame": _frames(frame, where),
        },
        index=frame.index,
    )[keep]
    chosen = {name: [arrays[i] for i in np.flatnonzero(keep)] for name, arrays in pixels.items()}
    counts["spectra_repaired_time_infinite"] = int(np.isinf(time[keep]).sum())
    columns, counted = _clean_pixels(chosen, used)
    for name, arrays in columns.items():
        clean[name] = pd.Series(arrays, index=clean.index, dtype=object)
    empty = np.array([len(a) == 0 for a in columns["flux"]], dtype=bool)
    counted["spectra_no_pixels"] += int(empty.sum())
    return clean[~empty], +(counts + counted)


def _lists(frame: pd.DataFrame, name: str, where: str) -> list[np.ndarray]:
    """The lists of one column as float32 arrays; null, or no such column, as empty ones."""
    if name not in frame:
        return [np.empty(0, np.float32)] * len(frame)
    arrays = []
    for row, value in frame[name].items():
        try:
            with np.errstate(over="ignore"):
                listed = not isinstance(value, str | bytes) and np.ndim(value) == 1
                array = np.asarray(value if listed else [], dtype=np.float32)
        except (TypeError, ValueError, OverflowError):
            listed = False
        if not listed and not is_blank(value):
            raise InputError(
                f"{where}: column {name!r}, row {row}: {str(value)[:40]!r} is no list of numbers"
            )
        arrays.append(array)
    return arrays


def _frames(frame: pd.DataFrame, where: str) -> np.ndarray:
    if "frame" not in frame:
        return np.full(len(frame), "observed", dtype=object)
    names = as_text(labels(frame["frame"], where))
    names = np.array([(name or "observed").lower() for name in names], dtype=object)
    bad = ~np.isin(names, ["observed", "rest"])
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"{where}: column 'frame', row {frame.index[row]}: {names[row]!r} is neither "
            "'observed' nor 'rest'"
        )
    return names


def _pixel_columns(frame: pd.DataFrame, where: str, noise: bool) -> list[str]:
    perfect = PERFECT["flux"]
    if not noise:
        require_perfect(frame.columns, perfect, where)
    return ["wavelength", "flux", "flux_err", *([perfect] if perfect in frame else [])]


def _wrong_lengths(pixels: dict[str, list[np.ndarray]], used: str) -> dict[str, np.ndarray]:
    """Spectra whose lists differ in length, or are empty; only the unused ones may be missing."""
    length = {name: np.array([len(a) for a in arrays]) for name, arrays in pixels.items()}
    agree = length["wavelength"] == length[used]
    for name in pixels.keys() - {"wavelength", used}:
        agree &= (length[name] == 0) | (length[name] == length[used])
    return {"spectra_lengths_disagree": ~agree, "spectra_no_pixels": length[used] == 0}


def _clean_pixels(
    pixels: dict[str, list[np.ndarray]], used: str
) -> tuple[dict[str, list[np.ndarray]], Counter[str]]:
    """The pixel rules of `check_spectra`, on all pixels of a chunk at once."""
    lengths = [len(a) for a in pixels[used]]
    if not lengths:
        return {name: [] for name in pixels}, Counter()
    owner = np.repeat(np.arange(len(lengths)), lengths)
    flat = {name: _flat(arrays, lengths) for name, arrays in pixels.items()}
    w = flat["wavelength"]
    keep, counts = first_reasons(
        {
            "pixels_wavelength_not_valid": ~(np.isfinite(w) & (w > 0)),
            "pixels_flux_not_finite": ~np.isfinite(flat[used]),
        }
    )
    owner, flat = owner[keep], {name: values[keep] for name, values in flat.items()}
    falls = (np.diff(owner) == 0) & (np.diff(flat["wavelength"]) < 0)
    if falls.any():
        counts["spectra_repaired_order"] += len(np.unique(owner[1:][falls]))
        order = np.lexsort((flat["wavelength"], owner))  # `owner` was in order and stays so
        flat = {name: values[order] for name, values in flat.items()}
    new = np.append(True, (np.diff(owner) != 0) | (np.diff(flat["wavelength"]) != 0))[: len(owner)]
    counts["pixels_wavelength_repeated"] += int((~new).sum())
    owner, flat = owner[new], {name: values[new] for name, values in flat.items()}
    error = flat["flux_err"]
    not_positive = (error <= 0) | np.isinf(error)
    counts["pixels_error_not_positive"] += int(not_positive.sum())
    error[not_positive] = np.nan
    for name in flat.keys() - {"wavelength", "flux_err", used}:
        flat[name][~np.isfinite(flat[name])] = np.nan
    ends = np.cumsum(np.bincount(owner, minlength=len(lengths)))[:-1]
    return {name: np.split(values, ends) for name, values in flat.items()}, +counts


def _flat(arrays: list[np.ndarray], lengths: list[int]) -> np.ndarray:
    """All lists in one, NaN for those that are missing."""
    pairs = zip(arrays, lengths, strict=True)
    return np.concatenate([a if len(a) else np.full(n, np.nan, np.float32) for a, n in pairs])
