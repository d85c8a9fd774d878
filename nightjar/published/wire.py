"""Numbers in byte strings as TensorFlow and LevelDB write them: varints, protocol buffers, CRCs."""

from __future__ import annotations

from collections.abc import Iterator

_POLYNOMIAL = 0x82F63B78  # CRC-32C (Castagnoli), bits reversed
_MASK = 0xA282EAD8  # LevelDB's, so that the CRC of data that hold CRCs is no special case
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types


def varint(data: bytes, start: int) -> tuple[int, int]:
    """An unsigned number of seven bits a byte, lowest first, and where it ends.

    Raises
    ------
    ValueError
        The data end within the number, or it has more than 64 bits.
    """
    value = 0
    for i in range(10):
        if start + i >= len(data):
            raise ValueError("ends within a number")
        byte = data[start + i]
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value, start + i + 1
    raise ValueError("a number has more than 64 bits")


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of every field of a protocol-buffer message, in order.

    Fixed-width numbers come as their little-endian integer, strings and messages as bytes.

    Raises
    ------
    ValueError
        It is no protocol-buffer message, or is cut off.
    """
    place = 0
    while place < len(message):
        tag, place = varint(message, place)
        kind = tag & 7
        if kind == VARINT:
            value, place = varint(message, place)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            length, place = varint(message, place)
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
        else:
            raise ValueError(f"a field of the unknown wire type {kind}")
        content = message[place : place + length]
        if len(content) < length:
            raise ValueError("ends within a field")
        place += length
        yield tag >> 3, content if kind == BYTES else int.from_bytes(content, "little")


def _table() -> list[int]:
    table = list(range(256))
    for _ in range(8):
        table = [(value >> 1) ^ (_POLYNOMIAL if value & 1 else 0) for value in table]
    return table


_TABLE = _table()


def masked_crc(data: bytes) -> int:
    """CRC-32C of ``data``, masked as LevelDB stores it: some 0.1 s a megabyte."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF
