"""API SendMessage, ReceiveMessage, DeleteMessage, ChangeMessageVisibility and their batches, by boto3."""

import base64
import hashlib
import json
import struct
import threading
import time
from typing import Any

import pytest

from support.clients import Clients, Refusal, refusal
from support.raw import connect, request
from support.server import Server
from support.signing import sqs as signed
from support.things import MadeQueue, MakeQueue, StartServer

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


def md5(text: str | bytes) -> str:
    return hashlib.md5(text.encode() if isinstance(text, str) else text, usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: dict[str, dict[str, Any]]) -> str:
    """DG sqs-message-metadata, "Calculating the MD5 message digest for message attributes", written down anew."""
    data = b""
    for name, value in sorted(attributes.items()):
        for text in (name, value["DataType"]):
            data += struct.pack(">I", len(text.encode())) + text.encode()
        binary = "BinaryValue" in value
        body = value["BinaryValue"] if binary else value["StringValue"].encode()
        data += (b"\x02" if binary else b"\x01") + struct.pack(">I", len(body)) + body
    return md5(data)


def receive(sqs: Any, queue: MadeQueue, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sqs.receive_message(QueueUrl=queue.url, **parameters).get("Messages", [])
    return found


def receive_one(sqs: Any, queue: MadeQueue, **parameters: Any) -> dict[str, Any]:
    (found,) = receive(sqs, queue, **parameters)
    return found


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
        queue = make_queue(DelaySeconds="1")
        sqs.send_message(QueueUrl=queue.url, MessageBody="at once", DelaySeconds=0)
        sqs.send_message(QueueUrl=queue.url, MessageBody="in a second")
        sqs.send_message(QueueUrl=queue.url, MessageBody="much later", DelaySeconds=900)
        assert [one["Body"] for one in receive(sqs, queue, MaxNumberOfMessages=10)] == ["at once"]
        began = time.monotonic()
        assert receive_one(sqs, queue, WaitTimeSeconds=10)["Body"] == "in a second"
        assert time.monotonic() - began < 3

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
        assert found[1] == "InvalidMessageContents"

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


class TestReceiveMessage:
    def test_system_attributes(self, sqs: Any, queue: MadeQueue, sts: Any) -> None:
        before_ms = int(time.time() * 1000)
        sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        receive_one(sqs, queue, VisibilityTimeout=0)
        found = receive_one(sqs, queue, MessageSystemAttributeNames=["All"])["Attributes"]
        assert found.keys() == {
            "SenderId",
            "SentTimestamp",
            "ApproximateReceiveCount",
            "ApproximateFirstReceiveTimestamp",
        }
        assert found["SenderId"] == sts.get_caller_identity()["UserId"]
        assert found["ApproximateReceiveCount"] == "2"
        assert before_ms <= int(found["SentTimestamp"]) <= int(found["ApproximateFirstReceiveTimestamp"])

    @pytest.mark.parametrize("parameter", ["AttributeNames", "MessageSystemAttributeNames"])
    def test_just_those_named(self, sqs: Any, queue: MadeQueue, parameter: str) -> None:
        sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        found = receive_one(sqs, queue, **{parameter: ["ApproximateReceiveCount", "SequenceNumber"]})
        assert found["Attributes"] == {"ApproximateReceiveCount": "1"}

    def test_an_unknown_name(self, sqs: Any, queue: MadeQueue) -> None:
        found = refusal(sqs.receive_message, QueueUrl=queue.url, MessageSystemAttributeNames=["Foobar"])
        assert found == (400, "InvalidAttributeName", "Unknown Attribute Foobar.", "InvalidAttributeName")

    def test_the_trace_header_of_the_request(self, server: Server, queue: MadeQueue, admin: Any) -> None:
        parameters = {"QueueUrl": queue.url, "MessageBody": "x"}
        headers = {"X-Amzn-Trace-Id": TRACE}
        answer = signed(server.administrator(), "SendMessage", parameters, headers=headers).send(server)
        assert "MD5OfMessageSystemAttributes" not in json.loads(answer.body)
        found = receive_one(admin, queue, MessageSystemAttributeNames=["AWSTraceHeader"])
        assert found["Attributes"] == {"AWSTraceHeader": TRACE}

    @pytest.mark.parametrize(
        ("parameter", "values", "reason"),
        [
            ("MaxNumberOfMessages", (0, 11, -1), "Must be between 1 and 10, if provided."),
            ("WaitTimeSeconds", (-1, 21), "Must be >= 0 and <= 20, if provided."),
            ("VisibilityTimeout", (-1, 43_201), "Must be >= 0 and <= 43200, if provided."),
        ],
    )
    def test_bounds(
        self, sqs: Any, queue: MadeQueue, parameter: str, values: tuple[int, ...], reason: str
    ) -> None:
        for value in values:
            assert refusal(sqs.receive_message, QueueUrl=queue.url, **{parameter: value})[:3] == (
                400,
                "InvalidParameterValue",
                f"Value {value} for parameter {parameter} is invalid. Reason: {reason}",
            )

    def test_as_many_as_asked_for_one_by_default(self, sqs: Any, queue: MadeQueue) -> None:
        for _ in range(14):
            sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        assert [len(receive(sqs, queue, **more)) for more in ({}, {"MaxNumberOfMessages": 10})] == [1, 10]
        assert len(receive(sqs, queue, MaxNumberOfMessages=10)) == 3
        assert "Messages" not in sqs.receive_message(QueueUrl=queue.url)

    def test_visibility_timeout_of_the_receive_or_of_the_queue(self, sqs: Any, make_queue: MakeQueue) -> None:
        queue = make_queue(VisibilityTimeout="1")
        sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        handles = {receive_one(sqs, queue, VisibilityTimeout=0)["ReceiptHandle"] for _ in range(3)}
        assert len(handles) == 3
        receive_one(sqs, queue)
        assert receive(sqs, queue) == []
        began = time.monotonic()
        again = receive_one(
            sqs, queue, WaitTimeSeconds=10, MessageSystemAttributeNames=["ApproximateReceiveCount"]
        )
        assert 0.5 < time.monotonic() - began < 3
        assert again["Attributes"]["ApproximateReceiveCount"] == "5"


class TestLongPoll:
    def test_it_ends_empty_after_its_wait(self, sqs: Any, queue: MadeQueue) -> None:
        began = time.monotonic()
        assert receive(sqs, queue, WaitTimeSeconds=1) == []
        assert 0.9 < time.monotonic() - began < 3

    def test_it_ends_as_soon_as_a_message_comes(
        self, clients: Clients, scheme: str, queue: MadeQueue
    ) -> None:
        sqs = clients.of("sqs", scheme=scheme)
        found: list[tuple[float, str]] = []

        def poll() -> None:
            body = receive_one(sqs, queue, WaitTimeSeconds=20)["Body"]
            found.append((time.monotonic(), body))

        pollers = [threading.Thread(target=poll) for _ in range(3)]
        for poller in pollers:
            poller.start()
        time.sleep(
            0.3
        )  # the polls must have arrived; a late one would find its message at once, and pass too
        sent_at = time.monotonic()
        for body in "abc":
            sqs.send_message(QueueUrl=queue.url, MessageBody=body)
        for poller in pollers:
            poller.join(10)
        assert sorted(body for _, body in found) == ["a", "b", "c"]
        assert max(at for at, _ in found) - sent_at < 2

    def test_the_queue_may_say_how_long(self, sqs: Any, make_queue: MakeQueue) -> None:
        queue = make_queue(ReceiveMessageWaitTimeSeconds="1")
        began = time.monotonic()
        assert receive(sqs, queue) == []
        assert time.monotonic() - began > 0.9
        began = time.monotonic()
        assert receive(sqs, queue, WaitTimeSeconds=0) == []
        assert time.monotonic() - began < 0.9

    def test_a_poll_whose_client_has_gone_takes_no_message(
        self, server: Server, queue: MadeQueue, admin: Any, scheme: str
    ) -> None:
        poll = signed(
            server.administrator(), "ReceiveMessage", {"QueueUrl": queue.url, "WaitTimeSeconds": 20}
        )
        headers = poll.headers_for(f"{server.host}:{server.port}")
        with connect(server, scheme) as gone, connect(server, scheme) as stays:
            gone.send(request(poll.body, headers))
            stays.send(request(poll.body, headers))
            gone.sock.close()
            # Answered after the close was seen: both went over the same loop in this order.
            admin.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])
            admin.send_message(QueueUrl=queue.url, MessageBody="x")
            assert json.loads(stays.answer().body)["Messages"][0]["Body"] == "x"

    def test_a_queue_that_is_deleted_ends_its_polls(self, sqs: Any, name: str) -> None:
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        found: list[Refusal] = []
        poller = threading.Thread(
            target=lambda: found.append(refusal(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=20))
        )
        poller.start()
        time.sleep(0.3)  # as above
        sqs.delete_queue(QueueUrl=url)
        poller.join(10)
        assert [one.exception for one in found] == ["QueueDoesNotExist"]

    def test_a_server_that_stops_answers_its_polls(self, start_server: StartServer) -> None:
        server = start_server()
        clients = Clients(server)
        sqs = clients.of("sqs")
        url = sqs.create_queue(QueueName="polled")["QueueUrl"]
        found: list[dict[str, Any]] = []
        poller = threading.Thread(
            target=lambda: found.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20))
        )
        poller.start()
        time.sleep(0.5)  # the poll must have arrived
        began = time.monotonic()
        assert server.stop() == 0
        poller.join(10)
        assert time.monotonic() - began < 5
        assert [one["ResponseMetadata"]["HTTPStatusCode"] for one in found] == [200]
        clients.close()


