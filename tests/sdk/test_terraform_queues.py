"""The calls that Terraform's AWS provider makes for its four resources of queues, one after the other.

It waits until every attribute comes back equal, as a string, to what it set; what differs by a space it waits for
until it gives up.
"""

import json
from typing import Any

from support.clients import refusal
from support.things import MadeQueue

POLICY = (
    '{"Statement":[{"Action":"sqs:SendMessage","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:us-east-2:'
    '123456789012:t"}},"Effect":"Allow","Principal":"*","Resource":"*","Sid":"First"}],"Version":"2012-10-17"}'
)


def read(sqs: Any, url: str) -> dict[str, str]:
    """Terraform reads until six answers are equal."""
    first: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    for _ in range(2):
        assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] == first
    return first


def assert_echoed(sqs: Any, url: str, attributes: dict[str, str]) -> None:
    found = read(sqs, url)
    assert {name: found.get(name, "") for name in attributes} == attributes


def test_aws_sqs_queue(admin: Any, queue: MadeQueue, name: str) -> None:
    attributes = {
        "DelaySeconds": "90",
        "MaximumMessageSize": "262144",
        "MessageRetentionPeriod": "86400",
        "Policy": POLICY,
        "ReceiveMessageWaitTimeSeconds": "10",
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": queue.arn, "maxReceiveCount": 4}),
        "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "30",
    }
    tags = {"Environment": "production"}
    url = admin.create_queue(QueueName=name, Attributes=attributes, tags=tags)["QueueUrl"]
    assert_echoed(admin, url, attributes)
    assert admin.list_queue_tags(QueueUrl=url)["Tags"] == tags

    changed = {"DelaySeconds": "0", "RedrivePolicy": "", "Policy": "", "SqsManagedSseEnabled": "false"}
    admin.set_queue_attributes(QueueUrl=url, Attributes=changed)
    assert_echoed(admin, url, {**attributes, **changed})
    admin.untag_queue(QueueUrl=url, TagKeys=["Environment"])
    admin.tag_queue(QueueUrl=url, Tags={"environment": "test"})
    assert admin.list_queue_tags(QueueUrl=url)["Tags"] == {"environment": "test"}

    key = {"KmsMasterKeyId": "alias/aws/sqs", "KmsDataKeyReusePeriodSeconds": "300"}
    admin.set_queue_attributes(QueueUrl=url, Attributes=key)
    assert_echoed(admin, url, {**attributes, **changed, **key})
    admin.set_queue_attributes(
        QueueUrl=url, Attributes={"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"}
    )
    assert_echoed(admin, url, {"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"})

    admin.delete_queue(QueueUrl=url)
    gone = refusal(admin.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
    assert gone.code == "AWS.SimpleQueueService.NonExistentQueue"


def test_aws_sqs_queue_fifo(admin: Any, name: str) -> None:
    attributes = {
        "ContentBasedDeduplication": "true",
        "DeduplicationScope": "messageGroup",
        "FifoQueue": "true",
        "FifoThroughputLimit": "perMessageGroupId",
        "KmsDataKeyReusePeriodSeconds": "600",
        "KmsMasterKeyId": "alias/aws/sqs",
    }
    url = admin.create_queue(QueueName=f"{name}.fifo", Attributes=attributes)["QueueUrl"]
    assert_echoed(admin, url, attributes)
    assert "Tags" not in admin.list_queue_tags(QueueUrl=url)
    admin.delete_queue(QueueUrl=url)


def of_one_attribute(admin: Any, url: str, attribute: str, texts: list[str]) -> None:
    """The three resources that hold one attribute each: set, read, set otherwise, taken away."""
    for text in texts:
        admin.set_queue_attributes(QueueUrl=url, Attributes={attribute: text})
        for _ in range(2):
            answer = admin.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])
            assert answer["Attributes"] == {attribute: text}
    admin.set_queue_attributes(QueueUrl=url, Attributes={attribute: ""})
    assert "Attributes" not in admin.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])


def test_aws_sqs_queue_policy(admin: Any, queue: MadeQueue) -> None:
    of_one_attribute(admin, queue.url, "Policy", [POLICY, json.dumps(json.loads(POLICY), indent=2)])
    refused = refusal(admin.set_queue_attributes, QueueUrl=queue.url, Attributes={"Policy": "{}"})
    assert refused.message.startswith("Invalid value for the parameter Policy"), "Terraform looks for this"


def test_aws_sqs_queue_redrive_policy(admin: Any, queue: MadeQueue, name: str) -> None:
    url = admin.create_queue(QueueName=name)["QueueUrl"]
    texts = [json.dumps({"deadLetterTargetArn": queue.arn, "maxReceiveCount": count}) for count in (4, 5)]
    of_one_attribute(admin, url, "RedrivePolicy", texts)
    admin.delete_queue(QueueUrl=url)


def test_aws_sqs_queue_redrive_allow_policy(admin: Any, queue: MadeQueue) -> None:
    by_queue: dict[str, object] = {"redrivePermission": "byQueue", "sourceQueueArns": [f"{queue.arn}-source"]}
    # With null source ARNs AWS's own answer makes Terraform wait in vain (tf#42453); ours does not.
    given: list[dict[str, object]] = [
        by_queue,
        {"redrivePermission": "denyAll"},
        {"redrivePermission": "allowAll", "sourceQueueArns": None},
    ]
    of_one_attribute(admin, queue.url, "RedriveAllowPolicy", [json.dumps(one) for one in given])
