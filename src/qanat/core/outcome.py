"""What handling one command yields."""

from typing import Generic, TypeVar

from msgspec import Struct

Reply = TypeVar("Reply")
Record = TypeVar("Record")


class Outcome(Struct, Generic[Reply, Record], frozen=True, gc=False):
    """A reply, and the records that must be durable before it may leave. The state has them applied already."""

    reply: Reply
    records: list[Record]
