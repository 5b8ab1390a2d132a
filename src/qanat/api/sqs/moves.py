"""StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask: the way back of dead letters."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from qanat.api.ids import uuid
from qanat.api.sqs.call import SqsCall
from qanat.api.sqs.mover import Mover
from qanat.api.standing import Tags
from qanat.core import limits
from qanat.core.control import Control
from qanat.core.errors import InvalidParameterValue, QanatError
from qanat.core.names import Arn
from qanat.core.policy.stored import StoredPolicy
from qanat.core.queues import commands as c
from qanat.core.queues.errors import ResourceNotFound
from qanat.core.queues.model import Queue
from qanat.core.queues.moving import MoveStatus, MoveTask
from qanat.node import Node
from qanat.wire.sqs import inputs as i
from qanat.wire.sqs import outputs as o
from qanat.wire.sqs.parameters import integer, required

Demand = Callable[[SqsCall, str, str, str, StoredPolicy | None, Tags], None]
"""(call, action, ARN, account, resource policy, resource tags): raises AccessDenied."""

_HANDLE_LENGTH_MAX: Final = 1_024


class Handle(Struct, rename="camel"):
    """What a TaskHandle says, as base64 of JSON."""

    task_id: str
    source_arn: str


class MoveTasks:
    def __init__(self, control: Control, node: Node, mover: Mover, demand: Demand) -> None:
        self._catalogue = control.catalogue
        self._node = node
        self._mover = mover
        self._demand = demand

    def start(self, call: SqsCall, given: i.StartMessageMoveTaskInput) -> None:
        source = self._source(
            call,
            _arn(required(given.SourceArn, "SourceArn"), "SourceArn"),
            "StartMessageMoveTask",
            "ReceiveMessage",
            "DeleteMessage",
            "GetQueueAttributes",
        )
        sources = self._catalogue.dead_letter_sources(source)
        if not sources:
            raise InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")
        destinations = sources
        if given.DestinationArn is not None:
            arn = _arn(given.DestinationArn, "DestinationArn")
            destinations = (self._destination(call, source, arn),)
        for destination in destinations:
            self._demand_on(call, "SendMessage", destination)
        rate = None
        if given.MaxNumberOfMessagesPerSecond is not None:
            rate = integer(given.MaxNumberOfMessagesPerSecond, "MaxNumberOfMessagesPerSecond", 0)
        command = c.StartMove(source.queue_id, uuid(), given.DestinationArn, rate, call.caller)

        def started(reply: MoveTask | QanatError) -> None:
            if isinstance(reply, QanatError):
                call.refuse(reply)
                return
            self._mover.begin(source.queue_id, reply.task_id)
            call.answer(o.StartMessageMoveTaskOutput(_handle(reply.task_id, source.arn)))

        self._node.submit(command, started)

    def list(self, call: SqsCall, given: i.ListMessageMoveTasksInput) -> None:
        source = self._source(
            call,
            _arn(required(given.SourceArn, "SourceArn"), "SourceArn"),
            "ListMessageMoveTasks",
            "GetQueueAttributes",
        )
        count = 1 if given.MaxResults is None else given.MaxResults
        if not limits.MOVE_TASKS_LISTED.hold(count):
            raise InvalidParameterValue(
                f"Value {count} for parameter MaxResults is invalid. Reason: Must be between 1 and 10, if provided."
            )

        def listed(reply: tuple[MoveTask, ...] | QanatError) -> None:
            if isinstance(reply, QanatError):
                call.refuse(reply)
                return
            entries = [_entry(task, source.arn) for task in reply[:count]]
            call.answer(o.ListMessageMoveTasksOutput(entries or None))

        self._node.submit(c.ListMoves(source.queue_id), listed)

    def cancel(self, call: SqsCall, given: i.CancelMessageMoveTaskInput) -> None:
        handle = _read_handle(required(given.TaskHandle, "TaskHandle"))
        source = self._source(
            call,
            _arn(handle.source_arn, "SourceArn"),
            "CancelMessageMoveTask",
            "ReceiveMessage",
            "DeleteMessage",
            "GetQueueAttributes",
        )
        task = self._mover.task(source.queue_id, handle.task_id)
        if task is None or task.status is not MoveStatus.RUNNING:
            raise ResourceNotFound("Task does not exist.")

        def cancelling(reply: MoveTask | QanatError) -> None:
            if isinstance(reply, QanatError):
                call.refuse(reply)
            else:
                call.answer(o.CancelMessageMoveTaskOutput(reply.moved))

        command = c.EndMove(source.queue_id, handle.task_id, MoveStatus.CANCELLING)
        self._node.submit(command, cancelling)

    def _source(self, call: SqsCall, arn: Arn, *actions: str) -> Queue:
        """The queue of that ARN, once all the actions on it are allowed. Raises AccessDenied, ResourceNotFound."""
        queue = self._queue(call, arn)
        if queue is None:
            self._demand(call, f"sqs:{actions[0]}", str(arn), arn.account, None, ())
            raise _not_found("SourceArn")
        for action in actions:
            self._demand_on(call, action, queue)
        return queue

    def _queue(self, call: SqsCall, arn: Arn) -> Queue | None:
        """None where it is in another region, too: SQS of one region knows no queue of the next."""
        return self._mover.queue_of(str(arn)) if arn.region == call.region else None

    def _destination(self, call: SqsCall, source: Queue, arn: Arn) -> Queue:
        queue = self._queue(call, arn)
        if queue is None:
            self._demand(call, "sqs:SendMessage", str(arn), arn.account, None, ())
            raise _not_found("DestinationArn")
        if (queue.fifo, queue.region) != (source.fifo, source.region):
            raise InvalidParameterValue("Source queue and destination queue must be of one type and region.")
        return queue

    def _demand_on(self, call: SqsCall, action: str, queue: Queue) -> None:
        policy = self._catalogue.settings(queue).stored_policy
        self._demand(call, f"sqs:{action}", queue.arn, queue.account, policy, queue.tags)


def _arn(text: str, name: str) -> Arn:
    arn = Arn.parse(text)
    if arn is None or not all((arn.partition, arn.service, arn.region, arn.account, arn.resource)):
        raise InvalidParameterValue(
            f"You must use this format to specify the {name}: "
            "arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )
    return arn


def _not_found(name: str) -> ResourceNotFound:
    return ResourceNotFound(f"The resource that you specified for the {name} parameter doesn't exist.")


def _handle(task_id: str, source_arn: str) -> str:
    return b64encode(msgspec.json.encode(Handle(task_id, source_arn))).decode()


def _read_handle(text: str) -> Handle:
    try:
        if len(text) > _HANDLE_LENGTH_MAX:
            raise ValueError
        return msgspec.json.decode(b64decode(text.encode(), validate=True), type=Handle)
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        raise InvalidParameterValue("Value for parameter TaskHandle is invalid.") from None


def _entry(task: MoveTask, source_arn: str) -> o.MoveTaskEntry:
    running = task.status is MoveStatus.RUNNING
    return o.MoveTaskEntry(
        task.status.value,
        source_arn,
        task.started_at_ms,
        task.to_move,
        task.moved,
        _handle(task.task_id, source_arn) if running else None,
        task.destination_arn,
        task.max_per_second,
        task.failure_reason,
    )
