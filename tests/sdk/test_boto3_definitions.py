"""FIFO queues, redrive policies, encryption, tags and permissions, by boto3, as recorded from AWS."""

import json
from typing import Any, ClassVar

import pytest

from support.clients import refusal
from support.server import ACCOUNT
from support.things import MadeQueue, MakeQueue

SSE = ("KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled")
TIMES_AND_ARN = ("CreatedTimestamp", "LastModifiedTimestamp", "QueueArn")


def attributes_of(sqs: Any, url: str, *names: str) -> dict[str, str]:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names or ("All",)))
    found: dict[str, str] = answer.get("Attributes", {})
    return found


# What AWS answers for a FIFO queue of which nothing else was said.
FIFO = {
    "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
    "ApproximateNumberOfMessagesNotVisible": "0",
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "DelaySeconds": "0",
    "FifoQueue": "true",
    "FifoThroughputLimit": "perQueue",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}


class TestFifoQueues:
    def all_of(self, sqs: Any, url: str) -> dict[str, str]:
        found = attributes_of(sqs, url)
        for name in TIMES_AND_ARN:
            del found[name]
        return found

    def test_content_based_deduplication(self, sqs: Any, name: str) -> None:
        given = {"FifoQueue": "true", "SqsManagedSseEnabled": "true", "ContentBasedDeduplication": "true"}
        url = sqs.create_queue(QueueName=f"{name}.fifo", Attributes=given)["QueueUrl"]
        assert self.all_of(sqs, url) == {**FIFO, "ContentBasedDeduplication": "true"}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"ContentBasedDeduplication": "false"})
        assert self.all_of(sqs, url) == FIFO

    def test_high_throughput_and_back(self, sqs: Any, name: str) -> None:
        given = {"FifoQueue": "True", "ContentBasedDeduplication": "False", "DeduplicationScope": "queue"}
        url = sqs.create_queue(QueueName=f"{name}.fifo", Attributes=given)["QueueUrl"]
        high = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
        sqs.set_queue_attributes(QueueUrl=url, Attributes=high)
        assert self.all_of(sqs, url) == {**FIFO, **high}
        low = {"DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}
        sqs.set_queue_attributes(QueueUrl=url, Attributes=low)
        assert self.all_of(sqs, url) == FIFO

    def test_the_type_never_changes(self, sqs: Any, name: str) -> None:
        url = sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"FifoQueue": "true"})
        assert refusal(sqs.set_queue_attributes, QueueUrl=url, Attributes={"FifoQueue": "false"})[1:3] == (
            "InvalidAttributeValue",
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
        )

    @pytest.mark.parametrize(("end", "attributes"), [("", {"FifoQueue": "true"}), (".fifo", {})])
    def test_name_and_type_go_together(
        self, sqs: Any, name: str, end: str, attributes: dict[str, str]
    ) -> None:
        found = refusal(sqs.create_queue, QueueName=name + end, Attributes=attributes)
        assert found[:2] == (400, "InvalidParameterValue")

    def test_again_with_another_value(self, sqs: Any, name: str) -> None:
        given = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        for _ in range(2):
            sqs.create_queue(QueueName=f"{name}.fifo", Attributes=given)
        given["ContentBasedDeduplication"] = "false"
        assert refusal(sqs.create_queue, QueueName=f"{name}.fifo", Attributes=given) == (
            400,
            "QueueAlreadyExists",
            (
                "A queue already exists with the same name and a different value for attribute "
                "ContentBasedDeduplication"
            ),
            "QueueNameExists",
        )


class TestEncryption:
    def test_a_key_and_then_none(self, sqs: Any, queue: MadeQueue) -> None:
        assert attributes_of(sqs, queue.url, *SSE) == {"SqsManagedSseEnabled": "true"}
        key = {"KmsMasterKeyId": "testKeyId", "KmsDataKeyReusePeriodSeconds": "6000"}
        sqs.set_queue_attributes(QueueUrl=queue.url, Attributes=key)
        assert attributes_of(sqs, queue.url, *SSE) == {**key, "SqsManagedSseEnabled": "false"}
        none = {"KmsMasterKeyId": "", "KmsDataKeyReusePeriodSeconds": "300"}
        sqs.set_queue_attributes(QueueUrl=queue.url, Attributes=none)
        assert attributes_of(sqs, queue.url, *SSE) == {"SqsManagedSseEnabled": "false"}

    def test_one_kind_at_a_time(self, sqs: Any, queue: MadeQueue) -> None:
        both = {"KmsMasterKeyId": "testKeyId", "SqsManagedSseEnabled": "true"}
        assert refusal(sqs.set_queue_attributes, QueueUrl=queue.url, Attributes=both)[:3] == (
            400,
            "InvalidAttributeName",
            (
                "You can use one type of server-side encryption (SSE) at one time. "
                "You can either enable KMS SSE or SQS SSE."
            ),
        )


