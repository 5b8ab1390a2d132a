"""Many dead letters at once: what consumers that all crashed leave behind (DG sqs-dead-letter-queues)."""

import pytest

from core.queues.engine import QUEUE, Engine, configuring
from core.queues.fifo_engine import Fifo
from qanat.core import limits
from qanat.core.queues import commands as c
from qanat.core.queues import records as r

GRAVE = 2


def engine_with_dead(count: int, body: str = "") -> Engine:
    """QUEUE's messages have been received once and are visible again; the next receive finds them dead."""
    engine = Engine()
    engine.ask(configuring(GRAVE, 345_600_000))
    engine.ask(configuring(QUEUE, 345_600_000, dead_letter_arn=arn_of(engine, GRAVE), max_receive_count=1))
    for first in range(0, count, 10):
        engine.send(*(f"{number}{body}" for number in range(first, min(first + 10, count))))
    while len(engine.received(timeout_s=1)) == 10:
        pass
    return engine.at(1_000)


def arn_of(engine: Engine, queue_id: int) -> str:
    return engine.shard.queues[queue_id].config.arn


def buried(engine: Engine) -> int:
    return len(engine.shard.queues[GRAVE].messages)


COMMANDS = pytest.mark.parametrize(
    "command", [c.Receive(QUEUE, 10, 30), c.Tidy(QUEUE)], ids=["receive", "tidy"]
)


@COMMANDS
def test_one_frame_takes_no_more_than_a_thousand(command: c.QueueCommand) -> None:
    engine = engine_with_dead(limits.BURIED_MAX + 5)
    assert not engine.ask(command)
    assert buried(engine) == limits.BURIED_MAX
    assert engine.shard.is_untidy(QUEUE, engine.now_ms)
    assert not engine.ask(command)
    assert (buried(engine), engine.shard.is_untidy(QUEUE, engine.now_ms)) == (limits.BURIED_MAX + 5, False)


@COMMANDS
def test_one_frame_takes_no_more_than_some_megabytes(command: c.QueueCommand) -> None:
    engine = engine_with_dead(15, "x" * 1_048_000)
    assert not engine.ask(command)
    assert buried(engine) == 11


@COMMANDS
def test_many_clients_at_once_bury_no_more_than_one(command: c.QueueCommand) -> None:
    engine = engine_with_dead(limits.BURIED_MAX + 5)
    moved = [
        isinstance(record, r.Moved)
        for _ in range(20)
        # One frame takes what all of them do.
        for record in engine.shard.handle(command, engine.now_ms).records
    ]
    assert (sum(moved), buried(engine)) == (limits.BURIED_MAX, limits.BURIED_MAX)
    engine.shard.position += 1
    engine.ask(command)
    assert buried(engine) == limits.BURIED_MAX + 5


def test_what_waits_behind_the_dead_is_handed_out_once_they_are_gone() -> None:
    engine = engine_with_dead(limits.BURIED_MAX + 3)
    engine.send("alive")
    assert engine.received() == []
    assert engine.received() == ["alive"]
    assert (buried(engine), engine.counts()) == (limits.BURIED_MAX + 3, c.Counts(0, 1, 0))
    assert engine.restarted().counts() == engine.counts()


@pytest.mark.parametrize("kind", [Engine, Fifo])
def test_what_stands_before_the_dead_is_handed_out_at_once(kind: type[Engine]) -> None:
    engine = kind()
    fifo, count = engine.shard.queues[QUEUE].fifo, limits.BURIED_MAX + 3
    engine.ask(configuring(GRAVE, 345_600_000, fifo=fifo))
    grave = arn_of(engine, GRAVE)
    engine.ask(configuring(QUEUE, 345_600_000, fifo=fifo, dead_letter_arn=grave, max_receive_count=1))
    engine.send(*(f"g1-{number}" for number in range(count)))
    assert len(engine.receive(count, timeout_s=10)) == count
    engine.send("g2-alive")
    engine.at(10_000)
    assert engine.received() == ["g2-alive"]
    assert buried(engine) == limits.BURIED_MAX
    again = engine.restarted()
    assert again.counts() == engine.counts() == c.Counts(3, 1, 0)
    for one in (engine, again):
        assert (one.received(), buried(one), one.counts()) == ([], count, c.Counts(0, 1, 0))
        dead = [message.content.body for message in one.shard.queues[GRAVE].messages.values()]
        assert dead == [f"g1-{number}" for number in range(count)]
