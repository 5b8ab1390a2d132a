"""Master keys for tests, and logs under them."""

from pathlib import Path

from qanat.journal.frames import Frame, encode
from qanat.journal.seal import KEY_BYTES, MasterKey
from qanat.journal.sealed import SealedLog
from qanat.journal.sqlite import PAGE_BYTES, SqliteLog

NAME = "queues-0"
MASTER = MasterKey(b"\x01" * KEY_BYTES, "one")
OTHER_MASTER = MasterKey(b"\x02" * KEY_BYTES, "two")


def opened(
    path: Path, master: MasterKey = MASTER, name: str = NAME, page_bytes: int = PAGE_BYTES
) -> SealedLog:
    file = SqliteLog.open(path, page_bytes)
    try:
        return SealedLog.open(file, name, master)
    except BaseException:
        file.close()
        raise


def clear(position: int, records: bytes | None = None) -> bytes:
    """A frame as a node gives it to its log."""
    return encode(Frame(1, position, b"frame %d" % position if records is None else records))
