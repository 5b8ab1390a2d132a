"""API CreateQueue, GetQueueUrl, ListQueues, Get- and SetQueueAttributes, PurgeQueue, DeleteQueue, by boto3."""

import json
import time
from typing import Any

import pytest

from support.clients import Clients, refusal
from support.server import ACCOUNT, Server
from support.things import MadeQueue, MakeQueue, StartServer

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}],
}


def attributes_of(sqs: Any, queue: MadeQueue, *names: str) -> dict[str, str]:
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=list(names)).get(
        "Attributes", {}
    )
    return found


class TestCreateQueue:
    def test_defaults(self, sqs: Any, queue: MadeQueue) -> None:
        found = attributes_of(sqs, queue, "All")
        created, modified = int(found.pop("CreatedTimestamp")), int(found.pop("LastModifiedTimestamp"))
        assert created == modified
        assert abs(created - time.time()) < 60
        assert found == {
            "ApproximateNumberOfMessages": "0",
            "ApproximateNumberOfMessagesDelayed": "0",
            "ApproximateNumberOfMessagesNotVisible": "0",
            "DelaySeconds": "0",
            "MaximumMessageSize": "1048576",
            "MessageRetentionPeriod": "345600",
            "QueueArn": queue.arn,
            "ReceiveMessageWaitTimeSeconds": "0",
            "SqsManagedSseEnabled": "true",
            "VisibilityTimeout": "30",
        }

    def test_the_url_names_host_account_and_queue(
        self, sqs: Any, name: str, server: Server, scheme: str
    ) -> None:
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        assert url == f"{server.url(scheme)}/{ACCOUNT}/{name}"

    @pytest.mark.parametrize("name", ["a", "a" * 80, "A-b_9", "_", "-"])
    def test_names_that_are_taken(self, sqs: Any, name: str) -> None:
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        assert url.endswith(f"/{name}")
        sqs.delete_queue(QueueUrl=url)

    @pytest.mark.parametrize("name", ["a" * 81, "a b", "a.b", "ä", "a/b", "a\n", "a\x00", "*"])
    def test_names_that_are_not(self, sqs: Any, name: str) -> None:
        assert refusal(sqs.create_queue, QueueName=name)[:3] == (
            400,
            "InvalidParameterValue",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        )

    @pytest.mark.parametrize("parameters", [{}, {"QueueName": ""}])
    def test_no_name(self, sqs: Any, parameters: dict[str, str]) -> None:
        assert refusal(sqs.create_queue, **parameters)[:3] == (
            400,
            "MissingParameter",
            "The request must contain the parameter QueueName.",
        )

    def test_case_tells_names_apart(self, sqs: Any, name: str) -> None:
        lower, upper = (sqs.create_queue(QueueName=one)["QueueUrl"] for one in (name, name.upper()))
        assert lower != upper

    def test_again_with_the_same_attributes_or_fewer(self, sqs: Any, make_queue: MakeQueue) -> None:
        queue = make_queue(VisibilityTimeout="60", DelaySeconds="1")
        same: dict[str, str]
        for same in ({}, {"DelaySeconds": "1"}, {"VisibilityTimeout": "60", "MaximumMessageSize": "1048576"}):
            assert sqs.create_queue(QueueName=queue.name, Attributes=same)["QueueUrl"].endswith(queue.name)

    def test_again_with_another_value(self, sqs: Any, make_queue: MakeQueue) -> None:
        queue = make_queue(VisibilityTimeout="60")
        assert refusal(sqs.create_queue, QueueName=queue.name, Attributes={"VisibilityTimeout": "61"}) == (
            400,
            "QueueAlreadyExists",
            "A queue already exists with the same name and a different value for attribute VisibilityTimeout",
            "QueueNameExists",
        )


BOUNDS = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1_024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}


