"""Parquet files as chunks of canonical columns: only the columns needed, never a whole file."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nightjar.columns import one_line
from nightjar.errors import InputError

ROWS = 500_000  # of photometry: some 20 MB
SPECTRA = 1000
BUFFER = 1 << 20  # read-ahead in bytes; pre-buffering would hold every row group read so far
_BROKEN = (pa.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError)


def open_table(path: Path) -> pq.ParquetFile:
    """Open a Parquet file; `InputError` where it is missing, truncated, or something else."""
    try:
        file = pq.ParquetFile(path)
        text = [
            field.name
            for field in file.schema_arrow
            if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        ]
        return pq.ParquetFile(path, read_dictionary=text, pre_buffer=False, buffer_size=BUFFER)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except _BROKEN as error:
        raise _broken(path, error) from None


def read_table(path: Path) -> pd.DataFrame:
    """A whole table of objects under its own names."""
    try:
        return pq.read_table(path).to_pandas(ignore_metadata=True)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except _BROKEN as error:
        raise _broken(path, error) from None


def _broken(path: Path, error: BaseException) -> InputError:
    return InputError(
        f"{path}: truncated, or no Parquet file ({one_line(error)}); fetch or write it again"
    )


def chunks(
    file: pq.ParquetFile, names: dict[str, str], rows: int, where: str
) -> Iterator[pd.DataFrame]:
    """Batches of the columns in ``names`` (raw -> canonical); the index is the row in the file."""
    start = 0
    try:
        for batch in file.iter_batches(batch_size=rows, columns=list(names)):
            frame = batch.to_pandas(ignore_metadata=True).rename(columns=names)
            frame.index = pd.RangeIndex(start, start + len(frame))
            start += len(frame)
            yield frame
    except InputError:
        raise
    except _BROKEN as error:
        raise InputError(
            f"{where}: damaged after row {start} ({one_line(error)}); fetch it again"
        ) from None


def columns(file: pq.ParquetFile) -> list[str]:
    """Names of the columns of a Parquet file."""
    return list(file.schema_arrow.names)


def only(names: dict[str, str], wanted: Collection[str]) -> dict[str, str]:
    """The part of a raw -> canonical map whose canonical names are ``wanted``."""
    return {raw: name for raw, name in names.items() if name in wanted}
