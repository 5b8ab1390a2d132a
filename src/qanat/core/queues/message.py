"""A message: what was sent, which never changes, and the few facts that receiving it changes.

Whether a message is visible, delayed or in flight is read from these facts and a time; no flag says so.
"""

from typing import Final

from msgspec import Struct

# Ids, digest and times of a message in the log.
_OVERHEAD_BYTES: Final = 144


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
        if not content.attributes and content.trace_header is None and content.group_id is None:
            return size_bytes
        for attribute in content.attributes:
            size_bytes += len(attribute.name) + len(attribute.data_type)
            size_bytes += len(attribute.binary_value or b"") + _utf8_bytes(attribute.string_value or "")
        return size_bytes + len(content.trace_header or "") + len(content.group_id or "")


def _utf8_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
