"""A node under a test's control: a loop that runs when told, a disk that works when told, a clock set by hand."""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, cast

from core.queues.engine import configuring
from qanat import codecs
from qanat.core.queues import commands as c
from qanat.core.queues.message import Content
from qanat.core.queues.shard import QueueShard
from qanat.core.way import Presence
from qanat.node import Clock, Codec, Node, Shard

START_MS = 1_753_264_000_000
QUEUE = 1


class FakeLoop:
    """`call_soon` and `call_later`, nothing else; time passes in `pass_ms` only. Counts what it was asked."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self.timers_set = 0
        self.callbacks_run = 0
        self._ready: deque[Callable[[], object]] = deque()
        self._timers: list[tuple[int, int, asyncio.TimerHandle, Callable[[], object]]] = []
        self._numbers = itertools.count()

    def as_loop(self) -> asyncio.AbstractEventLoop:
        return cast("asyncio.AbstractEventLoop", self)

    def get_debug(self) -> bool:
        return False

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        pass

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Any = None) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self.as_loop())
        self._ready.append(lambda: None if handle.cancelled() else callback(*args))
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        self.timers_set += 1
        at_ms = self.now_ms + round(delay * 1000)
        handle = asyncio.TimerHandle(at_ms, callback, args, self.as_loop())
        heapq.heappush(self._timers, (at_ms, next(self._numbers), handle, lambda: callback(*args)))
        return handle

    @property
    def timers(self) -> list[int]:
        """When the timers that stand will ring, in milliseconds from now."""
        return sorted(at_ms - self.now_ms for at_ms, _, handle, _ in self._timers if not handle.cancelled())

    def turn(self) -> bool:
        """What is ready now, but not what that makes ready. False if there was nothing."""
        ready, self._ready = self._ready, deque()
        for callback in ready:
            self.callbacks_run += 1
            callback()
        return bool(ready)

    def ring(self) -> bool:
        """The timers that are due now."""
        rang = False
        while self._timers and self._timers[0][0] <= self.now_ms:
            _, _, handle, callback = heapq.heappop(self._timers)
            if not handle.cancelled():
                self.callbacks_run += 1
                rang = True
                callback()
        return rang


class HeldWorker:
    """Work waits until the test lets it happen."""

    def __init__(self) -> None:
        self._work: deque[tuple[Callable[[], None], Callable[[Exception | None], None]]] = deque()

    def run(self, work: Callable[[], None], then: Callable[[Exception | None], None]) -> None:
        self._work.append((work, then))

    def __len__(self) -> int:
        return len(self._work)

    def step(self) -> bool:
        """The oldest piece of work, and the news of it. False if there was none."""
        if not self._work:
            return False
        work, then = self._work.popleft()
        error: Exception | None = None
        try:
            work()
        except Exception as raised:  # noqa: BLE001 - as the real worker does
            error = raised
        then(error)
        return True


class MemoryLog:
    """Frames by position. `failure` is what the next append raises."""

    def __init__(self) -> None:
        self.frames: dict[int, bytes] = {}
        self.before = 1
        self.closed = False
        self.failure: Exception | None = None

    def append(self, position: int, frame: bytes) -> None:
        assert not self.closed
        if self.failure is not None:
            raise self.failure
        assert position == max(self.frames, default=self.before - 1) + 1, "positions rise by one"
        self.frames[position] = frame

    def read(self, position: int) -> bytes | None:
        return self.frames.get(position)

    def replay(self) -> Iterator[tuple[int, bytes]]:
        yield from sorted(self.frames.items())

    def trimmed_before(self) -> int:
        return self.before

    def trim(self, before: int) -> None:
        self.frames = {position: frame for position, frame in self.frames.items() if position >= before}
        self.before = before

    def close(self) -> None:
        self.closed = True


class Rig:
    """A node over `shard` with everything about it in the test's hands."""

    def __init__(
        self, shard: Shard, codec: Codec, log: MemoryLog | None = None, now_ms: int = START_MS
    ) -> None:
        self.loop = FakeLoop()
        self.loop.now_ms = now_ms
        self.worker = HeldWorker()
        self.log = MemoryLog() if log is None else log
        self.failures: list[Exception] = []
        self.clock = Clock(lambda: self.loop.now_ms)
        self.node = Node(
            shard,
            self.log,
            codec,
            self.clock,
            self.worker,
            self.failures.append,
            stopwatch=lambda: self.loop.now_ms / 1000,
        )
        self.node.start(self.loop.as_loop())

    def submit(self, command: object) -> list[Any]:
        """The list that gets the reply when there is one."""
        replies: list[Any] = []
        self.node.submit(command, replies.append)
        return replies

    def settle(self) -> None:
        """Until nothing is left to do at this time."""
        while self.loop.turn() or self.loop.ring() or self.worker.step():
            pass

    def ask(self, command: object) -> Any:
        replies = self.submit(command)
        self.settle()
        (reply,) = replies
        return reply

    def pass_ms(self, step_ms: int) -> None:
        """Time passes and every timer rings at its own time."""
        end_ms = self.loop.now_ms + step_ms
        while (timers := self.loop.timers) and self.loop.now_ms + timers[0] <= end_ms:
            self.loop.now_ms += max(0, timers[0])
            self.settle()
        self.loop.now_ms = end_ms
        self.settle()


class QueueRig(Rig):
    """A node of real queues, with one queue (QUEUE)."""

    def __init__(self, log: MemoryLog | None = None, now_ms: int = START_MS) -> None:
        self.shard = QueueShard()
        super().__init__(self.shard, codecs.QUEUES, log, now_ms)
        if QUEUE not in self.shard.queues:
            self.ask(configuring(QUEUE, 345_600_000))

    def sending(self, *bodies: str, delay_s: int = 0, queue_id: int = QUEUE) -> c.Send:
        return c.Send(
            queue_id, tuple(c.Outgoing(content(body, self.loop.now_ms), delay_s) for body in bodies)
        )

    def restarted(self) -> "QueueRig":
        """What a new process makes of the log as it stands now, whatever is still held back here."""
        log = MemoryLog()
        log.frames, log.before = dict(self.log.frames), self.log.before
        return QueueRig(log, self.loop.now_ms)


def content(body: str, at_ms: int) -> Content:
    """Ids and digests as long as real ones: housekeeping weighs messages."""
    return Content("a" * 36, body, "d" * 32, (), None, "AIDA" + "B" * 17, None, at_ms)


def bodies(deliveries: Any) -> list[str]:
    return [delivery.content.body for delivery in deliveries]


def here() -> Presence:
    """Of a client that does not leave."""
    return Presence.HERE
