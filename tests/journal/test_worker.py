"""One thread for the blocking calls: in order, and never silent about what went wrong."""

import asyncio
import threading
from functools import partial

from qanat.journal.worker import LogWorker


def test_work_is_done_in_order_elsewhere_and_told_on_the_loop() -> None:
    told: list[tuple[int, Exception | None, int]] = []
    threads: set[int] = set()
    failure = OSError("disk full")

    def work(number: int) -> None:
        threads.add(threading.get_ident())
        if number == 2:
            raise failure

    async def run() -> None:
        worker = LogWorker("log", asyncio.get_running_loop())
        done = asyncio.Event()
        for number in range(5):

            def then(error: Exception | None, number: int = number) -> None:
                told.append((number, error, threading.get_ident()))
                if number == 4:
                    done.set()

            worker.run(partial(work, number), then)
        await done.wait()
        worker.close()

    asyncio.run(run())
    here = threading.get_ident()
    assert told == [(number, failure if number == 2 else None, here) for number in range(5)]
    assert len(threads) == 1
    assert here not in threads


def test_close_waits_for_all_work() -> None:
    done: list[int] = []

    async def run() -> None:
        worker = LogWorker("log", asyncio.get_running_loop())
        for number in range(100):
            worker.run(partial(done.append, number), lambda _: None)
        worker.close()

    asyncio.run(run())
    assert done == list(range(100))
