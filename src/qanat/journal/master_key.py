"""The master key as a file: 32 bytes in base64, mode 0600, made once and never overwritten in part.

Invariant: a key is on the disk, its directory too, before anything is wrapped by it; and none is made where a log needs
another.
"""

import binascii
import os
import stat
from base64 import b64encode
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from qanat.journal.seal import KEY_BYTES, MasterKey
from qanat.journal.sqlite import SqliteLog

_FILE_BYTES_MAX: Final = 1024
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class MasterKeyUnusable(Exception):
    """There is a key, but it may not be used: not a key, or open to others. Never says what it holds."""


class MasterKeyMissing(Exception):
    """A log needs its master key, and it is not there."""


def from_text(text: str, source: str) -> MasterKey:
    """`text` is base64 of 32 bytes. Raises MasterKeyUnusable, without the text."""
    try:
        secret = binascii.a2b_base64(text.strip().encode(), strict_mode=True)
    except ValueError:  # its own text and cause are left out: they could show a part of the key
        secret = b""
    if len(secret) != KEY_BYTES:
        raise MasterKeyUnusable(f"the master key of {source} is not base64 of {KEY_BYTES} bytes")
    return MasterKey(secret, source)


def read(path: Path) -> MasterKey | None:
    """None where there is no such file. Raises MasterKeyUnusable, OSError."""
    try:
        # Not to wait, should it be a pipe.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(fd, "rb") as file:
        mode = os.fstat(fd).st_mode
        if not stat.S_ISREG(mode):
            raise MasterKeyUnusable(f"{path} is not a file, so it holds no master key")
        if mode & _OTHERS:
            raise MasterKeyUnusable(
                f"the master key {path} has mode {stat.S_IMODE(mode):04o}, so others may use it: chmod 600 it"
            )
        content = file.read(_FILE_BYTES_MAX)
    return from_text(content.decode(errors="replace"), str(path))


def read_for(path: Path, logs: Iterable[SqliteLog]) -> MasterKey | None:
    """As `read`; raises MasterKeyMissing where it is not there and one of `logs` needs it."""
    key = read(path)
    if key is None:
        for log in logs:
            if log.data_keys():
                raise MasterKeyMissing(
                    f"the master key {path} is not there, and the log {log.path} cannot be read without it: "
                    "restore it, name another file by master_key_file, or give the key in QANAT_MASTER_KEY"
                )
    return key


def open_or_make(path: Path, logs: Iterable[SqliteLog]) -> MasterKey:
    """The key of `path`; a new one where there is none and nothing stands in `logs`, which are open here alone.

    Raises MasterKeyMissing, MasterKeyUnusable, OSError.
    """
    key = read_for(path, logs)
    if key is None:
        key = make_beside(path)
        put_in_place(path)
    return key


def make_beside(path: Path) -> MasterKey:
    """A new key in PATH.new, durable; one that an interrupted rotation left there is lost. Raises OSError."""
    draft, secret = _draft(path), os.urandom(KEY_BYTES)
    with suppress(FileNotFoundError):
        draft.unlink()
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(b64encode(secret) + b"\n")
        file.flush()
        os.fsync(fd)
    _sync_directory(draft.parent)
    return MasterKey(secret, str(path))


def put_in_place(path: Path) -> None:
    """PATH.new becomes PATH, durably and in one step. Raises OSError."""
    draft = _draft(path)
    draft.replace(draft.with_suffix(""))
    _sync_directory(draft.parent)


def _draft(path: Path) -> Path:
    # Behind a link, or the link would become a file of its own.
    found = path.resolve()
    return found.with_name(f"{found.name}.new")


def _sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
