"""One frame in the clear: the records of one commit, with a header that says how to read them.

Layout, big-endian: magic `QF`, format version (1 byte), record version (1 byte), the commit's time in milliseconds
since 1970 (8 bytes), then the records as `core` encoded them. No frame goes to the disk like this: `seal` encrypts
it, and what `seal` adds is also what proves that a frame is whole.
"""

from struct import Struct
from typing import Final, NamedTuple

_MAGIC: Final = b"QF"
FORMAT_VERSION: Final = 2
"""Increment on any change of the layout above or of `seal`, keep the old reader, and store an old log under tests/data.

Version 1 was not encrypted, and no release wrote it."""

_HEADER: Final = Struct(">2sBBQ")
HEADER_BYTES: Final = _HEADER.size


class FrameDamaged(Exception):
    """The bytes are not a whole frame that this version can read."""


class Frame(NamedTuple):
    record_version: int
    at_ms: int
    records: bytes


def encode(frame: Frame) -> bytes:
    return _HEADER.pack(_MAGIC, FORMAT_VERSION, frame.record_version, frame.at_ms) + frame.records


def decode(data: bytes) -> Frame:
    """Raises FrameDamaged where the header cannot be one of ours; whether the records are whole, `unseal` has said."""
    record_version, at_ms = check_header(data)
    return Frame(record_version, at_ms, data[HEADER_BYTES:])


def check_header(data: bytes) -> tuple[int, int]:
    """(record version, time) of a frame, sealed or not. Raises FrameDamaged."""
    if len(data) < HEADER_BYTES:
        raise FrameDamaged(f"{len(data)} bytes are less than its header")
    magic, version, record_version, at_ms = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        raise FrameDamaged("not a frame: its first bytes are wrong")
    if version != FORMAT_VERSION:
        raise FrameDamaged(
            f"frame format {version} is not known to this version, which writes {FORMAT_VERSION}"
        )
    return record_version, at_ms
