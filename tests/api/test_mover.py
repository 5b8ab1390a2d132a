"""Move tasks as they are carried out (API StartMessageMoveTask): how fast, how far, and what ends them."""

import json
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from node_rig import MemoryLog, QueueRig, here
from qanat.api.authorise import Authoriser
from qanat.api.sqs.mover import Mover
from qanat.core.control import Control
from qanat.core.identity import commands as iam
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.model import caller_of, root_of
from qanat.core.limits import BURIED_MAX
from qanat.core.queues import commands as c
from qanat.core.queues import definition_commands as definitions
from qanat.core.queues.message import Content
from qanat.core.queues.model import Queue
from qanat.core.queues.moving import MoveStatus, MoveTask
from qanat.parking import Parking

ACCOUNT, REGION = "123456789012", "us-east-2"
GRAVE, SOURCE, OTHER = "grave", "source", "other"
TASK = "task"
ALL = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


class World(QueueRig):
    """Three queues, `grave` the dead-letter queue of `source`; and the mover of their node."""

    def __init__(
        self, suffix: str = "", log: MemoryLog | None = None, control: Control | None = None
    ) -> None:
        super().__init__(log)
        self.suffix = suffix
        self.control = control or Control()
        if control is None:
            self.told(iam.CreateAccount(ACCOUNT))
        self.queues: dict[str, Queue] = {}
        self.numbers = count(1)
        self.make(GRAVE)
        self.make(SOURCE)
        self.make(OTHER)
        self.parking = Parking(self.node, self.shard, self.loop.as_loop())
        self.mover = Mover(
            self.control,
            self.shard,
            self.parking,
            Authoriser(self.control),
            self.clock,
            self.loop.as_loop(),
            lambda: f"new-{next(self.numbers)}",
        )

    def told(self, command: object) -> Any:
        reply = self.control.handle(command, self.loop.now_ms).reply
        assert not isinstance(reply, Exception), reply
        return reply

    def arn(self, name: str) -> str:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}{self.suffix}"

    def make(self, name: str) -> None:
        attributes = {"FifoQueue": "true"} if self.suffix else {}
        if name == SOURCE:
            policy = {"deadLetterTargetArn": self.arn(GRAVE), "maxReceiveCount": 1}
            attributes["RedrivePolicy"] = json.dumps(policy)
        pairs = tuple(sorted(attributes.items()))
        queue = self.told(definitions.CreateQueue(ACCOUNT, REGION, name + self.suffix, pairs, (), 0))
        self.queues[name] = queue
        self.ask(c.ConfigureQueue(self.id(name), self.control.catalogue.settings(queue).config))

    def id(self, name: str) -> int:
        # Beside the queue that every rig has.
        return self.queues[name].queue_id + 100

    def drop(self, name: str) -> None:
        self.told(definitions.DeleteQueue(self.queues[name].key))
        self.ask(c.DropQueue(self.id(name)))

    def set_policy(self, name: str, statement: dict[str, Any]) -> None:
        document = {"Version": "2012-10-17", "Statement": statement}
        policy = (("Policy", json.dumps(document)),)
        self.told(definitions.SetQueueAttributes(self.queues[name].key, policy))

    def put(self, name: str, body: str, message_id: str, deduplication_id: str) -> None:
        group = ("g", deduplication_id) if self.suffix else (None, None)
        content = Content(message_id, body, "md5", (), None, "AIDA", group[0], self.loop.now_ms, group[1])
        self.ask(c.Send(self.id(name), (c.Outgoing(content, 0),)))

    def bury(self, number: int) -> None:
        """So many messages are received once and then die."""
        for index in range(number):
            self.put(SOURCE, f"m{index}", f"id-{index}", f"d{index}")
        for _ in range(2):
            self.ask(c.Receive(self.id(SOURCE), number, 0))
        assert self.bodies(GRAVE) == [f"m{index}" for index in range(number)]

    def start(self, destination: str | None = None, rate: int | None = None, caller: Any = None) -> None:
        arn = None if destination is None else self.arn(destination)
        self.ask(c.StartMove(self.id(GRAVE), TASK, arn, rate, caller or root_of(ACCOUNT)))
        self.mover.begin(self.id(GRAVE), TASK)
        self.settle()

    @property
    def task(self) -> MoveTask:
        (task,) = self.ask(c.ListMoves(self.id(GRAVE)))
        assert isinstance(task, MoveTask)
        return task

    def bodies(self, name: str) -> list[str]:
        return [message.content.body for message in self.shard.queues[self.id(name)].messages.values()]


@pytest.fixture(params=["", ".fifo"], ids=["standard", "fifo"])
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


def test_all_go_back_where_they_came_from(world: World) -> None:
    world.bury(7)
    world.start()
    world.pass_ms(1_000)
    assert (world.bodies(SOURCE), world.bodies(GRAVE)) == ([f"m{index}" for index in range(7)], [])
    assert (world.task.status, world.task.moved, world.task.to_move) == (MoveStatus.COMPLETED, 7, 7)
    (first, *_) = world.ask(c.Receive(world.id(SOURCE), 1, 30))
    assert (first.content.message_id, first.receive_count, first.source_arn) == ("new-1", 1, None)
    assert world.loop.timers == []


