"""What the control shard's log may hold of queue definitions."""

from typing import Final

from msgspec import Struct

from qanat.core.queues.model import Queue, QueueKey

VERSION: Final = 2
"""Goes up with any change to a struct here or to Queue other than a field with a default at the end."""


class QueueCreated(Struct, frozen=True, array_like=True, tag=True):
    queue: Queue


class QueueModified(Struct, frozen=True, array_like=True, tag=True):
    queue: Queue


class QueueDeleted(Struct, frozen=True, array_like=True, tag=True):
    key: QueueKey
    at_ms: int


class CatalogueKept(Struct, frozen=True, array_like=True, tag=True):
    """The whole state: queues, the names deleted of late, and the next id."""

    queues: tuple[Queue, ...]
    deleted: tuple[tuple[QueueKey, int], ...]
    next_queue_id: int


DefinitionRecord = QueueCreated | QueueModified | QueueDeleted | CatalogueKept
