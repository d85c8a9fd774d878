"""A folder of the three canonical tables: objects, photometry and (optional) spectra Parquet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from nightjar.columns import labels, require
from nightjar.errors import InputError
from nightjar.surveys import parquet
from nightjar.tables import (
    PERFECT,
    QUANTITIES,
    Tables,
    canonical_names,
    check_objects,
    check_photometry,
    check_spectra,
    quantity_of,
)


def read(path: str | Path, noise: bool = True) -> Tables:
    """Read ``objects.parquet``, ``photometry.parquet`` and, if there, ``spectra.parquet``.

    Parameters
    ----------
    path : the folder; columns and units as in `nightjar.tables`
    noise : False uses the perfect values of a simulation, which the tables then have to hold

    Raises
    ------
    InputError
        A table is missing, truncated, or lacks a column; while streaming, a value of a wrong type.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the one that holds objects.parquet")
    objects, drops = _objects(folder / "objects.parquet")
    photometry, quantity, rows = _photometry(folder / "photometry.parquet", drops, noise)
    spectra = folder / "spectra.parquet"
    return Tables(
        objects=objects,
        photometry=photometry,
        spectra=_spectra(spectra, drops, noise) if spectra.exists() else (),
        drops=drops,
        quantity=quantity,
        rows=rows,
        noise=noise,
    )


def read_photometry(path: str | Path) -> tuple[Tables, list[str]]:
    """Read one photometry table alone, and the names of its bands.

    Its objects are in the order in which they first appear; nothing but their ids is known.

    Parameters
    ----------
    path : the file; columns and units as in `nightjar.tables`

    Raises
    ------
    InputError
        As in `read`, or there is no object id in the file.
    """
    path, drops = Path(path), Counter[str]()
    photometry, quantity, rows = _photometry(path, drops)
    ids, bands = (_distinct(path, name) for name in ("object_id", "band"))
    if not ids:
        raise InputError(f"{path}: no row has an object_id; nothing can be read")
    objects = pd.DataFrame({"object_id": pd.Series(ids, dtype=object)})
    return Tables(objects, photometry, drops=drops, quantity=quantity, rows=rows), bands


def _distinct(path: Path, name: str) -> list[str]:
    """Names in one column of the photometry, in the order of their first rows."""
    file, where = parquet.open_table(path), str(path)
    names = parquet.only(canonical_names(parquet.columns(file), "photometry", where), (name,))
    found: dict[str, None] = {}
    for frame in parquet.chunks(file, names, parquet.ROWS, where):
        column = labels(frame[name], where)
        codes = pd.unique(column.codes)
        found |= dict.fromkeys(column.categories[codes[codes >= 0]])
    return list(found)


def _objects(path: Path) -> tuple[pd.DataFrame, Counter[str]]:
    frame, where = parquet.read_table(path), str(path)
    frame = frame.rename(columns=canonical_names(frame.columns, "objects", where))
    return check_objects(frame, where)


def _photometry(
    path: Path, drops: Counter[str], noise: bool = True
) -> tuple[Iterator[pd.DataFrame], str, int]:
    file, where = parquet.open_table(path), str(path)
    names = canonical_names(parquet.columns(file), "photometry", where)
    quantity = quantity_of(names.values(), where)
    needed = ("object_id", "time", "band", *QUANTITIES[quantity])
    _require(parquet.columns(file), names, needed, where)
    wanted = parquet.only(names, (*needed, PERFECT[quantity]))

    def stream() -> Iterator[pd.DataFrame]:
        for frame in parquet.chunks(file, wanted, parquet.ROWS, where):
            frame, counts = check_photometry(frame, quantity, where, noise)
            drops.update(counts)
            yield frame

    return stream(), quantity, file.metadata.num_rows


def _spectra(path: Path, drops: Counter[str], noise: bool) -> Iterator[pd.DataFrame]:
    file, where = parquet.open_table(path), str(path)
    names = canonical_names(parquet.columns(file), "spectra", where)
    _require(parquet.columns(file), names, ("object_id", "time", "wavelength", "flux"), where)

    def stream() -> Iterator[pd.DataFrame]:
        for frame in parquet.chunks(file, names, parquet.SPECTRA, where):
            frame, counts = check_spectra(frame, where, noise)
            drops.update(counts)
            yield frame

    return stream()


def _require(raw: list[str], names: dict[str, str], needed: tuple[str, ...], where: str) -> None:
    require([names.get(name, name) for name in raw], needed, where)
