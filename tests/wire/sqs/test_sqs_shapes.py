"""Inputs and outputs against the service model that botocore ships: the same members, of the same kinds."""

from typing import Any

import botocore.session
import msgspec
import pytest
from msgspec import Struct

from qanat.core.errors import MalformedInput, UnknownOperation
from qanat.wire.sqs import outputs as o
from qanat.wire.sqs.operations import OPERATIONS, decode, operation_of

MODEL = botocore.session.get_session().get_service_model("sqs")
KINDS: dict[Any, str] = {
    msgspec.inspect.StrType: "string",
    msgspec.inspect.IntType: "integer",
    msgspec.inspect.BoolType: "boolean",
    msgspec.inspect.BytesType: "blob",
    msgspec.inspect.ListType: "list",
    msgspec.inspect.DictType: "map",
    msgspec.inspect.StructType: "structure",
}
# AWS says of these two that they are not implemented.
NEVER_WRITTEN = {"StringListValues", "BinaryListValues"}

OUTPUTS: dict[str, type[Struct]] = {
    "CancelMessageMoveTask": o.CancelMessageMoveTaskOutput,
    "ListMessageMoveTasks": o.ListMessageMoveTasksOutput,
    "StartMessageMoveTask": o.StartMessageMoveTaskOutput,
    "CreateQueue": o.QueueUrlOutput,
    "GetQueueAttributes": o.AttributesOutput,
    "GetQueueUrl": o.QueueUrlOutput,
    "ListDeadLetterSourceQueues": o.DeadLetterSourceQueuesOutput,
    "ListQueueTags": o.TagsOutput,
    "ListQueues": o.ListQueuesOutput,
    "ReceiveMessage": o.ReceiveMessageOutput,
    "SendMessage": o.SendMessageOutput,
}


def one(kind: Any) -> Any:
    """The kind itself, where None is allowed beside it."""
    if isinstance(kind, msgspec.inspect.UnionType):
        (kind,) = (one for one in kind.types if not isinstance(one, msgspec.inspect.NoneType))
    return kind


def is_the_same(kind: Any, shape: Any, left_out: set[str]) -> None:
    kind = one(kind)
    assert KINDS[type(kind)] == shape.type_name.replace("long", "integer"), shape.name
    if isinstance(kind, msgspec.inspect.StructType):
        fields = {field.encode_name: field.type for field in kind.fields}
        assert fields.keys() == shape.members.keys() - left_out, shape.name
        for name, field in fields.items():
            is_the_same(field, shape.members[name], left_out)
    elif isinstance(kind, msgspec.inspect.ListType):
        is_the_same(kind.item_type, shape.member, left_out)
    elif isinstance(kind, msgspec.inspect.DictType):
        is_the_same(kind.value_type, shape.value, left_out)


@pytest.mark.parametrize("name", OPERATIONS)
def test_inputs(name: str) -> None:
    is_the_same(
        msgspec.inspect.type_info(OPERATIONS[name].input), MODEL.operation_model(name).input_shape, set()
    )


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs(name: str) -> None:
    is_the_same(
        msgspec.inspect.type_info(OUTPUTS[name]), MODEL.operation_model(name).output_shape, NEVER_WRITTEN
    )


@pytest.mark.parametrize(
    "name", [name for name in OPERATIONS if not MODEL.operation_model(name).output_shape]
)
def test_operations_that_answer_nothing(name: str) -> None:
    assert name in {
        "AddPermission",
        "ChangeMessageVisibility",
        "DeleteMessage",
        "DeleteQueue",
        "PurgeQueue",
        "RemovePermission",
        "SetQueueAttributes",
        "TagQueue",
        "UntagQueue",
    }


def test_members_that_are_none_are_not_written() -> None:
    for output in (
        o.ListQueuesOutput(),
        o.AttributesOutput(),
        o.DeadLetterSourceQueuesOutput(),
        o.TagsOutput(),
        o.BatchOutput(),
        o.ReceiveMessageOutput(),
        o.Empty(),
    ):
        assert msgspec.json.encode(output) == b"{}"


@pytest.mark.parametrize(
    "target", [b"", b"AmazonSQS.", b"SendMessage", b"amazonsqs.SendMessage", b"AmazonSQS.\xff"]
)
def test_targets_that_name_no_operation(target: bytes) -> None:
    with pytest.raises(UnknownOperation):
        operation_of(target)


@pytest.mark.parametrize("name", OPERATIONS)
def test_targets(name: str) -> None:
    assert operation_of(b"AmazonSQS." + name.encode()) is OPERATIONS[name]


def test_iam_actions_exist() -> None:
    """Service authorization reference: a batch has no action of its own."""
    assert {operation.iam_action for operation in OPERATIONS.values()} == {
        f"sqs:{name}" for name in OPERATIONS if not name.endswith("Batch")
    }


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b"{", b"\xff", b'{"QueueUrl":5}', b"[" * 100_000, b'"\\ud800"']
)
def test_bodies_that_are_none(body: bytes) -> None:
    for operation in OPERATIONS.values():
        if body == b'{"QueueUrl":5}' and not operation.on_queue:
            continue
        with pytest.raises(MalformedInput):
            decode(operation, body)


def test_no_body_is_an_empty_object() -> None:
    for operation in OPERATIONS.values():
        assert decode(operation, b"") == operation.input()
