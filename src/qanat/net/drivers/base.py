"""What a driver is: it places the sockets of a VPC, and gives instances their network.

A driver knows addresses, never endpoints or policy. Every method may be called twice with the same effect as once,
and every failure is a NetworkUnavailable of one line.
"""

import ipaddress
import os
import socket
from dataclasses import dataclass
from typing import Final, Protocol

LINK_LOCAL_RESOLVER: Final = "169.254.169.253"
"""Where every VPC's resolver answers besides its base plus two (VPC User Guide, "Amazon DNS server")."""

BACKLOG: Final = 1024


@dataclass(frozen=True, slots=True)
class InstanceNetwork:
    """The place of one instance. Who is given one owns its descriptors and closes it.

    `network_fd` is None where the driver isolates nothing; `user_fd` is the user namespace to enter before the
    network namespace, None where there is none to enter.
    """

    vpc_id: str
    address: str
    resolvers: tuple[str, ...]
    network_fd: int | None = None
    user_fd: int | None = None

    @property
    def fds(self) -> tuple[int, ...]:
        return tuple(fd for fd in (self.network_fd, self.user_fd) if fd is not None)

    def close(self) -> None:
        """Close the descriptors. To be called once."""
        for fd in self.fds:
            os.close(fd)


class Driver(Protocol):
    """Called from the server's event loop. Each async method raises NetworkUnavailable."""

    @property
    def name(self) -> str:
        """The word that `--network` takes."""

    @property
    def isolates(self) -> bool:
        """Whether an instance can reach nothing but its VPC."""

    async def open(self) -> None:
        """Make ready; raises NetworkUnavailable with the reason where this system cannot."""

    async def close(self) -> None:
        """Give everything back. The sockets handed out stay the caller's to close."""

    async def add_vpc(self, vpc_id: str, cidr: str) -> None:
        """Make the private network of a VPC; raises if the VPC is there already with another `cidr`."""

    async def remove_vpc(self, vpc_id: str) -> None:
        """Cut the VPC off at once, instances too. The caller closes the sockets that it was handed."""

    def resolvers(self, vpc_id: str) -> tuple[str, ...]:
        """The addresses at which the VPC's resolver must answer, the one at base plus two first."""

    async def listen_tcp(self, vpc_id: str, address: str, port: int) -> socket.socket:
        """A non-blocking listening socket; raises if the VPC is unknown or the address not one of its own."""

    async def listen_udp(self, vpc_id: str, address: str, port: int) -> socket.socket:
        """A non-blocking bound datagram socket; raises as `listen_tcp` does."""

    async def release(self, vpc_id: str, address: str) -> None:
        """Nothing listens on `address` any more: take it out of the VPC."""

    async def attach_instance(self, vpc_id: str, address: str) -> InstanceNetwork:
        """A host of its own in the VPC; raises if the address is taken by a listener or not of the VPC."""

    async def detach_instance(self, vpc_id: str, address: str) -> None:
        """Unplug the instance. A program that still runs in it reaches nothing from here on."""

    def where(self, vpc_id: str, address: str, port: int) -> tuple[str, int]:
        """Host and port at which a listener is reached: inside the VPC, or on this machine without isolation."""


def vpc_resolvers(cidr: str) -> tuple[str, str]:
    """Base plus two, and the link-local one."""
    return str(ipaddress.IPv4Network(cidr)[2]), LINK_LOCAL_RESOLVER


def bound_socket(kind: socket.SocketKind, address: str, port: int) -> socket.socket:
    """A non-blocking IPv4 socket at an address of the present network namespace; a stream socket listens.

    Raises OSError.
    """
    sock = socket.socket(socket.AF_INET, kind)
    try:
        sock.setblocking(False)
        if kind is socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        if kind is socket.SOCK_STREAM:
            sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock
