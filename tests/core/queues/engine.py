"""A queue shard for tests: commands in, plain values out, time by hand.

Everything that is asked goes through bytes as the log would hold it, so `replayed` is what a restart gives.
"""

from typing import Any, Self

from qanat.core.errors import QanatError
from qanat.core.queues import commands as c
from qanat.core.queues import records as r
from qanat.core.queues.message import Content
from qanat.core.queues.model import QueueConfig
from qanat.core.queues.shard import QueueShard

START_MS = 1_753_264_000_000
QUEUE = 1
RETENTION_S = 345_600


def content(body: str, at_ms: int) -> Content:
    return Content(f"id-{body}", body, f"md5-{body}", (), None, "AIDA", None, at_ms)


def configuring(queue_id: int, retention_ms: int, **more: Any) -> c.ConfigureQueue:
    return c.ConfigureQueue(
        queue_id, QueueConfig(f"arn:aws:sqs:us-east-2:123456789012:{queue_id}", retention_ms, **more)
    )


def replayed(frames: list[tuple[int, bytes]]) -> QueueShard:
    """What a restart makes of the log: (position, records as bytes), in order."""
    shard = QueueShard()
    for position, data in frames:
        shard.position = position
        for record in r.decode(data):
            shard.apply(record)
        shard.position = position + 1
    return shard


class Engine:
    """One shard with one queue (QUEUE), one frame a command that changed something."""

    def __init__(self, retention_s: int = RETENTION_S, **config: Any) -> None:
        self.shard = QueueShard()
        self.shard.position = 1
        self.now_ms = START_MS
        self.frames: list[tuple[int, bytes]] = []
        self.ask(configuring(QUEUE, retention_s * 1000, **config))

    def ask(self, command: c.QueueCommand) -> Any:
        """The reply; raises the refusal."""
        outcome = self.shard.handle(command, self.now_ms)
        if outcome.records:
            self.frames.append((self.shard.position, r.encode(outcome.records)))
            self.shard.position += 1
        if isinstance(outcome.reply, QanatError):
            raise outcome.reply
        return outcome.reply

    def at(self, after_ms: int) -> Self:
        """So many milliseconds after the start."""
        self.now_ms = START_MS + after_ms
        return self

    def configure(self, retention_s: int) -> None:
        self.ask(configuring(QUEUE, retention_s * 1000))

    def send(self, *bodies: str, delay_s: int = 0) -> None:
        outgoing = tuple(c.Outgoing(content(body, self.now_ms), delay_s) for body in bodies)
        self.ask(c.Send(QUEUE, outgoing))

    def receive(self, count: int = 10, timeout_s: int = 30) -> list[c.Delivery]:
        return list(self.ask(c.Receive(QUEUE, count, timeout_s)))

    def received(self, count: int = 10, timeout_s: int = 30) -> list[str]:
        return [delivery.content.body for delivery in self.receive(count, timeout_s)]

    def take(self, timeout_s: int = 30) -> c.Receipt:
        """Receives the one message that there is."""
        (delivery,) = self.receive(1, timeout_s)
        return c.Receipt(delivery.seq, delivery.receive_count)

    def delete(self, *receipts: c.Receipt) -> None:
        self.ask(c.Delete(QUEUE, receipts))

    def change(self, receipt: c.Receipt, timeout_s: int) -> QanatError | None:
        changes = (c.VisibilityChange("handle", receipt, timeout_s),)
        (answer,) = self.ask(c.ChangeVisibility(QUEUE, changes))
        assert answer is None or isinstance(answer, QanatError)
        return answer

    def purge(self, interval_ms: int = 60_000) -> None:
        self.ask(c.Purge(QUEUE, "jobs", interval_ms))

    def keep(self, position: int) -> None:
        """What housekeeping does with an old frame."""
        for at, data in list(self.frames):
            if at == position:
                self.ask(c.Keep(position, tuple(r.decode(data))))

    def counts(self) -> c.Counts:
        """(visible, in flight, delayed)"""
        counts: c.Counts = self.ask(c.Count(QUEUE))
        return counts

    def restarted(self) -> "Engine":
        """The same engine as the log alone would give it back."""
        again = Engine.__new__(Engine)
        again.now_ms = self.now_ms
        again.frames = list(self.frames)
        again.shard = replayed(self.frames)
        return again
