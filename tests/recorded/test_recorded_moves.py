"""Recorded answers of AWS: what dead letters keep, and what becomes of those that are moved back."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from recorded.protocols import Refused, ask, refused
from support.clients import refusal
from support.messages import TRACE
from support.programs import wait_for
from support.server import ACCOUNT, REGION, Server

ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"
Pipe = Callable[..., tuple[str, str, str]]
CORAL = "com.amazon.coral.service#"
SQS = "com.amazonaws.sqs#"


@pytest.fixture
def pipe(admin: Any, name: str) -> Iterator[Pipe]:
    """`pipe(fifo=False)`: URLs of a source, the queue for its dead (after one receive), and another queue."""
    urls: list[str] = []

    def make(fifo: bool = False) -> tuple[str, str, str]:
        suffix, attributes = (".fifo", {"FifoQueue": "true"}) if fifo else ("", {})
        policy = json.dumps({"deadLetterTargetArn": f"{ARN}{name}-dead{suffix}", "maxReceiveCount": 1})
        for role, more in (("dead", {}), ("source", {"RedrivePolicy": policy}), ("other", {})):
            made = admin.create_queue(QueueName=f"{name}-{role}{suffix}", Attributes={**attributes, **more})
            urls.append(made["QueueUrl"])
        return urls[1], urls[0], urls[2]

    yield make
    for url in urls:
        admin.delete_queue(QueueUrl=url)


def receive(admin: Any, url: str, **parameters: Any) -> list[dict[str, Any]]:
    asked = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"], **parameters}
    found: list[dict[str, Any]] = admin.receive_message(QueueUrl=url, **asked).get("Messages", [])
    return found


def die(admin: Any, url: str, count: int) -> list[dict[str, Any]]:
    """Every message of a source is received once, then once more. -> As they were received."""
    found = [receive(admin, url, VisibilityTimeout=0) for _ in range(2 * count)]
    return [message for messages in found for message in messages]


def arn_of(url: str) -> str:
    return ARN + url.rpartition("/")[2]


def ended(admin: Any, url: str) -> dict[str, Any]:
    """The newest task of a queue, once it has ended."""

    def newest() -> dict[str, Any]:
        (task,) = admin.list_message_move_tasks(SourceArn=arn_of(url))["Results"]
        return dict(task)

    wait_for(lambda: newest()["Status"] != "RUNNING", 60, newest)
    return newest()


def test_a_dead_letter_keeps_what_it_was(admin: Any, pipe: Pipe) -> None:
    source, dead, _ = pipe()
    text = {"StringValue": "foobar", "DataType": "String"}
    admin.send_message(
        QueueUrl=source,
        MessageBody="message-1",
        MessageAttributes={"MyAttribute": text},
        MessageSystemAttributes={"AWSTraceHeader": {"StringValue": TRACE, "DataType": "String"}},
    )
    (before,) = die(admin, source, 1)
    (after,) = receive(admin, dead)
    assert before["MD5OfMessageAttributes"] == "adb59cd4678ea5a855436b949cd07ab6"
    assert before["Attributes"]["ApproximateReceiveCount"] == "1"
    for changed in ("ReceiptHandle", "Attributes"):
        assert before[changed] != after[changed]
    wanted = {"ApproximateReceiveCount": "2", "DeadLetterQueueSourceArn": arn_of(source)}
    assert after == {
        **before,
        "ReceiptHandle": after["ReceiptHandle"],
        "Attributes": {**before["Attributes"], **wanted},
    }


def test_a_dead_letter_of_a_fifo_queue(admin: Any, pipe: Pipe) -> None:
    source, dead, _ = pipe(fifo=True)
    sent = admin.send_message(
        QueueUrl=source, MessageBody="poison", MessageGroupId="g", MessageDeduplicationId="given"
    )
    die(admin, source, 1)
    (message,) = receive(admin, dead)
    found = message["Attributes"]
    assert message["MessageId"] == found["MessageDeduplicationId"] == sent["MessageId"]
    assert (found["ApproximateReceiveCount"], found["MessageGroupId"]) == ("2", "g")
    admin.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
    again = admin.send_message(
        QueueUrl=dead, MessageBody="again", MessageGroupId="g", MessageDeduplicationId=sent["MessageId"]
    )
    assert (again["MessageId"], again["SequenceNumber"]) == (sent["MessageId"], found["SequenceNumber"])
    assert receive(admin, dead) == []


@pytest.mark.parametrize("named", [True, False], ids=["to another queue", "back"])
def test_a_task(admin: Any, pipe: Pipe, named: bool) -> None:
    source, dead, other = pipe()
    sent = [admin.send_message(QueueUrl=source, MessageBody=f"message-{number}") for number in (1, 2)]
    die(admin, source, 2)
    more = {"DestinationArn": arn_of(other)} if named else {}
    handle = admin.start_message_move_task(SourceArn=arn_of(dead), **more)["TaskHandle"]
    decoded = json.loads(base64.b64decode(handle))
    assert (list(decoded), decoded["sourceArn"]) == (["taskId", "sourceArn"], arn_of(dead))
    assert UUID(decoded["taskId"])
    task = ended(admin, dead)
    assert abs(task.pop("StartedTimestamp") / 1000 - time.time()) < 60
    assert task == {
        "Status": "COMPLETED",
        "SourceArn": arn_of(dead),
        "ApproximateNumberOfMessagesMoved": 2,
        "ApproximateNumberOfMessagesToMove": 2,
        **more,
    }
    moved = receive(admin, other if named else source, MaxNumberOfMessages=10)
    assert {one["Body"] for one in moved} == {"message-1", "message-2"}
    assert {one["MessageId"] for one in moved}.isdisjoint(one["MessageId"] for one in sent)
    for one in moved:
        assert one["Attributes"]["ApproximateReceiveCount"] == "1"
        assert "DeadLetterQueueSourceArn" not in one["Attributes"]
    assert receive(admin, dead) == []


def test_a_second_task_and_a_cancelled_one(admin: Any, server: Server, pipe: Pipe) -> None:
    source, dead, other = pipe()
    for number in range(20):
        admin.send_message(QueueUrl=source, MessageBody=f"message-{number}")
    die(admin, source, 20)
    given = {"SourceArn": arn_of(dead), "DestinationArn": arn_of(other), "MaxNumberOfMessagesPerSecond": 1}
    handle = admin.start_message_move_task(**given)["TaskHandle"]
    (task,) = admin.list_message_move_tasks(SourceArn=arn_of(dead))["Results"]
    assert (task["Status"], task["TaskHandle"]) == ("RUNNING", handle)
    assert (task["MaxNumberOfMessagesPerSecond"], task["ApproximateNumberOfMessagesToMove"]) == (1, 20)
    assert refused(ask(server, "json", "StartMessageMoveTask", given)) == Refused(
        400,
        "InvalidParameterValue",
        "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        CORAL + "InvalidParameterValueException",
    )
    assert admin.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"] < 20
    told: list[dict[str, Any]] = []

    def cancelled() -> bool:
        (task,) = admin.list_message_move_tasks(SourceArn=arn_of(dead))["Results"]
        told.append(task)
        return bool(task["Status"] == "CANCELLED")

    wait_for(cancelled, 60)
    assert {task["Status"] for task in told} <= {"CANCELLING", "CANCELLED"}
    assert not any("TaskHandle" in task for task in told)
    assert told[-1]["ApproximateNumberOfMessagesToMove"] == 20
    assert receive(admin, dead) != []


def test_the_destination_goes_away(admin: Any, pipe: Pipe, name: str) -> None:
    source, dead, _ = pipe()
    gone = admin.create_queue(QueueName=f"{name}-gone")["QueueUrl"]
    for number in range(20):
        admin.send_message(QueueUrl=source, MessageBody=f"message-{number}")
    die(admin, source, 20)
    given = {"SourceArn": arn_of(dead), "DestinationArn": arn_of(gone), "MaxNumberOfMessagesPerSecond": 1}
    admin.start_message_move_task(**given)
    admin.delete_queue(QueueUrl=gone)
    task = ended(admin, dead)
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "AWS.SimpleQueueService.NonExistentQueue")
    assert receive(admin, dead) != []


@pytest.mark.parametrize(
    ("queue", "message"),
    [
        ("nowhere", "The resource that you specified for the SourceArn parameter doesn't exist."),
        ("dead", "Task does not exist."),
    ],
)
def test_a_handle_of_no_task(admin: Any, pipe: Pipe, queue: str, message: str) -> None:
    _, dead, _ = pipe()
    source_arn = arn_of(dead) if queue == "dead" else f"{ARN}nowhere"
    said = {"taskId": "10f57157-fc38-4da9-a113-4de7e12d05aa", "sourceArn": source_arn}
    handle = base64.b64encode(json.dumps(said, separators=(",", ":")).encode()).decode()
    found = refusal(admin.cancel_message_move_task, TaskHandle=handle)
    assert found[:3] == (404, "ResourceNotFoundException", message)


def test_a_message_in_flight_holds_its_group_back_from_a_move(admin: Any, pipe: Pipe) -> None:
    _, dead, other = pipe(fifo=True)
    ids = {}
    for text in ("a0", "a1", "b0"):
        given = {"MessageGroupId": text[0], "MessageDeduplicationId": f"manual-{text}"}
        ids[text] = admin.send_message(QueueUrl=dead, MessageBody=text, **given)["MessageId"]
        if text == "a0":
            (held,) = receive(admin, dead, VisibilityTimeout=600)
    admin.start_message_move_task(SourceArn=arn_of(dead), DestinationArn=arn_of(other))
    (first,) = receive(admin, other, WaitTimeSeconds=20)
    assert first["Body"] == "b0"
    assert first["MessageId"] != ids["b0"] == first["Attributes"]["MessageDeduplicationId"]
    (task,) = admin.list_message_move_tasks(SourceArn=arn_of(dead))["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesToMove"]) == ("RUNNING", 3)
    admin.change_message_visibility(QueueUrl=dead, ReceiptHandle=held["ReceiptHandle"], VisibilityTimeout=0)
    assert ended(admin, dead)["Status"] == "COMPLETED"
    found = receive(admin, other, MaxNumberOfMessages=10)
    assert [one["Body"] for one in found] == ["a0", "a1"]
    repeated = {"MessageGroupId": "a", "MessageDeduplicationId": ids["a0"]}
    again = admin.send_message(QueueUrl=other, MessageBody="repeat", **repeated)
    assert again["MessageId"] == found[0]["MessageId"]
    assert again["SequenceNumber"] == found[0]["Attributes"]["SequenceNumber"]


def test_a_move_to_where_its_id_is_known(admin: Any, pipe: Pipe) -> None:
    _, dead, other = pipe(fifo=True)
    sent = admin.send_message(
        QueueUrl=dead, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="given"
    )
    admin.send_message(
        QueueUrl=other, MessageBody="y", MessageGroupId="g", MessageDeduplicationId=sent["MessageId"]
    )
    (known,) = receive(admin, other)
    admin.delete_message(QueueUrl=other, ReceiptHandle=known["ReceiptHandle"])
    admin.start_message_move_task(SourceArn=arn_of(dead), DestinationArn=arn_of(other))
    task = ended(admin, dead)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 0)
    assert task["ApproximateNumberOfMessagesToMove"] == 1
    assert receive(admin, other) == receive(admin, dead) == []
