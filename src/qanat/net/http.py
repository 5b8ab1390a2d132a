"""HTTP/1.1 on a connection, by hand: bytes to requests, answers to bytes, one request of a connection at a time.

Everything a client can send is bounded: head, body, pipelined requests, and (by `sweep`) time. Nothing here reads a
header to learn who or where the client is; that stands in `way`, which the listener filled.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from typing import Final, cast

import httptools

from qanat.core.way import Presence, WayIn
from qanat.net.presence import presence
from qanat.net.reasons import REASONS
from qanat.net.traffic import Answers, Traffic, no_answers

HEAD_BYTES_MAX: Final = 64 * 1024
HEADERS_MAX: Final = 128
# The longest message is 1 MiB, and JSON may write each of its characters in six (\\u00e9).
BODY_BYTES_MAX: Final = 7 * 1024 * 1024
# Chunk heads and trailers are no part of the body, but not free either; clients send chunks of kilobytes.
WIRE_BYTES_MAX: Final = 2 * BODY_BYTES_MAX
PIPELINE_MAX: Final = 16
REQUEST_TIME_S: Final = 30.0
"""A request must have arrived whole this long after its first byte."""
IDLE_TIME_S: Final = 120.0
"""A connection on which nothing is asked is closed after this; longer than the SDKs keep theirs unused."""
LINGER_TIME_S: Final = 2.0
"""How long a client that was refused may take to notice."""
_TOO_LONG: Final = b"The body of the request is too long."

Handler = Callable[["Request"], None]
"""Answers now or later, by `request.respond`. Must not raise."""


class Request:
    """One request, whole. `headers` has lower-case names; a header sent twice holds both values, joined by a comma."""

    __slots__ = ("_protocol", "answers", "body", "headers", "method", "on_gone", "repeated", "target", "way")

    def __init__(self, protocol: "HttpProtocol", method: bytes, target: bytes) -> None:
        self._protocol = protocol
        self.way: WayIn = protocol.way
        self.method = method
        self.target = target
        """As sent: path and query, not decoded."""
        self.headers: dict[bytes, bytes] = {}
        self.repeated: frozenset[bytes] = frozenset()
        """The names that came more than once."""
        self.body = b""
        self.on_gone: Callable[[], None] | None = None
        """Called if the client goes away before the answer."""
        self.answers: Answers = protocol._server.unrouted
        """Where its answer is counted; whoever learns what is asked for sets it."""

    @property
    def tls(self) -> tuple[str, str] | None:
        """(version, cipher suite); None over plain HTTP, and where the client has gone."""
        transport = self._protocol._transport
        cipher = None if transport is None else transport.get_extra_info("cipher")
        return None if cipher is None else (cipher[1], cipher[0])

    def presence(self) -> Presence:
        return presence(self._protocol._transport)

    def respond(self, status: int, content_type: bytes, body: bytes, extra_head: bytes = b"") -> None:
        """Call once. `extra_head` is whole header lines. Does nothing where the client has gone."""
        self._protocol.answer(self, status, content_type, body, extra_head)


class HttpServer:
    """What the connections of one server share: the handler, the Date line, the list of who is connected."""

    def __init__(self, handler: Handler, loop: asyncio.AbstractEventLoop) -> None:
        self.handler = handler
        self.loop = loop
        self.connections: set[HttpProtocol] = set()
        self.draining = False
        self.empty = asyncio.Event()
        """Set when nobody is connected."""
        self.empty.set()
        self.traffic: dict[str | None, Traffic] = {}
        """By VPC endpoint; None for the public listener."""
        self.unrouted = no_answers()
        """The answers to what nobody knew as an operation."""
        self._date_line = b""
        self._date_until = 0.0

    def date_line(self) -> bytes:
        """The Date header, made anew each second (SDKs correct their clocks by it)."""
        now = self.loop.time()
        if now >= self._date_until:
            self._date_line = b"Date: " + formatdate(usegmt=True).encode() + b"\r\n"
            self._date_until = now + 1.0
        return self._date_line

    def traffic_of(self, vpc_endpoint_id: str | None) -> Traffic:
        if vpc_endpoint_id not in self.traffic:
            self.traffic[vpc_endpoint_id] = Traffic()
        return self.traffic[vpc_endpoint_id]

    def forget_traffic(self, endpoint: Callable[[str], object]) -> None:
        """Of endpoints that are no more; `endpoint` gives None of those."""
        for vpc_endpoint_id in list(self.traffic):
            if vpc_endpoint_id is not None and endpoint(vpc_endpoint_id) is None:
                del self.traffic[vpc_endpoint_id]

    def sweep(self) -> None:
        """Closes the connections that have taken too long. To be called every few seconds."""
        now = self.loop.time()
        for connection in list(self.connections):
            connection.close_if_late(now)

    def drain(self) -> None:
        """No further request is taken; each connection is closed when its present one is answered."""
        self.draining = True
        for connection in list(self.connections):
            connection.close_if_idle()


class HttpProtocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: HttpServer, way: WayIn) -> None:
        self.way = way
        self._server = server
        self._traffic = server.traffic_of(way.vpc_endpoint_id)
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._arriving: Request | None = None
        self._target = b""
        self._head_bytes = 0
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._wire_bytes = 0
        self._present: Request | None = None
        self._pending: deque[tuple[Request, bool]] = deque()
        self._keep_alive = True
        self._refusal: tuple[int, bytes] | None = None
        self._since = server.loop.time()
        self._reading_paused = False
        self._writing_paused = False

    # -- from the transport ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._server.connections.add(self)
        self._server.empty.clear()
        self._traffic.connections += 1
        self._traffic.accepted += 1

    def data_received(self, data: bytes) -> None:
        self._traffic.received_bytes += len(data)
        if self._refusal is not None:
            return
        if self._arriving is None or not self._arriving.method:
            self._head_bytes += len(data)
        else:
            self._wire_bytes += len(data)
            if self._wire_bytes > WIRE_BYTES_MAX:
                self._refuse(413, _TOO_LONG)
                return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The upgrade is declined by ignoring it (RFC 9110, 7.8), and the connection is closed after the answer.
            return
        except httptools.HttpParserError as error:
            cause = error.__context__
            if not isinstance(cause, _Refused):
                self._refuse(400, b"The request is not well-formed HTTP/1.1.")
            return
        if self._head_bytes > HEAD_BYTES_MAX and self._refusal is None:
            self._refuse(431, b"The head of the request is too long.")

    def eof_received(self) -> bool:
        # Not only when the connection is closed for it: what the same turn of the loop reads next may wake this one.
        self._client_has_gone()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        self._traffic.connections -= 1
        if not self._server.connections:
            self._server.empty.set()
        self._transport = None
        self._client_has_gone()

    def _client_has_gone(self) -> None:
        present, self._present = self._present, None
        self._pending.clear()
        if present is not None and present.on_gone is not None:
            present.on_gone()

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False
        self._next()

    # -- from the parser ------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._since = self._server.loop.time()
        self._target = b""
        self._body = []
        self._body_bytes = 0
        self._arriving = Request(self, b"", b"")

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        request = self._arriving
        assert request is not None
        if request.method:
            return  # a trailer field is not to be taken for a header (RFC 9110, 6.5.1)
        headers = request.headers
        name = name.lower()
        if name not in headers:
            headers[name] = value
        else:
            request.repeated |= {name}
            headers[name] = headers[name] + b"," + value

    def on_headers_complete(self) -> None:
        request = self._arriving
        assert request is not None
        request.method = self._parser.get_method()
        request.target = self._target
        self._head_bytes = 0
        self._wire_bytes = 0
        if len(request.headers) > HEADERS_MAX:
            self._refuse(431, b"The request has too many headers.")
            raise _Refused
        if b"expect" in request.headers:
            self._invite_body(request.headers)

    def _invite_body(self, headers: dict[bytes, bytes]) -> None:
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > BODY_BYTES_MAX:
            self._refuse(413, _TOO_LONG)
            raise _Refused
        # Never ahead of the answer to an earlier request; a client sends its body uninvited after a while.
        free = self._present is None and not self._pending
        if free and headers[b"expect"].lower() == b"100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > BODY_BYTES_MAX:
            self._refuse(413, _TOO_LONG)
            raise _Refused
        self._body.append(body)

    def on_message_complete(self) -> None:
        request, self._arriving = self._arriving, None
        assert request is not None
        if not self._keep_alive:
            return  # the one before was to be the last
        body = self._body
        request.body = body[0] if len(body) == 1 else b"".join(body)
        self._body = []
        keep_alive = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        if self._present is None and not self._pending and not self._writing_paused:
            self._begin(request, keep_alive)
            return
        self._pending.append((request, keep_alive))
        if len(self._pending) >= PIPELINE_MAX and self._transport is not None and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    # -- requests and answers -------------------------------------------------------------------------------

    def _begin(self, request: Request, keep_alive: bool) -> None:
        self._present = request
        self._keep_alive = keep_alive
        self._traffic.requests += 1
        self._server.handler(request)

    def answer(
        self, request: Request, status: int, content_type: bytes, body: bytes, extra_head: bytes
    ) -> None:
        if request is not self._present or self._transport is None:
            return
        self._present = None
        request.answers[status // 100] += 1
        closing = not self._keep_alive or self._server.draining
        self._write(status, content_type, body, extra_head, closing, request.method != b"HEAD")
        if closing:
            self._keep_alive = False
            self._transport.close()
            return
        self._since = self._server.loop.time()
        if self._pending or self._refusal is not None:
            self._server.loop.call_soon(self._next)

    def _next(self) -> None:
        """The next pipelined request, if the client reads its answers."""
        if self._transport is None or self._present is not None or self._writing_paused:
            return
        if self._pending:
            request, keep_alive = self._pending.popleft()
            # Not at once: one read may hold thousands of small requests, and they must not pile up.
            if self._reading_paused and len(self._pending) < PIPELINE_MAX // 2:
                self._reading_paused = False
                self._transport.resume_reading()
            self._begin(request, keep_alive)
        elif self._refusal is not None:
            self._close_refused()

    def _refuse(self, status: int, reason: bytes) -> None:
        """Nothing more is read here; told to the client once its earlier requests are answered."""
        if self._refusal is None:
            self._refusal = (status, reason)
            if self._present is None and not self._pending:
                self._close_refused()

    def _close_refused(self) -> None:
        assert self._refusal is not None
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        status, reason = self._refusal
        self._server.unrouted[status // 100] += 1
        self._write(status, b"text/plain", reason + b"\n", b"", closing=True)
        # What the client still sends is read away for a while: closing over unread bytes would reset its answer.
        # TLS does so by itself, until the client has answered the goodbye.
        if transport.can_write_eof():
            transport.write_eof()
            self._server.loop.call_later(LINGER_TIME_S, transport.close)
        else:
            transport.close()

    def _write(
        self,
        status: int,
        content_type: bytes,
        body: bytes,
        extra_head: bytes,
        closing: bool = False,
        with_body: bool = True,
    ) -> None:
        assert self._transport is not None
        data = b"HTTP/1.1 %d %b\r\n%b%bContent-Type: %b\r\nContent-Length: %d\r\n%b\r\n%b" % (
            status,
            REASONS.get(status, b"Status"),
            self._server.date_line(),
            extra_head,
            content_type,
            len(body),
            b"Connection: close\r\n" if closing else b"",
            body if with_body else b"",
        )
        self._traffic.sent_bytes += len(data)
        self._transport.write(data)

    # -- from the server ------------------------------------------------------------------------------------

    def close_if_idle(self) -> None:
        if self._present is None and self._arriving is None and self._transport is not None:
            # A TLS goodbye would wait for the client's, and an idle client gives none for as long as it is idle.
            if self._transport.get_write_buffer_size():
                self._transport.close()
            else:
                self._transport.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def close_if_late(self, now: float) -> None:
        """A request that is being answered may take its time: a long poll is ours to end."""
        if self._transport is None or (self._present is not None and not self._writing_paused):
            return
        arriving = self._arriving is not None or self._head_bytes > 0
        if now - self._since > (REQUEST_TIME_S if arriving else IDLE_TIME_S):
            self._transport.abort()


class _Refused(Exception):
    """Stops the parser; the refusal itself is noted already."""
