"""A control shard, a network plane and a driver that does as it is told: what the plane makes of every failure."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from qanat.core.control import Control
from qanat.core.network import commands as ec2
from qanat.core.network.model import EndpointState, Home, NetworkInterface, VpcEndpoint
from qanat.net.drivers.base import InstanceNetwork, bound_socket
from qanat.net.errors import NetworkUnavailable
from qanat.net.http import HttpServer, Request
from qanat.net.plane import Plane

ACCOUNT, REGION = "123456789012", "us-east-2"
HOME = Home(ACCOUNT, REGION)
SQS = f"sqs.{REGION}.amazonaws.com"
ZONES = tuple(f"{REGION}{letter}" for letter in "abc")
WAIT_S = 60

_numbers = count(1)


def new_id(kind: str) -> str:
    return f"{kind}-{next(_numbers):017x}"


class FakeDriver:
    """Its sockets are this machine's loopback; the VPC and the address that each was asked for are noted."""

    name = "fake"
    isolates = True

    def __init__(self) -> None:
        self.refused: dict[str, Exception] = {}
        """By `call`, or by `call address`: what is raised."""
        self.held: dict[str, asyncio.Event] = {}
        """The same names: the call begins, and waits."""
        self.begun: dict[str, asyncio.Event] = {}
        self.calls: list[str] = []
        self.watched: Callable[[str], None] = lambda _: None
        """Called as each call begins."""
        self.vpcs: set[str] = set()
        self.sockets: dict[tuple[str, str], list[socket.socket]] = {}
        self.attached: set[tuple[str, str]] = set()

    def hold(self, call: str) -> tuple[asyncio.Event, asyncio.Event]:
        """`call` will wait; (set when it has begun, to be set that it goes on)."""
        begun, go_on = self.begun[call], self.held[call] = asyncio.Event(), asyncio.Event()
        return begun, go_on

    def listening(self, vpc_id: str) -> set[str]:
        """The addresses of the VPC at which something listens."""
        return {
            address
            for (vpc, address), found in self.sockets.items()
            if vpc == vpc_id and any(sock.fileno() >= 0 for sock in found)
        }

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def add_vpc(self, vpc_id: str, cidr: str) -> None:
        await self._called("add_vpc", vpc_id)
        self.vpcs.add(vpc_id)

    async def remove_vpc(self, vpc_id: str) -> None:
        await self._called("remove_vpc", vpc_id)
        self.vpcs.discard(vpc_id)

    def resolvers(self, vpc_id: str) -> tuple[str, ...]:
        return "10.0.0.2", "169.254.169.253"

    async def listen_tcp(self, vpc_id: str, address: str, port: int) -> socket.socket:
        return await self._listen("listen_tcp", socket.SOCK_STREAM, vpc_id, address)

    async def listen_udp(self, vpc_id: str, address: str, port: int) -> socket.socket:
        return await self._listen("listen_udp", socket.SOCK_DGRAM, vpc_id, address)

    async def release(self, vpc_id: str, address: str) -> None:
        await self._called("release", address)

    async def attach_instance(self, vpc_id: str, address: str) -> InstanceNetwork:
        await self._called("attach_instance", address)
        self.attached.add((vpc_id, address))
        return InstanceNetwork(vpc_id, address, self.resolvers(vpc_id))

    async def detach_instance(self, vpc_id: str, address: str) -> None:
        await self._called("detach_instance", address)
        self.attached.discard((vpc_id, address))

    def where(self, vpc_id: str, address: str, port: int) -> tuple[str, int]:
        return address, port

    async def _listen(self, call: str, kind: socket.SocketKind, vpc_id: str, address: str) -> socket.socket:
        await self._called(call, address)
        sock = bound_socket(kind, "127.0.0.1", 0)
        self.sockets.setdefault((vpc_id, address), []).append(sock)
        return sock

    async def _called(self, call: str, subject: str) -> None:
        self.watched(f"{call} {subject}")
        for name in (call, f"{call} {subject}"):
            if name in self.begun:
                self.begun[name].set()
                await self.held[name].wait()
        self.calls.append(f"{call} {subject}")
        for name in (call, f"{call} {subject}"):
            if name in self.refused:
                raise self.refused[name]


