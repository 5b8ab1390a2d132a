"""The bare transport: our HTTP server with a handler that answers at once. What everything else is compared with."""

import asyncio
import signal
import ssl
import sys

import uvloop

from qanat.core.way import WayIn
from qanat.net.http import HttpServer, Request
from qanat.net.listeners import Door, Listener, listen_tcp

# As long as the answer to a SendMessage, head and body.
_BODY = b'{"MessageId":"00000000-0000-4000-8000-000000000000","MD5OfMessageBody":"00000000000000000000000000000000"}'
_HEAD = b"x-amzn-RequestId: 00000000-0000-4000-8000-000000000000\r\n"


def _answer(request: Request) -> None:
    request.respond(200, b"application/x-amz-json-1.0", _BODY, _HEAD)


async def _serve() -> None:
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
    Listener(sock, door, HttpServer(_answer, loop), "127.0.0.1")
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await stopping.wait()


if __name__ == "__main__":
    uvloop.run(_serve())
