"""The messages of many queues: `handle` a command, `apply` a record. All change goes through `_emit`.

Invariant: every check of a command comes before its first record, so a command either happens or is refused; and a
state folded from the log equals the state that wrote it.
"""

from collections.abc import Callable
from typing import Any

from qanat.core import limits
from qanat.core.errors import QanatError
from qanat.core.outcome import Outcome
from qanat.core.queues import commands as c
from qanat.core.queues import errors
from qanat.core.queues import records as r
from qanat.core.queues.frames import LiveFrames
from qanat.core.queues.message import Message
from qanat.core.queues.standard import StandardQueue


class QueueShard:
    """`position` is the frame now being gathered (or replayed); the writer of the log sets it."""

    def __init__(self) -> None:
        self.position = 0
        self.queues: dict[int, StandardQueue] = {}
        self.live_bytes = 0
        """About what the living would take if the log held nothing else."""
        self._frames = LiveFrames()
        self._emitted: list[r.QueueRecord] = []
        self._handlers: dict[type, Callable[[Any, int], object]] = {
            c.Send: self._send,
            c.Receive: self._receive,
            c.Delete: self._delete,
            c.ChangeVisibility: self._change_visibility,
            c.Purge: self._purge,
            c.Count: self._count,
            c.ConfigureQueue: self._configure,
            c.DropQueue: self._drop,
            c.Keep: self._keep,
        }
        self._appliers: dict[type, Callable[[Any], None]] = {
            r.Sent: self._sent,
            r.Received: self._received,
            r.Deleted: self._deleted,
            r.VisibilityChanged: self._visibility_changed,
            r.Expired: self._deleted,
            r.Purged: self._purged,
            r.QueueConfigured: self._configured,
            r.QueueDropped: self._dropped,
            r.Kept: self._kept,
        }

    # -- the three calls ------------------------------------------------------------------------------------

    def handle(self, command: c.QueueCommand, now_ms: int) -> Outcome[Any, r.QueueRecord]:
        """A refusal is a reply too: the passing of time, which it may have noticed, is still to be written."""
        records: list[r.QueueRecord] = []
        self._emitted = records
        try:
            reply = self._handlers[type(command)](command, now_ms)
        except QanatError as refusal:
            reply = refusal
        return Outcome(reply, records)

    def apply(self, record: r.QueueRecord) -> None:
        self._appliers[type(record)](record)

    def trimmable(self) -> int:
        """Frames before this position hold nothing that lives."""
        oldest = self._frames.oldest()
        return self.position if oldest is None else oldest

    def has_visible(self, queue_id: int, now_ms: int) -> bool:
        queue = self.queues.get(queue_id)
        if queue is None:
            return False
        queue.advance(now_ms)
        return queue.has_ready()

    def queues_with_expired(self, now_ms: int) -> list[int]:
        """Queues that nobody has asked since a message of theirs outlived its retention period."""
        return [queue.queue_id for queue in self.queues.values() if queue.holds_expired(now_ms)]

    def next_visible_at_ms(self, queue_id: int) -> int | None:
        """When a message that is hidden now becomes visible; None where none is hidden."""
        queue = self.queues.get(queue_id)
        return None if queue is None else queue.next_visible_at_ms()

    def _emit(self, record: r.QueueRecord) -> None:
        self._appliers[type(record)](record)
        self._emitted.append(record)

    # -- commands -------------------------------------------------------------------------------------------

    def _queue(self, queue_id: int, now_ms: int) -> StandardQueue:
        queue = self.queues.get(queue_id)
        if queue is None:
            raise errors.QueueDoesNotExist
        queue.advance(now_ms)
        expired = queue.take_expired(now_ms)
        if expired:
            self._emit(r.Expired(queue_id, tuple(expired)))
        return queue

    def _send(self, command: c.Send, now_ms: int) -> None:
        queue = self._queue(command.queue_id, now_ms)
        for content, delay_s in command.messages:
            self._emit(r.Sent(command.queue_id, queue.next_seq, content, now_ms + delay_s * 1000))

    def _receive(self, command: c.Receive, now_ms: int) -> tuple[c.Delivery, ...]:
        queue = self._queue(command.queue_id, now_ms)
        room = limits.IN_FLIGHT_STANDARD_MAX - queue.in_flight
        if room <= 0 and command.long_poll:
            return ()
        if room <= 0:
            raise errors.OverLimit("Too many messages in flight.")
        messages = queue.take_ready(min(command.max_messages, room))
        if messages:
            seqs = tuple(message.seq for message in messages)
            visible_at_ms = now_ms + command.visibility_timeout_s * 1000
            self._emit(r.Received(command.queue_id, seqs, now_ms, visible_at_ms))
        return tuple(map(c.Delivery.of, messages))

    def _delete(self, command: c.Delete, now_ms: int) -> None:
        # An old receipt deletes too: AWS answers 200 to it, and an acknowledged delete must never come back.
        queue = self._queue(command.queue_id, now_ms)
        seqs = dict.fromkeys(receipt.seq for receipt in command.receipts if receipt.seq in queue.messages)
        if seqs:
            self._emit(r.Deleted(command.queue_id, tuple(seqs)))

    def _change_visibility(self, command: c.ChangeVisibility, now_ms: int) -> tuple[QanatError | None, ...]:
        queue = self._queue(command.queue_id, now_ms)
        return tuple(self._change_one(queue, change, now_ms) for change in command.changes)

    def _change_one(self, queue: StandardQueue, change: c.VisibilityChange, now_ms: int) -> QanatError | None:
        message = queue.messages.get(change.receipt.seq)
        if message is None:
            return errors.MessageNotAvailable(change.handle)
        if message.receive_count != change.receipt.receive_count or message.visible_at_ms <= now_ms:
            # Received again since, or visible again: AWS answers 200 to an expired handle and changes nothing.
            return None
        visible_at_ms = now_ms + change.timeout_s * 1000
        if visible_at_ms > message.received_at_ms + limits.VISIBILITY_TOTAL_MS:
            return errors.VisibilityTooLong(change.timeout_s)
        self._emit(r.VisibilityChanged(queue.queue_id, message.seq, visible_at_ms))
        return None

    def _purge(self, command: c.Purge, now_ms: int) -> None:
        queue = self._queue(command.queue_id, now_ms)
        if queue.purged_at_ms and now_ms < queue.purged_at_ms + command.interval_ms:
            raise errors.PurgeQueueInProgress(command.queue_name)
        self._emit(r.Purged(command.queue_id, queue.next_seq, now_ms))

    def _count(self, command: c.Count, now_ms: int) -> c.Counts:
        return self._queue(command.queue_id, now_ms).counts()

    def _configure(self, command: c.ConfigureQueue, now_ms: int) -> None:
        queue = self.queues.get(command.queue_id)
        if queue is None:
            self._emit(r.QueueConfigured(command.queue_id, command.retention_ms, 0, 0))
        elif queue.retention_ms != command.retention_ms:
            # Time first: what expired under the old period stays expired.
            queue = self._queue(command.queue_id, now_ms)
            self._emit(
                r.QueueConfigured(command.queue_id, command.retention_ms, queue.next_seq, queue.purged_at_ms)
            )

    def _drop(self, command: c.DropQueue, now_ms: int) -> None:
        if command.queue_id in self.queues:
            self._emit(r.QueueDropped(command.queue_id))

    def _keep(self, command: c.Keep, now_ms: int) -> None:
        """Only what still has its newest record in that frame is written again."""
        for queue_id, seq in command.items:
            queue = self.queues.get(queue_id)
            if queue is None:
                continue
            if seq is None:
                self._keep_queue(queue, command.position)
            elif (message := queue.messages.get(seq)) and message.position == command.position:
                self._emit(
                    r.Kept(
                        queue_id,
                        seq,
                        message.content,
                        message.visible_at_ms,
                        message.receive_count,
                        message.first_received_at_ms,
                        message.received_at_ms,
                    )
                )

    def _keep_queue(self, queue: StandardQueue, position: int) -> None:
        if queue.position == position:
            self._emit(
                r.QueueConfigured(queue.queue_id, queue.retention_ms, queue.next_seq, queue.purged_at_ms)
            )

    # -- records --------------------------------------------------------------------------------------------

    def _configured(self, record: r.QueueConfigured) -> None:
        queue = self._queue_or_stub(record.queue_id)
        if queue.position is not None:
            self._frames.drop(queue.position)
        self._frames.add(self.position)
        queue.position = self.position
        queue.retention_ms = record.retention_ms
        queue.next_seq = max(queue.next_seq, record.next_seq)
        queue.purged_at_ms = record.purged_at_ms

    def _dropped(self, record: r.QueueDropped) -> None:
        queue = self.queues.pop(record.queue_id, None)
        if queue is None:
            return
        if queue.position is not None:
            self._frames.drop(queue.position)
        for message in queue.messages.values():
            self._release(message)

    def _sent(self, record: r.Sent) -> None:
        queue = self._queue_or_stub(record.queue_id)
        self._settle(queue, Message(record.seq, record.content, record.visible_at_ms, self.position))

    def _kept(self, record: r.Kept) -> None:
        queue = self._queue_or_stub(record.queue_id)
        if (old := queue.messages.get(record.seq)) is not None:
            self._frames.drop(old.position)
            self._frames.add(self.position)
            old.position = self.position
            return
        message = Message(record.seq, record.content, record.visible_at_ms, self.position)
        message.receive_count = record.receive_count
        message.first_received_at_ms = record.first_received_at_ms
        message.received_at_ms = record.received_at_ms
        self._settle(queue, message)

    def _received(self, record: r.Received) -> None:
        for queue, message in self._named(record.queue_id, record.seqs):
            queue.count_receive(message, record.at_ms, record.visible_at_ms)

    def _visibility_changed(self, record: r.VisibilityChanged) -> None:
        for queue, message in self._named(record.queue_id, (record.seq,)):
            queue.reschedule(message, record.visible_at_ms)

    def _deleted(self, record: r.Deleted | r.Expired) -> None:
        for queue, message in self._named(record.queue_id, record.seqs):
            queue.remove(message)
            self._release(message)

    def _purged(self, record: r.Purged) -> None:
        queue = self.queues.get(record.queue_id)
        if queue is None:
            return
        queue.purged_at_ms = record.at_ms
        for message in [m for m in queue.messages.values() if m.seq < record.before_seq]:
            queue.remove(message)
            self._release(message)

    def _queue_or_stub(self, queue_id: int) -> StandardQueue:
        """While the log is replayed from a trimmed head, messages may come before their queue's newest record."""
        queue = self.queues.get(queue_id)
        if queue is None:
            queue = self.queues[queue_id] = StandardQueue(queue_id)
        return queue

    def _settle(self, queue: StandardQueue, message: Message) -> None:
        queue.add(message)
        self._frames.add(self.position)
        self.live_bytes += message.size_bytes

    def _release(self, message: Message) -> None:
        self._frames.drop(message.position)
        self.live_bytes -= message.size_bytes

    def _named(self, queue_id: int, seqs: tuple[int, ...]) -> list[tuple[StandardQueue, Message]]:
        queue = self.queues.get(queue_id)
        if queue is None:
            return []
        return [(queue, message) for seq in seqs if (message := queue.messages.get(seq)) is not None]
