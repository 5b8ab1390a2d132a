"""Subnets: create, describe, delete. Invariant: a subnet lies in its VPC and overlaps no other subnet there."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Final

from qanat.core.errors import InvalidParameterValue
from qanat.core.network import addresses
from qanat.core.network.commands import CreateSubnet, DeleteSubnet, DescribeSubnets
from qanat.core.network.errors import DependencyViolation, SubnetConflict, SubnetRangeInvalid
from qanat.core.network.filters import Reader, describe
from qanat.core.network.model import Subnet, Vpc
from qanat.core.network.records import SubnetCreated, SubnetDeleted
from qanat.core.network.replies import SubnetDescription
from qanat.core.network.store import NetworkStore
from qanat.core.network.zones import zone_id_of
from qanat.core.page import Page
from qanat.core.part import Emit, Handlers

_READERS: Final[Mapping[str, Reader[SubnetDescription]]] = {
    "subnet-id": lambda shown: (shown.subnet.subnet_id,),
    "vpc-id": lambda shown: (shown.subnet.vpc_id,),
    "cidr-block": lambda shown: (shown.subnet.cidr_block,),
    "cidr": lambda shown: (shown.subnet.cidr_block,),
    "cidrBlock": lambda shown: (shown.subnet.cidr_block,),
    "availability-zone": lambda shown: (shown.subnet.availability_zone,),
    "availabilityZone": lambda shown: (shown.subnet.availability_zone,),
    "availability-zone-id": lambda shown: (zone_id_of(shown.subnet.availability_zone),),
    "availabilityZoneId": lambda shown: (zone_id_of(shown.subnet.availability_zone),),
    "available-ip-address-count": lambda shown: (str(shown.free_addresses),),
    "default-for-az": lambda shown: ("false",),
    "defaultForAz": lambda shown: ("false",),
    "map-public-ip-on-launch": lambda shown: ("false",),
    "owner-id": lambda shown: (shown.subnet.home.account,),
    "state": lambda shown: ("available",),
}


class Subnets:
    def __init__(self, store: NetworkStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            CreateSubnet: self._create,
            DescribeSubnets: self._describe,
            DeleteSubnet: self._delete,
        }

    def _create(self, command: CreateSubnet, now_ms: int) -> SubnetDescription:
        vpc = self._store.vpc(command.home, command.vpc_id)
        block = self._block(vpc, command.cidr_block)
        zone = self._zone(command)
        subnet = Subnet(command.subnet_id, vpc.vpc_id, vpc.home, str(block), zone, command.tags)
        self._emit(SubnetCreated(subnet))
        return self._shown(subnet)

    def _block(self, vpc: Vpc, text: str) -> IPv4Network:
        block = addresses.block(text, "cidrBlock")
        if block.prefixlen > addresses.PREFIX_MAX or not block.subnet_of(IPv4Network(vpc.cidr_block)):
            raise SubnetRangeInvalid(f"The CIDR '{text}' is invalid.")
        others = self._store.subnets.where("vpc", vpc.vpc_id)
        if any(block.overlaps(IPv4Network(other.cidr_block)) for other in others):
            raise SubnetConflict(f"The CIDR '{text}' conflicts with another subnet")
        return block

    def _zone(self, command: CreateSubnet) -> str:
        if command.availability_zone is None:
            taken = [subnet.availability_zone for subnet in self._store.subnets.where("vpc", command.vpc_id)]
            return min(command.zones, key=taken.count)
        if command.availability_zone not in command.zones:
            raise InvalidParameterValue(
                f"Value ({command.availability_zone}) for parameter availabilityZone is invalid. Subnets can "
                f"currently only be created in the following availability zones: {', '.join(command.zones)}."
            )
        return command.availability_zone

    def _describe(self, command: DescribeSubnets, now_ms: int) -> Page[SubnetDescription]:
        owned = map(self._shown, self._store.subnets.where("home", str(command.home)))
        return describe(
            command,
            owned,
            lambda home, subnet_id: self._shown(self._store.subnet(home, subnet_id)),
            lambda shown: shown.subnet.subnet_id,
            _READERS,
            lambda shown: shown.subnet.tags,
        )

    def _delete(self, command: DeleteSubnet, now_ms: int) -> None:
        subnet = self._store.subnet(command.home, command.subnet_id)
        if self._store.interfaces.count("subnet", subnet.subnet_id):
            raise DependencyViolation(
                f"The subnet '{subnet.subnet_id}' has dependencies and cannot be deleted."
            )
        self._emit(SubnetDeleted(subnet.subnet_id))

    def _shown(self, subnet: Subnet) -> SubnetDescription:
        used = self._store.used_addresses(subnet.subnet_id)
        return SubnetDescription(subnet, addresses.free_addresses(IPv4Network(subnet.cidr_block), used))
