"""API SendMessage, ReceiveMessage, DeleteMessage, ChangeMessageVisibility and their batches, by boto3."""

import time
from typing import Any

import pytest

from support.clients import Clients, refusal
from support.messages import TRACE, md5, md5_of_attributes, receive, receive_one
from support.things import MadeQueue, MakeQueue, StartServer


class TestSendMessage:
    @pytest.mark.parametrize(
        "body",
        [
            "hello",
            " ",
            "\t\n\r",
            "ä€\u2028",
            "\U0001f600",
            "\ud7ff\ue000\ufffd\U0010ffff",
            '<&>"\\/',
            "x" * 1_048_576,
            "€" * 349_525,
        ],
        ids=lambda body: ascii(body[:8]),
    )
    def test_a_body_comes_back_as_it_was_sent(self, sqs: Any, queue: MadeQueue, body: str) -> None:
        sent = sqs.send_message(QueueUrl=queue.url, MessageBody=body)
        assert sent["MD5OfMessageBody"] == md5(body)
        assert "MD5OfMessageAttributes" not in sent
        assert "MD5OfMessageSystemAttributes" not in sent
        assert "SequenceNumber" not in sent
        found = receive_one(sqs, queue)
        assert found["Body"] == body
        assert found["MD5OfBody"] == md5(body)
        assert found["MessageId"] == sent["MessageId"]
        assert found.keys() == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}

    @pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x1f", "\ufffe", "\uffff"])
    def test_characters_that_may_not_be_sent(self, sqs: Any, queue: MadeQueue, character: str) -> None:
        for body in (f"a{character}", f"ä{character}"):
            assert refusal(sqs.send_message, QueueUrl=queue.url, MessageBody=body) == (
                400,
                "InvalidMessageContents",
                (
                    "Invalid characters found. Valid unicode characters are "
                    "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
                ),
                "InvalidMessageContents",
            )

    @pytest.mark.parametrize("parameters", [{}, {"MessageBody": ""}])
    def test_no_body(self, sqs: Any, queue: MadeQueue, parameters: dict[str, str]) -> None:
        assert refusal(sqs.send_message, QueueUrl=queue.url, **parameters)[:3] == (
            400,
            "MissingParameter",
            "The request must contain the parameter MessageBody.",
        )

    @pytest.mark.parametrize(
        ("limit", "body", "attributes"),
        [
            (1_048_576, "x" * 1_048_577, {}),
            (1_024, "x" * 1_025, {}),
            (1_024, "€" * 342, {}),
            # Names, types and values count.
            (1_024, "x" * 1_000, {"name": {"DataType": "String", "StringValue": "x" * 15}}),
        ],
    )
    def test_too_long(
        self, sqs: Any, make_queue: MakeQueue, limit: int, body: str, attributes: dict[str, Any]
    ) -> None:
        queue = make_queue(MaximumMessageSize=str(limit))
        found = refusal(sqs.send_message, QueueUrl=queue.url, MessageBody=body, MessageAttributes=attributes)
        assert found[:3] == (
            400,
            "InvalidParameterValue",
            f"One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes.",
        )

    def test_just_long_enough(self, sqs: Any, make_queue: MakeQueue) -> None:
        queue = make_queue(MaximumMessageSize="1024")
        attributes = {"name": {"DataType": "String", "StringValue": "x" * 14}}
        sqs.send_message(
            QueueUrl=queue.url,
            MessageBody="x" * 1_000,
            MessageAttributes=attributes,
            MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": TRACE}},
        )

    @pytest.mark.parametrize("delay", [-1, 901, 10**9])
    def test_delays_out_of_bounds(self, sqs: Any, queue: MadeQueue, delay: int) -> None:
        assert refusal(sqs.send_message, QueueUrl=queue.url, MessageBody="x", DelaySeconds=delay)[:3] == (
            400,
            "InvalidParameterValue",
            (
                f"Value {delay} for parameter DelaySeconds is invalid. "
                "Reason: DelaySeconds must be >= 0 and <= 900."
            ),
        )

    def test_a_delay_of_its_own_or_of_the_queue(self, sqs: Any, make_queue: MakeQueue) -> None:
        queue = make_queue(DelaySeconds="2")
        sqs.send_message(QueueUrl=queue.url, MessageBody="much later", DelaySeconds=900)
        sqs.send_message(QueueUrl=queue.url, MessageBody="at once", DelaySeconds=0)
        began = time.monotonic()
        sqs.send_message(QueueUrl=queue.url, MessageBody="in two seconds")
        assert [one["Body"] for one in receive(sqs, queue, MaxNumberOfMessages=10)] == ["at once"]
        assert receive_one(sqs, queue, WaitTimeSeconds=20)["Body"] == "in two seconds"
        assert 1.9 < time.monotonic() - began < 15

    def test_a_group_id_is_allowed_and_a_deduplication_id_is_not(self, sqs: Any, queue: MadeQueue) -> None:
        """DG sqs-fair-queues: a group id is a tenant there."""
        sqs.send_message(QueueUrl=queue.url, MessageBody="x", MessageGroupId="tenant-1")
        found = receive_one(sqs, queue, MessageSystemAttributeNames=["MessageGroupId"])
        assert found["Attributes"] == {"MessageGroupId": "tenant-1"}
        assert refusal(sqs.send_message, QueueUrl=queue.url, MessageBody="x", MessageDeduplicationId="d")[
            :3
        ] == (
            400,
            "InvalidParameterValue",
            (
                "Value d for parameter MessageDeduplicationId is invalid. "
                "Reason: The request include parameter that is not valid for this queue type."
            ),
        )

    @pytest.mark.parametrize("group", ["", "a b", "ä", "x" * 129])
    def test_group_ids_that_are_none(self, sqs: Any, queue: MadeQueue, group: str) -> None:
        found = refusal(sqs.send_message, QueueUrl=queue.url, MessageBody="x", MessageGroupId=group)
        assert found[:2] == (400, "InvalidParameterValue")
        assert found.message.startswith(f"Value {group} for parameter MessageGroupId is invalid. Reason: ")


