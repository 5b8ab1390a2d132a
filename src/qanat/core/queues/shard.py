"""The messages of many queues: `handle` a command, `apply` a record. It only routes."""

from typing import Any

from qanat.core.errors import QanatError
from qanat.core.outcome import Outcome
from qanat.core.part import Handlers
from qanat.core.queues import commands as c
from qanat.core.queues import records as r
from qanat.core.queues.fold import Fold, Queue
from qanat.core.queues.lifecycle import Lifecycle
from qanat.core.queues.message import Message
from qanat.core.queues.moves import Moves
from qanat.core.queues.receiving import Receiving
from qanat.core.queues.sending import Sending
from qanat.core.queues.writer import Writer


class QueueShard:
    def __init__(self) -> None:
        self._fold = fold = Fold()
        self._writer = writer = Writer(fold)
        self._handlers: Handlers = {
            **Sending(writer).handlers,
            **Receiving(writer).handlers,
            **Lifecycle(writer).handlers,
            **Moves(writer).handlers,
        }

    # -- the three calls ------------------------------------------------------------------------------------

    def handle(self, command: c.QueueCommand, now_ms: int) -> Outcome[Any, r.QueueRecord]:
        """A refusal is a reply too: the passing of time, which it may have noticed, is still to be written."""
        records: list[r.QueueRecord] = []
        self._writer.emitted = records
        try:
            reply = self._handlers[type(command)](command, now_ms)
        except QanatError as refusal:
            reply = refusal
        return Outcome(reply, records)

    def apply(self, record: r.QueueRecord) -> None:
        self._fold.apply(record)

    def trimmable(self) -> int:
        """Frames before this position hold nothing that lives."""
        oldest = self._fold.frames.oldest()
        return self._fold.position if oldest is None else oldest

    # -- what may be read at any time -----------------------------------------------------------------------

    @property
    def position(self) -> int:
        """The frame now being gathered (or replayed); the writer of the log sets it."""
        return self._fold.position

    @position.setter
    def position(self, position: int) -> None:
        self._fold.position = position

    @property
    def queues(self) -> dict[int, Queue]:
        return self._fold.queues

    @property
    def live_bytes(self) -> int:
        """About what the living would take if the log held nothing else."""
        return self._fold.live_bytes

    def take_filled(self) -> set[int]:
        """The queues that got messages by another queue's command since this was last asked."""
        filled, self._writer.filled = self._writer.filled, set()
        return filled

    def is_untidy(self, queue_id: int, now_ms: int) -> bool:
        """Whether the queue's next message is one that nobody is to receive any more: `Tidy` before you look."""
        queue = self._fold.queues.get(queue_id)
        if queue is None:
            return False
        queue.advance(now_ms)
        if queue.holds_expired(now_ms):
            return True
        limit = queue.config.max_receive_count
        if not limit:
            return False
        message = queue.next_ready()
        return (
            message is not None
            and message.receives_here >= limit
            and queue.config.dead_letter_arn in self._fold.by_arn
        )

    def has_visible(self, queue_id: int, now_ms: int) -> bool:
        """Whether a receive would find a message, in a tidy queue."""
        return self.next_message(queue_id, now_ms) is not None

    def next_message(self, queue_id: int, now_ms: int) -> Message | None:
        """What a receive of a tidy queue would find first."""
        queue = self._fold.queues.get(queue_id)
        if queue is None:
            return None
        queue.advance(now_ms)
        return queue.next_ready()

    def is_retry(self, command: c.Receive, now_ms: int) -> bool:
        """Whether that receive would get the messages that it got before, by its attempt id."""
        queue = self._fold.queues.get(command.queue_id)
        if queue is None or command.attempt_id is None:
            return False
        return queue.attempted(command.attempt_id, now_ms) is not None

    def queues_with_expired(self, now_ms: int) -> list[int]:
        """Queues that nobody has asked since something of theirs was over."""
        return [
            queue.queue_id
            for queue in self._fold.queues.values()
            if queue.holds_expired(now_ms) or queue.holds_forgotten(now_ms)
        ]

    def next_visible_at_ms(self, queue_id: int) -> int | None:
        """When a message that is hidden now becomes visible; None where none is hidden."""
        queue = self._fold.queues.get(queue_id)
        return None if queue is None else queue.next_visible_at_ms()
