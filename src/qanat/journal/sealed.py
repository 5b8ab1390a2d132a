"""A log whose frames are encrypted, each with a data key that lies wrapped in the log's own file.

Invariant: every frame on the disk is sealed, and the key of a frame is durable in the same transaction as the first
frame that it seals. Each opening seals with a new data key (see `seal` for why); the keys of older frames only open.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Self

from qanat.journal.frames import FrameDamaged
from qanat.journal.seal import (
    DATA_KEY_BYTES_MAX,
    KEY_BYTES,
    OVERHEAD_BYTES,
    DataKey,
    MasterKey,
    WrapDamaged,
    seal,
    unseal,
)
from qanat.journal.sqlite import LogFailed, SqliteLog, WrappedKey


class MasterKeyWrong(Exception):
    """The log's data keys are wrapped by another master key; says which file, and which key it is not."""


class SealedLog:
    """What a node needs of a log; frames go in and come out in the clear. Open it with `SealedLog.open`."""

    def __init__(
        self,
        log: SqliteLog,
        name: str,
        master: MasterKey,
        keys: dict[int, DataKey],
        data_key_bytes_max: int,
    ) -> None:
        self._log = log
        self._name = name
        self._master = master
        self._keys = keys
        self._data_key_bytes_max = data_key_bytes_max
        self._current: DataKey | None = None
        self._sealed_to = 0
        """The newest position that this opening has sealed, durable or not."""

    @classmethod
    def open(
        cls, log: SqliteLog, name: str, master: MasterKey, data_key_bytes_max: int = DATA_KEY_BYTES_MAX
    ) -> Self:
        """`name` tells this log from others under the same master key. Raises MasterKeyWrong, LogFailed."""
        secrets = unwrapped(log, name, [master])
        keys = {key_id: DataKey(key_id, secret) for key_id, secret in secrets.items()}
        return cls(log, name, master, keys, data_key_bytes_max)

    @property
    def has_other_master_keys(self) -> bool:
        """Whether a rotation of the master key was interrupted, so that a key besides ours opens the log too."""
        return any(key.master_id != self._master.id for key in self._log.data_keys())

    def append(self, position: int, frame: bytes) -> None:
        """Durable when this returns. Raises LogFailed, and then the frame may or may not be there after a restart."""
        if position <= self._sealed_to:
            raise LogFailed(f"cannot write to the log {self._log.path}: frame {position} was sealed before")
        self._sealed_to = position
        key, wrapped = self._current, None
        if key is None or key.left_bytes < len(frame) + OVERHEAD_BYTES:
            key, wrapped = self._new_key(position)
        key.left_bytes -= len(frame) + OVERHEAD_BYTES
        self._log.append(position, seal(frame, key, self._name, position), wrapped)
        self._keys[key.id] = self._current = key

    def read(self, position: int) -> bytes | None:
        """The frame at `position`, or None if it was trimmed. Raises LogFailed, FrameDamaged."""
        sealed = self._log.read(position)
        return None if sealed is None else self._unsealed(position, sealed)

    def replay(self) -> Iterator[tuple[int, bytes]]:
        """Every frame that stands, in order. Raises LogFailed, FrameDamaged."""
        for position, sealed in self._log.replay():
            yield position, self._unsealed(position, sealed)

    def trimmed_before(self) -> int:
        return self._log.trimmed_before()

    def trim(self, before: int) -> None:
        self._log.trim(before)

    def close(self) -> None:
        self._log.close()

    def _new_key(self, position: int) -> tuple[DataKey, WrappedKey]:
        key_id, secret = max(self._keys, default=0) + 1, os.urandom(KEY_BYTES)
        wrapped = self._master.wrap(secret, key_id, self._name)
        return (
            DataKey(key_id, secret, self._data_key_bytes_max),
            WrappedKey(key_id, self._master.id, wrapped, position),
        )

    def _unsealed(self, position: int, sealed: bytes) -> bytes:
        try:
            return unseal(sealed, self._keys, self._name, position)
        except FrameDamaged as error:
            raise FrameDamaged(f"frame {position} of the log {self._log.path} is damaged: {error}") from error


def unwrapped(log: SqliteLog, name: str, masters: Sequence[MasterKey]) -> dict[int, bytes]:
    """Every data key of the log, each by whichever of `masters` wraps it. Raises MasterKeyWrong, LogFailed."""
    by_id = {master.id: master for master in masters}
    found = log.data_keys()
    ours = {key.key_id: key for key in found if key.master_id in by_id}
    if found and not ours:
        given = " or ".join(f"{master.source} ({master.id.hex()})" for master in masters)
        wanted = " or ".join(sorted({key.master_id.hex() for key in found}))
        raise MasterKeyWrong(
            f"the log {log.path} cannot be read with the master key of {given}: it was written under another, "
            f"{wanted}; put that one in its place, for the log cannot be read without it"
        )
    lost = sorted({key.key_id for key in found} - ours.keys())
    if lost:
        raise LogFailed(
            f"the log {log.path} is damaged: its data key {lost[0]} is not wrapped by its master key"
        )
    try:
        return {
            key_id: by_id[key.master_id].unwrap(key.wrapped, key_id, name) for key_id, key in ours.items()
        }
    except WrapDamaged as error:
        raise LogFailed(f"the log {log.path} is damaged: {error}") from error
