"""One VPC in the kernel: a network namespace with a bridge and no way out, and a namespace for each instance.

Runs in the holder process alone, which has one thread: entering a namespace is a change of the whole process, undone
before each function ends. Raises OSError and NetlinkError. Nothing here outlives the process: namespaces are held by
descriptors, and no device is ever made outside of them.
"""

import errno
import ipaddress
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from qanat.net import linux
from qanat.net.drivers.base import LINK_LOCAL_RESOLVER, bound_socket
from qanat.net.linux import Clone

OWN_NETWORK: Final = "/proc/self/ns/net"
BRIDGE: Final = "vpc"
BRIDGE_MAC: Final = "02:00:00:00:00:01"
"""Of no use to anybody outside of the VPC. Without one of its own a bridge has the least of its ports': with each
instance that comes or goes it may be another, and what the other instances send is lost until they ask anew."""
INSTANCE_DEVICE: Final = "eth0"
LOOPBACK_INDEX: Final = 1
SCOPE_LINK: Final = 253

# What a namespace is born with may be the machine's own settings; these make sure that nothing is forwarded and
# that there is no second address family beside the one that is guarded.
SETTINGS: Final = (
    ("ipv4/ip_forward", "0"),
    ("ipv6/conf/all/disable_ipv6", "1"),
    ("ipv6/conf/default/disable_ipv6", "1"),
)


class AddressTaken(Exception):
    """The address is in use for something else in the VPC."""


class VpcNamespace:
    """The private network of one VPC. `cidr` is its block; all of it is on the one link."""

    def __init__(self, cidr: str) -> None:
        self.network = ipaddress.IPv4Network(cidr)
        self._router = str(self.network[1])
        self._fd = new_network()
        self._instances: dict[str, tuple[int, str]] = {}
        self._made = 0
        self._addresses: set[str] = set()
        try:
            with inside(self._fd), IPRoute() as link:
                set_up(link, LOOPBACK_INDEX)
                link.link("add", ifname=BRIDGE, kind="bridge", address=BRIDGE_MAC)
                set_up(link, index_of(link, BRIDGE))
                # With the last address of a device the kernel drops its routes too, so one always stays: that of
                # AWS's router, base plus one, which is nobody else's. It routes nothing.
                link.addr(
                    "add",
                    index=index_of(link, BRIDGE),
                    address=self._router,
                    prefixlen=self.network.prefixlen,
                )
        except BaseException:
            os.close(self._fd)
            raise

    def listen(self, kind: socket.SocketKind, address: str, port: int) -> socket.socket:
        """A socket at `address`, which becomes one of the VPC's own. Raises AddressTaken."""
        self._refuse_router(address)
        if address in self._instances:
            raise AddressTaken(f"{address} is the address of an instance")
        with inside(self._fd):
            if address not in self._addresses:
                with IPRoute() as link:
                    self._change_address(link, "add", address)
                self._addresses.add(address)
            return bound_socket(kind, address, port)

    def release(self, address: str) -> None:
        if address in self._addresses:
            self._addresses.discard(address)
            with inside(self._fd), IPRoute() as link, ignoring(errno.EADDRNOTAVAIL):
                self._change_address(link, "del", address)

    def attach(self, address: str) -> int:
        """The network namespace of the instance at `address`, made if need be; the descriptor stays ours."""
        self._refuse_router(address)
        if address in self._addresses:
            raise AddressTaken(f"{address} is the address of an endpoint or of the resolver")
        if address not in self._instances:
            fd = new_network()
            self._made += 1
            device = f"i{self._made}"
            try:
                self._plug(device, fd)
                self._configure(fd, address)
            except BaseException:
                self._unplug(device)
                os.close(fd)
                raise
            self._instances[address] = (fd, device)
        return self._instances[address][0]

    def detach(self, address: str) -> None:
        if address in self._instances:
            fd, device = self._instances.pop(address)
            os.close(fd)
            self._unplug(device)

    def close(self) -> None:
        """Unplug every instance, so that sockets which still hold the namespace alive reach nobody; let it go."""
        for address in list(self._instances):
            self.detach(address)
        os.close(self._fd)

    @property
    def instance_count(self) -> int:
        return len(self._instances)

    def _refuse_router(self, address: str) -> None:
        if address == self._router:
            raise AddressTaken(f"{address} is reserved for the router of the VPC")

    def _plug(self, device: str, instance_fd: int) -> None:
        peer = {"ifname": INSTANCE_DEVICE, "net_ns_fd": instance_fd}
        with inside(self._fd), IPRoute() as link:
            link.link("add", ifname=device, kind="veth", peer=peer)
            link.link("set", index=index_of(link, device), master=index_of(link, BRIDGE), state="up")

    def _unplug(self, device: str) -> None:
        with inside(self._fd), IPRoute() as link, ignoring(errno.ENODEV):
            for index in link.link_lookup(ifname=device):
                link.link("del", index=index)

    def _configure(self, instance_fd: int, address: str) -> None:
        with inside(instance_fd), IPRoute() as link:
            index = index_of(link, INSTANCE_DEVICE)
            set_up(link, LOOPBACK_INDEX)
            set_up(link, index)
            link.addr("add", index=index, address=address, prefixlen=self.network.prefixlen)
            link.route("add", dst=f"{LINK_LOCAL_RESOLVER}/32", oif=index, scope=SCOPE_LINK)

    def _change_address(self, link: Any, verb: str, address: str) -> None:
        with ignoring(errno.EEXIST):
            link.addr(verb, index=index_of(link, BRIDGE), address=address, prefixlen=32)


def new_network() -> int:
    """A descriptor of a new network namespace, empty but for a loopback device that is down."""
    home = os.open(OWN_NETWORK, os.O_RDONLY)
    try:
        linux.unshare(Clone.NEWNET)
        try:
            for name, value in SETTINGS:
                with suppress(OSError):  # a read-only /proc/sys, or a kernel without IPv6
                    Path("/proc/sys/net", name).write_text(value, encoding="ascii")
            return os.open(OWN_NETWORK, os.O_RDONLY)
        finally:
            linux.set_namespace(home, Clone.NEWNET)
    finally:
        os.close(home)


@contextmanager
def inside(fd: int) -> Iterator[None]:
    """Within the block this process is in the network namespace `fd`."""
    home = os.open(OWN_NETWORK, os.O_RDONLY)
    try:
        linux.set_namespace(fd, Clone.NEWNET)
        try:
            yield
        finally:
            linux.set_namespace(home, Clone.NEWNET)
    finally:
        os.close(home)


@contextmanager
def ignoring(code: int) -> Iterator[None]:
    """Let pass the one netlink error that means: it is so already."""
    try:
        yield
    except NetlinkError as error:
        if error.code != code:
            raise


def set_up(link: Any, index: int) -> None:
    link.link("set", index=index, state="up")


def index_of(link: Any, device: str) -> int:
    found = link.link_lookup(ifname=device)
    if not found:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), device)
    return int(found[0])
