"""Spectra and photometry as they come: checked, named by object, written or spooled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from nightjar.errors import InputError
from nightjar.ragged import SpectraWriter
from nightjar.samples.bands import BandGroups
from nightjar.samples.spool import Spool
from nightjar.tables import PERFECT, QUANTITIES, Tables, check_photometry, check_spectra


def write_spectra(
    tables: Tables, objects: pd.DataFrame, directory: Path, progress: bool
) -> tuple[np.ndarray, Counter[str]]:
    """Append the spectra; returns which objects have one, and the counts."""
    ids, drops = pd.Index(objects["object_id"]), Counter[str]()
    seen, writer = np.zeros(len(ids), bool), None
    redshift = objects.get("redshift", pd.Series(np.nan, objects.index)).to_numpy()
    perfect, chunks = _peeked(tables.spectra, PERFECT["flux"], "spectra")
    names = ["wavelength", "flux", "flux_err", *perfect]
    with progress_bar("spectra", None, progress) as bar:
        for chunk in chunks:
            bar.update(len(chunk))
            chunk, counts = check_spectra(chunk, "spectra", tables.noise)
            row = _rows(ids, chunk["object_id"])
            rest = (chunk["frame"] == "rest").to_numpy()
            unknown = row < 0
            no_redshift = ~unknown & rest & np.isnan(redshift[row])
            keep = ~unknown & ~no_redshift
            drops += counts
            drops["spectra_object_id_unknown"] += int(unknown.sum())
            drops["spectra_rest_without_redshift"] += int(no_redshift.sum())
            if keep.any():
                writer = writer or SpectraWriter(directory, tables.noise if perfect else None)
                chunk, row = chunk[keep], row[keep]
                pixels = (chunk[name].tolist() for name in names)
                writer.append(ids[row], chunk["time"].to_numpy(), rest[keep], *pixels)
                seen[row] = True
    if writer:
        writer.close()
    return seen, drops


def spool_photometry(
    tables: Tables, objects: pd.DataFrame, directory: Path, bands: BandGroups, progress: bool
) -> tuple[Spool, Counter[str]]:
    """Spool the points of the listed bands; returns the spool, and the counts."""
    ids, drops = pd.Index(objects["object_id"]), Counter[str]()
    perfect, chunks = _peeked(tables.photometry, PERFECT[tables.quantity], "photometry")
    names = ["time", *QUANTITIES[tables.quantity], *perfect]
    spool = Spool(directory, len(ids), bool(perfect))
    with progress_bar("reading", tables.rows, progress) as bar:
        for chunk in chunks:
            bar.update(len(chunk))
            chunk, counts = check_photometry(chunk, tables.quantity, "photometry", tables.noise)
            row = _rows(ids, chunk["object_id"])
            band = bands.codes(chunk["band"].cat.categories)[chunk["band"].cat.codes]
            drops += counts
            drops["photometry_object_id_unknown"] += int((row < 0).sum())
            drops["photometry_band_not_listed"] += int(((row >= 0) & (band < 0)).sum())
            keep = (row >= 0) & (band >= 0)
            columns = (row, band, *(chunk[name].to_numpy() for name in names))
            spool.append(*(columns if keep.all() else (column[keep] for column in columns)))
    return spool, drops


def _peeked(
    chunks: Iterable[pd.DataFrame], perfect: str, where: str
) -> tuple[list[str], Iterator[pd.DataFrame]]:
    """``[perfect]`` if the first chunk has that column, else none; and all chunks, alike in it."""
    rest = iter(chunks)
    first = list(islice(rest, 1))
    names = [perfect] if any(perfect in chunk for chunk in first) else []

    def alike() -> Iterator[pd.DataFrame]:
        for chunk in chain(first, rest):
            if (perfect in chunk) != bool(names):
                raise InputError(f"{where}: only some chunks have {perfect!r}; give all or none")
            yield chunk

    return names, alike()


def _rows(ids: pd.Index, column: pd.Series) -> np.ndarray:
    """Row in ``ids`` of each object id of a categorical column, -1 where unknown."""
    return ids.get_indexer(column.cat.categories)[column.cat.codes]


def progress_bar(what: str, total: int | None, progress: bool) -> tqdm:
    """A bar of rows; none where nobody watches (no terminal)."""
    quiet = None if progress else True
    return tqdm(desc=what, total=total, unit=" rows", unit_scale=True, disable=quiet)
