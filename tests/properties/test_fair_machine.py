"""Standard queues with message groups against a naive model, in step, over histories that hypothesis makes up.

The rule of fair.py in lists: whose turn it is, is found by looking at every message. A group is noisy from three
messages on here, where it has more than a third, so that short histories have noisy groups.
"""

from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from core.queues.engine import configuring
from properties.history import PURGE_INTERVAL_MS, History, action, many_steps
from qanat.core.queues import commands as c
from qanat.core.queues import fair
from qanat.core.queues.message import Content
from qanat.core.queues.standard import StandardQueue

QUEUE = 1
NOISY_MIN = 3
NOISY_SHARE = 3
GROUPS = (None, None, "a", "b", "c", "d")


class Told:
    def __init__(self, seq: int, body: str, group: str | None, sent_at_ms: int, visible_at_ms: int) -> None:
        self.seq = seq
        self.body = body
        self.group = group
        self.sent_at_ms = sent_at_ms
        self.visible_at_ms = visible_at_ms
        self.received = 0

    @property
    def age(self) -> tuple[int, int]:
        return self.visible_at_ms, self.seq


class Model:
    """The living messages of one queue, in the order of sending."""

    def __init__(self, retention_ms: int) -> None:
        self.retention_ms = retention_ms
        self.messages: list[Told] = []
        self.receipts: list[c.Receipt] = []
        self.next_seq = 0
        self.purged_at_ms = 0

    def at(self, now_ms: int) -> "Model":
        self.messages = [one for one in self.messages if now_ms - one.sent_at_ms < self.retention_ms]
        return self

    def ready(self, now_ms: int) -> list[Told]:
        return [message for message in self.messages if message.visible_at_ms <= now_ms]

    def in_flight(self, now_ms: int) -> list[Told]:
        return [message for message in self.messages if message.visible_at_ms > now_ms and message.received]

    def is_noisy(self, group: str | None, now_ms: int) -> bool:
        """More than its share, and not just a few, of what waits or of what is in flight."""
        for of_all in (self.ready(now_ms), self.in_flight(now_ms)):
            of_it = [message for message in of_all if message.group == group]
            if group is not None and len(of_it) >= NOISY_MIN and len(of_it) * NOISY_SHARE > len(of_all):
                return True
        return False

    def receivable(self, now_ms: int) -> list[Told]:
        """The quiet first, the oldest first; then of the noisy group with fewest in flight, its oldest first."""
        left = sorted(self.ready(now_ms), key=lambda message: message.age)
        order = [message for message in left if not self.is_noisy(message.group, now_ms)]
        left = [message for message in left if message not in order]
        in_flight = [message.group for message in self.in_flight(now_ms)]
        return order + sorted(left, key=lambda message: (in_flight.count(message.group), message.age))

    def noisy_groups(self, now_ms: int) -> int:
        return sum(self.is_noisy(group, now_ms) for group in {message.group for message in self.messages})


durations_s = st.sampled_from([0, 0, 1, 2, 30, 30, 30, 3_600])
retentions_ms = st.sampled_from([60_000, 345_600_000, 345_600_000])
sent_groups = st.lists(
    st.tuples(st.sampled_from(GROUPS), st.sampled_from([1, 1, 1, 2, 5, 8])), min_size=1, max_size=4
)


