"""The log does not grow for ever, and nothing that lives is ever only in memory."""

from collections import deque
from collections.abc import Callable
from random import Random

import pytest
from msgspec.structs import replace

from core.queues.engine import configuring
from node_rig import QUEUE, MemoryLog, QueueRig, Rig, bodies, content
from qanat import codecs
from qanat.core.control import Control
from qanat.core.identity import commands as iam
from qanat.core.identity.model import root_of
from qanat.core.queues import commands as c
from qanat.core.queues.definition_commands import CreateQueue, DeleteQueue
from qanat.core.queues.message import MessageAttribute
from qanat.core.queues.moving import MoveStatus
from qanat.housekeeping import Expirer, HeadTrimmer, Rewriter, Snapshotter
from qanat.parking import Parking

ACCOUNT = "123456789012"
TRIM_FRAMES = 8
REWRITE_BYTES = 20_000


def all_of(*calls: Callable[[], None]) -> Callable[[], None]:
    def call_all() -> None:
        for call in calls:
            call()

    return call_all


class World(QueueRig):
    """A node of queues with housekeeping of small measure; everything it acknowledged is written down."""

    def __init__(self, rewrites: bool = True) -> None:
        super().__init__()
        trim = HeadTrimmer(self.node, TRIM_FRAMES)
        rewrite = Rewriter(self.node, self.shard, codecs.QUEUES, REWRITE_BYTES)
        self.node.after_commit = all_of(trim, rewrite) if rewrites else trim
        self.standing: set[str] = set()
        """What was acknowledged as sent, and nobody has asked to delete."""
        self.unwanted: set[str] = set()

    def send(self, body: str) -> None:
        def sent(_: object) -> None:
            if body not in self.unwanted:
                self.standing.add(body)

        self.node.submit(self.sending(body), sent)

    def receive(self, count: int = 10) -> list[c.Delivery]:
        return list(self.ask(c.Receive(QUEUE, count, 0)))

    def delete(self, delivery: c.Delivery) -> None:
        self.unwanted.add(delivery.content.body)
        self.standing.discard(delivery.content.body)  # from now on it may be gone
        self.submit(c.Delete(QUEUE, (c.Receipt(delivery.seq, delivery.receive_count),)))

    def churn(self, body: str) -> None:
        """Sends a message, receives it and deletes it, each in a commit of its own."""
        body += " " + "x" * 200
        self.ask(self.sending(body))
        (delivery,) = [d for d in self.receive(1_000) if d.content.body == body]
        self.ask(c.Delete(QUEUE, (c.Receipt(delivery.seq, delivery.receive_count),)))


def living(rig: QueueRig) -> list[str]:
    return sorted(message.content.body for message in rig.shard.queues[QUEUE].messages.values())


def same(one: QueueRig, other: QueueRig) -> bool:
    """Equal in all that a client can see."""
    return {
        queue_id: (queue.messages, queue.next_seq, queue.config, queue.purged_at_ms)
        for queue_id, queue in one.shard.queues.items()
    } == {
        queue_id: (queue.messages, queue.next_seq, queue.config, queue.purged_at_ms)
        for queue_id, queue in other.shard.queues.items()
    }


# -- trimming ---------------------------------------------------------------------------------------------------


def test_the_dead_head_is_dropped_in_lots() -> None:
    world = World(rewrites=False)
    trims: list[int] = []
    trim = world.log.trim
    world.log.trim = lambda before: (trims.append(before), trim(before))[1]  # type: ignore[func-returns-value, method-assign]  # notes and goes on
    world.ask(c.DropQueue(QUEUE))
    for queue_id in range(2, 30):
        world.ask(configuring(queue_id, 60_000))
        world.ask(c.DropQueue(queue_id))
    assert trims
    assert all(after - before >= TRIM_FRAMES for before, after in zip([1, *trims], trims, strict=False))
    assert len(world.log.frames) <= TRIM_FRAMES
    assert list(world.node.frame_sizes) == sorted(world.log.frames)
    assert world.node.statistics.log_bytes == sum(map(len, world.log.frames.values()))


