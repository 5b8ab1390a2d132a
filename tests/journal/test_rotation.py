"""A new master key, and a kill at any moment of making it: some key that the operator has opens all logs, always."""

import subprocess
import sys
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

import pytest

from journal import rotation_killed
from journal.keys import MASTER, OTHER_MASTER, clear
from qanat.app import LOGS, log_path
from qanat.journal import master_key
from qanat.journal.master_key import MasterKeyMissing, MasterKeyUnusable
from qanat.journal.rotation import Rotated, rotate_file, rotate_given
from qanat.journal.seal import KEY_BYTES, MasterKey
from qanat.journal.sealed import MasterKeyWrong, SealedLog
from qanat.journal.sqlite import LogFailed, SqliteLog

FRAMES = [(position, clear(position)) for position in range(1, 7)]
SECRETS = [b"\x01" * KEY_BYTES, b"\x02" * KEY_BYTES]
"""Those of MASTER and OTHER_MASTER."""


def opened(directory: Path) -> dict[str, SqliteLog]:
    return {name: SqliteLog.open(log_path(directory, name)) for name in LOGS}


def closed(logs: dict[str, SqliteLog]) -> None:
    for log in logs.values():
        log.close()


def written(directory: Path, master: MasterKey, positions: Sequence[int]) -> None:
    """Those frames in each log, under a data key of their own."""
    logs = opened(directory)
    for name, log in logs.items():
        sealed = SealedLog.open(log, name, master)
        for position in positions:
            sealed.append(position, clear(position))
    closed(logs)


def is_read_by(directory: Path, master: MasterKey) -> bool:
    """Whether `master` opens all logs; then all must be there."""
    logs = opened(directory)
    try:
        found = [list(SealedLog.open(log, name, master).replay()) for name, log in logs.items()]
    except (MasterKeyWrong, LogFailed):
        return False
    finally:
        closed(logs)
    assert found == [FRAMES] * len(LOGS)
    return True


def rotated(directory: Path, given: tuple[MasterKey, MasterKey] | None = None) -> Rotated:
    logs = opened(directory)
    try:
        if given is not None:
            return rotate_given(logs, *given)
        return rotate_file(logs, directory / "master.key")
    finally:
        closed(logs)


def key_of(directory: Path) -> MasterKey:
    key = master_key.read(directory / "master.key")
    assert key is not None
    return key


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """Two logs with two data keys each, under the key in the file `master.key`."""
    directory = tmp_path / "start"
    directory.mkdir()
    master = master_key.open_or_make(directory / "master.key", [])
    written(directory, master, [1, 2, 3])
    written(directory, master, [4, 5, 6])
    return directory


@pytest.fixture
def given_start(tmp_path: Path) -> Path:
    """The same under MASTER, which is in no file."""
    directory = tmp_path / "start"
    directory.mkdir()
    written(directory, MASTER, [1, 2, 3])
    written(directory, MASTER, [4, 5, 6])
    return directory


def test_the_new_key_opens_all_and_the_old_one_nothing(start: Path) -> None:
    old = key_of(start)
    logs = opened(start)
    wraps = [key.wrapped for log in logs.values() for key in log.data_keys()]
    closed(logs)
    done = rotated(start)
    new = key_of(start)
    assert (done.old.id, done.new.id, done.data_keys) == (old.id, new.id, dict.fromkeys(LOGS, 2))
    assert new.id != old.id
    assert is_read_by(start, new)
    assert not is_read_by(start, old)
    assert sorted(file.name for file in start.iterdir()) == [
        "control.sqlite",
        "master.key",
        "queues-0.sqlite",
    ]
    content = b"".join(file.read_bytes() for file in start.iterdir())
    assert len(wraps) == 4
    for wrapped in wraps:
        assert wrapped not in content, "the old key and an old wrap would still give the data key"


def test_a_log_goes_on_under_the_new_key_with_a_new_data_key(start: Path) -> None:
    rotated(start)
    logs = opened(start)
    for name, log in logs.items():
        sealed = SealedLog.open(log, name, key_of(start))
        assert not sealed.has_other_master_keys
        sealed.append(7, clear(7))
        assert list(sealed.replay()) == [*FRAMES, (7, clear(7))]
        assert [key.key_id for key in log.data_keys()] == [1, 2, 3]
    closed(logs)


