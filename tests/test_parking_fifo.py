"""Long polls of FIFO queues: what wakes them is what frees a group."""

from typing import Any

import pytest

from core.queues.engine import configuring
from core.queues.fifo_engine import content
from node_rig import QueueRig, bodies, here
from qanat.core.queues import commands as c
from qanat.housekeeping import Expirer
from qanat.parking import Parking

FIFO = 7
GRAVE = 8


class World(QueueRig):
    def __init__(self, retention_ms: int = 345_600_000, **config: Any) -> None:
        super().__init__()
        self.ask(configuring(GRAVE, 345_600_000, fifo=True))
        self.ask(configuring(FIFO, retention_ms, fifo=True, **config))
        self.parking = Parking(self.node, self.shard, self.loop.as_loop())
        self.receipts: dict[str, c.Receipt] = {}

    def send(self, *names: str) -> None:
        for name in names:
            outgoing = c.Outgoing(content(name, name, self.loop.now_ms), 0)
            self.submit(c.Send(FIFO, (outgoing,)))
        self.parking.wake(FIFO)
        self.settle()

    def poll(
        self, count: int = 10, timeout_s: int = 30, attempt: str | None = None, queue_id: int = FIFO
    ) -> list[Any]:
        """The list that gets the reply when there is one."""
        replies: list[Any] = []
        command = c.Receive(queue_id, count, timeout_s, long_poll=True, attempt_id=attempt)
        self.parking.receive(command, 20, lambda reply: replies.append(self.noted(reply)), here)
        self.settle()
        return replies

    def noted(self, deliveries: tuple[c.Delivery, ...]) -> list[str]:
        for one in deliveries:
            self.receipts[one.content.body] = c.Receipt(one.seq, one.receive_count)
        return bodies(deliveries)

    def delete(self, name: str) -> None:
        """As the API does it."""
        self.submit(c.Delete(FIFO, (self.receipts[name],)))
        self.parking.wake(FIFO)
        self.settle()

    def change(self, name: str, timeout_s: int) -> None:
        self.submit(c.ChangeVisibility(FIFO, (c.VisibilityChange("h", self.receipts[name], timeout_s),)))
        self.parking.wake(FIFO)
        self.settle()


def test_recorded_a_delete_wakes_the_next_of_three_with_the_next_of_the_group() -> None:
    world = World()
    polls = [world.poll(1) for _ in range(3)]
    world.send("g-1")
    world.send("g-2")
    assert polls == [[["g-1"]], [], []], "a send to a group in flight wakes nobody"
    world.delete("g-1")
    assert polls == [[["g-1"]], [["g-2"]], []]


@pytest.mark.parametrize(("timeout_s", "wait_ms"), [(0, 0), (3, 3_000)])
def test_a_changed_visibility_timeout_wakes_with_that_message_only(timeout_s: int, wait_ms: int) -> None:
    world = World()
    world.send("g-1", "g-2")
    world.poll()
    waiting = world.poll()
    world.change("g-1", timeout_s)
    world.pass_ms(wait_ms)
    assert waiting == [["g-1"]]


def test_a_message_that_becomes_visible_behind_one_in_flight_wakes_nobody() -> None:
    world = World()
    world.send("g-1", "g-2")
    world.poll(1, timeout_s=15)
    world.change("g-1", 15)
    waiting = world.poll()
    world.pass_ms(14_999)
    assert waiting == []
    world.pass_ms(1)
    assert waiting == [["g-1", "g-2"]]


def test_another_group_is_not_held_up() -> None:
    world = World()
    world.send("g-1")
    world.poll()
    waiting = world.poll()
    world.send("h-1")
    assert waiting == [["h-1"]]


def test_a_receive_that_is_asked_for_again_has_its_messages_and_does_not_wait_for_others() -> None:
    """The answer to a long poll got lost; its client asks again by the same attempt id, and polls again."""
    world = World()
    world.send("g-1", "g-2")
    assert world.poll(attempt="a") == [["g-1", "g-2"]]
    assert world.poll(attempt="a") == [["g-1", "g-2"]]
    assert world.poll(attempt="b") == [], "nothing for another attempt"
    assert world.parking.count == 1


def test_a_dead_letter_frees_its_group_for_who_waits() -> None:
    grave = "arn:aws:sqs:us-east-2:123456789012:8"
    world = World(dead_letter_arn=grave, max_receive_count=1)
    world.send("g-1", "g-2")
    world.poll(1, timeout_s=5)
    waiting, at_the_grave = world.poll(), world.poll(queue_id=GRAVE)
    world.pass_ms(5_000)
    assert (waiting, at_the_grave) == ([["g-2"]], [["g-1"]])


def test_an_expired_message_frees_its_group_for_who_waits() -> None:
    world = World(retention_ms=60_000)
    expire = Expirer(world.node, world.shard, world.parking)
    world.send("g-1")
    world.poll(timeout_s=43_200)
    world.pass_ms(50_000)
    world.send("g-2")
    waiting = world.poll()
    world.pass_ms(10_000)
    expire()
    world.settle()
    assert waiting == [["g-2"]]
