"""The failures of queues and messages, with AWS's texts."""

from qanat.core import limits
from qanat.core.errors import InvalidParameterValue, QanatError


class QueueDoesNotExist(QanatError):
    code = "QueueDoesNotExist"
    default = "The specified queue does not exist."


class QueueNameExists(QanatError):
    code = "QueueNameExists"

    def __init__(self, attribute: str) -> None:
        super().__init__(
            f"A queue already exists with the same name and a different value for attribute {attribute}"
        )


class QueueDeletedRecently(QanatError):
    code = "QueueDeletedRecently"
    default = (
        "You must wait 60 seconds after deleting a queue before you can create another with the same name."
    )


class PurgeQueueInProgress(QanatError):
    code = "PurgeQueueInProgress"

    def __init__(self, queue_name: str) -> None:
        super().__init__(f"Only one PurgeQueue operation on {queue_name} is allowed every 60 seconds.")


class InvalidAttributeName(QanatError):
    code = "InvalidAttributeName"


class InvalidAttributeValue(QanatError):
    code = "InvalidAttributeValue"

    @classmethod
    def of(cls, name: str, reason: str = "") -> "InvalidAttributeValue":
        return cls(f"Invalid value for the parameter {name}." + (f" Reason: {reason}" if reason else ""))


class OverLimit(QanatError):
    code = "OverLimit"


class InvalidMessageContents(QanatError):
    code = "InvalidMessageContents"
    default = (
        "Invalid characters found. Valid unicode characters are "
        "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    )


class ReceiptHandleIsInvalid(QanatError):
    code = "ReceiptHandleIsInvalid"
    in_batch = "The input receipt handle is invalid."
    """What is said of an entry of a batch (a recorded answer of AWS)."""

    def __init__(self, handle: str) -> None:
        shown = handle[: limits.RECEIPT_HANDLE_LENGTH_MAX]
        super().__init__(f'The input receipt handle "{shown}" is not a valid receipt handle.')


class MessageNotAvailable(InvalidParameterValue):
    """ChangeMessageVisibility on a message that was deleted or has expired."""

    def __init__(self, handle: str) -> None:
        super().__init__(
            f"Value {handle} for parameter ReceiptHandle is invalid. "
            "Reason: Message does not exist or is not available for visibility timeout change."
        )


class ReceiptHandleExpired(InvalidParameterValue):
    """In a FIFO queue only: a standard queue takes an old handle."""

    def __init__(self, handle: str) -> None:
        super().__init__(
            f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
        )


class VisibilityTooLong(InvalidParameterValue):
    """Twelve hours from the receive is the most that a message can stay hidden."""

    def __init__(self, timeout_s: int) -> None:
        super().__init__(
            f"Value {timeout_s} for parameter VisibilityTimeout is invalid. "
            "Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]."
        )


class MessageNotInflight(QanatError):
    code = "MessageNotInflight"
    default = "The message referred to is not in flight."


class EmptyBatchRequest(QanatError):
    code = "EmptyBatchRequest"

    def __init__(self, entry_type: str) -> None:
        super().__init__(f"There should be at least one {entry_type} in the request.")


class TooManyEntriesInBatchRequest(QanatError):
    code = "TooManyEntriesInBatchRequest"

    def __init__(self, sent: int) -> None:
        super().__init__(
            f"Maximum number of entries per request are {limits.BATCH_ENTRIES_MAX}. You have sent {sent}."
        )


class BatchEntryIdsNotDistinct(QanatError):
    code = "BatchEntryIdsNotDistinct"

    def __init__(self, entry_id: str) -> None:
        super().__init__(f"Id {entry_id} repeated.")


class InvalidBatchEntryId(QanatError):
    code = "InvalidBatchEntryId"
    default = (
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
        "It can be at most 80 letters long."
    )


class BatchRequestTooLong(QanatError):
    code = "BatchRequestTooLong"

    def __init__(self, sent_bytes: int) -> None:
        super().__init__(
            f"Batch requests cannot be longer than {limits.BATCH_BYTES_MAX} bytes. "
            f"You have sent {sent_bytes} bytes."
        )


class MoveTaskRunning(InvalidParameterValue):
    default = "There is already a task running. Only one active task is allowed for a source queue arn at a given time."

    def __init__(self) -> None:
        super().__init__(self.default)


class TooManyMoveTasks(InvalidParameterValue):
    def __init__(self) -> None:
        super().__init__(
            f"There are already {limits.MOVE_TASKS_PER_ACCOUNT_MAX} active message move tasks in this account, "
            "the most that there may be."
        )


class ResourceNotFound(QanatError):
    code = "ResourceNotFoundException"
