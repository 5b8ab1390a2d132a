"""Queues side by side in one shard, and the head of the log they share."""

import pytest

from core.queues.engine import QUEUE, START_MS, Engine, configuring, content
from qanat.core.errors import QanatError
from qanat.core.queues import commands as c
from qanat.core.queues import errors
from qanat.core.queues.shard import QueueShard

COMMANDS: list[c.QueueCommand] = [
    c.Send(7, (c.Outgoing(content("m1", START_MS), 0),)),
    c.Receive(7, 1, 30),
    c.Delete(7, (c.Receipt(0, 1),)),
    c.ChangeVisibility(7, (c.VisibilityChange("h", c.Receipt(0, 1), 0),)),
    c.Purge(7, "gone", 60_000),
    c.Count(7),
    c.Peek(7, 10),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_a_queue_that_is_not_there(command: c.QueueCommand) -> None:
    outcome = Engine().shard.handle(command, START_MS)
    assert isinstance(outcome.reply, errors.QueueDoesNotExist)
    assert outcome.records == []


def test_a_dropped_queue_takes_its_messages_with_it() -> None:
    engine = Engine()
    engine.ask(configuring(2, 60_000))
    engine.send("m1", "m2")
    engine.receive(1)
    engine.ask(c.DropQueue(QUEUE))
    engine.ask(c.DropQueue(QUEUE))
    with pytest.raises(errors.QueueDoesNotExist):
        engine.receive()
    left = engine.shard.queues[2].definition_bytes
    assert (engine.shard.live_bytes, set(engine.restarted().shard.queues)) == (left, {2})


def test_queues_share_nothing() -> None:
    engine = Engine()
    engine.ask(configuring(2, 60_000))
    engine.send("m1")
    engine.ask(c.Delete(2, (c.Receipt(0, 1),)))
    engine.ask(c.Purge(2, "other", 60_000))
    assert engine.ask(c.Receive(2, 10, 30)) == ()
    assert engine.received() == ["m1"]


def test_when_the_next_hidden_message_becomes_visible() -> None:
    engine = Engine()
    shard = engine.shard
    assert shard.next_visible_at_ms(QUEUE) is None
    engine.send("delayed", delay_s=20)
    assert shard.next_visible_at_ms(QUEUE) == START_MS + 20_000
    engine.send("m1")
    receipt = engine.take(timeout_s=10)
    assert shard.next_visible_at_ms(QUEUE) == START_MS + 10_000
    engine.delete(receipt)
    assert shard.next_visible_at_ms(QUEUE) == START_MS + 20_000
    assert shard.has_visible(QUEUE, START_MS + 20_000)
    assert shard.next_visible_at_ms(QUEUE) is None
    assert (QueueShard().next_visible_at_ms(QUEUE), QueueShard().has_visible(QUEUE, START_MS)) == (
        None,
        False,
    )


# -- the head of the log ----------------------------------------------------------------------------------------


def test_frames_before_the_oldest_living_message_can_go() -> None:
    engine = Engine()
    engine.send("old")  # frame 2; the queue itself lives in frame 1
    engine.send("new")
    assert engine.shard.trimmable() == 1
    engine.keep(1)
    assert engine.shard.trimmable() == 2
    engine.delete(c.Receipt(engine.receive(1)[0].seq, 1))
    assert engine.shard.trimmable() == 3
    engine.ask(c.DropQueue(QUEUE))
    assert engine.shard.trimmable() == engine.shard.position == 8


def test_keep_writes_again_only_what_still_lives_in_that_frame() -> None:
    engine = Engine()
    engine.send("a", "b", "c")
    for receipt in [c.Receipt(d.seq, 1) for d in engine.receive(2)]:
        engine.delete(receipt)
    before = engine.shard.position
    old = list(engine.frames)
    engine.keep(1)
    engine.keep(2)
    engine.frames = [(position, frame) for position, frame in engine.frames if position >= before]
    assert len(engine.frames) == 2, "the queue, then the one message"
    again = engine.restarted()
    assert again.received() == engine.received() == ["c"]
    engine.frames += old
    engine.keep(2)
    assert engine.shard.position == before + 3, "what was kept once does not live there any more"


def test_a_kept_message_keeps_all_that_a_client_can_see() -> None:
    engine = Engine()
    engine.send("m1", delay_s=1)
    engine.at(1_000).take(timeout_s=1)
    receipt = engine.at(2_000).take(timeout_s=10)
    engine.change(receipt, 20)
    engine.keep(1)
    engine.keep(2)
    position = engine.shard.trimmable()
    engine.frames = [frame for frame in engine.frames if frame[0] >= position]
    again = engine.restarted()
    assert again.shard.queues[QUEUE].messages == engine.shard.queues[QUEUE].messages
    assert again.shard.live_bytes == engine.shard.live_bytes
    assert isinstance(again.at(2_001).change(receipt, 43_200), errors.VisibilityTooLong)
    (delivery,) = again.at(22_000).receive()
    assert (delivery.receive_count, delivery.first_received_at_ms) == (3, START_MS + 1_000)


def test_sequence_numbers_are_not_used_again_after_a_trim() -> None:
    """A receipt names a message by it: used again, an old receipt would delete a message of another's."""
    engine = Engine()
    engine.send("m1")
    receipt = engine.take()
    engine.delete(receipt)
    engine.keep(1)
    engine.frames = engine.frames[-1:]
    again = engine.restarted()
    again.send("m2")
    again.delete(receipt)
    assert again.received() == ["m2"]


def test_a_refusal_is_a_reply() -> None:
    outcome = Engine().shard.handle(c.Count(7), START_MS)
    assert isinstance(outcome.reply, QanatError)
