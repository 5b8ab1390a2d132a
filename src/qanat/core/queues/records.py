"""What the log of a queue shard may hold. Past tense: each says what happened, and applying it cannot fail.

A record that names a queue or a message that is not there is passed over: trimming the head of the log may have
dropped what it speaks of, but never the other way round (a Sent outlives no Deleted).
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from qanat.core.queues.message import Content

RECORDS_VERSION: Final = 1
"""If you change a struct here, Content or MessageAttribute other than by a field with a default at the end:
increment this, keep the old structs for reading, and store a log of the old version under tests/data."""


class QueueConfigured(Struct, frozen=True, array_like=True, gc=False, tag="Q"):
    """A queue exists with these settings; written when it is made, when they change, and to free the log's head."""

    queue_id: int
    retention_ms: int
    next_seq: int
    purged_at_ms: int


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


QueueRecord = (
    QueueConfigured | QueueDropped | Sent | Received | VisibilityChanged | Deleted | Expired | Purged | Kept
)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[QueueRecord])


def encode(records: Sequence[QueueRecord]) -> bytes:
    return _encoder.encode(records)


def decode(data: bytes) -> list[QueueRecord]:
    """Raises msgspec.MsgspecError where `data` was not written by `encode` of a version that we read."""
    return _decoder.decode(data)
