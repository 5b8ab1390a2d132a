"""The definitions of queues: a part of the control shard.

Invariant: a name stands for one queue of its account and region at a time, and a `queue_id` for one queue for ever.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from qanat.core import limits
from qanat.core.errors import InvalidParameterValue
from qanat.core.part import Appliers, Emit, Handlers
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.stored import Ids, UniqueIdOf, bound_ids
from qanat.core.queues import definition_commands as d
from qanat.core.queues import errors, permissions
from qanat.core.queues.attributes import checked, differing, merged, settings_of
from qanat.core.queues.definition_records import CatalogueKept, QueueCreated, QueueDeleted, QueueModified
from qanat.core.queues.model import FIFO_SUFFIX, Queue, QueueKey, QueueSettings
from qanat.core.queues.name_index import NameIndex, NamePage
from qanat.core.queues.redrive_policies import check_target
from qanat.core.queues.tags import Tags, tagged, untagged

_NAME: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{limits.QUEUE_NAME_LENGTH_MAX}}}\Z")

# The longest that the settings let a name rest (AWS: limits.NAME_REUSE_MS).
_NAME_REUSE_MAX_MS: Final = 3_600_000


class Catalogue:
    def __init__(self, emit: Emit, unique_id_of: UniqueIdOf) -> None:
        self._emit = emit
        self._unique_id_of = unique_id_of
        self._queues: dict[QueueKey, Queue] = {}
        self._settings: dict[int, QueueSettings] = {}
        self._deleted: OrderedDict[QueueKey, int] = OrderedDict()
        """When names were deleted that rest, the oldest first."""
        self._names: NameIndex[tuple[str, str]] = NameIndex()
        """By account and region."""
        self._sources: NameIndex[str] = NameIndex()
        """By the ARN of a dead-letter queue: the queues whose redrive policy names it, of its account and region."""
        self._next_queue_id = 1
        self.handlers: Handlers = {
            d.CreateQueue: self._create,
            d.SetQueueAttributes: self._set_attributes,
            d.DeleteQueue: self._delete,
            d.TagQueue: self._tag,
            d.UntagQueue: self._untag,
            d.ListQueueTags: lambda command, _: self._standing(command.key).tags,
            d.AddPermission: self._add_permission,
            d.RemovePermission: self._remove_permission,
            d.ListQueues: self._list,
            d.ListDeadLetterSourceQueues: self._list_sources,
        }
        self.appliers: Appliers = {
            QueueCreated: lambda record: self._put(record.queue),
            QueueModified: lambda record: self._put(record.queue),
            QueueDeleted: self._deleted_one,
            CatalogueKept: self._restore,
        }

    def queue(self, account: str, region: str, name: str) -> Queue | None:
        return self._queues.get((account, region, name))

    def settings(self, queue: Queue) -> QueueSettings:
        return self._settings[queue.queue_id]

    def all_queues(self) -> tuple[Queue, ...]:
        return tuple(self._queues.values())

    def dead_letter_sources(self, target: Queue) -> tuple[Queue, ...]:
        """The queues whose dead letters go to `target`, by name."""
        names = self._sources.names(target.arn)
        return tuple(self._queues[target.account, target.region, name] for name in names)

    def snapshot(self) -> CatalogueKept:
        return CatalogueKept(
            tuple(self._queues.values()),
            tuple(self._deleted.items()),
            self._next_queue_id,
        )

    def next_deadline_ms(self) -> None:
        return None

    # -- commands -------------------------------------------------------------------------------------------

    def _create(self, command: d.CreateQueue, now_ms: int) -> Queue:
        given = dict(command.attributes)
        fifo = _is_fifo(command.name, given)
        attributes = checked(given, fifo)
        kept = merged((), attributes)
        key = (command.account, command.region, command.name)
        standing = self._queues.get(key)
        if standing is not None:
            different = differing(standing, attributes)
            if different is not None:
                raise errors.QueueNameExists(different)
            return standing
        deleted_at_ms = self._deleted.get(key)
        if deleted_at_ms is not None and now_ms < deleted_at_ms + command.name_reuse_ms:
            raise errors.QueueDeletedRecently
        tags = tagged(command.name, (), command.tags)
        policy_ids = self._policy_ids(attributes, ())
        queue = Queue(self._next_queue_id, *key, kept, tags, now_ms, now_ms, policy_ids)
        if attributes.get("RedrivePolicy"):
            check_target(queue, self._queues.get)
        self._emit(QueueCreated(queue))
        return queue

    def _set_attributes(self, command: d.SetQueueAttributes, now_ms: int) -> Queue:
        standing = self._standing(command.key)
        return self._change(standing, dict(command.attributes), now_ms)

    def _add_permission(self, command: d.AddPermission, now_ms: int) -> Queue:
        standing = self._standing(command.key)
        policy = permissions.added(
            self.settings(standing).policy, standing.arn, command.label, command.account_ids, command.actions
        )
        return self._change(standing, {"Policy": policy}, now_ms, standing.policy_ids)

    def _remove_permission(self, command: d.RemovePermission, now_ms: int) -> Queue:
        standing = self._standing(command.key)
        policy = permissions.removed(self.settings(standing).policy, command.label)
        return self._change(standing, {"Policy": policy}, now_ms, standing.policy_ids)

    def _change(self, standing: Queue, given: dict[str, str], now_ms: int, staying: Ids = ()) -> Queue:
        """`staying`: principals of the policy that go on to mean whom they meant."""
        attributes = checked(given, standing.fifo)
        kept = merged(standing.attributes, attributes)
        policy_ids = self._policy_ids(attributes, staying) if "Policy" in attributes else standing.policy_ids
        queue = replace(standing, attributes=kept, modified_at_ms=now_ms, policy_ids=policy_ids)
        if attributes.get("RedrivePolicy"):
            check_target(queue, self._queues.get)
        self._emit(QueueModified(queue))
        return queue

    def _policy_ids(self, attributes: Mapping[str, str], staying: Ids) -> Ids:
        policy = attributes.get("Policy")
        return bound_ids(policy, PolicyKind.RESOURCE, self._unique_id_of, staying) if policy else ()

    def _tag(self, command: d.TagQueue, now_ms: int) -> Queue:
        standing = self._standing(command.key)
        return self._retag(standing, tagged(standing.name, standing.tags, command.tags))

    def _untag(self, command: d.UntagQueue, now_ms: int) -> Queue:
        standing = self._standing(command.key)
        return self._retag(standing, untagged(standing.tags, command.tag_keys))

    def _retag(self, standing: Queue, tags: Tags) -> Queue:
        """Tags are not attributes: LastModifiedTimestamp stays."""
        queue = replace(standing, tags=tags)
        self._emit(QueueModified(queue))
        return queue

    def _delete(self, command: d.DeleteQueue, now_ms: int) -> Queue:
        standing = self._standing(command.key)
        self._emit(QueueDeleted(command.key, now_ms))
        return standing

    def _list(self, command: d.ListQueues, now_ms: int) -> NamePage:
        key = (command.account, command.region)
        return self._names.page(key, command.prefix, command.after, command.max_results)

    def _list_sources(self, command: d.ListDeadLetterSourceQueues, now_ms: int) -> NamePage:
        target = self._standing(command.key)
        return self._sources.page(target.arn, "", command.after, command.max_results)

    def _standing(self, key: QueueKey) -> Queue:
        queue = self._queues.get(key)
        if queue is None:
            raise errors.QueueDoesNotExist
        return queue

    # -- records --------------------------------------------------------------------------------------------

    def _put(self, queue: Queue) -> None:
        before = self._settings.get(queue.queue_id)
        settings = settings_of(queue)
        self._queues[queue.key] = queue
        self._settings[queue.queue_id] = settings
        self._names.add((queue.account, queue.region), queue.name)
        self._point(queue.name, None if before is None else before.dead_letter_arn, settings.dead_letter_arn)
        self._deleted.pop(queue.key, None)
        self._next_queue_id = max(self._next_queue_id, queue.queue_id + 1)

    def _point(self, name: str, before: str | None, after: str | None) -> None:
        if before is not None:
            self._sources.discard(before, name)
        if after is not None:
            self._sources.add(after, name)

    def _deleted_one(self, record: QueueDeleted) -> None:
        queue = self._queues.pop(record.key)
        settings = self._settings.pop(queue.queue_id)
        self._names.discard((queue.account, queue.region), queue.name)
        self._point(queue.name, settings.dead_letter_arn, None)
        # Names deleted longer ago than any cooldown are forgotten as others are deleted.
        oldest_ms = record.at_ms - _NAME_REUSE_MAX_MS
        while self._deleted and next(iter(self._deleted.values())) <= oldest_ms:
            self._deleted.popitem(last=False)
        self._deleted[record.key] = record.at_ms

    def _restore(self, record: CatalogueKept) -> None:
        self._queues.clear()
        self._settings.clear()
        self._names.clear()
        self._sources.clear()
        for queue in record.queues:
            self._put(queue)
        self._deleted = OrderedDict(record.deleted)
        self._next_queue_id = record.next_queue_id


def _is_fifo(name: str, attributes: dict[str, str]) -> bool:
    """Whether CreateQueue makes a FIFO queue. Raises InvalidParameterValue where the name is not one for its type."""
    fifo = attributes.get("FifoQueue", "").lower() == "true"
    stem = name.removesuffix(FIFO_SUFFIX) if fifo else name
    if fifo and (stem == name or len(name) > limits.QUEUE_NAME_LENGTH_MAX or not _NAME.match(stem)):
        raise InvalidParameterValue(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, "
            "or underscores, must end with .fifo suffix and be 1 to 80 in length."
        )
    if not _NAME.match(stem):
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    return fifo
