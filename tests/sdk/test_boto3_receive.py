"""API ReceiveMessage, by boto3: system attributes, bounds, visibility, long polls."""

import json
import threading
import time
from typing import Any

import pytest

from support.clients import Clients, Refusal, refusal
from support.messages import TRACE, receive, receive_one
from support.metrics import scrape
from support.programs import wait_for
from support.raw import connect, request
from support.server import Server
from support.signing import sqs as signed
from support.things import MadeQueue, MakeQueue, StartServer

SOON_S = 15
"""Well before a long poll of 20 seconds ends by itself, however busy the machine is."""


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
        queue = make_queue(VisibilityTimeout="2")
        sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        handles = {receive_one(sqs, queue, VisibilityTimeout=0)["ReceiptHandle"] for _ in range(3)}
        assert len(handles) == 3
        began = time.monotonic()
        receive_one(sqs, queue)
        again = receive_one(
            sqs, queue, WaitTimeSeconds=20, MessageSystemAttributeNames=["ApproximateReceiveCount"]
        )
        assert 1.9 < time.monotonic() - began < SOON_S
        assert again["Attributes"]["ApproximateReceiveCount"] == "5"


class TestLongPoll:
    def test_it_ends_empty_after_its_wait(self, sqs: Any, queue: MadeQueue) -> None:
        began = time.monotonic()
        assert receive(sqs, queue, WaitTimeSeconds=1) == []
        assert 0.9 < time.monotonic() - began < SOON_S

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
        # So that the polls have arrived; a late one would find its message at once, and pass too.
        time.sleep(0.3)
        sent_at = time.monotonic()
        for body in "abc":
            sqs.send_message(QueueUrl=queue.url, MessageBody=body)
        for poller in pollers:
            poller.join()
        assert sorted(body for _, body in found) == ["a", "b", "c"]
        assert max(at for at, _ in found) - sent_at < SOON_S

    def test_the_queue_may_say_how_long(self, sqs: Any, make_queue: MakeQueue) -> None:
        began = time.monotonic()
        assert receive(sqs, make_queue(ReceiveMessageWaitTimeSeconds="1")) == []
        assert time.monotonic() - began > 0.9
        began = time.monotonic()
        assert receive(sqs, make_queue(ReceiveMessageWaitTimeSeconds="20"), WaitTimeSeconds=0) == []
        assert time.monotonic() - began < SOON_S

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
        poller.join()
        assert [one.exception for one in found] == ["QueueDoesNotExist"]

    def test_a_server_that_stops_answers_its_polls(self, start_server: StartServer) -> None:
        server = start_server("--metrics-listen", "127.0.0.1:0")
        clients = Clients(server)
        sqs = clients.of("sqs")
        url = sqs.create_queue(QueueName="polled")["QueueUrl"]
        found: list[dict[str, Any]] = []
        poller = threading.Thread(
            target=lambda: found.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20))
        )
        poller.start()
        wait_for(lambda: scrape(server).of("qanat_parked_receives") == 1, SOON_S)
        assert server.stop() == 0
        poller.join()
        assert [one["ResponseMetadata"]["HTTPStatusCode"] for one in found] == [200]
        clients.close()