ATTRIBUTES: dict[str, dict[str, Any]] = {
    "a.text": {"DataType": "String", "StringValue": "ä"},
    "a.number": {"DataType": "Number.int", "StringValue": "-12.5e3"},
    "b-bytes": {"DataType": "Binary.png", "BinaryValue": b"\x00\xff"},
    "Größe": {"DataType": "String.custom", "StringValue": "x"},
}


class TestMessageAttributes:
    def test_the_vector_of_a_published_digest(self, sqs: Any, queue: MadeQueue) -> None:
        """Two digests that are known from elsewhere."""
        sent = sqs.send_message(
            QueueUrl=queue.url,
            MessageBody="x",
            MessageAttributes={"timestamp": {"DataType": "Number", "StringValue": "1493147359900"}},
            MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": TRACE}},
        )
        assert sent["MD5OfMessageAttributes"] == "235c5c510d26fb653d073faed50ae77c"
        assert sent["MD5OfMessageSystemAttributes"] == "5ae4d5d7636402d80f4eb6d213245a88"

    @pytest.mark.parametrize(
        ("names", "wanted"),
        [
            (["All"], set(ATTRIBUTES)),
            ([".*"], set(ATTRIBUTES)),
            (["*"], set(ATTRIBUTES)),
            (["a.*"], {"a.text", "a.number"}),
            (["b.*"], {"b-bytes"}),
            (["b-bytes", "no"], {"b-bytes"}),
            (["Größe", "a.text"], {"Größe", "a.text"}),
            (["A.TEXT"], set()),
            (["no"], set()),
            ([], set()),
        ],
    )
    def test_filters_and_digest_over_what_is_returned(
        self, sqs: Any, queue: MadeQueue, names: list[str], wanted: set[str]
    ) -> None:
        sent = sqs.send_message(QueueUrl=queue.url, MessageBody="x", MessageAttributes=ATTRIBUTES)
        assert sent["MD5OfMessageAttributes"] == md5_of_attributes(ATTRIBUTES)
        found = receive_one(sqs, queue, MessageAttributeNames=names)
        chosen = {name: ATTRIBUTES[name] for name in wanted}
        assert found.get("MessageAttributes", {}) == chosen
        assert found.get("MD5OfMessageAttributes") == (md5_of_attributes(chosen) if chosen else None)

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("", {"DataType": "String", "StringValue": "x"}, "attribute name"),
            (".a", {"DataType": "String", "StringValue": "x"}, "attribute name"),
            ("a.", {"DataType": "String", "StringValue": "x"}, "attribute name"),
            ("AWS.a", {"DataType": "String", "StringValue": "x"}, "attribute name"),
            ("amazon.a", {"DataType": "String", "StringValue": "x"}, "attribute name"),
            ("a b", {"DataType": "String", "StringValue": "x"}, "attribute name"),
            ("a" * 257, {"DataType": "String", "StringValue": "x"}, "attribute name"),
            ("a", {}, "must contain a non-empty attribute type"),
            ("a", {"DataType": "", "StringValue": "x"}, "must contain a non-empty attribute type"),
            ("a", {"DataType": "Text", "StringValue": "x"}, "has an invalid message attribute type"),
            ("a", {"DataType": "string", "StringValue": "x"}, "has an invalid message attribute type"),
            (
                "a",
                {"DataType": "String." + "x" * 250, "StringValue": "x"},
                "has an invalid message attribute",
            ),
            ("a", {"DataType": "String"}, "must contain a non-empty value of type 'String'."),
            (
                "a",
                {"DataType": "String", "StringValue": ""},
                "must contain a non-empty value of type 'String'.",
            ),
            (
                "a",
                {"DataType": "String", "BinaryValue": b"x"},
                "must contain a non-empty value of type 'String'",
            ),
            (
                "a",
                {"DataType": "Binary", "BinaryValue": b""},
                "must contain a non-empty value of type 'Binary'.",
            ),
            (
                "a",
                {"DataType": "Binary", "StringValue": "x"},
                "must contain a non-empty value of type 'Binary'.",
            ),
            (
                "a",
                {"DataType": "Number", "StringValue": "x"},
                "Can't cast the value of message (user) attribute",
            ),
            ("a", {"DataType": "Number", "StringValue": "1" * 39}, "Can't cast the value of message"),
            ("a", {"DataType": "Number", "StringValue": "NaN"}, "Can't cast the value of message"),
            ("a", {"DataType": "String", "StringListValues": ["x"]}, "list values in SendMessage operation"),
        ],
    )
    def test_what_is_refused(
        self, sqs: Any, queue: MadeQueue, name: str, value: dict[str, Any], message: str
    ) -> None:
        found = refusal(
            sqs.send_message, QueueUrl=queue.url, MessageBody="x", MessageAttributes={name: value}
        )
        assert found[:2] == (400, "InvalidParameterValue")
        assert message in found.message

    def test_characters(self, sqs: Any, queue: MadeQueue) -> None:
        value = {"DataType": "String", "StringValue": "\x01"}
        found = refusal(sqs.send_message, QueueUrl=queue.url, MessageBody="x", MessageAttributes={"a": value})
        assert found[:2] == (400, "InvalidParameterValue")

    def test_ten_and_no_more(self, sqs: Any, queue: MadeQueue) -> None:
        ten = {f"a{number}": {"DataType": "Number", "StringValue": "1"} for number in range(10)}
        sqs.send_message(QueueUrl=queue.url, MessageBody="x", MessageAttributes=ten)
        eleven = {**ten, "b": {"DataType": "Number", "StringValue": "1"}}
        found = refusal(sqs.send_message, QueueUrl=queue.url, MessageBody="x", MessageAttributes=eleven)
        assert found[:3] == (
            400,
            "InvalidParameterValue",
            "Number of message attributes [11] exceeds the allowed maximum [10].",
        )

    @pytest.mark.parametrize(
        "attributes",
        [
            {"Other": {"DataType": "String", "StringValue": "x"}},
            {"AWSTraceHeader": {"DataType": "Number", "StringValue": "1"}},
            {"AWSTraceHeader": {"DataType": "String", "StringValue": ""}},
            {"AWSTraceHeader": {"DataType": "String"}},
        ],
    )
    def test_system_attributes_that_cannot_be_sent(
        self, sqs: Any, queue: MadeQueue, attributes: dict[str, Any]
    ) -> None:
        found = refusal(
            sqs.send_message, QueueUrl=queue.url, MessageBody="x", MessageSystemAttributes=attributes
        )
        assert found[:2] == (400, "InvalidParameterValue")


