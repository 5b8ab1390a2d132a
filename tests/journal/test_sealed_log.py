"""Frames encrypted at rest: nothing in the clear, every change found, and no nonce used twice under a key."""

import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from journal.keys import MASTER, NAME, OTHER_MASTER, clear, opened
from qanat.journal import seal
from qanat.journal.frames import FrameDamaged
from qanat.journal.seal import DATA_KEY_BYTES_MAX, OVERHEAD_BYTES
from qanat.journal.sealed import MasterKeyWrong, SealedLog
from qanat.journal.sqlite import LogFailed, SqliteLog

SECRET = b"the body of a message, or the secret of a key"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queues-0.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[SealedLog]:
    log = opened(path)
    yield log
    log.close()


def fill(log: SealedLog, *positions: int) -> None:
    for position in positions:
        log.append(position, clear(position))


def clears(*positions: int) -> list[tuple[int, bytes]]:
    return [(position, clear(position)) for position in positions]


def edited(path: Path, edit: Callable[[sqlite3.Connection], object]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    edit(connection)
    connection.close()


def key_ids(path: Path) -> list[int]:
    """Of each frame that stands."""
    found: list[int] = []
    edited(
        path,
        lambda db: found.extend(int.from_bytes(row[0][12:16]) for row in db.execute("SELECT frame FROM log")),
    )
    return found


def test_frames_come_back_over_restarts(path: Path) -> None:
    for start in range(3):
        log = opened(path)
        assert list(log.replay()) == clears(*range(1, start * 3 + 1))
        fill(log, *range(start * 3 + 1, start * 3 + 4))
        assert log.read(1) == clear(1)
        assert log.read(start * 3 + 3) == clear(start * 3 + 3)
        assert log.read(99) is None
        log.close()
    assert key_ids(path) == [1, 1, 1, 2, 2, 2, 3, 3, 3], "each opening seals with a key of its own"


def test_nothing_in_the_clear_reaches_the_disk(tmp_path: Path, log: SealedLog, path: Path) -> None:
    for position in range(1, 40):
        log.append(position, clear(position, SECRET * position))
    log.trim(20)
    files = list(tmp_path.iterdir())
    assert {file.name for file in files} == {path.name, f"{path.name}-wal"}
    for file in files:
        assert SECRET not in file.read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    log.close()
    assert SECRET not in path.read_bytes()


def test_an_opening_that_writes_nothing_leaves_no_key(path: Path) -> None:
    for _ in range(3):
        opened(path).close()
    file = SqliteLog.open(path)
    assert file.data_keys() == []
    file.close()


# -- what is wrong is found, and told apart ---------------------------------------------------------------------


@pytest.mark.parametrize("index", [0, 2, 3, 4, 11, 12, 15, 16, 20, -16, -1])
def test_a_bit_that_flipped_on_the_disk_is_a_damaged_frame(path: Path, log: SealedLog, index: int) -> None:
    fill(log, 1, 2, 3)
    log.close()

    def flip(db: sqlite3.Connection) -> None:
        frame = bytearray(db.execute("SELECT frame FROM log WHERE position = 2").fetchone()[0])
        frame[index] ^= 0x10
        db.execute("UPDATE log SET frame = ? WHERE position = 2", (bytes(frame),))

    edited(path, flip)
    again = opened(path)
    with pytest.raises(FrameDamaged, match=f"frame 2 of the log {path} is damaged"):
        list(again.replay())
    with pytest.raises(FrameDamaged):
        again.read(2)
    assert again.read(3) == clear(3)
    again.close()


SWAPPED = """
UPDATE log SET position = 99 WHERE position = 2;
UPDATE log SET position = 2 WHERE position = 3;
UPDATE log SET position = 3 WHERE position = 99;
"""
WRITTEN_TWICE = "UPDATE log SET frame = (SELECT frame FROM log WHERE position = 1) WHERE position = 2;"


@pytest.mark.parametrize("change", [SWAPPED, WRITTEN_TWICE], ids=["swapped", "written twice"])
def test_a_frame_at_another_position_is_refused(path: Path, log: SealedLog, change: str) -> None:
    fill(log, 1, 2, 3)
    log.close()
    edited(path, lambda db: db.executescript(change))
    again = opened(path)
    with pytest.raises(FrameDamaged, match=r"frame 2 .* belongs to another place"):
        list(again.replay())
    again.close()


def test_a_frame_of_another_log_is_refused(path: Path, tmp_path: Path, log: SealedLog) -> None:
    """Also where the other log's key comes with it: both are bound to the log's name."""
    fill(log, 1)
    log.close()
    shutil.copy(path, tmp_path / "control.sqlite")
    with pytest.raises(LogFailed, match="data key 1 is damaged"):
        opened(tmp_path / "control.sqlite", name="control")
    again = opened(path)
    assert list(again.replay()) == clears(1)
    again.close()


def test_another_master_key_is_named_and_changes_nothing(path: Path, log: SealedLog) -> None:
    fill(log, 1, 2)
    log.close()
    with pytest.raises(MasterKeyWrong) as raised:
        opened(path, OTHER_MASTER)
    for said in (str(path), "two", OTHER_MASTER.id.hex(), MASTER.id.hex()):
        assert said in str(raised.value)
    again = opened(path)
    assert list(again.replay()) == clears(1, 2)
    again.close()


@pytest.mark.parametrize("at", [0, 12, -1])
def test_a_damaged_data_key_is_no_wrong_master_key(path: Path, log: SealedLog, at: int) -> None:
    fill(log, 1)
    log.close()

    def flip(db: sqlite3.Connection) -> None:
        wrapped = bytearray(db.execute("SELECT wrapped FROM data_keys").fetchone()[0])
        wrapped[at] ^= 1
        db.execute("UPDATE data_keys SET wrapped = ?", (bytes(wrapped),))

    edited(path, flip)
    with pytest.raises(LogFailed, match=f"the log {path} is damaged: data key 1"):
        opened(path)


@pytest.mark.parametrize("wrapped", [b"", b"short", b"x" * 12])
def test_a_data_key_that_is_none(path: Path, log: SealedLog, wrapped: bytes) -> None:
    fill(log, 1)
    log.close()
    edited(path, lambda db: db.execute("UPDATE data_keys SET wrapped = ?", (wrapped,)))
    with pytest.raises(LogFailed, match="data key 1 is damaged"):
        opened(path)


def test_a_data_key_that_is_lost(path: Path) -> None:
    for position in (1, 2):
        log = opened(path)
        fill(log, position)
        log.close()
    edited(path, lambda db: db.execute("DELETE FROM data_keys WHERE key_id = 1"))
    log = opened(path)
    with pytest.raises(FrameDamaged, match="names data key 1, which the log does not have"):
        list(log.replay())
    log.close()
    edited(path, lambda db: db.execute("INSERT INTO data_keys VALUES (1, x'00', x'00', 1)"))
    with pytest.raises(LogFailed, match="data key 1 is not wrapped by its master key"):
        opened(path)


# -- data keys come and go --------------------------------------------------------------------------------------


def test_a_data_key_seals_so_much_and_no_more(path: Path) -> None:
    file = SqliteLog.open(path)
    frame_bytes = len(clear(1)) + OVERHEAD_BYTES
    log = SealedLog.open(file, NAME, MASTER, data_key_bytes_max=3 * frame_bytes)
    fill(log, *range(1, 9))
    assert list(log.replay()) == clears(*range(1, 9))
    log.close()
    assert key_ids(path) == [1, 1, 1, 2, 2, 2, 3, 3]


def test_the_bound_is_that_of_its_reason() -> None:
    assert DATA_KEY_BYTES_MAX == 2**32 * 16
    assert OVERHEAD_BYTES >= 16, "a frame counts as a block at least, so frames stay within 2^32 too"


def test_keys_of_trimmed_frames_go_and_others_stay(path: Path) -> None:
    for first in (1, 4, 7):
        log = opened(path)
        fill(log, first, first + 1, first + 2)
        log.close()
    for before, left in ((1, [1, 2, 3]), (3, [1, 2, 3]), (4, [2, 3]), (6, [2, 3]), (7, [3]), (10, [3])):
        file = SqliteLog.open(path)
        log = SealedLog.open(file, NAME, MASTER)
        log.trim(before)
        assert [key.key_id for key in file.data_keys()] == left
        assert list(log.replay()) == clears(*range(before, 10))
        log.close()
    log = opened(path)
    fill(log, 10)
    log.close()
    assert key_ids(path) == [4], "an id is not given twice"


def test_a_failed_append_leaves_neither_frame_nor_key(path: Path) -> None:
    fill(first := opened(path), 1)
    first.close()
    file = SqliteLog.open(path)
    log = SealedLog.open(file, NAME, MASTER)
    log_of_one = file.data_keys()
    edit = file._connection.execute
    edit("CREATE TEMP TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(LogFailed, match="disk full"):
        log.append(2, clear(2))
    assert (file.data_keys(), list(log.replay())) == (log_of_one, clears(1))
    edit("DROP TRIGGER full")
    with pytest.raises(LogFailed, match="frame 2 was sealed before"):
        log.append(2, clear(2))
    log.close()


# -- no nonce twice ---------------------------------------------------------------------------------------------


@pytest.fixture
def uses(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    """(key, nonce) of everything that is encrypted from here on."""
    found: list[tuple[bytes, bytes]] = []

    class Recording:
        def __init__(self, secret: bytes) -> None:
            self.secret = secret
            self.box = AESGCM(secret)
            self.decrypt = self.box.decrypt

        def encrypt(self, nonce: bytes, data: Any, about: bytes) -> bytes:
            found.append((self.secret, nonce))
            return self.box.encrypt(nonce, data, about)

    monkeypatch.setattr(seal, "AESGCM", Recording)
    return found


def test_no_nonce_repeats_over_restarts_crashes_and_copies(
    tmp_path: Path, uses: list[tuple[bytes, bytes]]
) -> None:
    """After a crash a position is written again with other content; a copy of the directory goes its own way."""
    path, left = tmp_path / "a.sqlite", tmp_path / "left"
    next_position = 1
    for life in range(6):
        log = opened(path)
        for number in range(4):
            if number == 2:  # what a crash would leave: the frames after this are lost
                left.mkdir()
                for file in tmp_path.glob("a.sqlite*"):
                    shutil.copy(file, left)
            log.append(next_position + number, clear(next_position + number, b"life %d" % life))
        if life == 3:
            log.trim(next_position)
        log.close()
        if life % 2:
            next_position += 4
        else:
            for file in tmp_path.glob("a.sqlite*"):
                file.unlink()
            for file in left.iterdir():
                file.rename(tmp_path / file.name)
            next_position += 2
        shutil.rmtree(left)
    frames = [use for use in uses if use[1][:4] == bytes(4)]
    assert len(frames) == 24
    assert len({nonce for _, nonce in frames}) < 24, "positions did repeat"
    assert len(set(uses)) == len(uses)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=12))
def test_an_opening_never_seals_a_position_again(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int]
) -> None:
    log = opened(tmp_path_factory.mktemp("log") / "a.sqlite")
    newest, position = 0, 1
    for step in steps:
        if position > newest:
            log.append(position, clear(position))
            newest = position
        else:
            with pytest.raises(LogFailed, match="was sealed before"):
                log.append(position, clear(position))
        position = max(1, position + step)
    log.close()
