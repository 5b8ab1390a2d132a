"""The shape of a part of the control shard.

A part holds one kind of state. It checks a command fully, then changes itself only through the `emit` it was
given, which applies the record and collects it: so what a log replays is what the live shard did.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

Emit = Callable[[Struct], None]
"""Applies a record to memory and keeps it for the log."""

# The tables below are keyed by the very type that each function takes, which the type system cannot say.
Handlers = Mapping[type, Callable[[Any, int], object]]
"""Command type -> method(command, now_ms) -> reply."""
Appliers = Mapping[type, Callable[[Any], object]]
"""Record type -> method(record)."""


class Part(Protocol):
    @property
    def handlers(self) -> Handlers: ...

    @property
    def appliers(self) -> Appliers:
        """Every record of the part, its snapshot among them."""

    def snapshot(self) -> Any:
        """The whole state as one of the records; applying it replaces whatever the part holds."""

    def next_deadline_ms(self) -> int | None:
        """When the part next has something to do unasked, or None."""
