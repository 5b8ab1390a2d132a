"""What may be asked of a queue shard. Values that cannot be wrong: `wire` has checked every bound."""

from typing import NamedTuple

from msgspec import Struct

from qanat.core.identity.model import Caller
from qanat.core.queues.message import Content, Message, MessageState
from qanat.core.queues.model import QueueConfig
from qanat.core.queues.moving import MoveStatus
from qanat.core.queues.records import QueueRecord


class Receipt(NamedTuple):
    """What a genuine receipt handle says; see receipt.py."""

    seq: int
    receive_count: int


class ConfigureQueue(Struct, frozen=True, gc=False):
    """Makes the queue where it is not there."""

    queue_id: int
    config: QueueConfig


class DropQueue(Struct, frozen=True, gc=False):
    queue_id: int


class Outgoing(NamedTuple):
    content: Content
    delay_s: int
    size_bytes: int = 0
    """As quotas count it."""


class SentAs(NamedTuple):
    """What became of a message: its own id, or that of the one which it repeats."""

    message_id: str
    seq: int


class Send(Struct, frozen=True, gc=False):
    """-> tuple[SentAs, ...], one for each. Message ids and digests were made by the caller."""

    queue_id: int
    messages: tuple[Outgoing, ...]


class Receive(Struct, frozen=True, gc=False):
    """-> tuple[Delivery, ...], at most `max_messages`."""

    queue_id: int
    max_messages: int
    visibility_timeout_s: int
    long_poll: bool = False
    attempt_id: str | None = None
    """ReceiveRequestAttemptId; a standard queue passes it over."""


class Tidy(Struct, frozen=True, gc=False):
    """-> None. Expired messages go, and those whose turn it is that were received too often go where they belong.

    Not all of a great many: `is_untidy` says whether some are left.
    """

    queue_id: int


class Delivery(NamedTuple):
    """A message as handed to one receiver. A value: the message itself may have moved on when this is read."""

    seq: int
    content: Content
    receive_count: int
    first_received_at_ms: int
    source_arn: str | None

    @classmethod
    def of(cls, message: Message) -> "Delivery":
        return cls(
            message.seq,
            message.content,
            message.receive_count,
            message.first_received_at_ms,
            message.source_arn,
        )


class Delete(Struct, frozen=True, gc=False):
    """-> tuple[int, ...]: which of them (by index) a FIFO queue refuses, since the handle has expired.

    Deleting what is gone succeeds, as on AWS.
    """

    queue_id: int
    receipts: tuple[Receipt, ...]


class VisibilityChange(NamedTuple):
    handle: str
    """As the client sent it, for the words of a refusal."""
    receipt: Receipt
    timeout_s: int


class ChangeVisibility(Struct, frozen=True, gc=False):
    """-> tuple[QanatError | None, ...], one for each change: a batch may fail in part."""

    queue_id: int
    changes: tuple[VisibilityChange, ...]


class Purge(Struct, frozen=True, gc=False):
    """-> None, or PurgeQueueInProgress where the last one was less than `interval_ms` ago."""

    queue_id: int
    queue_name: str
    interval_ms: int


class Count(Struct, frozen=True, gc=False):
    """-> Counts."""

    queue_id: int


class Counts(NamedTuple):
    visible: int
    in_flight: int
    delayed: int


class Peek(Struct, frozen=True, gc=False):
    """-> PeekedPage. Changes nothing, and writes nothing."""

    queue_id: int
    max_messages: int
    after_seq: int = -1
    states: tuple[MessageState, ...] = tuple(MessageState)
    """Messages in another state are left out."""
    message_id: str | None = None
    """All others are left out."""


class Peeked(NamedTuple):
    seq: int
    content: Content
    state: MessageState
    visible_at_ms: int
    receive_count: int
    first_received_at_ms: int
    source_arn: str | None


class PeekedPage(NamedTuple):
    """Some messages in the order of sending; none of them, too, where a filter left out all that were looked at."""

    messages: tuple[Peeked, ...]
    more_after_seq: int | None
    """Where to go on; None at the end of the queue."""


class Keep(Struct, frozen=True, gc=False):
    """-> None. Writes again what still lives of the records of frame `position`."""

    position: int
    records: tuple[QueueRecord, ...]


class StartMove(Struct, frozen=True, gc=False):
    """-> MoveTask. Messages of the queue will be moved by `MoveOne`."""

    queue_id: int
    task_id: str
    destination_arn: str | None
    max_per_second: int | None
    caller: Caller


class MoveOne(Struct, frozen=True, gc=False):
    """-> None. Moves the message if it is still the next one; QueueDoesNotExist where its destination is not there."""

    queue_id: int
    task_id: str
    seq: int
    message_id: str
    """The new id of the message: it counts as sent anew."""


class EndMove(Struct, frozen=True, gc=False):
    """-> MoveTask as it is then. `CANCELLING` asks for an end; the others are one."""

    queue_id: int
    task_id: str
    status: MoveStatus
    failure_reason: str | None = None


class ListMoves(Struct, frozen=True, gc=False):
    """-> tuple[MoveTask, ...], the newest first."""

    queue_id: int


Moves = StartMove | MoveOne | EndMove | ListMoves
QueueCommand = (
    Send
    | Receive
    | Tidy
    | Delete
    | ChangeVisibility
    | Purge
    | Count
    | Peek
    | ConfigureQueue
    | DropQueue
    | Keep
    | Moves
)
