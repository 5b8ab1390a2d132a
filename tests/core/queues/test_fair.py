"""Fair queues (DG sqs-fair-queues): one group that floods a standard queue holds nobody else up."""

from collections.abc import Callable

import pytest

from core.queues.engine import QUEUE, Engine
from qanat.core.queues import commands as c
from qanat.core.queues.fair import NOISY_MIN, NOISY_SHARE
from qanat.core.queues.message import Content
from qanat.core.queues.standard import StandardQueue


class Fair(Engine):
    def fill(self, group: str | None, *bodies: str) -> None:
        contents = [
            Content(f"id-{body}", body, "md5", (), None, "AIDA", group, self.now_ms) for body in bodies
        ]
        self.ask(c.Send(QUEUE, tuple(c.Outgoing(content, 0) for content in contents)))

    def flood(self, group: str, count: int = NOISY_MIN) -> None:
        self.fill(group, *(f"{group}-{number}" for number in range(count)))

    @property
    def noisy(self) -> int:
        queue = self.shard.queues[QUEUE]
        assert isinstance(queue, StandardQueue)
        return len(queue.noisy_groups())


def test_groups_of_a_standard_queue_have_neither_order_nor_lock() -> None:
    engine = Fair()
    engine.fill("a", "a-1", "a-2")
    assert engine.received(1) == ["a-1"]
    assert engine.received(1) == ["a-2"]


def test_while_none_is_noisy_all_come_in_the_order_of_becoming_visible() -> None:
    engine = Fair()
    for step, (group, body) in enumerate([("a", "1"), (None, "2"), ("b", "3"), ("a", "4"), (None, "5")]):
        engine.at(step).fill(group, body)
    assert engine.received() == ["1", "2", "3", "4", "5"]


def test_the_quiet_and_those_without_a_group_go_before_a_backlog() -> None:
    engine = Fair()
    engine.flood("loud", 100)
    engine.at(1).fill("quiet", "q-1")
    engine.at(2).fill(None, "n-1")
    engine.at(3).fill("quiet", "q-2")
    for one in (engine.restarted(), engine):
        assert one.received(5) == ["q-1", "n-1", "q-2", "loud-0", "loud-1"]


def test_with_as_many_in_flight_a_group_is_noisy_though_little_of_it_waits() -> None:
    engine = Fair()
    engine.flood("loud", NOISY_MIN + 2)
    assert len(engine.receive(NOISY_MIN)) == NOISY_MIN
    engine.at(1).fill("quiet", "q-1")
    assert engine.noisy == 1
    assert engine.restarted().received(2) == engine.received(2) == ["q-1", f"loud-{NOISY_MIN}"]


@pytest.mark.parametrize(("count", "noisy"), [(NOISY_MIN - 1, 0), (NOISY_MIN, 1)])
@pytest.mark.parametrize("in_flight", [False, True])
def test_a_few_are_no_flood(count: int, noisy: int, in_flight: bool) -> None:
    engine = Fair()
    engine.flood("loud", count)
    if in_flight:
        engine.receive(count)
    assert engine.noisy == noisy


@pytest.mark.parametrize(("others", "noisy"), [(NOISY_SHARE - 2, 1), (NOISY_SHARE - 1, 0)])
@pytest.mark.parametrize("in_flight", [False, True])
def test_more_than_a_tenth_is_a_flood(others: int, noisy: int, in_flight: bool) -> None:
    """A tenth is none: NOISY_MIN of ten times as many in all."""
    engine = Fair()
    engine.flood("loud")
    for number in range(others * NOISY_MIN):
        engine.fill(None, f"n-{number}")
    if in_flight:
        engine.receive((others + 1) * NOISY_MIN)
    assert engine.noisy == noisy


def release(engine: Fair, deliveries: list[c.Delivery]) -> None:
    changes = tuple(c.VisibilityChange("h", c.Receipt(one.seq, one.receive_count), 0) for one in deliveries)
    engine.ask(c.ChangeVisibility(QUEUE, changes))


def delete(engine: Fair, deliveries: list[c.Delivery]) -> None:
    engine.delete(*(c.Receipt(one.seq, one.receive_count) for one in deliveries))


@pytest.mark.parametrize(
    ("act", "order"),
    [
        (release, ["loud-30", "q-1", *(f"loud-{number}" for number in range(8))]),
        (delete, ["loud-30", "q-1"]),
    ],
    ids=["released", "deleted"],
)
def test_a_group_is_quiet_again_when_it_has_little_in_flight(
    act: Callable[[Fair, list[c.Delivery]], None], order: list[str]
) -> None:
    """The one that waits came first, and comes first again; what was released is a backlog anew."""
    engine = Fair()
    engine.flood("loud", NOISY_MIN + 1)
    deliveries = engine.receive(NOISY_MIN)
    engine.at(1).fill("quiet", "q-1")
    assert engine.noisy == 1
    act(engine, deliveries)
    released = act is release
    assert engine.noisy == released
    expected = ["q-1", "loud-30", *order[2:]] if released else order
    assert engine.restarted().received() == engine.received() == expected


def test_of_the_noisy_the_one_with_fewest_in_flight_goes_first() -> None:
    engine = Fair()
    engine.flood("a", 60)
    engine.at(1).flood("b", 60)
    assert engine.received(3) == ["a-0", "a-1", "a-2"], "nothing is in flight: the older"
    assert engine.received(2) == ["b-0", "b-1"]
    assert engine.received(2) == ["b-2", "b-3"], "two are less than three"
    assert engine.restarted().received(1) == engine.received(1) == ["a-3"]


def test_a_noisy_group_that_is_gone_leaves_nothing_behind() -> None:
    engine = Fair()
    engine.flood("loud", 100)
    engine.fill("quiet", "q-1")
    assert engine.received(1) == ["q-1"]
    engine.purge()
    assert (engine.noisy, engine.counts()) == (0, (0, 0, 0))
    engine.fill("loud", "again")
    assert engine.received() == ["again"]


def test_what_is_looked_at_is_what_is_taken() -> None:
    """A long poll asks what would come before it takes."""
    engine = Fair()
    engine.flood("loud", 100)
    engine.at(1).fill("quiet", "q-1", "q-2")
    for _ in range(10):
        message = engine.shard.next_message(QUEUE, engine.now_ms)
        assert message is not None
        assert engine.received(1) == [message.content.body]


def test_groups_that_come_and_go_for_ever_take_no_more_room() -> None:
    engine = Fair()
    engine.fill("stays", "stays")
    engine.receive(timeout_s=43_200)
    for step in range(3_000):
        engine.at(step)
        engine.fill(f"g{step}", "m")
        (delivery,) = engine.receive(timeout_s=step % 2)
        engine.delete(c.Receipt(delivery.seq, delivery.receive_count))
        engine.frames.clear()
    queue = engine.shard.queues[QUEUE]
    assert isinstance(queue, StandardQueue)
    assert queue._turns is not None
    assert len(queue._turns._groups) == 1
    assert len(queue._turns._line) < 1_000


def test_one_group_used_for_ever_takes_no_more_room() -> None:
    engine = Fair()
    engine.fill("g", "a", "b")
    for step in range(1, 3_000):
        engine.at(step).receive(1, timeout_s=0)
        engine.frames.clear()
    queue = engine.shard.queues[QUEUE]
    assert isinstance(queue, StandardQueue)
    assert queue._turns is not None
    assert len(queue._turns._groups["g"].ready) < 300
    assert engine.counts() == (2, 0, 0)
