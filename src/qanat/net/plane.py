"""The network plane: makes sockets follow what the control shard says of VPCs and endpoints.

It looks at the state and closes the gap, however it came to be; nothing is told to it but that something changed.
An endpoint is reported available when all its sockets listen, and failed with the reason when one cannot.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from qanat.core.network.commands import ReportVpcEndpoint
from qanat.core.network.model import EndpointState, NetworkInterface, Vpc, VpcEndpoint
from qanat.core.network.state import NetworkState
from qanat.core.way import WayIn
from qanat.net.drivers.base import Driver
from qanat.net.errors import NetworkUnavailable
from qanat.net.http import HttpServer
from qanat.net.listeners import Door, Listener
from qanat.net.resolver import Resolver
from qanat.net.security_groups import admits
from qanat.net.zone import zone_of

logger = logging.getLogger(__name__)

HTTPS_PORT: Final = 443
DNS_PORT: Final = 53


@dataclass(slots=True)
class _PlacedVpc:
    vpc: Vpc
    resolver: Resolver | None = None
    listeners: dict[str, Listener] = field(default_factory=dict)
    """By the id of the network interface."""


class Plane:
    """Runs from `start` to `close` on one loop, one change at a time."""

    def __init__(
        self,
        network: NetworkState,
        driver: Driver,
        server: HttpServer,
        region: str,
        tls_at: Callable[[str], ssl.SSLContext],
        report: Callable[[ReportVpcEndpoint], Awaitable[object]],
    ) -> None:
        self._network = network
        self._driver = driver
        self._server = server
        self._region = region
        self._tls_at = tls_at
        """The TLS context of an endpoint that is reached at that host."""
        self._report = report
        self._placed: dict[str, _PlacedVpc] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Everything that the state names is placed (or reported as failed) when this returns."""
        await self._follow()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def notice(self) -> None:
        """Something changed in the state; the sockets follow soon."""
        self._changed.set()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for vpc_id in list(self._placed):
            await self._remove_vpc(vpc_id)

    def stop_accepting(self) -> None:
        for placed in self._placed.values():
            for listener in placed.listeners.values():
                listener.close()

    async def _run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._follow()
            except Exception:
                # One change that could not be followed must not keep the next from being.
                logger.exception("the network does not follow its definition")

    async def _follow(self) -> None:
        wanted = {vpc.vpc_id: vpc for vpc in self._network.vpcs()}
        for vpc_id in list(self._placed):
            if vpc_id not in wanted:
                await self._remove_vpc(vpc_id)
        for vpc in wanted.values():
            try:
                await self._follow_vpc(vpc)
            except NetworkUnavailable as error:
                logger.error("the network of %s cannot be made: %s", vpc.vpc_id, error)
                for endpoint in self._network.endpoints_of(vpc.vpc_id):
                    await self._say(endpoint, EndpointState.FAILED, str(error))

    async def _follow_vpc(self, vpc: Vpc) -> None:
        placed = self._placed.get(vpc.vpc_id)
        if placed is None:
            await self._driver.add_vpc(vpc.vpc_id, vpc.cidr_block)
            placed = self._placed[vpc.vpc_id] = _PlacedVpc(vpc)
        placed.vpc = vpc
        await self._drop_listeners(placed)
        for endpoint in self._network.endpoints_of(vpc.vpc_id):
            try:
                for interface in self._network.interfaces_of_endpoint(endpoint.vpc_endpoint_id):
                    await self._place(placed, endpoint, interface)
            except (NetworkUnavailable, OSError) as error:
                logger.error("%s cannot be placed: %s", endpoint.vpc_endpoint_id, error)
                await self._say(endpoint, EndpointState.FAILED, str(error))
            else:
                await self._say(endpoint, EndpointState.AVAILABLE, None)
        await self._follow_dns(placed)

    # -- endpoints ------------------------------------------------------------------------------------------

    async def _place(self, placed: _PlacedVpc, endpoint: VpcEndpoint, interface: NetworkInterface) -> None:
        if interface.interface_id in placed.listeners:
            return
        vpc_id, address = interface.vpc_id, interface.private_ip
        sock = await self._driver.listen_tcp(vpc_id, address, HTTPS_PORT)
        host, _ = self._driver.where(vpc_id, address, HTTPS_PORT)
        door = Door(
            way_in=self._ways_through(endpoint),
            tls=self._tls_at(host),
            plain_allowed=False,
            admits=self._guard(endpoint.vpc_endpoint_id),
        )
        placed.listeners[interface.interface_id] = Listener(sock, door, self._server, address)

    def _ways_through(self, endpoint: VpcEndpoint) -> Callable[[str, bool], WayIn]:
        def way_in(client_address: str, secure: bool) -> WayIn:
            return WayIn(secure, client_address, endpoint.vpc_endpoint_id, endpoint.vpc_id, endpoint.account)

        return way_in

    def _guard(self, vpc_endpoint_id: str) -> Callable[[str], bool]:
        """The security groups as they are when somebody knocks, not as they were when the endpoint was made."""

        def admitted(source_address: str) -> bool:
            endpoint = self._network.endpoint(vpc_endpoint_id)
            if endpoint is None:
                return False
            if not self._driver.isolates:
                # Without a network of their own, clients have no address that a rule could speak of.
                return True
            groups = [self._network.group(group_id) for group_id in endpoint.security_group_ids]
            return admits(
                [group for group in groups if group is not None],
                source_address,
                "tcp",
                HTTPS_PORT,
                self._network.addresses_of_group,
            )

        return admitted

    async def _drop_listeners(self, placed: _PlacedVpc) -> None:
        for interface_id, listener in list(placed.listeners.items()):
            if self._network.interface(interface_id) is not None:
                continue
            del placed.listeners[interface_id]
            listener.close()
            listener.drop_connections()
            await self._driver.release(placed.vpc.vpc_id, listener.address)

    async def _say(self, endpoint: VpcEndpoint, state: EndpointState, failure: str | None) -> None:
        if endpoint.state is not state or endpoint.failure != failure:
            await self._report(ReportVpcEndpoint(endpoint.vpc_endpoint_id, state, failure))

    # -- names ----------------------------------------------------------------------------------------------

    async def _follow_dns(self, placed: _PlacedVpc) -> None:
        vpc = placed.vpc
        if not vpc.enable_dns_support:
            await self._stop_dns(placed)
            return
        endpoints = self._network.endpoints_of(vpc.vpc_id)
        interfaces = [
            interface
            for endpoint in endpoints
            for interface in self._network.interfaces_of_endpoint(endpoint.vpc_endpoint_id)
        ]
        zone = zone_of(vpc, endpoints, interfaces, self._network.subnets_of(vpc.vpc_id), self._region)
        if placed.resolver is not None:
            placed.resolver.zone = zone
            return
        placed.resolver = Resolver(zone)
        for address in self._driver.resolvers(vpc.vpc_id):
            udp = await self._driver.listen_udp(vpc.vpc_id, address, DNS_PORT)
            tcp = await self._driver.listen_tcp(vpc.vpc_id, address, DNS_PORT)
            await placed.resolver.serve(udp, tcp)

    async def _stop_dns(self, placed: _PlacedVpc) -> None:
        if placed.resolver is None:
            return
        await placed.resolver.close()
        placed.resolver = None
        for address in self._driver.resolvers(placed.vpc.vpc_id):
            await self._driver.release(placed.vpc.vpc_id, address)

    async def _remove_vpc(self, vpc_id: str) -> None:
        placed = self._placed.pop(vpc_id)
        for listener in placed.listeners.values():
            listener.close()
            listener.drop_connections()
        if placed.resolver is not None:
            await placed.resolver.close()
        await self._driver.remove_vpc(vpc_id)
