"""The table of SQS operations. What an operation does stands in `api`, under the same name."""

from typing import Any, Final

import msgspec
from msgspec import Struct

from qanat.core.errors import UnknownOperation
from qanat.wire.sqs import inputs as i
from qanat.wire.sqs.mismatch import read_again


class Operation(Struct, frozen=True):
    name: str
    input: type[Struct]
    iam_action: str
    """What a policy must allow. A batch is judged as its single action (service authorization reference)."""
    on_queue: bool
    """Whether it is about one queue that exists; the others are about the account."""
    decoder: "msgspec.json.Decoder[Any]"
    further_action: str | None = None
    """What a policy must allow besides."""


def _row(name: str, input_type: type[Struct], *, action: str | None = None) -> Operation:
    on_queue = issubclass(input_type, i.QueueInput)
    return Operation(
        name, input_type, f"sqs:{action or name}", on_queue, msgspec.json.Decoder(input_type, strict=True)
    )


OPERATIONS: Final[dict[str, Operation]] = {
    operation.name: operation
    for operation in (
        _row("AddPermission", i.AddPermissionInput),
        _row("ChangeMessageVisibility", i.ChangeMessageVisibilityInput),
        _row(
            "ChangeMessageVisibilityBatch",
            i.ChangeMessageVisibilityBatchInput,
            action="ChangeMessageVisibility",
        ),
        _row("CancelMessageMoveTask", i.CancelMessageMoveTaskInput),
        _row("CreateQueue", i.CreateQueueInput),
        _row("DeleteMessage", i.DeleteMessageInput),
        _row("DeleteMessageBatch", i.DeleteMessageBatchInput, action="DeleteMessage"),
        _row("DeleteQueue", i.QueueInput),
        _row("GetQueueAttributes", i.GetQueueAttributesInput),
        _row("GetQueueUrl", i.GetQueueUrlInput),
        _row("ListDeadLetterSourceQueues", i.ListDeadLetterSourceQueuesInput),
        _row("ListMessageMoveTasks", i.ListMessageMoveTasksInput),
        _row("ListQueues", i.ListQueuesInput),
        _row("ListQueueTags", i.QueueInput),
        _row("PurgeQueue", i.QueueInput),
        _row("ReceiveMessage", i.ReceiveMessageInput),
        _row("RemovePermission", i.RemovePermissionInput),
        _row("SendMessage", i.SendMessageInput),
        _row("SendMessageBatch", i.SendMessageBatchInput, action="SendMessage"),
        _row("SetQueueAttributes", i.SetQueueAttributesInput),
        _row("StartMessageMoveTask", i.StartMessageMoveTaskInput),
        _row("TagQueue", i.TagQueueInput),
        _row("UntagQueue", i.UntagQueueInput),
    )
}

# AWS does not have these, so they are spoken in JSON only, under a name of our own, and not on VPC endpoints.
# Who may not receive may not see by a peek either: a Deny of sqs:ReceiveMessage holds for both.
OWN_OPERATIONS: Final[dict[str, Operation]] = {
    "PeekMessages": Operation(
        "PeekMessages",
        i.PeekMessagesInput,
        "qanat:PeekMessages",
        True,
        msgspec.json.Decoder(i.PeekMessagesInput, strict=True),
        "sqs:ReceiveMessage",
    )
}

_TARGET_PREFIX: Final = b"AmazonSQS."
_OWN_TARGET_PREFIX: Final = b"Qanat."
BY_TARGET: Final = {
    **{_TARGET_PREFIX + name.encode(): operation for name, operation in OPERATIONS.items()},
    **{_OWN_TARGET_PREFIX + name.encode(): operation for name, operation in OWN_OPERATIONS.items()},
}
"""By the X-Amz-Target header."""


def operation_of(target: bytes) -> Operation:
    """The operation that an X-Amz-Target header names. Raises UnknownOperation."""
    operation = BY_TARGET.get(target)
    if operation is None:
        raise UnknownOperation
    return operation


def decode(operation: Operation, body: bytes) -> Any:
    """The operation's input. Raises MalformedInput where `body` is not JSON of its shape."""
    try:
        return operation.decoder.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return read_again(body, operation.input)
