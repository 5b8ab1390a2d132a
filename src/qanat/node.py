"""The one writer of a shard: commands in, replies out, a commit in between.

Invariant: a reply leaves only after every record that it saw is durable. While one commit is under way, new records
gather; the next commit takes them all as one frame. A commit that fails stops the node for good: memory may run
ahead of the disk, a promise never.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from qanat.core.errors import InternalFailure, QanatError, ServiceUnavailable
from qanat.core.histogram import Histogram
from qanat.core.outcome import Outcome

logger = logging.getLogger(__name__)

Done = Callable[[Any], None]
"""Called once with the reply, or with the QanatError that refused the command."""


# From a disk that answers at once to one that is in trouble.
COMMIT_BOUNDS_S: Final = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)


class Log(Protocol):
    """What a node needs of a log. Blocking; called from one thread at a time."""

    def append(self, position: int, frame: bytes) -> None: ...
    def read(self, position: int) -> bytes | None: ...
    def replay(self) -> Iterator[tuple[int, bytes]]: ...
    def trimmed_before(self) -> int: ...
    def trim(self, before: int) -> None: ...
    def close(self) -> None: ...


class Shard(Protocol):
    """A state folded from records. `position` is the frame that is being gathered or replayed."""

    position: int

    def handle(self, command: Any, now_ms: int) -> Outcome[Any, Any]: ...
    def apply(self, record: Any) -> None: ...
    def trimmable(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Codec:
    """How a shard's records become the bytes of a frame, and back."""

    encode: Callable[[Sequence[Any], int], bytes]
    """(records, now_ms) -> frame"""
    decode: Callable[[bytes], tuple[list[Any], int]]
    """frame -> (records, at_ms)"""


class Clock:
    """Wall time in milliseconds that never goes back, not even over a restart (`floor_ms`: the log's last time)."""

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        self.wall_ms = wall_ms
        """The wall clock as it is, for what is compared with the clocks of others."""
        self.floor_ms = 0

    def now_ms(self) -> int:
        now_ms = self.wall_ms()
        if now_ms > self.floor_ms:
            self.floor_ms = now_ms
        return self.floor_ms


class Worker(Protocol):
    """Runs blocking work one piece at a time, in order, away from the loop."""

    def run(self, work: Callable[[], None], then: Callable[[Exception | None], None], /) -> None:
        """`then` is called on the loop, with what `work` raised or None."""
        ...


@dataclass(slots=True)
class NodeStatistics:
    commits: int = 0
    records: int = 0
    log_bytes: int = 0
    """What stands in the log now."""
    appended_bytes: int = 0
    """What was ever written, the replayed log included."""
    replayed_frames: int = 0
    commit_s: Histogram = field(default_factory=lambda: Histogram(COMMIT_BOUNDS_S))
    """How long each commit took, the hand-overs to the log's thread and back included."""