class TestDeadLetterQueues:
    @staticmethod
    def to(queue: MadeQueue, count: object = 3) -> str:
        return json.dumps({"deadLetterTargetArn": queue.arn, "maxReceiveCount": count})

    def test_a_redrive_policy_comes_back_to_the_letter_and_goes_by_the_empty_string(
        self, sqs: Any, queue: MadeQueue, make_queue: MakeQueue
    ) -> None:
        text = self.to(queue, "42")
        source = make_queue(RedrivePolicy=text)
        assert attributes_of(sqs, source.url, "RedrivePolicy") == {"RedrivePolicy": text}
        sqs.set_queue_attributes(QueueUrl=source.url, Attributes={"RedrivePolicy": ""})
        assert "RedrivePolicy" not in attributes_of(sqs, source.url)

    def test_a_target_that_is_not_there(self, sqs: Any, queue: MadeQueue) -> None:
        text = json.dumps({"deadLetterTargetArn": f"{queue.arn}x", "maxReceiveCount": 3})
        found = refusal(sqs.set_queue_attributes, QueueUrl=queue.url, Attributes={"RedrivePolicy": text})
        assert found[:3] == (
            400,
            "InvalidParameterValue",
            f"Value {text} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.",
        )

    def test_a_target_that_takes_from_nobody(self, sqs: Any, queue: MadeQueue, make_queue: MakeQueue) -> None:
        allow = {"RedriveAllowPolicy": '{"redrivePermission":"denyAll"}'}
        sqs.set_queue_attributes(QueueUrl=queue.url, Attributes=allow)
        assert attributes_of(sqs, queue.url, "RedriveAllowPolicy") == allow
        source = make_queue()
        policy = {"RedrivePolicy": self.to(queue)}
        found = refusal(sqs.set_queue_attributes, QueueUrl=source.url, Attributes=policy)
        assert found[:2] == (400, "InvalidParameterValue")
        sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedriveAllowPolicy": ""})
        sqs.set_queue_attributes(QueueUrl=source.url, Attributes=policy)

    def test_sources_in_pages(self, sqs: Any, queue: MadeQueue, make_queue: MakeQueue) -> None:
        assert "queueUrls" not in sqs.list_dead_letter_source_queues(QueueUrl=queue.url)
        made = [make_queue(RedrivePolicy=self.to(queue)) for _ in range(3)]
        names = sorted(source.name for source in made)
        whole = sqs.list_dead_letter_source_queues(QueueUrl=queue.url)
        assert [url.rpartition("/")[2] for url in whole["queueUrls"]] == names
        assert "NextToken" not in whole
        pages = list(
            sqs.get_paginator("list_dead_letter_source_queues").paginate(QueueUrl=queue.url, MaxResults=2)
        )
        assert [[url.rpartition("/")[2] for url in page["queueUrls"]] for page in pages] == [
            names[:2],
            names[2:],
        ]
        assert refusal(sqs.list_dead_letter_source_queues, QueueUrl=queue.url, MaxResults=0)[:2] == (
            400,
            "InvalidParameterValue",
        )


class TestTags:
    def test_setting_replacing_and_taking_away(self, sqs: Any, queue: MadeQueue) -> None:
        assert "Tags" not in sqs.list_queue_tags(QueueUrl=queue.url)
        sqs.tag_queue(QueueUrl=queue.url, Tags={"tag1": "value1", "tag2": "value2", "Tag2": ""})
        sqs.tag_queue(QueueUrl=queue.url, Tags={"tag1": "VALUE1"})
        found = sqs.list_queue_tags(QueueUrl=queue.url)["Tags"]
        assert found == {"tag1": "VALUE1", "tag2": "value2", "Tag2": ""}
        sqs.untag_queue(QueueUrl=queue.url, TagKeys=["tag1", "tag3", "Tag2"])
        assert sqs.list_queue_tags(QueueUrl=queue.url)["Tags"] == {"tag2": "value2"}

    def test_given_at_creation(self, sqs: Any, name: str) -> None:
        url = sqs.create_queue(QueueName=name, tags={"tag1": "value1"})["QueueUrl"]
        assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"tag1": "value1"}

    @pytest.mark.parametrize("parameters", [{}, {"Tags": {}}])
    def test_none_given(self, sqs: Any, queue: MadeQueue, parameters: dict[str, Any]) -> None:
        assert refusal(sqs.tag_queue, QueueUrl=queue.url, **parameters)[:3] == (
            400,
            "MissingParameter",
            "The request must contain the parameter Tags.",
        )

    @pytest.mark.parametrize("keys", [[], [""], ["k" * 129]])
    def test_keys_that_are_none(self, sqs: Any, queue: MadeQueue, keys: list[str]) -> None:
        assert refusal(sqs.untag_queue, QueueUrl=queue.url, TagKeys=keys)[:3] == (
            400,
            "InvalidParameterValue",
            "Tag keys must be between 1 and 128 characters in length.",
        )