def test_one_living_message_holds_all_behind_it() -> None:
    world = World(rewrites=False)
    world.ask(c.Keep(1, tuple(codecs.QUEUES.decode(world.log.frames[1])[0])))
    world.ask(world.sending("old"))
    for number in range(50):
        world.churn(f"m{number}")
    assert living(world.restarted()) == ["old"]
    assert world.log.before == 1


def test_a_trim_that_fails_stops_the_node() -> None:
    world = World(rewrites=False)

    def trim(before: int) -> None:
        raise OSError("disk on fire")

    world.log.trim = trim  # type: ignore[method-assign]  # a disk on fire
    world.ask(c.DropQueue(QUEUE))
    for queue_id in range(2, 2 + TRIM_FRAMES):
        world.submit(configuring(queue_id, 60_000))
        world.submit(c.DropQueue(queue_id))
        world.settle()
    assert [str(failure) for failure in world.failures] == ["disk on fire"]


# -- rewriting --------------------------------------------------------------------------------------------------


def test_the_log_stays_bounded_while_one_old_message_stays_alive() -> None:
    world = World()
    world.ask(world.sending("old"))
    sizes: list[int] = []
    for number in range(600):
        world.churn(f"m{number}")
        sizes.append(sum(map(len, world.log.frames.values())))
        assert sizes[-1] == world.node.statistics.log_bytes
    assert max(sizes) < 1.5 * REWRITE_BYTES
    assert world.node.statistics.appended_bytes > 5 * REWRITE_BYTES, "or this would prove nothing"
    again = world.restarted()
    assert (living(again), same(again, world)) == (["old"], True)


def deduplicated(world: World) -> None:
    """Messages that are gone, and that a FIFO queue must know for five minutes."""
    world.ask(configuring(2, 345_600_000, fifo=True))
    for number in range(300):
        sent = replace(content("x", world.loop.now_ms), group_id=f"{number}", deduplication_id=f"{number}")
        world.ask(c.Send(2, (c.Outgoing(sent, 0),)))
        (delivery,) = world.ask(c.Receive(2, 1, 30))
        world.ask(c.Delete(2, (c.Receipt(delivery.seq, 1),)))


def attempted(world: World) -> None:
    """Receives that a FIFO queue must know for five minutes."""
    world.ask(configuring(2, 345_600_000, fifo=True))
    for number in range(150):
        sent = replace(content("", world.loop.now_ms), group_id=f"{number}", deduplication_id=f"{number}")
        world.ask(c.Send(2, (c.Outgoing(sent, 0),)))
        world.ask(c.Receive(2, 1, 600, attempt_id=f"{number}"))


def dead_letters(world: World) -> None:
    world.ask(configuring(3, 345_600_000))
    arn = "arn:aws:sqs:us-east-2:123456789012:" + "s" * 80
    grave = world.shard.queues[3].config.arn
    config = replace(world.shard.queues[3].config, arn=arn, dead_letter_arn=grave, max_receive_count=1)
    world.ask(c.ConfigureQueue(2, config))
    for number in range(150):
        world.ask(world.sending(str(number), queue_id=2))
        world.ask(c.Receive(2, 1, 0))
        world.ask(c.Receive(2, 1, 0))


def many_queues(world: World) -> None:
    for queue_id in range(2, 400):
        world.ask(configuring(queue_id, 345_600_000))


def move_tasks(world: World) -> None:
    """Started by somebody of whom there is much to say."""
    caller = root_of(ACCOUNT)
    caller = replace(caller, arn=caller.arn + "p" * 500)
    for queue_id in range(2, 12):
        world.ask(configuring(queue_id, 345_600_000))
        for number in range(10):
            world.ask(c.StartMove(queue_id, f"{number}", None, None, caller))
            world.ask(c.EndMove(queue_id, f"{number}", MoveStatus.COMPLETED))


