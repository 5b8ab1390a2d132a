"""The files of the audit log: turned over by size, whole lines whatever happens."""

import os
from pathlib import Path

import pytest

from qanat.api.audit.files import CURRENT, AuditFiles


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "audit"


def test_nobody_else_may_read_it(directory: Path) -> None:
    AuditFiles(directory, 100, 1).write([b"a\n", b"b\n"])
    assert (directory / CURRENT).read_bytes() == b"a\nb\n"
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (directory / CURRENT).stat().st_mode & 0o777 == 0o600


def test_a_full_file_is_put_aside_and_the_oldest_go(directory: Path) -> None:
    files = AuditFiles(directory, 4, 2)
    for number in range(5):
        files.write([b"%d..\n" % number])
    assert names(directory) == ["audit-00000003.jsonl", "audit-00000004.jsonl", CURRENT]
    assert (directory / "audit-00000004.jsonl").read_bytes() == b"3..\n"
    assert (directory / CURRENT).read_bytes() == b"4..\n"
    again = AuditFiles(directory, 4, 2)
    again.write([b"5..\n"])
    assert names(directory) == ["audit-00000004.jsonl", "audit-00000005.jsonl", CURRENT]


def test_files_of_others_are_left_alone(directory: Path) -> None:
    files = AuditFiles(directory, 1, 1)
    files.write([b"a\n"])
    (directory / "audit-notes.jsonl").write_text("mine")
    for _ in range(3):
        files.write([b"a\n"])
    assert "audit-notes.jsonl" in names(directory)


def test_a_line_that_a_kill_left_half_does_not_spoil_the_next(directory: Path) -> None:
    files = AuditFiles(directory, 100, 1)
    files.write([b"a\n"])
    with (directory / CURRENT).open("ab") as file:
        file.write(b"half")
    files.write([b"b\n"])
    assert (directory / CURRENT).read_bytes() == b"a\nhalf\nb\n"


def test_a_batch_that_does_not_fit_is_taken_back(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = AuditFiles(directory, 100, 1)
    files.write([b"a\n"])
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda fd, data: write(fd, data[:3]))
        with pytest.raises(OSError, match="No space left"):
            files.write([b"b\n", b"c\n"])
    assert (directory / CURRENT).read_bytes() == b"a\n"
    files.write([b"b\n", b"c\n"])
    assert (directory / CURRENT).read_bytes() == b"a\nb\nc\n"


def test_a_file_that_was_moved_away_is_made_anew(directory: Path) -> None:
    files = AuditFiles(directory, 100, 1)
    files.write([b"a\n"])
    (directory / CURRENT).rename(directory / "elsewhere")
    files.write([b"b\n"])
    assert (directory / CURRENT).read_bytes() == b"b\n"


def test_a_link_is_not_followed(directory: Path, tmp_path: Path) -> None:
    directory.mkdir()
    (directory / CURRENT).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        AuditFiles(directory, 100, 1).write([b"a\n"])
