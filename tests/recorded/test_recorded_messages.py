"""Recorded answers of AWS: messages of standard queues, their attributes and digests, and empty answers."""

import json
from typing import Any

import pytest

from recorded.protocols import ask
from support.clients import refusal
from support.messages import receive, receive_one
from support.server import Server
from support.things import MadeQueue

DIGESTS: dict[str, tuple[dict[str, Any], str]] = {
    "a string": (
        {"longname": {"DataType": "String.custom", "StringValue": "é🙂"}},
        "4db851db483784dcb2a7076005c3a509",
    ),
    "bytes": (
        {"bin": {"DataType": "Binary.custom", "BinaryValue": b"\x00\x01\xfe\xff\x10"}},
        "0cc390915bb7a6a60beacb42d8ddb935",
    ),
    "a number": (
        {"timestamp": {"DataType": "Number", "StringValue": "1493147359900"}},
        "235c5c510d26fb653d073faed50ae77c",
    ),
    "three": (
        {
            "Help.Me": {"DataType": "String", "StringValue": "Me"},
            "Hello": {"DataType": "String", "StringValue": "There"},
            "General": {"DataType": "String", "StringValue": "Kenobi"},
        },
        "4c360f3fdafd970e05fae2f149d997f5",
    ),
}


@pytest.mark.parametrize(("attributes", "digest"), DIGESTS.values(), ids=DIGESTS.keys())
def test_a_digest_of_attributes(sqs: Any, queue: MadeQueue, attributes: dict[str, Any], digest: str) -> None:
    sent = sqs.send_message(QueueUrl=queue.url, MessageBody="A", MessageAttributes=attributes)
    assert sent["MD5OfMessageBody"] == "7fc56270e7a70fa81a5935b72eacbe29"
    assert sent["MD5OfMessageAttributes"] == digest
    found = receive_one(sqs, queue, MessageAttributeNames=["*"])
    assert (found["MessageAttributes"], found["MD5OfMessageAttributes"]) == (attributes, digest)


def test_a_digest_of_the_trace_header(sqs: Any, queue: MadeQueue) -> None:
    header = "Root=1-65000000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0"
    system = {"AWSTraceHeader": {"DataType": "String", "StringValue": header}}
    sent = sqs.send_message(QueueUrl=queue.url, MessageBody="A", MessageSystemAttributes=system)
    assert sent["MD5OfMessageSystemAttributes"] == "73bc8bd4ef10cb55cd193d2c2313e2bd"


def test_a_number_loses_its_needless_zeros(sqs: Any, queue: MadeQueue) -> None:
    """Its sender is told the digest of what it sent, its receiver that of what it receives."""
    number = {"num": {"DataType": "Number.int", "StringValue": "000123.4500"}}
    sent = sqs.send_message(QueueUrl=queue.url, MessageBody="A", MessageAttributes=number)
    assert sent["MD5OfMessageAttributes"] == "d878de3c66fcb643fde306daeda01d30"
    found = receive_one(sqs, queue, MessageAttributeNames=["All"])
    assert found["MessageAttributes"] == {"num": {"DataType": "Number.int", "StringValue": "123.45"}}
    assert found["MD5OfMessageAttributes"] == "8bcb3750cfbee5f94c88a9d69942fe4f"


@pytest.mark.parametrize("value", ["Invalid-\x08", "Invalid-\x0b"])
def test_a_character_that_no_attribute_may_hold(sqs: Any, queue: MadeQueue, value: str) -> None:
    attributes = {"attr1": {"StringValue": value, "DataType": "String"}}
    found = refusal(sqs.send_message, QueueUrl=queue.url, MessageBody="x", MessageAttributes=attributes)
    assert found[:2] == (400, "InvalidParameterValue")


def test_a_batch_of_good_and_bad(sqs: Any, queue: MadeQueue) -> None:
    entries = [
        {"Id": "good", "MessageBody": "ppppppppppppp"},
        {"Id": "bad", "MessageBody": "z", "DelaySeconds": 901},
    ]
    found = sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    assert [one["Id"] for one in found["Successful"]] == ["good"]
    assert found["Successful"][0]["MD5OfMessageBody"] == "75beb1c4d7f97a8462d8878e721b2357"
    assert found["Failed"] == [
        {
            "Id": "bad",
            "SenderFault": True,
            "Code": "InvalidParameterValue",
            "Message": "Value 901 for parameter DelaySeconds is invalid. "
            "Reason: DelaySeconds must be >= 0 and <= 900.",
        }
    ]


def test_a_batch_of_handles_that_are_none(sqs: Any, queue: MadeQueue) -> None:
    entries = [{"Id": "1", "ReceiptHandle": "invalid-handle-1"}]
    found = sqs.delete_message_batch(QueueUrl=queue.url, Entries=entries)
    assert "Successful" not in found
    assert found["Failed"] == [
        {
            "Id": "1",
            "SenderFault": True,
            "Code": "ReceiptHandleIsInvalid",
            "Message": "The input receipt handle is invalid.",
        }
    ]


def test_a_group_in_a_standard_queue(sqs: Any, queue: MadeQueue) -> None:
    sent = sqs.send_message(QueueUrl=queue.url, MessageBody="message", MessageGroupId="test")
    assert "SequenceNumber" not in sent
    found = receive_one(sqs, queue, MessageSystemAttributeNames=["All"])["Attributes"]
    assert found["MessageGroupId"] == "test"
    assert found.keys() == {
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "MessageGroupId",
        "SenderId",
        "SentTimestamp",
    }


def test_an_older_handle_gives_the_message_back(sqs: Any, queue: MadeQueue) -> None:
    sqs.send_message(QueueUrl=queue.url, MessageBody="test")
    old = receive_one(sqs, queue, VisibilityTimeout=0)["ReceiptHandle"]
    receive_one(sqs, queue, VisibilityTimeout=600)
    sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=old, VisibilityTimeout=0)
    receive_one(sqs, queue)


def test_an_older_handle_deletes(sqs: Any, queue: MadeQueue) -> None:
    sqs.send_message(QueueUrl=queue.url, MessageBody="test")
    old = receive_one(sqs, queue, VisibilityTimeout=0)["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=old)
    sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=old)
    assert receive(sqs, queue) == []


def test_an_answer_without_a_body(server: Server, queue: MadeQueue) -> None:
    """Of an operation that returns nothing; one that merely has nothing to return says `{}`."""
    answer = ask(server, "json", "SetQueueAttributes", {"QueueUrl": queue.url, "Attributes": {}})
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "0", b"")
    answer = ask(server, "json", "ReceiveMessage", {"QueueUrl": queue.url})
    assert json.loads(answer.body) == {}


def test_a_url_of_a_host_alone(sqs: Any) -> None:
    found = refusal(sqs.get_queue_attributes, QueueUrl="http://whatever-incorrect-queue-address")
    sentence = "The specified queue does not exist."
    assert found[:3] == (400, "AWS.SimpleQueueService.NonExistentQueue", sentence)
