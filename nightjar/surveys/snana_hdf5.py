"""Maven's simulation: SNANA events in one HDF5 file (Zhang+2024).

Groups ``Photometry/<type>/<model>`` and ``Spectroscopy/<type>/<model>`` hold the same events in the
same rows (``TID``); photometry and spectra are of fixed width, filled up with -999.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from nightjar.columns import one_line
from nightjar.errors import InputError
from nightjar.tables import Tables, check_objects, check_photometry, check_spectra

FILL = -999.0
FILTERS = {1: "g", 2: "r"}
_ROWS = 2000  # events per chunk
_PHOTOMETRY, _SPECTROSCOPY = "Photometry", "Spectroscopy"
_BROKEN = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError)


def read(path: str | Path, noise: bool = True) -> Tables:
    """Read the file at ``path``, or the only HDF5 file in that folder.

    Parameters
    ----------
    path : the file, or its folder
    noise : use ``mag_obs`` and ``flux_obs``; else ``mag_perfect`` and ``flux_perfect`` (as the
        published Maven did).  The sample keeps both.  The error is ``mag_obs_err`` in both cases,
        there being no other.

    Returns
    -------
    Tables
        class is the raw type (``SN Ib`` and ``SN Ic`` apart: the classes setting merges them);
        model and mjd_trigger are metadata.  object_id is ``<type>-<TID>``, with the model between
        where TIDs repeat within a type.  Fills are not counted; a point with a filter but a filled
        value is.  A fill among the values that are not used becomes NaN.

    Raises
    ------
    InputError
        No such file, truncated, a group or data set missing or of the wrong type or shape, or the
        two groups hold other events in a row.
    """
    file = _only_file(Path(path))
    where = str(file)
    try:
        with h5py.File(file, "r") as source:
            groups = _groups(source, where)
            frame = pd.concat([_events(source, group, where) for group in groups])
    except InputError:
        raise
    except _BROKEN as error:
        raise InputError(
            f"{where}: truncated, or not HDF5 ({one_line(error)}); fetch it again"
        ) from None
    ids = _ids(frame)
    frame = frame.assign(object_id=ids).reset_index(drop=True)
    objects, drops = check_objects(frame.drop(columns="TID"), where)
    part = {group: ids[(frame["group"] == group).to_numpy()] for group in groups}
    objects = objects.drop(columns="group")
    photometry = _photometry(file, part, noise, drops)
    spectra = _spectra(file, part, noise, drops)
    return Tables(objects, photometry, spectra, drops, noise=noise)


def _only_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = sorted([*path.glob("*.hdf5"), *path.glob("*.h5")])
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise InputError(f"{path}: give one HDF5 file; found {names}")
    return found[0]


def _groups(source: h5py.File, where: str) -> list[str]:
    """``<type>/<model>`` of every group; the same in both halves of the file."""
    found = {}
    for top in (_PHOTOMETRY, _SPECTROSCOPY):
        if not isinstance(source.get(top), h5py.Group):
            raise InputError(f"{where}: no group {top!r}; is this Maven's simulation?")
        types = {kind: node for kind, node in source[top].items() if isinstance(node, h5py.Group)}
        found[top] = {f"{kind}/{model}" for kind, node in types.items() for model in node}
    alone = sorted(found[_PHOTOMETRY] ^ found[_SPECTROSCOPY])
    if alone or not found[_PHOTOMETRY]:
        what = (
            f"{alone[0]!r} is in one of {_PHOTOMETRY}, {_SPECTROSCOPY} only" if alone else "empty"
        )
        raise InputError(f"{where}: {what}; both must hold the same events")
    return sorted(found[_PHOTOMETRY])


def _events(source: h5py.File, group: str, where: str) -> pd.DataFrame:
    """One row per event of a group, after holding the ``TID`` of both halves together."""
    tid = _texts(_dataset(source, f"{_PHOTOMETRY}/{group}/TID", where, 1))
    other = _texts(_dataset(source, f"{_SPECTROSCOPY}/{group}/TID", where, 1))
    if len(tid) != len(other):
        raise InputError(f"{where}: {group}: {len(tid)} light curves but {len(other)} spectra")
    if (tid != other).any():
        row = int(np.argmax(tid != other))
        raise InputError(
            f"{where}: {group}, row {row}: TID {tid[row]} in {_PHOTOMETRY}, {other[row]} in "
            f"{_SPECTROSCOPY}; both must hold the same events in the same rows"
        )
    kind, model = group.split("/", 1)
    columns: dict[str, Any] = {"TID": tid, "class": kind, "model": model, "group": group}
    for raw, name in (("z", "redshift"), ("mwebv", "mwebv"), ("mjd_trigger", "mjd_trigger")):
        value = _numeric(source, f"{_PHOTOMETRY}/{group}/{raw}", where, 1)[:].astype(float)
        if len(value) != len(tid):
            raise InputError(f"{where}: {group}/{raw}: {len(value)} values for {len(tid)} events")
        columns[name] = np.where(value == FILL, np.nan, value)
    return pd.DataFrame(columns)


def _ids(events: pd.DataFrame) -> np.ndarray:
    tid, kind, model = (events[name].to_numpy(object) for name in ("TID", "class", "model"))
    ids = kind + "-" + tid
    return ids if len(set(ids)) == len(ids) else kind + "-" + model + "-" + tid


def _photometry(
    file: Path, part: dict[str, np.ndarray], noise: bool, drops: Counter[str]
) -> Iterator[pd.DataFrame]:
    names = ("mjd", "filter", "mag_obs", "mag_perfect", "mag_obs_err")
    for ids, (time, code, mag, perfect, error) in _blocks(file, _PHOTOMETRY, part, names):
        known = np.isin(code, list(FILTERS))
        filled = (time == FILL) | ((mag if noise else perfect) == FILL) | (error == FILL)
        drops["photometry_filter_unknown"] += int(((code > 0) & ~known).sum())
        drops["photometry_fill_value"] += int((known & filled).sum())
        event, point = np.nonzero(known & ~filled)
        band = np.searchsorted(list(FILTERS), code[event, point])
        frame = pd.DataFrame(
            {
                "object_id": pd.Categorical.from_codes(event, categories=pd.Index(ids)),
                "time": time[event, point],
                "band": pd.Categorical.from_codes(band, categories=pd.Index(FILTERS.values())),
                "mag": mag[event, point],
                "mag_perfect": perfect[event, point],
                "mag_err": error[event, point],
            }
        )
        frame, counts = check_photometry(frame, "mag", f"{file}: {_PHOTOMETRY}", noise)
        drops.update(counts)
        yield frame


def _spectra(
    file: Path, part: dict[str, np.ndarray], noise: bool, drops: Counter[str]
) -> Iterator[pd.DataFrame]:
    wide = ("wavelength", "flux_obs", "flux_perfect")
    for ids, (*columns, time) in _blocks(file, _SPECTROSCOPY, part, wide, ("mjd",)):
        wavelength, flux, perfect = columns
        valid = (wavelength != FILL) & ((flux if noise else perfect) != FILL)
        frame = pd.DataFrame({"object_id": ids, "time": np.where(time == FILL, np.nan, time)})
        for name, values in zip(("wavelength", "flux", "flux_perfect"), columns, strict=True):
            values = np.where(values == FILL, np.nan, values)
            pixels = [row[seen] for row, seen in zip(values, valid, strict=True)]
            frame[name] = pd.Series(pixels, dtype=object)
        frame, counts = check_spectra(frame, f"{file}: {_SPECTROSCOPY}", noise)
        drops.update(counts)
        yield frame


def _blocks(
    file: Path,
    top: str,
    part: dict[str, np.ndarray],
    wide: tuple[str, ...],
    flat: tuple[str, ...] = (),
) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    """Ids, and the 2-D data sets ``wide`` and 1-D ones ``flat``, of some events at a time."""
    try:
        with h5py.File(file, "r") as source:
            for group, ids in part.items():
                folder = f"{top}/{group}"
                sets = [_numeric(source, f"{folder}/{name}", str(file), 2) for name in wide]
                sets += [_numeric(source, f"{folder}/{name}", str(file), 1) for name in flat]
                for data in sets:
                    if data.shape != (len(ids), sets[0].shape[1])[: data.ndim]:
                        raise InputError(f"{file}: {data.name}: shape {data.shape}, not as TID")
                for start in range(0, len(ids), _ROWS):
                    rows = slice(start, start + _ROWS)
                    yield ids[rows], [data[rows].astype(np.float64) for data in sets]
    except InputError:
        raise
    except _BROKEN as error:
        raise InputError(f"{file}: damaged ({one_line(error)}); fetch it again") from None


def _dataset(source: h5py.File, name: str, where: str, ndim: int) -> h5py.Dataset:
    data = source.get(name)
    if not isinstance(data, h5py.Dataset):
        raise InputError(f"{where}: no data set {name!r}; is this Maven's simulation?")
    if data.ndim != ndim:
        raise InputError(f"{where}: {name}: {data.ndim} dimensions, expected {ndim}")
    return data


def _numeric(source: h5py.File, name: str, where: str, ndim: int) -> h5py.Dataset:
    data = _dataset(source, name, where, ndim)
    if data.dtype.kind not in "iuf":
        raise InputError(f"{where}: {name}: holds {data.dtype}, expected numbers")
    return data


def _texts(data: h5py.Dataset) -> np.ndarray:
    values = data[:].tolist()
    return np.array([v.decode() if isinstance(v, bytes) else str(v) for v in values], dtype=object)
