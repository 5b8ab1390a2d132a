"""The local door: what comes over its socket, whose it is, and that an address lives as long as its connection."""

import asyncio
import errno
import json
import logging
import os
import socket
import struct
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvloop

from qanat.api import instances
from qanat.api.instances import SOCKET_NAME, InstanceDoor, with_directory
from support.plane import REGION, World, unavailable, world

T = TypeVar("T")
WAIT_S = 5.0


class Rig:
    """A door in a directory, to a VPC with one subnet."""

    def __init__(self, directory: Path, world: World) -> None:
        numbers = count(1)
        self.directory = directory
        self.world = world
        self.vpc_id = world.vpc()
        self.subnet_id = world.subnet(self.vpc_id)
        self.door = InstanceDoor(
            directory,
            REGION,
            world.network,
            world.driver,
            self.ask,
            lambda: f"eni-{next(numbers)}",
            world.plane.settled,
        )

    async def ask(self, command: object) -> Any:
        await asyncio.sleep(0)
        return self.world.do(command)

    async def connected(self) -> "Visitor":
        sock = socket.socket(socket.AF_UNIX)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, str(self.directory / SOCKET_NAME))
        return Visitor(sock)

    async def asks(self, **wish: Any) -> "Visitor":
        visitor = await self.connected()
        await visitor.says(json.dumps({"vpc_id": self.vpc_id, **wish}).encode() + b"\n")
        return visitor

    def addresses(self) -> list[str]:
        """Of the instances that the state knows."""
        return [
            interface.private_ip
            for interface in self.world.control.network._store.interfaces
            if interface.vpc_endpoint_id is None
        ]


class Visitor:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    async def says(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.sock, data)

    async def hears(self) -> dict[str, Any]:
        """One answer; {} where the door is shut without one."""
        data = b""
        async with asyncio.timeout(WAIT_S):
            while not data.endswith(b"\n"):
                more = await asyncio.get_running_loop().sock_recv(self.sock, 65_536)
                if not more:
                    return {}
                data += more
        answer: dict[str, Any] = json.loads(data)
        return answer

    async def is_shut_out(self) -> bool:
        async with asyncio.timeout(WAIT_S):
            return await asyncio.get_running_loop().sock_recv(self.sock, 1) == b""


@asynccontextmanager
async def rig(directory: Path) -> AsyncIterator[Rig]:
    async with world() as w:
        made = Rig(directory, w)
        made.door.open()
        try:
            yield made
        finally:
            await made.door.close()


