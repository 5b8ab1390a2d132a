"""PeekMessages on the wire: an operation of ours, in the manner of AWS's."""

import json

import msgspec
import pytest

from qanat.core.errors import InvalidParameterValue, QanatError
from qanat.core.queues import commands as c
from qanat.core.queues.message import Content, MessageAttribute, MessageState
from qanat.wire.sqs import peeking
from qanat.wire.sqs.inputs import PeekMessagesInput
from qanat.wire.sqs.operations import OWN_OPERATIONS, operation_of
from qanat.wire.sqs.query import read

CONTENT = Content(
    "id-1", "a\nb", "md5", (MessageAttribute("n", "Binary", None, b"\0"),), None, "AIDA", "group", 5
)


def test_its_target_is_under_our_own_name_only() -> None:
    assert operation_of(b"Qanat.PeekMessages") is OWN_OPERATIONS["PeekMessages"]
    for target in (b"AmazonSQS.PeekMessages", b"Qanat.SendMessage", b"PeekMessages"):
        with pytest.raises(QanatError):
            operation_of(target)
    with pytest.raises(QanatError):
        read(b"Action=PeekMessages&Version=2012-11-05&QueueUrl=jobs")


def test_the_command() -> None:
    assert peeking.command(7, PeekMessagesInput()) == c.Peek(7, 10, -1, tuple(MessageState), None)
    given = PeekMessagesInput(None, 100, "41", ["Delayed"], "id")
    assert peeking.command(7, given) == c.Peek(7, 100, 41, (MessageState.DELAYED,), "id")


@pytest.mark.parametrize(
    "given",
    [
        PeekMessagesInput(MaxNumberOfMessages=0),
        PeekMessagesInput(MaxNumberOfMessages=101),
        PeekMessagesInput(NextToken=""),
        PeekMessagesInput(NextToken="-1"),
        PeekMessagesInput(NextToken="9" * 19),
        PeekMessagesInput(NextToken="٣"),
        PeekMessagesInput(States=["visible"]),
    ],
)
def test_refusals(given: PeekMessagesInput) -> None:
    with pytest.raises(InvalidParameterValue):
        peeking.command(7, given)


def test_the_output() -> None:
    peeked = c.Peeked(3, CONTENT, MessageState.IN_FLIGHT, 99, 2, 50, "arn:source")
    output = json.loads(msgspec.json.encode(peeking.output(c.PeekedPage((peeked,), 3))))
    assert output == {
        "Messages": [
            {
                "Sequence": 3,
                "State": "InFlight",
                "VisibleTimestamp": 99,
                "MessageId": "id-1",
                "MD5OfBody": "md5",
                "Body": "a\nb",
                "Attributes": {
                    "SenderId": "AIDA",
                    "SentTimestamp": "5",
                    "ApproximateReceiveCount": "2",
                    "ApproximateFirstReceiveTimestamp": "50",
                    "MessageGroupId": "group",
                    "DeadLetterQueueSourceArn": "arn:source",
                },
                "MessageAttributes": {"n": {"DataType": "Binary", "BinaryValue": "AA=="}},
            }
        ],
        "NextToken": "3",
    }


def test_what_there_is_none_of_is_left_out() -> None:
    assert msgspec.json.encode(peeking.output(c.PeekedPage((), None))) == b"{}"
    peeked = c.Peeked(3, CONTENT, MessageState.VISIBLE, 99, 0, 0, None)
    output = peeking.output(c.PeekedPage((peeked,), None))
    assert output.Messages is not None
    assert "ApproximateFirstReceiveTimestamp" not in output.Messages[0].Attributes
