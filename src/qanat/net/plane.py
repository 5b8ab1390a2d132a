"""The network plane: makes sockets follow what the control shard says of VPCs and endpoints.

It looks at the state and closes the gap, however it came to be; nothing is told to it but that something changed.
An endpoint is reported available when all its sockets listen, and failed with the reason when one cannot.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from qanat.core.network.commands import ReportVpcEndpoint
from qanat.core.network.model import EndpointState, NetworkInterface, VpcEndpoint
from qanat.core.network.state import NetworkState
from qanat.core.way import WayIn
from qanat.net.drivers.base import Driver
from qanat.net.errors import NetworkUnavailable, TlsUnusable
from qanat.net.http import HttpServer
from qanat.net.listeners import Door, Listener
from qanat.net.resolver import Resolver
from qanat.net.security_groups import admits
from qanat.net.zone import Zone, zone_of

logger = logging.getLogger(__name__)

HTTPS_PORT: Final = 443
DNS_PORT: Final = 53
FAILURES: Final = (NetworkUnavailable, TlsUnusable, OSError)
"""What the system may refuse us."""


@dataclass(slots=True)
class _PlacedVpc:
    vpc_id: str
    followed: int | None = None
    """The version of the VPC's definition that its sockets follow; None where something of it could not be placed."""
    resolver: Resolver | None = None
    listeners: dict[str, Listener] = field(default_factory=dict)
    """By the id of the network interface."""
    unreleased: set[str] = field(default_factory=set)
    """Addresses where nothing listens any more, but which the driver still has to take out."""


