"""One frame: the records of one commit, with a header that says how to read them and whether they are whole.

Layout, big-endian: magic `QF`, format version (1 byte), record version (1 byte), the commit's time in milliseconds
since 1970 (8 bytes), CRC-32 of everything before and after it (4 bytes), then the records as `core` encoded them.
"""

import zlib
from struct import Struct
from typing import Final, NamedTuple

_MAGIC: Final = b"QF"
FORMAT_VERSION: Final = 1
"""Increment on any change of the layout above, keep the old reader, and store an old log under tests/data."""

_HEADER: Final = Struct(">2sBBQ")
_CHECK: Final = Struct(">I")
_RECORDS_AT: Final = _HEADER.size + _CHECK.size


class FrameDamaged(Exception):
    """The bytes are not a whole frame that this version can read."""


class Frame(NamedTuple):
    record_version: int
    at_ms: int
    records: bytes


def encode(frame: Frame) -> bytes:
    header = _HEADER.pack(_MAGIC, FORMAT_VERSION, frame.record_version, frame.at_ms)
    return header + _CHECK.pack(zlib.crc32(frame.records, zlib.crc32(header))) + frame.records


def decode(data: bytes) -> Frame:
    """Raises FrameDamaged; never returns records that differ from those encoded."""
    if len(data) < _RECORDS_AT:
        raise FrameDamaged(f"frame of {len(data)} bytes is shorter than its header")
    magic, version, record_version, at_ms = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        raise FrameDamaged("not a frame: its first bytes are wrong")
    if version != FORMAT_VERSION:
        raise FrameDamaged(
            f"frame format {version} is not known to this version, which writes {FORMAT_VERSION}"
        )
    records = data[_RECORDS_AT:]
    if (zlib.crc32(records, zlib.crc32(data[: _HEADER.size])),) != _CHECK.unpack_from(data, _HEADER.size):
        raise FrameDamaged("the checksum of a frame does not match")
    return Frame(record_version, at_ms, records)
