"""The control shard: accounts, users, keys, policies, networks and queue definitions behind the three calls.

It only routes. Invariant: a handler checks everything before its first record, so a refused command leaves no
record and no change, and the records alone rebuild the state.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from msgspec import Struct

from qanat.core.control_records import ControlKept, ControlRecord
from qanat.core.errors import QanatError
from qanat.core.identity.records import KeysUsed, MfaCodeJudged, RolesUsed
from qanat.core.identity.state import IdentityState
from qanat.core.network.state import NetworkState
from qanat.core.outcome import Outcome
from qanat.core.part import Part
from qanat.core.queues.catalogue import Catalogue

Method = TypeVar("Method")


class TakeSnapshot(Struct, frozen=True):
    """-> None. Writes the whole state as one record, so that the log before it can be dropped."""


class Control:
    def __init__(self) -> None:
        self.position = 0
        """The frame that is being gathered or replayed; the writer of the log sets it."""
        self._kept_at = 0
        self._records: list[Struct] = []
        self.version = 0
        """Changes with every record but those of what was used and when; what is derived may be cached against it."""
        self.identity_version = 0
        """The same of the records of accounts, users, roles and their policies alone."""
        self.identity = IdentityState(self._emit)
        self.network = NetworkState(self._emit, self.identity.unique_id_of)
        self.catalogue = Catalogue(self._emit, self.identity.unique_id_of)
        # A new part: its attribute above, its name here, its records in control_records.py.
        self._parts: tuple[Part, ...] = (self.identity, self.network, self.catalogue)
        self._handlers = _merged(part.handlers for part in self._parts)
        self._appliers = _merged(part.appliers for part in self._parts)

    def handle(self, command: object, now_ms: int) -> Outcome[object, Struct]:
        """The reply and the records of one command; raises a QanatError where it is refused."""
        if isinstance(command, TakeSnapshot):
            kept = self.snapshot()
            self.apply(kept)
            return Outcome(None, [kept])
        try:
            reply = self._handlers[type(command)](command, now_ms)
        except QanatError as refusal:
            # Memory has moved and the log would not follow: nothing can be answered truly any more.
            if self._records:
                raise RuntimeError(
                    f"{type(command).__name__} was refused after its first record"
                ) from refusal
            raise
        records, self._records = self._records, []
        return Outcome(reply, records)

    def apply(self, record: Struct) -> None:
        """Replays one record: what `handle` yielded, or what `snapshot` gave."""
        if not isinstance(record, KeysUsed | MfaCodeJudged | RolesUsed):
            # When a key, a code or a role was used is read by nobody who caches, and is written often.
            self.version += 1
            if isinstance(record, ControlKept) or type(record) in self.identity.appliers:
                self.identity_version += 1
        if isinstance(record, ControlKept):
            self._kept_at = self.position
            for part in record.parts:
                self._appliers[type(part)](part)
        else:
            self._appliers[type(record)](record)

    def trimmable(self) -> int:
        """Frames before this position hold nothing that is still needed."""
        return self._kept_at

    def next_deadline_ms(self) -> int | None:
        deadlines = [part.next_deadline_ms() for part in self._parts]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def snapshot(self) -> ControlRecord:
        """The whole state as one record; a log that holds it needs nothing before it."""
        return ControlKept(tuple(part.snapshot() for part in self._parts))

    def _emit(self, record: Struct) -> None:
        self.apply(record)
        self._records.append(record)


def _merged(tables: Iterable[Mapping[type, Method]]) -> dict[type, Method]:
    merged: dict[type, Method] = {}
    for table in tables:
        assert merged.keys().isdisjoint(table), "two parts claim one type"
        merged.update(table)
    return merged
