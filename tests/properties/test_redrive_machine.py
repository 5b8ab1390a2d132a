"""Dead letters and move tasks against a naive model, in step, over histories that hypothesis makes up.

Up to four queues of one type, each the dead-letter queue of any other or of itself: chains and rings. Queues go and
come again under their ARN. However the history goes, each living message is in one queue, once, with its past.
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize
from msgspec.structs import replace

from properties.history import History, action, many_steps
from qanat.core.identity.model import root_of
from qanat.core.queues import commands as c
from qanat.core.queues import errors
from qanat.core.queues.message import Content
from qanat.core.queues.model import QueueConfig
from qanat.core.queues.moving import MoveStatus, MoveTask
from qanat.core.queues.shard import QueueShard

WINDOW_MS = 300_000
NAMES = ("a", "b", "c", "d")
CALLER = root_of("123456789012")


def arn(name: str) -> str:
    return f"arn:aws:sqs:us-east-2:123456789012:{name}"


class Told:
    """A message in one queue. What moves is another one, made of it."""

    def __init__(self, seq: int, message_id: str, group: str | None, now_ms: int, visible_at_ms: int) -> None:
        self.seq = seq
        self.message_id = message_id
        self.group = group
        self.sent_at_ms = now_ms
        self.kept_since_ms = now_ms
        self.visible_at_ms = visible_at_ms
        self.receives = 0
        self.receives_here = 0
        self.first_received_at_ms = 0
        self.source: str | None = None

    def facts(self) -> tuple[object, ...]:
        return (
            self.seq,
            self.message_id,
            self.group,
            self.sent_at_ms,
            self.kept_since_ms,
            self.visible_at_ms,
            self.receives,
            self.receives_here,
            self.first_received_at_ms,
            self.source,
        )


class Model:
    def __init__(self, queue_id: int, name: str, fifo: bool, retention_ms: int) -> None:
        self.queue_id = queue_id
        self.name = name
        self.fifo = fifo
        self.retention_ms = retention_ms
        self.target: str | None = None
        self.limit = 0
        self.messages: list[Told] = []
        self.next_seq = 0
        self.known: list[tuple[str, str, int]] = []
        """(deduplication id, group, since)"""
        self.tasks: list[MoveTask] = []

    def at(self, now_ms: int) -> "Model":
        self.messages = [one for one in self.messages if now_ms - one.kept_since_ms < self.retention_ms]
        return self

    def add(self, message: Told) -> None:
        message.seq, self.next_seq = self.next_seq, self.next_seq + 1
        self.messages.append(message)

    def remember(self, deduplication_id: str, group: str, now_ms: int) -> None:
        self.known.append((deduplication_id, group, now_ms))

    def knows(self, deduplication_id: str, now_ms: int) -> bool:
        return any(known == deduplication_id and now_ms < at + WINDOW_MS for known, _, at in self.known)

    def receivable(self, now_ms: int) -> list[Told]:
        visible = [message for message in self.messages if message.visible_at_ms <= now_ms]
        if not self.fifo:
            return sorted(visible, key=lambda message: (message.visible_at_ms, message.seq))
        found = []
        for group in {message.group for message in self.messages}:
            of_it = [message for message in self.messages if message.group == group]
            hidden = [index for index, message in enumerate(of_it) if message.visible_at_ms > now_ms]
            if ready := of_it[: min(hidden, default=len(of_it))]:
                found.append((ready[0].visible_at_ms, ready[0].seq, ready))
        return [message for _, _, ready in sorted(found, key=lambda one: one[:2]) for message in ready]


class World:
    def __init__(self, fifo: bool) -> None:
        self.fifo = fifo
        self.queues: dict[str, Model] = {}
        self.receipts: list[tuple[int, c.Receipt]] = []

    def grave(self, model: Model) -> Model | None:
        return None if model.target is None else self.queues.get(model.target)

    def bury(self, model: Model, message: Told, grave: Model, now_ms: int) -> None:
        """It keeps id, times and count; in a FIFO queue its retention begins anew."""
        model.messages.remove(message)
        message.source, message.receives_here, message.visible_at_ms = model.name, 0, now_ms
        if self.fifo:
            message.kept_since_ms = now_ms
            assert message.group is not None
            grave.remember(message.message_id, message.group, now_ms)
        grave.add(message)

    def receive(self, model: Model, count: int, now_ms: int) -> list[Told]:
        """What was received too often among what would be handed out is buried; then the queue is looked at again."""
        while True:
            hand = model.receivable(now_ms)[:count]
            grave = self.grave(model)
            dead = [message for message in hand if message.receives_here >= model.limit]
            if grave is None or not dead:
                return hand
            for message in dead:
                self.bury(model, message, grave, now_ms)

    def tidy(self, model: Model, now_ms: int) -> None:
        grave = self.grave(model)
        while grave and (order := model.receivable(now_ms)) and order[0].receives_here >= model.limit:
            self.bury(model, order[0], grave, now_ms)


durations_s = st.sampled_from([0, 0, 0, 1, 30])
retentions_ms = st.sampled_from([60_000, 600_000, 345_600_000, 345_600_000])
names = st.sampled_from(NAMES)
targets = st.sampled_from([*NAMES, *NAMES, None])
groups = st.sampled_from(["g", "g", "h"])
choices = st.integers(0, 3)


class RedriveMachine(History):
    told: World

    @initialize(fifo=st.booleans(), a=targets, b=targets)
    def start(self, fifo: bool, a: str | None, b: str | None) -> None:
        self.told = World(fifo)
        for name in NAMES[:3]:
            self.create(name, 345_600_000)
        self.redrive("a", a, 1)
        self.redrive("b", b, 1)
        self.commit()

    def model(self, name: str) -> Model:
        """Any where there is none of that name."""
        for model in self.told.queues.values():
            model.at(self.now_ms)
        return self.told.queues.get(name) or next(iter(self.told.queues.values()))

    def busy(self, choice: int) -> Model:
        """One that has messages, where there is any."""
        models = [self.model(name) for name in self.told.queues]
        busy = [model for model in models if model.messages] or models
        return busy[choice % len(busy)]

    def configure(self, model: Model) -> None:
        config = QueueConfig(
            arn(model.name),
            model.retention_ms,
            model.fifo,
            False,
            None if model.target is None else arn(model.target),
            model.limit,
        )
        self.ask(c.ConfigureQueue(model.queue_id, config))

    @action(2, name=names, retention_ms=retentions_ms)
    def create(self, name: str, retention_ms: int) -> None:
        if name not in self.told.queues:
            model = Model(self.number(), name, self.told.fifo, retention_ms)
            self.told.queues[name] = model
            self.configure(model)

    @action(1, when=lambda self: len(self.told.queues) > 2, name=names)
    def drop(self, name: str) -> None:
        model = self.model(name)
        self.ask(c.DropQueue(model.queue_id))
        del self.told.queues[model.name]

    @action(2, name=names, to=targets, limit=st.sampled_from([1, 1, 2]))
    def redrive(self, name: str, to: str | None, limit: int) -> None:
        model = self.model(name)
        model.target, model.limit = to, limit if to else 0
        self.configure(model)

    @action(1, name=names, retention_ms=retentions_ms)
    def change_retention(self, name: str, retention_ms: int) -> None:
        model = self.model(name)
        model.retention_ms = retention_ms
        self.configure(model)

    @action(
        8,
        name=names,
        messages=st.lists(groups, min_size=1, max_size=4),
        delay_s=st.sampled_from([0, 0, 0, 2]),
    )
    def send(self, name: str, messages: list[str], delay_s: int) -> None:
        model = self.model(name)
        outgoing = []
        for in_group in messages:
            message_id = f"m{self.number()}"
            group, own_id = (in_group, f"own-{message_id}") if model.fifo else (None, None)
            content = Content(message_id, "body", "md5", (), None, "AIDA", group, self.now_ms, own_id)
            outgoing.append(c.Outgoing(content, delay_s))
            model.add(Told(0, message_id, group, self.now_ms, self.now_ms + delay_s * 1000))
        self.ask(c.Send(model.queue_id, tuple(outgoing)))

    @action(10, choice=choices, count=st.integers(1, 4), timeout_s=durations_s)
    def receive(self, choice: int, count: int, timeout_s: int) -> None:
        model = self.busy(choice)
        expected = []
        for message in self.told.receive(model, count, self.now_ms):
            message.receives += 1
            message.receives_here += 1
            message.first_received_at_ms = message.first_received_at_ms or self.now_ms
            message.visible_at_ms = self.now_ms + timeout_s * 1000
            self.told.receipts.append((model.queue_id, c.Receipt(message.seq, message.receives)))
            source = None if message.source is None else arn(message.source)
            expected.append(
                (message.message_id, message.seq, message.receives, message.first_received_at_ms, source)
            )
        found = self.ask(c.Receive(model.queue_id, count, timeout_s))
        assert [
            (d.content.message_id, d.seq, d.receive_count, d.first_received_at_ms, d.source_arn)
            for d in found
        ] == expected

    @action(3, choice=choices)
    def tidy(self, choice: int) -> None:
        """As a long poll does, before it looks."""
        model = self.busy(choice)
        self.ask(c.Count(model.queue_id))
        order, grave = model.receivable(self.now_ms), self.told.grave(model)
        untidy = bool(order and grave and order[0].receives_here >= model.limit)
        assert self.shard.is_untidy(model.queue_id, self.now_ms) == untidy
        self.shard.take_filled()
        self.ask(c.Tidy(model.queue_id))
        self.told.tidy(model, self.now_ms)
        assert self.shard.take_filled() == ({grave.queue_id} if untidy and grave else set())

    @action(2, choice=choices, which=st.integers(0, 5))
    def delete(self, choice: int, which: int) -> None:
        model = self.busy(choice)
        own = [receipt for given, receipt in self.told.receipts if given == model.queue_id]
        if not own:
            return
        receipt = own[-1 - which % len(own)]
        refused = self.ask(c.Delete(model.queue_id, (receipt,)))
        if not refused:
            model.messages = [message for message in model.messages if message.seq != receipt.seq]

    # -- move tasks ---------------------------------------------------------------------------------------------

    @action(3, choice=choices, destination=targets)
    def start_move(self, choice: int, destination: str | None) -> None:
        model = self.busy(choice)
        task_id, destination_arn = f"t{self.number()}", None if destination is None else arn(destination)
        reply = self.ask(c.StartMove(model.queue_id, task_id, destination_arn, None, CALLER))
        if any(task.active for task in model.tasks):
            assert isinstance(reply, errors.MoveTaskRunning)
            return
        task = MoveTask(task_id, destination_arn, None, self.now_ms, len(model.messages), CALLER)
        assert reply == task
        model.tasks = [*model.tasks, task][-10:]

    def active(self) -> list[tuple[Model, MoveTask]]:
        return [
            (model, task)
            for model in map(self.model, self.told.queues)
            for task in model.tasks
            if task.active
        ]

    @action(6, when=lambda self: self.active(), choice=choices, count=st.sampled_from([1, 1, 3]))
    def move(self, choice: int, count: int) -> None:
        model, task = self.active()[choice % len(self.active())]
        for _ in range(count):
            self.ask(c.Count(model.queue_id))
            order = model.receivable(self.now_ms)
            message = self.shard.next_message(model.queue_id, self.now_ms)
            assert (None if message is None else message.seq) == (order[0].seq if order else None)
            if message is not None:
                self.move_one(model, task.task_id, order[0])

    def move_one(self, model: Model, task_id: str, message: Told) -> None:
        new_id, now_ms = f"m{self.number()}", self.now_ms
        (index,) = [index for index, task in enumerate(model.tasks) if task.task_id == task_id]
        task = model.tasks[index]
        wanted = task.destination_arn or (None if message.source is None else arn(message.source))
        destination = next((one for one in self.told.queues.values() if arn(one.name) == wanted), None)
        reply = self.ask(c.MoveOne(model.queue_id, task_id, message.seq, new_id))
        if destination is None:
            assert isinstance(reply, errors.QueueDoesNotExist)
            return
        assert reply is None
        model.messages.remove(message)
        if model.fifo:
            if destination.knows(message.message_id, now_ms):
                return
            assert message.group is not None
            destination.remember(message.message_id, message.group, now_ms)
        destination.add(Told(0, new_id, message.group, now_ms, now_ms))
        moved = replace(task, moved=task.moved + 1)
        model.tasks[index] = moved

    @action(1, when=lambda self: self.active(), choice=choices, status=st.sampled_from(list(MoveStatus)[1:]))
    def end_move(self, choice: int, status: MoveStatus) -> None:
        model, task = self.active()[choice % len(self.active())]
        reply = self.ask(c.EndMove(model.queue_id, task.task_id, status, "because"))
        ended = MoveTask(
            task.task_id,
            task.destination_arn,
            None,
            task.started_at_ms,
            task.to_move,
            CALLER,
            task.moved,
            status,
            "because",
        )
        assert reply == ended
        model.tasks[model.tasks.index(task)] = ended

    @action(1, when=lambda self: self.active(), choice=choices)
    def a_message_whose_turn_it_is_not_stays(self, choice: int) -> None:
        model, task = self.active()[choice % len(self.active())]
        order = model.receivable(self.now_ms)
        for message in model.messages:
            if message not in order[:1]:
                assert self.ask(c.MoveOne(model.queue_id, task.task_id, message.seq, "never")) is None

    @action(5, step_ms=st.sampled_from([1, 1, 1_000, 1_000, 2_000, 30_000, 60_000, 300_000]))
    def time_passes(self, step_ms: int) -> None:
        self.now_ms += step_ms

    def compare(self, live: QueueShard) -> None:
        """Each living message once, where it belongs, with its past."""
        for name in self.told.queues:
            model = self.model(name)
            queue = live.queues[model.queue_id]
            found = [
                (
                    message.seq,
                    message.content.message_id,
                    message.content.group_id,
                    message.content.sent_at_ms,
                    message.retained_from_ms,
                    message.visible_at_ms,
                    message.receive_count,
                    message.receives_here,
                    message.first_received_at_ms,
                    message.source_arn,
                )
                for message in sorted(queue.messages.values(), key=lambda message: message.seq)
            ]
            told = [(*one.facts()[:-1], one.source and arn(one.source)) for one in model.messages]
            assert found == told
            assert list(queue.tasks) == model.tasks
            assert live.handle(c.ListMoves(model.queue_id), self.now_ms).reply == tuple(model.tasks[::-1])
        assert len(live.queues) == len(self.told.queues)


RedriveMachine.TestCase.settings = many_steps(80, 50)

TestRedrive: Any = RedriveMachine.TestCase
