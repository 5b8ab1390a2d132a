"""HTTP/1.1 (RFC 9110, RFC 9112) without a socket: a transport that notes, a loop whose clock is set by hand."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from qanat.core.way import WayIn
from qanat.net import http
from qanat.net.http import HttpProtocol, HttpServer, Request

WAY = WayIn(secure=False, client_address="192.0.2.1")


class Loop:
    """`time` and `call_later` as an event loop has them; `turn` runs what is due."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._due: list[tuple[float, Callable[[], object]]] = []

    def time(self) -> float:
        return self.now

    def call_soon(self, callback: Callable[..., object], *arguments: object) -> None:
        self.call_later(0, callback, *arguments)

    def call_later(self, delay: float, callback: Callable[..., object], *arguments: object) -> None:
        self._due.append((self.now + delay, lambda: callback(*arguments)))

    def turn(self) -> None:
        while due := [one for one in self._due if one[0] <= self.now]:
            self._due = [one for one in self._due if one[0] > self.now]
            for _, callback in due:
                callback()


class Transport:
    def __init__(self, half_closes: bool) -> None:
        self.written = b""
        self.state = "open"
        self.reading = True
        self.buffered = 0
        self._half_closes = half_closes

    def write(self, data: bytes) -> None:
        assert self.state == "open"
        self.written += data

    def can_write_eof(self) -> bool:
        return self._half_closes

    def write_eof(self) -> None:
        self.state = "half closed"

    def close(self) -> None:
        if self.state != "aborted":
            self.state = "closed"

    def abort(self) -> None:
        self.state = "aborted"

    def is_closing(self) -> bool:
        return self.state in ("closed", "aborted")

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Wire:
    """One connection. `requests` are those handed on; they are answered at once where `answering`."""

    def __init__(self, *, answering: bool = True, half_closes: bool = True) -> None:
        self.loop = Loop()
        self.requests: list[Request] = []
        self.answering = answering
        self.server = HttpServer(self._handle, cast("asyncio.AbstractEventLoop", self.loop))
        self.transport = Transport(half_closes)
        self.protocol = HttpProtocol(self.server, WAY)
        self.protocol.connection_made(cast("asyncio.Transport", self.transport))

    def _handle(self, request: Request) -> None:
        self.requests.append(request)
        if self.answering:
            self.answer(request)

    def answer(self, request: Request, body: bytes = b"ok") -> None:
        request.respond(200, b"text/plain", body)

    def send(self, data: bytes) -> None:
        self.protocol.data_received(data)
        self.loop.turn()

    @property
    def statuses(self) -> list[int]:
        return [int(part[:3]) for part in self.transport.written.split(b"HTTP/1.1 ")[1:]]

    @property
    def targets(self) -> list[bytes]:
        return [request.target for request in self.requests]


def get(target: str = "/", *lines: str) -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


