"""A log cut at any byte, as a lost power supply may leave it, gives back a prefix of what was appended, and its keys.

The cut goes through SQLite's write-ahead log, where the newest frames stand. What had been synced before the cut, and
so was acknowledged, is in that prefix.
"""

import sqlite3
from pathlib import Path
from typing import NamedTuple

import pytest

from journal.keys import clear, opened

PAGE_BYTES = 512
"""The least that SQLite takes: frames span pages, and the write-ahead log is short enough to cut all over."""
WAL_HEADER_BYTES = 32
WAL_PAGE_BYTES = 24 + PAGE_BYTES
"""A page in the write-ahead log has a header of its own (sqlite.org/fileformat2.html#walformat)."""
FRAMES = [(position, clear(position, bytes([position]) * (position * 67))) for position in range(1, 11)]
TRIMMED_BEFORE = 4


class Step(NamedTuple):
    """Once the write-ahead log is so long, the log is known to begin and end there."""

    wal_bytes: int
    first: int
    last: int


class Written(NamedTuple):
    database: bytes
    wal: bytes
    steps: list[Step]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Ten frames, and a trim after the eighth; taken while the log is open, as a crash would."""
    path = tmp_path_factory.mktemp("written") / "log.sqlite"
    with sqlite3.connect(path, isolation_level=None) as connection:
        for pragma in (f"page_size={PAGE_BYTES}", "auto_vacuum=INCREMENTAL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("VACUUM")
    connection.close()
    log, wal = opened(path), path.with_name("log.sqlite-wal")
    steps, first = [Step(0, 1, 0)], 1
    for position, frame in FRAMES:
        log.append(position, frame)
        steps.append(Step(wal.stat().st_size, first, position))
        if position == 8:
            log.trim(TRIMMED_BEFORE)
            first = TRIMMED_BEFORE
            steps.append(Step(wal.stat().st_size, first, position))
    files = Written(path.read_bytes(), wal.read_bytes(), steps)
    log.close()
    assert len(files.database) == PAGE_BYTES, "no checkpoint came in between, and the page size was taken"
    assert [step.wal_bytes for step in steps] == sorted({step.wal_bytes for step in steps})
    return files


def recovered(tmp_path: Path, database: bytes, wal: bytes) -> tuple[int, list[tuple[int, bytes]]]:
    path = tmp_path / "log.sqlite"
    path.write_bytes(database)
    path.with_name("log.sqlite-wal").write_bytes(wal)
    log = opened(path)
    found = log.trimmed_before(), list(log.replay())
    log.close()
    return found


def cuts(written: Written) -> list[int]:
    """Every byte of the newest pages, every byte near a boundary, and others: opening a log takes milliseconds."""
    whole = len(written.wal)
    boundaries = {0, WAL_HEADER_BYTES, *range(WAL_HEADER_BYTES, whole, WAL_PAGE_BYTES), whole}
    boundaries |= {step.wal_bytes for step in written.steps}
    near = {boundary + offset for boundary in boundaries for offset in range(-2, 26)}
    newest = range(whole - 4 * WAL_PAGE_BYTES, whole + 1)
    return sorted(cut for cut in {*near, *newest, *range(0, whole, 41)} if 0 <= cut <= whole)


def test_a_log_cut_anywhere_leaves_a_prefix(written: Written, tmp_path: Path) -> None:
    for cut in cuts(written):
        first, found = recovered(tmp_path, written.database, written.wal[:cut])
        known = max(step for step in written.steps if step.wal_bytes <= cut)
        assert first in (known.first, TRIMMED_BEFORE), cut
        last = first + len(found) - 1
        assert found == FRAMES[first - 1 : last], cut
        assert last >= known.last, f"what was durable is lost at {cut}"


def test_a_log_that_was_cut_goes_on(written: Written, tmp_path: Path) -> None:
    for step in written.steps:
        for cut in (step.wal_bytes, step.wal_bytes - 1):
            if cut < 0:
                continue
            first, found = recovered(tmp_path, written.database, written.wal[:cut])
            next_position = first + len(found)
            log = opened(tmp_path / "log.sqlite")
            log.append(next_position, clear(next_position, b"next"))
            assert list(log.replay()) == [*found, (next_position, clear(next_position, b"next"))]
            log.close()


@pytest.mark.parametrize("bytes_before_the_end", [1, 100, 511, 535])
def test_a_newest_page_that_was_torn_is_as_if_it_were_not_there(
    written: Written, tmp_path: Path, bytes_before_the_end: int
) -> None:
    """The length may be on the disk before the bytes are: zeros, or what stood in that place before."""
    for filler in (b"\x00", b"\xa5"):
        wal = written.wal[:-bytes_before_the_end] + filler * bytes_before_the_end
        first, found = recovered(tmp_path, written.database, wal)
        assert found == FRAMES[first - 1 : first - 1 + len(found)]
        assert first + len(found) - 1 >= 9
