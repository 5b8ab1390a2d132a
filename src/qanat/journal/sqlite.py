"""A log in one SQLite file: a row a frame, a transaction a commit, `synchronous=FULL` so that a commit is on the disk.

Calls block and come from one thread at a time. Invariant: positions rise by one; only a prefix is ever trimmed; a
damaged frame stops the reading with an error and is never passed over. What the frames and the wrapped data keys hold
is not known here: `sealed` encrypts and decrypts.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

LAYOUT_VERSION: Final = 2
"""SQLite's `user_version` of our files: increment on any change of the tables. Logs not yet encrypted had 0 there."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS log (position INTEGER PRIMARY KEY, frame BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO meta VALUES ('trimmed_before', 1);
CREATE TABLE IF NOT EXISTS data_keys (
    key_id INTEGER, master_id BLOB, wrapped BLOB NOT NULL, first_position INTEGER NOT NULL,
    PRIMARY KEY (key_id, master_id)
) WITHOUT ROWID;
"""
# Frames are tens of kilobytes under load: larger pages are fewer writes (a quarter less CPU a commit than with 4096).
PAGE_BYTES: Final = 16_384
# The WAL is folded into the database each 4 MB: a little at a time stalls a commit less and stays in cache.
_CHECKPOINT_PAGES: Final = 256
_TRIM_PAGES: Final = 256
"""Free pages given back to the file system at one trim: enough to keep up, little enough not to stall a commit."""


class LogFailed(Exception):
    """The log cannot be read or written; says which file and why."""


class WrappedKey(NamedTuple):
    """A data key as it lies in the file: encrypted with the master key `master_id`."""

    key_id: int
    master_id: bytes
    wrapped: bytes
    first_position: int
    """The first frame that it seals; those before are of keys with lower ids."""


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
            _check_layout(path, connection)
            connection.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {LAYOUT_VERSION}; COMMIT;"
            )
        except LogFailed:
            connection.close()
            raise
        except sqlite3.Error as error:
            connection.close()
            raise LogFailed(f"cannot open the log {path}: {error}") from error
        return cls(path, connection)

    def append(self, position: int, frame: bytes, data_key: WrappedKey | None = None) -> None:
        """Durable when this returns, and `data_key` with it: neither without the other.

        Raises LogFailed, and then the frame may or may not be there after a restart.
        """
        try:
            if data_key is None:
                self._connection.execute("INSERT INTO log VALUES (?, ?)", (position, frame))
            else:
                with self._transaction():
                    self._connection.execute("INSERT INTO data_keys VALUES (?, ?, ?, ?)", data_key)
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
        """Drops every frame before `before`, the data keys that sealed no other, and gives space back."""
        try:
            with self._transaction():
                self._connection.execute("DELETE FROM log WHERE position < ?", (before,))
                self._connection.execute(
                    "DELETE FROM data_keys WHERE key_id < "
                    "(SELECT max(key_id) FROM data_keys WHERE first_position <= ?)",
                    (before,),
                )
                self._connection.execute("UPDATE meta SET value = ? WHERE key = 'trimmed_before'", (before,))
            # Not `execute`: the statement takes a step for each page, and `execute` stops after the first.
            self._connection.executescript(f"PRAGMA incremental_vacuum({_TRIM_PAGES});")
        except sqlite3.Error as error:
            raise LogFailed(f"cannot trim the log {self.path}: {error}") from error

    def data_keys(self) -> list[WrappedKey]:
        """Every wrap that stands, in the order of key ids. There are none as long as no frame was appended."""
        try:
            rows = self._connection.execute("SELECT * FROM data_keys ORDER BY key_id, master_id").fetchall()
            return [
                WrappedKey(int(key_id), bytes(master), bytes(wrapped), int(first))
                for key_id, master, wrapped, first in rows
            ]
        except (sqlite3.Error, TypeError, ValueError) as error:
            raise LogFailed(f"cannot read the log {self.path}: {error}") from error

    def add_data_keys(self, keys: Iterable[WrappedKey]) -> None:
        """Further wraps of keys that stand, all or none."""
        try:
            with self._transaction():
                self._connection.executemany("INSERT OR REPLACE INTO data_keys VALUES (?, ?, ?, ?)", keys)
        except sqlite3.Error as error:
            raise LogFailed(f"cannot write to the log {self.path}: {error}") from error

    def keep_data_keys_of(self, master_id: bytes) -> None:
        """Drops the wraps under every other master key, and what the file still holds of them."""
        try:
            # Zeros in the place of what is deleted; then no page of before is left beside the database.
            self._connection.execute("PRAGMA secure_delete = ON").fetchall()
            with self._transaction():
                self._connection.execute("DELETE FROM data_keys WHERE master_id != ?", (master_id,))
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            raise LogFailed(f"cannot write to the log {self.path}: {error}") from error

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise


def _check_layout(path: Path, connection: sqlite3.Connection) -> None:
    """Raises LogFailed for a log of a layout that is not ours."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version == LAYOUT_VERSION or not (version or tables):
        return
    if not version:
        raise LogFailed(
            f"the log {path} was written before logs were encrypted, and this version does not read it: move the data "
            "directory away to begin anew, or go back to the version that wrote it"
        )
    raise LogFailed(f"the log {path} has layout {version}; this version reads layout {LAYOUT_VERSION}")
