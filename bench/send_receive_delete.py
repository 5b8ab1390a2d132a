"""Send, receive and delete, each durable, signed and authorised, with the bare transport beside them.

    .venv/bin/python -m bench.send_receive_delete [--seconds 4] [--connections 64] [--rounds 3] [--json]

Everything runs on this machine, the load generator on the same cores as the server; compare the columns of one run,
not the figures of two. CPU is the server's own, all its threads, per request. The bare transport (bench/bare.py) runs
twice: answering at once, and in groups every two milliseconds, the rhythm that group commit has under this load
(an answer that wakes a sleeping client costs the kernel more than one to a busy client).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import uvloop
from bench.client import Signer, Tally, drive, until
from rich.console import Console
from rich.table import Table

from qanat import credentials

BODY = "x" * 1024
BATCH = 10
# Well under the 120,000 that a queue may have in flight.
IN_FLIGHT_MAX = 100_000


@dataclass(frozen=True)
class Target:
    pid: int
    port: int
    data: Path


@contextmanager
def running(command: list[str]) -> Iterator[tuple[int, str]]:
    """(process id, its first line); ended by its id."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.pid, process.stdout.readline()
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def serving(data: Path) -> Iterator[Target]:
    """A server of its own, with everything in `data`."""
    command = [
        sys.executable, "-m", "qanat.cli.main", "serve", "--json", "--data", str(data),
        "--listen", "127.0.0.1:0", "--network", "loopback", "--log-level", "warning",
    ]  # fmt: skip
    with running(command) as (pid, line):
        yield Target(pid, urlsplit(json.loads(line)["endpoint"]).port or 0, data)


def signer_for(target: Target) -> Signer:
    key = credentials.read_key(target.data, credentials.DEFAULT)
    assert key is not None
    return Signer(f"127.0.0.1:{target.port}", "us-east-2", *key)


async def call(target: Target, request: bytes) -> dict[str, Any]:
    answer: list[bytes] = []

    def following(body: bytes) -> None:
        answer.append(body)

    tally = await drive(target.port, 1, lambda _: request, lambda _: following, target.pid)
    assert not tally.failures, tally.last_failure
    found: dict[str, Any] = json.loads(answer[0])
    return found


def _json(**members: object) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()


def send_request(signer: Signer, url: str, batch: int) -> bytes:
    if batch == 1:
        return signer.request("SendMessage", _json(QueueUrl=url, MessageBody=BODY))
    entries = [{"Id": str(number), "MessageBody": BODY} for number in range(batch)]
    return signer.request("SendMessageBatch", _json(QueueUrl=url, Entries=entries))


async def measure_same(target: Target, request: bytes, connections: int, seconds: float) -> Tally:
    deadline = time.perf_counter() + seconds
    return await drive(
        target.port, connections, lambda _: request, lambda _: until(deadline, request), target.pid
    )


async def measure_receive_delete(
    target: Target, signer: Signer, url: str, batch: int, connections: int, seconds: float
) -> tuple[Tally, Tally]:
    """Receives into memory for a while, then deletes all of it: two tallies."""
    handles: list[list[str]] = []
    receive = signer.request("ReceiveMessage", _json(QueueUrl=url, MaxNumberOfMessages=batch))
    deadline = time.perf_counter() + seconds

    def collect(body: bytes) -> bytes | None:
        messages = json.loads(body).get("Messages", ())
        if messages:
            handles.append([message["ReceiptHandle"] for message in messages])
        going_on = messages and time.perf_counter() < deadline and len(handles) < IN_FLIGHT_MAX // batch
        return receive if going_on else None

    received = await drive(target.port, connections, lambda _: receive, lambda _: collect, target.pid)
    requests = [delete_request(signer, url, batch, group) for group in handles]
    connections = min(connections, len(requests))

    def next_delete(_: bytes) -> bytes | None:
        return requests.pop() if requests else None

    firsts = [requests.pop() for _ in range(connections)]
    deleted = await drive(
        target.port, connections, lambda number: firsts[number], lambda _: next_delete, target.pid
    )
    return received, deleted


