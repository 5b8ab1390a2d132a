"""Listening sockets and the way in that each of them stands for.

Which endpoint a connection came through is known from the socket that accepted it and from nothing else. The first
byte says whether the client speaks TLS; a listener that wants TLS refuses all else before a byte is parsed.
"""

import asyncio
import logging
import socket
import ssl
import struct
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from qanat.core.way import WayIn
from qanat.net.http import HttpProtocol, HttpServer

logger = logging.getLogger(__name__)

BACKLOG: Final = 1_024
CONNECTIONS_MAX: Final = 16_384
FIRST_BYTE_TIME_S: Final = 30.0
HANDSHAKE_TIME_S: Final = 20.0
# How long a client may take to answer a TLS goodbye (and to read what was written before it).
GOODBYE_TIME_S: Final = 5.0
_ACCEPTS_AT_ONCE: Final = 64
_TLS_HANDSHAKE: Final = b"\x16"
_RESET: Final = struct.pack("ii", 1, 0)
_HTTPS_ONLY: Final = b"This VPC endpoint speaks HTTPS only.\n"


@dataclass(frozen=True, slots=True)
class Door:
    """What a listener knows of whoever comes through it."""

    way_in: Callable[[str, bool], WayIn]
    """(client address, TLS or not) -> the way in"""
    tls: ssl.SSLContext
    plain_allowed: bool
    admits: Callable[[str], bool]
    """By source address; False closes the connection unanswered, as a security group would drop it."""


class Listener:
    """Accepts on one listening, non-blocking socket, which it owns from now on."""

    def __init__(self, sock: socket.socket, door: Door, server: HttpServer, address: str) -> None:
        self.sock = sock
        self.door = door
        self.address = address
        """As the network knows it; a driver may have bound the socket to another."""
        self._connected: weakref.WeakSet[HttpProtocol] = weakref.WeakSet()
        self._server = server
        self._loop = server.loop
        self._waiting: dict[socket.socket, asyncio.TimerHandle] = {}
        self._handshakes: set[asyncio.Task[None]] = set()
        self._loop.add_reader(sock.fileno(), self._accept)

    def close(self) -> None:
        """Accepts no more. Connections that stand go on."""
        if self.sock.fileno() < 0:
            return
        self._loop.remove_reader(self.sock.fileno())
        self.sock.close()
        for connection in list(self._waiting):
            self._give_up(connection)

    def drop_connections(self) -> None:
        """Ends at once what came in here, handshakes too: the way that it came by is no more."""
        for handshake in self._handshakes:
            handshake.cancel()
        for protocol in list(self._connected):
            protocol.abort()

    async def emptied(self) -> None:
        """After `drop_connections`: returns when the last of these sockets is closed, which takes turns of the loop."""
        await asyncio.gather(*self._handshakes, return_exceptions=True)
        while standing := self._server.connections.intersection(self._connected):
            for protocol in standing:
                protocol.abort()  # its handshake ended just before it would have been cancelled
            await asyncio.sleep(0)

    def _accept(self) -> None:
        for _ in range(_ACCEPTS_AT_ONCE):
            try:
                connection, address = self.sock.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause(error)
                return
            connection.setblocking(False)
            host = str(address[0]).removeprefix("::ffff:")
            # A connection in its handshake counts twice for a moment, in no direction that harms.
            known = len(self._server.connections) + len(self._waiting) + len(self._handshakes)
            if known >= CONNECTIONS_MAX:
                _reset(connection)
            elif not self.door.admits(host):
                logger.info("no security group rule admits %s", host)
                _reset(connection)
            else:
                self._await_first_byte(connection, host)

    def _pause(self, error: OSError) -> None:
        """Out of file descriptors, say: what is in the backlog waits there a while."""
        logger.warning("cannot accept a connection for now: %s", error)
        self._loop.remove_reader(self.sock.fileno())
        self._loop.call_later(1.0, self._resume)

    def _resume(self) -> None:
        if self.sock.fileno() >= 0:
            self._loop.add_reader(self.sock.fileno(), self._accept)

    def _await_first_byte(self, connection: socket.socket, host: str) -> None:
        self._waiting[connection] = self._loop.call_later(FIRST_BYTE_TIME_S, self._give_up, connection)
        self._loop.add_reader(connection.fileno(), self._first_byte, connection, host)

    def _give_up(self, connection: socket.socket) -> None:
        self._stop_waiting(connection)
        connection.close()

    def _stop_waiting(self, connection: socket.socket) -> None:
        self._loop.remove_reader(connection.fileno())
        self._waiting.pop(connection).cancel()

    def _first_byte(self, connection: socket.socket, host: str) -> None:
        try:
            first = connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            first = b""
        self._stop_waiting(connection)
        tls = first == _TLS_HANDSHAKE
        if not first:
            connection.close()
        elif tls or self.door.plain_allowed:
            way = self.door.way_in(host, tls)
            task = self._loop.create_task(self._connect(connection, way, self.door.tls if tls else None))
            self._handshakes.add(task)
            task.add_done_callback(lambda task: self._handshake_over(task, connection))
        else:
            _refuse_plain(connection)

    async def _connect(self, connection: socket.socket, way: WayIn, tls: ssl.SSLContext | None) -> None:
        try:
            await self._loop.connect_accepted_socket(
                lambda: self._protocol(way),
                connection,
                ssl=tls,
                ssl_handshake_timeout=HANDSHAKE_TIME_S if tls else None,
                ssl_shutdown_timeout=GOODBYE_TIME_S if tls else None,
            )
        except (OSError, ssl.SSLError, TimeoutError) as error:
            logger.debug("TLS handshake with %s failed: %s", way.client_address, error)
            connection.close()

    def _handshake_over(self, task: asyncio.Task[None], connection: socket.socket) -> None:
        self._handshakes.discard(task)
        if task.cancelled():  # perhaps before it had begun
            connection.close()

    def _protocol(self, way: WayIn) -> HttpProtocol:
        protocol = HttpProtocol(self._server, way)
        self._connected.add(protocol)
        return protocol


def listen_tcp(host: str, port: int) -> socket.socket:
    """A listening, non-blocking socket. Raises OSError where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.close()


def _refuse_plain(connection: socket.socket) -> None:
    """One small write into an empty socket buffer does not block; if it fails, the client has gone."""
    head = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    try:
        connection.send(head % len(_HTTPS_ONLY) + _HTTPS_ONLY)
        connection.shutdown(socket.SHUT_WR)
        # What the client sent is read away first: closing over unread bytes would reset its answer.
        connection.recv(65_536)
    except OSError:
        pass
    connection.close()
