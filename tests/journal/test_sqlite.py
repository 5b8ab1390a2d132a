"""The log in a file: what was appended is what is read, and what is wrong is said."""

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qanat.journal.sqlite import LogFailed, SqliteLog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queues.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog.open(path)
    yield log
    log.close()


def frames(*positions: int) -> list[tuple[int, bytes]]:
    return [(position, f"frame {position}".encode()) for position in positions]


def fill(log: SqliteLog, *positions: int) -> None:
    for position, frame in frames(*positions):
        log.append(position, frame)


def reopened(log: SqliteLog) -> SqliteLog:
    log.close()
    return SqliteLog.open(log.path)


def tampered(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_a_new_log_is_empty_and_begins_at_one(log: SqliteLog) -> None:
    assert (list(log.replay()), log.trimmed_before(), log.read(1)) == ([], 1, None)


def test_frames_come_back_in_order_also_after_a_restart(log: SqliteLog) -> None:
    fill(log, *range(1, 12))
    assert list(log.replay()) == frames(*range(1, 12))
    assert log.read(10) == b"frame 10"
    again = reopened(log)
    assert list(again.replay()) == frames(*range(1, 12))
    again.append(12, b"frame 12")
    assert again.read(12) == b"frame 12"
    again.close()


@pytest.mark.parametrize("size", [0, 1, 4_096, 3_000_000])
def test_frames_of_any_size(log: SqliteLog, size: int) -> None:
    frame = bytes(range(256)) * (size // 256 + 1)
    log.append(1, frame[:size])
    assert log.read(1) == frame[:size]


@pytest.mark.parametrize(("before", "left"), [(1, [1, 2, 3]), (3, [3]), (4, [])])
def test_trim_drops_a_prefix_for_good(log: SqliteLog, before: int, left: list[int]) -> None:
    fill(log, 1, 2, 3)
    log.trim(before)
    for one in (log, again := reopened(log)):
        if one is again:
            assert (list(one.replay()), one.trimmed_before()) == (frames(*left), before)
    assert [again.read(position) is None for position in (1, 2, 3)] == [
        position < before for position in (1, 2, 3)
    ]
    fill(again, 4)
    assert list(again.replay()) == frames(*left, 4)
    again.close()


def test_trim_gives_space_back_to_the_file_system(log: SqliteLog) -> None:
    for position in range(1, 41):
        log.append(position, bytes(100_000))
    log.close()
    full_bytes = log.path.stat().st_size
    again = SqliteLog.open(log.path)
    for before in (21, 41, 41, 41, 41):  # at most _TRIM_PAGES at a time
        again.trim(before)
    again.close()
    assert full_bytes > 4_000_000
    assert log.path.stat().st_size < 200_000


def test_only_the_owner_may_read_the_log(log: SqliteLog) -> None:
    fill(log, 1)
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in log.path.parent.iterdir()}
    assert files == {"queues.sqlite": 0o600, "queues.sqlite-wal": 0o600}


def test_a_second_opener_is_refused(log: SqliteLog) -> None:
    fill(log, 1)
    with pytest.raises(LogFailed, match="cannot open the log"):
        SqliteLog.open(log.path)
    fill(log, 2)
    assert list(log.replay()) == frames(1, 2)


def test_another_process_is_refused_too(log: SqliteLog) -> None:
    program = (
        "import sys, pathlib; from qanat.journal.sqlite import *\n"
        "try: SqliteLog.open(pathlib.Path(sys.argv[1]))\n"
        "except LogFailed as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(log.path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"cannot open the log {log.path}: database is locked\n"


# -- what is wrong is said --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lost", "named"), [(1, 1), (2, 2), (3, 3)])
def test_a_frame_that_is_missing_is_found(log: SqliteLog, lost: int, named: int) -> None:
    fill(log, 1, 2, 3, 4)
    log.close()
    tampered(log.path, f"DELETE FROM log WHERE position = {lost}")
    again = SqliteLog.open(log.path)
    with pytest.raises(LogFailed, match=f"misses frame {named}$"):
        list(again.replay())
    again.close()


def test_frames_that_should_have_been_trimmed_are_found(log: SqliteLog) -> None:
    fill(log, 1, 2, 3)
    log.trim(3)
    log.close()
    tampered(log.path, "INSERT INTO log VALUES (1, x'00')")
    again = SqliteLog.open(log.path)
    with pytest.raises(LogFailed, match="misses frame 3"):
        list(again.replay())
    again.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE meta SET value = 'x'",
        "UPDATE meta SET value = x'00'",
        "ALTER TABLE log RENAME COLUMN frame TO other",
    ],
)
def test_a_log_of_another_shape_fails_as_a_log(log: SqliteLog, statement: str) -> None:
    fill(log, 1)
    log.close()
    tampered(log.path, statement)
    again = SqliteLog.open(log.path)
    with pytest.raises(LogFailed, match="cannot read the log"):
        list(again.replay())
    again.close()


@pytest.mark.parametrize("content", [b"not a database at all" * 500, b"\x00" * 4_096])
def test_a_file_that_is_no_log(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(LogFailed, match="cannot open the log"):
        SqliteLog.open(path)
    assert path.read_bytes() == content


def test_a_directory_that_is_not_there(path: Path) -> None:
    with pytest.raises(LogFailed, match="cannot open the log"):
        SqliteLog.open(path / "deeper")


def test_every_call_fails_as_a_log_once_it_is_closed(log: SqliteLog) -> None:
    log.close()
    for call in (
        lambda: log.append(1, b""),
        lambda: log.read(1),
        lambda: list(log.replay()),
        log.trimmed_before,
        lambda: log.trim(1),
    ):
        with pytest.raises(LogFailed):
            call()


def test_a_position_is_written_once(log: SqliteLog) -> None:
    fill(log, 1)
    with pytest.raises(LogFailed, match="cannot write to the log"):
        log.append(1, b"other")
    assert list(log.replay()) == frames(1)
