"""A FIFO queue for tests: a message is named `g1-m1` by its group and itself, and its name is all it has."""

from typing import Any

from core.queues.engine import QUEUE, RETENTION_S, Engine, configuring, replayed
from qanat.core.errors import QanatError
from qanat.core.queues import commands as c
from qanat.core.queues.message import Content


def content(name: str, deduplication_id: str, at_ms: int) -> Content:
    return Content(
        f"id-{name}", name, "md5", (), None, "AIDA", name.partition("-")[0], at_ms, deduplication_id
    )


class Fifo(Engine):
    def __init__(self, **config: Any) -> None:
        super().__init__(fifo=True, **config)
        self.handles: dict[str, c.Receipt] = {}
        """The newest of each message."""

    def set(self, retention_s: int = RETENTION_S, **config: Any) -> None:
        self.ask(configuring(QUEUE, retention_s * 1000, fifo=True, **config))

    def send(self, *names: str, delay_s: int = 0) -> None:
        for name in names:
            self.send_as(name, f"dedup-{name}", delay_s)

    def send_as(self, name: str, deduplication_id: str, delay_s: int = 0) -> c.SentAs:
        """With that deduplication id."""
        outgoing = c.Outgoing(content(name, deduplication_id, self.now_ms), delay_s)
        (sent_as,) = self.ask(c.Send(QUEUE, (outgoing,)))
        assert isinstance(sent_as, c.SentAs)
        return sent_as

    def receive(self, count: int = 10, timeout_s: int = 30, attempt: str | None = None) -> list[c.Delivery]:
        deliveries = list(self.ask(c.Receive(QUEUE, count, timeout_s, attempt_id=attempt)))
        for one in deliveries:
            self.handles[one.content.body] = c.Receipt(one.seq, one.receive_count)
        return deliveries

    def received(self, count: int = 10, timeout_s: int = 30, attempt: str | None = None) -> list[str]:
        return [delivery.content.body for delivery in self.receive(count, timeout_s, attempt)]

    def delete_named(self, *names: str) -> list[int]:
        """The indices of those that were refused."""
        return list(self.ask(c.Delete(QUEUE, tuple(self.handles[name] for name in names))))

    def change_named(self, name: str, timeout_s: int) -> QanatError | None:
        return self.change(self.handles[name], timeout_s)

    def rewritten(self) -> "Fifo":
        """After a restart from a log of which every frame but the newest was written again, and the head trimmed."""
        last, _ = self.frames[-1]
        for position, _ in list(self.frames):
            if position <= last:
                self.keep(position)
        before = self.shard.trimmable()
        assert before > last, "nothing of the old frames is needed any more"
        self.frames = [(position, frame) for position, frame in self.frames if position >= before]
        return self.restarted()

    def restarted(self) -> "Fifo":
        again = Fifo.__new__(Fifo)
        again.now_ms, again.frames, again.handles = self.now_ms, list(self.frames), dict(self.handles)
        again.shard = replayed(self.frames)
        return again