GARBAGE = ["garbage", "x" * 40, "ä" * 38, "A" * 38, "", "\x00", "=" * 40, "A" * 2_000, " "]


class TestReceiptHandles:
    @pytest.mark.parametrize("handle", [one for one in GARBAGE if one], ids=ascii)
    def test_garbage(self, sqs: Any, queue: MadeQueue, handle: str) -> None:
        for found in (
            refusal(sqs.delete_message, QueueUrl=queue.url, ReceiptHandle=handle),
            refusal(
                sqs.change_message_visibility, QueueUrl=queue.url, ReceiptHandle=handle, VisibilityTimeout=0
            ),
        ):
            assert found == (
                400,
                "ReceiptHandleIsInvalid",
                f'The input receipt handle "{handle[:1024]}" is not a valid receipt handle.',
                "ReceiptHandleIsInvalid",
            )

    @pytest.mark.parametrize("parameters", [{}, {"ReceiptHandle": ""}])
    def test_none(self, sqs: Any, queue: MadeQueue, parameters: dict[str, str]) -> None:
        assert refusal(sqs.delete_message, QueueUrl=queue.url, **parameters)[:3] == (
            400,
            "MissingParameter",
            "The request must contain the parameter ReceiptHandle.",
        )

    def test_one_bit_off_or_of_another_queue(self, sqs: Any, make_queue: MakeQueue) -> None:
        queue, other = make_queue(), make_queue()
        sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        handle = receive_one(sqs, queue, VisibilityTimeout=0)["ReceiptHandle"]
        assert len(handle) <= 1_024
        sealed = base64.urlsafe_b64decode(handle)
        for position in range(len(sealed)):
            forged = bytearray(sealed)
            forged[position] ^= 1
            text = base64.urlsafe_b64encode(forged).decode()
            assert refusal(sqs.delete_message, QueueUrl=queue.url, ReceiptHandle=text)[1] == (
                "ReceiptHandleIsInvalid"
            )
        assert refusal(sqs.delete_message, QueueUrl=other.url, ReceiptHandle=handle)[1] == (
            "ReceiptHandleIsInvalid"
        )
        assert len(receive(sqs, queue)) == 1

    def test_deleting_twice_and_with_an_old_handle(self, sqs: Any, queue: MadeQueue) -> None:
        """API DeleteMessage: both succeed."""
        sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        old = receive_one(sqs, queue, VisibilityTimeout=0)["ReceiptHandle"]
        new = receive_one(sqs, queue, VisibilityTimeout=0)["ReceiptHandle"]
        for handle in (old, old, new):
            sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=handle)
        assert receive(sqs, queue) == []


