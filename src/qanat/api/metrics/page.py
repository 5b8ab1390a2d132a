"""`GET /metrics`, and nothing else: the handler of a listener of its own.

A scrape of many queues takes a while, so it is made in slices with the loop's other work in between, and compressed in
a thread (a queue has 2.5 kB of text). Scrapes that come while one is made get the same answer: there is never more than
one in the making.
"""

import asyncio
import logging
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

from qanat.api.metrics import queues, server
from qanat.api.metrics.exposition import CONTENT_TYPE, text
from qanat.api.metrics.server import Sources
from qanat.core.queues.model import Queue
from qanat.net.errors import NetworkUnavailable
from qanat.net.http import HttpServer, Request
from qanat.net.listeners import Door, Listener, listen_tcp

logger = logging.getLogger(__name__)

_TEXT: Final = b"text/plain; charset=utf-8"
# About a millisecond of work.
SLICE_QUEUES: Final = 50
# An answer may take megabytes until its client has read it. Prometheus comes once in a while, from a server or two.
CONNECTIONS_MAX: Final = 64

FAMILIES: Final = tuple(dict.fromkeys(row.family for row in (*queues.ROWS, *server.ROWS)))


class MetricsPage:
    def __init__(self, sources: Sources, loop: asyncio.AbstractEventLoop) -> None:
        self.http = HttpServer(self.handle, loop)
        self._sources = sources
        self._loop = loop
        self._asking: list[Request] = []
        self._task: asyncio.Task[None] | None = None
        self._listener: Listener | None = None

    def open(self, host: str, port: int, door: Door) -> int:
        """Listens; the port, which is a free one where 0 was given. Raises NetworkUnavailable."""
        try:
            sock = listen_tcp(host, port)
        except OSError as error:
            raise NetworkUnavailable(
                f"cannot listen on {host}:{port}: {error.strerror}; name another address by --metrics-listen"
            ) from error
        self._listener = Listener(sock, door, self.http, host)
        found: int = sock.getsockname()[1]
        return found

    def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener.drop_connections()
        if self._task is not None:
            self._task.cancel()

    def handle(self, request: Request) -> None:
        if request.target.partition(b"?")[0] != b"/metrics":
            request.respond(404, _TEXT, b"There is /metrics here, and nothing else.\n")
        elif request.method not in (b"GET", b"HEAD"):
            request.respond(
                405, _TEXT, b"The metrics can be read, and nothing else.\n", b"Allow: GET, HEAD\r\n"
            )
        elif len(self.http.connections) > CONNECTIONS_MAX:
            request.respond(503, _TEXT, b"Too many connections are open here.\n")
        else:
            self._asking.append(request)
            if self._task is None:
                self._task = self._loop.create_task(self._answer())

    async def _answer(self) -> None:
        try:
            parts = await self.render()
            small = await asyncio.to_thread(zipped, parts) if any(map(_takes_gzip, self._asking)) else None
        except Exception:
            logger.exception("the metrics could not be read")
            for request in self._taken():
                request.respond(500, _TEXT, b"The metrics could not be read.\n")
            return
        # Who came while the thread was at work may not take what it has made, or may have to do without it.
        asking = [(request, small is not None and _takes_gzip(request)) for request in self._taken()]
        whole = b"" if all(is_small for _, is_small in asking) else b"".join(parts)
        for request, is_small in asking:
            if is_small and small is not None:
                request.respond(200, CONTENT_TYPE, small, b"Content-Encoding: gzip\r\n")
            else:
                request.respond(200, CONTENT_TYPE, whole)

    def _taken(self) -> list[Request]:
        asking, self._asking, self._task = self._asking, [], None
        return asking

    async def render(self) -> list[bytes]:
        """The text in parts; each is small enough to be made at once."""
        all_queues = self._sources.control.catalogue.all_queues()
        lines: list[list[bytes]] = [[] for _ in queues.ROWS]
        for start in range(0, len(all_queues), SLICE_QUEUES):
            for parts, part in zip(lines, self._slice(all_queues[start : start + SLICE_QUEUES]), strict=True):
                parts.append(part)
            await asyncio.sleep(0)
        page: list[bytes] = []
        family = None
        for row, parts in zip(queues.ROWS, lines, strict=True):
            if row.family != family:
                family = row.family
                page.append(family.head().encode())
            page += parts
        page += [text(row.family, row.read(self._sources)).encode() for row in server.ROWS]
        return page

    def _slice(self, some: Sequence[Queue]) -> list[bytes]:
        """Of each row the lines of these queues."""
        shard, now_ms = self._sources.shard, self._sources.clock.now_ms()
        found = [(queue, queues.read(shard, queue.queue_id, now_ms)) for queue in some]
        by_queue = [queues.lines(queue, reading) for queue, reading in found if reading is not None]
        by_row = zip(*by_queue, strict=True) if by_queue else [()] * len(queues.ROWS)
        return ["".join(row).encode() for row in by_row]


def zipped(parts: Iterable[bytes]) -> bytes:
    """As gzip, made for speed."""
    compressor = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)
    return b"".join([*map(compressor.compress, parts), compressor.flush()])


def _takes_gzip(request: Request) -> bool:
    return b"gzip" in request.headers.get(b"accept-encoding", b"")
