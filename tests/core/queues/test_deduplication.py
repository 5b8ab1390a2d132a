"""Exactly-once processing (DG FIFO-queues-exactly-once-processing, high-throughput-fifo): what is sent twice."""

import pytest

from core.queues.engine import START_MS
from core.queues.fifo_engine import Fifo
from qanat.core.queues.deduplication import DeduplicationWindow, Original

MINUTES_5_MS = 300_000


@pytest.mark.parametrize(
    ("after_ms", "duplicate"), [(0, True), (MINUTES_5_MS - 1, True), (MINUTES_5_MS, False)]
)
def test_the_window_is_five_minutes_from_the_first_send(after_ms: int, duplicate: bool) -> None:
    engine = Fifo()
    first = engine.send_as("g1-m1", "x")
    again = engine.at(after_ms).send_as("g1-m2", "x")
    assert (again == first) == duplicate
    assert engine.received() == (["g1-m1"] if duplicate else ["g1-m1", "g1-m2"])


def test_recorded_a_duplicate_is_answered_with_the_first_id_and_number_and_does_not_extend_the_window() -> (
    None
):
    engine = Fifo()
    assert engine.send_as("g1-m1", "x") == ("id-g1-m1", 0)
    assert engine.at(200_000).send_as("g1-m2", "x") == ("id-g1-m1", 0)
    assert engine.at(MINUTES_5_MS).send_as("g1-m3", "x") == ("id-g1-m3", 1)


def test_recorded_it_survives_the_delete_of_the_message() -> None:
    engine = Fifo()
    first = engine.send_as("g1-m1", "x")
    engine.receive()
    engine.delete_named("g1-m1")
    assert engine.send_as("g1-m1", "x") == first
    assert engine.received() == []


@pytest.mark.parametrize(("per_group", "duplicate"), [(False, True), (True, False)])
def test_the_scope_of_deduplication(per_group: bool, duplicate: bool) -> None:
    engine = Fifo(deduplication_per_group=per_group)
    first = engine.send_as("g1-m1", "x")
    assert (engine.send_as("g2-m1", "x") == first) == duplicate
    assert engine.send_as("g1-m2", "x") == first


@pytest.mark.timeout(10)
def test_one_id_in_very_many_groups_takes_no_longer() -> None:
    """Where each send looked at all groups that use its id, this would take a minute."""
    window = DeduplicationWindow()
    for number in range(30_000):
        group_id = f"g{number}"
        assert window.find("tick", group_id, START_MS, per_group=True) is None
        window.put(Original(number, "tick", group_id, f"id-{number}", START_MS, 1))
    found = window.find("tick", "g7", START_MS, per_group=True)
    assert found is not None
    assert found.message_id == "id-7"


def test_a_scope_that_is_changed_counts_for_what_was_sent_before() -> None:
    engine = Fifo(deduplication_per_group=True)
    first = engine.send_as("g1-m1", "x")
    second = engine.at(1_000).send_as("g2-m1", "x")
    engine.set(deduplication_per_group=False)
    assert engine.send_as("g3-m1", "x") == first, "the first of all that it repeats"
    assert engine.send_as("g2-m2", "x") == first
    assert engine.at(MINUTES_5_MS).send_as("g1-m2", "x") == second, "the first is over, the second is not"
    engine.set(deduplication_per_group=True)
    assert engine.send_as("g1-m3", "x") == ("id-g1-m3", 2)


@pytest.mark.parametrize("rewritten_after_ms", [1_500, 250_000])
def test_after_the_head_of_the_log_was_rewritten_the_first_send_is_still_the_first(
    rewritten_after_ms: int,
) -> None:
    """The entry of the first send is then the last in the log."""
    engine = Fifo(deduplication_per_group=True)
    first = engine.send_as("g1-m1", "x")
    engine.at(1_000).send_as("g2-m1", "x")
    engine.at(rewritten_after_ms)
    for position, _ in engine.frames[:2]:
        engine.keep(position)
    again = engine.restarted()
    again.frames = engine.frames[2:]
    for one in (engine, again.restarted()):
        one.set(deduplication_per_group=False)
        assert one.send_as("g3-m1", "x") == first


def test_purge_clears_it() -> None:
    engine = Fifo()
    first = engine.send_as("g1-m1", "x")
    engine.purge()
    assert engine.send_as("g1-m2", "x") != first
    assert engine.restarted().received() == engine.received() == ["g1-m2"]


def test_two_of_one_batch() -> None:
    engine = Fifo()
    engine.send_as("g1-m1", "x")
    assert [engine.send_as(f"g1-{name}", name) for name in ("y", "z", "y")] == [
        ("id-g1-y", 1),
        ("id-g1-z", 2),
        ("id-g1-y", 1),
    ]
    assert engine.received() == ["g1-m1", "g1-y", "g1-z"]
    assert engine.shard.queues[1].tally.deduplicated == 1


def test_what_is_remembered_outlives_the_head_of_the_log() -> None:
    engine = Fifo()
    first = engine.send_as("g1-m1", "x")
    engine.receive()
    engine.delete_named("g1-m1")
    again = engine.rewritten()
    assert again.send_as("g1-m2", "x") == first
    assert again.at(MINUTES_5_MS).send_as("g1-m2", "x") != first


def test_what_is_over_is_not_kept_for_ever() -> None:
    """However often the head is rewritten, and whatever was sent meanwhile."""
    engine = Fifo()
    engine.send_as("g1-first", "x")
    engine.receive()
    engine.delete_named("g1-first")
    for step in range(1, 9):
        engine.at(step * 60_000).send(f"g1-{step}")
        for position, _ in list(engine.frames):
            engine.keep(position)
        before = engine.shard.trimmable()
        engine.frames = [(position, frame) for position, frame in engine.frames if position >= before]
    assert not any(b"g1-first" in frame for _, frame in engine.frames)
    assert len(engine.shard.queues[1].window) == 5


def original(seq: int, deduplication_id: str, group: str, at_ms: int) -> Original:
    return Original(seq, deduplication_id, group, f"id-{seq}", START_MS + at_ms, seq)


def test_entries_are_forgotten_in_the_order_of_time_whatever_the_order_in_which_they_came() -> None:
    window = DeduplicationWindow()
    late, early = original(2, "y", "g", 2_000), original(1, "x", "g", 1_000)
    assert [window.put(one) for one in (late, early)] == [None, None]
    over_ms = START_MS + MINUTES_5_MS
    assert not window.holds_forgotten(over_ms + 999)
    assert window.holds_forgotten(over_ms + 1_000)
    assert list(window.forget(over_ms + 1_000)) == [early]
    assert list(window.forget(over_ms + 2_000)) == [late]
    assert len(window) == 0


def test_what_was_replaced_is_forgotten_but_once() -> None:
    window = DeduplicationWindow()
    first, second = original(1, "x", "g", 0), original(2, "x", "g", 5)
    again = second._replace(position=7)
    assert window.put(first) is None
    assert window.put(second) is first
    assert window.put(again) is second
    assert window.at("x", "g", 1) is None
    assert list(window.forget(START_MS + MINUTES_5_MS)) == []
    assert list(window.forget(START_MS + MINUTES_5_MS + 5)) == [again]
