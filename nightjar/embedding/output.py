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


def write(path: Path, parts: Iterable[Embeddings], about: Mapping[str, Any]) -> int:
    """Write embeddings to a Parquet file, a row group for each part, whole or not at all.

    Parameters
    ----------
    path : of the file; an older one is replaced
    parts : the embeddings
    about : what they are, kept as JSON under ``nightjar`` in the file's metadata

    Returns
    -------
    rows written

    Raises
    ------
    ValueError
        There are no parts.
    """
    writer, rows = None, 0
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        for part in parts:
            table = _table(part, about)
            writer = writer or pq.ParquetWriter(temporary, table.schema)
            writer.write_table(table)
            rows += len(table)
        if writer is None:
            raise ValueError("no embeddings to write")
        writer.close()
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _table(part: Embeddings, about: Mapping[str, Any]) -> pa.Table:
    columns = {"object_id": pa.array(part.object_id.tolist(), pa.string())}
    if part.band is not None:
        columns["band"] = pa.array(part.band.tolist(), pa.string())
    if part.window is not None:
        columns["window"] = pa.array(part.window, pa.int32())
    flat = pa.array(part.values.ravel(), pa.float32())
    columns["embedding"] = pa.FixedSizeListArray.from_arrays(flat, part.values.shape[1])
    text = json.dumps(about, sort_keys=True)
    return pa.table(columns).replace_schema_metadata({"nightjar": text})