class Node:
    """Lives on one event loop. `start` replays the log; after that `submit` may be called, from the loop only."""

    def __init__(
        self,
        shard: Shard,
        log: Log,
        codec: Codec,
        clock: Clock,
        worker: Worker,
        on_failure: Callable[[Exception], None],
        stopwatch: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.shard = shard
        self.log = log
        self.clock = clock
        self.statistics = NodeStatistics()
        self.frame_sizes: dict[int, int] = {}
        """Bytes of each frame that stands, oldest first."""
        self._codec = codec
        self._worker = worker
        self._on_failure = on_failure
        self._stopwatch = stopwatch
        self._commit_began_s = 0.0
        self._failed: Exception | None = None
        self._gathering: list[Any] = []
        self._waiting: list[tuple[Done, Any]] = []
        self._committing = False
        self._scheduled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: asyncio.Event = asyncio.Event()
        self._idle.set()
        self.after_commit: Callable[[], None] = lambda: None
        """Called after each commit; housekeeping goes here."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Folds the log into the shard. Raises what the log or the codec raise: a log that cannot be read whole."""
        self._loop = loop
        position = self.log.trimmed_before() - 1
        for position, frame in self.log.replay():
            self.shard.position = position
            records, at_ms = self._codec.decode(frame)
            for record in records:
                self.shard.apply(record)
            self._count_frame(position, frame)
            self.clock.floor_ms = max(self.clock.floor_ms, at_ms)
            self.statistics.replayed_frames += 1
        self.shard.position = position + 1

    def submit(self, command: Any, done: Done) -> None:
        """Changes memory at once; `done` is called when what the reply rests on is durable."""
        if self._failed is not None:
            done(ServiceUnavailable())
            return
        try:
            outcome = self.shard.handle(command, self.clock.now_ms())
        except QanatError as refusal:
            self._answer(done, refusal)
            return
        except Exception as error:  # noqa: BLE001 - a bug in a shard: its memory can be trusted no more
            self._fail(error)
            done(InternalFailure())
            return
        if outcome.records:
            self._gathering += outcome.records
            self._waiting.append((done, outcome.reply))
            if not self._committing and not self._scheduled:
                self._schedule()
        else:
            self._answer(done, outcome.reply)

    async def ask(self, command: Any) -> Any:
        """`submit` for code that waits: gives the reply or raises the refusal."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.submit(command, lambda reply: None if answer.done() else answer.set_result(reply))
        reply = await answer
        if isinstance(reply, QanatError):
            raise reply
        return reply

    def run_beside(self, work: Callable[[], None], then: Callable[[], None]) -> None:
        """Blocking work on the log, in turn with the commits; a failure of it stops the node like one of theirs."""
        self._worker.run(work, lambda error: then() if error is None else self._fail(error))

    async def stop(self) -> None:
        """Waits for what is under way to be durable and answered, then closes the log and refuses all else."""
        while not self._idle.is_set():  # more may come between its being set and this going on
            await self._idle.wait()
        self._failed = self._failed or ServiceUnavailable()
        closed = asyncio.Event()
        self._worker.run(self.log.close, lambda _: closed.set())
        await closed.wait()

    @property
    def busy(self) -> bool:
        return bool(self._gathering) or self._committing

    def _answer(self, done: Done, reply: Any) -> None:
        """A reply without records of its own may still rest on records of others that are not durable yet."""
        if self.busy:
            self._waiting.append((done, reply))
        else:
            done(reply)

    def _schedule(self) -> None:
        """A turn of the loop later, so that every request that has arrived by now shares the commit."""
        assert self._loop is not None
        self._scheduled = True
        self._idle.clear()
        self._loop.call_soon(self._commit)

    def _commit(self) -> None:
        self._scheduled = False
        if self._failed is not None:
            return
        self._committing = True
        records, self._gathering = self._gathering, []
        waiting, self._waiting = self._waiting, []
        position = self.shard.position
        self.shard.position = position + 1
        try:
            frame = self._codec.encode(records, self.clock.now_ms())
        except Exception as error:  # noqa: BLE001 - as in submit: memory has moved and the log cannot follow
            self._committed(waiting, error)
            return
        self._count_frame(position, frame)
        self.statistics.commits += 1
        self.statistics.records += len(records)
        append = self.log.append
        self._commit_began_s = self._stopwatch()
        self._worker.run(lambda: append(position, frame), lambda error: self._committed(waiting, error))

    def _committed(self, waiting: list[tuple[Done, Any]], error: Exception | None) -> None:
        self._committing = False
        if error is not None:
            self._waiting = waiting + self._waiting
            self._fail(error)
            return
        self.statistics.commit_s.add(self._stopwatch() - self._commit_began_s)
        if self._gathering:
            self._schedule()
        _tell(waiting)
        if not self.busy:
            readers, self._waiting = self._waiting, []
            _tell(readers)
        try:
            if self._failed is None:
                self.after_commit()
        finally:
            if not self.busy:
                self._idle.set()

    def _fail(self, error: Exception) -> None:
        """Nobody who waits is answered with success: what they asked for may not be durable."""
        first, self._failed = self._failed is None, self._failed or error
        waiting, self._waiting = self._waiting, []
        self._gathering = []
        _tell([(done, InternalFailure()) for done, _ in waiting])
        self._idle.set()
        if first:
            logger.critical("the shard stops: %s", error)
            self._on_failure(error)

    def _count_frame(self, position: int, frame: bytes) -> None:
        self.frame_sizes[position] = len(frame)
        self.statistics.log_bytes += len(frame)
        self.statistics.appended_bytes += len(frame)

    def forget_frames(self, before: int) -> None:
        """The frames before that position were trimmed."""
        for position in list(self.frame_sizes):
            if position >= before:
                break
            self.statistics.log_bytes -= self.frame_sizes.pop(position)


def _tell(waiting: list[tuple[Done, Any]]) -> None:
    """One answer that cannot be given keeps nobody else from theirs."""
    for done, reply in waiting:
        try:
            done(reply)
        except Exception:
            logger.exception("an answer could not be given")
