"""The thread that writes the audit log, and what waits for it.

Invariants: `put` and `drop` never block and never raise; what waits is bounded in bytes; what could not wait is
counted, and the log itself says so as soon as there is room (docs/decisions/0019).
"""

import logging
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Final, Protocol

logger = logging.getLogger(__name__)

WAITING_BYTES_MAX: Final = 8 * 1024 * 1024
"""Some 8,000 events. A disk that is wedged for longer loses events, not memory."""
BATCH_BYTES_MAX: Final = 256 * 1024
RETRY_S: Final = 1.0
CLOSE_TIME_S: Final = 5.0
"""How long a clean stop waits for a disk."""

TELL_EVERY_S: Final = 1.0
"""A flood of what is dropped must not become a flood of lines that say so."""

QUEUE_FULL: Final = "QueueFull"
TOO_MANY_STRANGERS: Final = "TooManyUnauthenticated"
FAULT: Final = "Fault"
REASONS: Final = (QUEUE_FULL, TOO_MANY_STRANGERS, FAULT)
"""Why an event is dropped."""

_NUDGE: Final = b""


class Sink(Protocol):
    def write(self, lines: Sequence[bytes]) -> None:
        """All of them or none; raises OSError."""


class AuditWriter:
    def __init__(
        self,
        sink: Sink,
        dropped_line: Callable[[dict[str, int]], bytes],
        waiting_bytes_max: int = WAITING_BYTES_MAX,
        retry_s: float = RETRY_S,
        tell_every_s: float = TELL_EVERY_S,
    ) -> None:
        """`dropped_line` makes the line that says how many events are missing, by reason; called on the thread."""
        self._tell_every_s = tell_every_s
        self._sink = sink
        self._dropped_line = dropped_line
        self._waiting_bytes_max = waiting_bytes_max
        self._retry_s = retry_s
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._closing = threading.Event()
        # Each number is written by one thread alone, so none needs a lock: these by the loop ...
        self._put_bytes = 0
        self.dropped = dict.fromkeys(REASONS, 0)
        """Since the start."""
        self._behind = False
        # ... and these by the thread.
        self._done_bytes = 0
        self.written = 0
        self._told = self.dropped.copy()
        self._tell_after_s = 0.0
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="audit log", daemon=True)
        self._thread.start()

    # -- on the loop ----------------------------------------------------------------------------------------

    def put(self, line: bytes) -> None:
        waiting_bytes = self._put_bytes - self._done_bytes
        if waiting_bytes + len(line) > self._waiting_bytes_max:
            if not self._behind:
                self._behind = True
                logger.warning("the disk of the audit log does not keep up: events are dropped")
            self.drop(QUEUE_FULL)
            return
        if self._behind and waiting_bytes < self._waiting_bytes_max // 2:
            self._behind = False
        self._put_bytes += len(line)
        self._queue.put(line)

    def drop(self, reason: str) -> None:
        """Counts an event that is not written."""
        self.dropped[reason] += 1
        if self._queue.empty():
            # The thread may have looked at the count already and be about to sleep.
            self._queue.put(_NUDGE)

    def close(self) -> None:
        """Writes what waits, as far as the disk takes it within CLOSE_TIME_S. Blocks."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join(CLOSE_TIME_S)
        lost_bytes = self._put_bytes - self._done_bytes
        if lost_bytes:
            logger.error("%d bytes of the audit log could not be written before the stop", lost_bytes)

    # -- on the thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, size, ended = self._next_batch(self._patience_s())
            if batch and not self._written(batch):
                return
            self._done_bytes += size
            self.written += len(batch)
            untold = self.dropped != self._told
            if untold and (ended or monotonic() >= self._tell_after_s) and not self._tell_dropped():
                return

    def _patience_s(self) -> float | None:
        """How long the next line may be waited for."""
        return None if self.dropped == self._told else max(0.0, self._tell_after_s - monotonic())

    def _next_batch(self, patience_s: float | None) -> tuple[list[bytes], int, bool]:
        """(lines, their bytes, whether there is no more to come). Waits for the first."""
        batch: list[bytes] = []
        size = 0
        try:
            line = self._queue.get(timeout=patience_s)
        except Empty:
            return batch, size, False
        while line is not None:
            if line:
                batch.append(line)
                size += len(line)
            if size >= BATCH_BYTES_MAX:
                return batch, size, False
            try:
                line = self._queue.get_nowait()
            except Empty:
                return batch, size, False
        return batch, size, True

    def _tell_dropped(self) -> bool:
        now = self.dropped.copy()
        missing = {reason: now[reason] - told for reason, told in self._told.items() if now[reason] > told}
        if not self._written([self._dropped_line(missing)]):
            return False
        logger.warning("events are missing from the audit log: %s", missing)
        self._told = now
        self._tell_after_s = monotonic() + self._tell_every_s
        return True

    def _written(self, batch: Sequence[bytes]) -> bool:
        """Tries until it is; False where the server stops meanwhile."""
        while True:
            try:
                self._sink.write(batch)
            except OSError as error:
                if not self._failing:
                    self._failing = True
                    logger.error("the audit log cannot be written, and is tried again: %s", error)
                if self._closing.wait(self._retry_s):
                    return self._last_try(batch)
            else:
                if self._failing:
                    self._failing = False
                    logger.warning("the audit log is written again")
                return True

    def _last_try(self, batch: Sequence[bytes]) -> bool:
        try:
            self._sink.write(batch)
        except OSError:
            return False
        return True
