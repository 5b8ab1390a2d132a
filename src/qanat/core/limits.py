"""Every bound of SQS, each with its source. A bound stands here once; parsers, engine and reference read it.

Sources: DG is the SQS Developer Guide, API the SQS API reference (the service model that botocore ships).
"""

from typing import Final, NamedTuple


class Bounds(NamedTuple):
    """Inclusive."""

    low: int
    high: int

    def hold(self, value: int) -> bool:
        return self.low <= value <= self.high


DELAY_S: Final = Bounds(0, 900)  # API SendMessage, DG quotas-messages
VISIBILITY_TIMEOUT_S: Final = Bounds(0, 43_200)  # API ChangeMessageVisibility
WAIT_TIME_S: Final = Bounds(0, 20)  # API ReceiveMessage
MAX_MESSAGES: Final = Bounds(1, 10)  # API ReceiveMessage
RETENTION_S: Final = Bounds(60, 1_209_600)  # API SetQueueAttributes
MAXIMUM_MESSAGE_SIZE_BYTES: Final = Bounds(1_024, 1_048_576)  # DG quotas-messages since August 2025
KMS_DATA_KEY_REUSE_S: Final = Bounds(60, 86_400)  # API SetQueueAttributes
MAX_RECEIVE_COUNT: Final = Bounds(1, 1_000)  # DG sqs-dead-letter-queues
LIST_RESULTS: Final = Bounds(1, 1_000)  # API ListQueues

BATCH_ENTRIES_MAX: Final = 10  # API SendMessageBatch
BATCH_BYTES_MAX: Final = 1_048_576  # DG quotas-messages: whatever the queue's own MaximumMessageSize
BATCH_ID_LENGTH_MAX: Final = 80  # API SendMessageBatchRequestEntry
QUEUE_NAME_LENGTH_MAX: Final = 80  # DG quotas-queues
MESSAGE_ATTRIBUTES_MAX: Final = 10  # DG sqs-message-metadata
ATTRIBUTE_NAME_LENGTH_MAX: Final = 256  # DG sqs-message-metadata
ATTRIBUTE_TYPE_LENGTH_MAX: Final = 256  # DG sqs-message-metadata
RECEIPT_HANDLE_LENGTH_MAX: Final = 1_024  # DG sqs-queue-message-identifiers
IN_FLIGHT_STANDARD_MAX: Final = 120_000  # DG quotas-queues
IN_FLIGHT_FIFO_MAX: Final = 120_000  # DG quotas-queues since November 2024
MOVE_TASKS_PER_ACCOUNT_MAX: Final = 100  # DG quotas-messages
MOVE_TASK_MS: Final = 129_600_000  # API StartMessageMoveTask: 36 hours
MOVE_RATE_PER_S: Final = Bounds(1, 500)  # API StartMessageMoveTask
MOVE_TASKS_LISTED: Final = Bounds(1, 10)  # API ListMessageMoveTasks
QUEUE_TAGS_MAX: Final = 50  # DG sqs-queue-tags
TAG_KEY_LENGTH_MAX: Final = 128  # DG sqs-queue-tags
TAG_VALUE_LENGTH_MAX: Final = 256  # DG sqs-queue-tags
PERMISSION_LABEL_LENGTH_MAX: Final = 80  # API AddPermission
REDRIVE_SOURCES_MAX: Final = 10  # API SetQueueAttributes: RedriveAllowPolicy
KMS_KEY_ID_LENGTH_MAX: Final = 2_048  # AWS KMS API, DescribeKey
GROUP_ID_LENGTH_MAX: Final = 128  # API SendMessage

# Ours, since AWS has no PeekMessages.
PEEK_MESSAGES: Final = Bounds(1, 100)
PEEK_BYTES_MAX: Final = 4_194_304
"""Of the messages in one answer: four of the longest that there are."""
PEEK_LOOKED_AT_MAX: Final = 10_000
"""So that a filter that leaves out nearly all holds up the server for a few milliseconds and no longer."""

BURIED_MAX: Final = 1_000
"""Dead letters that one frame of the log takes: ours, so that they hold up the server for some ten milliseconds."""
BURIED_BYTES_MAX: Final = 10_485_760
"""And so that however many clients come upon dead letters at once, the frame is not too long for the log."""

SHOWN_LENGTH_MAX: Final = 1_024
"""Of a value that a refusal repeats: ours, so that an answer is never as long as what was sent."""

PURGE_INTERVAL_MS: Final = 60_000  # API PurgeQueue
NAME_REUSE_MS: Final = 60_000  # API CreateQueue: QueueDeletedRecently
DEDUPLICATION_MS: Final = 300_000  # DG FIFO-queues-exactly-once-processing
ATTEMPT_MS: Final = 300_000  # API ReceiveMessage: ReceiveRequestAttemptId
VISIBILITY_TOTAL_MS: Final = 43_200_000  # API ChangeMessageVisibility: twelve hours from the receive
