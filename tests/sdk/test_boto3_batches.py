"""API SendMessageBatch, DeleteMessageBatch and ChangeMessageVisibilityBatch, by boto3."""

from typing import Any

import pytest

from support.clients import Refusal, refusal
from support.messages import TRACE, md5, md5_of_attributes, receive
from support.things import MadeQueue, MakeQueue

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
        assert [(one["Id"], one["Code"], one["Message"]) for one in deleted["Failed"]] == [
            ("garbage", "ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        ]
        sqs.change_message_visibility(QueueUrl=queue.url, ReceiptHandle=handles["9"], VisibilityTimeout=0)
        assert [one["Body"] for one in receive(sqs, queue, MaxNumberOfMessages=10)] == ["9"]
