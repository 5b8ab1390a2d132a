"""Peeking: what is there, in the order of sending, and nothing touched by it."""

import time
from typing import Any

import pytest

from core.queues.engine import QUEUE, START_MS, Engine, content
from qanat.core import limits
from qanat.core.queues import commands as c
from qanat.core.queues import errors
from qanat.core.queues.message import Message, MessageState
from qanat.core.queues.standard import StandardQueue
from qanat.core.queues.state import HOLE_MAX


def page(engine: Engine, count: int = 10, after_seq: int = -1, **more: Any) -> c.PeekedPage:
    found: c.PeekedPage = engine.ask(c.Peek(QUEUE, count, after_seq, **more))
    return found


def bodies(found: c.PeekedPage) -> list[str]:
    return [peeked.content.body for peeked in found.messages]


def all_bodies(engine: Engine, count: int, **more: Any) -> list[str]:
    found = page(engine, count, **more)
    seen = bodies(found)
    while found.more_after_seq is not None:
        found = page(engine, count, found.more_after_seq, **more)
        seen += bodies(found)
    return seen


def test_states_and_counts() -> None:
    engine = Engine()
    engine.send("taken", "visible")
    engine.send("delayed", delay_s=20)
    engine.at(1_000).receive(1, timeout_s=30)
    assert [
        (peeked.content.body, peeked.state, peeked.visible_at_ms - START_MS, peeked.receive_count)
        for peeked in page(engine).messages
    ] == [
        ("taken", MessageState.IN_FLIGHT, 31_000, 1),
        ("visible", MessageState.VISIBLE, 0, 0),
        ("delayed", MessageState.DELAYED, 20_000, 0),
    ]
    engine.at(31_000)
    assert {peeked.state for peeked in page(engine).messages} == {MessageState.VISIBLE}


def test_nothing_changes_and_nothing_is_written() -> None:
    engine = Engine(retention_s=60)
    engine.send("old")
    engine.at(59_000).send("m1", "m2")
    engine.receive(1)
    engine.at(60_000)
    before = len(engine.frames)
    assert bodies(page(engine)) == ["m1", "m2"]
    assert len(engine.frames) == before
    # It has expired, and whoever comes next to change something writes it down.
    assert [message.content.body for message in engine.shard.queues[QUEUE].messages.values()] == [
        "old",
        "m1",
        "m2",
    ]
    engine.at(59_001 + 30_000)
    assert [delivery.receive_count for delivery in engine.receive()] == [1, 1]


@pytest.mark.parametrize("count", [1, 2, 3, 100])
def test_pages_show_everything_once(count: int) -> None:
    engine = Engine()
    names = [f"m{number}" for number in range(7)]
    engine.send(*names)
    assert all_bodies(engine, count) == names
    assert page(engine, 7).more_after_seq is None


def test_filters() -> None:
    engine = Engine()
    engine.send("m1", "m2")
    engine.send("m3", delay_s=20)
    engine.receive(1)
    in_flight_or_delayed = (MessageState.IN_FLIGHT, MessageState.DELAYED)
    assert all_bodies(engine, 1, states=in_flight_or_delayed) == ["m1", "m3"]
    assert all_bodies(engine, 10, message_id="id-m2") == ["m2"]
    assert all_bodies(engine, 10, message_id="id-m2", states=in_flight_or_delayed) == []


def test_a_queue_that_is_empty_and_one_that_is_not_there() -> None:
    engine = Engine()
    assert page(engine) == c.PeekedPage((), None)
    with pytest.raises(errors.QueueDoesNotExist):
        engine.ask(c.Peek(7, 10))


def test_a_page_is_bounded_by_its_bytes() -> None:
    engine = Engine()
    long = "x" * limits.MAXIMUM_MESSAGE_SIZE_BYTES.high
    engine.send(*(long + str(number) for number in range(5)))
    assert len(page(engine, 100).messages) == 3
    assert len(all_bodies(engine, 100)) == 5


def test_a_message_that_was_written_again_keeps_its_place() -> None:
    engine = Engine()
    first = engine.shard.position
    engine.send("m1")
    engine.send("m2")
    engine.keep(first)
    again = engine.restarted()
    del again.frames[first - 1 : first]
    assert all_bodies(again.restarted(), 1) == ["m1", "m2"]


def queue_of(seqs: range) -> StandardQueue:
    """Without a log, so that a million are there soon."""
    queue = StandardQueue(QUEUE)
    for seq in seqs:
        queue.add(Message(seq, content("m", START_MS), START_MS, 1))
    return queue


def seqs(messages: list[Message]) -> list[int]:
    return [message.seq for message in messages]


@pytest.mark.parametrize("gone", [0, 1, HOLE_MAX - 1, HOLE_MAX, HOLE_MAX + 5, 3 * HOLE_MAX])
def test_holes(gone: int) -> None:
    queue = queue_of(range(3 * HOLE_MAX + 10))
    for seq in range(2, 2 + gone):
        queue.remove(queue.messages[seq])
    assert seqs(queue.sent_after(-1, 4)) == [0, 1, 2 + gone, 3 + gone]
    assert seqs(queue.sent_after(1, 2)) == [2 + gone, 3 + gone]
    assert seqs(queue.sent_after(queue.next_seq - 1, 2)) == []
    assert seqs(queue.sent_after(10**17, 2)) == []


def test_messages_that_came_out_of_order() -> None:
    queue = queue_of(range(5, 8))
    for seq in (2, 9, 0):
        queue.add(Message(seq, content("m", START_MS), START_MS, 1))
    assert seqs(queue.sent_after(-1, 10)) == [0, 2, 5, 6, 7, 9]


@pytest.mark.slow
def test_a_page_of_a_million_costs_no_more_than_one_of_ten_thousand() -> None:
    """A generous bound: to look at every message takes a hundred times as long."""

    def cost_s(queue: StandardQueue) -> float:
        def once() -> float:
            begin = time.thread_time()
            for after_seq in (-1, len(queue.messages) // 2):
                assert len(queue.sent_after(after_seq, 100)) == 100
            return time.thread_time() - begin

        return min(once() for _ in range(20))

    assert cost_s(queue_of(range(1_000_000))) < 10 * cost_s(queue_of(range(10_000)))


def test_a_filter_that_finds_nothing_goes_on_from_page_to_page() -> None:
    engine = Engine()
    count = limits.PEEK_LOOKED_AT_MAX + 5
    engine.send(*(f"m{number}" for number in range(count)))
    found = page(engine, 10, message_id=f"id-m{count - 1}")
    assert (found.messages, found.more_after_seq) == ((), limits.PEEK_LOOKED_AT_MAX - 1)
    assert all_bodies(engine, 10, message_id=f"id-m{count - 1}") == [f"m{count - 1}"]
