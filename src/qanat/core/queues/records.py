"""What the log of a queue shard may hold. Past tense: each says what happened, and applying it cannot fail.

A record that names a queue or a message that is not there is passed over: trimming the head of the log may have
dropped what it speaks of, but never the other way round (a Sent outlives no Deleted).
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from qanat.core.queues.message import Content
from qanat.core.queues.model import QueueConfig
from qanat.core.queues.moving import MoveTask

RECORDS_VERSION: Final = 2
"""If you change a struct here, Content, MessageAttribute, QueueConfig or MoveTask other than by a field with a default
at the end: increment this, keep the old structs for reading, and store a log of the old version under tests/data."""


class QueueConfigured(Struct, frozen=True, array_like=True, gc=False, tag="Q"):
    """All that is to know of a queue but its messages; written when any of it changes, and to free the log's head."""

    queue_id: int
    config: QueueConfig
    next_seq: int
    purged_at_ms: int
    tasks: tuple[MoveTask, ...] = ()
    """The move tasks that this queue is the source of, oldest first."""


class QueueDropped(Struct, frozen=True, array_like=True, gc=False, tag="X"):
    queue_id: int


class Sent(Struct, frozen=True, array_like=True, gc=False, tag="S"):
    queue_id: int
    seq: int
    content: Content
    visible_at_ms: int


class Received(Struct, frozen=True, array_like=True, gc=False, tag="R"):
    queue_id: int
    seqs: tuple[int, ...]
    at_ms: int
    visible_at_ms: int
    attempt_id: str | None = None
    """ReceiveRequestAttemptId, in a FIFO queue."""


class Retried(Struct, frozen=True, array_like=True, gc=False, tag="A"):
    """A receive was asked for again by its attempt id: its messages are hidden anew, and count no further receive.

    Whole, so that it says all of the attempt when the frame of the receive is gone; written to free that frame, too.
    """

    queue_id: int
    attempt_id: str
    at_ms: int
    """When the messages were received first."""
    seqs: tuple[int, ...]
    visible_at_ms: int


class VisibilityChanged(Struct, frozen=True, array_like=True, gc=False, tag="V"):
    queue_id: int
    seq: int
    visible_at_ms: int


class Deleted(Struct, frozen=True, array_like=True, gc=False, tag="D"):
    queue_id: int
    seqs: tuple[int, ...]


class Expired(Struct, frozen=True, array_like=True, gc=False, tag="E"):
    """Written although a clock could tell, so that a retention period made longer later raises no dead."""

    queue_id: int
    seqs: tuple[int, ...]


class Purged(Struct, frozen=True, array_like=True, gc=False, tag="P"):
    queue_id: int
    before_seq: int
    at_ms: int


class Kept(Struct, frozen=True, array_like=True, gc=False, tag="K"):
    """A whole message again, so that the frame that held it before can be dropped."""

    queue_id: int
    seq: int
    content: Content
    visible_at_ms: int
    receive_count: int
    first_received_at_ms: int
    received_at_ms: int
    kept_since_ms: int = 0
    source_arn: str | None = None
    carried_count: int = 0


class Moved(Struct, frozen=True, array_like=True, gc=False, tag="M"):
    """A message left one queue and is in another: one record, so that no crash can lose it or double it."""

    queue_id: int
    seq: int
    message: Kept
    """As it stands in its new queue."""
    task_id: str | None = None
    """The move task that did it; None of a dead letter."""


class Remembered(Struct, frozen=True, array_like=True, gc=False, tag="I"):
    """What a FIFO queue must still know of a message that may be gone, to recognise it when it is sent again."""

    queue_id: int
    seq: int
    deduplication_id: str
    group_id: str
    message_id: str
    sent_at_ms: int


QueueRecord = (
    QueueConfigured
    | QueueDropped
    | Sent
    | Received
    | Retried
    | VisibilityChanged
    | Deleted
    | Expired
    | Purged
    | Kept
    | Moved
    | Remembered
)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[QueueRecord])


def encode(records: Sequence[QueueRecord]) -> bytes:
    return _encoder.encode(records)


def size_bytes(record: QueueRecord) -> int:
    """Of one in a frame."""
    return len(_encoder.encode(record))


def decode(data: bytes) -> list[QueueRecord]:
    """Raises msgspec.MsgspecError where `data` was not written by `encode` of a version that we read."""
    return _decoder.decode(data)
