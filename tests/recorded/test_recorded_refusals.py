"""Recorded answers of AWS: what was refused, in which words, in both protocols."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from recorded.protocols import Refused, ask, refused
from support.server import ACCOUNT, REGION, Server

CORAL = "com.amazon.coral.service#"
SQS = "com.amazonaws.sqs#"
LEGACY = "AWS.SimpleQueueService."
ENTRY_ID = (
    "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
    "It can be at most 80 letters long."
)
NO_DEDUPLICATION_ID = (
    "The queue should either have ContentBasedDeduplication enabled "
    "or MessageDeduplicationId provided explicitly"
)
LETTERS = "can only include alphanumeric and punctuation characters. 1 to 128 in length."
HELD = {"MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
DESTINATION = "The resource that you specified for the DestinationArn parameter doesn't exist."


class Case(NamedTuple):
    operation: str
    parameters: dict[str, Any]
    """`<plain>`, `<small>` and the like stand for the queues below."""
    code: str
    message: str
    type: str
    """What JSON calls it."""
    status: int = 400


def invalid(operation: str, message: str, **parameters: Any) -> Case:
    return Case(
        operation, parameters, "InvalidParameterValue", message, CORAL + "InvalidParameterValueException"
    )


def missing(operation: str, name: str, **parameters: Any) -> Case:
    return Case(
        operation,
        parameters,
        "MissingParameter",
        f"The request must contain the parameter {name}.",
        CORAL + "MissingRequiredParameterException",
    )


def modelled(operation: str, shape: str, message: str, /, code: str = "", **parameters: Any) -> Case:
    return Case(operation, parameters, code or shape, message, SQS + shape)


def batch(shape: str, message: str, *entries: dict[str, Any], of: str = "SendMessageBatch") -> Case:
    return modelled(of, shape, message, LEGACY + shape, QueueUrl="<plain>", Entries=list(entries))


def message(entry_id: str, **more: Any) -> dict[str, Any]:
    return {"Id": entry_id, "MessageBody": "x", **more}


CASES = {
    "eleven messages": invalid(
        "ReceiveMessage",
        "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
        QueueUrl="<plain>",
        MaxNumberOfMessages=11,
    ),
    "too long a poll": invalid(
        "ReceiveMessage",
        "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        QueueUrl="<plain>",
        WaitTimeSeconds=21,
    ),
    "a poll of less than nothing": invalid(
        "ReceiveMessage",
        "Value -1 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        QueueUrl="<plain>",
        WaitTimeSeconds=-1,
    ),
    "no body": missing("SendMessage", "MessageBody", QueueUrl="<plain>", MessageBody=""),
    "too long for its queue": invalid(
        "SendMessage",
        "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.",
        QueueUrl="<small>",
        MessageBody="a" * 1_025,
    ),
    "an attribute of nothing": invalid(
        "SendMessage",
        "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'.",
        QueueUrl="<plain>",
        MessageBody="x",
        MessageAttributes={"ErrorDetails": {"StringValue": "", "DataType": "String"}},
    ),
    "no entry": batch(
        "EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request."
    ),
    "no entry to delete": batch(
        "EmptyBatchRequest",
        "There should be at least one DeleteMessageBatchRequestEntry in the request.",
        of="DeleteMessageBatch",
    ),
    "twenty entries": batch(
        "TooManyEntriesInBatchRequest",
        "Maximum number of entries per request are 10. You have sent 20.",
        *(message(str(number)) for number in range(20)),
    ),
    "an entry's id of nothing": batch("InvalidBatchEntryId", ENTRY_ID, message("")),
    "an entry's id with a colon": batch("InvalidBatchEntryId", ENTRY_ID, message("invalid:id")),
    "an entry's id of 81": batch("InvalidBatchEntryId", ENTRY_ID, message("i" * 81)),
    "an id twice": batch("BatchEntryIdsNotDistinct", "Id same repeated.", message("same"), message("same")),
    "two ids twice": batch(
        "BatchEntryIdsNotDistinct", "Id b repeated.", message("a"), message("b"), message("b"), message("a")
    ),
    "no group": missing(
        "SendMessage", "MessageGroupId", QueueUrl="<fifo>", MessageBody="x", MessageDeduplicationId="d"
    ),
    "no group in a batch": invalid(
        "SendMessageBatch",
        "The request must contain the parameter MessageGroupId.",
        QueueUrl="<fifo>",
        Entries=[message("a", MessageDeduplicationId="d")],
    ),
    "no deduplication id": invalid(
        "SendMessage", NO_DEDUPLICATION_ID, QueueUrl="<fifo>", MessageBody="x", MessageGroupId="g"
    ),
    "no deduplication id in a batch": invalid(
        "SendMessageBatch",
        NO_DEDUPLICATION_ID,
        QueueUrl="<fifo>",
        Entries=[{"Id": "good", **HELD}, message("bad", MessageGroupId="g")],
    ),
    "a delay of one message in FIFO": invalid(
        "SendMessage",
        "Value 2 for parameter DelaySeconds is invalid. "
        "Reason: The request include parameter that is not valid for this queue type.",
        QueueUrl="<fifo>",
        DelaySeconds=2,
        **HELD,
    ),
    "a delay of one entry in FIFO": invalid(
        "SendMessageBatch",
        "Value 901 for parameter DelaySeconds is invalid. "
        "Reason: The request include parameter that is not valid for this queue type.",
        QueueUrl="<fifo>",
        Entries=[{"Id": "good", **HELD}, {"Id": "bad", "DelaySeconds": 901, **HELD}],
    ),
    **{
        f"a deduplication id {name}": invalid(
            "SendMessage",
            f"Value {value} for parameter MessageDeduplicationId is invalid. "
            f"Reason: MessageDeduplicationId {LETTERS}",
            QueueUrl="<fifo>",
            **{**HELD, "MessageDeduplicationId": value},
        )
        for name, value in {"of nothing": "", "of 129": "a" * 129, "with a space": "group 123"}.items()
    },
    **{
        f"a group in a standard queue {name}": invalid(
            "SendMessage",
            f"Value {value} for parameter MessageGroupId is invalid. Reason: MessageGroupId {LETTERS}",
            QueueUrl="<plain>",
            MessageBody="x",
            MessageGroupId=value,
        )
        for name, value in {"of nothing": "", "of 129": "a" * 129, "with a space": "group 123"}.items()
    },
    "no receipt handle": modelled(
        "DeleteMessage",
        "ReceiptHandleIsInvalid",
        'The input receipt handle "garbage" is not a valid receipt handle.',
        QueueUrl="<plain>",
        ReceiptHandle="garbage",
    ),
    "an unknown attribute": modelled(
        "GetQueueAttributes",
        "InvalidAttributeName",
        "Unknown Attribute Foobar.",
        QueueUrl="<plain>",
        AttributeNames=["Foobar"],
    ),
    "a standard queue made FIFO": modelled(
        "SetQueueAttributes",
        "InvalidAttributeName",
        "Unknown Attribute FifoQueue.",
        QueueUrl="<plain>",
        Attributes={"FifoQueue": "true"},
    ),
    "a FIFO queue made standard": modelled(
        "SetQueueAttributes",
        "InvalidAttributeValue",
        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
        QueueUrl="<fifo>",
        Attributes={"FifoQueue": "false"},
    ),
    "two encryptions": modelled(
        "SetQueueAttributes",
        "InvalidAttributeName",
        "You can use one type of server-side encryption (SSE) at one time. "
        "You can either enable KMS SSE or SQS SSE.",
        QueueUrl="<plain>",
        Attributes={"KmsMasterKeyId": "testKeyId", "SqsManagedSseEnabled": "true"},
    ),
    "the same name, another delay": modelled(
        "CreateQueue",
        "QueueNameExists",
        "A queue already exists with the same name and a different value for attribute DelaySeconds",
        "QueueAlreadyExists",
        QueueName="<plain>",
        Attributes={"DelaySeconds": "42"},
    ),
    **{
        f"a standard queue with {name}": modelled(
            "CreateQueue", "InvalidAttributeName", words, QueueName="never", Attributes={name: value}
        )
        for name, value, words in (
            ("FifoQueue", "false", "Unknown Attribute FifoQueue."),
            ("ContentBasedDeduplication", "false", "Unknown Attribute ContentBasedDeduplication."),
            (
                "DeduplicationScope",
                "queue",
                "You can specify the DeduplicationScope only when FifoQueue is set to true.",
            ),
            (
                "FifoThroughputLimit",
                "perQueue",
                "You can specify the FifoThroughputLimit only when FifoQueue is set to true.",
            ),
        )
    },
    "a move from no dead-letter queue": invalid(
        "StartMessageMoveTask",
        "Source queue must be configured as a Dead Letter Queue.",
        SourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:<plain>",
    ),
    "a move to nowhere": Case(
        "StartMessageMoveTask",
        {
            "SourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:<dead>",
            "DestinationArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:nowhere",
        },
        "ResourceNotFoundException",
        DESTINATION,
        SQS + "ResourceNotFoundException",
        404,
    ),
    "a task handle of nonsense": invalid(
        "CancelMessageMoveTask", "Value for parameter TaskHandle is invalid.", TaskHandle="foobared"
    ),
}


@dataclass(frozen=True)
class Names:
    of: dict[str, str]

    def put_into(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.put_into(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.put_into(one) for one in value]
        if isinstance(value, str):
            for role, name in self.of.items():
                value = value.replace(f"<{role}>", name)
        return value


@pytest.fixture(scope="module")
def names(admin: Any) -> Iterator[Names]:
    of = {"plain": "recorded", "small": "recorded-small", "fifo": "recorded.fifo", "dead": "recorded-dead"}
    policy = f'{{"deadLetterTargetArn":"arn:aws:sqs:{REGION}:{ACCOUNT}:{of["dead"]}","maxReceiveCount":1}}'
    attributes = {
        "small": {"MaximumMessageSize": "1024"},
        "fifo": {"FifoQueue": "true"},
    }
    urls = [
        admin.create_queue(QueueName=name, Attributes=attributes.get(role, {}))["QueueUrl"]
        for role, name in of.items()
    ]
    urls.append(
        admin.create_queue(QueueName="recorded-source", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    )
    yield Names(of)
    for url in urls:
        admin.delete_queue(QueueUrl=url)


@pytest.mark.parametrize("protocol", ["json", "query"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_refusal(server: Server, names: Names, case: Case, protocol: str) -> None:
    answer = ask(server, protocol, case.operation, names.put_into(case.parameters))
    found = refused(answer)
    assert found == Refused(case.status, case.code, case.message, case.type if protocol == "json" else None)


@pytest.mark.parametrize(
    ("protocol", "sentence"),
    [
        ("json", "The specified queue does not exist."),
        ("query", "The specified queue does not exist for this wsdl version."),
    ],
)
def test_a_queue_that_is_not_there(server: Server, protocol: str, sentence: str) -> None:
    found = refused(ask(server, protocol, "GetQueueUrl", {"QueueName": "nowhere"}))
    assert found[:3] == (400, "AWS.SimpleQueueService.NonExistentQueue", sentence)