def played(scenario: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(scenario)


async def until_no_instance(r: Rig) -> None:
    async with asyncio.timeout(WAIT_S):
        while r.addresses() or r.world.driver.attached:  # noqa: ASYNC110 - it tells nobody when it is so
            await asyncio.sleep(0)


def test_an_instance_lives_as_long_as_its_connection(tmp_path: Path) -> None:
    async def scenario() -> tuple[dict[str, Any], list[str]]:
        async with rig(tmp_path) as r:
            visitor = await r.asks()
            answer = await visitor.hears()
            there = r.addresses()
            assert r.world.driver.attached == {(r.vpc_id, "10.0.1.4")}
            visitor.sock.close()
            await until_no_instance(r)
            return answer, there

    answer, there = played(scenario())
    assert there == ["10.0.1.4"]
    assert answer["network"]["address"] == "10.0.1.4"
    assert answer["network"]["resolvers"] == ["10.0.0.2", "169.254.169.253"]
    assert answer["details"] == {
        "region": REGION,
        "interface_id": "eni-1",
        "isolates": True,
        "endpoint_url": None,
    }


def test_a_vpc_that_is_just_being_made_is_waited_for(tmp_path: Path) -> None:
    async def scenario() -> str:
        async with rig(tmp_path) as r:
            await r.world.settled()
            begun, go_on = r.world.driver.hold("add_vpc")
            vpc_id = r.world.vpc()
            r.world.subnet(vpc_id)
            visitor = await r.asks(vpc_id=vpc_id)
            await begun.wait()
            assert not any(call.startswith("attach") for call in r.world.driver.calls)
            go_on.set()
            answer = await visitor.hears()
            visitor.sock.close()
            await until_no_instance(r)
            return str(answer["network"]["vpc_id"]) if answer["network"]["vpc_id"] == vpc_id else ""

    assert played(scenario())


def test_without_isolation_the_endpoint_with_private_dns_is_named(tmp_path: Path) -> None:
    async def scenario() -> list[str | None]:
        async with rig(tmp_path) as r:
            r.world.driver.isolates = False
            found = []
            for private_dns in (None, False, True):
                if private_dns is not None:
                    r.world.endpoint(r.vpc_id, r.subnet_id, private_dns=private_dns)
                    await r.world.settled()
                visitor = await r.asks()
                found.append((await visitor.hears())["details"]["endpoint_url"])
                visitor.sock.close()
                await until_no_instance(r)
            return found

    assert played(scenario()) == [None, None, "https://10.0.1.5:443"]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"{}\n", "the wish for an instance cannot be read"),
        (b'{"vpc_id": 7}\n', "the wish for an instance cannot be read"),
        (b'{"vpc_id": null}\n', "the wish for an instance cannot be read"),
        (b'{"vpc_id": "x", "subnet_id": []}\n', "the wish for an instance cannot be read"),
        (b'{"vpc_id": "x", "security_group_ids": 5}\n', "the wish for an instance cannot be read"),
        (b'{"vpc_id": "x", "security_group_ids": [5]}\n', "the wish for an instance cannot be read"),
        (b"[]\n", "not one JSON object"),
        (b"vpc-1\n", "not JSON"),
        (b"\n", "not JSON"),
        (b"\xff\xfe\n", "not JSON"),
        (b'{"vpc_id": "vpc-none"}\n', "The vpc ID 'vpc-none' does not exist"),
        (b"x" * 70_000, "too large"),
    ],
)
def test_what_cannot_be_granted_is_told_in_one_line(tmp_path: Path, sent: bytes, told: str) -> None:
    async def scenario() -> str:
        async with rig(tmp_path) as r:
            visitor = await r.connected()
            await visitor.says(sent)
            answer = await visitor.hears()
            visitor.sock.close()
            await until_no_instance(r)
            return str(answer["error"])

    error = played(scenario())
    assert told in error
    assert "\n" not in error


def test_descriptors_that_nobody_asked_for_are_closed(tmp_path: Path) -> None:
    async def scenario() -> bool:
        async with rig(tmp_path) as r:
            visitor = await r.connected()
            heard, told = os.pipe()
            socket.send_fds(visitor.sock, [json.dumps({"vpc_id": r.vpc_id}).encode() + b"\n"], [told])
            os.close(told)
            assert "network" in await visitor.hears()
            os.set_blocking(heard, False)
            ended = os.read(heard, 1) == b""  # nobody holds the other end any more
            os.close(heard)
            visitor.sock.close()
            return ended

    assert played(scenario())


def test_a_driver_that_refuses_leaves_no_interface(tmp_path: Path) -> None:
    async def scenario() -> str:
        async with rig(tmp_path) as r:
            r.world.driver.refused["attach_instance"] = unavailable("no more than 512 instances")
            visitor = await r.asks()
            answer = await visitor.hears()
            await until_no_instance(r)
            visitor.sock.close()
            return str(answer["error"])

    assert played(scenario()) == "no more than 512 instances"


def test_an_instance_that_cannot_be_unplugged_is_forgotten_all_the_same(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        async with rig(tmp_path) as r:
            visitor = await r.asks()
            await visitor.hears()
            r.world.driver.refused["detach_instance"] = unavailable("the holder has ended")
            visitor.sock.close()
            async with asyncio.timeout(WAIT_S):
                while r.addresses():  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0)
            return r.addresses()

    assert played(scenario()) == []


