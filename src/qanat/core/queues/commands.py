"""What may be asked of a queue shard. Values that cannot be wrong: `wire` has checked every bound."""

from typing import NamedTuple

from msgspec import Struct

from qanat.core.queues.message import Content, Message


class Receipt(NamedTuple):
    """What a genuine receipt handle says; see receipt.py."""

    seq: int
    receive_count: int


class ConfigureQueue(Struct, frozen=True, gc=False):
    """Makes the queue where it is not there."""

    queue_id: int
    retention_ms: int


class DropQueue(Struct, frozen=True, gc=False):
    queue_id: int


class Outgoing(NamedTuple):
    content: Content
    delay_s: int


class Send(Struct, frozen=True, gc=False):
    """-> None. Message ids and digests were made by the caller."""

    queue_id: int
    messages: tuple[Outgoing, ...]


class Receive(Struct, frozen=True, gc=False):
    """-> tuple[Delivery, ...], at most `max_messages`."""

    queue_id: int
    max_messages: int
    visibility_timeout_s: int
    long_poll: bool = False


class Delivery(NamedTuple):
    """A message as handed to one receiver. A value: the message itself may have moved on when this is read."""

    seq: int
    content: Content
    receive_count: int
    first_received_at_ms: int

    @classmethod
    def of(cls, message: Message) -> "Delivery":
        return cls(message.seq, message.content, message.receive_count, message.first_received_at_ms)


class Delete(Struct, frozen=True, gc=False):
    """-> None. Deleting what is gone succeeds, as on AWS."""

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


class Keep(Struct, frozen=True, gc=False):
    """-> None. Writes again what still lives in frame `position`, whose records named `items` (queue, seq or None)."""

    position: int
    items: tuple[tuple[int, int | None], ...]


QueueCommand = Send | Receive | Delete | ChangeVisibility | Purge | Count | ConfigureQueue | DropQueue | Keep
