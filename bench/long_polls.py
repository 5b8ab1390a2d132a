"""Long polls: what waiting receives cost while nothing comes, and how soon a send wakes them.

    .venv/bin/python -m bench.long_polls [--receives 5000] [--sends 1000] [--idle-s 5] [--json]

Memory is the growth of the server's resident set, divided by the connections: once with connections on which one
request was answered, once more with a receive parked on each. CPU is the server's own, all its threads. A wake is timed
from the first byte of the send to the last byte of the receive's answer: both are signed, authorised and durable
(two commits, one after the other), and the load generator runs on the same cores. Those who then still wait are woken
by batches of ten, sent one after the other on one connection. All of it must end before the 20 s of a poll do.
"""

import argparse
import asyncio
import json
import resource
import ssl
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, cast
from urllib.parse import urlsplit

import uvloop
from bench.client import Signer, cpu_seconds
from bench.send_receive_delete import Target, call, running, signer_for
from rich.console import Console
from rich.table import Table

WAIT_S = 20
BATCH = 10


class _Line(asyncio.Protocol):
    """One connection; the future of a question holds the time at which its answer was there."""

    transport: asyncio.Transport
    answered: "asyncio.Future[float]"
    _received = b""

    def ask(self, data: bytes) -> "asyncio.Future[float]":
        self.answered = asyncio.get_running_loop().create_future()
        self.transport.write(data)
        return self.answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        at = time.perf_counter()
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        start = self._received.find(b"Content-Length: ") + 16
        if len(self._received) < end + 4 + int(self._received[start : self._received.find(b"\r", start)]):
            return
        assert self._received[9:12] == b"200", self._received
        self._received = b""
        self.answered.set_result(at)


class Bench:
    def __init__(self, target: Target, signer: Signer, url: str, tls: ssl.SSLContext | None) -> None:
        self._target = target
        self._tls = tls
        self._receive = signer.request("ReceiveMessage", _json(QueueUrl=url, WaitTimeSeconds=WAIT_S))
        self._ask_nothing = signer.request("GetQueueAttributes", _json(QueueUrl=url))
        self._send = signer.request("SendMessage", _json(QueueUrl=url, MessageBody="x" * 1024))
        entries = [{"Id": str(number), "MessageBody": "x" * 1024} for number in range(BATCH)]
        self._send_batch = signer.request("SendMessageBatch", _json(QueueUrl=url, Entries=entries))
        self._control: _Line

    async def run(self, receives: int, sends: int, idle_s: float) -> dict[str, Any]:
        self._control = await self._open()
        at_start = _resident_bytes(self._target.pid)
        lines = [await self._open() for _ in range(receives)]
        connected = _resident_bytes(self._target.pid)
        park_cpu_s = await self._park(lines)
        parked = _resident_bytes(self._target.pid)
        idle_cpu = await self._idle(idle_s)
        assert not any(line.answered.done() for line in lines)
        cpu = cpu_seconds(self._target.pid)
        wakes_s = sorted([await self._wake(line) for line in lines[:sends]])
        wake_cpu_s = cpu_seconds(self._target.pid) - cpu
        rest_s = await self._wake_all(lines[sends:])
        for line in [*lines, self._control]:
            line.transport.close()
        return {
            "receives": receives,
            "connection_kb": round((connected - at_start) / receives / 1e3, 1),
            "parked_kb": round((parked - connected) / receives / 1e3, 1),
            "park_cpu_us": round(park_cpu_s / receives * 1e6),
            "idle_cpu_percent": round(idle_cpu * 100, 2),
            "wake_cpu_us": round(wake_cpu_s / sends * 1e6),
            "wake_p50_ms": round(median(wakes_s) * 1e3, 2),
            "wake_p99_ms": round(wakes_s[int(0.99 * len(wakes_s))] * 1e3, 2),
            "woken_in_batches_a_second": round((receives - sends) / rest_s),
        }

    async def _open(self) -> _Line:
        """And has one request answered on it, so that the server has done all that a connection takes."""
        _, line = await asyncio.get_running_loop().create_connection(
            _Line, "127.0.0.1", self._target.port, ssl=self._tls
        )
        await line.ask(self._ask_nothing)
        return line

    async def _park(self, lines: list[_Line]) -> float:
        """The server's CPU seconds. What is asked after them is answered after they were read."""
        cpu = cpu_seconds(self._target.pid)
        for line in lines:
            line.ask(self._receive)
        await self._control.ask(self._ask_nothing)
        return cpu_seconds(self._target.pid) - cpu

    async def _idle(self, seconds: float) -> float:
        """The share of one core."""
        started, cpu = time.perf_counter(), cpu_seconds(self._target.pid)
        await asyncio.sleep(seconds)
        return (cpu_seconds(self._target.pid) - cpu) / (time.perf_counter() - started)

    async def _wake(self, line: _Line) -> float:
        """`line` is the first of those who wait."""
        started = time.perf_counter()
        sent = self._control.ask(self._send)
        answered = await line.answered
        await sent
        return answered - started

    async def _wake_all(self, lines: list[_Line]) -> float:
        started = time.perf_counter()
        for _ in range(0, len(lines), BATCH):
            await self._control.ask(self._send_batch)
        return max([await line.answered for line in lines]) - started


def _resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _json(**members: object) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()


async def measure(receives: int, sends: int, idle_s: float) -> list[dict[str, Any]]:
    """Over HTTP and over HTTPS, each with a server of its own: memory that was freed would not be seen again."""
    rows = []
    for scheme in ("http", "https"):
        with tempfile.TemporaryDirectory(prefix="qanat-bench-") as folder:
            data = Path(folder) / "data"
            serve = [
                sys.executable, "-m", "qanat.cli.main", "serve", "--json", "--data", str(data),
                "--listen", "127.0.0.1:0", "--network", "loopback", "--log-level", "warning",
            ]  # fmt: skip
            with running(serve) as (pid, line):
                target = Target(pid, urlsplit(json.loads(line)["endpoint"]).port or 0, data)
                signer = signer_for(target)
                made = await call(target, signer.request("CreateQueue", _json(QueueName="bench")))
                tls = ssl.create_default_context(cafile=str(data / "ca.pem")) if scheme == "https" else None
                bench = Bench(target, signer, made["QueueUrl"], tls)
                rows.append({"over": scheme, **await bench.run(receives, sends, idle_s)})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--receives", type=int, default=5_000)
    parser.add_argument("--sends", type=int, default=1_000)
    parser.add_argument("--idle-s", type=float, default=5.0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rows = uvloop.run(measure(given.receives, given.sends, given.idle_s))
    if given.json:
        print(json.dumps(rows))
        return
    table = Table(title="Long polls")
    for column in rows[0]:
        table.add_column(column.replace("_", " "), justify="left" if column == "over" else "right")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
