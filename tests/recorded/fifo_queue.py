"""A FIFO queue for tests: groups and bodies in, bodies out, time by hand."""

from itertools import count
from typing import Any

from core.queues.engine import START_MS
from qanat.core.errors import QanatError
from qanat.core.queues import commands as c
from qanat.core.queues.message import Content
from qanat.core.queues.model import QueueConfig
from qanat.core.queues.shard import QueueShard

_ARN = "arn:aws:sqs:us-east-2:123456789012:"
_RETENTION_MS = 345_600_000
QUEUE, DEAD = 1, 2


class Fifo:
    """One queue; with `max_receive_count`, a dead-letter queue beside it."""

    def __init__(self, *, per_group: bool = False, max_receive_count: int = 0) -> None:
        self._shard = QueueShard()
        self._shard.position = 1
        self._ids = count(1)
        self.now_ms = START_MS
        if max_receive_count:
            self._ask(c.ConfigureQueue(DEAD, QueueConfig(f"{_ARN}dead.fifo", _RETENTION_MS, fifo=True)))
        config = QueueConfig(
            f"{_ARN}jobs.fifo",
            _RETENTION_MS,
            True,
            per_group,
            f"{_ARN}dead.fifo" if max_receive_count else None,
            max_receive_count,
        )
        self._ask(c.ConfigureQueue(QUEUE, config))

    def after(self, seconds: float) -> "Fifo":
        """So long after the start."""
        self.now_ms = START_MS + int(seconds * 1000)
        return self

    def send(self, *texts: str, deduplication_id: str | None = None, delay_s: int = 0) -> list[c.SentAs]:
        """Each text is `group-body`, and its own deduplication id where none is given."""
        outgoing = []
        for text in texts:
            content = Content(
                f"id-{next(self._ids)}",
                text,
                "",
                (),
                None,
                "AIDA",
                text.partition("-")[0],
                self.now_ms,
                deduplication_id or text,
            )
            outgoing.append(c.Outgoing(content, delay_s))
        return list(self._ask(c.Send(QUEUE, tuple(outgoing))))

    def deliveries(
        self, count: int = 10, timeout_s: int = 30, *, attempt_id: str | None = None, queue: int = QUEUE
    ) -> list[c.Delivery]:
        return list(self._ask(c.Receive(queue, count, timeout_s, attempt_id=attempt_id)))

    def receive(self, count: int = 10, timeout_s: int = 30) -> list[str]:
        return [one.content.body for one in self.deliveries(count, timeout_s)]

    def take(self, count: int = 10, timeout_s: int = 30) -> list[c.Receipt]:
        return [receipt(one) for one in self.deliveries(count, timeout_s)]

    def delete(self, *receipts: c.Receipt) -> tuple[int, ...]:
        """Which of them were refused."""
        refused: tuple[int, ...] = self._ask(c.Delete(QUEUE, receipts))
        return refused

    def change(self, one: c.Receipt, timeout_s: int) -> QanatError | None:
        answers: tuple[QanatError | None, ...] = self._ask(
            c.ChangeVisibility(QUEUE, (c.VisibilityChange("handle", one, timeout_s),))
        )
        return answers[0]

    def counts(self) -> c.Counts:
        """(visible, in flight, delayed)"""
        counts: c.Counts = self._ask(c.Count(QUEUE))
        return counts

    def purge(self) -> None:
        self._ask(c.Purge(QUEUE, "jobs.fifo", 0))

    def _ask(self, command: c.QueueCommand) -> Any:
        outcome = self._shard.handle(command, self.now_ms)
        if outcome.records:
            self._shard.position += 1
        if isinstance(outcome.reply, QanatError):
            raise outcome.reply
        return outcome.reply


def receipt(delivery: c.Delivery) -> c.Receipt:
    return c.Receipt(delivery.seq, delivery.receive_count)
