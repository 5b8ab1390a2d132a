"""What the commands of a queue shard share: the state, and the one way to change it.

Invariant: every check of a command comes before its first record, so a command either happens or is refused.
"""

from qanat.core.queues import errors
from qanat.core.queues import records as r
from qanat.core.queues.fold import Fold, Queue


class Writer:
    def __init__(self, fold: Fold) -> None:
        self.fold = fold
        self._apply = fold.appliers
        self.emitted: list[r.QueueRecord] = []
        """The records of the command under way."""
        self.filled: set[int] = set()
        """Queues that got messages by another queue's command; whoever parks receives empties it."""

    def emit(self, record: r.QueueRecord) -> None:
        self._apply[type(record)](record)
        self.emitted.append(record)

    def queue(self, queue_id: int, now_ms: int) -> Queue:
        """The queue as it is now: what was to become visible by now is, and what has expired is gone."""
        queue = self.fold.queues.get(queue_id)
        if queue is None:
            raise errors.QueueDoesNotExist
        # Under load many commands come in one millisecond, and time has passed for all of them with the first.
        if queue.looked_at_ms != now_ms:
            queue.advance(now_ms)
            expired = queue.take_expired(now_ms)
            if expired:
                self.emit(r.Expired(queue_id, tuple(expired)))
                queue.tally.expired += len(expired)
            if queue.fifo:
                self.fold.forget(queue, now_ms)
            queue.looked_at_ms = now_ms
        return queue
