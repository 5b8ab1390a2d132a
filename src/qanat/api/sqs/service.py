"""The SQS service: finds the queue, asks for leave, and hands the request to its operation."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from qanat.api.authorise import NO_TAGS, Authoriser
from qanat.api.sqs.call import SqsCall
from qanat.api.sqs.messages import Messages
from qanat.api.sqs.mover import Mover
from qanat.api.sqs.moves import MoveTasks
from qanat.api.sqs.permissions import Permissions
from qanat.api.sqs.queues import Queues
from qanat.api.sqs.tags import QueueTags
from qanat.api.standing import Tags
from qanat.core.control import Control
from qanat.core.errors import AccessDenied, InvalidAction, QanatError
from qanat.core.names import ACCOUNT_ID, queue_arn, region_of_host
from qanat.core.policy.stored import StoredPolicy
from qanat.core.queues.errors import QueueDoesNotExist
from qanat.core.queues.model import Queue
from qanat.node import Node
from qanat.wire.sqs.inputs import UntagQueueInput
from qanat.wire.sqs.operations import OPERATIONS, OWN_OPERATIONS, Operation
from qanat.wire.sqs.parameters import required

# No queue has a longer name than 80: the beginning of one that has is enough to ask leave by; what follows refuses it.
_ASKED_NAME_MAX: Final = 256
_QUEUE_URL_MAX: Final = 2_048
_TAGGING: Final = frozenset({"TagQueue", "UntagQueue"})


class InvalidAddress(QanatError):
    code = "InvalidAddress"

    def __init__(self, address: str) -> None:
        super().__init__(f"The address {address[:_QUEUE_URL_MAX]} is not valid for this endpoint.")


class SqsService:
    def __init__(
        self,
        control: Control,
        authoriser: Authoriser,
        messages: Messages,
        queues: Queues,
        control_node: Node,
        node: Node,
        mover: Mover,
    ) -> None:
        self._catalogue = control.catalogue
        self._authoriser = authoriser
        tags, permissions = QueueTags(control_node), Permissions(control_node)
        self._on_queue: dict[str, Callable[[SqsCall, Queue, Any], None]] = {
            "AddPermission": permissions.add,
            "ChangeMessageVisibility": messages.change_visibility,
            "ChangeMessageVisibilityBatch": messages.change_visibility_batch,
            "DeleteMessage": messages.delete,
            "DeleteMessageBatch": messages.delete_batch,
            "DeleteQueue": queues.delete,
            "GetQueueAttributes": queues.get_attributes,
            "GetQueueUrl": queues.get_url,
            "ListDeadLetterSourceQueues": queues.list_dead_letter_sources,
            "ListQueueTags": tags.list,
            "PeekMessages": messages.peek,
            "PurgeQueue": queues.purge,
            "ReceiveMessage": messages.receive,
            "RemovePermission": permissions.remove,
            "SendMessage": messages.send,
            "SendMessageBatch": messages.send_batch,
            "SetQueueAttributes": queues.set_attributes,
            "TagQueue": tags.tag,
            "UntagQueue": tags.untag,
        }
        self._create = queues.create
        self._list = queues.list
        moves = MoveTasks(control, node, mover, self._demand)
        self._on_arn: dict[str, Callable[[SqsCall, Any], None]] = {
            "CancelMessageMoveTask": moves.cancel,
            "ListMessageMoveTasks": moves.list,
            "StartMessageMoveTask": moves.start,
        }
        assert {*OPERATIONS, *OWN_OPERATIONS} == {*self._on_queue, *self._on_arn, "CreateQueue", "ListQueues"}

    def handle(self, call: SqsCall, operation: Operation, given: Any, path: bytes) -> None:
        """Answers, now or later; raises QanatError where the request is refused at once."""
        name = operation.name
        if name in OWN_OPERATIONS and call.request.way.vpc_endpoint_id is not None:
            raise AccessDenied(f"This VPC endpoint serves SQS only, not {operation.iam_action}.")
        if name in ("CreateQueue", "ListQueues"):
            if path != b"/":
                raise InvalidAction(name)
            self._handle_account(call, operation, given)
            return
        if name in self._on_arn:
            self._on_arn[name](call, given)
            return
        region, account, queue_name = self._named(call, operation, given, path)
        queue = self._catalogue.queue(account, call.region, queue_name)
        # Leave first: who may not ask is not told whether the queue exists.
        if queue is None:
            arn = queue_arn(call.region, account, queue_name[:_ASKED_NAME_MAX])
            self._demand(call, operation.iam_action, arn, account, None)
            raise QueueDoesNotExist
        settings = self._catalogue.settings(queue)
        tags = _request_tags(given) if name in _TAGGING else NO_TAGS
        self._demand(
            call, operation.iam_action, settings.arn, account, settings.stored_policy, queue.tags, tags
        )
        if operation.further_action is not None:
            self._demand(
                call, operation.further_action, settings.arn, account, settings.stored_policy, queue.tags
            )
        if region != call.region:
            # The URL is of a namesake in another region.
            raise QueueDoesNotExist
        self._on_queue[name](call, queue, given)

    def _handle_account(self, call: SqsCall, operation: Operation, given: Any) -> None:
        account = call.caller.account
        if operation.name == "ListQueues":
            self._demand(call, operation.iam_action, "*", account, None)
            self._list(call, given)
        else:
            name = required(given.QueueName, "QueueName")
            arn = queue_arn(call.region, account, name[:_ASKED_NAME_MAX])
            tags = given.tags or NO_TAGS
            self._demand(call, operation.iam_action, arn, account, None, request_tags=tags)
            if tags:
                self._demand(call, "sqs:TagQueue", arn, account, None, request_tags=tags)
            self._create(call, given)

    def _demand(
        self,
        call: SqsCall,
        action: str,
        resource: str,
        account: str,
        policy: StoredPolicy | None,
        resource_tags: Tags = (),
        request_tags: Mapping[str, str | None] = NO_TAGS,
    ) -> None:
        request = call.request
        call.trail.touches(resource)
        self._authoriser.demand(
            call.caller,
            action,
            resource,
            account,
            call.region,
            request.way,
            request.headers,
            call.now_ms,
            policy,
            resource_tags,
            request_tags,
        )

    def _named(self, call: SqsCall, operation: Operation, given: Any, path: bytes) -> tuple[str, str, str]:
        """(region, account, name). The QueueUrl in the body wins over the path."""
        own = call.caller.account
        if operation.name == "GetQueueUrl":
            owner = given.QueueOwnerAWSAccountId or own
            return call.region, owner, required(given.QueueName, "QueueName")
        url = given.QueueUrl
        if url is None and path != b"/":
            url = path.decode("latin-1")
        url = required(url, "QueueUrl")
        if "/" not in url:
            return call.region, own, url
        region, account, name = read_queue_url(url)
        return region or call.region, account, name


def _request_tags(given: Any) -> Mapping[str, str | None]:
    if isinstance(given, UntagQueueInput):
        return dict.fromkeys(given.TagKeys or ())
    return given.Tags or NO_TAGS


# As many queues as a busy server may have; at most some 30 MB, should all the URLs be as long as they may be.
@lru_cache(maxsize=16_384)
def read_queue_url(url: str) -> tuple[str | None, str, str]:
    """(region, account, name) of a whole URL or its path; a host that is no name of SQS says nothing.

    Raises InvalidAddress, QueueDoesNotExist.
    """
    if len(url) > _QUEUE_URL_MAX:
        raise InvalidAddress(url)
    parts = url.rstrip("/").rsplit("/", 2)
    if len(parts) == 3 and parts[0].endswith(":") and not parts[1]:
        # A host and no path (a recorded answer of AWS).
        raise QueueDoesNotExist
    if len(parts) != 3 or not ACCOUNT_ID.match(parts[1]):
        raise InvalidAddress(url)
    return region_of_host(parts[0].rpartition("/")[2]), parts[1], parts[2]
