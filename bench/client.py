"""A load generator on bare connections: it sends bytes that are signed already and times the answers."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import cast

from qanat.core.sigv4 import Claim, Scope, SignedRequest, sign, signing_key


@dataclass(frozen=True)
class Signer:
    """Signs requests of the JSON protocol for one server and one key."""

    host: str
    region: str
    access_key_id: str
    secret: str

    def request(self, operation: str, body: bytes) -> bytes:
        amz_date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "host": self.host,
            "x-amz-date": amz_date,
            "x-amz-target": f"AmazonSQS.{operation}",
            "x-amzn-query-mode": "true",
        }
        scope = Scope(amz_date[:8], self.region, "sqs")
        claim = Claim(self.access_key_id, scope, tuple(sorted(n.encode() for n in headers)), "", amz_date)
        signed = {name.encode(): value.encode() for name, value in headers.items()}
        authorization = sign(
            SignedRequest(b"POST", b"/", b"", signed, body), claim, signing_key(self.secret, scope)
        )
        # What boto3 sends besides, so that the parser has its usual work.
        headers |= {
            "authorization": authorization,
            "user-agent": "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux lang/python#3.11",
            "amz-sdk-invocation-id": "b1e8c6a0-5f1c-4c0e-9d4b-2f6f3f6f7a11",
            "amz-sdk-request": "attempt=1",
            "accept-encoding": "identity",
            "content-length": str(len(body)),
        }
        head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return head.encode() + b"\r\n" + body


@dataclass
class Tally:
    """What one run came to."""

    seconds: float = 0.0
    requests: int = 0
    failures: int = 0
    latencies_s: list[float] = field(default_factory=list)
    server_cpu_s: float = 0.0
    last_failure: bytes = b""

    @property
    def requests_per_s(self) -> float:
        return self.requests / self.seconds

    @property
    def cpu_us_per_request(self) -> float:
        return self.server_cpu_s / self.requests * 1e6

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3


Next = Callable[[bytes], bytes | None]
"""The body of the answer before -> the bytes of the next request; None ends the connection."""


class _Connection(asyncio.Protocol):
    def __init__(self, tally: Tally, first: bytes, following: Next, done: asyncio.Future[None]) -> None:
        self._tally = tally
        self._first = first
        self._following = following
        self._done = done
        self._received = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send(self._first)

    def _send(self, data: bytes) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self._received.find(b"Content-Length: ") + 16
        length = int(self._received[at : self._received.find(b"\r", at)])
        if len(self._received) < end + 4 + length:
            return
        self._tally.latencies_s.append(time.perf_counter() - self._sent_at)
        self._tally.requests += 1
        if self._received[9:12] != b"200":
            self._tally.failures += 1
            self._tally.last_failure = self._received[-300:]
        body, self._received = self._received[end + 4 :], b""
        following = self._following(body)
        if following is None:
            self._transport.close()
        else:
            self._send(following)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


async def drive(
    port: int,
    connections: int,
    first: Callable[[int], bytes],
    following: Callable[[int], Next],
    cpu_of: int,
) -> Tally:
    """Runs `connections` connections until each of them ends; `cpu_of` is the server's process id."""
    loop = asyncio.get_running_loop()
    tally = Tally()
    ends: list[asyncio.Future[None]] = []
    cpu = cpu_seconds(cpu_of)
    started = time.perf_counter()
    for number in range(connections):
        done: asyncio.Future[None] = loop.create_future()
        ends.append(done)
        make = partial(_Connection, tally, first(number), following(number), done)
        await loop.create_connection(make, "127.0.0.1", port)
    await asyncio.gather(*ends)
    tally.seconds = time.perf_counter() - started
    tally.server_cpu_s = cpu_seconds(cpu_of) - cpu
    return tally


def until(deadline: float, request: bytes) -> Next:
    """The same request again until the deadline (`time.perf_counter`)."""
    return lambda _: request if time.perf_counter() < deadline else None


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process, in the scheduler's own nanoseconds."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9
