"""What a describe shows of a thing beyond the thing itself. Values only."""

from dataclasses import dataclass

from qanat.core.network.model import NetworkInterface, Subnet, VpcEndpoint

GroupNames = tuple[tuple[str, str], ...]
"""(id, name), in the order in which the groups were given."""


@dataclass(frozen=True, slots=True)
class SubnetDescription:
    subnet: Subnet
    free_addresses: int


@dataclass(frozen=True, slots=True)
class InterfaceDescription:
    interface: NetworkInterface
    availability_zone: str
    groups: GroupNames


@dataclass(frozen=True, slots=True)
class EndpointDescription:
    """`interfaces` and `zones` follow the order of the endpoint's subnets."""

    endpoint: VpcEndpoint
    interfaces: tuple[NetworkInterface, ...]
    groups: GroupNames
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeleteFailure:
    """One id of a DeleteVpcEndpoints that was refused, the others notwithstanding."""

    vpc_endpoint_id: str
    code: str
    message: str
