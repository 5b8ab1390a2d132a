"""TagQueue, UntagQueue and ListQueueTags."""

from qanat.api.sqs.call import SqsCall
from qanat.core.errors import InvalidParameterValue, QanatError
from qanat.core.queues import definition_commands as d
from qanat.core.queues.model import Queue
from qanat.node import Node
from qanat.wire.sqs import inputs as i
from qanat.wire.sqs import outputs as o
from qanat.wire.sqs.parameters import required


class QueueTags:
    def __init__(self, control_node: Node) -> None:
        self._control_node = control_node

    def tag(self, call: SqsCall, queue: Queue, given: i.TagQueueInput) -> None:
        tags = required(given.Tags or None, "Tags")
        command = d.TagQueue(queue.key, tuple(tags.items()))
        self._control_node.submit(command, lambda reply: call.finish(reply, o.Empty))

    def untag(self, call: SqsCall, queue: Queue, given: i.UntagQueueInput) -> None:
        keys = required(given.TagKeys, "TagKeys")
        if not keys:
            raise InvalidParameterValue("Tag keys must be between 1 and 128 characters in length.")
        command = d.UntagQueue(queue.key, tuple(keys))
        self._control_node.submit(command, lambda reply: call.finish(reply, o.Empty))

    def list(self, call: SqsCall, queue: Queue, given: i.QueueInput) -> None:
        def listed(reply: d.Pairs | QanatError) -> None:
            if isinstance(reply, QanatError):
                call.refuse(reply)
            else:
                call.answer(o.TagsOutput(dict(reply) or None))

        self._control_node.submit(d.ListQueueTags(queue.key), listed)
