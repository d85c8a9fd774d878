"""Maven's public layout of the ZTF Bright Transient Survey (Zhang+2024).

::

    ZTFBTS/ZTFBTS_TransientTable.csv      ZTFID, RA, Dec, type, redshift, A_V, ...
    ZTFBTS/light-curves/<ZTFID>.csv       time (MJD), mag, magerr, band (R means ZTF r)
    ZTFBTS_spectra/<ZTFID>.csv            no header: wavelength, flux[, flux error]

Everything is joined by ZTFID, never by order.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc

from nightjar.columns import as_number, is_blank, numbers, one_line
from nightjar.errors import InputError
from nightjar.tables import (
    Tables,
    canonical_names,
    check_objects,
    check_photometry,
    check_spectra,
)

R_V = 3.1
TABLE = "ZTFBTS_TransientTable.csv"
_NEEDED = ("time", "mag", "mag_err", "band")
_FILES = 256  # light curves or spectra per chunk
_BROKEN = (pa.ArrowException, OSError, ValueError)


def read(path: str | Path) -> Tables:
    """Read the layout under ``path`` or ``path/data``.

    E(B-V) is the table's A_V / 3.1 (mag).  Redshift placeholders become NaN.  A light-curve file
    without one of its four columns is skipped and counted, like a file whose object is not in the
    table.  A spectrum ``<ZTFID>_<anything>.csv`` is another one of the same object.  Spectra carry
    the date of the table's ``Spectrum_Date_(MJD)`` where there is such a column, else NaN; the
    error is NaN where the file has two columns.

    Raises
    ------
    InputError
        No table, a file that is not CSV, or text where a number belongs.
    """
    folder, spectra = _folders(Path(path))
    objects, dates, drops = _objects(folder / TABLE)
    known = set(objects["object_id"])
    curves = _files(folder / "light-curves", known, "light_curve", drops)
    drops["objects_without_light_curve"] += len(known - {key for key, _ in curves})
    shots = _files(spectra, known, "spectrum", drops)
    return Tables(objects, _photometry(curves, drops), _spectra(shots, dates, drops), drops)


def _folders(path: Path) -> tuple[Path, Path]:
    """The folder of the table and that of the spectra."""
    for folder in (path / "ZTFBTS", path / "data" / "ZTFBTS", path):
        if (folder / TABLE).is_file():
            return folder, folder.parent / "ZTFBTS_spectra"
    raise InputError(f"{path}: no ZTFBTS/{TABLE} here nor in data/; give the folder that holds it")


def _objects(path: Path) -> tuple[pd.DataFrame, dict[str, float], Counter[str]]:
    """Checked objects, the spectrum's date of each object id, and the counts."""
    where = str(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
            frame = pd.read_csv(path, dtype=str, skipinitialspace=True, index_col=False)
    except (OSError, ValueError, pd.errors.ParserWarning) as error:
        raise InputError(f"{where}: not CSV ({one_line(error)})") from None
    frame.index += 2  # line of the file: one for the header, counted from 1
    frame = frame.rename(columns=lambda name: str(name).strip())
    frame = frame.rename(columns=canonical_names(frame.columns, "objects", where))
    for name in frame.columns:
        if name in ("ra", "dec"):
            unit = 15 if name == "ra" else 1  # an hour of right ascension is 15 degrees
            frame[name] = [_degrees(value, unit) for value in frame[name]]
        elif name not in ("object_id", "class", "redshift"):
            frame[name] = _numeric_if_all_are(frame[name])
    if "A_V" in frame and "mwebv" not in frame:
        frame["mwebv"] = [as_number(value) / R_V for value in frame["A_V"]]
    frame, drops = check_objects(frame, where)
    spelled = {str(name).casefold().replace("_", ""): name for name in frame}
    column = next((name for short, name in spelled.items() if "spectrumdate" in short), None)
    dates = [as_number(value) for value in frame[column]] if column else [np.nan] * len(frame)
    return frame.reset_index(drop=True), dict(zip(frame["object_id"], dates, strict=True)), drops


def _degrees(value: Any, unit: float) -> Any:
    """The explorer's sexagesimal text, in ``unit`` degrees, as degrees; others as they are."""
    parts = [as_number(part) for part in str(value).split(":")]
    if len(parts) != 3:
        return value
    sign = -1 if str(value).strip().startswith("-") else 1
    return sign * unit * (abs(parts[0]) + parts[1] / 60 + parts[2] / 3600)


def _numeric_if_all_are(column: pd.Series) -> pd.Series:
    values = [as_number(value) for value in column]
    text = any(np.isnan(v) and not is_blank(raw) for v, raw in zip(values, column, strict=True))
    return column if text else pd.Series(values, column.index, dtype=float)


def _files(folder: Path, known: set[str], what: str, drops: Counter[str]) -> list[tuple[str, Path]]:
    """(object id, path) of each CSV of a known object, in order of name."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        key = path.stem if path.stem in known else path.stem.split("_")[0]
        if key in known:
            found.append((key, path))
        else:
            drops[f"files_{what}_not_in_table"] += 1
    return found


def _photometry(files: list[tuple[str, Path]], drops: Counter[str]) -> Iterator[pd.DataFrame]:
    for start in range(0, len(files), _FILES):
        parts = [_light_curve(key, path, drops) for key, path in files[start : start + _FILES]]
        whole = [part for part in parts if part is not None]
        if whole:
            frame, counts = check_photometry(_concatenate(whole), "mag", "light-curves")
            drops.update(counts)
            yield frame


def _light_curve(key: str, path: Path, drops: Counter[str]) -> dict[str, np.ndarray] | None:
    """Columns of one file, or None where one is missing."""
    table = _csv(path, header=True)
    raw = table.column_names
    names = canonical_names(raw, "photometry", str(path))
    where = {name: raw.index(spelling) for spelling, name in names.items()}
    if not set(_NEEDED) <= set(where):
        drops["files_light_curve_column_missing"] += 1
        return None
    columns = {name: _floats(table.column(where[name]), path, name) for name in _NEEDED[:3]}
    band = table.column(where["band"]).cast(pa.string()).to_numpy(zero_copy_only=False)
    return {"object_id": np.full(len(table), key, object), "band": band, **columns}


def _concatenate(parts: list[dict[str, np.ndarray]]) -> pd.DataFrame:
    return pd.DataFrame({name: np.concatenate([p[name] for p in parts]) for name in parts[0]})


def _spectra(
    files: list[tuple[str, Path]], dates: dict[str, float], drops: Counter[str]
) -> Iterator[pd.DataFrame]:
    for start in range(0, len(files), _FILES):
        part = files[start : start + _FILES]
        pixels = [_spectrum(path) for _, path in part]
        columns = zip(*pixels, strict=True)
        frame = pd.DataFrame({"object_id": [key for key, _ in part]})
        # the table has one date per object: that of the file called like the object
        frame["time"] = [dates[key] if path.stem == key else np.nan for key, path in part]
        for name, arrays in zip(("wavelength", "flux", "flux_err"), columns, strict=True):
            frame[name] = pd.Series(list(arrays), dtype=object)
        frame, counts = check_spectra(frame, "ZTFBTS_spectra")
        drops.update(counts)
        yield frame


def _spectrum(path: Path) -> list[np.ndarray]:
    """Wavelength, flux and error (empty where the file has two columns)."""
    table = _csv(path, header=False)
    if table.num_columns not in (2, 3):
        raise InputError(
            f"{path}: {table.num_columns} columns; a spectrum has wavelength, flux[, flux error]"
        )
    columns = [_floats(table.column(i), path, f"{i + 1}") for i in range(table.num_columns)]
    return [*columns, *[np.empty(0)] * (3 - len(columns))]


def _csv(path: Path, header: bool) -> pa.Table:
    try:
        options = pc.ReadOptions(autogenerate_column_names=not header, use_threads=False)
        table = pc.read_csv(path, read_options=options)
        table.column_names  # noqa: B018  raises where a name is not UTF-8
        if any(pa.types.is_binary(field.type) for field in table.schema):
            raise ValueError("text that is not UTF-8")
        return table
    except _BROKEN as error:
        raise InputError(f"{path}: not CSV ({one_line(error)}); fetch it again") from None


def _floats(column: pa.ChunkedArray, path: Path, name: str) -> np.ndarray:
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return numbers(pd.Series(column.to_pylist(), name=name, dtype=object), str(path))
