"""What the private resolver of one VPC knows: names of its endpoints, and their addresses there.

A value, made anew whenever an endpoint of the VPC changes. Names are lower case without the last dot.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qanat.core.names import dual_stack_sqs_host, sqs_host
from qanat.core.network.model import (
    EndpointState,
    NetworkInterface,
    Subnet,
    Vpc,
    VpcEndpoint,
    endpoint_dns_names,
)

Names = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Zone:
    """`names` gives each name the IPv4 addresses that it has, at least one."""

    region: str
    names: Names

    def holds_below(self, name: str) -> bool:
        """Whether a name exists under `name`, which then exists too, without data (RFC 8020)."""
        return name == "" or any(known.endswith(f".{name}") for known in self.names)


def zone_of(
    vpc: Vpc,
    endpoints: Iterable[VpcEndpoint],
    interfaces: Iterable[NetworkInterface],
    subnets: Iterable[Subnet],
) -> Zone:
    """The zone of `vpc`, from endpoints, interfaces and subnets of any VPC.

    An endpoint's own names always resolve; the service's names where private DNS is on, which needs both DNS
    attributes of the VPC (VPC User Guide, "View and update DNS attributes for your VPC").
    """
    region = vpc.home.region
    zone_by_subnet = {subnet.subnet_id: subnet.availability_zone for subnet in subnets}
    interfaces = [interface for interface in interfaces if interface.vpc_id == vpc.vpc_id]
    names: dict[str, tuple[str, ...]] = {}
    for endpoint in endpoints:
        if endpoint.vpc_id != vpc.vpc_id or endpoint.state is not EndpointState.AVAILABLE:
            continue
        by_zone = _addresses_by_zone(endpoint, interfaces, zone_by_subnet)
        everywhere = tuple(address for addresses in by_zone.values() for address in addresses)
        own = endpoint_dns_names(endpoint, tuple(by_zone))
        found = dict(zip(own, (everywhere, *by_zone.values()), strict=True))
        if endpoint.private_dns_enabled and vpc.enable_dns_support and vpc.enable_dns_hostnames:
            found |= {sqs_host(region): everywhere, dual_stack_sqs_host(region): everywhere}
        for name, addresses in found.items():
            if addresses:
                names[name] = tuple(dict.fromkeys((*names.get(name, ()), *addresses)))
    return Zone(region, names)


def _addresses_by_zone(
    endpoint: VpcEndpoint, interfaces: Iterable[NetworkInterface], zone_by_subnet: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """The endpoint's addresses in each availability zone, zones in order of name."""
    found: dict[str, tuple[str, ...]] = {}
    for interface in interfaces:
        zone = zone_by_subnet.get(interface.subnet_id)
        if interface.vpc_endpoint_id == endpoint.vpc_endpoint_id and zone is not None:
            found[zone] = (*found.get(zone, ()), interface.private_ip)
    return dict(sorted(found.items()))
