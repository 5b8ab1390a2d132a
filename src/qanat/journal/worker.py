"""One thread for the blocking calls on one log. It does nothing but wait on the disk, so the loop is never held up."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue

_Work = tuple[Callable[[], None], Callable[[Exception | None], None]]


class LogWorker:
    """Runs work in the order given. `close` ends the thread after all of it."""

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Callable[[], None], then: Callable[[Exception | None], None]) -> None:
        """`then` is called on the loop, with what `work` raised or None."""
        self._queue.put((work, then))

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            work, then = item
            error: Exception | None = None
            try:
                work()
            except Exception as raised:  # noqa: BLE001 - whoever gave the work judges it
                error = raised
            self._loop.call_soon_threadsafe(then, error)
            # What hangs on these is let go on the loop's thread, not here while the next work waits.
            del item, work, then