def letters_of_three_bytes(world: World) -> None:
    attribute = MessageAttribute("水" * 10, "String." + "水" * 200, "水")
    for _ in range(100):
        sent = replace(content("水", world.loop.now_ms), attributes=(attribute,), trace_header="水" * 200)
        world.ask(c.Send(QUEUE, (c.Outgoing(sent, 0),)))


@pytest.mark.parametrize(
    "fill", [deduplicated, attempted, dead_letters, many_queues, move_tasks, letters_of_three_bytes]
)
def test_what_all_lives_is_not_written_again_and_again(fill: Callable[[World], None]) -> None:
    world = World(rewrites=False)
    fill(world)
    assert world.node.statistics.log_bytes > REWRITE_BYTES, "or nothing would be rewritten"
    rewrite = Rewriter(world.node, world.shard, codecs.QUEUES, REWRITE_BYTES)
    world.node.after_commit = all_of(world.node.after_commit, rewrite)
    commits = world.node.statistics.commits
    world.submit(world.sending("one"))
    turns = 0
    # One that rewrites for ever would never settle.
    while (world.loop.turn() or world.worker.step()) and turns < 10_000:
        turns += 1
    assert turns < 10_000
    assert world.node.statistics.commits <= commits + len(world.log.frames)
    assert world.node.statistics.log_bytes < 2 * world.shard.live_bytes
    assert same(world.restarted(), world)


def test_the_log_stays_bounded_under_a_backlog_that_moves() -> None:
    """A hundred messages stand at any time, each for long; most of what is written dies at once."""
    world = World()
    backlog: deque[str] = deque()
    sizes: list[int] = []
    for number in range(300):
        backlog.append(f"long {number}")
        world.ask(world.sending(backlog[-1]))
        world.churn(f"short {number}")
        if len(backlog) > 100:
            body = backlog.popleft()
            (delivery,) = [d for d in world.receive(1_000) if d.content.body == body]
            world.ask(c.Delete(QUEUE, (c.Receipt(delivery.seq, delivery.receive_count),)))
        sizes.append(sum(map(len, world.log.frames.values())))
    assert max(sizes) < 4 * max(REWRITE_BYTES, world.shard.live_bytes)
    again = world.restarted()
    assert (living(again), same(again, world)) == (sorted(backlog), True)


def test_a_log_of_the_living_is_left_alone() -> None:
    """Or the disk would be written for ever with nothing to gain."""
    world = World()
    text = "水" * 2_000
    for number in range(50):
        world.ask(world.sending(f"{number} {text}"))
    commits = world.node.statistics.commits
    assert world.node.statistics.log_bytes > 10 * REWRITE_BYTES
    world.settle()
    assert world.node.statistics.commits == commits == 51


def test_a_damaged_frame_that_is_to_be_rewritten_stops_the_node() -> None:
    world = World()
    world.ask(world.sending("old"))
    world.log.frames[2] = (
        b"?" + world.log.frames[2][1:]
    )  # what a log itself finds, it raises as the same error
    for number in range(600):
        if world.failures:
            break
        world.submit(world.sending(f"m{number}"))
        world.settle()
        for delivery in world.shard.handle(c.Receive(QUEUE, 10, 0), world.loop.now_ms).reply:
            if delivery.content.body != "old":
                world.submit(c.Delete(QUEUE, (c.Receipt(delivery.seq, delivery.receive_count),)))
        world.settle()
    assert [type(failure).__name__ for failure in world.failures] == ["FrameDamaged"]


# -- a crash at any moment --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_a_crash_at_any_moment_loses_nothing_that_was_acknowledged(seed: int) -> None:
    """Trims, rewrites and commits overlap in every way; after each step the log alone must hold all that stands."""
    world, chance = World(), Random(seed)
    world.send("old")
    world.settle()
    for number in range(1_500):
        if chance.random() < 0.4:
            world.send(f"m{number} " + "x" * 40)
        found = list(world.shard.queues[QUEUE].messages.values())
        if len(found) > 12:
            for message in chance.sample(found[2:], 6):
                world.delete(c.Delivery.of(message))
        for happen in chance.choices((world.worker.step, world.loop.turn), k=chance.randrange(4)):
            happen()
            assert world.standing <= set(living(world.restarted()))
    world.settle()
    assert world.failures == []
    assert world.log.before > 100, "or this would prove nothing"
    again = world.restarted()
    assert same(again, world)
    assert bodies(again.ask(c.Receive(QUEUE, 1_000, 30))) == bodies(world.ask(c.Receive(QUEUE, 1_000, 30)))


