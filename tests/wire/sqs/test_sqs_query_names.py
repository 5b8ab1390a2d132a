"""The Query protocol's names, against the last service model that had them (botocore 1.29, DG sqs-api-responses).

Every operation is written by botocore's own serialiser for Query and read by ours, and every answer the other way.
"""

import gzip
import json
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from botocore.model import ServiceModel, Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from qanat.wire.sqs import outputs as o
from qanat.wire.sqs.operations import OPERATIONS
from qanat.wire.sqs.query import read
from qanat.wire.sqs.query_answers import QueryTongue
from support.programs import QUERY


def old_model() -> ServiceModel:
    folder = QUERY.parents[1]
    (file,) = folder.glob("lib/python*/site-packages/botocore/data/sqs/2012-11-05/service-2.json*")
    data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return ServiceModel(json.loads(data))


MODEL = old_model()
SCALARS = {"string": "text & <more> é", "integer": 7, "boolean": True, "blob": b"\x00\xff", "long": 8}


def sample(shape: Shape) -> Any:
    """A value with every member of the shape, lists and maps with two."""
    if shape.type_name == "structure":
        return {name: sample(member) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [sample(shape.member), sample(shape.member)]
    if shape.type_name == "map":
        # Keys may be an enumeration.
        keys = (shape.key.enum or ["one", "two"])[:2]
        return {key: sample(shape.value) for key in keys}
    return shape.enum[0] if getattr(shape, "enum", None) else SCALARS[shape.type_name]


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name in MODEL.operation_names])
def test_forms(name: str) -> None:
    operation = MODEL.operation_model(name)
    given = sample(operation.input_shape)
    body = create_serializer("query").serialize_to_request(given, operation)["body"]
    found, read_input = read(urlencode(body).encode())
    assert found is OPERATIONS[name]
    assert read_input == msgspec.convert(given, OPERATIONS[name].input)


ATTRIBUTES = {"VisibilityTimeout": "30", "QueueArn": "arn"}
VALUE = o.AttributeValueOutput("Binary", None, b"\x00\xff")
MESSAGE = o.MessageOutput(
    "id",
    "handle",
    "md5",
    "<&\r\n é",
    ATTRIBUTES,
    "md5 too",
    {"a": VALUE, "b": o.AttributeValueOutput("String", "x")},
)
BATCH = o.BatchOutput([o.ResultEntry("1")], [o.ErrorEntry("2", True, "Code", "why")])
ANSWERS: dict[str, list[Any]] = {
    "CreateQueue": [o.QueueUrlOutput("https://q")],
    "GetQueueUrl": [o.QueueUrlOutput("https://q")],
    "ListQueues": [o.ListQueuesOutput(["https://q", "https://r"], "next"), o.ListQueuesOutput()],
    "GetQueueAttributes": [o.AttributesOutput(ATTRIBUTES), o.AttributesOutput()],
    "SendMessage": [o.SendMessageOutput("id", "md5", "md5", "md5", "1")],
    "SendMessageBatch": [
        o.BatchOutput([o.SendResultEntry("1", "id", "md5"), o.SendResultEntry("2", "id", "md5", "md5")])
    ],
    "ReceiveMessage": [o.ReceiveMessageOutput([MESSAGE, MESSAGE]), o.ReceiveMessageOutput()],
    "DeleteMessageBatch": [BATCH],
    "ChangeMessageVisibilityBatch": [BATCH],
    "DeleteQueue": [o.Empty()],
    "ListMessageMoveTasks": [o.ListMessageMoveTasksOutput([o.MoveTaskEntry("RUNNING", "arn", 1, 2, 3)])],
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name: str) -> None:
    tongue = QueryTongue()
    tongue.operation = OPERATIONS[name]
    for output in ANSWERS[name]:
        response = {"body": tongue.encode(output, "request"), "headers": {}, "status_code": 200}
        found = create_parser("query").parse(response, MODEL.operation_model(name).output_shape)
        assert found.pop("ResponseMetadata")["RequestId"] == "request"
        # The parser makes empty lists and maps of what is absent.
        full = {member: value for member, value in found.items() if value}
        plain = msgspec.to_builtins(output, builtin_types=(bytes,))
        assert full == plain


RECORDED = {
    "SendMessage": (
        o.SendMessageOutput("id", "md5"),
        (
            '{"SendMessageResponse":{"ResponseMetadata":{"RequestId":"request"},"SendMessageResult":'
            '{"MD5OfMessageAttributes":null,"MD5OfMessageBody":"md5","MD5OfMessageSystemAttributes":null,'
            '"MessageId":"id","SequenceNumber":null}}}'
        ),
    ),
    "ReceiveMessage": (
        o.ReceiveMessageOutput([o.MessageOutput("id", "handle", "md5", "body")]),
        (
            '{"ReceiveMessageResponse":{"ReceiveMessageResult":{"messages":[{"Attributes":null,"Body":"body",'
            '"MD5OfBody":"md5","MD5OfMessageAttributes":null,"MessageAttributes":null,"MessageId":"id",'
            '"ReceiptHandle":"handle"}]},"ResponseMetadata":{"RequestId":"request"}}}'
        ),
    ),
    "GetQueueAttributes": (
        o.AttributesOutput({"QueueArn": "arn"}),
        (
            '{"GetQueueAttributesResponse":{"GetQueueAttributesResult":{"Attributes":[{"Name":"QueueArn","Value":"arn"}]},'
            '"ResponseMetadata":{"RequestId":"request"}}}'
        ),
    ),
    "ListQueues": (
        o.ListQueuesOutput(),
        (
            '{"ListQueuesResponse":{"ListQueuesResult":{"NextToken":null,"queueUrls":null},'
            '"ResponseMetadata":{"RequestId":"request"}}}'
        ),
    ),
    "DeleteQueue": (o.Empty(), '{"DeleteQueueResponse":{"ResponseMetadata":{"RequestId":"request"}}}'),
}


@pytest.mark.parametrize("name", RECORDED)
def test_answers_in_json_as_they_were_recorded(name: str) -> None:
    output, text = RECORDED[name]
    tongue = QueryTongue(in_json=True)
    tongue.operation = OPERATIONS[name]
    assert tongue.encode(output, "request").decode() == text
    assert tongue.content_type == b"application/json"
