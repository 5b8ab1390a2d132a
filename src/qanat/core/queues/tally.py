"""What a queue has done since this process began: counted for metrics, never logged."""

from msgspec import Struct


class Tally(Struct):
    """Names after the CloudWatch metrics of SQS (DG sqs-available-cloudwatch-metrics)."""

    sent: int = 0
    """Those that were put into the queue; not those that a FIFO queue had already, nor what was moved into it."""
    sent_bytes: int = 0
    received: int = 0
    deleted: int = 0
    empty_receives: int = 0
    deduplicated: int = 0
    # No metric of AWS:
    expired: int = 0
    """Past their retention period."""
    dead_lettered: int = 0
    """Moved from this queue to its dead-letter queue."""
    moved: int = 0
    """Moved from this queue by message move tasks."""
    failed_move_tasks: int = 0