class TestPermissions:
    def test_the_life_of_a_permission(self, sqs: Any, queue: MadeQueue) -> None:
        sqs.add_permission(
            QueueUrl=queue.url,
            AWSAccountIds=[ACCOUNT, "668614515564"],
            Actions=["ReceiveMessage"],
            Label="crossaccountpermission",
        )
        found = json.loads(attributes_of(sqs, queue.url, "Policy")["Policy"])
        assert found == {
            "Version": "2008-10-17",
            "Id": f"{queue.arn}/SQSDefaultPolicy",
            "Statement": [
                {
                    "Sid": "crossaccountpermission",
                    "Effect": "Allow",
                    "Principal": {
                        "AWS": [f"arn:aws:iam::{account}:root" for account in (ACCOUNT, "668614515564")]
                    },
                    "Action": "SQS:ReceiveMessage",
                    "Resource": queue.arn,
                }
            ],
        }
        again = {"QueueUrl": queue.url, "AWSAccountIds": [ACCOUNT], "Actions": ["SendMessage"]}
        assert refusal(sqs.add_permission, Label="crossaccountpermission", **again)[:3] == (
            400,
            "InvalidParameterValue",
            "Value crossaccountpermission for parameter Label is invalid. Reason: Already exists.",
        )
        sqs.remove_permission(QueueUrl=queue.url, Label="crossaccountpermission")
        assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["Policy"])
        assert refusal(sqs.remove_permission, QueueUrl=queue.url, Label="crossaccountpermission")[:3] == (
            400,
            "InvalidParameterValue",
            "Value crossaccountpermission for parameter Label is invalid. Reason: can't find label.",
        )

    def test_too_many_actions(self, sqs: Any, queue: MadeQueue) -> None:
        found = refusal(
            sqs.add_permission,
            QueueUrl=queue.url,
            Label="x",
            AWSAccountIds=[ACCOUNT],
            Actions=["SendMessage"] * 8,
        )
        assert found == (403, "OverLimit", "8 Actions were found, maximum allowed is 7.", "OverLimit")

    @pytest.mark.parametrize(
        ("missing", "parameter"),
        [("Label", "Label"), ("AWSAccountIds", "AWSAccountIds"), ("Actions", "Actions")],
    )
    def test_what_must_be_given(self, sqs: Any, queue: MadeQueue, missing: str, parameter: str) -> None:
        given = {"Label": "x", "AWSAccountIds": [ACCOUNT], "Actions": ["SendMessage"]}
        del given[missing]
        assert refusal(sqs.add_permission, QueueUrl=queue.url, **given)[:3] == (
            400,
            "MissingParameter",
            f"The request must contain the parameter {parameter}.",
        )


class TestPolicyLimits:
    """DG quotas-policies, in the words that AWS was seen to use."""

    STATEMENT: ClassVar[dict[str, Any]] = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }

    @pytest.mark.parametrize(
        ("statements", "message"),
        [
            (
                [STATEMENT] * 21,
                "21 statements were found in the submitted policy, max allowed is 20",
            ),
            (
                [{**STATEMENT, "Action": ["sqs:SendMessage"] * 10}],
                "10 actions were found in a statement from the submitted policy, max allowed is 7",
            ),
            (
                [{**STATEMENT, "Principal": {"AWS": [f"{n:012}" for n in range(51)]}}],
                "51 principals were found in the submitted policy, max allowed is 50",
            ),
            (
                [{**STATEMENT, "Condition": {"StringLike": {f"aws:k{n}": "*" for n in range(11)}}}],
                "11 conditions were found in the submitted policy, max allowed is 10",
            ),
        ],
        ids=["statements", "actions", "principals", "conditions"],
    )
    def test_one_more_than_allowed(
        self, sqs: Any, queue: MadeQueue, statements: list[dict[str, Any]], message: str
    ) -> None:
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        found = refusal(sqs.set_queue_attributes, QueueUrl=queue.url, Attributes={"Policy": text})
        assert found == (403, "OverLimit", message, "OverLimit")


class TestGetQueueUrlOfAnOwner:
    def test_of_ones_own_account(self, sqs: Any, queue: MadeQueue) -> None:
        found = sqs.get_queue_url(QueueName=queue.name, QueueOwnerAWSAccountId=ACCOUNT)["QueueUrl"]
        assert found.endswith(f"/{ACCOUNT}/{queue.name}")

    def test_of_another_account(self, sqs: Any, queue: MadeQueue) -> None:
        found = refusal(sqs.get_queue_url, QueueName=queue.name, QueueOwnerAWSAccountId="210987654321")
        assert found[:2] == (403, "AccessDenied")