def test_messages_outlive_the_server(start_server: StartServer) -> None:
    """What was acknowledged is there after a restart, and receipt handles still hold."""
    server = start_server()
    clients = Clients(server)
    sqs = clients.of("sqs")
    queue = MadeQueue("kept", sqs.create_queue(QueueName="kept")["QueueUrl"], "")
    sqs.send_message(QueueUrl=queue.url, MessageBody="in flight", MessageAttributes=ATTRIBUTES)
    handle = receive_one(sqs, queue, VisibilityTimeout=600)["ReceiptHandle"]
    sqs.send_message(QueueUrl=queue.url, MessageBody="waiting", DelaySeconds=0)
    clients.close()
    assert server.stop() == 0

    server = start_server(directory=server.directory)
    assert server.started["replayed_frames"] > 0
    clients = Clients(server)
    sqs = clients.of("sqs")
    queue = MadeQueue("kept", sqs.get_queue_url(QueueName="kept")["QueueUrl"], "")
    assert receive_one(sqs, queue)["Body"] == "waiting"
    assert receive(sqs, queue) == []
    sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=handle, VisibilityTimeout=0)
    again = receive_one(sqs, queue, MessageAttributeNames=["All"], AttributeNames=["ApproximateReceiveCount"])
    assert again["MessageAttributes"] == ATTRIBUTES
    assert again["Attributes"] == {"ApproximateReceiveCount": "2"}
    clients.close()
    assert server.stop() == 0