class TestRequests:
    def test_what_a_handler_is_given(self) -> None:
        wire = Wire()
        wire.send(b"POST /a%20b?c=d HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a:  2\r\nContent-Length: 3\r\n\r\nabc")
        (request,) = wire.requests
        assert (request.method, request.target, request.body) == (b"POST", b"/a%20b?c=d", b"abc")
        assert request.headers == {b"host": b"x", b"x-a": b"1,2", b"content-length": b"3"}
        assert request.repeated == {b"x-a"}
        assert request.way is WAY

    def test_byte_by_byte(self) -> None:
        wire = Wire()
        for byte in b"POST /abc HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc":
            wire.send(bytes([byte]))
        assert [(one.target, one.body) for one in wire.requests] == [(b"/abc", b"abc")]

    def test_an_answer(self) -> None:
        wire = Wire(answering=False)
        wire.send(get())
        wire.requests[0].respond(403, b"text/plain", b"no", b"X-A: b\r\n")
        head, _, body = wire.transport.written.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        assert lines[0] == b"HTTP/1.1 403 Forbidden"
        assert lines[1].startswith(b"Date: ")
        assert lines[2:] == [b"X-A: b", b"Content-Type: text/plain", b"Content-Length: 2"]
        assert body == b"no"
        assert wire.transport.state == "open"

    def test_only_the_first_answer_counts(self) -> None:
        wire = Wire(answering=False)
        wire.send(get())
        for _ in range(2):
            wire.answer(wire.requests[0])
        assert wire.statuses == [200]

    def test_a_head_request_has_the_length_but_no_body(self) -> None:
        wire = Wire()
        wire.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" + get())
        assert wire.statuses == [200, 200]
        assert wire.transport.written.count(b"Content-Length: 2") == 2
        assert wire.transport.written.count(b"\r\n\r\nok") == 1

    def test_the_date_is_made_anew_each_second(self, monkeypatch: pytest.MonkeyPatch) -> None:
        wire = Wire()
        dates = iter(["one", "two"])
        monkeypatch.setattr(http, "formatdate", lambda usegmt: next(dates))
        assert [wire.server.date_line() for _ in range(2)] == [b"Date: one\r\n"] * 2
        wire.loop.now += 1.0
        assert wire.server.date_line() == b"Date: two\r\n"

    def test_trailers_are_dropped(self) -> None:
        wire = Wire()
        wire.send(
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nHost: x\r\nA: b\r\n\r\n"
        )
        assert wire.requests[0].headers.keys() == {b"transfer-encoding"}
        assert wire.requests[0].repeated == set()


