"""VPCs as network namespaces of Linux, as root or in a user namespace: real isolation, nothing left behind.

A holder process makes and holds them; a socket made in a VPC is handed to this process and stays in the VPC where it
was made. One exchange with the holder at a time. If the holder ends, every later call raises NetworkUnavailable.
"""

import asyncio
import os
import socket
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from qanat.net import fds
from qanat.net.drivers.base import InstanceNetwork, vpc_resolvers
from qanat.net.errors import NetworkUnavailable

ANSWER_S: Final = 20.0
"""An exchange takes milliseconds; the start of the holder, some tenths of a second on a loaded machine."""
END_S: Final = 5.0

# Where a distribution takes user namespaces from ordinary users: the file, the value that does, and the cure.
OBSTACLES: Final = (
    ("kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    ("user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"),
)


class NetnsDriver:
    """Use after `open`; see Driver for what each method promises."""

    name: Final = "netns"
    isolates: Final = True

    def __init__(self) -> None:
        self._sock: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        # One thread, so that exchanges keep their order and never mix, even if a caller gives up waiting.
        self._worker = ThreadPoolExecutor(1, "vpc-holder")
        self._cidrs: dict[str, str] = {}

    async def open(self) -> None:
        if self._sock is None:
            if sys.platform != "linux":
                raise NetworkUnavailable("network namespaces exist on Linux only; use --network loopback")
            await asyncio.wrap_future(self._worker.submit(self._start))

    async def close(self) -> None:
        await asyncio.wrap_future(self._worker.submit(self._end))
        self._worker.shutdown(wait=False)

    @property
    def holder_pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def add_vpc(self, vpc_id: str, cidr: str) -> None:
        await self._ask({"call": "add_vpc", "vpc_id": vpc_id, "cidr": cidr})
        self._cidrs[vpc_id] = cidr

    async def remove_vpc(self, vpc_id: str) -> None:
        await self._ask({"call": "remove_vpc", "vpc_id": vpc_id})
        self._cidrs.pop(vpc_id, None)

    def resolvers(self, vpc_id: str) -> tuple[str, ...]:
        if vpc_id not in self._cidrs:
            raise NetworkUnavailable(f"there is no private network for {vpc_id}")
        return vpc_resolvers(self._cidrs[vpc_id])

    async def listen_tcp(self, vpc_id: str, address: str, port: int) -> socket.socket:
        return await self._listen("tcp", vpc_id, address, port)

    async def listen_udp(self, vpc_id: str, address: str, port: int) -> socket.socket:
        return await self._listen("udp", vpc_id, address, port)

    async def release(self, vpc_id: str, address: str) -> None:
        await self._ask({"call": "release", "vpc_id": vpc_id, "address": address})

    async def attach_instance(self, vpc_id: str, address: str) -> InstanceNetwork:
        handed = await self._ask({"call": "attach", "vpc_id": vpc_id, "address": address}, fds_wanted=(1, 2))
        user_fd = handed[1] if len(handed) == 2 else None
        return InstanceNetwork(vpc_id, address, self.resolvers(vpc_id), handed[0], user_fd)

    async def detach_instance(self, vpc_id: str, address: str) -> None:
        await self._ask({"call": "detach", "vpc_id": vpc_id, "address": address})

    def where(self, vpc_id: str, address: str, port: int) -> tuple[str, int]:
        return address, port

    async def _listen(self, kind: str, vpc_id: str, address: str, port: int) -> socket.socket:
        request = {"call": "listen", "kind": kind, "vpc_id": vpc_id, "address": address, "port": port}
        sock = socket.socket(fileno=(await self._ask(request, fds_wanted=(1,)))[0])
        sock.setblocking(False)
        return sock

    async def _ask(self, request: fds.Message, fds_wanted: tuple[int, ...] = (0,)) -> list[int]:
        exchange = self._worker.submit(self._exchange, request, fds_wanted)
        try:
            return await asyncio.wrap_future(exchange)
        except asyncio.CancelledError:
            exchange.add_done_callback(discard)
            raise

    def _exchange(self, request: fds.Message, fds_wanted: tuple[int, ...]) -> list[int]:
        if self._sock is None:
            raise NetworkUnavailable(
                "the private networks are closed, or their holder has ended; restart the server"
            )
        try:
            fds.send(self._sock, request)
            answer, handed = fds.receive(self._sock)
        except NetworkUnavailable:
            self._end()  # its answers could be out of step from here on
            raise
        if "error" in answer or len(handed) not in fds_wanted:
            fds.close_all(handed)
            raise NetworkUnavailable(str(answer.get("error", "the holder of the VPCs gave a wrong answer")))
        return handed

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(ANSWER_S)
        self._sock = ours
        try:
            with theirs:
                self._process = start_holder(theirs)
            answer, handed = fds.receive(ours)
            fds.close_all(handed)
        except (OSError, NetworkUnavailable) as error:
            self._end()
            raise NetworkUnavailable(
                f"the process that would hold the VPCs does not start: {error}"
            ) from error
        if "error" in answer:
            self._end()
            raise NetworkUnavailable(
                f"this system gives us no network namespaces: {answer['error']}; {advice()}"
            )

    def _end(self) -> None:
        """Close our end, at which the holder ends by itself."""
        sock, self._sock = self._sock, None
        process, self._process = self._process, None
        self._cidrs.clear()
        if sock is not None:
            sock.close()
        if process is not None:
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def available() -> str | None:
    """None where VPCs can be network namespaces here; else the reason why not, in one line, with what to do."""
    driver = NetnsDriver()
    try:
        await driver.open()
    except NetworkUnavailable as error:
        return str(error)
    await driver.close()
    return None


def discard(exchange: Future[list[int]]) -> None:
    """Close the descriptors of an answer that nobody waits for any more."""
    if not exchange.cancelled() and exchange.exception() is None:
        fds.close_all(exchange.result())


def start_holder(sock: socket.socket) -> subprocess.Popen[bytes]:
    """In a session of its own, so that Ctrl-C at the server's terminal is the server's alone to act on."""
    number = sock.fileno()
    command = [sys.executable, "-P", "-m", "qanat.net.drivers.holder", str(number)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(number,), start_new_session=True)


def advice() -> str:
    """What the operator can do about it."""
    if os.geteuid() != 0:
        for name, value, cure in OBSTACLES:
            try:
                found = Path("/proc/sys", name).read_text(encoding="ascii").strip()
            except OSError:
                continue
            if found == value:
                return f"run as root, or {cure}, or use --network loopback"
    return "run as root with CAP_SYS_ADMIN and CAP_NET_ADMIN, or use --network loopback"
