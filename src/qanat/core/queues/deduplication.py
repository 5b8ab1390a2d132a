"""What a FIFO queue remembers of the messages of the last five minutes, to recognise one that is sent again.

The window runs from the first send and outlives the message (SQS Developer Guide, FIFO-queues-exactly-once-processing).
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from qanat.core import limits
from qanat.core.queues.line import Line

# A message id, numbers and a frame in the log.
_OVERHEAD_BYTES: Final = 96


class Original(NamedTuple):
    """The send that later ones with its id repeat."""

    seq: int
    deduplication_id: str
    group_id: str
    message_id: str
    sent_at_ms: int
    position: int
    """The frame that holds the newest record of it."""

    @property
    def size_bytes(self) -> int:
        """About what it takes in the log."""
        return _OVERHEAD_BYTES + len(self.deduplication_id) + len(self.group_id)


class DeduplicationWindow:
    def __init__(self) -> None:
        # By id, then by group: the scope of a queue may change while entries live.
        self._by_id: dict[str, dict[str, Original]] = {}
        self._by_seq: dict[int, Original] = {}
        # (sent_at_ms, seq). What was replaced stays until its time is over.
        self._line: Line[tuple[int, int]] = Line()

    def find(self, deduplication_id: str, group_id: str, now_ms: int, *, per_group: bool) -> Original | None:
        """The first send that one of this id, now, repeats."""
        groups = self._by_id.get(deduplication_id)
        if groups is None:
            return None
        before_ms = now_ms - limits.DEDUPLICATION_MS
        if per_group:
            # Looked up: one id may be that of a great many groups.
            found = groups.get(group_id)
            return found if found is not None and found.sent_at_ms > before_ms else None
        remembered = [original for original in groups.values() if original.sent_at_ms > before_ms]
        return min(remembered, key=_age, default=None)

    def at(self, deduplication_id: str, group_id: str, seq: int) -> Original | None:
        """The entry of that very message."""
        found = self._by_id.get(deduplication_id, {}).get(group_id)
        return found if found is not None and found.seq == seq else None

    def put(self, original: Original) -> Original | None:
        """Adds it; returns what it replaces."""
        groups = self._by_id.setdefault(original.deduplication_id, {})
        replaced = groups.get(original.group_id)
        groups[original.group_id] = original
        if replaced is None or replaced.seq != original.seq:
            self._line.push(_age(original))
            if replaced is not None:
                del self._by_seq[replaced.seq]
        self._by_seq[original.seq] = original
        return replaced

    def forget(self, now_ms: int) -> Iterator[Original]:
        """Takes out, and yields, the entries whose time is over."""
        line, before_ms = self._line, now_ms - limits.DEDUPLICATION_MS
        while (first := line.first()) is not None and first[0] <= before_ms:
            line.pop()
            original = self._by_seq.pop(first[1], None)
            if original is not None:
                self._take(original)
                yield original

    def holds_forgotten(self, now_ms: int) -> bool:
        """Whether `forget` has anything to do."""
        first = self._line.first()
        return first is not None and first[0] <= now_ms - limits.DEDUPLICATION_MS

    def clear(self) -> list[Original]:
        """Takes out all, and returns it."""
        all_of_it = list(self._by_seq.values())
        self._by_id.clear()
        self._by_seq.clear()
        self._line = Line()
        return all_of_it

    def _take(self, original: Original) -> None:
        groups = self._by_id[original.deduplication_id]
        del groups[original.group_id]
        if not groups:
            del self._by_id[original.deduplication_id]

    def __len__(self) -> int:
        return len(self._by_seq)


def _age(original: Original) -> tuple[int, int]:
    return original.sent_at_ms, original.seq
