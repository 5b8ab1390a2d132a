"""What handling one command yields."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

Reply = TypeVar("Reply")
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Reply, Record]):
    """A reply, and the records that must be durable before it may leave. The state has them applied already."""

    reply: Reply
    records: list[Record] = field(default_factory=list)
