"""FIFO queues against a naive model, in step, over histories that hypothesis makes up.

The model is what the Developer Guide says (FIFO-queues-understanding-logic, FIFO-queues-exactly-once-processing) in
lists: every question looks at every message.
"""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from core.queues.engine import configuring
from properties.history import PURGE_INTERVAL_MS, History, action, many_steps
from qanat.core import limits
from qanat.core.errors import QanatError
from qanat.core.queues import commands as c
from qanat.core.queues import errors
from qanat.core.queues.message import Content

WINDOW_MS = 300_000
QUEUE = 1
IN_FLIGHT_MAX = 7
"""Less than AWS's, so that short histories meet it."""
GROUPS = ("g1", "g1", "g2", "g3")
DEDUPLICATION_IDS = ("x", "y", "z")
ATTEMPT_IDS = ("a", "b")


class Told:
    """A message, as someone with pen and paper would follow it."""

    def __init__(self, seq: int, message_id: str, group: str, sent_at_ms: int, visible_at_ms: int) -> None:
        self.seq = seq
        self.message_id = message_id
        self.group = group
        self.sent_at_ms = sent_at_ms
        self.visible_at_ms = visible_at_ms
        self.received_at_ms: list[int] = []


class Model:
    """One queue."""

    def __init__(self, retention_ms: int, per_group: bool) -> None:
        self.retention_ms = retention_ms
        self.per_group = per_group
        self.messages: list[Told] = []
        """The living, in the order of sending."""
        self.next_seq = 0
        self.sends: list[tuple[str, str, int, int, str]] = []
        """(deduplication id, group, time, seq, message id) of every send that was not a duplicate."""
        self.attempts: dict[str, tuple[int, list[tuple[int, int]]]] = {}
        """Time, and (seq, receive count) of each message, of the receives that may be asked for again."""
        self.purged_at_ms = 0
        self.receipts: list[c.Receipt] = []

    def at(self, now_ms: int) -> "Model":
        for message in list(self.messages):
            if now_ms - message.sent_at_ms >= self.retention_ms:
                self.take_out(message)
        return self

    def take_out(self, message: Told) -> None:
        self.messages.remove(message)
        self.touch(message)

    def touch(self, message: Told) -> None:
        """An attempt is void once a message of it was deleted, or its time changed."""
        for attempt_id, (_, handed_out) in list(self.attempts.items()):
            if message.seq in [seq for seq, _ in handed_out]:
                del self.attempts[attempt_id]

    def find(self, receipt: c.Receipt) -> Told | None:
        return next((message for message in self.messages if message.seq == receipt.seq), None)

    def original(self, deduplication_id: str, group: str, now_ms: int) -> tuple[str, int] | None:
        """(message id, seq) of the first send that this one repeats."""
        for its_id, its_group, at_ms, seq, message_id in self.sends:
            if (
                its_id == deduplication_id
                and now_ms < at_ms + WINDOW_MS
                and (its_group == group or not self.per_group)
            ):
                return message_id, seq
        return None

    def receivable(self, now_ms: int) -> list[Told]:
        """Group by group; of each the oldest messages, up to the first that is hidden."""
        heads = []
        for group in {message.group for message in self.messages}:
            of_it = [message for message in self.messages if message.group == group]
            ready = []
            for message in of_it:
                if message.visible_at_ms > now_ms:
                    break
                ready.append(message)
            if ready:
                heads.append((ready[0].visible_at_ms, ready[0].seq, ready))
        return [message for _, _, ready in sorted(heads, key=lambda head: head[:2]) for message in ready]

    def receive(self, count: int, timeout_s: int, attempt_id: str | None, now_ms: int) -> list[Told]:
        until_ms = now_ms + timeout_s * 1000
        if attempt_id in self.attempts:
            at_ms, handed_out = self.attempts[attempt_id]
            same = [message for message in self.messages for seq, _ in handed_out if message.seq == seq]
            if now_ms < at_ms + WINDOW_MS and all(message.visible_at_ms > now_ms for message in same):
                for message in same:
                    message.visible_at_ms = until_ms
                order = [seq for seq, _ in handed_out]
                return sorted(same, key=lambda message: order.index(message.seq))
        room = IN_FLIGHT_MAX - self.counts(now_ms)[1]
        found = self.receivable(now_ms)[: max(0, min(count, room))]
        for message in found:
            self.touch(message)
            message.received_at_ms.append(now_ms)
            message.visible_at_ms = until_ms
        if attempt_id is not None and found:
            self.attempts[attempt_id] = now_ms, [(one.seq, len(one.received_at_ms)) for one in found]
        return found

    def is_expired(self, message: Told, receipt: c.Receipt, now_ms: int) -> bool:
        return len(message.received_at_ms) != receipt.receive_count or message.visible_at_ms <= now_ms

    def change(self, receipt: c.Receipt, timeout_s: int, now_ms: int) -> type[QanatError] | None:
        message = self.find(receipt)
        if message is None:
            return errors.MessageNotAvailable
        if self.is_expired(message, receipt, now_ms):
            return errors.ReceiptHandleExpired
        if now_ms + timeout_s * 1000 - message.received_at_ms[-1] > limits.VISIBILITY_TOTAL_MS:
            return errors.VisibilityTooLong
        message.visible_at_ms = now_ms + timeout_s * 1000
        self.touch(message)
        return None

    def counts(self, now_ms: int) -> tuple[int, int, int]:
        hidden = [one for one in self.messages if one.visible_at_ms > now_ms]
        in_flight = sum(1 for one in hidden if one.received_at_ms)
        return len(self.messages) - len(hidden), in_flight, len(hidden) - in_flight


