"""Tables of LevelDB (SSTables), the format of TensorFlow's checkpoint index.

A file is data blocks, an index block with the place of each, and a footer with the place of the
index; a block is entries whose keys leave out what they share with the key before
(github.com/google/leveldb, doc/table_format.md).
"""

from __future__ import annotations

from collections.abc import Iterator

from nightjar.published.wire import masked_crc, varint

FOOTER = 48
MAGIC = 0xDB4775248B80FB57
TRAILER = 5  # kind of compression, CRC


def read(data: bytes) -> dict[bytes, bytes]:
    """Every key and its value.

    Raises
    ------
    ValueError
        It is no such table, is truncated or damaged, or is compressed.
    """
    if len(data) < FOOTER or int.from_bytes(data[-8:], "little") != MAGIC:
        raise ValueError("no LevelDB table, or cut off: its last bytes are not the table's mark")
    footer, place = data[-FOOTER:], 0
    for _ in range(2):  # the meta index, which nothing here needs
        _, place = varint(footer, place)
    table: dict[bytes, bytes] = {}
    for _, place_of_block in _entries(_block(data, footer[place:])):
        table.update(_entries(_block(data, place_of_block)))
    return table


def _block(data: bytes, handle: bytes) -> bytes:
    """The block at ``handle``: its offset and length."""
    offset, place = varint(handle, 0)
    length, _ = varint(handle, place)
    end = offset + length
    if end + TRAILER > len(data):
        raise ValueError(f"a block ends at byte {end}, after the end of the file")
    stored = int.from_bytes(data[end + 1 : end + TRAILER], "little")
    if masked_crc(data[offset : end + 1]) != stored:
        raise ValueError(f"the checksum of the block at byte {offset} is wrong")
    if data[end] != 0:
        raise ValueError(f"the block at byte {offset} is compressed (kind {data[end]})")
    return data[offset:end]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (restarts + 1)
    if end < 0:
        raise ValueError("a block is shorter than its list of restarts")
    place, key = 0, b""
    while place < end:
        shared, place = varint(block, place)
        new, place = varint(block, place)
        length, place = varint(block, place)
        if shared > len(key) or place + new + length > end:
            raise ValueError("an entry does not fit its block")
        key = key[:shared] + block[place : place + new]
        place += new + length
        yield key, block[place - length : place]