class TestPipelining:
    def test_one_at_a_time_and_in_order(self) -> None:
        wire = Wire(answering=False)
        wire.send(get("/1") + get("/2") + get("/3"))
        assert wire.targets == [b"/1"]
        for number in (1, 2, 3):
            wire.answer(wire.requests[-1], b"%d" % number)
            wire.loop.turn()
        assert wire.targets == [b"/1", b"/2", b"/3"]
        assert [part[-1:] for part in wire.transport.written.split(b"HTTP/1.1 ")[1:]] == [b"1", b"2", b"3"]

    def test_reading_stops_where_too_many_wait_and_goes_on_when_few_do(self) -> None:
        """One read may hold thousands: reading again for each one answered would pile them up."""
        wire = Wire(answering=False)
        wire.send(get() * 1_000)
        reading_at = []
        for waiting in range(999, 0, -1):
            if wire.transport.reading:
                reading_at.append(waiting)
            wire.answer(wire.requests[-1])
            wire.loop.turn()
        assert 0 < max(reading_at) < http.PIPELINE_MAX

    def test_a_client_that_does_not_read_is_not_served_further(self) -> None:
        wire = Wire()
        wire.protocol.pause_writing()
        wire.send(get() * 2)
        assert wire.requests == []
        wire.protocol.resume_writing()
        wire.loop.turn()
        assert len(wire.requests) == 2

    def test_what_follows_the_last_request_is_not_served(self) -> None:
        wire = Wire()
        wire.send(get("/1", "Connection: close") + get("/2"))
        assert wire.targets == [b"/1"]
        assert b"Connection: close\r\n" in wire.transport.written
        assert wire.transport.state == "closed"

    def test_http_1_0_closes(self) -> None:
        wire = Wire()
        wire.send(b"GET / HTTP/1.0\r\n\r\n")
        assert (wire.statuses, wire.transport.state) == ([200], "closed")

    @pytest.mark.parametrize("answering", [True, False])
    def test_an_upgrade_is_declined_and_the_rest_not_read(self, answering: bool) -> None:
        wire = Wire(answering=answering)
        wire.send(get("/1", "Connection: Upgrade", "Upgrade: h2c") + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        for request in wire.requests if not answering else ():
            wire.answer(request)
        assert (wire.statuses, wire.transport.state) == ([200], "closed")


class TestRefusals:
    @pytest.mark.parametrize(
        ("data", "status"),
        [
            (b"garbage\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nA: " + b"a" * (http.HEAD_BYTES_MAX + 1), 431),
            (
                b"GET / HTTP/1.1\r\n"
                + b"".join(b"A%d: b\r\n" % n for n in range(http.HEADERS_MAX + 1))
                + b"\r\n",
                431,
            ),
            (
                b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (http.BODY_BYTES_MAX + 1)
                + b"x" * (http.BODY_BYTES_MAX + 1),
                413,
            ),
            (
                b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
                % (http.BODY_BYTES_MAX + 1),
                413,
            ),
        ],
        ids=["garbage", "head", "headers", "body", "expected body"],
    )
    @pytest.mark.parametrize("half_closes", [True, False])
    def test_it_is_told_and_the_connection_ends(self, data: bytes, status: int, half_closes: bool) -> None:
        wire = Wire(half_closes=half_closes)
        for at in range(0, len(data), 65_536):
            wire.send(data[at : at + 65_536])
        assert wire.statuses == [status]
        assert wire.transport.state == ("half closed" if half_closes else "closed")
        wire.send(get())
        assert wire.requests == []
        wire.loop.now += http.LINGER_TIME_S
        wire.loop.turn()
        assert wire.transport.state == "closed"

    def test_after_the_answers_to_earlier_requests(self) -> None:
        wire = Wire(answering=False)
        wire.send(get("/1") + get("/2") + b"garbage\r\n\r\n")
        assert wire.statuses == []
        for _ in range(2):
            wire.answer(wire.requests[-1])
            wire.loop.turn()
        assert wire.statuses == [200, 200, 400]

    def test_chunks_cost_what_they_take_on_the_wire(self) -> None:
        wire = Wire()
        wire.send(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"1;" + b"a" * 65_000 + b"\r\nx\r\n"
        for _ in range(http.WIRE_BYTES_MAX // len(chunk) + 1):
            wire.send(chunk)
        assert wire.statuses == [413]

    def test_a_body_in_ten_thousand_small_chunks_is_none_the_worse(self) -> None:
        wire = Wire()
        wire.send(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 10_000)
        wire.send(b"0\r\n\r\n")
        assert (wire.statuses, wire.requests[0].body) == ([200], b"x" * 10_000)


class TestExpect:
    HEAD = b"POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n"

    def test_a_body_is_invited(self) -> None:
        wire = Wire()
        wire.send(self.HEAD)
        assert wire.transport.written == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.send(b"x")
        assert wire.statuses == [100, 200]

    def test_never_ahead_of_an_earlier_answer(self) -> None:
        wire = Wire(answering=False)
        wire.send(get() + self.HEAD)
        assert wire.transport.written == b""


class TestTime:
    @pytest.mark.parametrize(
        "data", [b"G", b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"]
    )
    def test_a_request_must_arrive_in_time(self, data: bytes) -> None:
        wire = Wire()
        wire.send(data)
        wire.loop.now += http.REQUEST_TIME_S
        wire.server.sweep()
        assert wire.transport.state == "open"
        wire.send(b"")  # bytes that trickle in do not win time
        wire.loop.now += 0.1
        wire.server.sweep()
        assert wire.transport.state == "aborted"

    def test_an_idle_connection_ends(self) -> None:
        wire = Wire()
        wire.send(get())
        wire.loop.now += http.IDLE_TIME_S
        wire.server.sweep()
        assert wire.transport.state == "open"
        wire.loop.now += 0.1
        wire.server.sweep()
        assert wire.transport.state == "aborted"

    def test_a_request_that_is_being_answered_may_take_its_time(self) -> None:
        wire = Wire(answering=False)
        wire.send(get())
        wire.loop.now += 10 * http.IDLE_TIME_S
        wire.server.sweep()
        assert wire.transport.state == "open"

    def test_but_not_where_the_client_does_not_read(self) -> None:
        wire = Wire()
        wire.send(get())
        wire.protocol.pause_writing()
        wire.loop.now += http.IDLE_TIME_S + 0.1
        wire.server.sweep()
        assert wire.transport.state == "aborted"


class TestDraining:
    def test_idle_connections_end_at_once(self) -> None:
        wire = Wire()
        wire.send(get())
        wire.server.drain()
        assert wire.transport.state == "aborted"

    def test_bytes_not_yet_taken_are_let_through(self) -> None:
        wire = Wire()
        wire.transport.buffered = 100
        wire.server.drain()
        assert wire.transport.state == "closed"

    def test_the_present_request_is_answered_first(self) -> None:
        wire = Wire(answering=False)
        wire.send(get("/1") + get("/2"))
        wire.server.drain()
        assert wire.transport.state == "open"
        wire.answer(wire.requests[0])
        wire.loop.turn()
        assert (wire.targets, wire.statuses, wire.transport.state) == ([b"/1"], [200], "closed")


class TestGoneClients:
    def test_who_waits_is_told(self) -> None:
        wire = Wire(answering=False)
        wire.send(get())
        told: list[Any] = []
        wire.requests[0].on_gone = lambda: told.append(1)
        assert not wire.server.empty.is_set()
        wire.protocol.connection_lost(None)
        assert told == [1]
        assert wire.server.empty.is_set()
        wire.answer(wire.requests[0])
        assert wire.transport.written == b""

    def test_who_waits_is_told_as_soon_as_the_end_is_read(self) -> None:
        """The connection is closed a turn of the loop later; what it waits for may come between."""
        wire = Wire(answering=False)
        wire.send(get())
        told: list[Any] = []
        wire.requests[0].on_gone = lambda: told.append(1)
        assert wire.protocol.eof_received() is False
        assert told == [1]
        wire.protocol.connection_lost(None)
        assert told == [1]

    def test_after_the_answer_nobody_is(self) -> None:
        wire = Wire()
        wire.send(get())
        wire.requests[0].on_gone = lambda: pytest.fail("answered already")
        wire.protocol.connection_lost(None)


class TestTraffic:
    def test_requests_connections_and_bytes(self) -> None:
        wire = Wire()
        traffic = wire.server.traffic[None]
        wire.send(get() + get())
        assert (traffic.connections, traffic.accepted, traffic.requests) == (1, 1, 2)
        assert (traffic.received_bytes, traffic.sent_bytes) == (2 * len(get()), len(wire.transport.written))
        wire.protocol.connection_lost(None)
        assert (traffic.connections, traffic.accepted) == (0, 1)

    def test_ways_in_are_counted_apart_and_forgotten_with_their_endpoint(self) -> None:
        wire = Wire()
        way = WayIn(True, "10.0.0.9", "vpce-1", "vpc-1", "123456789012")
        protocol = HttpProtocol(wire.server, way)
        protocol.connection_made(cast("asyncio.Transport", Transport(half_closes=False)))
        protocol.data_received(get())
        assert {name: one.requests for name, one in wire.server.traffic.items()} == {None: 0, "vpce-1": 1}
        wire.server.forget_traffic({"vpce-1": "there"}.get)
        assert set(wire.server.traffic) == {None, "vpce-1"}
        wire.server.forget_traffic(lambda _: None)
        assert set(wire.server.traffic) == {None}
        protocol.connection_lost(None)

    def test_an_answer_is_counted_where_the_handler_says(self) -> None:
        wire = Wire(answering=False)
        wire.send(get())
        wire.requests[0].answers = mine = [0] * 6
        wire.requests[0].respond(403, b"text/plain", b"")
        assert (mine, wire.server.unrouted) == ([0, 0, 0, 0, 1, 0], [0] * 6)

    def test_an_answer_that_nobody_waits_for_is_not_counted(self) -> None:
        wire = Wire(answering=False)
        wire.send(get())
        wire.protocol.connection_lost(None)
        wire.requests[0].respond(200, b"text/plain", b"")
        assert wire.server.unrouted == [0] * 6

    def test_what_is_not_even_http_is_counted(self) -> None:
        wire = Wire()
        wire.send(b"\x00\x01\r\n\r\n")
        assert (wire.statuses, wire.server.unrouted) == ([400], [0, 0, 0, 0, 1, 0])
