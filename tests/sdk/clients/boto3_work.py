"""A day's work with boto3's resources and its client, the same for every boto3. Prints one line of JSON.

Endpoint, keys and CA come from the environment, as in an application that knows nothing of us.
"""

import json
import sys
from typing import Any

import boto3
import botocore
from botocore.exceptions import ClientError

BODIES = [f"order {number} \u00e9\u20ac\U0001f600 <&>" for number in range(25)]


def work(name: str) -> dict[str, Any]:
    resource = boto3.resource("sqs")
    client = resource.meta.client
    said: dict[str, Any] = {
        "version": botocore.__version__,
        "protocol": client.meta.service_model.metadata["protocol"],
    }
    queue = resource.create_queue(
        QueueName=name, Attributes={"VisibilityTimeout": "120", "ReceiveMessageWaitTimeSeconds": "2"}
    )
    said["same_queue"] = resource.get_queue_by_name(QueueName=name).url == queue.url
    said["listed"] = [one.url == queue.url for one in resource.queues.filter(QueueNamePrefix=name)]
    client.tag_queue(QueueUrl=queue.url, Tags={"team": "a&b", "empty": "", "gone": "x"})
    client.untag_queue(QueueUrl=queue.url, TagKeys=["gone"])
    said["tags"] = client.list_queue_tags(QueueUrl=queue.url)["Tags"]
    said["sent"] = send(queue)
    said["counted"] = queue.attributes["ApproximateNumberOfMessages"]
    taken = take(queue)
    said["taken"] = sorted(message.body for message in taken) == sorted(BODIES)
    said["attributes"] = taken[0].message_attributes["kind"]["StringValue"], taken[0].attributes
    queue.load()
    said["in_flight"] = queue.attributes["ApproximateNumberOfMessagesNotVisible"]
    said["released"] = release(queue, taken[0])
    said["deleted"] = delete(queue, taken[1:])
    queue.send_message(MessageBody="left over")
    queue.set_attributes(Attributes={"VisibilityTimeout": "5", "MaximumMessageSize": "1024"})
    queue.reload()
    said["changed"] = queue.attributes["VisibilityTimeout"], queue.attributes["MaximumMessageSize"]
    said["too_long"] = refused(queue.send_message, MessageBody="x" * 1025)
    said["not_a_handle"] = refused(queue.Message("garbage").delete)
    queue.purge()
    queue.load()
    said["after_purge"] = queue.attributes["ApproximateNumberOfMessages"]
    queue.delete()
    said["after_delete"] = refused(resource.get_queue_by_name, QueueName=name)
    return said


def send(queue: Any) -> int:
    """How many, one by one and in batches."""
    queue.send_message(MessageBody=BODIES[0], MessageAttributes=kind("first"))
    sent = 1
    for start in range(1, len(BODIES), 10):
        entries = [
            {"Id": str(number), "MessageBody": body, "MessageAttributes": kind("other"), "DelaySeconds": 0}
            for number, body in enumerate(BODIES[start : start + 10])
        ]
        sent += len(queue.send_messages(Entries=entries)["Successful"])
    return sent


def kind(value: str) -> dict[str, Any]:
    return {"kind": {"DataType": "String", "StringValue": value}}


def take(queue: Any) -> list[Any]:
    taken: list[Any] = []
    while len(taken) < len(BODIES):
        messages = queue.receive_messages(
            MaxNumberOfMessages=10, AttributeNames=["ApproximateReceiveCount"], MessageAttributeNames=["All"]
        )
        if not messages:
            break
        taken += messages
    return taken


def release(queue: Any, message: Any) -> list[Any]:
    """Makes it visible and takes it again: its receive count, and whether it was that one."""
    message.change_visibility(VisibilityTimeout=0)
    (again,) = queue.receive_messages(AttributeNames=["All"])
    again.delete()
    return [again.attributes["ApproximateReceiveCount"], again.message_id == message.message_id]


def delete(queue: Any, messages: list[Any]) -> int:
    deleted = 0
    for start in range(0, len(messages), 10):
        entries = [
            {"Id": str(number), "ReceiptHandle": message.receipt_handle}
            for number, message in enumerate(messages[start : start + 10])
        ]
        deleted += len(queue.delete_messages(Entries=entries)["Successful"])
    return deleted


def refused(call: Any, **parameters: Any) -> list[Any]:
    """Class and code of a refusal."""
    try:
        call(**parameters)
    except ClientError as error:
        return [type(error).__name__, error.response["Error"]["Code"]]
    return []


if __name__ == "__main__":
    print(json.dumps(work(sys.argv[1])))