def test_it_can_be_done_again_and_again(start: Path) -> None:
    ids = {key_of(start).id, *(rotated(start).new.id for _ in range(4))}
    assert len(ids) == 5
    assert is_read_by(start, key_of(start))


def test_with_the_wrong_key_nothing_changes(start: Path) -> None:
    right = (start / "master.key").read_bytes()
    (start / "master.key").unlink()
    with pytest.raises(MasterKeyMissing):
        rotated(start)
    wrong = master_key.open_or_make(start / "master.key", [])
    with pytest.raises(MasterKeyWrong):
        rotated(start)
    assert key_of(start).id == wrong.id
    with pytest.raises(MasterKeyWrong):
        rotated(start, (MASTER, OTHER_MASTER))
    (start / "master.key").write_bytes(right)
    assert is_read_by(start, key_of(start))


def test_keys_that_the_operator_keeps(given_start: Path) -> None:
    done = rotated(given_start, (MASTER, OTHER_MASTER))
    assert (done.old, done.new, done.data_keys) == (MASTER, OTHER_MASTER, dict.fromkeys(LOGS, 2))
    assert is_read_by(given_start, OTHER_MASTER)
    assert not is_read_by(given_start, MASTER)
    with pytest.raises(MasterKeyUnusable, match="is the old one"):
        rotated(given_start, (OTHER_MASTER, OTHER_MASTER))


def killed(directory: Path, *given: str) -> list[Path]:
    """The directories that a rotation killed at each of its lines left, and of the one that came to its end."""
    done = subprocess.run(
        [sys.executable, rotation_killed.__file__, str(directory), *given],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [directory / str(line) for line in range(1, int(done.stdout) + 1)]


@pytest.mark.slow
def test_a_rotation_killed_at_any_line_leaves_logs_that_the_key_file_opens(start: Path) -> None:
    old = key_of(start)
    *left, whole = killed(start.parent)
    assert len(left) > 60, "every line of the rotation is one"
    both = 0
    for directory in left:
        in_place = key_of(directory)
        assert is_read_by(directory, in_place), directory
        both += in_place.id != old.id and is_read_by(directory, old)
    assert both, "the time between the new key in its place and the end of the old one was hit"
    assert not is_read_by(whole, old)
    for directory in left[::4]:
        goes_on_and_is_rotated(directory)
        assert not is_read_by(directory, old)


def goes_on_and_is_rotated(directory: Path) -> None:
    """A server runs with what a kill left, and the next rotation ends it."""
    interim = key_of(directory)
    written(directory, interim, [7])
    assert rotated(directory).old.id == interim.id
    logs = opened(directory)
    for name, log in logs.items():
        sealed = SealedLog.open(log, name, key_of(directory))
        assert not sealed.has_other_master_keys
        assert list(sealed.replay()) == [*FRAMES, (7, clear(7))]
    closed(logs)
    assert not (directory / "master.key.new").exists()


@pytest.mark.slow
def test_keys_that_the_operator_keeps_open_all_after_a_kill_at_any_line(given_start: Path) -> None:
    *left, _ = killed(given_start.parent, *(b64encode(secret).decode() for secret in SECRETS))
    assert len(left) > 30
    seen = set()
    for directory in left:
        opens = is_read_by(directory, MASTER), is_read_by(directory, OTHER_MASTER)
        assert any(opens), directory
        seen.add(opens)
    assert seen == {(True, False), (True, True), (False, True)}
    for number, directory in enumerate(left[::3]):
        if number % 2:
            # Whichever key a server ran with, its new data key is wrapped by that one alone.
            written(directory, MASTER if is_read_by(directory, MASTER) else OTHER_MASTER, [7])
        rotated(directory, (MASTER, OTHER_MASTER))
        logs = opened(directory)
        for name, log in logs.items():
            sealed = SealedLog.open(log, name, OTHER_MASTER)
            assert not sealed.has_other_master_keys
            assert len(list(sealed.replay())) == len(FRAMES) + number % 2
        closed(logs)
