"""VPCs as 127.x addresses of this machine: no privilege needed, and no isolation whatever.

Each VPC holds one second octet for as long as it exists; the last two octets are those of the private address, so
no two addresses of a VPC meet (a VPC is never wider than /16).
"""

import ipaddress
import socket
import zlib
from typing import Final

from qanat.net.drivers.base import InstanceNetwork, bound_socket, vpc_resolvers
from qanat.net.errors import NetworkUnavailable

OCTETS: Final = range(64, 255)
"""Clear of 127.0 and 127.53, where systems keep names and resolvers of their own."""
PORT_MAX: Final = 65_535


class LoopbackDriver:
    """`port` stands for each port of a VPC, 443 and 53 alike."""

    name: Final = "loopback"
    isolates: Final = False

    def __init__(self, port: int) -> None:
        self._port = port
        self._octets: dict[str, int] = {}
        self._networks: dict[str, ipaddress.IPv4Network] = {}

    async def open(self) -> None:
        if self._port > PORT_MAX:
            raise NetworkUnavailable(
                f"the loopback network takes the port above the public one, and {self._port} is none; choose another "
                "--listen port"
            )

    async def close(self) -> None:
        self._octets.clear()
        self._networks.clear()

    async def add_vpc(self, vpc_id: str, cidr: str) -> None:
        try:
            network = ipaddress.IPv4Network(cidr)
        except ValueError as error:
            raise NetworkUnavailable(f"{cidr} is not a CIDR block") from error
        if self._networks.setdefault(vpc_id, network) != network:
            raise NetworkUnavailable(f"{vpc_id} is there already with another CIDR block")
        if vpc_id not in self._octets:
            self._octets[vpc_id] = self._free_octet(vpc_id)

    async def remove_vpc(self, vpc_id: str) -> None:
        self._octets.pop(vpc_id, None)
        self._networks.pop(vpc_id, None)

    def resolvers(self, vpc_id: str) -> tuple[str, ...]:
        """Base plus two only: the link-local address would fall on one of the VPC's own."""
        return (vpc_resolvers(str(self._network(vpc_id)))[0],)

    async def listen_tcp(self, vpc_id: str, address: str, port: int) -> socket.socket:
        return self._listen(socket.SOCK_STREAM, vpc_id, address, port)

    async def listen_udp(self, vpc_id: str, address: str, port: int) -> socket.socket:
        return self._listen(socket.SOCK_DGRAM, vpc_id, address, port)

    async def release(self, vpc_id: str, address: str) -> None:
        """All of 127.0.0.0/8 is always there."""

    async def attach_instance(self, vpc_id: str, address: str) -> InstanceNetwork:
        """Only what names the instance: its program runs in the network of this machine."""
        self._check(vpc_id, address)
        return InstanceNetwork(vpc_id, address, self.resolvers(vpc_id))

    async def detach_instance(self, vpc_id: str, address: str) -> None:
        """Nothing was attached."""

    def where(self, vpc_id: str, address: str, port: int) -> tuple[str, int]:
        self._check(vpc_id, address)
        packed = ipaddress.IPv4Address(address).packed
        return f"127.{self._octets[vpc_id]}.{packed[2]}.{packed[3]}", self._port

    def _listen(self, kind: socket.SocketKind, vpc_id: str, address: str, port: int) -> socket.socket:
        host, real_port = self.where(vpc_id, address, port)
        try:
            return bound_socket(kind, host, real_port)
        except OSError as error:
            raise NetworkUnavailable(
                f"cannot listen on {host} port {real_port} for {address} of {vpc_id}: {error.strerror}; "
                "choose another --listen port"
            ) from error

    def _free_octet(self, vpc_id: str) -> int:
        taken = set(self._octets.values())
        start = zlib.crc32(vpc_id.encode())
        for step in range(len(OCTETS)):
            octet = OCTETS[(start + step) % len(OCTETS)]
            if octet not in taken:
                return octet
        self._networks.pop(vpc_id, None)
        raise NetworkUnavailable(
            f"the loopback network holds no more than {len(OCTETS)} VPCs; remove one, or use netns"
        )

    def _network(self, vpc_id: str) -> ipaddress.IPv4Network:
        try:
            return self._networks[vpc_id]
        except KeyError:
            raise NetworkUnavailable(f"the loopback network has no {vpc_id}") from None

    def _check(self, vpc_id: str, address: str) -> None:
        network = self._network(vpc_id)
        try:
            inside = ipaddress.IPv4Address(address) in network
        except ValueError:
            inside = False
        if not inside:
            raise NetworkUnavailable(f"{address} is not an address of {vpc_id}")
