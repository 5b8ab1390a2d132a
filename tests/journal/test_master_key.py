"""The master key's file: made once, for its owner alone, and never where another is needed."""

import os
import stat
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from journal.keys import MASTER, clear
from qanat.journal import master_key
from qanat.journal.master_key import MasterKeyMissing, MasterKeyUnusable
from qanat.journal.sealed import SealedLog
from qanat.journal.sqlite import SqliteLog

TEXT = b64encode(b"\x07" * 32).decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "master.key"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog.open(tmp_path / "control.sqlite")
    yield log
    log.close()


def test_it_is_made_at_the_first_start_and_read_ever_after(path: Path, log: SqliteLog) -> None:
    made = master_key.open_or_make(path, [log])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert master_key.open_or_make(path, [log]).id == made.id
    assert master_key.from_text(path.read_text(), "the environment").id == made.id
    assert [file.name for file in path.parent.iterdir() if "key" in file.name] == ["master.key"]


def test_no_two_are_alike(tmp_path: Path, log: SqliteLog) -> None:
    keys = {master_key.open_or_make(tmp_path / str(number), [log]).id for number in range(8)}
    assert len(keys) == 8


def test_none_is_made_where_a_log_needs_one(path: Path, log: SqliteLog, tmp_path: Path) -> None:
    SealedLog.open(log, "control", MASTER).append(1, clear(1))
    empty = SqliteLog.open(tmp_path / "queues-0.sqlite")
    with pytest.raises(MasterKeyMissing) as raised:
        master_key.open_or_make(path, [empty, log])
    assert f"{path} is not there" in str(raised.value)
    assert f"{log.path} cannot be read without it" in str(raised.value)
    assert not path.exists()
    empty.close()


def test_a_first_start_that_was_cut_off_is_begun_again(path: Path, log: SqliteLog) -> None:
    """The logs are there but empty, and a part of a key lies beside the place of the key."""
    path.with_name("master.key.new").write_text("AB")
    assert master_key.open_or_make(path, [log]).id == master_key.from_text(path.read_text(), "x").id


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o777])
def test_a_key_that_is_open_to_others_is_refused(path: Path, mode: int) -> None:
    path.write_text(TEXT)
    path.chmod(mode)
    with pytest.raises(MasterKeyUnusable, match=f"{path} has mode 0{mode:o}, .* chmod 600"):
        master_key.read(path)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_of_its_owner_is_read(path: Path, mode: int) -> None:
    path.write_text(TEXT)
    path.chmod(mode)
    assert master_key.read(path) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        TEXT[:-4],
        TEXT + "AAAA",
        TEXT[:5] + "*" + TEXT[6:],
        "é" * 44,
        TEXT + " " * 2_000 + TEXT,
        "\x00",
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)
    if text.endswith(TEXT):
        text = "x"  # a file is read so far and no further; as a variable it is one text
    else:
        with pytest.raises(MasterKeyUnusable, match="is not base64 of 32 bytes") as raised:
            master_key.read(path)
        assert raised.value.__cause__ is None
        assert text[:6] == "" or text[:6] not in str(raised.value).replace(str(path), "")
    with pytest.raises(MasterKeyUnusable, match="the master key of THE_VARIABLE is not base64"):
        master_key.from_text(text, "THE_VARIABLE")


def test_a_key_does_not_show_itself() -> None:
    key = master_key.from_text(TEXT, "x")
    assert TEXT not in repr(key)
    assert repr(b"\x07" * 32)[2:-1] not in repr(key)


def test_a_pipe_is_refused_and_not_waited_for(path: Path) -> None:
    os.mkfifo(path, 0o600)
    with pytest.raises(MasterKeyUnusable, match="is not a file"):
        master_key.read(path)


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    path.symlink_to(tmp_path / "disk" / "k")
    first = master_key.open_or_make(path, [])
    master_key.make_beside(path)
    master_key.put_in_place(path)
    second = master_key.read(path)
    assert second is not None
    assert second.id != first.id
    assert path.is_symlink()
    assert [file.name for file in (tmp_path / "disk").iterdir()] == ["k"]
