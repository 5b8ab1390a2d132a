"""Dead-letter queues (DG sqs-dead-letter-queues, sqs-configure-dead-letter-queue), at the edge of each rule."""

from typing import Any

import pytest

from core.queues.engine import QUEUE, START_MS, Engine, configuring
from core.queues.engine import content as plain
from core.queues.fifo_engine import Fifo, content
from qanat.core.queues import commands as c

GRAVE = 2
SECOND = 3


def arn(queue_id: int) -> str:
    return f"arn:aws:sqs:us-east-2:123456789012:{queue_id}"


def to(queue_id: int, limit: int = 1) -> dict[str, Any]:
    return {"dead_letter_arn": arn(queue_id), "max_receive_count": limit}


def with_grave(limit: int = 1, retention_s: int = 345_600, **config: Any) -> Engine:
    engine = Engine(**to(GRAVE, limit))
    engine.ask(configuring(GRAVE, retention_s * 1000, **config))
    return engine


def fifo_with_grave(limit: int = 1) -> Fifo:
    engine = Fifo(**to(GRAVE, limit))
    engine.ask(configuring(GRAVE, 345_600_000, fifo=True))
    return engine


def from_queue(engine: Engine, queue_id: int, count: int = 10, timeout_s: int = 0) -> list[c.Delivery]:
    return list(engine.ask(c.Receive(queue_id, count, timeout_s)))


def bodies(engine: Engine, queue_id: int, count: int = 10) -> list[str]:
    return [delivery.content.body for delivery in from_queue(engine, queue_id, count)]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_recorded_the_receive_after_the_last_one_allowed_moves_it_and_gives_nothing(limit: int) -> None:
    engine = with_grave(limit)
    engine.send("m")
    for _ in range(limit):
        assert engine.received(timeout_s=0) == ["m"]
        assert bodies(engine, GRAVE) == []
    assert engine.received() == []
    assert engine.restarted().counts() == engine.counts() == (0, 0, 0)
    assert bodies(engine, GRAVE) == ["m"]


def test_it_is_no_dead_letter_before_it_is_visible_again() -> None:
    engine = with_grave()
    engine.send("m")
    receipt = engine.take(timeout_s=30)
    assert engine.at(29_999).received() == []
    assert engine.counts() == (0, 1, 0)
    engine.delete(receipt)
    assert engine.at(30_000).received() == []
    assert bodies(engine, GRAVE) == []


def test_recorded_a_dead_letter_keeps_id_times_and_count_and_says_where_it_is_from() -> None:
    engine = with_grave()
    engine.send("m")
    engine.at(1_000).take(timeout_s=1)
    engine.at(5_000).receive()
    (found,) = from_queue(engine.at(9_000), GRAVE)
    assert found.content == plain("m", START_MS)
    assert (found.receive_count, found.first_received_at_ms, found.source_arn) == (
        2,
        START_MS + 1_000,
        arn(QUEUE),
    )


def test_recorded_what_was_sent_there_directly_is_from_nowhere() -> None:
    engine = with_grave()
    engine.ask(c.Send(GRAVE, (c.Outgoing(plain("m", engine.now_ms), 0),)))
    assert from_queue(engine, GRAVE)[0].source_arn is None


def test_recorded_in_a_fifo_queue_its_id_becomes_its_deduplication_id() -> None:
    engine = fifo_with_grave()
    engine.send("g-m")
    engine.received(timeout_s=0)
    engine.receive()
    (found,) = from_queue(engine, GRAVE)
    assert (found.content.deduplication_id, found.content.message_id) == ("id-g-m", "id-g-m")
    assert (found.content.group_id, found.receive_count) == ("g", 2)
    engine.ask(c.Delete(GRAVE, (c.Receipt(found.seq, 2),)))
    outgoing = c.Outgoing(content("g-other", "id-g-m", engine.now_ms), 0)
    assert engine.ask(c.Send(GRAVE, (outgoing,))) == (("id-g-m", found.seq),), (
        "recorded: even after its delete"
    )