# -- the control shard ------------------------------------------------------------------------------------------


class ControlWorld(Rig):
    def __init__(self, log: MemoryLog | None = None, appended_bytes_min: int = 2_000) -> None:
        self.control = Control()
        super().__init__(self.control, codecs.CONTROL, log)
        self.node.after_commit = all_of(HeadTrimmer(self.node, 1), Snapshotter(self.node, appended_bytes_min))

    def replayed(self) -> Control:
        log = MemoryLog()
        log.frames, log.before = dict(self.log.frames), self.log.before
        return ControlWorld(log).control


def test_snapshots_keep_the_control_log_short_and_replay_equal() -> None:
    world = ControlWorld()
    world.ask(iam.CreateAccount(ACCOUNT))
    sizes: list[int] = []
    for number in range(300):
        name = f"q{number % 7}"
        world.ask(CreateQueue(ACCOUNT, "us-east-2", name, (), (), 0))
        if number % 3:
            world.ask(DeleteQueue((ACCOUNT, "us-east-2", name)))
        sizes.append(world.node.statistics.log_bytes)
        assert world.node.statistics.log_bytes == sum(map(len, world.log.frames.values()))
        if number % 10 == 0:
            assert world.replayed().snapshot() == world.control.snapshot()
    assert world.replayed().snapshot() == world.control.snapshot()
    assert world.node.statistics.appended_bytes > 10 * max(sizes), "or this would prove nothing"
    assert world.log.before > 300


def test_a_snapshot_that_is_not_durable_drops_nothing() -> None:
    world = ControlWorld(appended_bytes_min=1)
    world.ask(iam.CreateAccount(ACCOUNT))
    for number in range(20):
        world.submit(CreateQueue(ACCOUNT, "us-east-2", f"q{number}", (), (), 0))
        while world.loop.turn() or world.worker.step():
            queues = world.replayed().catalogue.all_queues()
            assert len(queues) in (number, number + 1), "at every moment the log alone is enough"
    assert world.log.before > 1


def test_no_snapshot_is_taken_of_a_quiet_shard() -> None:
    world = ControlWorld(appended_bytes_min=1_000_000)
    for number in range(50):
        world.ask(CreateQueue(ACCOUNT, "us-east-2", f"q{number}", (), (), 0))
    assert (len(world.log.frames), world.log.before) == (50, 1)


def test_snapshots_grow_rarer_as_they_grow() -> None:
    """Four times its size must be appended first, so that snapshots never are most of what is written."""
    world = ControlWorld(appended_bytes_min=1)
    snapshots = 0
    for number in range(400):
        before = world.node.statistics.commits
        world.ask(CreateQueue(ACCOUNT, "us-east-2", f"queue-{number}", (), (), 0))
        snapshots += world.node.statistics.commits - before - 1
    assert 3 < snapshots < 60


def test_messages_expire_in_a_queue_that_nobody_asks() -> None:
    rig = QueueRig()
    expire = Expirer(rig.node, rig.shard, Parking(rig.node, rig.shard, rig.loop.as_loop()))
    rig.ask(rig.sending("old"))
    retention_ms = rig.shard.queues[QUEUE].config.retention_ms
    rig.pass_ms(retention_ms - 1)
    expire()
    rig.settle()
    assert len(rig.shard.queues[QUEUE].messages) == 1

    rig.pass_ms(1)
    expire()
    rig.settle()
    assert rig.shard.queues[QUEUE].messages == {}
    assert rig.restarted().shard.queues[QUEUE].messages == {}
