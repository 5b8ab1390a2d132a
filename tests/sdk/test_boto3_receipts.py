"""Receipt handles, and API ChangeMessageVisibility, by boto3."""

import base64
import threading
import time
from typing import Any

import pytest

from support.clients import refusal
from support.messages import receive, receive_one
from support.things import MadeQueue, MakeQueue

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
        handle = receive_one(sqs, queue, VisibilityTimeout=2)["ReceiptHandle"]
        sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=handle, VisibilityTimeout=43_000)
        assert receive(sqs, queue, WaitTimeSeconds=3) == []
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
        poller.join()
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
        sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=old, VisibilityTimeout=600)
        receive_one(sqs, queue)

    def test_an_old_handle_of_a_message_in_flight(self, sqs: Any, queue: MadeQueue) -> None:
        sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        old = receive_one(sqs, queue, VisibilityTimeout=0)["ReceiptHandle"]
        receive_one(sqs, queue, VisibilityTimeout=600)
        sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=old, VisibilityTimeout=0)
        receive_one(sqs, queue)
