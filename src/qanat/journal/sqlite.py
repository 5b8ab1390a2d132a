"""A log in one SQLite file: a row a frame, a transaction a commit, `synchronous=FULL` so that a commit is on the disk.

Calls block and come from one thread at a time. Invariant: positions rise by one; only a prefix is ever trimmed; a
damaged frame stops the reading with an error and is never passed over.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS log (position INTEGER PRIMARY KEY, frame BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO meta VALUES ('trimmed_before', 1);
"""
# Frames are tens of kilobytes under load: larger pages are fewer writes (a quarter less CPU a commit than with 4096).
PAGE_BYTES: Final = 16_384
# The WAL is folded into the database each 4 MB: a little at a time stalls a commit less and stays in cache.
_CHECKPOINT_PAGES: Final = 256
_TRIM_PAGES: Final = 256
"""Free pages given back to the file system at one trim: enough to keep up, little enough not to stall a commit."""


class LogFailed(Exception):
    """The log cannot be read or written; says which file and why."""


class SqliteLog:
    """`append`, `read`, `replay`, `trim`. Open it with `SqliteLog.open`."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path, page_bytes: int = PAGE_BYTES) -> Self:
        """Makes the file (0600) where it is not there. Raises LogFailed, also where another process has it open."""
        try:
            path.touch(mode=0o600)
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        except (OSError, sqlite3.Error) as error:
            raise LogFailed(f"cannot open the log {path}: {error}") from error
        try:
            for pragma in (
                f"page_size={page_bytes}",
                "auto_vacuum=INCREMENTAL",
                "locking_mode=EXCLUSIVE",
                "journal_mode=WAL",
                "synchronous=FULL",
                f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
            ):
                connection.execute(f"PRAGMA {pragma}").fetchall()
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        except sqlite3.Error as error:
            connection.close()
            raise LogFailed(f"cannot open the log {path}: {error}") from error
        return cls(path, connection)

    def append(self, position: int, frame: bytes) -> None:
        """Durable when this returns. Raises LogFailed, and then the frame may or may not be there after a restart."""
        try:
            self._connection.execute("INSERT INTO log VALUES (?, ?)", (position, frame))
        except sqlite3.Error as error:
            raise LogFailed(f"cannot write to the log {self.path}: {error}") from error

    def read(self, position: int) -> bytes | None:
        """The frame at `position`, or None if it was trimmed."""
        try:
            row = self._connection.execute("SELECT frame FROM log WHERE position = ?", (position,)).fetchone()
        except sqlite3.Error as error:
            raise LogFailed(f"cannot read the log {self.path}: {error}") from error
        return None if row is None else bytes(row[0])

    def replay(self) -> Iterator[tuple[int, bytes]]:
        """Every frame that stands, in order. Raises LogFailed where one is missing in the middle."""
        try:
            expected = self.trimmed_before()
            for position, frame in self._connection.execute(
                "SELECT position, frame FROM log ORDER BY position"
            ):
                if position != expected:
                    raise LogFailed(f"the log {self.path} misses frame {expected}")
                expected += 1
                yield position, frame
        except sqlite3.Error as error:
            raise LogFailed(f"cannot read the log {self.path}: {error}") from error

    def trimmed_before(self) -> int:
        """The position of the oldest frame that must stand; 1 in a new log."""
        try:
            row = self._connection.execute("SELECT value FROM meta WHERE key = 'trimmed_before'").fetchone()
            return int(row[0])
        except (sqlite3.Error, TypeError, ValueError) as error:
            raise LogFailed(f"cannot read the log {self.path}: {error}") from error

    def trim(self, before: int) -> None:
        """Drops every frame before `before` and gives space back to the file system."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("DELETE FROM log WHERE position < ?", (before,))
            self._connection.execute("UPDATE meta SET value = ? WHERE key = 'trimmed_before'", (before,))
            self._connection.execute("COMMIT")
            # Not `execute`: the statement takes a step for each page, and `execute` stops after the first.
            self._connection.executescript(f"PRAGMA incremental_vacuum({_TRIM_PAGES});")
        except sqlite3.Error as error:
            raise LogFailed(f"cannot trim the log {self.path}: {error}") from error

    def close(self) -> None:
        self._connection.close()
