"""ReceiveRequestAttemptId (API ReceiveMessage, DG using-receiverequestattemptid-request-parameter)."""

from collections.abc import Callable

import pytest

from core.queues.engine import QUEUE, Engine
from core.queues.fifo_engine import Fifo, content
from qanat.core import limits
from qanat.core.queues import commands as c
from qanat.core.queues import records as r

MINUTES_5_MS = 300_000


def after_a_receive(timeout_s: int = 600) -> Fifo:
    engine = Fifo()
    engine.send("g1-m1", "g1-m2", "g2-m1")
    assert engine.received(2, timeout_s, attempt="a") == ["g1-m1", "g1-m2"]
    return engine


@pytest.mark.parametrize("after_ms", [0, 1, MINUTES_5_MS - 1])
def test_the_same_messages_and_counts_again(after_ms: int) -> None:
    engine = after_a_receive().at(after_ms)
    first = engine.handles.copy()
    again = engine.receive(10, attempt="a")
    assert [(one.content.body, one.receive_count) for one in again] == [("g1-m1", 1), ("g1-m2", 1)]
    assert engine.handles == first, "recorded: a handle of the first time deletes after the second"
    assert engine.delete_named("g1-m1", "g1-m2") == []


def test_the_visibility_timeout_begins_anew() -> None:
    engine = after_a_receive(timeout_s=30)
    engine.at(20_000).receive(2, timeout_s=30, attempt="a")
    for one in (engine.restarted(), engine):
        assert one.at(49_999).received(timeout_s=0) == ["g2-m1"]
        assert one.at(50_000).received(timeout_s=0) == ["g2-m1", "g1-m1", "g1-m2"]


def test_what_it_was_hidden_until_is_known_although_the_receive_itself_was_trimmed() -> None:
    """The record of the retry must not need that of the receive."""
    engine = after_a_receive(timeout_s=30)
    for position, _ in list(engine.frames):
        engine.keep(position)
    kept_from = engine.shard.trimmable()
    engine.at(20_000).receive(2, timeout_s=30, attempt="a")
    engine.frames = [(position, frame) for position, frame in engine.frames if position >= kept_from]
    again = engine.restarted()
    assert again.shard.queues[QUEUE].messages == engine.shard.queues[QUEUE].messages


@pytest.mark.parametrize(
    "void",
    [
        lambda engine: engine.delete_named("g1-m2"),
        lambda engine: engine.change_named("g1-m1", 0),
        lambda engine: engine.change_named("g1-m2", 600),
        lambda engine: engine.purge(),
        lambda engine: engine.at(MINUTES_5_MS),
        lambda engine: engine.at(600_000),
    ],
    ids=["deleted", "visible again", "extended", "purged", "five minutes over", "timeout over"],
)
@pytest.mark.parametrize("rewritten", [False, True])
def test_an_attempt_is_void(void: Callable[[Fifo], object], rewritten: bool) -> None:
    engine = after_a_receive()
    void(engine)
    one = engine.rewritten() if rewritten else engine
    assert one.received(10, attempt="a") not in (["g1-m1", "g1-m2"], ["g1-m1"], ["g1-m2"])


def test_a_message_that_was_received_by_another_is_not_received_by_the_first_again() -> None:
    """All in one millisecond, so that times tell nothing."""
    engine = after_a_receive(timeout_s=30)
    engine.change_named("g1-m1", 0)
    engine.change_named("g1-m2", 0)
    engine.receive(2, timeout_s=30, attempt="b")
    assert engine.received(10, attempt="a") == ["g2-m1"]


def test_another_attempt_gets_other_messages() -> None:
    engine = after_a_receive()
    assert engine.received(10, attempt="b") == ["g2-m1"]
    assert engine.received(10, attempt="a") == ["g1-m1", "g1-m2"]
    assert engine.received(10, attempt="b") == ["g2-m1"]


def test_a_receive_that_found_nothing_is_no_attempt() -> None:
    engine = Fifo()
    assert engine.received(attempt="a") == []
    engine.send("g1-m1")
    assert engine.received(attempt="a") == ["g1-m1"]


@pytest.mark.parametrize("deleted", [False, True])
def test_attempts_outlive_the_head_of_the_log_but_no_longer_than_their_messages(deleted: bool) -> None:
    engine = after_a_receive()
    if deleted:
        engine.delete_named("g1-m1")
    again = engine.rewritten()
    assert again.received(10, attempt="a") == (["g2-m1"] if deleted else ["g1-m1", "g1-m2"])


def test_a_log_that_begins_after_the_message_and_before_its_delete() -> None:
    """The message's own frame was trimmed, for it is gone; the receive's was not, for another lives in it."""
    engine = Fifo()
    engine.send("g1-m1")
    records: list[r.QueueRecord] = []
    for command in (
        c.Receive(QUEUE, 1, 600, attempt_id="a"),
        c.Send(QUEUE, (c.Outgoing(content("g2-m1", "dedup", engine.now_ms), 0),)),
    ):
        records += engine.shard.handle(command, engine.now_ms).records
    engine.frames.append((engine.shard.position, r.encode(records)))
    engine.shard.position += 1
    engine.handles["g1-m1"] = c.Receipt(0, 1)
    engine.delete_named("g1-m1")
    for position, _ in engine.frames[:2]:
        engine.keep(position)
    engine.frames = engine.frames[2:]
    for one in (engine.restarted(), engine):
        assert one.received(10, attempt="a") == ["g2-m1"]


def test_attempts_that_are_over_hold_no_frame() -> None:
    engine = after_a_receive()
    received_in = engine.frames[-1][0]
    for position, _ in engine.frames[:-1]:
        engine.at(1_000).keep(position)
    assert engine.shard.trimmable() == received_in
    engine.at(limits.ATTEMPT_MS).counts()
    assert engine.shard.trimmable() > received_in


def test_a_standard_queue_passes_it_over() -> None:
    engine = Engine()
    engine.send("m1", "m2")
    for body in ("m1", "m2"):
        (delivery,) = engine.ask(c.Receive(QUEUE, 1, 30, attempt_id="a"))
        assert delivery.content.body == body
    assert engine.restarted().counts() == (0, 2, 0)