@pytest.mark.parametrize(("after_ms", "known"), [(299_999, True), (300_000, False)])
def test_its_deduplication_begins_with_its_move(after_ms: int, known: bool) -> None:
    engine = fifo_with_grave()
    engine.send("g-m")
    engine.at(100_000).received(timeout_s=0)
    engine.receive()
    engine.at(100_000 + after_ms)
    outgoing = c.Outgoing(content("g-other", "id-g-m", engine.now_ms), 0)
    for one in (engine.restarted(), engine):
        (sent_as,) = one.ask(c.Send(GRAVE, (outgoing,)))
        assert (sent_as.message_id == "id-g-m") == known


@pytest.mark.parametrize(("fifo", "gone_after_ms"), [(False, 60_000), (True, 110_000)])
def test_retention_goes_on_in_a_standard_queue_and_begins_anew_in_a_fifo_queue(
    fifo: bool, gone_after_ms: int
) -> None:
    engine = fifo_with_grave() if fifo else with_grave()
    engine.ask(configuring(GRAVE, 60_000, fifo=fifo))
    engine.send("g-m")
    engine.at(50_000).received(timeout_s=0)
    engine.receive()
    for one in (engine.restarted(), engine):
        assert one.at(gone_after_ms - 1).ask(c.Count(GRAVE)) == (1, 0, 0)
        assert one.at(gone_after_ms).ask(c.Count(GRAVE)) == (0, 0, 0)


def test_one_that_is_too_old_for_the_other_queue_is_over_at_once() -> None:
    """Even where time was let pass there in this very millisecond."""
    engine = with_grave(retention_s=60)
    engine.send("m")
    engine.at(60_000).received(timeout_s=0)
    assert engine.ask(c.Count(GRAVE)) == (0, 0, 0)
    engine.receive()
    assert bodies(engine, GRAVE) == []


def test_others_are_received_in_its_place() -> None:
    engine = with_grave()
    engine.send("a", "b")
    assert engine.received(2, timeout_s=0) == ["a", "b"]
    engine.at(1).send("c", "d", "e")
    assert engine.received(2) == ["c", "d"]
    assert bodies(engine, GRAVE) == ["a", "b"]
    assert engine.received(2) == ["e"]


def test_a_group_goes_on_where_a_dead_letter_held_it_back() -> None:
    engine = fifo_with_grave()
    engine.send("g-1", "g-2", "g-3", "g-4")
    engine.receive(2, timeout_s=1)
    assert engine.at(1_000).received(2) == ["g-3", "g-4"]
    assert bodies(engine, GRAVE) == ["g-1", "g-2"]


def test_as_many_of_a_group_as_possible_come_though_a_dead_letter_was_among_what_was_taken() -> None:
    engine = fifo_with_grave()
    engine.send("g1-1")
    engine.receive(timeout_s=0)
    for step, name in enumerate(("g1-2", "g2-1", "g2-2", "g3-1"), 1):
        engine.at(step).send(name)
    # Dead: g1-1. The order after it is buried is that of the oldest of each group.
    assert engine.received(3) == ["g1-2", "g2-1", "g2-2"]


def test_what_is_in_flight_in_its_group_holds_a_dead_letter_back() -> None:
    engine = fifo_with_grave()
    engine.send("g-1", "g-2")
    engine.receive(2, timeout_s=30)
    engine.change_named("g-2", 1)
    assert engine.at(2_000).received() == []
    assert bodies(engine, GRAVE) == [], "g-1 is in flight, and g-2 waits behind it"
    assert engine.at(30_000).received() == []
    assert bodies(engine, GRAVE) == ["g-1", "g-2"]


@pytest.mark.parametrize("fifo", [False, True])
def test_without_a_target_that_exists_messages_stay(fifo: bool) -> None:
    engine = fifo_with_grave() if fifo else with_grave()
    engine.ask(c.DropQueue(GRAVE))
    engine.send("g-m")
    for count in range(1, 5):
        assert [one.receive_count for one in engine.receive(timeout_s=0)] == [count]
    assert not engine.shard.is_untidy(QUEUE, engine.now_ms)
    engine.ask(configuring(GRAVE + 7, 345_600_000, fifo=fifo))
    assert len(engine.receive(timeout_s=0)) == 1, "another queue is no target"


