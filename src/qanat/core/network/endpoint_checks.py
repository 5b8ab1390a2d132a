"""What must hold of an endpoint before it is made or changed, with EC2's texts where they are recorded."""

from collections.abc import Sequence

from qanat.core.names import endpoint_service, sqs_host
from qanat.core.network.errors import (
    DuplicateSubnetsInSameZone,
    InvalidParameter,
    InvalidPolicyDocument,
    InvalidServiceName,
)
from qanat.core.network.interfaces import take_address
from qanat.core.network.model import InterfaceType, NetworkInterface, Subnet, Vpc, VpcEndpoint
from qanat.core.network.store import NetworkStore
from qanat.core.policy.document import PolicyKind
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge
from qanat.core.policy.stored import Ids, UniqueIdOf, bound_ids


def check_service(region: str, service_name: str, endpoint_type: str) -> None:
    """Raises InvalidServiceName or InvalidParameter."""
    if service_name != endpoint_service(region):
        raise InvalidServiceName(service_name)
    if endpoint_type != "Interface":
        raise InvalidParameter(
            f"Endpoint type ({endpoint_type}) does not match available service types ([Interface])."
        )


def checked_ids(policy: str | None, unique_id_of: UniqueIdOf) -> Ids:
    """Whom the principals in `policy` mean. Raises InvalidPolicyDocument."""
    if policy is None:
        return ()
    try:
        return bound_ids(policy, PolicyKind.ENDPOINT, unique_id_of)
    except PolicyTooLarge as error:
        raise InvalidPolicyDocument(error.message) from error
    except PolicyInvalid as error:
        message = error.message
        if error.position is not None:
            line, column = error.position
            message = f"The Policy Document is not valid. Syntax error at position ({line},{column})"
        raise InvalidPolicyDocument(message) from error


def check_zones(subnets: Sequence[Subnet]) -> None:
    """Raises DuplicateSubnetsInSameZone."""
    zones: set[str] = set()
    for subnet in subnets:
        if subnet.availability_zone in zones:
            raise DuplicateSubnetsInSameZone(subnet.subnet_id)
        zones.add(subnet.availability_zone)


def check_private_dns(store: NetworkStore, vpc: Vpc, own_id: str | None) -> None:
    """That the endpoint `own_id`, or a new one, may answer to SQS's name in the VPC; raises InvalidParameter."""
    if not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
        raise InvalidParameter(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to "
            f"true for {vpc.vpc_id}"
        )
    others = (one for one in store.endpoints.where("vpc", vpc.vpc_id) if one.vpc_endpoint_id != own_id)
    if any(one.private_dns_enabled for one in others):
        raise InvalidParameter(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
            f"{sqs_host(vpc.home.region)} in the VPC {vpc.vpc_id}"
        )


def new_interfaces(
    store: NetworkStore,
    endpoint: VpcEndpoint,
    subnets: Sequence[Subnet],
    interface_ids: tuple[str, ...],
    addresses: tuple[tuple[str, str], ...],
) -> tuple[NetworkInterface, ...]:
    """One interface a subnet, at the address wished for or the first free one."""
    assert len(interface_ids) == len(subnets), "one interface id a subnet"
    wishes = dict(addresses)
    stray = wishes.keys() - {subnet.subnet_id for subnet in subnets}
    if stray:
        raise InvalidParameter(f"The subnet configuration names {min(stray)}, which is not being added.")
    return tuple(
        NetworkInterface(
            interface_id,
            endpoint.vpc_id,
            subnet.subnet_id,
            endpoint.home,
            take_address(store, subnet, wishes.get(subnet.subnet_id)),
            endpoint.security_group_ids,
            InterfaceType.VPC_ENDPOINT,
            f"VPC Endpoint Interface {endpoint.vpc_endpoint_id}",
            endpoint.vpc_endpoint_id,
        )
        for interface_id, subnet in zip(interface_ids, subnets, strict=True)
    )