class TestChangeMessageVisibility:
    def test_it_hides_longer_or_shows_at_once(self, sqs: Any, queue: MadeQueue) -> None:
        sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        handle = receive_one(sqs, queue, VisibilityTimeout=1)["ReceiptHandle"]
        sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=handle, VisibilityTimeout=43_000)
        assert receive(sqs, queue, WaitTimeSeconds=2) == []
        sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=handle, VisibilityTimeout=0)
        assert len(receive(sqs, queue)) == 1

    def test_a_waiting_poll_gets_what_is_shown(self, sqs: Any, queue: MadeQueue) -> None:
        sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        handle = receive_one(sqs, queue)["ReceiptHandle"]
        found: list[dict[str, Any]] = []
        poller = threading.Thread(target=lambda: found.extend(receive(sqs, queue, WaitTimeSeconds=20)))
        poller.start()
        time.sleep(0.3)  # as above
        sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=handle, VisibilityTimeout=0)
        poller.join(10)
        assert [one["Body"] for one in found] == ["x"]

    @pytest.mark.parametrize("timeout", [-1, 43_201])
    def test_bounds(self, sqs: Any, queue: MadeQueue, timeout: int) -> None:
        sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        handle = receive_one(sqs, queue)["ReceiptHandle"]
        found = refusal(
            sqs.change_message_visibility,
            QueueUrl=queue.url,
            ReceiptHandle=handle,
            VisibilityTimeout=timeout,
        )
        assert found[:2] == (400, "InvalidParameterValue")
        assert found.message.startswith(
            f"Value {timeout} for parameter VisibilityTimeout is invalid. Reason: "
        )

    def test_no_timeout(self, sqs: Any, queue: MadeQueue) -> None:
        found = refusal(sqs.change_message_visibility, QueueUrl=queue.url, ReceiptHandle="x")
        assert found[1] == "MissingParameter"

    def test_a_deleted_message(self, sqs: Any, queue: MadeQueue) -> None:
        sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        handle = receive_one(sqs, queue)["ReceiptHandle"]
        sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=handle)
        found = refusal(
            sqs.change_message_visibility, QueueUrl=queue.url, ReceiptHandle=handle, VisibilityTimeout=0
        )
        assert found[:3] == (
            400,
            "InvalidParameterValue",
            (
                f"Value {handle} for parameter ReceiptHandle is invalid. "
                "Reason: Message does not exist or is not available for visibility timeout change."
            ),
        )

    def test_an_expired_handle_changes_nothing(self, sqs: Any, queue: MadeQueue) -> None:
        sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        old = receive_one(sqs, queue, VisibilityTimeout=0)["ReceiptHandle"]
        receive_one(sqs, queue, VisibilityTimeout=600)
        sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=old, VisibilityTimeout=0)
        assert receive(sqs, queue) == []