class World:
    """Everything is as it is in the server, but for the driver, the certificates and the log."""

    def __init__(self, control: Control | None = None) -> None:
        self.control = control or Control()
        self.network = self.control.network
        self.driver = FakeDriver()
        self.reported: list[tuple[str, EndpointState, str | None]] = []
        self.http = HttpServer(not_expected, asyncio.get_running_loop())
        self.tls: Callable[[str], ssl.SSLContext] = lambda _: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.plane = Plane(self.network, self.driver, self.http, lambda _, host: self.tls(host), self.report)

    async def report(self, command: ec2.ReportVpcEndpoint) -> None:
        self.reported.append((command.vpc_endpoint_id, command.state, command.failure))
        self.do(command)
        await asyncio.sleep(0)  # as long as a commit takes, others may change things

    def do(self, command: object) -> Any:
        reply = self.control.handle(command, 1).reply
        self.plane.notice()
        return reply

    async def settled(self) -> None:
        """Nothing is left to follow, the plane's own reports among it."""
        async with asyncio.timeout(WAIT_S):
            version = -1
            while version != self.network.version:
                version = self.network.version
                await self.plane.settled()

    def vpc(self, **attributes: bool) -> str:
        vpc_id = new_id("vpc")
        group_id, ingress_id, egress_id = new_id("sg"), new_id("sgr"), new_id("sgr")
        self.do(ec2.CreateVpc(HOME, vpc_id, "10.0.0.0/16", group_id, ingress_id, egress_id))
        self.do(ec2.ModifyVpcAttribute(HOME, vpc_id, **{"enable_dns_hostnames": True, **attributes}))
        return vpc_id

    def subnet(self, vpc_id: str, number: int = 1) -> str:
        """10.0.<number>.0/24, in a zone of its own."""
        subnet_id = new_id("subnet")
        cidr, zone = f"10.0.{number}.0/24", ZONES[number - 1]
        self.do(ec2.CreateSubnet(HOME, subnet_id, vpc_id, cidr, ZONES, zone))
        return subnet_id

    def endpoint(self, vpc_id: str, *subnet_ids: str, private_dns: bool = True) -> str:
        endpoint_id = new_id("vpce")
        self.do(
            ec2.CreateVpcEndpoint(
                HOME,
                endpoint_id,
                vpc_id,
                f"com.amazonaws.{REGION}.sqs",
                "Interface",
                "abcdefgh",
                subnet_ids=subnet_ids,
                interface_ids=tuple(new_id("eni") for _ in subnet_ids),
                private_dns_enabled=private_dns,
            )
        )
        return endpoint_id

    def modify(self, endpoint_id: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        self.do(
            ec2.ModifyVpcEndpoint(
                HOME,
                endpoint_id,
                add_subnet_ids=add,
                remove_subnet_ids=remove,
                interface_ids=tuple(new_id("eni") for _ in add),
            )
        )

    def delete(self, endpoint_id: str) -> None:
        self.do(ec2.DeleteVpcEndpoints(HOME, (endpoint_id,)))

    def found(self, endpoint_id: str) -> VpcEndpoint:
        endpoint = self.network.endpoint(endpoint_id)
        assert endpoint is not None
        return endpoint

    def state(self, endpoint_id: str) -> tuple[str, str | None]:
        endpoint = self.found(endpoint_id)
        return endpoint.state.value, endpoint.failure

    def interfaces(self, endpoint_id: str) -> list[NetworkInterface]:
        return self.network.interfaces_of_endpoint(endpoint_id)

    def names(self, vpc_id: str) -> dict[str, tuple[str, ...]]:
        """What the VPC's resolver answers."""
        resolver = self.plane._placed[vpc_id].resolver
        return {} if resolver is None else dict(resolver.zone.names)


def not_expected(request: Request) -> None:
    raise AssertionError(f"nobody asks anything here: {request.target!r}")


def unavailable(reason: str) -> NetworkUnavailable:
    return NetworkUnavailable(reason)


@asynccontextmanager
async def world(control: Control | None = None) -> AsyncIterator[World]:
    made = World(control)
    await made.plane.start()
    try:
        yield made
    finally:
        await made.plane.close()
