"""A noisy group floods a standard queue: how long do messages of quiet groups wait?

    .venv/bin/python -m bench.fair_queue [--noisy 10000] [--consumers 20] [--work-ms 5] [--svg FILE] [--json]

First, 10,000 messages of one group are queued. Then consumers begin: each receives one message, works on it for some
milliseconds and deletes it, while five quiet groups send a message every 20 ms in turn. The same again without groups,
as a queue that knows of none. Printed and plotted: dwell time, from the send of a message to its receive.
"""

import argparse
import asyncio
import json
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import uvloop
from bench.client import Signer
from bench.plot import Points, scatter
from bench.send_receive_delete import Target, serving, signer_for
from rich.console import Console
from rich.table import Table

QUIET_GROUPS = 5
QUIET_EVERY_S = 0.02
NOISY = "noisy"


@dataclass
class Line:
    """One connection, one request at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    signer: Signer

    @classmethod
    async def open(cls, target: Target) -> "Line":
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        return cls(reader, writer, signer_for(target))

    async def ask(self, operation: str, **members: object) -> dict[str, Any]:
        self.writer.write(self.signer.request(operation, json.dumps(members).encode()))
        head = await self.reader.readuntil(b"\r\n\r\n")
        at = head.find(b"Content-Length: ") + 16
        body = await self.reader.readexactly(int(head[at : head.find(b"\r", at)]))
        assert head.startswith(b"HTTP/1.1 200"), body
        found: dict[str, Any] = json.loads(body or b"{}")
        return found


@dataclass
class Dwell:
    """Of each message: when it was sent, in seconds from the start of the consumers, and how long it waited, in ms."""

    started: float = 0.0
    noisy: list[tuple[float, float]] = field(default_factory=list)
    quiet: list[tuple[float, float]] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)
    """How many messages were received between the send of a quiet one and its receive."""
    received: int = 0


async def consume(line: Line, url: str, work_s: float, dwell: Dwell, over: asyncio.Event) -> None:
    while not over.is_set():
        for message in (await line.ask("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=1)).get(
            "Messages", ()
        ):
            kind, sent_at, received_then = json.loads(message["Body"])
            now = time.perf_counter()
            points = dwell.noisy if kind == NOISY else dwell.quiet
            points.append((max(0.0, sent_at - dwell.started), (now - max(sent_at, dwell.started)) * 1e3))
            if kind != NOISY:
                dwell.ahead.append(dwell.received - received_then)
            dwell.received += 1
            await asyncio.sleep(work_s)
            await line.ask("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


async def one_run(target: Target, name: str, given: argparse.Namespace, *, grouped: bool) -> Dwell:
    sender = await Line.open(target)
    url = (await sender.ask("CreateQueue", QueueName=name))["QueueUrl"]
    dwell = Dwell()

    def message(kind: str) -> dict[str, str]:
        body = json.dumps([kind, time.perf_counter(), dwell.received])
        return {"MessageBody": body, **({"MessageGroupId": kind} if grouped else {})}

    for _ in range(given.noisy // 10):
        entries = [{"Id": str(number), **message(NOISY)} for number in range(10)]
        await sender.ask("SendMessageBatch", QueueUrl=url, Entries=entries)
    over = asyncio.Event()
    lines = [await Line.open(target) for _ in range(given.consumers)]
    dwell.started = time.perf_counter()
    consumers = [asyncio.create_task(consume(line, url, given.work_ms / 1e3, dwell, over)) for line in lines]
    sent = 0
    while len(dwell.noisy) < given.noisy or len(dwell.quiet) < sent:
        if len(dwell.noisy) < given.noisy:
            await sender.ask("SendMessage", QueueUrl=url, **message(f"quiet-{sent % QUIET_GROUPS}"))
            sent += 1
        await asyncio.sleep(QUIET_EVERY_S)
    over.set()
    await asyncio.gather(*consumers)
    return dwell


async def run(given: argparse.Namespace) -> dict[str, Dwell]:
    with (
        tempfile.TemporaryDirectory(prefix="qanat-bench-") as folder,
        serving(Path(folder) / "data") as target,
    ):
        return {
            "with groups": await one_run(target, "fair", given, grouped=True),
            "without groups": await one_run(target, "plain", given, grouped=False),
        }


def percentile(points: Points, share: float) -> float:
    ordered = sorted(dwell for _, dwell in points)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def summary(runs: dict[str, Dwell]) -> list[dict[str, Any]]:
    return [
        {
            "run": name,
            "messages": kind,
            "count": len(points),
            "p50 ms": round(percentile(points, 0.5), 1),
            "p99 ms": round(percentile(points, 0.99), 1),
            "max ms": round(percentile(points, 1.0), 1),
            "received before it, p50": round(median(dwell.ahead)) if kind == "quiet" else "",
            "received before it, max": max(dwell.ahead) if kind == "quiet" else "",
        }
        for name, dwell in runs.items()
        for kind, points in (("quiet", dwell.quiet), (NOISY, dwell.noisy))
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--noisy", type=int, default=10_000)
    parser.add_argument("--consumers", type=int, default=20)
    parser.add_argument("--work-ms", type=float, default=5.0)
    parser.add_argument("--svg", type=Path, help="where to write the plot")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    runs = uvloop.run(run(given))
    if given.svg:
        given.svg.write_text(
            scatter(
                f"Dwell time beside a noisy group of {given.noisy:,} messages, {given.consumers} consumers",
                "sent, seconds after the consumers began",
                "dwell time, ms",
                {
                    "quiet, without groups": runs["without groups"].quiet,
                    "quiet, in groups of their own": runs["with groups"].quiet,
                },
            )
        )
    rows = summary(runs)
    if given.json:
        print(json.dumps(rows))
        return
    table = Table(title="From send to receive")
    for column in rows[0]:
        table.add_column(column, justify="left" if column in ("run", "messages") else "right")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
