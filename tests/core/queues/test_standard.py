"""The order of a queue is a function of facts alone, and its heaps do not grow with its history."""

import pytest

from core.queues.engine import content
from qanat.core.queues.message import Message
from qanat.core.queues.model import QueueConfig
from qanat.core.queues.standard import StandardQueue

RETENTION_MS = 60_000


def queue_of(*visible_at_ms: int) -> StandardQueue:
    queue = StandardQueue(1)
    queue.config = QueueConfig("arn", RETENTION_MS)
    for seq, at_ms in enumerate(visible_at_ms):
        queue.add(Message(seq, content(f"m{seq}", 1), at_ms, 0))
    return queue


def taken(queue: StandardQueue, count: int = 10) -> list[int]:
    return [message.seq for message in queue.take_ready(count)]


@pytest.mark.parametrize(
    ("visible_at_ms", "now_ms", "order"),
    [
        ((5, 5, 5), 5, [0, 1, 2]),
        ((7, 6, 5), 7, [2, 1, 0]),
        ((7, 6, 5), 6, [2, 1]),
        ((7, 5, 5), 4, []),
    ],
)
def test_the_order_of_receiving(visible_at_ms: tuple[int, ...], now_ms: int, order: list[int]) -> None:
    at_once, in_steps = queue_of(*visible_at_ms), queue_of(*visible_at_ms)
    at_once.advance(now_ms)
    for step_ms in range(now_ms + 1):
        in_steps.advance(step_ms)
    assert taken(at_once) == taken(in_steps) == order


def test_a_message_moved_away_and_back_is_taken_and_counted_once() -> None:
    queue = queue_of(10, 10)
    for at_ms in (20, 10, 30, 10):
        queue.reschedule(queue.messages[0], at_ms)
    assert queue.counts() == (0, 0, 2)
    queue.advance(10)
    assert queue.counts() == (2, 0, 0)
    assert taken(queue) == [0, 1]


def test_a_ready_message_moved_away_and_back_is_taken_once() -> None:
    queue = queue_of(10, 10)
    queue.advance(10)
    message = queue.messages[0]
    for at_ms in (20, 10, 30, 10):
        queue.reschedule(message, at_ms)
    assert taken(queue) == [0, 1]


def test_time_does_not_go_back() -> None:
    queue = queue_of(10)
    queue.advance(10)
    queue.advance(5)
    assert queue.counts() == (1, 0, 0)
    assert taken(queue) == [0]


def test_a_removed_message_is_neither_ready_nor_waited_for() -> None:
    queue = queue_of(10, 20)
    queue.advance(10)
    for seq in (0, 1):
        queue.remove(queue.messages[seq])
    assert queue.next_ready() is None
    assert queue.next_visible_at_ms() is None
    assert (taken(queue), queue.counts()) == ([], (0, 0, 0))


def test_the_expired_are_named_once_and_oldest_first() -> None:
    queue = StandardQueue(1)
    queue.config = QueueConfig("arn", 10)
    for seq, sent_at_ms in enumerate((3, 1, 2, 9)):  # a message that was kept comes back out of order
        queue.add(Message(seq, content("m", sent_at_ms), sent_at_ms, 0))
    queue.remove(queue.messages[2])
    assert queue.take_expired(10) == []
    expired = queue.take_expired(13)
    assert expired == [1, 0]
    for seq in expired:
        queue.remove(queue.messages[seq])
    assert queue.take_expired(18) == []
    assert queue.take_expired(19) == [3]


HISTORY = 20_000
ENOUGH = 4_000
"""A heap may hold twice the living and a constant; see _SWEEP_MIN."""


def entries_of(queue: StandardQueue) -> int:
    return len(queue._ready) + len(queue._waiting) + len(queue._by_age)


def test_changing_one_message_for_ever_takes_no_more_room() -> None:
    queue = queue_of(10)
    queue.count_receive(queue.messages[0], 10, 1_000_000)
    for step in range(HISTORY):
        queue.reschedule(queue.messages[0], 1_000_000 + step % 7)
    assert entries_of(queue) < ENOUGH
    queue.advance(1_000_010)
    assert taken(queue) == [0]


def test_receiving_with_no_timeout_for_ever_takes_no_more_room() -> None:
    queue = queue_of(0, 0)
    for now_ms in range(1, HISTORY):
        queue.advance(now_ms)
        for message in queue.take_ready(10):
            queue.count_receive(message, now_ms, now_ms)
    assert entries_of(queue) < ENOUGH
    assert queue.counts() == (2, 0, 0)


def test_sending_and_deleting_for_ever_takes_no_more_room() -> None:
    queue = queue_of(0)
    for seq in range(1, HISTORY):
        message = Message(seq, content("m", seq), seq + seq % 2 * 100_000, 0)
        queue.add(message)
        queue.remove(message)
    assert entries_of(queue) < ENOUGH
    queue.advance(1)
    assert taken(queue) == [0]