class TestSetQueueAttributes:
    @pytest.mark.parametrize(
        ("attribute", "value"), [(one, value) for one in BOUNDS for value in BOUNDS[one]]
    )
    def test_bounds(self, sqs: Any, queue: MadeQueue, attribute: str, value: int) -> None:
        sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={attribute: str(value)})
        assert attributes_of(sqs, queue, attribute) == {attribute: str(value)}

    @pytest.mark.parametrize(
        ("attribute", "value"),
        [(one, str(value)) for one, (low, high) in BOUNDS.items() for value in (low - 1, high + 1)]
        + [("VisibilityTimeout", value) for value in ("", "x", "1.0", " 1", "+1", "1e1", "١", "9" * 30)],
    )
    def test_beyond_the_bounds(self, sqs: Any, queue: MadeQueue, attribute: str, value: str) -> None:
        before = attributes_of(sqs, queue, "All")
        for call, parameters in (
            (sqs.set_queue_attributes, {"QueueUrl": queue.url}),
            (sqs.create_queue, {"QueueName": f"{queue.name}-x"}),
        ):
            assert refusal(call, Attributes={attribute: value}, **parameters) == (
                400,
                "InvalidAttributeValue",
                f"Invalid value for the parameter {attribute}.",
                "InvalidAttributeValue",
            )
        assert attributes_of(sqs, queue, "All") == before

    @pytest.mark.parametrize(
        "attribute", ["Foobar", "QueueArn", "ApproximateNumberOfMessages", "FifoQueue", ""]
    )
    def test_names_that_cannot_be_set(self, sqs: Any, queue: MadeQueue, attribute: str) -> None:
        found = refusal(sqs.set_queue_attributes, QueueUrl=queue.url, Attributes={attribute: "false"})
        assert found == (
            400,
            "InvalidAttributeName",
            f"Unknown Attribute {attribute}.",
            "InvalidAttributeName",
        )

    def test_one_that_is_wrong_keeps_all_from_being_set(self, sqs: Any, queue: MadeQueue) -> None:
        wrong = {"DelaySeconds": "5", "VisibilityTimeout": "x"}
        refusal(sqs.set_queue_attributes, QueueUrl=queue.url, Attributes=wrong)
        assert attributes_of(sqs, queue, "DelaySeconds") == {"DelaySeconds": "0"}

    @pytest.mark.parametrize("parameters", [{}, {"Attributes": {}}])
    def test_nothing_to_set(self, sqs: Any, queue: MadeQueue, parameters: dict[str, Any]) -> None:
        if parameters:
            sqs.set_queue_attributes(QueueUrl=queue.url, **parameters)
        else:
            found = refusal(sqs.set_queue_attributes, QueueUrl=queue.url)
            assert found[:2] == (400, "MissingParameter")

    def test_a_policy_comes_back_to_the_letter_and_goes_by_the_empty_string(
        self, sqs: Any, queue: MadeQueue
    ) -> None:
        text = json.dumps(POLICY, indent=3)
        sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": text})
        assert attributes_of(sqs, queue, "Policy") == {"Policy": text}
        sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": ""})
        assert attributes_of(sqs, queue, "Policy") == {}
        assert "Policy" not in attributes_of(sqs, queue, "All")

    def test_a_policy_without_version_is_given_one(self, sqs: Any, queue: MadeQueue) -> None:
        """tf#29497: AWS adds the version that the policy means."""
        sqs.set_queue_attributes(
            QueueUrl=queue.url, Attributes={"Policy": json.dumps({"Statement": POLICY["Statement"]})}
        )
        found = json.loads(attributes_of(sqs, queue, "Policy")["Policy"])
        assert found == {"Version": "2008-10-17", "Statement": POLICY["Statement"]}

    @pytest.mark.parametrize("text", ["{", "[]", "null", '{"Statement":[]}', "x" * 100, '"\\ud800"', "{}"])
    def test_a_policy_that_is_none(self, sqs: Any, queue: MadeQueue, text: str) -> None:
        found = refusal(sqs.set_queue_attributes, QueueUrl=queue.url, Attributes={"Policy": text})
        assert found[:2] == (400, "InvalidAttributeValue")
        assert found.message.startswith("Invalid value for the parameter Policy.")

    def test_a_policy_that_is_too_large(self, sqs: Any, queue: MadeQueue) -> None:
        text = json.dumps(POLICY) + " " * 8_192
        found = refusal(sqs.set_queue_attributes, QueueUrl=queue.url, Attributes={"Policy": text})
        assert found == (403, "OverLimit", "Submitted policy is over max allowed size.", "OverLimit")

    def test_modified_moves_and_created_stays(self, sqs: Any, queue: MadeQueue) -> None:
        before = attributes_of(sqs, queue, "All")
        sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"DelaySeconds": "1"})
        after = attributes_of(sqs, queue, "All")
        assert after["CreatedTimestamp"] == before["CreatedTimestamp"]
        assert int(after["LastModifiedTimestamp"]) >= int(before["LastModifiedTimestamp"])


