"""The local door by which `qanat instance run` gets a place in a VPC.

An instance lives as long as its connection: when the command line ends, however it ends, its address is free again.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from qanat.api.door import LocalDoor, in_thread
from qanat.core.network.commands import AttachInstance, DetachInstance
from qanat.core.network.model import NetworkInterface
from qanat.core.network.state import NetworkState
from qanat.net import fds
from qanat.net.drivers.base import Driver
from qanat.net.errors import NetworkUnavailable
from qanat.net.instance import send_network

logger = logging.getLogger(__name__)

SOCKET_NAME: Final = "instances.sock"
_INSTANCES_MAX: Final = 1_024


class Wish(Struct):
    """What the command line asks for."""

    vpc_id: str
    subnet_id: str | None = None
    security_group_ids: tuple[str, ...] = ()


class InstanceDoor:
    def __init__(
        self,
        directory: Path,
        network: NetworkState,
        driver: Driver,
        ask: Callable[[object], Awaitable[Any]],
        new_interface_id: Callable[[], str],
        settled: Callable[[], Awaitable[None]],
    ) -> None:
        self._network = network
        self._driver = driver
        self._ask = ask
        self._new_interface_id = new_interface_id
        self._settled = settled
        """Waits for the network to be as the state says: the VPC there, and the addresses of deleted endpoints free."""
        self._door = LocalDoor(directory, SOCKET_NAME, self._visit)
        self.open, self.close = self._door.open, self._door.close

    async def _visit(self, connection: socket.socket) -> None:
        wish = await in_thread(connection, lambda: _wish(connection))
        interface = await self._attach(wish)
        try:
            await self._settled()
            await self._hand_over(connection, interface)
            connection.setblocking(False)
            await asyncio.get_running_loop().sock_recv(connection, 1)
        finally:
            await self._detach(interface)

    async def _attach(self, wish: Wish) -> NetworkInterface:
        if self._door.visitors > _INSTANCES_MAX:
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
                "region": interface.home.region,
                "interface_id": interface.interface_id,
                "isolates": self._driver.isolates,
                "endpoint_url": self._endpoint_url(interface.vpc_id),
            }
            await in_thread(connection, lambda: send_network(connection, network, details))
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
