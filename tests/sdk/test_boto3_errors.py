"""How errors look on the wire, and what is not served yet: clear errors, never silence."""

import json
from typing import Any

import pytest

from support.clients import refusal
from support.raw import Answer, post
from support.server import Server
from support.signing import FORM, Signed
from support.signing import sqs as signed
from support.things import MadeQueue, MakeUser

CORAL = "com.amazon.coral.service#"
SQS = "com.amazonaws.sqs#"


def told(answer: Answer) -> tuple[int, str, str, set[str]]:
    """(status, __type, x-amzn-query-error, members of the body) of a JSON error."""
    body = json.loads(answer.body)
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"
    assert len(answer.headers["x-amzn-requestid"]) == 36
    return answer.status, body["__type"], answer.headers["x-amzn-query-error"], set(body)


class TestJsonErrors:
    @pytest.mark.parametrize(
        ("operation", "parameters", "status", "kind", "query_error"),
        [
            (
                "GetQueueUrl",
                {"QueueName": "none"},
                400,
                SQS + "QueueDoesNotExist",
                "AWS.SimpleQueueService.NonExistentQueue;Sender",
            ),
            (
                "SetQueueAttributes",
                {"QueueUrl": "{url}", "Attributes": {"DelaySeconds": "x"}},
                400,
                SQS + "InvalidAttributeValue",
                "InvalidAttributeValue;Sender",
            ),
            (
                "DeleteMessage",
                {"QueueUrl": "{url}", "ReceiptHandle": "x"},
                400,
                SQS + "ReceiptHandleIsInvalid",
                "ReceiptHandleIsInvalid;Sender",
            ),
            (
                "SendMessageBatch",
                {"QueueUrl": "{url}", "Entries": []},
                400,
                SQS + "EmptyBatchRequest",
                "AWS.SimpleQueueService.EmptyBatchRequest;Sender",
            ),
            (
                "CreateQueue",
                {"QueueName": "x", "Attributes": {"FifoQueue": "false"}},
                400,
                SQS + "InvalidAttributeName",
                "InvalidAttributeName;Sender",
            ),
        ],
    )
    def test_modelled(
        self,
        server: Server,
        queue: MadeQueue,
        operation: str,
        parameters: dict[str, Any],
        status: int,
        kind: str,
        query_error: str,
    ) -> None:
        if "QueueUrl" in parameters:
            parameters = {**parameters, "QueueUrl": queue.url}
        answer = signed(server.administrator(), operation, parameters).send(server)
        assert told(answer) == (status, kind, query_error, {"__type", "message"})

    @pytest.mark.parametrize(
        ("operation", "parameters", "kind", "query_error"),
        [
            ("SendMessage", {}, "MissingRequiredParameterException", "MissingParameter;Sender"),
            (
                "ListQueues",
                {"MaxResults": 0},
                "InvalidParameterValueException",
                "InvalidParameterValue;Sender",
            ),
            ("ListQueues", {"MaxResults": "1"}, "SerializationException", "MalformedInput;Sender"),
        ],
    )
    def test_common(
        self, server: Server, operation: str, parameters: dict[str, Any], kind: str, query_error: str
    ) -> None:
        answer = signed(server.administrator(), operation, parameters).send(server)
        assert told(answer) == (400, CORAL + kind, query_error, {"__type", "Message"})

    def test_access_denied(self, server: Server, queue: MadeQueue, make_user: MakeUser) -> None:
        """Recorded in October 2026: 403, coral namespace, capital-M Message."""
        user = make_user()
        parameters = {"QueueUrl": queue.url, "MessageBody": "x"}
        answer = signed(user.key, "SendMessage", parameters).send(server)
        assert told(answer) == (
            403,
            CORAL + "AccessDeniedException",
            "AccessDenied;Sender",
            {"__type", "Message"},
        )
        assert json.loads(answer.body)["Message"] == (
            f"User: {user.arn} is not authorized to perform: sqs:sendmessage on resource: {queue.arn} "
            "because no identity-based policy allows the sqs:sendmessage action"
        )

    @pytest.mark.parametrize(
        "target",
        ["AmazonSQS.FooBar", "FooBar", "AmazonSQS.", "", "AmazonSNS.Publish", "amazonsqs.ListQueues"],
    )
    def test_unknown_actions(self, server: Server, target: str) -> None:
        request = signed(server.administrator(), "x", headers={"X-Amz-Target": target})
        answer = request.send(server)
        told_of = (400, CORAL + "UnknownOperationException", "UnknownOperationException;Sender", {"__type"})
        assert told(answer) == told_of

    def test_unknown_members_and_headers_are_ignored(self, server: Server, queue: MadeQueue) -> None:
        parameters = {"QueueUrl": queue.url, "MessageBody": "x", "NewMember": {"a": [1]}}
        headers = {"X-Amz-New": "x", "Content-Type": "text/odd"}
        answer = signed(server.administrator(), "SendMessage", parameters, headers=headers).send(server)
        assert answer.status == 200

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("DelaySeconds", "5"),
            ("DelaySeconds", 1.5),
            ("DelaySeconds", True),
            ("DelaySeconds", [1]),
            ("DelaySeconds", 10**30),
            ("MessageBody", 5),
            ("MessageBody", {"a": "b"}),
            ("MessageAttributes", []),
            ("MessageAttributes", {"a": "b"}),
            ("MessageAttributes", {"a": {"DataType": 5}}),
            ("MessageAttributes", {"a": {"DataType": "Binary", "BinaryValue": "not base64!"}}),
            ("QueueUrl", 5),
            ("QueueUrl", None),
        ],
    )
    def test_wrong_types(self, server: Server, queue: MadeQueue, member: str, value: Any) -> None:
        parameters = {"QueueUrl": queue.url, "MessageBody": "x", member: value}
        answer = signed(server.administrator(), "SendMessage", parameters).send(server)
        assert answer.status == 400
        assert told(answer)[2] in (
            "MalformedInput;Sender",
            "MissingParameter;Sender",
            "InvalidParameterValue;Sender",
        )


