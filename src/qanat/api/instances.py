"""The local door by which `qanat instance run` gets a place in a VPC: a Unix socket in the data directory.

Its file mode and the peer's user id say who may come in. An instance lives as long as its connection: when the
command line ends, however it ends, its address is free again.
"""

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from qanat.core.errors import QanatError
from qanat.core.network.commands import AttachInstance, DetachInstance
from qanat.core.network.model import NetworkInterface
from qanat.core.network.state import NetworkState
from qanat.net import fds
from qanat.net.drivers.base import Driver
from qanat.net.errors import NetworkUnavailable, PeerGone
from qanat.net.instance import send_network, send_refusal

logger = logging.getLogger(__name__)

SOCKET_NAME: Final = "instances.sock"
_ASKING_TIME_S: Final = 10.0
_INSTANCES_MAX: Final = 1_024
_PAUSE_S: Final = 1.0
"""Out of file descriptors, say: what is in the backlog waits there a while."""


class Wish(Struct):
    """What the command line asks for."""

    vpc_id: str
    subnet_id: str | None = None
    security_group_ids: tuple[str, ...] = ()


class InstanceDoor:
    def __init__(
        self,
        directory: Path,
        region: str,
        network: NetworkState,
        driver: Driver,
        ask: Callable[[object], Awaitable[Any]],
        new_interface_id: Callable[[], str],
        settled: Callable[[], Awaitable[None]],
    ) -> None:
        self._directory = directory
        self._region = region
        self._network = network
        self._driver = driver
        self._ask = ask
        self._new_interface_id = new_interface_id
        self._settled = settled
        """Waits for the network to be as the state says: the VPC there, and the addresses of deleted endpoints free."""
        self._listening: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._visits: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Raises OSError."""
        (self._directory / SOCKET_NAME).unlink(missing_ok=True)
        self._listening = sock = socket.socket(socket.AF_UNIX)
        with_directory(self._directory, lambda path: sock.bind(path))
        (self._directory / SOCKET_NAME).chmod(0o600)
        sock.listen(64)
        sock.setblocking(False)
        self._accepting = asyncio.get_running_loop().create_task(self._accept(sock))

    async def close(self) -> None:
        tasks = [task for task in (self._accepting, *self._visits) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._listening is not None:
            self._listening.close()
            (self._directory / SOCKET_NAME).unlink(missing_ok=True)

    async def _accept(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(sock)
            except OSError as error:
                logger.warning("cannot accept an instance's command line for now: %s", error)
                await asyncio.sleep(_PAUSE_S)
                continue
            if not _is_ours(connection):
                connection.close()
                continue
            task = loop.create_task(self._visit(connection))
            self._visits.add(task)
            task.add_done_callback(self._visits.discard)

    async def _visit(self, connection: socket.socket) -> None:
        interface: NetworkInterface | None = None
        try:
            wish = await _in_thread(connection, lambda: _wish(connection))
            interface = await self._attach(wish)
            await self._settled()
            await self._hand_over(connection, interface)
            connection.setblocking(False)
            await asyncio.get_running_loop().sock_recv(connection, 1)
        except (QanatError, NetworkUnavailable) as error:
            reason = error.message if isinstance(error, QanatError) else str(error)
            await _refuse(connection, reason)
        except OSError as error:
            logger.debug("an instance's command line went away: %s", error)
        except Exception:
            logger.exception("an instance cannot be served")
            await _refuse(connection, "the server met a fault of its own; its log says more")
        finally:
            connection.close()
            if interface is not None:
                await self._detach(interface)

    async def _attach(self, wish: Wish) -> NetworkInterface:
        if len(self._visits) > _INSTANCES_MAX:
            raise NetworkUnavailable(f"no more than {_INSTANCES_MAX} instances can run at once")
        attached: NetworkInterface = await self._ask(
            AttachInstance(
                self._new_interface_id(), wish.vpc_id, wish.subnet_id, tuple(wish.security_group_ids)
            )
        )
        return attached

    async def _hand_over(self, connection: socket.socket, interface: NetworkInterface) -> None:
        network = await self._driver.attach_instance(interface.vpc_id, interface.private_ip)
        try:
            details = {
                "region": self._region,
                "interface_id": interface.interface_id,
                "isolates": self._driver.isolates,
                "endpoint_url": self._endpoint_url(interface.vpc_id),
            }
            await _in_thread(connection, lambda: send_network(connection, network, details))
        finally:
            network.close()

    def _endpoint_url(self, vpc_id: str) -> str | None:
        """Where a client must be aimed because no private DNS serves it: at the endpoint that has private DNS on."""
        if self._driver.isolates:
            return None
        for endpoint in self._network.endpoints_of(vpc_id):
            for interface in self._network.interfaces_of_endpoint(endpoint.vpc_endpoint_id):
                if endpoint.private_dns_enabled:
                    host, port = self._driver.where(vpc_id, interface.private_ip, 443)
                    return f"https://{host}:{port}"
        return None

    async def _detach(self, interface: NetworkInterface) -> None:
        try:
            await self._driver.detach_instance(interface.vpc_id, interface.private_ip)
        except NetworkUnavailable as error:
            logger.warning("instance %s cannot be unplugged: %s", interface.private_ip, error)
        await self._ask(DetachInstance(interface.interface_id))


def _wish(connection: socket.socket) -> Wish:
    """Raises NetworkUnavailable where it cannot be read."""
    message, handed = fds.receive(connection)
    fds.close_all(handed)
    try:
        return msgspec.convert(message, Wish)
    except msgspec.ValidationError as error:
        raise NetworkUnavailable(f"the wish for an instance cannot be read: {error}") from None


async def _in_thread(connection: socket.socket, work: Callable[[], Any]) -> Any:
    connection.settimeout(_ASKING_TIME_S)
    return await asyncio.get_running_loop().run_in_executor(None, work)


async def _refuse(connection: socket.socket, reason: str) -> None:
    try:
        await _in_thread(connection, lambda: send_refusal(connection, reason))
    except (PeerGone, OSError) as error:
        logger.debug("a refusal was not heard: %s", error)


def _is_ours(connection: socket.socket) -> bool:
    """The peer runs as the server's own user, or as root."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return uid in (0, os.geteuid())


def with_directory(directory: Path, use: Callable[[str], None]) -> None:
    """Calls `use` with a path to the socket that fits in the 108 bytes of a Unix address, however long the real one."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        use(f"/proc/self/fd/{fd}/{SOCKET_NAME}")
    finally:
        os.close(fd)
