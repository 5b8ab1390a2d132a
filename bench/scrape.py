"""One scrape of the metrics of many queues, and how long it keeps the loop from its other work.

.venv/bin/python -m bench.scrape [--queues 10000] [--rounds 5]
"""

import argparse
import asyncio
import gc
import time
from statistics import median
from types import SimpleNamespace
from typing import Any, cast

import uvloop
from rich.console import Console

from qanat.api.metrics.page import MetricsPage, zipped
from qanat.api.metrics.server import Sources
from qanat.core.control import Control
from qanat.core.queues import commands as c
from qanat.core.queues.definition_commands import CreateQueue
from qanat.core.queues.message import Content
from qanat.core.queues.shard import QueueShard
from qanat.net.http import HttpServer
from qanat.net.traffic import no_answers
from qanat.node import Clock

NOW_MS = 1_753_264_000_000
MESSAGES = 10
GROUPS = 5


def queues(count: int) -> tuple[Control, QueueShard]:
    """Each with messages in a few groups, some of them in flight."""
    control, shard = Control(), QueueShard()
    for number in range(count):
        command = CreateQueue("123456789012", "us-east-2", f"a-queue-with-a-usual-name-{number}", (), (), 0)
        queue = cast("Any", control.handle(command, NOW_MS).reply)
        shard.handle(c.ConfigureQueue(queue.queue_id, control.catalogue.settings(queue).config), NOW_MS)
        for place in range(MESSAGES):
            content = Content(
                f"{place}", "body", "md5", (), None, "AIDA", f"group-{place % GROUPS}", NOW_MS - place
            )
            shard.handle(c.Send(queue.queue_id, (c.Outgoing(content, 0, 4),)), NOW_MS)
        shard.handle(c.Receive(queue.queue_id, MESSAGES // 2, 30), NOW_MS)
    return control, shard


def page(control: Control, shard: QueueShard) -> MetricsPage:
    loop = asyncio.get_running_loop()
    no_audit = SimpleNamespace(writer=SimpleNamespace(written=0, dropped={}))
    nothing: Any = SimpleNamespace(
        answers={},
        health_answers=no_answers(),
        authentication_failures={},
        counts={},
        unjudged=0,
        count=0,
        audit=no_audit,
    )
    clock = Clock(lambda: NOW_MS + 1_000)
    http = HttpServer(lambda _: None, loop)
    sources = Sources(control, shard, {}, nothing, http, nothing, nothing, nothing, clock, 0.0)
    return MetricsPage(sources, loop)


async def longest_hold_s(done: asyncio.Event) -> float:
    """The longest that the loop took from one turn to the next."""
    longest_s, last_s = 0.0, time.perf_counter()
    while not done.is_set():
        await asyncio.sleep(0)
        now_s = time.perf_counter()
        longest_s, last_s = max(longest_s, now_s - last_s), now_s
    return longest_s


async def measure(count: int, rounds: int) -> None:
    metrics = page(*queues(count))
    gc.collect()
    gc.freeze()
    totals_s, holds_s, parts, body = [], [], [b""], b""
    for _ in range(rounds):
        done = asyncio.Event()
        hold = asyncio.create_task(longest_hold_s(done))
        await asyncio.sleep(0)
        began_s = time.perf_counter()
        parts = await metrics.render()
        body = await asyncio.to_thread(zipped, parts)
        totals_s.append(time.perf_counter() - began_s)
        done.set()
        holds_s.append(await hold)
    megabytes, megabytes_small = sum(map(len, parts)) / 1e6, len(body) / 1e6
    Console(soft_wrap=True).print(
        f"{count} queues: {megabytes:.1f} MB, {megabytes_small:.1f} MB as gzip, in {median(totals_s) * 1000:.0f} ms; "
        f"the loop held for at most {median(holds_s) * 1000:.1f} ms (medians of {rounds} rounds)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queues", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parsed = parser.parse_args()
    uvloop.run(measure(parsed.queues, parsed.rounds))


if __name__ == "__main__":
    main()
