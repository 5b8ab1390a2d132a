"""The sockets of a VPC's private resolver: packets in, answers out, everything bounded.

A datagram is answered on the spot. A TCP connection carries messages of two-byte length (RFC 7766), is closed when it
idles, and stops being read while its client does not read.
"""

import asyncio
import socket
import struct
from typing import Final

from qanat.net.dns import answer
from qanat.net.zone import Zone

IDLE_S: Final = 10.0
CONNECTIONS_MAX: Final = 64
"""A resolver. A client needs TCP only for an answer that is too long, and none of ours is."""
QUERY_BYTES_MAX: Final = 4096
"""A question of the longest name with every option in use is far below."""
LENGTH: Final = struct.Struct("!H")


class Resolver:
    """One VPC's. `zone` may be replaced at any time; each query is answered from one whole zone."""

    def __init__(self, zone: Zone, idle_s: float = IDLE_S, connections_max: int = CONNECTIONS_MAX) -> None:
        self.zone = zone
        self.idle_s = idle_s
        self.connections_max = connections_max
        self.connections: set[_Connection] = set()
        self._datagrams: list[asyncio.DatagramTransport] = []
        self._servers: list[asyncio.Server] = []

    async def serve(self, udp: socket.socket, tcp: socket.socket) -> None:
        """Answer on two sockets of one address, until `close`; called once an address. Takes the sockets over."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=udp)
        self._datagrams.append(transport)
        self._servers.append(await loop.create_server(lambda: _Connection(self), sock=tcp))

    async def close(self) -> None:
        """Close every socket, connections too."""
        for transport in self._datagrams:
            transport.close()
        for server in self._servers:
            server.close()
        for connection in tuple(self.connections):
            connection.abort()
        for server in self._servers:
            await server.wait_closed()
        self._datagrams.clear()
        self._servers.clear()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._transport: asyncio.DatagramTransport | None = None
        self._paused = False

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # uvloop's transport is no subclass of the declared one
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        # While the socket takes no more, a query is dropped as the network would drop it.
        if self._paused or self._transport is None or len(data) > QUERY_BYTES_MAX:
            return
        reply = answer(self._resolver.zone, data)
        if reply is not None and addr[1] != 0:
            self._transport.sendto(reply, addr)

    def error_received(self, exc: Exception) -> None:
        """A client that went away before its answer came is no concern of ours."""

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False


class _Connection(asyncio.Protocol):
    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as above
        self._transport = transport
        if len(self._resolver.connections) >= self._resolver.connections_max:
            transport.abort()
            return
        self._resolver.connections.add(self)
        self._watch()

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._received)
            end = LENGTH.size + length
            if length > QUERY_BYTES_MAX:
                self.abort()
                return
            if len(self._received) < end:
                return
            message = bytes(self._received[LENGTH.size : end])
            del self._received[:end]
            if not self._answer(message):
                return
            # Only a whole message counts as life: bytes one at a time must not hold a connection open.
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._resolver.connections.discard(self)
        if self._idle is not None:
            self._idle.cancel()

    def pause_writing(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _answer(self, message: bytes) -> bool:
        """False, and the connection ends, where a message may not be answered."""
        reply = answer(self._resolver.zone, message, stream=True)
        if reply is None or self._transport is None:
            self.abort()
            return False
        self._transport.write(LENGTH.pack(len(reply)) + reply)
        return True

    def _watch(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(self._resolver.idle_s, self.abort)