class FairMachine(History):
    told: Model

    def __init__(self) -> None:
        super().__init__()
        self.patches = [
            patch.object(fair, "NOISY_MIN", NOISY_MIN),
            patch.object(fair, "NOISY_SHARE", NOISY_SHARE),
        ]
        for one in self.patches:
            one.start()

    def teardown(self) -> None:
        for one in self.patches:
            one.stop()

    @initialize(retention_ms=retentions_ms)
    def create(self, retention_ms: int) -> None:
        self.told = Model(retention_ms)
        self.ask(configuring(QUEUE, retention_ms))
        self.commit()

    def model(self) -> Model:
        return self.told.at(self.now_ms)

    @action(6, groups=sent_groups, delay_s=st.sampled_from([0, 0, 0, 0, 1, 30]))
    def send(self, groups: list[tuple[str | None, int]], delay_s: int) -> None:
        model = self.model()
        outgoing = []
        for group, count in groups:
            for _ in range(count):
                body = f"m{self.number()}"
                content = Content(f"id-{body}", body, "md5", (), None, "AIDA", group, self.now_ms)
                outgoing.append(c.Outgoing(content, delay_s))
                model.messages.append(
                    Told(model.next_seq, body, group, self.now_ms, self.now_ms + delay_s * 1000)
                )
                model.next_seq += 1
        self.ask(c.Send(QUEUE, tuple(outgoing)))

    @action(10, count=st.sampled_from([1, 1, 2, 3, 10]), timeout_s=durations_s)
    def receive(self, count: int, timeout_s: int) -> None:
        model = self.model()
        expected = []
        for message in model.receivable(self.now_ms)[:count]:
            message.received += 1
            message.visible_at_ms = self.now_ms + timeout_s * 1000
            model.receipts.append(c.Receipt(message.seq, message.received))
            expected.append((message.body, message.received))
        deliveries = self.ask(c.Receive(QUEUE, count, timeout_s))
        assert [(d.content.body, d.receive_count) for d in deliveries] == expected

    def receipts_of(self, which: int, count: int) -> tuple[c.Receipt, ...]:
        own = self.told.receipts
        return tuple(own[-1 - (which + step) % len(own)] for step in range(count)) if own else ()

    @action(5, which=st.integers(0, 12), count=st.integers(1, 5))
    def delete(self, which: int, count: int) -> None:
        model = self.model()
        receipts = self.receipts_of(which, count)
        self.ask(c.Delete(QUEUE, receipts))
        gone = {receipt.seq for receipt in receipts}
        model.messages = [message for message in model.messages if message.seq not in gone]

    @action(4, which=st.integers(0, 12), count=st.integers(1, 5), timeout_s=durations_s)
    def change_visibility(self, which: int, count: int, timeout_s: int) -> None:
        model = self.model()
        receipts = self.receipts_of(which, count)
        for receipt in receipts:
            for message in self.told.messages:
                in_flight = message in model.in_flight(self.now_ms)
                if message.seq == receipt.seq and in_flight:
                    message.visible_at_ms = self.now_ms + timeout_s * 1000
        changes = tuple(c.VisibilityChange("handle", receipt, timeout_s) for receipt in receipts)
        self.ask(c.ChangeVisibility(QUEUE, changes))

    @action(1)
    def purge(self) -> None:
        model = self.model()
        self.ask(c.Purge(QUEUE, "jobs", PURGE_INTERVAL_MS))
        if not model.purged_at_ms or self.now_ms - model.purged_at_ms >= PURGE_INTERVAL_MS:
            model.purged_at_ms, model.messages = self.now_ms, []

    @action(2)
    def look(self) -> None:
        model = self.model()
        ready, in_flight = model.ready(self.now_ms), model.in_flight(self.now_ms)
        delayed = len(model.messages) - len(ready) - len(in_flight)
        assert self.ask(c.Count(QUEUE)) == (len(ready), len(in_flight), delayed)
        queue = self.shard.queues[QUEUE]
        assert isinstance(queue, StandardQueue)
        assert len(queue.noisy_groups()) == model.noisy_groups(self.now_ms)

    @action(3)
    def next(self) -> None:
        """A long poll looks before it takes."""
        order = self.model().receivable(self.now_ms)
        self.ask(c.Tidy(QUEUE))
        message = self.shard.next_message(QUEUE, self.now_ms)
        assert (None if message is None else message.content.body) == (order[0].body if order else None)

    @action(5, step_ms=st.sampled_from([1, 1, 1_000, 1_000, 2_000, 30_000, 60_000]))
    def time_passes(self, step_ms: int) -> None:
        self.now_ms += step_ms


FairMachine.TestCase.settings = many_steps(80, 50)

TestFair: Any = FairMachine.TestCase
