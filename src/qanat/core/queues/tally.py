"""What a queue has done since this process began: counted for metrics, never logged."""

from msgspec import Struct


class Tally(Struct):
    """Names after the CloudWatch metrics of SQS (DG sqs-available-cloudwatch-metrics)."""

    sent: int = 0
    sent_bytes: int = 0
    received: int = 0
    deleted: int = 0
    empty_receives: int = 0
    deduplicated: int = 0
    dead_lettered: int = 0
