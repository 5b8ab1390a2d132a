"""What a FIFO queue remembers of the messages of the last five minutes, to recognise one that is sent again.

The window runs from the first send and outlives the message (SQS Developer Guide, FIFO-queues-exactly-once-processing).
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from qanat.core import limits


class Original(NamedTuple):
    """The send that later ones with its id repeat."""

    seq: int
    deduplication_id: str
    group_id: str
    message_id: str
    sent_at_ms: int
    position: int
    """The frame that holds the newest record of it."""


class DeduplicationWindow:
    """Entries go in the order of sending, but for those that were kept; `forget` takes out what is over."""

    def __init__(self) -> None:
        # By id, then by group: the scope of a queue may change while entries live.
        self._by_id: dict[str, dict[str, Original]] = {}
        self._in_order: deque[Original] = deque()

    def find(self, deduplication_id: str, group_id: str, now_ms: int, *, per_group: bool) -> Original | None:
        for original in self._by_id.get(deduplication_id, {}).values():
            if per_group and original.group_id != group_id:
                continue
            if now_ms < original.sent_at_ms + limits.DEDUPLICATION_MS:
                return original
        return None

    def at(self, deduplication_id: str, group_id: str, seq: int) -> Original | None:
        """The entry of that very message."""
        found = self._by_id.get(deduplication_id, {}).get(group_id)
        return found if found is not None and found.seq == seq else None

    def put(self, original: Original) -> Original | None:
        """Adds it; returns what it replaces."""
        groups = self._by_id.setdefault(original.deduplication_id, {})
        replaced = groups.get(original.group_id)
        groups[original.group_id] = original
        self._in_order.append(original)
        return replaced

    def forget(self, now_ms: int) -> Iterator[Original]:
        """Takes out, and yields, the entries whose time is over."""
        in_order, before_ms = self._in_order, now_ms - limits.DEDUPLICATION_MS
        while in_order and in_order[0].sent_at_ms <= before_ms:
            oldest = in_order.popleft()
            # It may have been replaced by a later one of the same id.
            if self.at(oldest.deduplication_id, oldest.group_id, oldest.seq) is oldest:
                self._take(oldest)
                yield oldest

    def holds_forgotten(self, now_ms: int) -> bool:
        """Whether `forget` has anything to do."""
        return bool(self._in_order) and self._in_order[0].sent_at_ms <= now_ms - limits.DEDUPLICATION_MS

    def clear(self) -> list[Original]:
        """Takes out all, and returns it."""
        all_of_it = [original for groups in self._by_id.values() for original in groups.values()]
        self._by_id.clear()
        self._in_order.clear()
        return all_of_it

    def _take(self, original: Original) -> None:
        groups = self._by_id[original.deduplication_id]
        del groups[original.group_id]
        if not groups:
            del self._by_id[original.deduplication_id]

    def __len__(self) -> int:
        return len(self._in_order)