def test_a_fault_of_our_own_is_told_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> str:
        async with rig(tmp_path) as r:
            r.world.driver.refused["attach_instance"] = KeyError("a bug")
            visitor = await r.asks()
            answer = await visitor.hears()
            await until_no_instance(r)
            visitor.sock.close()
            return str(answer["error"])

    assert played(scenario()) == "the server met a fault of its own; its log says more"
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_no_more_than_the_server_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances, "_INSTANCES_MAX", 2)

    async def scenario() -> list[str]:
        async with rig(tmp_path) as r:
            running = [await r.asks(), await r.asks()]
            for visitor in running:
                assert "network" in await visitor.hears()
            one_more = await r.asks()
            told = (await one_more.hears())["error"]
            running[0].sock.close()
            async with asyncio.timeout(WAIT_S):
                while len(r.addresses()) == 2:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0)
            again = await r.asks()
            assert "network" in await again.hears()
            for visitor in (running[1], one_more, again):
                visitor.sock.close()
            return [str(told)]

    assert played(scenario()) == ["no more than 2 instances can run at once"]


@pytest.mark.parametrize(
    ("uid", "is_let_in"), [(os.geteuid(), True), (0, True), (os.geteuid() + 12_345, False)]
)
def test_only_the_servers_own_user_and_root_are_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int, is_let_in: bool
) -> None:
    """unix(7), SO_PEERCRED: pid, uid, gid of whoever connected."""

    class Peer:
        def getsockopt(self, level: int, option: int, size: int) -> bytes:
            assert (level, option) == (socket.SOL_SOCKET, socket.SO_PEERCRED)
            return struct.pack("3i", 1, uid, uid)

    assert instances._is_ours(Peer()) is is_let_in  # type: ignore[arg-type]  # all that is asked of a socket

    monkeypatch.setattr(instances, "_is_ours", lambda _: is_let_in)

    async def scenario() -> bool:
        async with rig(tmp_path) as r:
            visitor = await r.connected()
            if not is_let_in:
                shut_out = await visitor.is_shut_out()
                visitor.sock.close()
                return shut_out
            await visitor.says(json.dumps({"vpc_id": r.vpc_id}).encode() + b"\n")
            answer = await visitor.hears()
            visitor.sock.close()
            return "network" in answer

    assert played(scenario())


def test_the_socket_is_the_owners_alone_and_goes_with_the_server(tmp_path: Path) -> None:
    long = tmp_path / ("d" * 200)
    long.mkdir()
    (long / SOCKET_NAME).write_text("left behind by a server that was killed")

    async def scenario() -> int:
        async with rig(long):
            with socket.socket(socket.AF_UNIX) as sock:
                with_directory(long, sock.connect)
            return (long / SOCKET_NAME).stat().st_mode & 0o777

    assert played(scenario()) == 0o600
    assert not (long / SOCKET_NAME).exists()


def test_without_descriptors_it_waits_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(instances, "_PAUSE_S", 0.0)

    async def scenario() -> bool:
        async with world() as w:
            loop, failures = asyncio.get_running_loop(), [OSError(errno.EMFILE, "Too many open files")]

            class Loop:
                async def sock_accept(self, sock: socket.socket) -> tuple[socket.socket, Any]:
                    if failures:
                        raise failures.pop()
                    return await loop.sock_accept(sock)

                create_task = loop.create_task

            r = Rig(tmp_path, w)
            r.door.open()
            with monkeypatch.context() as patch:
                patch.setattr(instances.asyncio, "get_running_loop", Loop)
                await asyncio.sleep(0)
            visitor = await r.asks()
            answer = await visitor.hears()
            visitor.sock.close()
            await r.door.close()
            return "network" in answer

    assert played(scenario())
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_closing_ends_what_runs(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(tmp_path) as r:
            visitor = await r.asks()
            await visitor.hears()
            asking = await r.connected()
            await r.door.close()
            assert (r.addresses(), r.world.driver.attached) == ([], set())
            assert await visitor.is_shut_out()
            visitor.sock.close()
            asking.sock.close()

    played(scenario())