def delete_request(signer: Signer, url: str, batch: int, handles: list[str]) -> bytes:
    if batch == 1:
        return signer.request("DeleteMessage", _json(QueueUrl=url, ReceiptHandle=handles[0]))
    entries = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)]
    return signer.request("DeleteMessageBatch", _json(QueueUrl=url, Entries=entries))


async def run(seconds: float, connections: int, rounds: int) -> dict[str, list[tuple[int, Tally]]]:
    results: dict[str, list[tuple[int, Tally]]] = {}

    def note(name: str, batch: int, tally: Tally) -> None:
        assert not tally.failures, (name, tally.last_failure)
        results.setdefault(name, []).append((batch, tally))

    with tempfile.TemporaryDirectory(prefix="qanat-bench-") as folder:
        data = Path(folder) / "data"
        at_once = [sys.executable, "-m", "bench.bare"]
        with (
            serving(data) as target,
            running(at_once) as (bare_pid, bare),
            running([*at_once, "--group-ms", "2"]) as (grouped_pid, grouped),
        ):
            transports = {
                "at once": Target(bare_pid, int(bare), data),
                "in groups": Target(grouped_pid, int(grouped), data),
            }
            signer = signer_for(target)
            url = (await call(target, signer.request("CreateQueue", _json(QueueName="bench"))))["QueueUrl"]
            single, batched = send_request(signer, url, 1), send_request(signer, url, BATCH)
            for _ in range(rounds):
                for batch, size, request in ((1, "1 kB", single), (BATCH, "10 kB", batched)):
                    name = "SendMessage, 1 kB" if batch == 1 else f"SendMessageBatch, {BATCH} x 1 kB"
                    for how, transport in transports.items():
                        tally = await measure_same(transport, request, connections, seconds)
                        note(f"bare transport, {size}, {how}", 1, tally)
                    note(name, batch, await measure_same(target, request, connections, seconds))
                    received, deleted = await measure_receive_delete(
                        target, signer, url, batch, connections, seconds
                    )
                    note(f"ReceiveMessage, {batch}", batch, received)
                    note(f"DeleteMessage{'Batch' if batch > 1 else ''}, {batch}", batch, deleted)
            alone = await measure_same(target, single, 1, seconds)
            note("SendMessage, 1 kB, one connection", 1, alone)
    return results


def summary(results: dict[str, list[tuple[int, Tally]]]) -> list[dict[str, Any]]:
    at_once, in_groups = (
        [tally.cpu_us_per_request for _, tally in results[f"bare transport, 1 kB, {how}"]]
        for how in ("at once", "in groups")
    )
    rows = []
    for name, runs in results.items():
        tallies = [tally for _, tally in runs]
        cpu = [tally.cpu_us_per_request for tally in tallies]
        rows.append(
            {
                "what": name,
                "requests_per_s": round(median(tally.requests_per_s for tally in tallies)),
                "messages_per_s": round(median(tally.requests_per_s for tally in tallies) * runs[0][0]),
                "p50_ms": round(median(tally.percentile_ms(0.5) for tally in tallies), 2),
                "p99_ms": round(median(tally.percentile_ms(0.99) for tally in tallies), 2),
                "server_cpu_us_per_request": round(median(cpu), 1),
                "cpu_to_bare_in_groups": ratio(cpu, in_groups),
                "cpu_to_bare_at_once": ratio(cpu, at_once),
            }
        )
    return rows


def ratio(own: list[float], base: list[float]) -> float:
    """The median over rounds of figures taken side by side."""
    return round(median(one / other for one, other in zip(own, base, strict=False)), 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = summary(uvloop.run(run(given.seconds, given.connections, given.rounds)))
    if given.json:
        print(json.dumps({"connections": given.connections, "rounds": given.rounds, "rows": rows}))
        return
    table = Table(title=f"{given.connections} connections, median of {given.rounds} rounds")
    for column in rows[0]:
        table.add_column(column.replace("_", " "), justify="left" if column == "what" else "right")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
