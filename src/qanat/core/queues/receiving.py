"""Receive, delete, change visibility; and the way of a message that was received too often."""

from itertools import takewhile

from msgspec.structs import replace

from qanat.core import limits
from qanat.core.errors import QanatError
from qanat.core.part import Handlers
from qanat.core.queues import commands as c
from qanat.core.queues import errors
from qanat.core.queues import records as r
from qanat.core.queues.fold import Queue
from qanat.core.queues.message import Message
from qanat.core.queues.writer import Writer


class _Burials:
    """How many dead letters one frame takes: a hundred thousand may be due at once, each of them a megabyte.

    By frame and not by command, since a frame gathers the commands of many clients. Whoever finds no room has records
    in that frame before its own, so its reply comes when the frame is on the disk and the next has room.
    """

    def __init__(self) -> None:
        self._position = -1
        self._count = 0
        self._size_bytes = 0

    def add(self, message: Message) -> None:
        self._count += 1
        self._size_bytes += message.size_bytes

    def may_go_on(self, position: int) -> bool:
        if self._position != position:
            self._position, self._count, self._size_bytes = position, 0, 0
        return self._count < limits.BURIED_MAX and self._size_bytes < limits.BURIED_BYTES_MAX


class Receiving:
    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._burials = _Burials()
        self.handlers: Handlers = {
            c.Receive: self._receive,
            c.Tidy: self._tidy,
            c.Delete: self._delete,
            c.ChangeVisibility: self._change_visibility,
        }

    # -- receiving ----------------------------------------------------------------------------------------------

    def _receive(self, command: c.Receive, now_ms: int) -> tuple[c.Delivery, ...]:
        queue = self._writer.queue(command.queue_id, now_ms)
        visible_at_ms = now_ms + command.visibility_timeout_s * 1000
        if command.attempt_id is not None and queue.fifo:
            attempt = queue.attempted(command.attempt_id, now_ms)
            if attempt is not None:
                self._writer.emit(
                    r.Retried(queue.queue_id, attempt.attempt_id, attempt.at_ms, attempt.seqs, visible_at_ms)
                )
                queue.tally.received += len(attempt.seqs)
                return tuple([c.Delivery.of(queue.messages[seq]) for seq in attempt.seqs])
        count = min(command.max_messages, self._room(queue, command))
        attempt_id = command.attempt_id if queue.fifo else None
        deliveries = self._take(queue, count, attempt_id, now_ms, visible_at_ms)
        if deliveries:
            queue.tally.received += len(deliveries)
        else:
            queue.tally.empty_receives += 1
        return deliveries

    def _room(self, queue: Queue, command: c.Receive) -> int:
        """How many more may be in flight (DG quotas-queues). Only a short poll of a standard queue is refused."""
        if queue.fifo:
            return limits.IN_FLIGHT_FIFO_MAX - queue.in_flight
        room = limits.IN_FLIGHT_STANDARD_MAX - queue.in_flight
        if room <= 0 and not command.long_poll:
            raise errors.OverLimit("Too many messages in flight.")
        return room

    def _take(
        self, queue: Queue, count: int, attempt_id: str | None, now_ms: int, visible_at_ms: int
    ) -> tuple[c.Delivery, ...]:
        """Hands out up to `count` messages; those that were received too often are buried on the way.

        Where that are more than may be buried now, only what stands before them is handed out, perhaps nothing.
        """
        hand = queue.take_ready(count)
        grave = self._grave_of(queue)
        limit = queue.config.max_receive_count
        while grave is not None and any(message.receives_here >= limit for message in hand):
            if not self._may_bury:
                hand = _before_the_dead(queue, hand)
                break
            for message in hand:
                if message.receives_here >= limit and self._may_bury:
                    self._bury(queue, message, grave, now_ms)
                else:
                    queue.put_back(message)
            hand = queue.take_ready(count)
        if hand:
            seqs = tuple([message.seq for message in hand])
            self._writer.emit(r.Received(queue.queue_id, seqs, now_ms, visible_at_ms, attempt_id))
        return tuple(map(c.Delivery.of, hand))

    # -- dead letters -------------------------------------------------------------------------------------------

    def _grave_of(self, queue: Queue) -> Queue | None:
        """The dead-letter queue; None where there is none, or no more: then messages stay, as on AWS."""
        target_arn = queue.config.dead_letter_arn
        if target_arn is None:
            return None
        fold = self._writer.fold
        return fold.queues.get(fold.by_arn.get(target_arn, -1))

    @property
    def _may_bury(self) -> bool:
        return self._burials.may_go_on(self._writer.fold.position)

    def _bury(self, queue: Queue, message: Message, grave: Queue, now_ms: int) -> None:
        """It keeps id, times and count; in a FIFO queue its retention begins anew (DG sqs-dead-letter-queues)."""
        self._burials.add(message)
        content = message.content
        if queue.fifo:
            content = replace(content, deduplication_id=content.message_id)
        kept = r.Kept(
            grave.queue_id,
            grave.next_seq,
            content,
            now_ms,
            message.receive_count,
            message.first_received_at_ms,
            message.received_at_ms,
            now_ms if queue.fifo else message.kept_since_ms,
            queue.config.arn,
            message.receive_count,
        )
        self._writer.emit(r.Moved(queue.queue_id, message.seq, kept))
        self._writer.filled.add(grave.queue_id)
        queue.tally.dead_lettered += 1

    def _tidy(self, command: c.Tidy, now_ms: int) -> None:
        queue = self._writer.queue(command.queue_id, now_ms)
        grave = self._grave_of(queue)
        while (
            grave is not None
            and self._may_bury
            and (message := queue.next_ready()) is not None
            and message.receives_here >= queue.config.max_receive_count
        ):
            self._bury(queue, message, grave, now_ms)

    # -- after receiving ----------------------------------------------------------------------------------------

    def _delete(self, command: c.Delete, now_ms: int) -> tuple[int, ...]:
        # An old receipt of a standard queue deletes too: AWS answers 200 to it, and an acknowledged delete must never
        # come back.
        queue = self._writer.queue(command.queue_id, now_ms)
        refused: list[int] = []
        if queue.fifo:
            refused = [
                index for index, receipt in enumerate(command.receipts) if _is_expired(queue, receipt, now_ms)
            ]
        seqs = dict.fromkeys(
            receipt.seq
            for index, receipt in enumerate(command.receipts)
            if receipt.seq in queue.messages and index not in refused
        )
        if seqs:
            self._writer.emit(r.Deleted(command.queue_id, tuple(seqs)))
        queue.tally.deleted += len(command.receipts) - len(refused)
        return tuple(refused)

    def _change_visibility(self, command: c.ChangeVisibility, now_ms: int) -> tuple[QanatError | None, ...]:
        queue = self._writer.queue(command.queue_id, now_ms)
        return tuple(self._change_one(queue, change, now_ms) for change in command.changes)

    def _change_one(self, queue: Queue, change: c.VisibilityChange, now_ms: int) -> QanatError | None:
        message = queue.messages.get(change.receipt.seq)
        if message is None:
            return errors.MessageNotAvailable(change.handle)
        if _is_expired(queue, change.receipt, now_ms):
            return errors.ReceiptHandleExpired(change.handle)
        if message.visible_at_ms <= now_ms:
            # Visible again: AWS answers 200 to an expired handle, and there is nothing to change. A standard queue
            # takes any of a message's receipts while it is in flight (recorded answers of AWS).
            return None
        visible_at_ms = now_ms + change.timeout_s * 1000
        if visible_at_ms > message.received_at_ms + limits.VISIBILITY_TOTAL_MS:
            return errors.VisibilityTooLong(change.timeout_s)
        self._writer.emit(r.VisibilityChanged(queue.queue_id, message.seq, visible_at_ms))
        return None


def _before_the_dead(queue: Queue, hand: list[Message]) -> list[Message]:
    """Those of the hand before its first dead letter; all others are put back."""
    limit = queue.config.max_receive_count
    alive = list(takewhile(lambda message: message.receives_here < limit, hand))
    for message in hand[len(alive) :]:
        queue.put_back(message)
    return alive


def _is_expired(queue: Queue, receipt: c.Receipt, now_ms: int) -> bool:
    """Whether a FIFO queue refuses it: its message was received again since, or is visible again."""
    if not queue.fifo:
        return False
    message = queue.messages.get(receipt.seq)
    return message is not None and (
        message.receive_count != receipt.receive_count or message.visible_at_ms <= now_ms
    )
