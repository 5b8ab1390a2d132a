"""AddPermission and RemovePermission."""

from qanat.api.sqs.call import SqsCall
from qanat.core.queues import definition_commands as d
from qanat.core.queues.model import Queue
from qanat.node import Node
from qanat.wire.sqs import inputs as i
from qanat.wire.sqs import outputs as o
from qanat.wire.sqs.parameters import required


class Permissions:
    def __init__(self, control_node: Node) -> None:
        self._control_node = control_node

    def add(self, call: SqsCall, queue: Queue, given: i.AddPermissionInput) -> None:
        command = d.AddPermission(
            queue.key,
            required(given.Label, "Label"),
            tuple(required(given.AWSAccountIds, "AWSAccountIds")),
            tuple(required(given.Actions or None, "Actions")),
        )
        self._control_node.submit(command, lambda reply: call.finish(reply, o.Empty))

    def remove(self, call: SqsCall, queue: Queue, given: i.RemovePermissionInput) -> None:
        command = d.RemovePermission(queue.key, required(given.Label, "Label"))
        self._control_node.submit(command, lambda reply: call.finish(reply, o.Empty))
