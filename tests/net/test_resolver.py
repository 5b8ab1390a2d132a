"""The resolver's sockets, on this machine's loopback: both transports, every bound, and a zone replaced under way."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import pytest
import uvloop

from qanat.net.drivers.base import bound_socket
from qanat.net.resolver import QUERY_BYTES_MAX, Resolver
from qanat.net.zone import Zone

SQS = "sqs.us-east-2.amazonaws.com"
MANY = tuple(f"10.0.{number}.1" for number in range(100))
QUERY = dns.message.make_query(SQS, "A").to_wire()
FRAMED = struct.pack("!H", len(QUERY)) + QUERY
WAIT_S = 60


@asynccontextmanager
async def serving(resolver: Resolver) -> AsyncIterator[tuple[str, int]]:
    """The resolver at an address of loopback, one port for both transports."""
    tcp = bound_socket(socket.SOCK_STREAM, "127.0.0.1", 0)
    address = tcp.getsockname()
    await resolver.serve(bound_socket(socket.SOCK_DGRAM, *address), tcp)
    try:
        yield address
    finally:
        await resolver.close()


async def by_udp(address: tuple[str, int], packet: bytes) -> dns.message.Message:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(address)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(sock, packet)
        return dns.message.from_wire(await asyncio.wait_for(loop.sock_recv(sock, 4096), WAIT_S))


async def framed(reader: asyncio.StreamReader) -> dns.message.Message:
    (length,) = struct.unpack("!H", await asyncio.wait_for(reader.readexactly(2), WAIT_S))
    return dns.message.from_wire(await asyncio.wait_for(reader.readexactly(length), WAIT_S))


async def ended(reader: asyncio.StreamReader) -> bool:
    """Whether the resolver closes the connection, without an answer."""
    try:
        return await asyncio.wait_for(reader.read(1), WAIT_S) == b""
    except ConnectionResetError:
        return True


def count(message: dns.message.Message) -> int:
    return sum(len(rrset) for rrset in message.answer)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_udp_then_tcp_as_a_client_does_it(run: object) -> None:
    async def scenario() -> tuple[bool, int]:
        async with serving(Resolver(Zone("us-east-2", {SQS: MANY}))) as address:
            short = await by_udp(address, QUERY)
            reader, writer = await asyncio.open_connection(*address)
            writer.write(FRAMED)
            long = await framed(reader)
            writer.close()
            return bool(short.flags & dns.flags.TC), count(long)

    assert callable(run)
    assert run(scenario()) == (True, 100)


def test_a_new_zone_counts_from_the_next_query_on() -> None:
    async def scenario() -> list[int]:
        resolver = Resolver(Zone("us-east-2", {}))
        async with serving(resolver) as address:
            found = [count(await by_udp(address, QUERY))]
            resolver.zone = Zone("us-east-2", {SQS: ("10.0.1.37",)})
            return [*found, count(await by_udp(address, QUERY))]

    assert asyncio.run(scenario()) == [0, 1]


def test_queries_on_one_connection_are_answered_however_they_are_cut() -> None:
    async def scenario() -> list[int]:
        async with serving(Resolver(Zone("us-east-2", {SQS: MANY}))) as address:
            reader, writer = await asyncio.open_connection(*address)
            stream = FRAMED * 3
            for piece in (stream[:1], stream[1:30], stream[30:]):
                writer.write(piece)
                await writer.drain()
            found = [count(await framed(reader)) for _ in range(3)]
            writer.close()
            return found

    assert asyncio.run(scenario()) == [100, 100, 100]


@pytest.mark.parametrize(
    "sent",
    [struct.pack("!H", QUERY_BYTES_MAX + 1), struct.pack("!H", 4) + bytes(4), b"\x00\x00", FRAMED[:10]],
    ids=["too long", "no header", "empty", "half a message, then silence"],
)
def test_a_connection_that_cannot_be_answered_is_ended(sent: bytes) -> None:
    async def scenario() -> bool:
        async with serving(Resolver(Zone("us-east-2", {}), idle_s=0.05)) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(sent)
            over = await ended(reader)
            writer.close()
            return over

    assert asyncio.run(scenario())


def test_no_more_connections_than_the_bound_and_room_again_after() -> None:
    async def scenario() -> tuple[bool, int]:
        resolver = Resolver(Zone("us-east-2", {SQS: MANY}), connections_max=1)
        async with serving(resolver) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(FRAMED)
            await framed(reader)
            other, other_writer = await asyncio.open_connection(*address)
            refused = await ended(other)
            other_writer.close()
            writer.close()
            await writer.wait_closed()
            while resolver.connections:  # noqa: ASYNC110 -- it has no event to wait for, and needs none
                await asyncio.sleep(0)
            reader, writer = await asyncio.open_connection(*address)
            writer.write(FRAMED)
            found = count(await framed(reader))
            writer.close()
            return refused, found

    assert asyncio.run(scenario()) == (True, 100)


def test_a_datagram_that_is_no_query_draws_no_answer_and_does_no_harm() -> None:
    async def scenario() -> int:
        async with serving(Resolver(Zone("us-east-2", {SQS: MANY[:1]}))) as address:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                for packet in (b"", b"x", QUERY[:2] + b"\x81\x80" + QUERY[4:], bytes(QUERY_BYTES_MAX + 1)):
                    sock.sendto(packet, address)
                sock.connect(address)
                sock.setblocking(False)
                sock.send(QUERY)
                reply = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 4096), WAIT_S)
                return count(dns.message.from_wire(reply))

    assert asyncio.run(scenario()) == 1


def test_closing_ends_connections_and_frees_the_port() -> None:
    async def scenario() -> bool:
        resolver = Resolver(Zone("us-east-2", {}))
        async with serving(resolver) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(FRAMED)
            await framed(reader)
            await resolver.close()
            over = await ended(reader)
            writer.close()
            bound_socket(socket.SOCK_STREAM, *address).close()
            return over

    assert asyncio.run(scenario())
