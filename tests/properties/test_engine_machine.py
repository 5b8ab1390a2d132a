"""Standard queues against a naive model of lists, in step, over histories that hypothesis makes up."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from core.queues.engine import configuring, content
from properties.history import PURGE_INTERVAL_MS, History, action, many_steps
from qanat.core import limits
from qanat.core.errors import QanatError
from qanat.core.queues import commands as c
from qanat.core.queues import errors
from qanat.core.queues.shard import QueueShard


class Told:
    """A message, as someone with pen and paper would follow it."""

    def __init__(self, body: str, sent_at_ms: int, visible_at_ms: int) -> None:
        self.body = body
        self.sent_at_ms = sent_at_ms
        self.visible_at_ms = visible_at_ms
        self.received_at_ms: list[int] = []


class Model:
    """One queue. Its messages stand in the order of sending; `None` where one is gone, so an index is its seq."""

    def __init__(self, retention_ms: int) -> None:
        self.retention_ms = retention_ms
        self.messages: list[Told | None] = []
        self.purged_at_ms = 0

    def expire(self, now_ms: int) -> None:
        for seq, message in enumerate(self.messages):
            if message is not None and now_ms - message.sent_at_ms >= self.retention_ms:
                self.messages[seq] = None

    def living(self, now_ms: int) -> list[tuple[int, Told]]:
        self.expire(now_ms)
        return [(seq, message) for seq, message in enumerate(self.messages) if message is not None]

    def receivable(self, now_ms: int) -> list[tuple[int, Told]]:
        visible = [(seq, one) for seq, one in self.living(now_ms) if one.visible_at_ms <= now_ms]
        return sorted(visible, key=lambda pair: (pair[1].visible_at_ms, pair[0]))

    def counts(self, now_ms: int) -> tuple[int, int, int]:
        hidden = [one for _, one in self.living(now_ms) if one.visible_at_ms > now_ms]
        in_flight = sum(1 for one in hidden if one.received_at_ms)
        return len(self.receivable(now_ms)), in_flight, len(hidden) - in_flight

    def change(self, receipt: c.Receipt, timeout_s: int, now_ms: int) -> type[QanatError] | None:
        message = self.messages[receipt.seq]
        if message is None:
            return errors.MessageNotAvailable
        if message.visible_at_ms <= now_ms:
            return None
        if now_ms + timeout_s * 1000 - message.received_at_ms[-1] > limits.VISIBILITY_TOTAL_MS:
            return errors.VisibilityTooLong
        message.visible_at_ms = now_ms + timeout_s * 1000
        return None


# Weighted so that messages live long enough to have a past: what comes twice is what mostly happens.
durations_s = st.sampled_from([0, 1, 1, 2, 30, 30, 3_600, 43_200])
retentions_ms = st.sampled_from([60_000, 120_000, 345_600_000, 345_600_000])
passing_ms = st.sampled_from(
    [1, 999, 1_000, 1_000, 2_000, 2_000, 30_000, 30_000, 60_000, 43_200_000, 345_600_000]
)
queue_choices = st.sampled_from([0, 0, 0, 1, 2])
receipt_choices = st.integers(0, 5)


class World:
    def __init__(self) -> None:
        self.queues: dict[int, Model] = {}
        self.gone: list[int] = []
        self.receipts: list[tuple[int, c.Receipt]] = []


class EngineMachine(History):
    told: World

    def pick(self, choice: int) -> tuple[int, Model]:
        ids = sorted(self.told.queues)
        queue_id = ids[choice % len(ids)]
        self.told.queues[queue_id].expire(self.now_ms)
        return queue_id, self.told.queues[queue_id]

    @initialize(retention_ms=retentions_ms)
    def first_queue(self, retention_ms: int) -> None:
        self.told = World()
        self.create(retention_ms)
        self.commit()

    @action(1, when=lambda self: len(self.told.queues) < 3, retention_ms=retentions_ms)
    def create(self, retention_ms: int) -> None:
        queue_id = self.number()
        self.ask(configuring(queue_id, retention_ms))
        self.told.queues[queue_id] = Model(retention_ms)

    @action(1, when=lambda self: len(self.told.queues) > 1, choice=queue_choices)
    def drop(self, choice: int) -> None:
        queue_id, _ = self.pick(choice)
        self.ask(c.DropQueue(queue_id))
        del self.told.queues[queue_id]
        self.told.gone.append(queue_id)

    @action(1, when=lambda self: self.told.gone, choice=queue_choices)
    def ask_of_the_gone(self, choice: int) -> None:
        queue_id = self.told.gone[choice % len(self.told.gone)]
        assert isinstance(self.ask(c.Receive(queue_id, 10, 30)), errors.QueueDoesNotExist)
        self.ask(c.DropQueue(queue_id))

    @action(
        8,
        choice=queue_choices,
        delays_s=st.lists(st.sampled_from([0, 0, 1, 30, 900]), min_size=1, max_size=4),
    )
    def send(self, choice: int, delays_s: list[int]) -> None:
        queue_id, model = self.pick(choice)
        outgoing = []
        for delay_s in delays_s:
            body = f"m{self.number()}"
            outgoing.append(c.Outgoing(content(body, self.now_ms), delay_s))
            model.messages.append(Told(body, self.now_ms, self.now_ms + delay_s * 1000))
        reply = self.ask(c.Send(queue_id, tuple(outgoing)))
        assert [sent_as.message_id for sent_as in reply] == [one.content.message_id for one in outgoing]

    @action(10, choice=queue_choices, count=st.integers(1, 4), timeout_s=durations_s)
    def receive(self, choice: int, count: int, timeout_s: int) -> None:
        queue_id, model = self.pick(choice)
        expected = []
        for seq, message in model.receivable(self.now_ms)[:count]:
            message.received_at_ms.append(self.now_ms)
            message.visible_at_ms = self.now_ms + timeout_s * 1000
            expected.append((seq, message.body, len(message.received_at_ms), message.received_at_ms[0]))
            self.told.receipts.append((queue_id, c.Receipt(seq, len(message.received_at_ms))))
        deliveries = self.ask(c.Receive(queue_id, count, timeout_s))
        found = [(d.seq, d.content.body, d.receive_count, d.first_received_at_ms) for d in deliveries]
        assert found == expected

    def receipts_of(self, queue_id: int, which: int, count: int) -> tuple[c.Receipt, ...]:
        """Fresh and stale ones alike, and perhaps one twice."""
        own = [receipt for given, receipt in self.told.receipts if given == queue_id]
        return tuple(own[-1 - (which + step) % len(own)] for step in range(count)) if own else ()

    @action(5, choice=queue_choices, which=receipt_choices, count=st.integers(1, 2))
    def delete(self, choice: int, which: int, count: int) -> None:
        queue_id, model = self.pick(choice)
        receipts = self.receipts_of(queue_id, which, count)
        assert self.ask(c.Delete(queue_id, receipts)) == ()
        for receipt in receipts:
            model.messages[receipt.seq] = None

    @action(5, choice=queue_choices, which=receipt_choices, count=st.integers(1, 3), timeout_s=durations_s)
    def change_visibility(self, choice: int, which: int, count: int, timeout_s: int) -> None:
        queue_id, model = self.pick(choice)
        receipts = self.receipts_of(queue_id, which, count)
        changes = tuple(c.VisibilityChange("handle", receipt, timeout_s) for receipt in receipts)
        answers = self.ask(c.ChangeVisibility(queue_id, changes))
        expected = [model.change(receipt, timeout_s, self.now_ms) for receipt in receipts]
        assert [None if answer is None else type(answer) for answer in answers] == expected

    @action(1, choice=queue_choices)
    def purge(self, choice: int) -> None:
        queue_id, model = self.pick(choice)
        reply = self.ask(c.Purge(queue_id, "jobs", PURGE_INTERVAL_MS))
        if model.purged_at_ms and self.now_ms - model.purged_at_ms < PURGE_INTERVAL_MS:
            assert isinstance(reply, errors.PurgeQueueInProgress)
            return
        assert reply is None
        model.purged_at_ms = self.now_ms
        model.messages = [None] * len(model.messages)

    @action(1, choice=queue_choices, retention_ms=retentions_ms)
    def change_retention(self, choice: int, retention_ms: int) -> None:
        queue_id, model = self.pick(choice)
        self.ask(configuring(queue_id, retention_ms))
        model.retention_ms = retention_ms

    @action(1, choice=queue_choices)
    def count(self, choice: int) -> None:
        queue_id, model = self.pick(choice)
        assert self.ask(c.Count(queue_id)) == model.counts(self.now_ms)

    @action(6, step_ms=passing_ms)
    def time_passes(self, step_ms: int) -> None:
        self.now_ms += step_ms

    @action(3, choice=queue_choices)
    def time_passes_until_one_is_visible(self, choice: int) -> None:
        _, model = self.pick(choice)
        hidden_ms = [m.visible_at_ms for _, m in model.living(self.now_ms) if m.visible_at_ms > self.now_ms]
        self.now_ms = min(hidden_ms, default=self.now_ms)

    # -- what must hold -----------------------------------------------------------------------------------------

    def compare(self, live: QueueShard) -> None:
        assert live.queues.keys() == self.told.queues.keys()
        shard = deepcopy(live)
        for queue_id, model in self.told.queues.items():
            receivable = model.receivable(self.now_ms)
            assert shard.has_visible(queue_id, self.now_ms) == bool(receivable)
            assert shard.handle(c.Count(queue_id), self.now_ms).reply == model.counts(self.now_ms)
            deliveries = shard.handle(c.Receive(queue_id, 1_000, 30), self.now_ms).reply
            assert [d.content.body for d in deliveries] == [message.body for _, message in receivable]


EngineMachine.TestCase.settings = many_steps(80, 50)

TestEngine: Any = EngineMachine.TestCase
