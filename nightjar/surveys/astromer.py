"""The public Astromer layout: ``metadata.parquet`` and ``light_curves/shard_*.parquet``.

Light curves join their metadata by ``newID``.  The class ``UNK`` means no label.  The MACHO fields
name their columns ``observation_date, mag, err, Band`` (Donoso-Oliva+2025).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from nightjar.columns import labels, require
from nightjar.errors import InputError
from nightjar.surveys import parquet
from nightjar.tables import Tables, canonical_names, check_objects, check_photometry

KEY = "newID"
NO_BAND = "unknown"  # neither metadata nor shards say
_NEEDED = ("object_id", "time", "band", "mag", "mag_err")


def read(path: str | Path) -> Tables:
    """Read one survey in the public Astromer layout.

    ``newID`` becomes object_id, Class class, and redshift, ra, dec and mwebv are known by their
    usual names; ID, Label and the other metadata columns are kept.  The band comes
    from the shards, else from the metadata, else it is ``unknown``.  The objects column ``survey``
    is the name of the folder.

    Parameters
    ----------
    path : the folder that holds metadata.parquet

    Raises
    ------
    InputError
        No metadata, no shards, or one of them is truncated or lacks a column; while streaming, a
        value of a wrong type.
    """
    folder = Path(path)
    shards = sorted((folder / "light_curves").glob("*.parquet"))
    if not shards:
        raise InputError(f"{folder / 'light_curves'}: no shard_*.parquet; give the survey's folder")
    objects, band, drops = _objects(folder / "metadata.parquet", folder.resolve().name)
    files = [_Shard(shard) for shard in shards]

    def stream() -> Iterator[pd.DataFrame]:
        for file in files:
            for frame in file.chunks():
                frame, counts = check_photometry(_with_band(frame, band), "mag", file.where)
                drops.update(counts)
                yield frame

    rows = sum(file.rows for file in files)
    return Tables(objects, stream(), drops=drops, quantity="mag", rows=rows)


class _Shard:
    """One shard, its columns checked on opening and the file read when its turn comes."""

    def __init__(self, path: Path) -> None:
        self.path, self.where = path, str(path)
        file = parquet.open_table(path)
        raw = parquet.columns(file)
        require(raw, [KEY], self.where)
        columns = [name for name in raw if name not in ("ID", "Path")]
        self.names = parquet.only(canonical_names(columns, "photometry", self.where), _NEEDED)
        require(self.names.values(), [n for n in _NEEDED if n != "band"], self.where)
        self.rows: int = file.metadata.num_rows

    def chunks(self) -> Iterator[pd.DataFrame]:
        file: pq.ParquetFile = parquet.open_table(self.path)
        yield from parquet.chunks(file, self.names, parquet.ROWS, self.where)


def _objects(path: Path, survey: str) -> tuple[pd.DataFrame, pd.Series, Counter[str]]:
    """Checked metadata, the band of each object id, and the counts."""
    frame, where = parquet.read_table(path), str(path)
    require(frame.columns, [KEY], where)
    frame = frame.rename(columns={KEY: "object_id", "Class": "class"}).assign(survey=survey)
    # numbers only: an ID is no object_id here, and a Label, the code of a class, no class
    named = canonical_names(frame.columns.difference(["ID", "Label"]), "objects", where)
    frame = frame.rename(columns=named)
    frame, drops = check_objects(frame, where)
    if "class" in frame:
        frame["class"] = frame["class"].where(frame["class"].str.upper() != "UNK", None)
    if "Band" in frame:
        names = labels(frame["Band"], where)
        band = np.array([*names.categories, NO_BAND], dtype=object)[names.codes]
    else:
        band = np.full(len(frame), NO_BAND, dtype=object)
    return frame, pd.Series(band, index=frame["object_id"].to_numpy(object)), drops


def _with_band(frame: pd.DataFrame, band: pd.Series) -> pd.DataFrame:
    if "band" in frame:
        return frame
    ids = labels(frame["object_id"], "light curves")
    names = band.reindex(ids.categories).fillna(NO_BAND).to_numpy(object)
    codes, uniques = pd.factorize(np.append(names, NO_BAND))
    bands = pd.Categorical.from_codes(codes[ids.codes], categories=pd.Index(uniques))
    return frame.assign(band=bands)