class TestXmlErrors:
    def test_unknown_actions_and_parameters(self, iam: Any, ec2: Any, server: Server) -> None:
        assert refusal(ec2.describe_instances)[:2] == (400, "InvalidAction")
        assert refusal(iam.list_open_id_connect_providers)[:2] == (400, "InvalidAction")
        for service, version in (("iam", "2010-05-08"), ("sts", "2011-06-15")):
            body = (
                f"Action=GetCallerIdentity&Version={version}&Odd=1"
                if service == "sts"
                else "Action=ListUsers&Odd=1"
            )
            request = Signed(server.administrator(), body.encode(), {"Content-Type": FORM}, service=service)
            answer = request.send(server)
            assert answer.status == 400
            assert b"<Code>UnknownParameter</Code>" in answer.body
            assert f'xmlns="https://{service}.amazonaws.com/doc/{version}/"'.encode() in answer.body

    def test_ec2_puts_its_errors_in_its_own_way(self, server: Server) -> None:
        request = Signed(
            server.administrator(), b"Action=Odd&Version=2016-11-15", {"Content-Type": FORM}, service="ec2"
        )
        answer = request.send(server)
        assert answer.status == 400
        assert answer.body.startswith(
            b'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>InvalidAction</Code><Message>'
        )
        assert b"<RequestID>" in answer.body

    def test_no_action(self, server: Server) -> None:
        for service in ("ec2", "iam", "sts"):
            request = Signed(server.administrator(), b"", {"Content-Type": FORM}, service=service)
            assert b"<Code>MissingParameter</Code>" in request.send(server).body


def test_head_has_no_body(server: Server) -> None:
    """RFC 9110, 9.3.2: else the next answer on the connection would be misread."""
    headers = signed(server.administrator(), "ListQueues").headers_for("x")
    answer = post(server, b"{}", headers, method="HEAD")
    assert answer.body == b""
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize("path", ["/health", "/health?x=1"])
def test_health(server: Server, path: str, scheme: str) -> None:
    answer = post(server, b"", {"Host": "x"}, path, scheme, "GET")
    assert (answer.status, answer.body) == (200, b"ready\n")
