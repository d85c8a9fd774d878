"""TensorFlow checkpoints: an index of names, types, shapes and places, and files of raw numbers.

The index is a LevelDB table of protocol buffers (tensorflow/core/protobuf/tensor_bundle.proto).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightjar.errors import InputError
from nightjar.published import leveldb
from nightjar.published.wire import fields, masked_crc

# tensorflow/core/framework/types.proto; what else a network of numbers never holds
DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 19: "<f2"}
STRING = 7


@dataclass(frozen=True)
class Entry:
    """What the index says of a variable."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    crc: int
    sliced: bool

    @classmethod
    def of(cls, message: bytes) -> Entry:
        """From a BundleEntryProto; a field that is left out is 0."""
        found = dict(fields(message))
        numbers = {key: value for key, value in found.items() if isinstance(value, int)}
        shape = found.get(2, b"")
        if not isinstance(shape, bytes):
            raise ValueError("the shape is no message")
        return cls(
            dtype=numbers.get(1, 0),
            shape=tuple(_size(dim) for key, dim in fields(shape) if key == 2),
            shard=numbers.get(3, 0),
            offset=numbers.get(4, 0),
            size=numbers.get(5, 0),
            crc=numbers.get(6, 0),
            sliced=7 in found,
        )


def _size(dim: int | bytes) -> int:
    size = dict(fields(dim)).get(1, 0) if isinstance(dim, bytes) else None
    if not isinstance(size, int):
        raise ValueError("a dimension has no size")
    return size


def read(index: bytes, shards: Mapping[int, bytes], where: str) -> dict[str, NDArray]:
    """Every numeric variable of a checkpoint under its name.

    Parameters
    ----------
    index : content of ``<name>.index``
    shards : content of ``<name>.data-<i>-of-<n>`` by i
    where : the index file, for messages

    Raises
    ------
    InputError
        A file is truncated or damaged, a shard is missing, or a variable is of an unknown type,
        does not lie in its shard, or does not have its checksum.
    """
    try:
        table = leveldb.read(index)
        header = dict(fields(table.pop(b"", b"")))
        entries = {key.decode(): Entry.of(value) for key, value in table.items()}
    except ValueError as error:
        raise InputError(
            f"{where}: no readable TensorFlow checkpoint index: {error}; fetch it again"
        ) from None
    if header.get(2, 0) != 0:
        raise InputError(f"{where}: its numbers are big-endian, which nightjar does not read")
    count = header.get(1, 0)
    expected = count if isinstance(count, int) else 0
    if not expected or set(shards) != set(range(expected)):
        raise InputError(
            f"{where}: the checkpoint has {expected} data files (.data-00000-of-...), "
            f"{len(shards)} lie beside it; fetch all of them"
        )
    return {
        name: _array(entry, shards, f"{where}: variable {name!r}")
        for name, entry in entries.items()
        if entry.dtype != STRING  # the graph of objects
    }


def _array(entry: Entry, shards: Mapping[int, bytes], where: str) -> NDArray:
    if entry.dtype not in DTYPES:
        raise InputError(
            f"{where}: of the unknown type {entry.dtype} of TensorFlow; known are floats and "
            "whole numbers of 2 to 8 bytes"
        )
    if entry.sliced:
        raise InputError(f"{where}: stored in slices, which nightjar does not read")
    dtype = np.dtype(DTYPES[entry.dtype])
    if entry.size != dtype.itemsize * math.prod(entry.shape):
        raise InputError(
            f"{where}: {entry.size} bytes are no {dtype.name} array of the shape {entry.shape}"
        )
    content = shards.get(entry.shard, b"")[entry.offset : entry.offset + entry.size]
    if len(content) < entry.size:
        raise InputError(
            f"{where}: it ends at byte {entry.offset + entry.size}, after the end of its data "
            "file, which is truncated; fetch it again"
        )
    if masked_crc(content) != entry.crc:
        raise InputError(f"{where}: its checksum is wrong: the data file is damaged")
    return np.frombuffer(content, dtype).reshape(entry.shape)
