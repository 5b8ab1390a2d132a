"""The bare transport: our HTTP server with an empty handler. What everything else is compared with.

    python -m bench.bare [--group-ms MS]

Without the flag it answers at once. With it, it answers in groups, as a server with group commit must: whatever came
while the last group waited its MS milliseconds (in a thread, where a commit would wait for the disk) waits together.
"""

import argparse
import asyncio
import queue
import signal
import ssl
import sys
import threading
import time

import uvloop

from qanat.app import SWITCH_INTERVAL_S
from qanat.core.way import WayIn
from qanat.net.http import HttpServer, Request
from qanat.net.listeners import Door, Listener, listen_tcp

# As long as the answer to a SendMessage, head and body.
_BODY = b'{"MessageId":"00000000-0000-4000-8000-000000000000","MD5OfMessageBody":"00000000000000000000000000000000"}'
_HEAD = b"x-amzn-RequestId: 00000000-0000-4000-8000-000000000000\r\n"


def _answer(request: Request) -> None:
    request.respond(200, b"application/x-amz-json-1.0", _BODY, _HEAD)


class Grouped:
    """Gathers requests while the group before waits."""

    def __init__(self, wait_s: float, loop: asyncio.AbstractEventLoop) -> None:
        self._wait_s = wait_s
        self._loop = loop
        self._gathering: list[Request] = []
        self._waiting = False
        self._groups: queue.SimpleQueue[list[Request]] = queue.SimpleQueue()
        threading.Thread(target=self._wait, daemon=True).start()

    def handle(self, request: Request) -> None:
        self._gathering.append(request)
        if not self._waiting:
            self._waiting = True
            self._loop.call_soon(self._start)

    def _start(self) -> None:
        group, self._gathering = self._gathering, []
        self._groups.put(group)

    def _wait(self) -> None:
        while True:
            group = self._groups.get()
            time.sleep(self._wait_s)
            self._loop.call_soon_threadsafe(self._finish, group)
            del group

    def _finish(self, group: list[Request]) -> None:
        self._waiting = bool(self._gathering)
        if self._waiting:
            self._loop.call_soon(self._start)
        for request in group:
            _answer(request)


async def _serve(group_ms: float) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    sock = listen_tcp("127.0.0.1", 0)
    port = sock.getsockname()[1]
    door = Door(
        way_in=lambda address, secure: WayIn(secure, address),
        tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        plain_allowed=True,
        admits=lambda _: True,
    )
    handler = Grouped(group_ms / 1e3, loop).handle if group_ms else _answer
    Listener(sock, door, HttpServer(handler, loop), "127.0.0.1")
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await stopping.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--group-ms", type=float, default=0.0)
    # As the real server does, so that both hand the interpreter over alike.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    uvloop.run(_serve(parser.parse_args().group_ms))