@pytest.mark.parametrize(
    ("rate", "after_ms", "moved"),
    [
        (1, 0, 1),
        (1, 999, 1),
        (1, 1_000, 2),
        (1, 3_000, 4),
        (10, 0, 1),
        (10, 100, 2),
        (10, 1_000, 11),
        (500, 0, 50),
        (500, 100, 100),
        (None, 0, 50),
    ],
)
def test_messages_per_second(rate: int | None, after_ms: int, moved: int) -> None:
    world = World()
    world.bury(120)
    world.start(rate=rate)
    world.pass_ms(after_ms)
    assert (world.task.moved, len(world.bodies(SOURCE)), len(world.bodies(GRAVE))) == (
        moved,
        moved,
        120 - moved,
    )


def test_another_destination(world: World) -> None:
    world.bury(3)
    world.start(OTHER)
    world.pass_ms(1_000)
    assert (world.bodies(OTHER), world.bodies(SOURCE)) == (["m0", "m1", "m2"], [])


def test_who_waits_at_the_destination_is_woken(world: World) -> None:
    world.bury(1)
    replies: list[Any] = []
    world.parking.receive(c.Receive(world.id(OTHER), 10, 30, long_poll=True), 20, replies.append, here)
    world.start(OTHER)
    assert [delivery.content.body for delivery in replies[0]] == ["m0"]


def test_an_empty_queue_has_nothing_to_move(world: World) -> None:
    world.start()
    assert (world.task.status, world.task.moved, world.task.to_move) == (MoveStatus.COMPLETED, 0, 0)


def test_what_comes_after_the_start_stays() -> None:
    world = World()
    world.bury(2)
    world.start(OTHER, rate=1)
    world.put(GRAVE, "later", "id-later", "later")
    world.pass_ms(10_000)
    assert (world.task.status, world.task.moved) == (MoveStatus.COMPLETED, 2)
    assert world.bodies(GRAVE) == ["later"]


def test_cancelled(world: World) -> None:
    world.bury(5)
    world.start(rate=1)
    world.pass_ms(1_000)
    cancelling = world.ask(c.EndMove(world.id(GRAVE), TASK, MoveStatus.CANCELLING))
    assert (cancelling.status, cancelling.moved) == (MoveStatus.CANCELLING, 2)
    world.pass_ms(1_000)
    assert (world.task.status, world.task.moved) == (MoveStatus.CANCELLED, 2)
    world.pass_ms(60_000)
    assert len(world.bodies(GRAVE)) == 3
    assert world.loop.timers == []


def test_a_policy_that_changes_midway(world: World) -> None:
    world.told(iam.CreateUser(ACCOUNT, "ann", "/", "AIDAANN"))
    world.told(iam.PutInlinePolicy(HolderKind.USER, ACCOUNT, "ann", "all", ALL))
    user = world.control.identity.user(ACCOUNT, "ann")
    assert user is not None
    world.bury(5)
    world.start(rate=1, caller=caller_of(user))
    world.pass_ms(1_000)
    world.set_policy(
        SOURCE,
        {"Effect": "Deny", "Principal": {"AWS": user.arn}, "Action": "sqs:SendMessage", "Resource": "*"},
    )
    world.pass_ms(1_000)
    task = world.task
    assert (task.status, task.failure_reason, task.moved) == (MoveStatus.FAILED, "AccessDenied", 2)
    assert (len(world.bodies(SOURCE)), len(world.bodies(GRAVE))) == (2, 3)
    assert world.loop.timers == []


@pytest.mark.parametrize("destination", [None, OTHER], ids=["the source that each came from", "one named"])
def test_a_destination_that_vanishes(world: World, destination: str | None) -> None:
    world.bury(5)
    world.start(destination, rate=1)
    world.drop(destination or SOURCE)
    world.pass_ms(1_000)
    reason = "AWS.SimpleQueueService.NonExistentQueue"
    assert (world.task.status, world.task.failure_reason) == (MoveStatus.FAILED, reason)
    assert len(world.bodies(GRAVE)) == 4
    assert len(world.ask(c.Receive(world.id(GRAVE), 10, 30))) == 4, "the rest may be received"


def test_a_destination_made_again_is_the_destination(world: World) -> None:
    world.bury(3)
    world.start(OTHER, rate=1)
    world.drop(OTHER)
    world.make(OTHER)
    world.pass_ms(3_000)
    assert (world.task.status, world.bodies(OTHER)) == (MoveStatus.COMPLETED, ["m1", "m2"])


def test_a_message_that_came_from_nowhere_has_no_way_back() -> None:
    """Docs: it takes a destination to move what was sent straight to the dead-letter queue."""
    world = World()
    world.put(GRAVE, "direct", "id-direct", "direct")
    world.start()
    assert (world.task.status, world.bodies(GRAVE)) == (MoveStatus.FAILED, ["direct"])


