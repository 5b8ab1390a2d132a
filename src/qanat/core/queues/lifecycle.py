"""Queues come, change and go; what of an old frame still lives is kept; anybody may look without touching."""

from msgspec.structs import replace

from qanat.core.part import Handlers
from qanat.core.queues import commands as c
from qanat.core.queues import errors
from qanat.core.queues import records as r
from qanat.core.queues.fold import Queue
from qanat.core.queues.peeking import peek
from qanat.core.queues.writer import Writer


class Lifecycle:
    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._queues = writer.fold.queues
        self.handlers: Handlers = {
            c.ConfigureQueue: self._configure,
            c.DropQueue: self._drop,
            c.Purge: self._purge,
            c.Count: self._count,
            c.Peek: self._peek,
            c.Keep: self._keep,
        }

    def _configure(self, command: c.ConfigureQueue, now_ms: int) -> None:
        queue = self._queues.get(command.queue_id)
        if queue is None:
            self._writer.emit(r.QueueConfigured(command.queue_id, command.config, 0, 0))
        elif queue.config != command.config:
            # Time first: what expired under the old period stays expired.
            queue = self._writer.queue(command.queue_id, now_ms)
            self._writer.emit(replace(configured(queue), config=command.config))

    def _drop(self, command: c.DropQueue, now_ms: int) -> None:
        if command.queue_id in self._queues:
            self._writer.emit(r.QueueDropped(command.queue_id))

    def _purge(self, command: c.Purge, now_ms: int) -> None:
        queue = self._writer.queue(command.queue_id, now_ms)
        if queue.purged_at_ms and now_ms < queue.purged_at_ms + command.interval_ms:
            raise errors.PurgeQueueInProgress(command.queue_name)
        self._writer.emit(r.Purged(command.queue_id, queue.next_seq, now_ms))

    def _count(self, command: c.Count, now_ms: int) -> c.Counts:
        return self._writer.queue(command.queue_id, now_ms).counts()

    def _peek(self, command: c.Peek, now_ms: int) -> c.PeekedPage:
        # Not by `writer.queue`, which writes down what has expired.
        queue = self._queues.get(command.queue_id)
        if queue is None:
            raise errors.QueueDoesNotExist
        return peek(queue, command, now_ms)

    # -- freeing the head of the log ----------------------------------------------------------------------------

    def _keep(self, command: c.Keep, now_ms: int) -> None:
        """Only what still has its newest record in that frame is written again."""
        for record in command.records:
            if (queue := self._queues.get(record.queue_id)) is not None and queue.fifo:
                # What is over is not to be kept for ever.
                self._writer.fold.forget(queue, now_ms)
            if isinstance(record, r.Moved):
                record = record.message
            if isinstance(record, r.Sent | r.Kept):
                self._keep_message(record.queue_id, record.seq, command.position)
                content = record.content
                if content.deduplication_id is not None and content.group_id is not None:
                    self._keep_memory(
                        record.queue_id,
                        record.seq,
                        content.deduplication_id,
                        content.group_id,
                        command.position,
                    )
            elif isinstance(record, r.Remembered):
                self._keep_memory(
                    record.queue_id, record.seq, record.deduplication_id, record.group_id, command.position
                )
            elif isinstance(record, r.Received | r.Retried) and record.attempt_id is not None:
                self._keep_attempt(record.queue_id, record.attempt_id, command.position)
            elif isinstance(record, r.QueueConfigured):
                queue = self._queues.get(record.queue_id)
                if queue is not None and queue.position == command.position:
                    self._writer.emit(configured(queue))

    def _keep_message(self, queue_id: int, seq: int, position: int) -> None:
        queue = self._queues.get(queue_id)
        message = None if queue is None else queue.messages.get(seq)
        if message is None or message.position != position:
            return
        self._writer.emit(
            r.Kept(
                queue_id,
                seq,
                message.content,
                message.visible_at_ms,
                message.receive_count,
                message.first_received_at_ms,
                message.received_at_ms,
                message.kept_since_ms,
                message.source_arn,
                message.carried_count,
            )
        )

    def _keep_memory(
        self, queue_id: int, seq: int, deduplication_id: str, group_id: str, position: int
    ) -> None:
        queue = self._queues.get(queue_id)
        original = None if queue is None else queue.window.at(deduplication_id, group_id, seq)
        if original is None or original.position != position:
            return
        self._writer.emit(
            r.Remembered(queue_id, seq, deduplication_id, group_id, original.message_id, original.sent_at_ms)
        )

    def _keep_attempt(self, queue_id: int, attempt_id: str, position: int) -> None:
        queue = self._queues.get(queue_id)
        attempt = None if queue is None else queue.attempts.at(attempt_id)
        if queue is None or attempt is None or attempt.position != position:
            return
        visible_at_ms = queue.messages[attempt.seqs[0]].visible_at_ms
        self._writer.emit(r.Retried(queue_id, attempt_id, attempt.at_ms, attempt.seqs, visible_at_ms))


def configured(queue: Queue) -> r.QueueConfigured:
    """All of a queue but its messages, as it is now."""
    return r.QueueConfigured(queue.queue_id, queue.config, queue.next_seq, queue.purged_at_ms, queue.tasks)
