"""A new master key: the data keys are wrapped again, the frames stay as they are.

Invariant, after every step and so after a kill between any two: one key that the operator has opens every log. First
every data key of every log is wrapped under both keys; then the new key takes the old one's place; only then are the
wraps under the old one dropped. What an interrupted run left behind does no harm and goes at the next one.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from qanat.journal import master_key
from qanat.journal.master_key import MasterKeyMissing, MasterKeyUnusable
from qanat.journal.seal import MasterKey
from qanat.journal.sealed import unwrapped
from qanat.journal.sqlite import SqliteLog, WrappedKey


class Rotated(NamedTuple):
    old: MasterKey
    new: MasterKey
    data_keys: dict[str, int]
    """How many were wrapped again, by log."""


def rotate_file(logs: Mapping[str, SqliteLog], path: Path) -> Rotated:
    """A new key takes the place of the one in `path`. Raises what `read_for` and `unwrapped` raise, and OSError."""
    old = master_key.read_for(path, logs.values())
    if old is None:
        raise MasterKeyMissing(f"there is no master key {path} yet: the first start of a server makes it")
    secrets = {name: unwrapped(log, name, [old]) for name, log in logs.items()}
    new = master_key.make_beside(path)
    return _rotate(logs, secrets, old, new, lambda: master_key.put_in_place(path))


def rotate_given(logs: Mapping[str, SqliteLog], old: MasterKey, new: MasterKey) -> Rotated:
    """Both keys are kept by the operator. Goes on where a run with the same two was interrupted."""
    if old.id == new.id:
        raise MasterKeyUnusable(f"the master key of {new.source} is the old one: make a new one")
    # Where a run was interrupted, some logs may know the new key alone already.
    secrets = {name: unwrapped(log, name, [old, new]) for name, log in logs.items()}
    return _rotate(logs, secrets, old, new, lambda: None)


def _rotate(
    logs: Mapping[str, SqliteLog],
    secrets: Mapping[str, Mapping[int, bytes]],
    old: MasterKey,
    new: MasterKey,
    put_in_place: Callable[[], None],
) -> Rotated:
    for name, log in logs.items():
        firsts = {key.key_id: key.first_position for key in log.data_keys()}
        log.add_data_keys(
            WrappedKey(key_id, new.id, new.wrap(secret, key_id, name), firsts[key_id])
            for key_id, secret in secrets[name].items()
        )
    put_in_place()
    for log in logs.values():
        log.keep_data_keys_of(new.id)
    return Rotated(old, new, {name: len(keys) for name, keys in secrets.items()})
