"""The Query protocol of SQS: an SDK of the time that spoke it, and its XML by hand (DG sqs-api-responses)."""

import json
from hashlib import md5
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from support.programs import QUERY, environment_for, told_by
from support.raw import post
from support.server import ACCOUNT, REGION, Server
from support.signing import FORM, Signed
from support.things import MadeQueue, MakeUser

NAMESPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


@pytest.fixture(scope="module")
def told(server: Server) -> dict[str, Any]:
    """What boto3 found; see query_calls.py."""
    found: dict[str, Any] = told_by(QUERY, "query_calls.py", environment_for(server), server.url())
    return found


def sent(server: Server, form: str, path: str = "/") -> tuple[int, ET.Element]:
    headers = {"Content-Type": FORM}
    answer = Signed(server.administrator(), form.encode(), headers, path).send(server)
    assert answer.headers["content-type"] == "text/xml"
    return answer.status, ET.fromstring(answer.body)


def test_the_answer_has_the_namespace_and_a_request_id(server: Server, queue: MadeQueue) -> None:
    status, tree = sent(
        server, f"Action=SendMessage&Version=2012-11-05&QueueUrl={queue.url}&MessageBody=a+b%26c"
    )
    assert status == 200
    assert tree.tag == f"{NAMESPACE}SendMessageResponse"
    assert tree.findtext(f"{NAMESPACE}ResponseMetadata/{NAMESPACE}RequestId")
    assert (
        tree.findtext(f"{NAMESPACE}SendMessageResult/{NAMESPACE}MD5OfMessageBody")
        == md5(b"a b&c").hexdigest()
    )


def test_the_queue_may_be_named_by_the_path_alone(server: Server, queue: MadeQueue) -> None:
    form = "Action=ReceiveMessage&Version=2012-11-05"
    status, tree = sent(server, form, f"/{ACCOUNT}/{queue.name}")
    assert status == 200
    assert tree.find(f"{NAMESPACE}ReceiveMessageResult") is not None
    status, tree = sent(server, "Action=PurgeQueue&Version=2012-11-05", f"/{ACCOUNT}/{queue.name}")
    assert [child.tag for child in tree] == [f"{NAMESPACE}ResponseMetadata"]


def test_a_denial(server: Server, queue: MadeQueue, make_user: MakeUser) -> None:
    user = make_user()
    form = f"Action=SendMessage&Version=2012-11-05&QueueUrl={queue.url}&MessageBody=no"
    answer = Signed(user.key, form.encode(), {"Content-Type": FORM}).send(server)
    assert answer.status == 403
    error = ET.fromstring(answer.body).find(f"{NAMESPACE}Error")
    assert error is not None
    assert {child.tag.removeprefix(NAMESPACE): child.text for child in error} == {
        "Type": "Sender",
        "Code": "AccessDenied",
        "Message": f"User: {user.arn} is not authorized to perform: sqs:sendmessage on resource: {queue.arn} "
        "because no identity-based policy allows the sqs:sendmessage action",
        "Detail": None,
    }


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("Action=FooBar&Version=2012-11-05", "InvalidAction"),
        ("Action=ReceiveMessage&QueueUrl=q&MaxNumberOfMessages=ten", "MalformedInput"),
        ("Action=SendMessageBatch&QueueUrl=q&SendMessageBatchRequestEntry.1=x", "MalformedInput"),
        ("Action=SetQueueAttributes&QueueUrl=q&Attribute.1.Name=Policy", "MalformedInput"),
        ("Action=SetQueueAttributes&QueueUrl=q&Attribute.x.Name=Policy", "MalformedInput"),
        ("Action=SendMessage&QueueUrl=q&MessageBody=%ff", "MalformedInput"),
        ("Action=SendMessage&QueueUrl=q&QueueUrl=p", "MalformedInput"),
    ],
)
def test_garbage(server: Server, form: str, code: str) -> None:
    status, tree = sent(server, form)
    assert status == 400
    assert tree.findtext(f"{NAMESPACE}Error/{NAMESPACE}Code") == code


def test_unsigned_forms_are_anonymous(server: Server, queue: MadeQueue) -> None:
    form = f"Action=SendMessage&Version=2012-11-05&QueueUrl={queue.url}&MessageBody=no".encode()
    answer = post(server, form, {"Content-Type": FORM})
    assert answer.status == 403
    assert b"<Code>AccessDenied</Code>" in answer.body


def test_it_is_the_query_protocol(told: dict[str, Any]) -> None:
    assert told["protocol"] == "query"


def test_queues(told: dict[str, Any], server: Server) -> None:
    url = f"{server.url()}/{ACCOUNT}/old-sdk"
    assert (told["url"], told["found"], told["listed"]) == (url, url, [url])
    assert (
        told["attributes"].items()
        >= {
            "VisibilityTimeout": "45",
            "MaximumMessageSize": "2048",
            "QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:old-sdk",
        }.items()
    )


def test_tags_permissions_and_dead_letter_sources(told: dict[str, Any]) -> None:
    assert told["tags"] == {"team": "a&b", "empty": ""}
    assert told["no_tags"] == {}
    (statement,) = json.loads(told["policy"])["Statement"]
    assert (statement["Sid"], statement["Action"]) == ("x", "SQS:SendMessage")
    assert told["sources"] == [told["url"]]


def test_messages_come_back_to_the_letter(told: dict[str, Any]) -> None:
    assert told["received"] == 1
    assert told["body_is_same"]
    assert told["attributes_are_same"]
    assert told["trace"] == "Root=1-5759e988-bd862e3fe1be46a994272793"
    assert told["system"] == [
        "AWSTraceHeader",
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "SenderId",
        "SentTimestamp",
    ]
    assert not told["empty"]


def test_batches_succeed_and_fail_by_entry(told: dict[str, Any]) -> None:
    assert told["batch_sent"] == ["0", "1", "2"]
    assert told["batch_failed"] == [["bad", "InvalidMessageContents", True]]
    assert told["hidden"] == told["gone"] == ["0", "1", "2"]
    assert told["not_gone"] == [["x", "ReceiptHandleIsInvalid"]]


@pytest.mark.parametrize(
    ("case", "refusal"),
    [
        (
            "no_queue",
            [
                "QueueDoesNotExist",
                "AWS.SimpleQueueService.NonExistentQueue",
                "The specified queue does not exist for this wsdl version.",
                400,
            ],
        ),
        ("no_attribute", ["InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute Foobar.", 400]),
        (
            "too_many",
            [
                "ClientError",
                "InvalidParameterValue",
                (
                    "Value 11 for parameter MaxNumberOfMessages is invalid. "
                    "Reason: Must be between 1 and 10, if provided."
                ),
                400,
            ],
        ),
        (
            "no_entries",
            [
                "EmptyBatchRequest",
                "AWS.SimpleQueueService.EmptyBatchRequest",
                "There should be at least one SendMessageBatchRequestEntry in the request.",
                400,
            ],
        ),
        (
            "no_label",
            [
                "ClientError",
                "InvalidParameterValue",
                "Value x for parameter Label is invalid. Reason: can't find label.",
                400,
            ],
        ),
        (
            "after_delete",
            [
                "QueueDoesNotExist",
                "AWS.SimpleQueueService.NonExistentQueue",
                "The specified queue does not exist for this wsdl version.",
                400,
            ],
        ),
    ],
)
def test_refusals(told: dict[str, Any], case: str, refusal: list[Any]) -> None:
    assert told[case] == refusal