durations_s = st.sampled_from([0, 1, 2, 30, 30, 600, 600, 43_200])
retentions_ms = st.sampled_from([60_000, *[345_600_000] * 5])
passing_ms = st.sampled_from([1, 1, 1_000, 1_000, 2_000, 30_000, 100_000, 299_999])
groups = st.sampled_from(GROUPS)
deduplication_ids = st.sampled_from([*DEDUPLICATION_IDS, None, None, None, None, None])
attempt_ids = st.sampled_from([*ATTEMPT_IDS, None])


def content(message_id: str, group: str, deduplication_id: str | None, now_ms: int) -> Content:
    body = f"body-{message_id}"
    return Content(
        message_id, body, "md5", (), None, "AIDA", group, now_ms, deduplication_id or f"own-{message_id}"
    )


class FifoMachine(History):
    told: Model

    def __init__(self) -> None:
        super().__init__()
        self.limit = patch.object(limits, "IN_FLIGHT_FIFO_MAX", IN_FLIGHT_MAX)
        self.limit.start()

    def teardown(self) -> None:
        self.limit.stop()

    @initialize(retention_ms=retentions_ms, per_group=st.booleans())
    def create(self, retention_ms: int, per_group: bool) -> None:
        self.told = Model(retention_ms, per_group)
        self.ask(configuring(QUEUE, retention_ms, fifo=True, deduplication_per_group=per_group))
        self.commit()

    def model(self) -> Model:
        return self.told.at(self.now_ms)

    @action(
        8,
        messages=st.lists(st.tuples(groups, deduplication_ids), min_size=1, max_size=5),
        delay_s=st.sampled_from([0, 0, 0, 0, 2, 30]),
    )
    def send(self, messages: list[tuple[str, str | None]], delay_s: int) -> None:
        model = self.model()
        outgoing, expected = [], []
        for group, deduplication_id in messages:
            message_id = f"m{self.number()}"
            outgoing.append(c.Outgoing(content(message_id, group, deduplication_id, self.now_ms), delay_s))
            its_id = deduplication_id or f"own-{message_id}"
            original = model.original(its_id, group, self.now_ms)
            if original is None:
                seq, model.next_seq = model.next_seq, model.next_seq + 1
                model.sends.append((its_id, group, self.now_ms, seq, message_id))
                model.messages.append(Told(seq, message_id, group, self.now_ms, self.now_ms + delay_s * 1000))
                original = message_id, seq
            expected.append(original)
        assert list(self.ask(c.Send(QUEUE, tuple(outgoing)))) == expected

    @action(10, count=st.integers(1, 4), timeout_s=durations_s, attempt_id=attempt_ids)
    def receive(self, count: int, timeout_s: int, attempt_id: str | None) -> None:
        model = self.model()
        expected = []
        for message in model.receive(count, timeout_s, attempt_id, self.now_ms):
            receipt = c.Receipt(message.seq, len(message.received_at_ms))
            self.told.receipts.append(receipt)
            expected.append((message.message_id, *receipt, message.received_at_ms[0]))
        deliveries = self.ask(c.Receive(QUEUE, count, timeout_s, attempt_id=attempt_id))
        found = [(d.content.message_id, d.seq, d.receive_count, d.first_received_at_ms) for d in deliveries]
        assert found == expected

    def receipts_of(self, which: int, count: int) -> tuple[c.Receipt, ...]:
        """Fresh and stale ones alike, and perhaps one twice."""
        own = self.told.receipts
        return tuple(own[-1 - (which + step) % len(own)] for step in range(count)) if own else ()

    @action(5, which=st.integers(0, 5), count=st.integers(1, 3))
    def delete(self, which: int, count: int) -> None:
        model = self.model()
        receipts = self.receipts_of(which, count)
        refused, deleted = [], []
        for index, receipt in enumerate(receipts):
            message = model.find(receipt)
            if message is not None and model.is_expired(message, receipt, self.now_ms):
                refused.append(index)
            elif message is not None and message not in deleted:
                deleted.append(message)
        for message in deleted:
            model.take_out(message)
        assert list(self.ask(c.Delete(QUEUE, receipts))) == refused

    @action(5, which=st.integers(0, 5), count=st.integers(1, 2), timeout_s=durations_s)
    def change_visibility(self, which: int, count: int, timeout_s: int) -> None:
        model = self.model()
        receipts = self.receipts_of(which, count)
        expected = [model.change(receipt, timeout_s, self.now_ms) for receipt in receipts]
        changes = tuple(c.VisibilityChange("handle", receipt, timeout_s) for receipt in receipts)
        answers = self.ask(c.ChangeVisibility(QUEUE, changes))
        assert [None if answer is None else type(answer) for answer in answers] == expected

    @action(1)
    def purge(self) -> None:
        model = self.model()
        reply = self.ask(c.Purge(QUEUE, "jobs", PURGE_INTERVAL_MS))
        if model.purged_at_ms and self.now_ms - model.purged_at_ms < PURGE_INTERVAL_MS:
            assert isinstance(reply, errors.PurgeQueueInProgress)
            return
        assert reply is None
        model.purged_at_ms = self.now_ms
        model.messages, model.sends, model.attempts = [], [], {}

    @action(1, retention_ms=retentions_ms, per_group=st.booleans())
    def configure(self, retention_ms: int, per_group: bool) -> None:
        """The scope of deduplication may change while entries live."""
        model = self.model()
        self.ask(configuring(QUEUE, retention_ms, fifo=True, deduplication_per_group=per_group))
        model.retention_ms, model.per_group = retention_ms, per_group

    @action(1)
    def count(self) -> None:
        assert self.ask(c.Count(QUEUE)) == self.model().counts(self.now_ms)

    @action(6, step_ms=passing_ms)
    def time_passes(self, step_ms: int) -> None:
        self.now_ms += step_ms

    @action(3, when=lambda self: self.told.messages)
    def time_passes_until_one_is_visible(self) -> None:
        hidden_ms = [one.visible_at_ms for one in self.model().messages if one.visible_at_ms > self.now_ms]
        self.now_ms = min(hidden_ms, default=self.now_ms)

    def probes(self) -> Iterator[c.QueueCommand]:
        for attempt_id in ATTEMPT_IDS:
            yield c.Receive(QUEUE, 3, 30, attempt_id=attempt_id)
        for deduplication_id in DEDUPLICATION_IDS:
            message = content("probe", "g1", deduplication_id, self.now_ms)
            yield c.Send(QUEUE, (c.Outgoing(message, 0),))
        yield from super().probes()


FifoMachine.TestCase.settings = many_steps(80, 50)

TestFifo: Any = FifoMachine.TestCase
