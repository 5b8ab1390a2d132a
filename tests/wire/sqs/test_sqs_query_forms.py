"""Forms of the Query protocol as they may be written (DG sqs-making-api-requests, API reference's examples)."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.core.errors import InvalidAction, MalformedInput, NoSuchVersion, QanatError, UnknownOperation
from qanat.wire.sqs.operations import OPERATIONS
from qanat.wire.sqs.query import VERSIONS, read
from qanat.wire.sqs.query_answers import QueryTongue


@pytest.mark.parametrize(
    ("form", "given"),
    [
        ("Action=GetQueueAttributes&AttributeName.1=All", {"AttributeNames": ["All"]}),
        ("Action=GetQueueAttributes&AttributeName.2=B&AttributeName.01=A", {"AttributeNames": ["A", "B"]}),
        ("Action=GetQueueAttributes&AttributeName.member.1=All", {"AttributeNames": ["All"]}),
        ("Action=GetQueueAttributes&AttributeName=All", {"AttributeNames": ["All"]}),
        (
            "Action=SetQueueAttributes&Attribute.Name=DelaySeconds&Attribute.Value=5",
            {"Attributes": {"DelaySeconds": "5"}},
        ),
        (
            "Action=SetQueueAttributes&Attribute.1.Name=Policy&Attribute.1.Value=",
            {"Attributes": {"Policy": ""}},
        ),
        (
            "Action=ReceiveMessage&MaxNumberOfMessages=007&WaitTimeSeconds=%2B1",
            {"MaxNumberOfMessages": 7, "WaitTimeSeconds": 1},
        ),
        ("Action=ReceiveMessage&VisibilityTimeout=-1", {"VisibilityTimeout": -1}),
        ("Action=SendMessage&MessageBody=a+b%2Bc", {"MessageBody": "a b+c"}),
        ("Action=SendMessage&Unknown=1&Unknown2.1.X=2", {}),
        ("Action=SendMessage&X-Amz-Date=1&AWSAccessKeyId=x&SignatureVersion=2", {}),
        (
            (
                "Action=SendMessage&MessageAttribute.1.Name=a&MessageAttribute.1.Value.DataType=Binary"
                "&MessageAttribute.1.Value.BinaryValue=AP8%3D"
            ),
            {"MessageAttributes": {"a": {"DataType": "Binary", "BinaryValue": "AP8="}}},
        ),
    ],
)
def test_what_a_form_says(form: str, given: dict[str, Any]) -> None:
    operation, found = read(form.encode())
    assert found == msgspec.convert(given, operation.input)


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ("", UnknownOperation),
        ("Action=", UnknownOperation),
        ("Version=2012-11-05", UnknownOperation),
        ("Action=FooBar", InvalidAction),
        ("Action=sendmessage", InvalidAction),
        ("Action.1=SendMessage", InvalidAction),
        ("Action=SendMessage&Version=2012-11-06", NoSuchVersion),
        ("Action=SendMessage&Version=", NoSuchVersion),
        ("Action=SendMessage&Version.1=x", NoSuchVersion),
        ("Action=SendMessage&Action=PurgeQueue", MalformedInput),
        ("Action=SendMessage&MessageBody=a&MessageBody=b", MalformedInput),
        ("Action=SendMessage&MessageBody.1=a", MalformedInput),
        ("Action=SendMessage&MessageBody=%ff", MalformedInput),
        ("Action=SendMessage&DelaySeconds=", MalformedInput),
        ("Action=SendMessage&DelaySeconds=+5", MalformedInput),
        ("Action=SendMessage&DelaySeconds=5.0", MalformedInput),
        ("Action=SendMessage&DelaySeconds=5e0", MalformedInput),
        ("Action=SendMessage&DelaySeconds=" + "9" * 5_000, MalformedInput),
        ("Action=GetQueueAttributes&AttributeName.x=All", MalformedInput),
        ("Action=GetQueueAttributes&AttributeName.0=All", MalformedInput),
        ("Action=GetQueueAttributes&AttributeName.11=All", MalformedInput),
        ("Action=GetQueueAttributes&AttributeName.1.1=All", MalformedInput),
        ("Action=SetQueueAttributes&Attribute.1.Name=Policy", MalformedInput),
        ("Action=SetQueueAttributes&Attribute.1.Value=x", MalformedInput),
        ("Action=SetQueueAttributes&Attribute.1=x", MalformedInput),
        ("Action=SetQueueAttributes&Attribute=x", MalformedInput),
        ("Action=SendMessageBatch&SendMessageBatchRequestEntry.1=x", MalformedInput),
        ("Action=SendMessage&MessageAttribute.1.Name=a&MessageAttribute.1.Value=x", MalformedInput),
        (
            "Action=SendMessage&MessageAttribute.1.Name=a&MessageAttribute.1.Value.BinaryValue=%2A",
            MalformedInput,
        ),
    ],
)
def test_what_is_refused(form: str, refusal: type[QanatError]) -> None:
    with pytest.raises(refusal):
        read(form.encode())


def test_a_batch() -> None:
    entry = "DeleteMessageBatchRequestEntry"
    form = f"Action=DeleteMessageBatch&{entry}.1.Id=a&{entry}.1.ReceiptHandle=r&{entry}.3.Id=b"
    _, found = read(form.encode())
    assert [(one.Id, one.ReceiptHandle) for one in found.Entries] == [("a", "r"), ("b", None)]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_namespace_follows_the_version(version: str) -> None:
    status, content_type, _, body = QueryTongue(version).error(InvalidAction("X"), "request")
    assert (status, content_type) == (400, b"text/xml")
    assert body.startswith(
        f'<?xml version="1.0"?><ErrorResponse xmlns="http://queue.amazonaws.com/doc/{version}/">'.encode()
    )


@pytest.mark.parametrize("in_json", [False, True])
def test_no_action_at_all(in_json: bool) -> None:
    """Recorded: 404 and XML, to whoever accepts JSON too."""
    answer = QueryTongue(in_json=in_json).error(UnknownOperation(), "request")
    assert answer == (404, b"text/xml", b"", b"<UnknownOperationException/>\n")


steps = st.sampled_from(
    [
        "Attribute",
        "AttributeName",
        "Entry",
        "1",
        "2",
        "01",
        "Name",
        "Value",
        "Key",
        "Tag",
        "MessageAttribute",
        "member",
    ]
)
names = st.lists(steps, min_size=1, max_size=4).map(".".join)


@given(
    action=st.sampled_from(sorted(OPERATIONS)),
    pairs=st.lists(st.tuples(names, st.sampled_from(["", "x", "7"])), max_size=6),
)
def test_garbage_raises_only_errors_of_ours(action: str, pairs: list[tuple[str, str]]) -> None:
    entry = f"{action}RequestEntry"
    form = "&".join(f"{name.replace('Entry', entry)}={value}" for name, value in pairs)
    with suppress(QanatError):
        assert isinstance(read(f"Action={action}&{form}".encode())[1], OPERATIONS[action].input)