class TestGetQueueAttributes:
    def test_no_names_no_attributes(self, sqs: Any, queue: MadeQueue) -> None:
        assert attributes_of(sqs, queue) == {}
        assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue.url)

    def test_just_those_named(self, sqs: Any, queue: MadeQueue) -> None:
        found = attributes_of(sqs, queue, "QueueArn", "DelaySeconds", "QueueArn", "Policy")
        assert found == {"QueueArn": queue.arn, "DelaySeconds": "0"}

    @pytest.mark.parametrize("attribute", ["Foobar", "FifoQueue", "all", ""])
    def test_unknown(self, sqs: Any, queue: MadeQueue, attribute: str) -> None:
        found = refusal(
            sqs.get_queue_attributes, QueueUrl=queue.url, AttributeNames=["DelaySeconds", attribute]
        )
        assert found == (
            400,
            "InvalidAttributeName",
            f"Unknown Attribute {attribute}.",
            "InvalidAttributeName",
        )

    def test_counts(self, sqs: Any, queue: MadeQueue) -> None:
        for delay in (0, 0, 0, 900):
            sqs.send_message(QueueUrl=queue.url, MessageBody="x", DelaySeconds=delay)
        assert len(sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=2)["Messages"]) == 2
        counts = {name: value for name, value in attributes_of(sqs, queue, "All").items() if "Approx" in name}
        assert counts == {
            "ApproximateNumberOfMessages": "1",
            "ApproximateNumberOfMessagesDelayed": "1",
            "ApproximateNumberOfMessagesNotVisible": "2",
        }


class TestPurgeQueue:
    def test_everything_goes_in_flight_too(self, sqs: Any, queue: MadeQueue) -> None:
        for _ in range(3):
            sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        sqs.send_message(QueueUrl=queue.url, MessageBody="later", DelaySeconds=900)
        sqs.receive_message(QueueUrl=queue.url)
        sqs.purge_queue(QueueUrl=queue.url)
        counts = attributes_of(sqs, queue, "All")
        assert {value for name, value in counts.items() if "Approx" in name} == {"0"}
        sqs.send_message(QueueUrl=queue.url, MessageBody="after")
        assert sqs.receive_message(QueueUrl=queue.url)["Messages"][0]["Body"] == "after"


class TestDeleteQueue:
    def test_it_is_gone_with_its_messages(self, sqs: Any, name: str) -> None:
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="x")
        sqs.delete_queue(QueueUrl=url)
        for call, parameters in (
            (sqs.send_message, {"MessageBody": "x"}),
            (sqs.receive_message, {}),
            (sqs.delete_queue, {}),
            (sqs.get_queue_attributes, {"AttributeNames": ["All"]}),
        ):
            assert refusal(call, QueueUrl=url, **parameters)[1:] == (
                "AWS.SimpleQueueService.NonExistentQueue",
                "The specified queue does not exist.",
                "QueueDoesNotExist",
            )
        sqs.create_queue(QueueName=name)
        assert "Messages" not in sqs.receive_message(QueueUrl=url)

    def test_names_and_purges_rest_for_sixty_seconds(self, start_server: StartServer) -> None:
        """API CreateQueue, QueueDeletedRecently; API PurgeQueue, PurgeQueueInProgress."""
        server = start_server()
        clients = Clients(server)
        sqs = clients.of("sqs")
        url = sqs.create_queue(QueueName="again")["QueueUrl"]
        sqs.purge_queue(QueueUrl=url)
        assert refusal(sqs.purge_queue, QueueUrl=url) == (
            403,
            "AWS.SimpleQueueService.PurgeQueueInProgress",
            "Only one PurgeQueue operation on again is allowed every 60 seconds.",
            "PurgeQueueInProgress",
        )
        sqs.delete_queue(QueueUrl=url)
        assert refusal(sqs.create_queue, QueueName="again") == (
            400,
            "AWS.SimpleQueueService.QueueDeletedRecently",
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
            "QueueDeletedRecently",
        )
        clients.close()
        assert server.stop() == 0