BATCHES: dict[str, tuple[str, dict[str, Any]]] = {
    "send_message_batch": ("SendMessageBatchRequestEntry", {"MessageBody": "x"}),
    "delete_message_batch": ("DeleteMessageBatchRequestEntry", {"ReceiptHandle": "x"}),
    "change_message_visibility_batch": (
        "ChangeMessageVisibilityBatchRequestEntry",
        {"ReceiptHandle": "x", "VisibilityTimeout": 0},
    ),
}


@pytest.mark.parametrize("operation", BATCHES)
class TestBatchesAsAWhole:
    """The errors that fail a batch as a whole."""

    def refusal(self, sqs: Any, queue: MadeQueue, operation: str, ids: list[str] | None) -> Refusal:
        entry = BATCHES[operation][1]
        parameters = {} if ids is None else {"Entries": [{"Id": one, **entry} for one in ids]}
        return refusal(getattr(sqs, operation), QueueUrl=queue.url, **parameters)

    @pytest.mark.parametrize("ids", [None, []])
    def test_empty(self, sqs: Any, queue: MadeQueue, operation: str, ids: list[str] | None) -> None:
        assert self.refusal(sqs, queue, operation, ids) == (
            400,
            "AWS.SimpleQueueService.EmptyBatchRequest",
            f"There should be at least one {BATCHES[operation][0]} in the request.",
            "EmptyBatchRequest",
        )

    def test_too_many(self, sqs: Any, queue: MadeQueue, operation: str) -> None:
        assert self.refusal(sqs, queue, operation, [str(number) for number in range(11)]) == (
            400,
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10. You have sent 11.",
            "TooManyEntriesInBatchRequest",
        )

    def test_the_same_id_twice(self, sqs: Any, queue: MadeQueue, operation: str) -> None:
        assert self.refusal(sqs, queue, operation, ["a", "b", "a"]) == (
            400,
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            "Id a repeated.",
            "BatchEntryIdsNotDistinct",
        )

    @pytest.mark.parametrize("entry_id", ["", "a b", "ä", "x" * 81, "a\n", "a.b"])
    def test_what_is_no_id(self, sqs: Any, queue: MadeQueue, operation: str, entry_id: str) -> None:
        assert self.refusal(sqs, queue, operation, [entry_id]) == (
            400,
            "AWS.SimpleQueueService.InvalidBatchEntryId",
            (
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
                "It can be at most 80 letters long."
            ),
            "InvalidBatchEntryId",
        )


