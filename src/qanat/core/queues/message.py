"""A message: what was sent, which never changes, and the few facts that receiving it changes.

Whether a message is visible, delayed or in flight is read from these facts and a time; no flag says so.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

# Ids, digest and times of a message in the log.
_OVERHEAD_BYTES: Final = 144
# What a dead letter's record says besides.
_DEAD_LETTER_BYTES: Final = 32
# Where recorded sequence numbers begin, and the step between them.
_FIRST_SEQUENCE_NUMBER: Final = 18_849_496_460_467_696_128
_SEQUENCE_STEP: Final = 256


class MessageState(StrEnum):
    """The values of `State` and `States` (PeekMessages)."""

    VISIBLE = "Visible"
    IN_FLIGHT = "InFlight"
    DELAYED = "Delayed"


class MessageAttribute(Struct, frozen=True, array_like=True, gc=False):
    """One user attribute. Exactly one of the two values is set, as `data_type` says."""

    name: str
    data_type: str
    """`String`, `Number` or `Binary`, with an optional `.label`."""
    string_value: str | None = None
    binary_value: bytes | None = None


class Content(Struct, frozen=True, array_like=True, gc=False):
    """What the sender said, once checked. Written to the log as it stands: see RECORDS_VERSION in records.py."""

    message_id: str
    body: str
    body_md5: str
    """Lower-case hex, as MD5OfMessageBody."""
    attributes: tuple[MessageAttribute, ...]
    trace_header: str | None
    sender_id: str
    group_id: str | None
    sent_at_ms: int
    deduplication_id: str | None = None
    """Set on every message of a FIFO queue and on no other."""


class Message(Struct, eq=False, gc=False):
    """A living message of one queue. Outside the garbage collector's care: it holds nothing that could hold it."""

    seq: int
    content: Content
    visible_at_ms: int
    position: int
    """The frame that holds the newest record from which this message can be rebuilt."""
    receive_count: int = 0
    first_received_at_ms: int = 0
    received_at_ms: int = 0
    kept_since_ms: int = 0
    """When its retention period began, where that is not when it was sent: in a FIFO dead-letter queue."""
    source_arn: str | None = None
    """The queue that it is a dead letter of."""
    carried_count: int = 0
    """How many of its receives were in queues before this one."""

    @property
    def receives_here(self) -> int:
        return self.receive_count - self.carried_count

    @property
    def retained_from_ms(self) -> int:
        return self.kept_since_ms or self.content.sent_at_ms

    def state(self, now_ms: int) -> MessageState:
        if self.visible_at_ms <= now_ms:
            return MessageState.VISIBLE
        return MessageState.IN_FLIGHT if self.receive_count else MessageState.DELAYED

    def __eq__(self, other: object) -> bool:
        """Equal in all that a client can see; where the message lies in the log does not count."""
        return isinstance(other, Message) and all(
            getattr(self, name) == getattr(other, name)
            for name in self.__struct_fields__
            if name != "position"
        )

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return (
            f"Message(seq={self.seq}, visible_at_ms={self.visible_at_ms}, receive_count={self.receive_count})"
        )

    @property
    def size_bytes(self) -> int:
        """About what the message takes in the log; used to weigh garbage, never to judge a quota."""
        content = self.content
        size_bytes = _OVERHEAD_BYTES + _utf8_bytes(content.body)
        if self.source_arn is not None:
            size_bytes += _DEAD_LETTER_BYTES + len(self.source_arn)
        if not content.attributes and content.trace_header is None and content.group_id is None:
            return size_bytes + len(content.deduplication_id or "")
        for attribute in content.attributes:
            size_bytes += _utf8_bytes(attribute.name) + _utf8_bytes(attribute.data_type)
            size_bytes += len(attribute.binary_value or b"") + _utf8_bytes(attribute.string_value or "")
        size_bytes += _utf8_bytes(content.trace_header or "")
        return size_bytes + len(content.group_id or "") + len(content.deduplication_id or "")


def sequence_number(seq: int) -> str:
    """Twenty digits that rise with every message of a queue, as AWS gives them to messages of FIFO queues."""
    return str(_FIRST_SEQUENCE_NUMBER + seq * _SEQUENCE_STEP)


def _utf8_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
