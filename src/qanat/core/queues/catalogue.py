"""The definitions of queues: a part of the control shard.

Invariant: a name stands for one queue of its account at a time, and a `queue_id` for one queue for ever.
"""

import re
from typing import Final

from qanat.core import limits
from qanat.core.errors import InvalidParameterValue, UnsupportedOperation
from qanat.core.part import Appliers, Emit, Handlers
from qanat.core.queues import errors
from qanat.core.queues.attributes import FIFO_ONLY, SETTABLE, checked, merged, settings_of
from qanat.core.queues.definition_commands import (
    CreateQueue,
    DeleteQueue,
    ListQueues,
    QueueListing,
    SetQueueAttributes,
)
from qanat.core.queues.definition_records import CatalogueKept, QueueCreated, QueueDeleted, QueueModified
from qanat.core.queues.model import Queue, QueueKey, QueueSettings

_NAME: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{limits.QUEUE_NAME_LENGTH_MAX}}}\Z")

# The longest that the settings let a name rest (AWS: limits.NAME_REUSE_MS).
_NAME_REUSE_MAX_MS: Final = 3_600_000


class Catalogue:
    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._queues: dict[QueueKey, Queue] = {}
        self._settings: dict[int, QueueSettings] = {}
        self._deleted: dict[QueueKey, int] = {}
        self._next_queue_id = 1
        self.handlers: Handlers = {
            CreateQueue: self._create,
            SetQueueAttributes: self._set_attributes,
            DeleteQueue: self._delete,
            ListQueues: self._list,
        }
        self.appliers: Appliers = {
            QueueCreated: lambda record: self._put(record.queue),
            QueueModified: lambda record: self._put(record.queue),
            QueueDeleted: self._deleted_one,
            CatalogueKept: self._restore,
        }

    def queue(self, account: str, name: str) -> Queue | None:
        return self._queues.get((account, name))

    def settings(self, queue: Queue) -> QueueSettings:
        return self._settings[queue.queue_id]

    def all_queues(self) -> tuple[Queue, ...]:
        return tuple(self._queues.values())

    def snapshot(self) -> CatalogueKept:
        return CatalogueKept(
            tuple(self._queues.values()),
            tuple((account, name, at_ms) for (account, name), at_ms in self._deleted.items()),
            self._next_queue_id,
        )

    def next_deadline_ms(self) -> None:
        return None

    # -- commands -------------------------------------------------------------------------------------------

    def _create(self, command: CreateQueue, now_ms: int) -> Queue:
        given = dict(command.attributes)
        _check_name(command.name, given)
        attributes = checked(given)
        standing = self._queues.get((command.account, command.name))
        if standing is not None:
            _check_same(standing, attributes)
            return standing
        deleted_at_ms = self._deleted.get((command.account, command.name))
        if deleted_at_ms is not None and now_ms < deleted_at_ms + command.name_reuse_ms:
            raise errors.QueueDeletedRecently
        _check_tags(command.tags)
        queue = Queue(
            self._next_queue_id,
            command.account,
            command.region,
            command.name,
            merged((), attributes),
            tuple(sorted(command.tags)),
            now_ms,
            now_ms,
        )
        self._emit(QueueCreated(queue))
        return queue

    def _set_attributes(self, command: SetQueueAttributes, now_ms: int) -> Queue:
        standing = self._standing(command.account, command.name)
        given = dict(command.attributes)
        for name in given.keys() & FIFO_ONLY:
            raise errors.InvalidAttributeName(f"Unknown Attribute {name}.")
        attributes = merged(standing.attributes, checked(given))
        queue = Queue(
            standing.queue_id,
            standing.account,
            standing.region,
            standing.name,
            attributes,
            standing.tags,
            standing.created_at_ms,
            now_ms,
        )
        self._emit(QueueModified(queue))
        return queue

    def _delete(self, command: DeleteQueue, now_ms: int) -> Queue:
        standing = self._standing(command.account, command.name)
        self._emit(QueueDeleted(command.account, command.name, now_ms))
        return standing

    def _list(self, command: ListQueues, now_ms: int) -> QueueListing:
        names = sorted(
            name
            for account, name in self._queues
            if account == command.account and name.startswith(command.prefix) and name > command.after
        )
        return QueueListing(tuple(names[: command.max_results]), len(names) > command.max_results)

    def _standing(self, account: str, name: str) -> Queue:
        queue = self._queues.get((account, name))
        if queue is None:
            raise errors.QueueDoesNotExist
        return queue

    # -- records --------------------------------------------------------------------------------------------

    def _put(self, queue: Queue) -> None:
        key = (queue.account, queue.name)
        self._queues[key] = queue
        self._settings[queue.queue_id] = settings_of(queue)
        self._deleted.pop(key, None)
        self._next_queue_id = max(self._next_queue_id, queue.queue_id + 1)

    def _deleted_one(self, record: QueueDeleted) -> None:
        key = (record.account, record.name)
        queue = self._queues.pop(key)
        del self._settings[queue.queue_id]
        # Names deleted longer ago than any cooldown are forgotten as others are deleted.
        oldest_ms = record.at_ms - _NAME_REUSE_MAX_MS
        self._deleted = {name: at_ms for name, at_ms in self._deleted.items() if at_ms > oldest_ms}
        self._deleted[key] = record.at_ms

    def _restore(self, record: CatalogueKept) -> None:
        self._queues.clear()
        self._settings.clear()
        for queue in record.queues:
            self._put(queue)
        self._deleted = {(account, name): at_ms for account, name, at_ms in record.deleted}
        self._next_queue_id = record.next_queue_id


def _check_name(name: str, attributes: dict[str, str]) -> None:
    if name.endswith(".fifo") and _NAME.match(name.removesuffix(".fifo")):
        raise UnsupportedOperation("FIFO queues are not supported yet.")
    if not _NAME.match(name):
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    if attributes.get("FifoQueue", "").lower() == "true":
        raise InvalidParameterValue(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, "
            "or underscores, must end with .fifo suffix and be 1 to 80 in length."
        )
    for attribute in attributes.keys() & {"DeduplicationScope", "FifoThroughputLimit"}:
        raise errors.InvalidAttributeName(
            f"You can specify the {attribute} only when FifoQueue is set to true."
        )


def _check_same(standing: Queue, attributes: dict[str, str]) -> None:
    """AWS compares only what is given now."""
    kept = dict(standing.attributes)
    for name, text in attributes.items():
        if text != kept.get(name, SETTABLE[name].default):
            raise errors.QueueNameExists(name)


def _check_tags(tags: tuple[tuple[str, str], ...]) -> None:
    if len(tags) > limits.QUEUE_TAGS_MAX:
        raise InvalidParameterValue(f"Too many tags for the queue: at most {limits.QUEUE_TAGS_MAX}.")
