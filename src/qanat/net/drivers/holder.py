"""The process that holds the namespaces of all VPCs: `python -m qanat.net.drivers.holder FD`.

One thread; one question and answer at a time over the socket FD. When the other end closes, it ends, and with it all
that it made: it is the only holder, and leaves nothing on the machine. It reads no settings and opens no network.
"""

import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Final

from pyroute2.netlink.exceptions import NetlinkError

from qanat.net import fds, linux
from qanat.net.drivers.base import LINK_LOCAL_RESOLVER
from qanat.net.drivers.vpc_namespace import OWN_NETWORK, AddressTaken, VpcNamespace
from qanat.net.errors import NetworkUnavailable, PeerGone
from qanat.net.linux import Capability, Clone

VPCS_MAX: Final = 256
INSTANCES_MAX: Final = 512
"""A VPC. A bridge takes 1,023 ports."""
SELF_TEST_CIDR: Final = "10.255.255.240/28"
SELF_TEST_ADDRESS: Final = "10.255.255.244"

KINDS: Final = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


class Holder:
    """Answers one request with the descriptors to hand over; raises what `reason` can put into words."""

    def __init__(self, user_fd: int | None) -> None:
        self._user_fd = user_fd
        self._vpcs: dict[str, VpcNamespace] = {}
        self._calls: dict[str, Callable[[fds.Message], Sequence[int]]] = {
            "add_vpc": self._add_vpc,
            "remove_vpc": self._remove_vpc,
            "listen": self._listen,
            "release": self._release,
            "attach": self._attach,
            "detach": self._detach,
        }
        self._handed_over: list[socket.socket] = []

    def answer(self, request: fds.Message) -> Sequence[int]:
        call = self._calls.get(str(request.get("call")))
        if call is None:
            raise NetworkUnavailable("the holder of the VPCs does not know this request")
        return call(request)

    def forget(self) -> None:
        """Close our copies of the sockets of the last answer: the server has its own."""
        for sock in self._handed_over:
            sock.close()
        self._handed_over.clear()

    def _add_vpc(self, request: fds.Message) -> Sequence[int]:
        vpc_id, cidr = request["vpc_id"], request["cidr"]
        if vpc_id in self._vpcs:
            if self._vpcs[vpc_id].network != ipaddress.IPv4Network(cidr):
                raise NetworkUnavailable(f"{vpc_id} is there already with another CIDR block")
            return ()
        if len(self._vpcs) >= VPCS_MAX:
            raise NetworkUnavailable(f"no more than {VPCS_MAX} VPCs can be held at once; remove one")
        self._vpcs[vpc_id] = VpcNamespace(cidr)
        return ()

    def _remove_vpc(self, request: fds.Message) -> Sequence[int]:
        vpc = self._vpcs.pop(request["vpc_id"], None)
        if vpc is not None:
            vpc.close()
        return ()

    def _listen(self, request: fds.Message) -> Sequence[int]:
        vpc, address = self._place(request)
        sock = vpc.listen(KINDS[request["kind"]], address, request["port"])
        self._handed_over.append(sock)
        return (sock.fileno(),)

    def _release(self, request: fds.Message) -> Sequence[int]:
        if request["vpc_id"] in self._vpcs:
            self._vpcs[request["vpc_id"]].release(request["address"])
        return ()

    def _attach(self, request: fds.Message) -> Sequence[int]:
        vpc, address = self._place(request)
        if vpc.instance_count >= INSTANCES_MAX:
            raise NetworkUnavailable(f"no more than {INSTANCES_MAX} instances can run in a VPC at once")
        network_fd = vpc.attach(address)
        return (network_fd,) if self._user_fd is None else (network_fd, self._user_fd)

    def _detach(self, request: fds.Message) -> Sequence[int]:
        if request["vpc_id"] in self._vpcs:
            self._vpcs[request["vpc_id"]].detach(request["address"])
        return ()

    def _place(self, request: fds.Message) -> tuple[VpcNamespace, str]:
        vpc_id, address = request["vpc_id"], request["address"]
        vpc = self._vpcs.get(vpc_id)
        if vpc is None:
            raise NetworkUnavailable(f"there is no private network for {vpc_id}")
        if address != LINK_LOCAL_RESOLVER and ipaddress.IPv4Address(address) not in vpc.network:
            raise NetworkUnavailable(f"{address} is not an address of {vpc_id}")
        return vpc, address


def settle() -> int | None:
    """Leave the machine's network for an empty one of our own; the user namespace's descriptor if it took one."""
    if linux.has_capabilities((Capability.SYS_ADMIN, Capability.NET_ADMIN)):
        linux.unshare(Clone.NEWNET)
        return None
    ids = os.getuid(), os.getgid()
    linux.unshare(Clone.NEWUSER | Clone.NEWNET)
    linux.map_ids((0, 0), ids)
    return os.open("/proc/self/ns/user", os.O_RDONLY)


def self_test() -> None:
    """Make a VPC with an instance and let it go: what fails here would fail later."""
    vpc = VpcNamespace(SELF_TEST_CIDR)
    vpc.attach(SELF_TEST_ADDRESS)
    vpc.close()


def reason(error: Exception) -> str:
    """One line for a person."""
    match error:
        case NetlinkError():
            return f"the kernel refused: {os.strerror(error.code)}"
        case OSError():
            place = f" ({error.filename})" if error.filename and error.filename != OWN_NETWORK else ""
            return f"{error.strerror}{place}"
        case NetworkUnavailable() | AddressTaken() | ValueError() | OverflowError():
            return str(error)
    return f"the holder of the VPCs met a fault of its own: {error!r}"


def serve(sock: socket.socket) -> None:
    """Say whether this system can, then answer until the other end goes."""
    try:
        holder = Holder(settle())
        self_test()
    except (OSError, NetlinkError) as error:
        fds.send(sock, {"error": reason(error)})
        return
    fds.send(sock, {})
    while True:
        request, received = fds.receive(sock)
        fds.close_all(received)
        try:
            handed = holder.answer(request)
        except Exception as error:  # noqa: BLE001 -- one bad request must not end the networks of all VPCs
            fds.send(sock, {"error": reason(error)})
        else:
            fds.send(sock, {}, handed)
        holder.forget()


def main(arguments: list[str]) -> int:
    # The server decides when it is over: by closing its end, however it came to that.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with socket.socket(fileno=int(arguments[0])) as sock:
        try:
            serve(sock)
        except PeerGone:
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
