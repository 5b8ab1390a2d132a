"""Thousands of connections at once, by asyncio: each asks signed requests and notes when its answers come."""

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

from support.raw import request
from support.server import Server
from support.signing import sqs

BOUND_S = 60.0


class Reply(NamedTuple):
    status: int
    body: dict[str, Any]
    at: float
    """By `time.perf_counter`."""

    @property
    def bodies(self) -> list[str]:
        return [message["Body"] for message in self.body.get("Messages", [])]


class Line(asyncio.Protocol):
    """One connection that is kept; one question at a time."""

    def __init__(self) -> None:
        self.on_reply: Callable[[Line], None] = lambda _: None
        self._received = b""
        self.transport: asyncio.Transport
        self.reply: asyncio.Future[Reply]

    def ask(self, data: bytes) -> "asyncio.Future[Reply]":
        self.reply = asyncio.get_running_loop().create_future()
        self.transport.write(data)
        return self.reply

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        at = time.perf_counter()
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(body) < length:
            return
        self._received = b""
        parsed = json.loads(body) if body.startswith(b"{") else {}
        self.reply.set_result(Reply(int(head[9:12]), parsed, at))
        self.on_reply(self)

    def connection_lost(self, exc: Exception | None) -> None:
        reply = getattr(self, "reply", None)
        if reply is not None and not reply.done():
            reply.cancel()


async def open_line(server: Server, ca_bundle: Path | None = None) -> Line:
    context = None if ca_bundle is None else ssl.create_default_context(cafile=str(ca_bundle))
    _, line = await asyncio.get_running_loop().create_connection(Line, server.host, server.port, ssl=context)
    return line


async def within_bound(reply: "asyncio.Future[Reply]") -> Reply:
    return await asyncio.wait_for(reply, BOUND_S)


async def fence(line: Line) -> None:
    """The server has seen by now what came to it before."""
    assert (await within_bound(line.ask(request(b"", {"Host": "localhost"}, "/health", "GET")))).status == 200


def signed(server: Server, operation: str, **parameters: Any) -> bytes:
    """The bytes of a request; they may be sent many times."""
    made = sqs(server.administrator(), operation, parameters)
    return request(made.body, made.headers_for(f"{server.host}:{server.port}"))


def cpu_seconds(process_id: int) -> float:
    """User and system time of all threads of a process, in the scheduler's own nanoseconds."""
    tasks = Path(f"/proc/{process_id}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
