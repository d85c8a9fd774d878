"""The canonical tables: columns, units, accepted names, and the check of every row.

========== ==================================== ===============================================
table      column                               type, unit
========== ==================================== ===============================================
objects    object_id                            text, unique (whole numbers become text)
           class, redshift, mwebv, ra, dec      optional: text; -; E(B-V) mag; deg (ICRS); deg
           any other                            metadata, kept as it is
photometry object_id, time, band                text; MJD, float64; text
           mag, mag_err *or* flux, flux_err     mag as the survey gives it; or nJy (AB)
           mag_perfect *or* flux_perfect        optional, simulations: without noise
spectra    object_id, time                      text; MJD or null
           wavelength, flux, flux_err           lists: Angstrom; any flux unit; flux_err optional
           flux_perfect                         optional, simulations: list, without noise
           frame                                optional: ``observed`` (default) or ``rest``
========== ==================================== ===============================================

Common spellings are accepted (`ALIASES`), whatever their case.  Two columns that mean the same are
an error.  One exception: where the objects table has a canonical column under its exact name, an
*alias* of it (``name`` beside ``object_id``, ``type`` beside ``class``) is metadata; a spelling
that differs by case only (``Class`` beside ``class``) stays an error.

What is wrong with a whole column (missing, text for numbers) is an `InputError`.  What is wrong
with a row drops the row and counts it, each row under its first reason, so that
rows read = rows kept + the sum of the ``photometry_...`` counts (likewise ``spectra_...``, but
``spectra_repaired_...`` counts spectra that are kept).  ``pixels_...`` counts pixels and
``objects_...`` what was set to null in the objects table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from nightjar.columns import (
    as_number,
    as_text,
    first_reasons,
    is_blank,
    labels,
    numbers,
    refuse_julian_dates,
    require,
)
from nightjar.errors import InputError

_IDS = ("ztfid", "oid", "id", "newid", "snid", "name")
_TIMES = ("mjd", "observation_date")
ALIASES: dict[str, dict[str, tuple[str, ...]]] = {
    "objects": {
        "object_id": _IDS,
        "class": ("type", "label"),
        "redshift": ("z", "redshift_helio"),
        "mwebv": ("ebv",),
        "ra": (),
        "dec": (),
    },
    "photometry": {
        "object_id": _IDS,
        "time": _TIMES,
        "band": ("filter", "fid", "passband"),
        "mag": (),
        "mag_perfect": (),
        "mag_err": ("magerr", "e_mag", "errmag", "err", "mag_error", "sigma"),
        "flux": (),
        "flux_perfect": (),
        "flux_err": ("fluxerr", "flux_error"),
    },
    "spectra": {
        "object_id": _IDS,
        "time": _TIMES,
        "wavelength": (),
        "flux": (),
        "flux_perfect": (),
        "flux_err": ("fluxerr", "flux_error"),
        "frame": (),
    },
}
MAGNITUDES = (-30.0, 40.0)  # from brighter than the Sun to fainter than any survey
QUANTITIES = {"mag": ("mag", "mag_err"), "flux": ("flux", "flux_err")}
PERFECT = {"mag": "mag_perfect", "flux": "flux_perfect"}
_CANONICAL = {
    table: {name: target for target, names in columns.items() for name in (target, *names)}
    for table, columns in ALIASES.items()
}


@dataclass
class Tables:
    """What every survey reader and every simulator returns.

    Parameters
    ----------
    objects : canonical columns, one row per object, whole
    photometry : chunks in any order and of any size, canonical columns
    spectra : chunks; wavelength, flux and flux_err are object columns of float arrays
    drops : reasons counted by the reader itself while it streams; complete when it is exhausted
    quantity : ``mag`` (mag, mag_err) or ``flux`` (flux, flux_err in nJy)
    noise : which values are used, where there are two: the observed ones, or else the perfect ones,
        which every row must then have.  A sample keeps both
    rows : photometry rows to come, for the progress bar, where the reader knows
    """

    objects: pd.DataFrame
    photometry: Iterable[pd.DataFrame]
    spectra: Iterable[pd.DataFrame] = ()
    drops: Counter[str] = field(default_factory=Counter)
    quantity: str = "mag"
    noise: bool = True
    rows: int | None = None


def canonical_names(columns: Iterable[Any], table: str, where: str) -> dict[Any, str]:
    """Map the raw names in ``columns`` to canonical ones; names that mean nothing are left out.

    Parameters
    ----------
    columns : the table's column names
    table : ``objects``, ``photometry`` or ``spectra``
    where : the file, for the message

    Raises
    ------
    InputError
        Two columns map to one canonical name.
    """
    columns = list(columns)
    names: dict[Any, str] = {}
    for raw in columns:
        spelling = str(raw).strip().casefold()
        target = _CANONICAL[table].get(spelling)
        if target is None or (table == "objects" and spelling != target and target in columns):
            continue
        if target in names.values():
            first = next(other for other, name in names.items() if name == target)
            raise InputError(
                f"{where}: columns {first!r} and {raw!r} both mean {target!r}; remove one of them"
            )
        names[raw] = target
    return names


def quantity_of(columns: Iterable[str], where: str) -> str:
    """``mag`` or ``flux``, whichever the canonical ``columns`` of a photometry table hold."""
    present = [name for name in QUANTITIES if name in columns]
    if len(present) == 2:
        raise InputError(f"{where}: both 'mag' and 'flux'; keep the one to be used")
    return present[0] if present else "mag"


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


def _out_of_range(value: np.ndarray, quantity: str) -> np.ndarray:
    """Magnitudes that no source has: 99, 128 or -999 is how many surveys say "none"."""
    low, high = MAGNITUDES
    return (value < low) | (value > high) if quantity == "mag" else np.zeros(len(value), bool)


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
    if not noise and names[1] not in frame:
        raise InputError(
            f"{where}: no column {names[1]!r}, which only simulations have; set noise to true"
        )
    return {name: numbers(frame[name], where, np.float32) for name in names if name in frame}


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
    if not noise and perfect not in frame:
        raise InputError(
            f"{where}: no column {perfect!r}, which only simulations have; set noise to true"
        )
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
