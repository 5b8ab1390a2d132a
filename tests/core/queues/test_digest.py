"""The digests that SDKs check (DG sqs-message-metadata, "Calculating the MD5 message digest")."""

import pytest

from qanat.core.queues.digest import md5_of_attributes, md5_of_body
from qanat.core.queues.message import MessageAttribute

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


@pytest.mark.parametrize(
    ("body", "digest"),
    [
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        # API SendMessage, its example
        ("This is a test message", "fafb00f5732ab283681e124bf8747ed1"),
        ("é", "66ddcd97cfdeabb2f6fb8a999b4bc76f"),
    ],
)
def test_api_send_message_md5_of_message_body(body: str, digest: str) -> None:
    assert md5_of_body(body.encode()) == digest


@pytest.mark.parametrize(
    ("attributes", "digest"),
    [
        ([], None),
        ([MessageAttribute("timestamp", "Number", "1493147359900")], "235c5c510d26fb653d073faed50ae77c"),
        ([MessageAttribute("AWSTraceHeader", "String", TRACE)], "5ae4d5d7636402d80f4eb6d213245a88"),
    ],
)
def test_recorded_md5_of_message_attributes(attributes: list[MessageAttribute], digest: str | None) -> None:
    assert md5_of_attributes(attributes) == digest


A = MessageAttribute("a", "String", "1")
B = MessageAttribute("b", "Binary", None, b"1")


def test_the_order_of_attributes_does_not_count() -> None:
    assert md5_of_attributes([A, B]) == md5_of_attributes([B, A])


@pytest.mark.parametrize(
    "other",
    [
        MessageAttribute("c", "String", "1"),
        MessageAttribute("a", "String.label", "1"),
        MessageAttribute("a", "Number", "1"),
        MessageAttribute("a", "String", "2"),
        MessageAttribute("a", "String", None, b"1"),
    ],
    ids=["name", "label", "type", "value", "binary"],
)
def test_everything_of_an_attribute_counts(other: MessageAttribute) -> None:
    assert md5_of_attributes([other]) != md5_of_attributes([A])