def test_a_source_that_vanishes_ends_all_quietly(world: World) -> None:
    world.bury(5)
    world.start(rate=1)
    world.drop(GRAVE)
    world.pass_ms(10_000)
    assert world.loop.timers == []
    assert world.failures == []


def test_messages_in_flight_are_left_alone_and_waited_for(world: World) -> None:
    world.bury(3)
    (held,) = world.ask(c.Receive(world.id(GRAVE), 1, 30))
    world.start()
    world.pass_ms(29_000)
    moved = 0 if world.suffix else 2
    assert (world.task.status, world.task.moved, world.task.to_move) == (MoveStatus.RUNNING, moved, 3)
    assert held.content.body in world.bodies(GRAVE)
    world.pass_ms(2_000)
    assert (world.task.status, world.task.moved) == (MoveStatus.COMPLETED, 3)
    assert world.loop.timers == []


def test_what_was_in_flight_and_is_deleted_is_waited_for_no_more(world: World) -> None:
    world.bury(1)
    (held,) = world.ask(c.Receive(world.id(GRAVE), 1, 30))
    world.start()
    world.ask(c.Delete(world.id(GRAVE), (c.Receipt(held.seq, held.receive_count),)))
    world.pass_ms(1_000)
    assert (world.task.status, world.task.moved) == (MoveStatus.COMPLETED, 0)


def test_very_many_dead_letters_of_the_queue_itself_go_their_own_way_first(world: World) -> None:
    """More of them than one frame takes. None of them is moved by the task."""
    count = BURIED_MAX + 3
    config = world.shard.queues[world.id(GRAVE)].config
    world.ask(
        c.ConfigureQueue(
            world.id(GRAVE), replace(config, dead_letter_arn=world.arn(OTHER), max_receive_count=1)
        )
    )
    for index in range(count):
        world.put(GRAVE, f"dead{index}", f"id-{index}", f"d{index}")
    world.ask(c.Receive(world.id(GRAVE), count, 0))
    world.put(GRAVE, "alive", "id-alive", "alive")
    world.start(SOURCE)
    assert (len(world.bodies(OTHER)), world.bodies(SOURCE)) == (BURIED_MAX, [])
    world.pass_ms(2_000)
    assert world.bodies(OTHER) == [f"dead{index}" for index in range(count)]
    assert (world.bodies(SOURCE), world.bodies(GRAVE)) == (["alive"], [])
    assert (world.task.status, world.task.moved) == (MoveStatus.COMPLETED, 1)


def test_a_task_takes_no_longer_than_36_hours_whatever_is_in_flight() -> None:
    world = World()
    world.bury(1)
    for number in range(4):
        # Twelve hours are the longest timeout; each receive comes as the one before ends.
        world.submit(c.Receive(world.id(GRAVE), 1, 43_200))
        if not number:
            world.start()
        world.pass_ms(43_200_000 - 1)
        assert world.task.status is (MoveStatus.FAILED if number == 3 else MoveStatus.RUNNING)
        world.loop.now_ms += 1


def test_recorded_a_collision_takes_the_message_out_and_is_not_counted() -> None:
    world = World(".fifo")
    world.bury(1)
    world.put(OTHER, "known", "id-known", "id-0")
    world.start(OTHER)
    world.pass_ms(2_000)
    assert (world.task.status, world.task.moved, world.task.to_move) == (MoveStatus.COMPLETED, 0, 1)
    assert (world.bodies(OTHER), world.bodies(GRAVE)) == (["known"], [])


@pytest.mark.parametrize("cancelling", [False, True])
def test_a_task_goes_on_after_a_restart(world: World, cancelling: bool) -> None:
    world.bury(6)
    world.start(OTHER, rate=1)
    world.pass_ms(2_000)
    if cancelling:
        world.ask(c.EndMove(world.id(GRAVE), TASK, MoveStatus.CANCELLING))
    log = MemoryLog()
    log.frames, log.before = dict(world.log.frames), world.log.before
    again = World(world.suffix, log, world.control)
    assert (again.task.moved, again.loop.timers) == (3, [])
    again.mover.resume()
    again.pass_ms(10_000)
    moved, status = (3, MoveStatus.CANCELLED) if cancelling else (6, MoveStatus.COMPLETED)
    assert (again.task.status, again.task.moved, len(again.bodies(OTHER))) == (status, moved, moved)
    assert again.loop.timers == []


def test_what_has_ended_does_not_go_on_after_a_restart(world: World) -> None:
    world.bury(1)
    world.start()
    world.pass_ms(1_000)
    world.mover.resume()
    assert world.loop.timers == []


def test_closed(world: World) -> None:
    world.bury(3)
    world.start(rate=1)
    world.mover.close()
    world.pass_ms(10_000)
    assert (world.loop.timers, world.task.moved) == ([], 1)
