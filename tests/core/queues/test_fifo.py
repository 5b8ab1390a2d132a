"""FIFO queues: which message of which group comes next (DG FIFO-queues-understanding-logic).

The orders marked as recorded are answers that AWS gave to others.
"""

import pytest

from core.queues.fifo_engine import Fifo
from qanat.core import limits
from qanat.core.queues import errors
from qanat.core.queues.fifo import FifoQueue

HOURS_12_MS = 43_200_000


def sent(*names: str, **config: object) -> Fifo:
    """Each a millisecond after the one before; then another passes."""
    engine = Fifo(**config)
    for step, name in enumerate(names):
        engine.at(step).send(name)
    return engine.at(len(names))


# -- recorded orders --------------------------------------------------------------------------------------------


def test_recorded_as_many_of_one_group_as_possible_come_together() -> None:
    engine = sent("g1-m1", "g2-m1", "g1-m2", "g1-m3")
    assert engine.received() == ["g1-m1", "g1-m2", "g1-m3", "g2-m1"]


INTERLEAVED = ("g1-m1", "g2-m1", "g1-m2", "g2-m2", "g1-m3", "g1-m4", "g3-m1")


@pytest.mark.parametrize(
    ("deleted", "order"),
    [
        (("g1-m1", "g1-m2"), ["g2-m1", "g2-m2", "g1-m3", "g1-m4", "g3-m1"]),
        (("g1-m1",), ["g2-m1", "g2-m2", "g3-m1"]),
        (("g1-m2",), ["g2-m1", "g2-m2", "g3-m1"]),
        ((), ["g2-m1", "g2-m2", "g3-m1"]),
    ],
    ids=["all that is in flight", "the first of two", "the second of two", "none"],
)
def test_recorded_order_after_a_delete(deleted: tuple[str, ...], order: list[str]) -> None:
    engine = sent(*INTERLEAVED)
    assert engine.received(2) == ["g1-m1", "g1-m2"]
    engine.delete_named(*deleted)
    assert engine.restarted().received() == engine.received() == order


@pytest.mark.parametrize(("timeout_s", "after_ms"), [(0, 0), (1, 1_000)])
def test_recorded_a_visibility_timeout_that_is_terminated_frees_that_message_only(
    timeout_s: int, after_ms: int
) -> None:
    engine = sent("g1-m1", "g1-m2", "g2-m1")
    assert engine.received(2) == ["g1-m1", "g1-m2"]
    assert engine.change_named("g1-m1", timeout_s) is None
    assert engine.at(3 + after_ms).received(3) == ["g2-m1", "g1-m1"]


@pytest.mark.parametrize(
    ("extended", "seen"), [("g-foo", []), ("g-bar", ["g-foo"]), ("g-baz", ["g-foo", "g-bar"])]
)
def test_recorded_only_what_is_before_an_extended_message_comes_back(extended: str, seen: list[str]) -> None:
    engine = sent("g-foo", "g-bar", "g-baz")
    engine.receive(5, timeout_s=1)
    engine.change_named(extended, 4)
    assert engine.at(2_500).received(5) == seen


def test_recorded_groups_whose_timeout_passed_come_back_in_the_order_of_their_receives() -> None:
    engine = sent("g1-m1", "g1-m2", "g1-m3", "g1-m4", "g2-m1", "g3-m1")
    assert engine.received(2, timeout_s=1) == ["g1-m1", "g1-m2"]
    assert engine.at(7).received(1, timeout_s=1) == ["g2-m1"]
    order = ["g3-m1", "g1-m1", "g1-m2", "g1-m3", "g1-m4", "g2-m1"]
    assert engine.at(2_000).received(timeout_s=0) == order


def test_recorded_a_receive_without_a_timeout_locks_nothing_and_sends_the_groups_to_the_back() -> None:
    engine = sent("g1-m1", "g2-m1", "g2-m2", "g3-m1", "g1-m2")
    assert engine.received(3, timeout_s=0) == ["g1-m1", "g1-m2", "g2-m1"]
    assert engine.received(timeout_s=0) == ["g3-m1", "g1-m1", "g1-m2", "g2-m1", "g2-m2"]


def test_recorded_a_send_to_a_group_in_flight_does_not_unlock_it() -> None:
    engine = sent("g1-m1")
    engine.receive()
    engine.send("g1-m2")
    assert engine.received() == []
    engine.delete_named("g1-m1")
    assert engine.received() == ["g1-m2"]


def test_recorded_a_group_that_was_emptied_works_again() -> None:
    engine = sent("g1-m1", "g2-m1")
    engine.receive()
    engine.delete_named("g1-m1", "g2-m1")
    engine.send("g2-m2", "g1-m2")
    assert engine.received() == ["g2-m2", "g1-m2"]


def test_recorded_a_delayed_queue_holds_the_group_and_keeps_its_order() -> None:
    engine = Fifo()
    engine.send("g1-m1", "g1-m2", "g1-m3", delay_s=2)
    assert (engine.at(1_999).received(), engine.counts()) == ([], (0, 0, 3))
    assert engine.at(2_000).received() == ["g1-m1", "g1-m2", "g1-m3"]


