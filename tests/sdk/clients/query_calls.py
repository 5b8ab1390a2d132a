"""For the last boto3 that spoke the Query protocol: every operation, to the letter. Prints one line of JSON."""

import json
import sys
from typing import Any

import boto3
import botocore
from botocore.exceptions import ClientError


def refused(call: Any, **parameters: Any) -> list[Any]:
    """Exception class, code, text and status of a refusal."""
    try:
        call(**parameters)
    except ClientError as error:
        answer = error.response
        return [
            type(error).__name__,
            answer["Error"]["Code"],
            answer["Error"]["Message"],
            answer["ResponseMetadata"]["HTTPStatusCode"],
        ]
    return []


def tell(endpoint_url: str) -> dict[str, Any]:
    client = boto3.client("sqs", endpoint_url=endpoint_url)
    said: dict[str, Any] = {
        "version": botocore.__version__,
        "protocol": client.meta.service_model.metadata["protocol"],
    }
    url = client.create_queue(
        QueueName="old-sdk", Attributes={"VisibilityTimeout": "45", "DelaySeconds": "0"}, tags={"team": "a&b"}
    )["QueueUrl"]
    said["url"] = url
    said["found"] = client.get_queue_url(QueueName="old-sdk")["QueueUrl"]
    said["listed"] = client.list_queues(QueueNamePrefix="old-")["QueueUrls"]
    client.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "2048"})
    said["attributes"] = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    attributes = {
        "text": {"DataType": "String.label", "StringValue": "<é&\"'>"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    body = "<body> & \r\n\t\U0001f600"
    trace = {
        "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}
    }
    client.send_message(
        QueueUrl=url, MessageBody=body, MessageAttributes=attributes, MessageSystemAttributes=trace
    )
    received = client.receive_message(
        QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"], WaitTimeSeconds=2
    )["Messages"]
    said["received"] = len(received)
    said["body_is_same"] = received[0]["Body"] == body
    said["attributes_are_same"] = received[0]["MessageAttributes"] == attributes
    said["system"] = sorted(received[0]["Attributes"])
    said["trace"] = received[0]["Attributes"]["AWSTraceHeader"]
    handle = received[0]["ReceiptHandle"]
    client.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=60)
    client.delete_message(QueueUrl=url, ReceiptHandle=handle)

    entries = [{"Id": str(n), "MessageBody": f"m{n}", "MessageAttributes": attributes} for n in range(3)]
    entries.append({"Id": "bad", "MessageBody": "\x01"})
    sent = client.send_message_batch(QueueUrl=url, Entries=entries)
    said["batch_sent"] = sorted(one["Id"] for one in sent["Successful"])
    said["batch_failed"] = [[one["Id"], one["Code"], one["SenderFault"]] for one in sent["Failed"]]
    messages = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    handles = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)]
    hidden = client.change_message_visibility_batch(
        QueueUrl=url, Entries=[{**entry, "VisibilityTimeout": 50} for entry in handles]
    )
    said["hidden"] = sorted(one["Id"] for one in hidden["Successful"])
    gone = client.delete_message_batch(
        QueueUrl=url, Entries=[*handles, {"Id": "x", "ReceiptHandle": "garbage"}]
    )
    said["gone"] = sorted(one["Id"] for one in gone["Successful"])
    said["not_gone"] = [[one["Id"], one["Code"]] for one in gone["Failed"]]
    said["empty"] = "Messages" in client.receive_message(QueueUrl=url)

    said["no_queue"] = refused(client.get_queue_url, QueueName="nope")
    said["no_attribute"] = refused(client.get_queue_attributes, QueueUrl=url, AttributeNames=["Foobar"])
    said["too_many"] = refused(client.receive_message, QueueUrl=url, MaxNumberOfMessages=11)
    said["no_entries"] = refused(client.send_message_batch, QueueUrl=url, Entries=[])
    client.tag_queue(QueueUrl=url, Tags={"empty": ""})
    said["tags"] = client.list_queue_tags(QueueUrl=url)["Tags"]
    client.untag_queue(QueueUrl=url, TagKeys=["team", "empty"])
    said["no_tags"] = client.list_queue_tags(QueueUrl=url).get("Tags", {})
    accounts = ["123456789012", "210987654321"]
    client.add_permission(QueueUrl=url, Label="x", AWSAccountIds=accounts, Actions=["SendMessage"])
    answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    said["policy"] = answer["Attributes"]["Policy"]
    client.remove_permission(QueueUrl=url, Label="x")
    said["no_label"] = refused(client.remove_permission, QueueUrl=url, Label="x")
    redrive = {"deadLetterTargetArn": said["attributes"]["QueueArn"], "maxReceiveCount": 3}
    client.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(redrive)})
    said["sources"] = client.list_dead_letter_source_queues(QueueUrl=url)["queueUrls"]
    client.purge_queue(QueueUrl=url)
    client.delete_queue(QueueUrl=url)
    said["after_delete"] = refused(client.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
    return said


if __name__ == "__main__":
    print(json.dumps(tell(*sys.argv[1:])))
