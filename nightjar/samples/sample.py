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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from nightjar import stored
from nightjar.columns import in_words
from nightjar.errors import InputError
from nightjar.ragged import LightCurves, LightCurvesWriter, Spectra
from nightjar.samples.bands import BandGroups
from nightjar.samples.incoming import spool_photometry, write_spectra
from nightjar.samples.objects import with_classes, with_groups, write_parquet
from nightjar.samples.placing import Placing
from nightjar.tables import Tables, check_objects


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
    group_radius : arcsec; objects linked by separations up to this, or by names that differ in
        spelling only, get the same ``group``; 0: none
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
        seen, counts = write_spectra(tables, objects, partial / "spectra", progress)
        drops += counts
        groups = BandGroups(bands)
        spool, counts = spool_photometry(tables, objects, partial, groups, progress)
        drops += counts
        places = Placing(objects["object_id"].to_numpy(object), seen, groups, min_points)
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
        objects, counts = with_classes(objects.reset_index(drop=True), classes)
        objects = with_groups(objects, group_radius)
        write_parquet(objects, partial / "objects.parquet")
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
