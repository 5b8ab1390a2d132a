"""What may be asked of the catalogue of queues."""

from msgspec import Struct

from qanat.core.queues.model import QueueKey

Pairs = tuple[tuple[str, str], ...]


class CreateQueue(Struct, frozen=True):
    """-> Queue, the standing one where it has the same attributes."""

    account: str
    region: str
    name: str
    attributes: Pairs
    tags: Pairs
    name_reuse_ms: int
    """How long after its deletion a name may not be used again."""


class SetQueueAttributes(Struct, frozen=True):
    """-> Queue."""

    key: QueueKey
    attributes: Pairs


class DeleteQueue(Struct, frozen=True):
    """-> Queue, as it last was."""

    key: QueueKey


class TagQueue(Struct, frozen=True):
    """-> Queue."""

    key: QueueKey
    tags: Pairs


class UntagQueue(Struct, frozen=True):
    """-> Queue."""

    key: QueueKey
    tag_keys: tuple[str, ...]


class ListQueueTags(Struct, frozen=True):
    """-> Pairs, sorted by key."""

    key: QueueKey


class AddPermission(Struct, frozen=True):
    """-> Queue."""

    key: QueueKey
    label: str
    account_ids: tuple[str, ...]
    actions: tuple[str, ...]
    """Without their prefix: `SendMessage`."""


class RemovePermission(Struct, frozen=True):
    """-> Queue."""

    key: QueueKey
    label: str


class ListDeadLetterSourceQueues(Struct, frozen=True):
    """-> NamePage, sorted. The sources are of the account and region of the queue."""

    key: QueueKey
    max_results: int
    after: str
    """The last name of the page before; empty for the first page."""


class ListQueues(Struct, frozen=True):
    """-> NamePage, sorted."""

    account: str
    region: str
    prefix: str
    max_results: int
    after: str
    """The last name of the page before; empty for the first page."""
