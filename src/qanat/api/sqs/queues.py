"""Create, list, describe, change, purge and delete queues.

A definition lives in the control shard, its messages in the queue shard. A change is made in control first; a crash
between the two is mended at the next start (`reconcile`), and no reply has left by then.
"""

import binascii
import logging
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable

from qanat.api.sqs.call import SqsCall
from qanat.core import limits
from qanat.core.control import Control
from qanat.core.errors import InvalidParameterValue, QanatError
from qanat.core.policy.document import PolicyKind, parse
from qanat.core.policy.lockout import locks_out_administrators
from qanat.core.policy.stored import shown
from qanat.core.queues import commands as c
from qanat.core.queues import definition_commands as d
from qanat.core.queues.attributes import described, settings_of
from qanat.core.queues.errors import QueueDoesNotExist
from qanat.core.queues.model import Queue
from qanat.core.queues.name_index import NamePage
from qanat.core.queues.shard import QueueShard
from qanat.node import Node
from qanat.parking import Parking
from qanat.wire.sqs import inputs as i
from qanat.wire.sqs import outputs as o
from qanat.wire.sqs.parameters import integer, required

logger = logging.getLogger(__name__)


class Queues:
    def __init__(
        self,
        control: Control,
        control_node: Node,
        node: Node,
        parking: Parking,
        cooldown_ms: int,
    ) -> None:
        self._catalogue = control.catalogue
        self._arn_of = control.identity.arn_of
        self._control_node = control_node
        self._node = node
        self._parking = parking
        self._cooldown_ms = cooldown_ms
        """How long a deleted name rests and a purge keeps the next one away; AWS: 60 seconds."""

    def create(self, call: SqsCall, given: i.CreateQueueInput) -> None:
        command = d.CreateQueue(
            call.caller.account,
            call.region,
            required(given.QueueName, "QueueName"),
            tuple((given.Attributes or {}).items()),
            tuple((given.tags or {}).items()),
            self._cooldown_ms,
        )
        self._define(call, command, lambda queue: o.QueueUrlOutput(call.queue_url(queue)))

    def set_attributes(self, call: SqsCall, queue: Queue, given: i.SetQueueAttributesInput) -> None:
        attributes = required(given.Attributes, "Attribute")
        command = d.SetQueueAttributes(queue.key, tuple(attributes.items()))
        self._define(call, command, lambda _: o.Empty())

    def _note_lockout(self, call: SqsCall, queue: Queue) -> None:
        """Such a policy is stored as AWS stores it; the log and the answer say what it does."""
        policy = settings_of(queue).policy
        if policy is None:
            return
        lockout = locks_out_administrators(parse(policy, PolicyKind.RESOURCE), queue.arn, organizations=False)
        if lockout is None:
            return
        call.finding = f"Statement {lockout.statement} of the policy: {lockout.text}; root can always mend it"
        logger.warning("the policy of %s shuts out administrators: %s", queue.arn, call.finding)

    def _define(
        self,
        call: SqsCall,
        command: d.CreateQueue | d.SetQueueAttributes,
        output: Callable[[Queue], object],
    ) -> None:
        with_policy = any(name == "Policy" for name, _ in command.attributes)

        def defined(reply: Queue | QanatError) -> None:
            if isinstance(reply, QanatError):
                call.refuse(reply)
                return
            if with_policy:
                self._note_lockout(call, reply)
            # Its own settings: the catalogue may have forgotten the queue by now, deleted in the same commit.
            self._node.submit(
                c.ConfigureQueue(reply.queue_id, settings_of(reply).config),
                lambda refusal: call.finish(refusal, lambda: output(reply)),
            )

        self._control_node.submit(command, defined)

    def delete(self, call: SqsCall, queue: Queue, given: i.QueueInput) -> None:
        def deleted(reply: Queue | QanatError) -> None:
            if isinstance(reply, QanatError):
                call.refuse(reply)
                return
            self._node.submit(c.DropQueue(reply.queue_id), lambda refusal: call.finish(refusal, o.Empty))
            self._parking.refuse(reply.queue_id, QueueDoesNotExist())

        self._control_node.submit(d.DeleteQueue(queue.key), deleted)

    def get_url(self, call: SqsCall, queue: Queue, given: i.GetQueueUrlInput) -> None:
        call.answer(o.QueueUrlOutput(call.queue_url(queue)))

    def list(self, call: SqsCall, given: i.ListQueuesInput) -> None:
        command = d.ListQueues(
            call.caller.account,
            call.region,
            given.QueueNamePrefix or "",
            integer(given.MaxResults, "MaxResults", limits.LIST_RESULTS.high),
            _name_of(given.NextToken),
        )

        def listed(reply: NamePage | QanatError) -> None:
            if isinstance(reply, QanatError):
                call.refuse(reply)
            else:
                urls, token = _page(call, call.caller.account, reply, given.MaxResults)
                call.answer(o.ListQueuesOutput(urls, token))

        self._control_node.submit(command, listed)

    def list_dead_letter_sources(
        self, call: SqsCall, queue: Queue, given: i.ListDeadLetterSourceQueuesInput
    ) -> None:
        command = d.ListDeadLetterSourceQueues(
            queue.key,
            integer(given.MaxResults, "MaxResults", limits.LIST_RESULTS.high),
            _name_of(given.NextToken),
        )

        def listed(reply: NamePage | QanatError) -> None:
            if isinstance(reply, QanatError):
                call.refuse(reply)
            else:
                urls, token = _page(call, queue.account, reply, given.MaxResults)
                call.answer(o.DeadLetterSourceQueuesOutput(urls, token))

        self._control_node.submit(command, listed)

    def get_attributes(self, call: SqsCall, queue: Queue, given: i.GetQueueAttributesInput) -> None:
        names = given.AttributeNames or []

        def counted(counts: c.Counts | QanatError) -> None:
            if isinstance(counts, QanatError):
                call.refuse(counts)
                return
            try:
                found = described(queue, names, counts)
                if "Policy" in found:
                    found["Policy"] = shown(found["Policy"], queue.policy_ids, self._arn_of)
                call.answer(o.AttributesOutput(found or None))
            except QanatError as error:
                call.refuse(error)

        self._node.submit(c.Count(queue.queue_id), counted)

    def purge(self, call: SqsCall, queue: Queue, given: i.QueueInput) -> None:
        command = c.Purge(queue.queue_id, queue.name, self._cooldown_ms)
        self._node.submit(command, lambda refusal: call.finish(refusal, o.Empty))


def _page(
    call: SqsCall, account: str, page: NamePage, asked: int | None
) -> tuple[list[str] | None, str | None]:
    """The URLs of a page, and the token of the next; AWS gives one only to those who asked for pages."""
    urls = [f"{call.base_url}/{account}/{name}" for name in page.names]
    return urls or None, _token_of(page.names[-1]) if page.more and asked is not None else None


def _token_of(name: str) -> str:
    return urlsafe_b64encode(name.encode()).decode()


def _name_of(token: str | None) -> str:
    if not token:
        return ""
    try:
        return b64decode(token.encode(), b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        raise InvalidParameterValue("Invalid or expired next token.") from None


async def reconcile(control: Control, shard: QueueShard, node: Node) -> None:
    """At start: the queue shard follows what the control shard says, whatever a crash left between them."""
    defined = {queue.queue_id: queue for queue in control.catalogue.all_queues()}
    for queue_id in list(shard.queues):
        if queue_id not in defined:
            await node.ask(c.DropQueue(queue_id))
    for queue_id, queue in defined.items():
        await node.ask(c.ConfigureQueue(queue_id, control.catalogue.settings(queue).config))
