"""Network interfaces: what describes them, and those of the programs that run as instances in a VPC."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Final

from qanat.core.network import addresses
from qanat.core.network.commands import (
    AttachInstance,
    DescribeNetworkInterfaces,
    DetachAllInstances,
    DetachInstance,
)
from qanat.core.network.errors import (
    AddressInUse,
    InvalidParameter,
    NoFreeAddress,
    SecurityGroupNotFound,
    VpcNotFound,
)
from qanat.core.network.filters import Reader, describe
from qanat.core.network.model import InterfaceType, NetworkInterface, Subnet, Vpc
from qanat.core.network.records import InstanceAttached, InstanceDetached
from qanat.core.network.replies import InterfaceDescription
from qanat.core.network.store import NetworkStore
from qanat.core.network.zones import zone_id_of
from qanat.core.page import Page
from qanat.core.part import Emit, Handlers

_READERS: Final[Mapping[str, Reader[InterfaceDescription]]] = {
    "network-interface-id": lambda shown: (shown.interface.interface_id,),
    "vpc-id": lambda shown: (shown.interface.vpc_id,),
    "subnet-id": lambda shown: (shown.interface.subnet_id,),
    "owner-id": lambda shown: (shown.interface.home.account,),
    "private-ip-address": lambda shown: (shown.interface.private_ip,),
    "addresses.private-ip-address": lambda shown: (shown.interface.private_ip,),
    "addresses.primary": lambda shown: ("true",),
    "interface-type": lambda shown: (shown.interface.type,),
    "description": lambda shown: (shown.interface.description,),
    "group-id": lambda shown: shown.interface.security_group_ids,
    "group-name": lambda shown: [name for _, name in shown.groups],
    "availability-zone": lambda shown: (shown.availability_zone,),
    "availability-zone-id": lambda shown: (zone_id_of(shown.availability_zone),),
    "requester-managed": lambda shown: (str(shown.interface.vpc_endpoint_id is not None).lower(),),
    "status": lambda shown: ("in-use",),
    # No interface is attached to an instance that EC2 knows, so no attachment matches.
    "attachment.instance-id": lambda shown: (),
    "attachment.attachment-id": lambda shown: (),
}


class Interfaces:
    def __init__(self, store: NetworkStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            DescribeNetworkInterfaces: self._describe,
            AttachInstance: self._attach,
            DetachInstance: self._detach,
            DetachAllInstances: self._detach_all,
        }

    def _describe(self, command: DescribeNetworkInterfaces, now_ms: int) -> Page[InterfaceDescription]:
        owned = map(self._shown, self._store.interfaces.where("home", str(command.home)))
        return describe(
            command,
            owned,
            lambda home, interface_id: self._shown(self._store.interface(home, interface_id)),
            lambda shown: shown.interface.interface_id,
            _READERS,
            lambda shown: (),
        )

    def _shown(self, interface: NetworkInterface) -> InterfaceDescription:
        subnet = self._store.subnet(interface.home, interface.subnet_id)
        groups = self._store.group_names(interface.security_group_ids)
        return InterfaceDescription(interface, subnet.availability_zone, groups)

    def _attach(self, command: AttachInstance, now_ms: int) -> NetworkInterface:
        assert self._store.interfaces.get(command.interface_id) is None, "interface ids are made unique"
        vpc = self._store.vpcs.get(command.vpc_id)
        if vpc is None:
            raise VpcNotFound(command.vpc_id)
        groups = groups_in(self._store, vpc, command.security_group_ids)
        subnet = self._subnet_for(vpc, command.subnet_id)
        interface = NetworkInterface(
            command.interface_id,
            vpc.vpc_id,
            subnet.subnet_id,
            vpc.home,
            take_address(self._store, subnet, None),
            groups,
            InterfaceType.INTERFACE,
        )
        self._emit(InstanceAttached(interface))
        return interface

    def _subnet_for(self, vpc: Vpc, subnet_id: str | None) -> Subnet:
        if subnet_id is not None:
            return subnet_in(self._store, vpc, subnet_id)
        for subnet in self._store.subnets.where("vpc", vpc.vpc_id):
            used = self._store.used_addresses(subnet.subnet_id)
            if addresses.free_addresses(IPv4Network(subnet.cidr_block), used) > 0:
                return subnet
        raise NoFreeAddress(f"No subnet of {vpc.vpc_id} has a free address.")

    def _detach(self, command: DetachInstance, now_ms: int) -> None:
        interface = self._store.interfaces.get(command.interface_id)
        if interface is not None and interface.type is InterfaceType.INTERFACE:
            self._emit(InstanceDetached(interface.interface_id))

    def _detach_all(self, command: DetachAllInstances, now_ms: int) -> None:
        for interface in self._store.interfaces.where("type", InterfaceType.INTERFACE):
            self._emit(InstanceDetached(interface.interface_id))


def subnet_in(store: NetworkStore, vpc: Vpc, subnet_id: str) -> Subnet:
    """Raises SubnetNotFound, or InvalidParameter where the subnet is another VPC's."""
    subnet = store.subnet(vpc.home, subnet_id)
    if subnet.vpc_id != vpc.vpc_id:
        raise InvalidParameter(f"The subnet '{subnet_id}' does not belong to the VPC '{vpc.vpc_id}'.")
    return subnet


def groups_in(store: NetworkStore, vpc: Vpc, group_ids: tuple[str, ...]) -> tuple[str, ...]:
    """The groups, each once, or the VPC's default group if there are none; raises SecurityGroupNotFound."""
    for group_id in group_ids:
        if store.group(vpc.home, group_id).vpc_id != vpc.vpc_id:
            raise SecurityGroupNotFound(group_id)
    return tuple(dict.fromkeys(group_ids)) or (vpc.default_security_group_id,)


def take_address(store: NetworkStore, subnet: Subnet, wish: str | None) -> str:
    """Raises InvalidParameterValue, AddressInUse or NoFreeAddress."""
    used = store.used_addresses(subnet.subnet_id)
    address = addresses.chosen(IPv4Network(subnet.cidr_block), wish, used)
    if int(address) in used:
        raise AddressInUse(str(address))
    return str(address)
