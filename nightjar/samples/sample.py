"""A sample on disk: objects, light curves and spectra of one survey, made from any `Tables`.

::

    <dir>/objects.parquet   one row per kept object: object_id, class (null: unlabelled), redshift
                            (NaN: unknown), mwebv, ra, dec, group, and the survey's metadata
    <dir>/light_curves/     `ragged.LightCurves`; row i belongs to row i of the objects; of a
                            simulation with the perfect values, as are its spectra
    <dir>/spectra/          `ragged.Spectra`, in the order read; only where there are any
    <dir>/splits.parquet    written by the gather stages

Memory does not grow with the number of points or spectra, only with the number of objects.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from nightjar import stored
from nightjar.columns import in_words, one_line
from nightjar.errors import InputError
from nightjar.ragged import LightCurves, LightCurvesWriter, Spectra, SpectraWriter
from nightjar.samples.bands import BandGroups
from nightjar.samples.positions import groups_of
from nightjar.samples.spool import Spool
from nightjar.tables import (
    PERFECT,
    QUANTITIES,
    Tables,
    check_objects,
    check_photometry,
    check_spectra,
)

_COLUMNS = ("object_id", "class", "redshift", "mwebv", "ra", "dec", "group")


@dataclass(frozen=True, eq=False)
class Sample:
    """A sample read back: ``objects`` (n rows), ``light_curves`` (n rows), ``spectra`` or None."""

    objects: pd.DataFrame
    light_curves: LightCurves
    spectra: Spectra | None


def write(
    tables: Tables,
    directory: str | Path,
    *,
    bands: Mapping[str, Sequence[str]] | None,
    classes: Mapping[str, Sequence[str]] | None,
    min_points: int,
    group_radius: float,
    progress: bool = True,
) -> Counter[str]:
    """Convert ``tables`` to a sample at ``directory``, whole or not at all.

    Parameters
    ----------
    tables : what a reader or a simulator returned; read once
    directory : where the sample goes; an older one is replaced
    bands : group -> raw bands in order of preference.  For each object and group the first raw band
        with at least ``min_points`` points (else the one with most) is used and the others are
        dropped: one sequence never mixes passbands.  The choice is kept in the objects column
        ``band_<group>`` where a group lists several.  None: all bands as they are.
    classes : class -> raw names; others become null.  The raw name is kept in ``class_raw``.
        None: as they are.
    min_points : an object with fewer points in all and no spectrum is dropped
    group_radius : arcsec; objects linked by separations up to this get the same ``group``; 0: none
    progress : show bars of the rows read and placed

    Returns
    -------
    Counter
        Rows, spectra, pixels and objects dropped, by reason; the reader's own counts included.

    Raises
    ------
    InputError
        The input is not what it says, or nothing is left of it.
    """
    with _whole(Path(directory)) as partial:
        objects, drops = check_objects(tables.objects, "objects")
        seen, counts = _write_spectra(tables, objects, partial / "spectra", progress)
        drops += counts
        groups = BandGroups(bands)
        spool, counts = _spool_photometry(tables, objects, partial, groups, progress)
        drops += counts
        places = _Placing(objects["object_id"].to_numpy(object), seen, groups, min_points)
        noise = tables.noise if spool.perfect else None
        folder = partial / "light_curves"
        with LightCurvesWriter(folder, groups.names, tables.quantity, noise) as writer:
            drops += places.write(spool, writer, progress)
        drops += tables.drops
        if not places.kept.any():
            raise InputError(
                f"{directory}: no objects left; dropped: {in_words(+drops)}; check that photometry "
                "and objects share object_id, and the settings bands and min_points"
            )
        objects = objects.assign(**groups.describe(places.used))[places.kept]
        objects, counts = _labelled(objects.reset_index(drop=True), classes)
        objects = _grouped(objects, group_radius)
        _write_parquet(objects, partial / "objects.parquet")
    return +(drops + counts)


def open(directory: str | Path) -> Sample:
    """Read a sample back; light curves and spectra stay on disk until used.

    Raises
    ------
    InputError
        A part is missing, truncated, or disagrees with another.
    """
    directory = Path(directory)
    objects = stored.table(directory / "objects.parquet")
    light_curves = LightCurves.open(directory / "light_curves")
    if not np.array_equal(objects["object_id"].to_numpy(str), light_curves.object_id):
        raise InputError(f"{directory}: objects and light_curves disagree; gather the survey again")
    spectra = Spectra.open(directory / "spectra") if (directory / "spectra").is_dir() else None
    return Sample(objects, light_curves, spectra)


@contextmanager
def _whole(directory: Path) -> Iterator[Path]:
    """A temporary directory that becomes ``directory`` on success and vanishes on failure."""
    partial = directory.with_name(f".{directory.name}.{os.getpid()}")
    old = partial.with_suffix(".old")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if directory.exists():
            shutil.rmtree(old, ignore_errors=True)  # of a run killed between the two renames
            directory.rename(old)
        partial.rename(directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _write_spectra(
    tables: Tables, objects: pd.DataFrame, directory: Path, progress: bool
) -> tuple[np.ndarray, Counter[str]]:
    """Append the spectra; returns which objects have one, and the counts."""
    ids, drops = pd.Index(objects["object_id"]), Counter[str]()
    seen, writer = np.zeros(len(ids), bool), None
    redshift = objects.get("redshift", pd.Series(np.nan, objects.index)).to_numpy()
    perfect, chunks = _peeked(tables.spectra, PERFECT["flux"], "spectra")
    names = ["wavelength", "flux", "flux_err", *perfect]
    with _bar("spectra", None, progress) as bar:
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


def _spool_photometry(
    tables: Tables, objects: pd.DataFrame, directory: Path, bands: BandGroups, progress: bool
) -> tuple[Spool, Counter[str]]:
    """Spool the points of the listed bands; returns the spool, and the counts."""
    ids, drops = pd.Index(objects["object_id"]), Counter[str]()
    perfect, chunks = _peeked(tables.photometry, PERFECT[tables.quantity], "photometry")
    names = ["time", *QUANTITIES[tables.quantity], *perfect]
    spool = Spool(directory, len(ids), bool(perfect))
    with _bar("reading", tables.rows, progress) as bar:
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


class _Placing:
    """From spooled points to light curves: repeats, bands and short light curves go."""

    def __init__(
        self, ids: np.ndarray, has_spectrum: np.ndarray, bands: BandGroups, min_points: int
    ) -> None:
        self._ids, self._has_spectrum = ids, has_spectrum
        self._bands, self._min_points = bands, min_points
        self.kept = np.zeros(len(ids), bool)
        self.used = np.empty((len(ids), 0), np.int64)  # rank of the raw band used, per group

    def write(self, spool: Spool, writer: LightCurvesWriter, progress: bool) -> Counter[str]:
        drops, used = Counter[str](), []
        with _bar("placing", int(spool.counts.sum()), progress) as bar:
            for first, stop, points in spool.blocks(self._bands.order):
                bar.update(len(points))
                points["row"] -= first
                repeated = _repeats(points)
                points = points[~repeated]
                keep, points["band"], chosen = self._bands.choose(
                    points["row"], points["band"], stop - first, self._min_points
                )
                used.append(chosen)
                drops["photometry_repeated"] += int(repeated.sum())
                drops["photometry_band_not_used"] += int((~keep).sum())
                drops += self._append(first, stop, points[keep], writer)
        self.used = np.concatenate(used)
        return drops

    def _append(
        self, first: int, stop: int, points: np.ndarray, writer: LightCurvesWriter
    ) -> Counter[str]:
        """Write the objects ``[first, stop)`` that have enough points, or a spectrum."""
        count = np.bincount(points["row"], minlength=stop - first)
        keep = (count >= max(self._min_points, 1)) | self._has_spectrum[first:stop]
        self.kept[first:stop] = keep
        points = points[keep[points["row"]]]
        columns = {name: points[name] for name in points.dtype.names or () if name != "row"}
        writer.append(self._ids[first:stop][keep], count[keep], **columns)
        return Counter(
            objects_too_few_points=int((~keep).sum()),
            photometry_object_too_few_points=int(count[~keep].sum()),
        )


def _repeats(points: np.ndarray) -> np.ndarray:
    """Points that agree with the one before in object, time and band; sorted input."""
    same = np.ones(max(len(points) - 1, 0), bool)
    for name in ("row", "time", "band"):
        same &= points[name][1:] == points[name][:-1]
    return np.append(False, same)[: len(points)]


def _labelled(
    objects: pd.DataFrame, classes: Mapping[str, Sequence[str]] | None
) -> tuple[pd.DataFrame, Counter[str]]:
    """Raw class names to classes; missing and unlisted ones become null, and are counted."""
    raw = objects["class"] if "class" in objects else pd.Series(None, objects.index, dtype=object)
    if classes is None:
        return objects.assign(**{"class": raw}), Counter()
    names = {member: name for name, members in classes.items() for member in members}
    known = raw.map(names)
    missing = raw.isna()
    drops = Counter(
        objects_class_missing=int(missing.sum()),
        objects_class_not_listed=int((~missing & known.isna()).sum()),
    )
    if "class_raw" not in objects:
        objects = objects.assign(class_raw=raw)
    return objects.assign(**{"class": known.astype(object)}), drops


def _grouped(objects: pd.DataFrame, radius: float) -> pd.DataFrame:
    """All canonical columns, with ``group``; a survey's own ``group`` becomes ``group_raw``."""
    objects = objects.rename(columns={"group": "group_raw"})
    for name in ("redshift", "mwebv", "ra", "dec"):
        if name not in objects:
            objects[name] = np.nan
    objects["group"] = groups_of(objects["ra"].to_numpy(), objects["dec"].to_numpy(), radius)
    return objects[[*_COLUMNS, *(name for name in objects if name not in _COLUMNS)]]


def _write_parquet(objects: pd.DataFrame, path: Path) -> None:
    try:
        table = pa.Table.from_pandas(objects, preserve_index=False).replace_schema_metadata()
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise InputError(
            f"objects: a metadata column holds mixed types ({one_line(error)})"
        ) from None
    for i, field in enumerate(table.schema):
        if pa.types.is_null(field.type) or pa.types.is_large_string(field.type):
            table = table.set_column(i, field.name, table[i].cast(pa.string()))
    pq.write_table(table, path)


def _bar(what: str, total: int | None, progress: bool) -> tqdm:
    """A bar of rows; none where nobody watches (no terminal)."""
    quiet = None if progress else True
    return tqdm(desc=what, total=total, unit=" rows", unit_scale=True, disable=quiet)
