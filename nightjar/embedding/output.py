"""Embeddings of light curves: pooled over windows, and written as Parquet while they come."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nightjar.errors import InputError

Pool = Literal["mean", "max", "none"]


@dataclass(frozen=True)
class Embeddings:
    """Embeddings of some light curves.

    Attributes
    ----------
    object_id : (n,) text
    band : (n,) text, or None where an embedding is of all bands together (Maven)
    window : (n,) int, number of the window, or None where windows are pooled
    values : (n, dim) float32
    """

    object_id: NDArray[np.str_]
    band: NDArray[np.str_] | None
    window: NDArray[np.int64] | None
    values: NDArray[np.float32]


def pooled(
    values: NDArray[np.float32], row: NDArray[np.int64], pool: Literal["mean", "max"]
) -> NDArray[np.float32]:
    """Mean or maximum over the windows of each light curve.

    Parameters
    ----------
    values : (windows, dim)
    row : (windows,) light curve of each window, not decreasing

    Returns
    -------
    (light curves, dim)
    """
    _, first, count = np.unique(row, return_index=True, return_counts=True)
    if pool == "max":
        return np.maximum.reduceat(values, first)
    totals = np.add.reduceat(values, first, dtype=np.float64)
    return (totals / count[:, None]).astype(np.float32)


def to_write(out: str | Path, photometry: str | Path) -> Path:
    """The file ``out``, which is to be made from the file ``photometry``.

    Raises
    ------
    InputError
        It is a folder, or the photometry itself.
    """
    target = Path(out)
    if target.is_dir() or target.resolve() == Path(photometry).resolve():
        raise InputError(f"{out}: is a folder, or the photometry; give another file to write")
    return target


def write(path: Path, parts: Iterable[Embeddings], about: Mapping[str, Any]) -> int:
    """Write embeddings to a Parquet file, see `write_tables`."""
    return write_tables(path, map(_table, parts), about)


def write_tables(path: Path, tables: Iterable[pa.Table], about: Mapping[str, Any]) -> int:
    """Write tables to a Parquet file, a row group for each, whole or not at all.

    Parameters
    ----------
    path : of the file; an older one is replaced
    tables : of the same columns
    about : what they are, kept as JSON under ``nightjar`` in the file's metadata

    Returns
    -------
    rows written

    Raises
    ------
    ValueError
        There are no tables.
    """
    writer, rows = None, 0
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    metadata = {"nightjar": json.dumps(about, sort_keys=True)}
    try:
        for each in tables:
            table = each.replace_schema_metadata(metadata)
            writer = writer or pq.ParquetWriter(temporary, table.schema)
            writer.write_table(table)
            rows += len(table)
        if writer is None:
            raise ValueError("nothing to write")
        writer.close()
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _table(part: Embeddings) -> pa.Table:
    columns = {"object_id": pa.array(part.object_id.tolist(), pa.string())}
    if part.band is not None:
        columns["band"] = pa.array(part.band.tolist(), pa.string())
    if part.window is not None:
        columns["window"] = pa.array(part.window, pa.int32())
    flat = pa.array(part.values.ravel(), pa.float32())
    columns["embedding"] = pa.FixedSizeListArray.from_arrays(flat, part.values.shape[1])
    return pa.table(columns)