def test_a_target_made_again_under_its_arn_is_the_target() -> None:
    engine = with_grave()
    engine.ask(c.DropQueue(GRAVE))
    config = configuring(GRAVE, 345_600_000).config
    engine.ask(c.ConfigureQueue(9, config))
    engine.send("m")
    engine.received(timeout_s=0)
    assert engine.received() == []
    assert bodies(engine, 9) == ["m"]


@pytest.mark.parametrize(("limit", "seen"), [(1, []), (3, ["m"])])
def test_a_limit_that_is_changed_counts_at_once(limit: int, seen: list[str]) -> None:
    engine = with_grave(2)
    engine.send("m")
    engine.received(timeout_s=0)
    engine.received(timeout_s=0)
    engine.ask(configuring(QUEUE, 345_600_000, **to(GRAVE, limit)))
    assert engine.received() == seen


def test_a_policy_that_is_taken_away() -> None:
    engine = with_grave()
    engine.send("m")
    engine.received(timeout_s=0)
    engine.ask(configuring(QUEUE, 345_600_000))
    assert engine.received() == ["m"]


def test_a_chain_of_dead_letter_queues_counts_receives_in_each() -> None:
    """Each queue counts its own receives; what is shown counts all."""
    engine = with_grave(2, **to(SECOND, 1))
    engine.ask(configuring(SECOND, 345_600_000))
    engine.send("m")
    shown = [one.receive_count for _ in range(2) for one in engine.receive(timeout_s=0)]
    assert engine.received() == []
    shown += [one.receive_count for one in from_queue(engine, GRAVE)]
    assert bodies(engine, GRAVE) == []
    (last,) = from_queue(engine, SECOND)
    assert [*shown, last.receive_count] == [1, 2, 3, 4]
    assert last.source_arn == arn(GRAVE)


@pytest.mark.parametrize("fifo", [False, True])
def test_a_ring_and_a_queue_that_is_its_own_target_come_to_an_end(fifo: bool) -> None:
    engine = Fifo(**to(QUEUE)) if fifo else Engine(**to(QUEUE))
    engine.send("g-m", "g-n")
    seen = [[one.content.body for one in engine.receive(timeout_s=0)] for _ in range(3)]
    assert seen == [["g-m", "g-n"]] * 3
    assert engine.restarted().counts() == engine.counts() == (2, 0, 0)
    engine.ask(configuring(GRAVE, 345_600_000, fifo=fifo, **to(QUEUE)))
    engine.ask(configuring(QUEUE, 345_600_000, fifo=fifo, **to(GRAVE)))
    for _ in range(3):
        assert engine.received() == []
        assert bodies(engine, GRAVE) == ["g-m", "g-n"]
        assert bodies(engine, GRAVE) == []
        assert engine.received(timeout_s=0) == ["g-m", "g-n"]


def test_tidying_buries_what_is_next_and_nothing_else() -> None:
    engine = with_grave()
    engine.send("a", "b")
    engine.received(2, timeout_s=0)
    assert engine.shard.is_untidy(QUEUE, engine.now_ms)
    engine.ask(c.Tidy(QUEUE))
    assert not engine.shard.is_untidy(QUEUE, engine.now_ms)
    assert engine.shard.take_filled() == {GRAVE}
    assert engine.shard.take_filled() == set()
    assert engine.shard.queues[QUEUE].tally.dead_lettered == 2


def test_the_head_of_the_log_may_go_after_a_move() -> None:
    engine = fifo_with_grave()
    engine.send("g-m")
    engine.received(timeout_s=0)
    engine.receive()
    again = engine.rewritten()
    assert again.shard.queues[GRAVE].messages == engine.shard.queues[GRAVE].messages
    outgoing = c.Outgoing(content("g-other", "id-g-m", again.now_ms), 0)
    assert again.ask(c.Send(GRAVE, (outgoing,)))[0].message_id == "id-g-m"
