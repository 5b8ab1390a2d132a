"""What each operation answers, member for member as the service model names it. A member left out is not written."""

from msgspec import Struct

# The names below are AWS's, not ours.


class Empty(Struct, frozen=True, gc=False):
    pass


class QueueUrlOutput(Struct, frozen=True, gc=False):
    QueueUrl: str


class ListQueuesOutput(Struct, frozen=True, gc=False, omit_defaults=True):
    QueueUrls: list[str] | None = None
    NextToken: str | None = None


class DeadLetterSourceQueuesOutput(Struct, frozen=True, gc=False, omit_defaults=True):
    queueUrls: list[str] | None = None
    NextToken: str | None = None


class TagsOutput(Struct, frozen=True, gc=False, omit_defaults=True):
    Tags: dict[str, str] | None = None


class AttributesOutput(Struct, frozen=True, gc=False, omit_defaults=True):
    Attributes: dict[str, str] | None = None


class SendMessageOutput(Struct, frozen=True, gc=False, omit_defaults=True):
    MessageId: str
    MD5OfMessageBody: str
    MD5OfMessageAttributes: str | None = None
    MD5OfMessageSystemAttributes: str | None = None
    SequenceNumber: str | None = None


class SendResultEntry(Struct, frozen=True, gc=False, omit_defaults=True):
    Id: str
    MessageId: str
    MD5OfMessageBody: str
    MD5OfMessageAttributes: str | None = None
    MD5OfMessageSystemAttributes: str | None = None
    SequenceNumber: str | None = None


class ResultEntry(Struct, frozen=True, gc=False):
    Id: str


class ErrorEntry(Struct, frozen=True, gc=False):
    Id: str
    SenderFault: bool
    Code: str
    Message: str


class BatchOutput(Struct, frozen=True, gc=False, omit_defaults=True):
    Successful: list[SendResultEntry] | list[ResultEntry] | None = None
    Failed: list[ErrorEntry] | None = None


class AttributeValueOutput(Struct, frozen=True, gc=False, omit_defaults=True):
    DataType: str
    StringValue: str | None = None
    BinaryValue: bytes | None = None


class MessageOutput(Struct, frozen=True, gc=False, omit_defaults=True):
    MessageId: str
    ReceiptHandle: str
    MD5OfBody: str
    Body: str
    Attributes: dict[str, str] | None = None
    MD5OfMessageAttributes: str | None = None
    MessageAttributes: dict[str, AttributeValueOutput] | None = None


class PeekedOutput(Struct, frozen=True, gc=False, omit_defaults=True):
    """Ours, as far as AWS has no such member: it has no handle, since nothing was received."""

    Sequence: int
    """How many messages the queue had taken before this one."""
    State: str
    VisibleTimestamp: int
    """Milliseconds: when it became visible, or will be."""
    MessageId: str
    MD5OfBody: str
    Body: str
    Attributes: dict[str, str]
    MessageAttributes: dict[str, AttributeValueOutput] | None = None


class PeekMessagesOutput(Struct, frozen=True, gc=False, omit_defaults=True):
    Messages: list[PeekedOutput] | None = None
    NextToken: str | None = None


class StartMessageMoveTaskOutput(Struct, frozen=True, gc=False):
    TaskHandle: str


class CancelMessageMoveTaskOutput(Struct, frozen=True, gc=False):
    ApproximateNumberOfMessagesMoved: int


class MoveTaskEntry(Struct, frozen=True, gc=False, omit_defaults=True):
    Status: str
    SourceArn: str
    StartedTimestamp: int
    ApproximateNumberOfMessagesToMove: int
    ApproximateNumberOfMessagesMoved: int
    TaskHandle: str | None = None
    DestinationArn: str | None = None
    MaxNumberOfMessagesPerSecond: int | None = None
    FailureReason: str | None = None


class ListMessageMoveTasksOutput(Struct, frozen=True, gc=False, omit_defaults=True):
    Results: list[MoveTaskEntry] | None = None


class ReceiveMessageOutput(Struct, frozen=True, gc=False, omit_defaults=True):
    Messages: list[MessageOutput] | None = None