class TestBatches:
    def test_each_entry_has_its_own_fate(self, sqs: Any, queue: MadeQueue) -> None:
        attributes = {"a": {"DataType": "String", "StringValue": "b"}}
        answer = sqs.send_message_batch(
            QueueUrl=queue.url,
            Entries=[
                {"Id": "good", "MessageBody": "x", "MessageAttributes": attributes},
                {"Id": "empty", "MessageBody": ""},
                {"Id": "characters", "MessageBody": "\x00"},
                {"Id": "delay", "MessageBody": "x", "DelaySeconds": 901},
                {
                    "Id": "trace",
                    "MessageBody": "y",
                    "MessageSystemAttributes": {
                        "AWSTraceHeader": {"DataType": "String", "StringValue": TRACE}
                    },
                },
            ],
        )
        good, trace = answer["Successful"]
        assert good.keys() == {"Id", "MessageId", "MD5OfMessageBody", "MD5OfMessageAttributes"}
        assert (good["Id"], good["MD5OfMessageBody"]) == ("good", md5("x"))
        assert good["MD5OfMessageAttributes"] == md5_of_attributes(attributes)
        assert trace["MD5OfMessageSystemAttributes"] == "5ae4d5d7636402d80f4eb6d213245a88"
        failed = {one["Id"]: (one["SenderFault"], one["Code"], one["Message"]) for one in answer["Failed"]}
        assert failed == {
            "empty": (True, "MissingParameter", "The request must contain the parameter MessageBody."),
            "characters": (True, "InvalidMessageContents", failed["characters"][2]),
            "delay": (True, "InvalidParameterValue", failed["delay"][2]),
        }
        assert {one["Body"] for one in receive(sqs, queue, MaxNumberOfMessages=10)} == {"x", "y"}

    def test_lists_without_elements_are_left_out(self, sqs: Any, queue: MadeQueue) -> None:
        good = sqs.send_message_batch(QueueUrl=queue.url, Entries=[{"Id": "a", "MessageBody": "x"}])
        assert "Failed" not in good
        bad = sqs.send_message_batch(QueueUrl=queue.url, Entries=[{"Id": "a", "MessageBody": ""}])
        assert "Successful" not in bad

    def test_an_entry_longer_than_the_queue_allows(self, sqs: Any, make_queue: MakeQueue) -> None:
        queue = make_queue(MaximumMessageSize="1024")
        entries = [{"Id": "a", "MessageBody": "x" * 1_024}, {"Id": "b", "MessageBody": "x" * 1_025}]
        answer = sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
        assert [one["Id"] for one in answer["Successful"]] == ["a"]
        assert answer["Failed"] == [
            {
                "Id": "b",
                "SenderFault": True,
                "Code": "InvalidParameterValue",
                "Message": "One or more parameters cannot be validated. "
                "Reason: Message must be shorter than 1024 bytes.",
            }
        ]

    @pytest.mark.parametrize("sizes", [(524_288, 524_289), (1_048_577,), (600_000, 600_000)])
    def test_the_whole_has_a_limit_too(self, sqs: Any, queue: MadeQueue, sizes: tuple[int, ...]) -> None:
        entries = [{"Id": str(index), "MessageBody": "x" * size} for index, size in enumerate(sizes)]
        assert refusal(sqs.send_message_batch, QueueUrl=queue.url, Entries=entries) == (
            400,
            "AWS.SimpleQueueService.BatchRequestTooLong",
            f"Batch requests cannot be longer than 1048576 bytes. You have sent {sum(sizes)} bytes.",
            "BatchRequestTooLong",
        )
        assert receive(sqs, queue) == []

    def test_just_as_long_as_it_may_be(self, sqs: Any, queue: MadeQueue) -> None:
        entries = [{"Id": str(number), "MessageBody": "x" * 524_288} for number in range(2)]
        assert len(sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)["Successful"]) == 2

    def test_delete_and_change_by_the_ten(self, sqs: Any, queue: MadeQueue) -> None:
        entries = [{"Id": str(number), "MessageBody": str(number)} for number in range(10)]
        assert len(sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)["Successful"]) == 10
        found = receive(sqs, queue, MaxNumberOfMessages=10)
        handles = {one["Body"]: one["ReceiptHandle"] for one in found}
        assert len(handles) == 10
        changed = sqs.change_message_visibility_batch(
            QueueUrl=queue.url,
            Entries=[
                {"Id": "shown", "ReceiptHandle": handles["0"], "VisibilityTimeout": 0},
                {"Id": "garbage", "ReceiptHandle": "garbage", "VisibilityTimeout": 0},
                {"Id": "bounds", "ReceiptHandle": handles["1"], "VisibilityTimeout": 43_201},
                {"Id": "missing", "ReceiptHandle": handles["1"]},
            ],
        )
        assert changed["Successful"] == [{"Id": "shown"}]
        assert {one["Id"]: one["Code"] for one in changed["Failed"]} == {
            "garbage": "ReceiptHandleIsInvalid",
            "bounds": "InvalidParameterValue",
            "missing": "MissingParameter",
        }
        deleted = sqs.delete_message_batch(
            QueueUrl=queue.url,
            Entries=[
                {"Id": f"d{body}", "ReceiptHandle": handle} for body, handle in handles.items() if body != "9"
            ]
            + [{"Id": "garbage", "ReceiptHandle": "garbage"}],
        )
        assert len(deleted["Successful"]) == 9
        assert [(one["Id"], one["Code"]) for one in deleted["Failed"]] == [
            ("garbage", "ReceiptHandleIsInvalid")
        ]
        sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=handles["9"], VisibilityTimeout=0)
        assert [one["Body"] for one in receive(sqs, queue, MaxNumberOfMessages=10)] == ["9"]


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
