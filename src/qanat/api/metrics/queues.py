"""The figures of each queue, named after the CloudWatch metrics of SQS (DG sqs-available-cloudwatch-metrics).

Invariant: of one queue all figures are read at one time. Reading changes nothing but what time itself changes.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from qanat.api.metrics.exposition import Family, Kind, labels, line
from qanat.core.queues.fifo import FifoQueue
from qanat.core.queues.fold import Queue as State
from qanat.core.queues.model import Queue
from qanat.core.queues.shard import QueueShard
from qanat.core.queues.standard import StandardQueue
from qanat.core.queues.tally import Tally


class Quiet(NamedTuple):
    """A standard queue without its noisy groups."""

    noisy_groups: int
    visible: int
    not_visible: int
    delayed: int


class Reading(NamedTuple):
    visible: int
    not_visible: int
    delayed: int
    age_s: float | None
    quiet: Quiet | None
    groups_in_flight: int | None
    """Of a FIFO queue."""
    running_moves: int
    tally: Tally


class Row(NamedTuple):
    family: Family
    read: Callable[[Reading], float | None]
    """None where the queue has no such figure."""
    suffix: str = ""


def _gauge(name: str, said: str, read: Callable[[Reading], float | None]) -> Row:
    return Row(Family(f"qanat_sqs_{name}", Kind.GAUGE, said), read)


def _counter(name: str, said: str, read: Callable[[Tally], int]) -> Row:
    return Row(Family(f"qanat_sqs_{name}_total", Kind.COUNTER, said), lambda reading: read(reading.tally))


def _quiet(name: str, said: str, read: Callable[[Quiet], int]) -> Row:
    return _gauge(name, said, lambda reading: None if reading.quiet is None else read(reading.quiet))


_SIZE: Final = Family(
    "qanat_sqs_sent_message_size_bytes", Kind.SUMMARY, "Sizes of the messages sent, attributes included."
)

# Rows of one family stand together.
ROWS: Final = (
    _gauge(
        "approximate_number_of_messages_visible",
        "Messages that can be received.",
        lambda reading: reading.visible,
    ),
    _gauge(
        "approximate_number_of_messages_not_visible",
        "Messages in flight: received, and not deleted or visible again.",
        lambda reading: reading.not_visible,
    ),
    _gauge(
        "approximate_number_of_messages_delayed",
        "Messages that were sent with a delay that is not over.",
        lambda reading: reading.delayed,
    ),
    _gauge(
        "approximate_age_of_oldest_message_seconds",
        "Age of the oldest message, from where its retention period began; absent of an empty queue.",
        lambda reading: reading.age_s,
    ),
    _counter(
        "number_of_messages_sent",
        "Messages sent and put into the queue.",
        lambda tally: tally.sent,
    ),
    _counter(
        "number_of_messages_received",
        "Messages handed out by receives.",
        lambda tally: tally.received,
    ),
    _counter(
        "number_of_messages_deleted",
        "Deletes that were answered with success.",
        lambda tally: tally.deleted,
    ),
    _counter(
        "number_of_empty_receives",
        "Receives that found no message.",
        lambda tally: tally.empty_receives,
    ),
    Row(_SIZE, lambda reading: reading.tally.sent_bytes, "_sum"),
    Row(_SIZE, lambda reading: reading.tally.sent, "_count"),
    Row(
        Family(
            "qanat_sqs_number_of_deduplicated_sent_messages_total",
            Kind.COUNTER,
            "Messages sent again to a FIFO queue that had them already.",
        ),
        lambda reading: None if reading.groups_in_flight is None else reading.tally.deduplicated,
    ),
    _gauge(
        "approximate_number_of_groups_with_inflight_messages",
        "Message groups of a FIFO queue that have a message in flight.",
        lambda reading: reading.groups_in_flight,
    ),
    _quiet(
        "approximate_number_of_noisy_groups",
        "Message groups of a standard queue that wait until all others had their turn.",
        lambda quiet: quiet.noisy_groups,
    ),
    _quiet(
        "approximate_number_of_messages_visible_in_quiet_groups",
        "Messages that can be received, without those of noisy groups.",
        lambda quiet: quiet.visible,
    ),
    _quiet(
        "approximate_number_of_messages_not_visible_in_quiet_groups",
        "Messages in flight, without those of noisy groups.",
        lambda quiet: quiet.not_visible,
    ),
    _quiet(
        "approximate_number_of_messages_delayed_in_quiet_groups",
        "Delayed messages, without those of noisy groups.",
        lambda quiet: quiet.delayed,
    ),
    _counter(
        "number_of_messages_expired",
        "Messages whose retention period ended.",
        lambda tally: tally.expired,
    ),
    _counter(
        "number_of_messages_dead_lettered",
        "Messages that went from this queue to its dead-letter queue.",
        lambda tally: tally.dead_lettered,
    ),
    _counter(
        "number_of_messages_moved",
        "Messages that message move tasks took out of this queue.",
        lambda tally: tally.moved,
    ),
    _gauge(
        "message_move_tasks_running",
        "Message move tasks that take messages out of this queue.",
        lambda reading: reading.running_moves,
    ),
    _counter(
        "message_move_tasks_failed",
        "Message move tasks out of this queue that failed.",
        lambda tally: tally.failed_move_tasks,
    ),
)
_SAMPLES: Final = tuple((row.family.name + row.suffix, row.read) for row in ROWS)


def read(shard: QueueShard, queue_id: int, now_ms: int) -> Reading | None:
    """None of a queue whose definition has just come or is just going."""
    state = shard.queues.get(queue_id)
    if state is None:
        return None
    state.advance(now_ms)
    visible, not_visible, delayed = counts = state.counts()
    oldest_at_ms = state.oldest_at_ms()
    return Reading(
        visible,
        not_visible,
        delayed,
        None if oldest_at_ms is None else max(0, now_ms - oldest_at_ms) / 1000,
        _quiet_part(state, counts),
        state.groups_in_flight if isinstance(state, FifoQueue) else None,
        sum(task.active for task in state.tasks),
        state.tally,
    )


def _quiet_part(state: State, counts: tuple[int, int, int]) -> Quiet | None:
    if not isinstance(state, StandardQueue):
        return None
    visible, not_visible, delayed = counts
    noisy = state.noisy_groups()
    for group in noisy:
        visible -= group.ready_count
        not_visible -= group.in_flight
        delayed -= group.living - group.ready_count - group.in_flight
    return Quiet(len(noisy), visible, not_visible, delayed)


def lines(queue: Queue, reading: Reading) -> Iterator[str]:
    """For each row its line; empty where the queue has no such figure."""
    named = labels(account=queue.account, region=queue.region, queue=queue.name)
    for name, read_row in _SAMPLES:
        value = read_row(reading)
        yield "" if value is None else line(name, named, value)
