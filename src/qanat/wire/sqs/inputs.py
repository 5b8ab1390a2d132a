"""What each operation takes, member for member as the service model names it (botocore `sqs/2012-11-05`).

Every member is optional here: a missing one is refused with AWS's own words by whoever needs it. Numbers are bounded
where they become a command.
"""

from msgspec import Struct

# The names below are AWS's, not ours.


class AttributeValueInput(Struct, frozen=True, gc=False):
    DataType: str = ""
    StringValue: str | None = None
    BinaryValue: bytes | None = None
    StringListValues: list[str] = []
    BinaryListValues: list[bytes] = []


AttributeMap = dict[str, AttributeValueInput]


class QueueInput(Struct, frozen=True, gc=False):
    """An operation on a queue that takes nothing else."""

    QueueUrl: str | None = None


class CreateQueueInput(Struct, frozen=True, gc=False):
    QueueName: str | None = None
    Attributes: dict[str, str] | None = None
    tags: dict[str, str] | None = None


class GetQueueUrlInput(Struct, frozen=True, gc=False):
    QueueName: str | None = None
    QueueOwnerAWSAccountId: str | None = None


class ListQueuesInput(Struct, frozen=True, gc=False):
    QueueNamePrefix: str | None = None
    NextToken: str | None = None
    MaxResults: int | None = None


class GetQueueAttributesInput(QueueInput, frozen=True, gc=False):
    AttributeNames: list[str] | None = None


class SetQueueAttributesInput(QueueInput, frozen=True, gc=False):
    Attributes: dict[str, str] | None = None


class ListDeadLetterSourceQueuesInput(QueueInput, frozen=True, gc=False):
    NextToken: str | None = None
    MaxResults: int | None = None


class TagQueueInput(QueueInput, frozen=True, gc=False):
    Tags: dict[str, str] | None = None


class UntagQueueInput(QueueInput, frozen=True, gc=False):
    TagKeys: list[str] | None = None


class AddPermissionInput(QueueInput, frozen=True, gc=False):
    Label: str | None = None
    AWSAccountIds: list[str] | None = None
    Actions: list[str] | None = None


class RemovePermissionInput(QueueInput, frozen=True, gc=False):
    Label: str | None = None


class SendMessageInput(QueueInput, frozen=True, gc=False):
    MessageBody: str | None = None
    DelaySeconds: int | None = None
    MessageAttributes: AttributeMap | None = None
    MessageSystemAttributes: AttributeMap | None = None
    MessageDeduplicationId: str | None = None
    MessageGroupId: str | None = None


class SendEntry(Struct, frozen=True, gc=False):
    Id: str | None = None
    MessageBody: str | None = None
    DelaySeconds: int | None = None
    MessageAttributes: AttributeMap | None = None
    MessageSystemAttributes: AttributeMap | None = None
    MessageDeduplicationId: str | None = None
    MessageGroupId: str | None = None


class SendMessageBatchInput(QueueInput, frozen=True, gc=False):
    Entries: list[SendEntry] | None = None


class ReceiveMessageInput(QueueInput, frozen=True, gc=False):
    AttributeNames: list[str] | None = None
    MessageSystemAttributeNames: list[str] | None = None
    MessageAttributeNames: list[str] | None = None
    MaxNumberOfMessages: int | None = None
    VisibilityTimeout: int | None = None
    WaitTimeSeconds: int | None = None
    ReceiveRequestAttemptId: str | None = None


class PeekMessagesInput(QueueInput, frozen=True, gc=False):
    """Ours: AWS has no such operation."""

    MaxNumberOfMessages: int | None = None
    NextToken: str | None = None
    States: list[str] | None = None
    MessageId: str | None = None


class StartMessageMoveTaskInput(Struct, frozen=True, gc=False):
    SourceArn: str | None = None
    DestinationArn: str | None = None
    MaxNumberOfMessagesPerSecond: int | None = None


class CancelMessageMoveTaskInput(Struct, frozen=True, gc=False):
    TaskHandle: str | None = None


class ListMessageMoveTasksInput(Struct, frozen=True, gc=False):
    SourceArn: str | None = None
    MaxResults: int | None = None


class DeleteMessageInput(QueueInput, frozen=True, gc=False):
    ReceiptHandle: str | None = None


class DeleteEntry(Struct, frozen=True, gc=False):
    Id: str | None = None
    ReceiptHandle: str | None = None


class DeleteMessageBatchInput(QueueInput, frozen=True, gc=False):
    Entries: list[DeleteEntry] | None = None


class ChangeMessageVisibilityInput(QueueInput, frozen=True, gc=False):
    ReceiptHandle: str | None = None
    VisibilityTimeout: int | None = None


class VisibilityEntry(Struct, frozen=True, gc=False):
    Id: str | None = None
    ReceiptHandle: str | None = None
    VisibilityTimeout: int | None = None


class ChangeMessageVisibilityBatchInput(QueueInput, frozen=True, gc=False):
    Entries: list[VisibilityEntry] | None = None
