"""The state of a queue shard as its records made it. `apply` is the only way in which it changes.

Invariant: a state folded from the log equals the state that wrote it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from qanat.core.queues import records as r
from qanat.core.queues.attempts import Attempt
from qanat.core.queues.deduplication import Original
from qanat.core.queues.fifo import FifoQueue
from qanat.core.queues.frames import LiveFrames
from qanat.core.queues.message import Content, Message
from qanat.core.queues.standard import StandardQueue

Queue = StandardQueue | FifoQueue


class Fold:
    def __init__(self) -> None:
        self.position = 0
        """The frame now being gathered (or replayed); the writer of the log sets it."""
        self.queues: dict[int, Queue] = {}
        self.by_arn: dict[str, int] = {}
        self.frames = LiveFrames()
        self.live_bytes = 0
        """About what the living would take if the log held nothing else: housekeeping rests on its being no less than
        half of that."""
        self.appliers: dict[type, Callable[[Any], None]] = {
            r.Sent: self._sent,
            r.Received: self._received,
            r.Retried: self._retried,
            r.Deleted: self._deleted,
            r.VisibilityChanged: self._visibility_changed,
            r.Expired: self._deleted,
            r.Purged: self._purged,
            r.QueueConfigured: self._configured,
            r.QueueDropped: self._dropped,
            r.Kept: self._kept,
            r.Moved: self._moved,
            r.Remembered: self._remembered,
        }

    def apply(self, record: r.QueueRecord) -> None:
        self.appliers[type(record)](record)

    def forget(self, queue: Queue, now_ms: int) -> None:
        """What the queue need not remember any more is needed in the log no more. Derived from time; no record."""
        self._drop_memories(queue.window.forget(now_ms))
        self._drop_memories(queue.attempts.forget(now_ms))

    # -- queues -------------------------------------------------------------------------------------------------

    def _configured(self, record: r.QueueConfigured) -> None:
        queue = self._queue_or_stub(record.queue_id, fifo=record.config.fifo)
        self._release_definition(queue)
        queue.position = self.position
        queue.definition_bytes = r.size_bytes(record)
        queue.config = record.config
        queue.looked_at_ms = 0
        queue.next_seq = max(queue.next_seq, record.next_seq)
        queue.purged_at_ms = record.purged_at_ms
        queue.tasks = record.tasks
        self.frames.add(self.position)
        self.live_bytes += queue.definition_bytes
        self.by_arn[record.config.arn] = record.queue_id

    def _dropped(self, record: r.QueueDropped) -> None:
        queue = self.queues.pop(record.queue_id, None)
        if queue is None:
            return
        if self.by_arn.get(queue.config.arn) == record.queue_id:
            del self.by_arn[queue.config.arn]
        self._release_definition(queue)
        for message in queue.messages.values():
            self._release(message)
        self._clear_memories(queue)

    def _purged(self, record: r.Purged) -> None:
        queue = self.queues.get(record.queue_id)
        if queue is None:
            return
        queue.purged_at_ms = record.at_ms
        for message in [m for m in queue.messages.values() if m.seq < record.before_seq]:
            queue.remove(message)
            self._release(message)
        self._clear_memories(queue)

    def _clear_memories(self, queue: Queue) -> None:
        self._drop_memories(queue.window.clear())
        self._drop_memories(queue.attempts.clear())

    def _drop_memories(self, memories: Iterable[Original | Attempt]) -> None:
        for memory in memories:
            self._release(memory)

    def _queue_or_stub(self, queue_id: int, *, fifo: bool) -> Queue:
        """While the log is replayed from a trimmed head, messages may come before their queue's newest record."""
        queue = self.queues.get(queue_id)
        if queue is None:
            queue = self.queues[queue_id] = FifoQueue(queue_id) if fifo else StandardQueue(queue_id)
        return queue

    # -- messages -----------------------------------------------------------------------------------------------

    def _sent(self, record: r.Sent) -> None:
        content = record.content
        queue = self._queue_or_stub(record.queue_id, fifo=content.deduplication_id is not None)
        self._settle(queue, Message(record.seq, content, record.visible_at_ms, self.position))
        if content.deduplication_id is not None:
            self._remember_content(queue, record.seq, content, content.sent_at_ms)

    def _remembered(self, record: r.Remembered) -> None:
        queue = self._queue_or_stub(record.queue_id, fifo=True)
        self._remember(
            queue,
            Original(
                record.seq,
                record.deduplication_id,
                record.group_id,
                record.message_id,
                record.sent_at_ms,
                self.position,
            ),
        )

    def _remember_content(self, queue: Queue, seq: int, content: Content, since_ms: int) -> None:
        if content.deduplication_id is not None:
            assert content.group_id is not None
            original = Original(
                seq,
                content.deduplication_id,
                content.group_id,
                content.message_id,
                since_ms,
                self.position,
            )
            self._remember(queue, original)

    def _remember(self, queue: Queue, original: Original) -> None:
        replaced = queue.window.put(original)
        if replaced is not None:
            self._release(replaced)
        self._hold(original)

    def _kept(self, record: r.Kept) -> None:
        queue = self._queue_or_stub(record.queue_id, fifo=record.content.deduplication_id is not None)
        if (old := queue.messages.get(record.seq)) is not None:
            self.frames.drop(old.position)
            self.frames.add(self.position)
            old.position = self.position
            return
        self._settle(queue, _message(record, self.position))

    def _moved(self, record: r.Moved) -> None:
        kept = record.message
        self._void_attempts(record.queue_id, (record.seq,))
        for queue, message in self._named(record.queue_id, (record.seq,)):
            queue.remove(message)
            self._release(message)
        destination = self._queue_or_stub(kept.queue_id, fifo=kept.content.deduplication_id is not None)
        self._settle(destination, _message(kept, self.position))
        # Old enough perhaps to be over here, though time was let pass here in this very millisecond.
        destination.looked_at_ms = 0
        # It becomes visible at the time of its move.
        self._remember_content(destination, kept.seq, kept.content, kept.visible_at_ms)
        source = self.queues.get(record.queue_id)
        if source is not None and record.task_id is not None:
            source.tasks = tuple(
                replace(task, moved=task.moved + 1) if task.task_id == record.task_id else task
                for task in source.tasks
            )

    def _received(self, record: r.Received) -> None:
        self._void_attempts(record.queue_id, record.seqs)
        for queue, message in self._named(record.queue_id, record.seqs):
            queue.count_receive(message, record.at_ms, record.visible_at_ms)
        if record.attempt_id is not None:
            self._note_attempt(record.queue_id, record.attempt_id, record.at_ms, record.seqs)

    def _retried(self, record: r.Retried) -> None:
        for queue, message in self._named(record.queue_id, record.seqs):
            queue.reschedule(message, record.visible_at_ms)
        self._note_attempt(record.queue_id, record.attempt_id, record.at_ms, record.seqs)

    def _visibility_changed(self, record: r.VisibilityChanged) -> None:
        self._void_attempts(record.queue_id, (record.seq,))
        for queue, message in self._named(record.queue_id, (record.seq,)):
            queue.reschedule(message, record.visible_at_ms)

    def _deleted(self, record: r.Deleted | r.Expired) -> None:
        self._void_attempts(record.queue_id, record.seqs)
        for queue, message in self._named(record.queue_id, record.seqs):
            queue.remove(message)
            self._release(message)

    def _note_attempt(self, queue_id: int, attempt_id: str, at_ms: int, seqs: tuple[int, ...]) -> None:
        queue = self._queue_or_stub(queue_id, fifo=True)
        attempt = Attempt(attempt_id, at_ms, seqs, self.position)
        replaced = queue.attempts.put(attempt)
        if replaced is not None:
            self._release(replaced)
        self._hold(attempt)

    def _void_attempts(self, queue_id: int, seqs: tuple[int, ...]) -> None:
        """Whether or not the messages are there: while a trimmed log is replayed, they may come later."""
        queue = self.queues.get(queue_id)
        if queue is not None and queue.fifo:
            for seq in seqs:
                if (void := queue.attempts.void(seq)) is not None:
                    self._release(void)

    def _settle(self, queue: Queue, message: Message) -> None:
        queue.add(message)
        self._hold(message)

    def _hold(self, living: Message | Original | Attempt) -> None:
        self.frames.add(living.position)
        self.live_bytes += living.size_bytes

    def _release(self, dead: Message | Original | Attempt) -> None:
        self.frames.drop(dead.position)
        self.live_bytes -= dead.size_bytes

    def _release_definition(self, queue: Queue) -> None:
        """It is gone, or another takes its place."""
        if queue.position is not None:
            self.frames.drop(queue.position)
            self.live_bytes -= queue.definition_bytes

    def _named(self, queue_id: int, seqs: tuple[int, ...]) -> Iterator[tuple[Queue, Message]]:
        queue = self.queues.get(queue_id)
        if queue is not None:
            for seq in seqs:
                if (message := queue.messages.get(seq)) is not None:
                    yield queue, message


def _message(kept: r.Kept, position: int) -> Message:
    return Message(
        kept.seq,
        kept.content,
        kept.visible_at_ms,
        position,
        kept.receive_count,
        kept.first_received_at_ms,
        kept.received_at_ms,
        kept.kept_since_ms,
        kept.source_arn,
        kept.carried_count,
    )