def test_a_later_message_waits_for_one_that_is_delayed_longer() -> None:
    engine = Fifo()
    engine.send("g1-m1", delay_s=900)
    engine.send("g1-m2")
    assert engine.counts() == (1, 0, 1)
    assert engine.at(899_999).received() == []
    assert engine.at(900_000).received() == ["g1-m1", "g1-m2"]


def test_recorded_counts_take_what_the_group_holds_back_for_visible() -> None:
    engine = sent("g1-m1", "g1-m2", "g2-m1", "g2-m2", "g3-m1", "g3-m2")
    engine.receive(1)
    engine.receive(1)
    assert engine.counts() == (4, 2, 0)
    assert engine.shard.queues[1].groups_in_flight == 2  # type: ignore[union-attr]
    assert engine.at(30_006).counts() == (6, 0, 0)
    assert engine.shard.queues[1].groups_in_flight == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_a_receive_takes_no_more_than_asked_for(count: int) -> None:
    names = ["g1-m1", "g1-m2", "g2-m1", "g2-m2"]
    assert sent(*names).received(count) == names[:count]


# -- what hides or ends a message -------------------------------------------------------------------------------


def test_an_expired_message_holds_nothing_back() -> None:
    engine = Fifo(retention_s=60)
    engine.send("g1-m1")
    engine.receive(timeout_s=43_200)
    engine.at(59_999).send("g1-m2")
    assert engine.received() == []
    assert engine.at(60_000).received() == ["g1-m2"]


@pytest.mark.parametrize(("after_ms", "refused"), [(29_999, False), (30_000, True)])
def test_recorded_an_expired_handle_deletes_nothing(after_ms: int, refused: bool) -> None:
    engine = Fifo()
    engine.send("g1-m1", "g2-m1")
    engine.receive(1)
    engine.at(after_ms)
    assert engine.delete_named("g1-m1") == ([0] if refused else [])
    assert engine.counts() == (2 if refused else 1, 0, 0)


def test_a_batch_of_deletes_is_refused_in_part() -> None:
    engine = sent("g1-m1", "g2-m1", "g3-m1")
    engine.receive(1, timeout_s=1)
    engine.receive(2, timeout_s=30)
    assert engine.at(2_000).delete_named("g2-m1", "g1-m1", "g3-m1") == [1]
    assert engine.received() == ["g1-m1"]


def test_a_handle_of_an_earlier_receive_deletes_nothing() -> None:
    engine = sent("g1-m1")
    engine.receive(timeout_s=0)
    old = engine.handles["g1-m1"]
    engine.receive()
    engine.handles["g1-m1"], new = old, engine.handles["g1-m1"]
    assert engine.delete_named("g1-m1") == [0]
    assert isinstance(engine.change_named("g1-m1", 0), errors.ReceiptHandleExpired)
    engine.handles["g1-m1"] = new
    assert engine.delete_named("g1-m1") == []


def test_recorded_a_handle_whose_timeout_was_extended_deletes_after_the_old_one() -> None:
    engine = sent("g1-m1")
    engine.receive(timeout_s=1)
    engine.change_named("g1-m1", 4)
    assert engine.at(3_000).delete_named("g1-m1") == []
    assert engine.at(HOURS_12_MS).received() == []


def test_deleting_what_is_gone_succeeds() -> None:
    engine = sent("g1-m1")
    engine.receive(timeout_s=1)
    assert engine.delete_named("g1-m1") == []
    assert engine.at(2_000).delete_named("g1-m1", "g1-m1") == []


@pytest.mark.parametrize(
    ("after_ms", "timeout_s", "refusal"),
    [
        (29_999, 0, None),
        (30_000, 0, errors.ReceiptHandleExpired),
        (10_000, 43_190, None),
        (10_000, 43_191, errors.VisibilityTooLong),
    ],
)
def test_api_change_message_visibility_in_a_fifo_queue(
    after_ms: int, timeout_s: int, refusal: type[Exception] | None
) -> None:
    engine = Fifo()
    engine.send("g1-m1")
    engine.receive()
    answer = engine.at(after_ms).change_named("g1-m1", timeout_s)
    assert (None if answer is None else type(answer)) == refusal


# -- quotas -----------------------------------------------------------------------------------------------------


def test_quotas_queues_no_more_in_flight_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IN_FLIGHT_FIFO_MAX", 3)
    engine = sent("g1-m1", "g1-m2", "g1-m3", "g1-m4", "g2-m1")
    assert engine.received(2) == ["g1-m1", "g1-m2"]
    assert engine.received(10) == ["g2-m1"], "one more may be in flight, and g1 is held back"
    assert engine.received(10) == [], "no error, and nothing more"
    engine.delete_named("g1-m1", "g1-m2")
    assert engine.received(10) == ["g1-m3", "g1-m4"]


# -- room -------------------------------------------------------------------------------------------------------


def test_a_group_that_is_used_for_ever_takes_no_more_room() -> None:
    engine = Fifo()
    engine.send("g1-first")
    engine.receive(timeout_s=43_200)
    for step in range(3_000):
        engine.at(step)
        engine.send(f"g2-{step}")
        (name,) = engine.received()
        engine.delete_named(name)
        engine.frames.clear()
    queue = engine.shard.queues[1]
    assert isinstance(queue, FifoQueue)
    assert len(queue._open) + sum(map(len, queue._groups.values())) < 3_000