class Plane:
    """Runs from `start` to `close` on one loop, one change at a time."""

    def __init__(
        self,
        network: NetworkState,
        driver: Driver,
        server: HttpServer,
        tls_at: Callable[[str, str], ssl.SSLContext],
        report: Callable[[ReportVpcEndpoint], Awaitable[object]],
    ) -> None:
        self._network = network
        self._driver = driver
        self._server = server
        self._tls_at = tls_at
        """(region, host): the TLS context of an endpoint there that is reached at that host."""
        self._report = report
        self._placed: dict[str, _PlacedVpc] = {}
        self._followed = -1
        """The version of the network up to which everything was tried."""
        self._changed = asyncio.Event()
        self._turn = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Everything that the state names is placed (or reported as failed) when this returns."""
        await self._follow()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def notice(self) -> None:
        """Something may have changed in the state; the sockets follow soon."""
        if self._network.version != self._followed:
            self._changed.set()

    async def settled(self) -> None:
        """Returns when everything that the state says now has been tried."""
        version = self._network.version
        self.notice()
        async with self._turn:
            await self._turn.wait_for(lambda: self._followed >= version)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for vpc_id in list(self._placed):
            await self._remove_vpc(vpc_id)

    def stop_accepting(self) -> None:
        """No further connection is taken, and no change is followed any more."""
        if self._task is not None:
            self._task.cancel()
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
        version = self._network.version
        for vpc_id in [vpc_id for vpc_id in self._placed if self._network.vpc(vpc_id) is None]:
            await self._remove_vpc(vpc_id)
        for vpc_id in [vpc.vpc_id for vpc in self._network.vpcs()]:
            placed = self._placed.get(vpc_id)
            if placed is None or placed.followed != self._network.version_of(vpc_id):
                await self._follow_vpc(vpc_id)
                # A large network, placed already, must not keep every request waiting.
                await asyncio.sleep(0)
        async with self._turn:
            self._followed = version
            self._turn.notify_all()

    async def _follow_vpc(self, vpc_id: str) -> None:
        """Closes the gap as far as it can be. What could not be placed is tried again at the next change."""
        version = self._network.version_of(vpc_id)
        endpoints = self._network.endpoints_of(vpc_id)
        try:
            placed = await self._placed_vpc(vpc_id)
            if placed is not None:
                placed.followed = None
                if await self._follow_in(placed, endpoints):
                    placed.followed = version
        except Exception as error:
            # Whatever it is: what goes wrong in one VPC must not keep the others waiting.
            expected = isinstance(error, FAILURES)
            level = logging.WARNING if expected else logging.ERROR
            logger.log(level, "the network of %s cannot be made: %s", vpc_id, error, exc_info=not expected)
            reason = str(error) if expected else "the server met a fault of its own; its log says more"
            for endpoint in endpoints:
                await self._say(endpoint.vpc_endpoint_id, EndpointState.FAILED, reason)

    async def _follow_in(self, placed: _PlacedVpc, endpoints: Iterable[VpcEndpoint]) -> bool:
        """Whether nothing is left to try again. All that may fail comes before the first word about any endpoint."""
        dropped = await self._drop_listeners(placed)
        failures = {
            one.vpc_endpoint_id: await self._place_endpoint(placed, one.vpc_endpoint_id) for one in endpoints
        }
        await self._follow_resolver(placed)
        told = [await self._tell(placed, *endpoint) for endpoint in failures.items()]
        # While an endpoint is on its way its names would vanish; the change that delays it brings us here again.
        if all(told):
            self._follow_names(placed)
        return dropped and not any(failures.values())

    async def _placed_vpc(self, vpc_id: str) -> _PlacedVpc | None:
        """None where the VPC was removed meanwhile."""
        vpc = self._network.vpc(vpc_id)
        if vpc is None:
            return None
        if vpc_id not in self._placed:
            await self._driver.add_vpc(vpc_id, vpc.cidr_block)
            self._placed[vpc_id] = _PlacedVpc(vpc_id)
        return self._placed[vpc_id]

    # -- endpoints ------------------------------------------------------------------------------------------

    async def _place_endpoint(self, placed: _PlacedVpc, vpc_endpoint_id: str) -> str | None:
        """Why it cannot be placed, or None."""
        for interface in self._network.interfaces_of_endpoint(vpc_endpoint_id):
            try:
                await self._place(placed, interface)
            except FAILURES as error:
                # What was taken away meanwhile need not be placed.
                if self._network.interface(interface.interface_id) is not None:
                    return str(error)
        return None

    async def _tell(self, placed: _PlacedVpc, vpc_endpoint_id: str, failure: str | None) -> bool:
        """False where the definition has changed since we looked, so that nothing can be said yet."""
        if failure is not None:
            await self._say(vpc_endpoint_id, EndpointState.FAILED, failure)
            return True
        # Asked anew: what is said must hold of the endpoint as it is at this moment.
        interfaces = self._network.interfaces_of_endpoint(vpc_endpoint_id)
        if any(interface.interface_id not in placed.listeners for interface in interfaces):
            return False
        await self._say(vpc_endpoint_id, EndpointState.AVAILABLE, None)
        return True

    async def _place(self, placed: _PlacedVpc, interface: NetworkInterface) -> None:
        endpoint = self._network.endpoint(interface.vpc_endpoint_id or "")
        if interface.interface_id in placed.listeners or endpoint is None:
            return
        vpc_id, address = interface.vpc_id, interface.private_ip
        host, _ = self._driver.where(vpc_id, address, HTTPS_PORT)
        door = Door(
            way_in=self._ways_through(endpoint),
            tls=self._tls_at(endpoint.home.region, host),
            plain_allowed=False,
            admits=self._guard(endpoint.vpc_endpoint_id, interface.interface_id),
        )
        sock = await self._driver.listen_tcp(vpc_id, address, HTTPS_PORT)
        placed.unreleased.discard(address)
        placed.listeners[interface.interface_id] = Listener(sock, door, self._server, address)

    def _ways_through(self, endpoint: VpcEndpoint) -> Callable[[str, bool], WayIn]:
        def way_in(client_address: str, secure: bool) -> WayIn:
            return WayIn(secure, client_address, endpoint.vpc_endpoint_id, endpoint.vpc_id, *endpoint.home)

        return way_in

    def _guard(self, vpc_endpoint_id: str, interface_id: str) -> Callable[[str], bool]:
        """The security groups as they are when somebody knocks, not as they were when the endpoint was made."""

        def admitted(source_address: str) -> bool:
            endpoint = self._network.endpoint(vpc_endpoint_id)
            if endpoint is None or self._network.interface(interface_id) is None:
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

    async def _drop_listeners(self, placed: _PlacedVpc) -> bool:
        """Closes every way in that is no more; whether the driver has taken their addresses out too."""
        gone = [one for one in placed.listeners if self._network.interface(one) is None]
        dropped = [placed.listeners.pop(interface_id) for interface_id in gone]
        placed.unreleased.update(listener.address for listener in dropped)
        await _ended(dropped)
        for address in list(placed.unreleased):
            try:
                await self._driver.release(placed.vpc_id, address)
            except NetworkUnavailable as error:
                logger.warning("%s cannot be taken out of %s: %s", address, placed.vpc_id, error)
            else:
                placed.unreleased.discard(address)
        return not placed.unreleased

    async def _say(self, vpc_endpoint_id: str, state: EndpointState, failure: str | None) -> None:
        endpoint = self._network.endpoint(vpc_endpoint_id)
        if endpoint is not None and (endpoint.state is not state or endpoint.failure != failure):
            if failure is not None:
                logger.warning("%s cannot be placed: %s", vpc_endpoint_id, failure)
            await self._report(ReportVpcEndpoint(vpc_endpoint_id, state, failure))

    # -- names ----------------------------------------------------------------------------------------------

    async def _follow_resolver(self, placed: _PlacedVpc) -> None:
        """There is one where the VPC wants it; `_follow_names` says what it knows."""
        vpc = self._network.vpc(placed.vpc_id)
        if vpc is None or not vpc.enable_dns_support:
            await self._stop_dns(placed)
        elif placed.resolver is None:
            placed.resolver = await self._new_resolver(vpc.vpc_id, Zone(vpc.home.region, {}))

    def _follow_names(self, placed: _PlacedVpc) -> None:
        vpc = self._network.vpc(placed.vpc_id)
        if vpc is None or placed.resolver is None:
            return
        endpoints = self._network.endpoints_of(vpc.vpc_id)
        interfaces = [
            interface
            for endpoint in endpoints
            for interface in self._network.interfaces_of_endpoint(endpoint.vpc_endpoint_id)
        ]
        subnets = self._network.subnets_of(vpc.vpc_id)
        placed.resolver.zone = zone_of(vpc, endpoints, interfaces, subnets)

    async def _new_resolver(self, vpc_id: str, zone: Zone) -> Resolver:
        """It answers at all of its addresses, or there is none."""
        resolver = Resolver(zone)
        try:
            for address in self._driver.resolvers(vpc_id):
                with ExitStack() as unless_served:
                    udp = unless_served.enter_context(
                        await self._driver.listen_udp(vpc_id, address, DNS_PORT)
                    )
                    tcp = unless_served.enter_context(
                        await self._driver.listen_tcp(vpc_id, address, DNS_PORT)
                    )
                    await resolver.serve(udp, tcp)
                    unless_served.pop_all()
        except BaseException:
            await resolver.close()
            raise
        return resolver

    async def _stop_dns(self, placed: _PlacedVpc) -> None:
        if placed.resolver is None:
            return
        resolver, placed.resolver = placed.resolver, None
        await resolver.close()
        for address in self._driver.resolvers(placed.vpc_id):
            await self._driver.release(placed.vpc_id, address)

    async def _remove_vpc(self, vpc_id: str) -> None:
        placed = self._placed.pop(vpc_id)
        await _ended(placed.listeners.values())
        if placed.resolver is not None:
            await placed.resolver.close()
        try:
            await self._driver.remove_vpc(vpc_id)
        except NetworkUnavailable as error:
            # Nothing of ours is in it any more; whoever held it has ended, or will take it along.
            logger.warning("the network of %s cannot be removed: %s", vpc_id, error)


async def _ended(listeners: Collection[Listener]) -> None:
    """Nobody comes in by them any more, and whoever had is told so, which takes the address that they came to.

    Without its address a connection ends in silence: its client finds out when it asks again, and has no answer.
    """
    for listener in listeners:
        listener.close()
        listener.drop_connections()
    for listener in listeners:
        await listener.emptied()
