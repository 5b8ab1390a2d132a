"""The network state itself and its indexes; changed by records alone.

Invariant: an address belongs to at most one interface of its subnet, and what an interface names exists.
"""

from collections.abc import Set as AbstractSet
from ipaddress import IPv4Address
from typing import Protocol, TypeVar

from qanat.core.network import records
from qanat.core.network.errors import (
    NetworkInterfaceNotFound,
    NotFound,
    SecurityGroupNotFound,
    SubnetNotFound,
    VpcEndpointNotFound,
    VpcNotFound,
)
from qanat.core.network.model import Home, NetworkInterface, SecurityGroup, Subnet, Vpc, VpcEndpoint
from qanat.core.network.replies import GroupNames
from qanat.core.policy.stored import UniqueIdOf
from qanat.core.table import Table

_NOTHING: frozenset[str] = frozenset()


class _Owned(Protocol):
    @property
    def home(self) -> Home: ...


T = TypeVar("T", bound=_Owned)
E = TypeVar("E", str, int)


class NetworkStore:
    def __init__(self, unique_id_of: UniqueIdOf) -> None:
        self.unique_id_of = unique_id_of
        """Of users and roles, whom endpoint policies name."""
        self.vpcs: Table[str, Vpc] = Table(lambda vpc: vpc.vpc_id, home=lambda vpc: (str(vpc.home),))
        self.subnets: Table[str, Subnet] = Table(
            lambda subnet: subnet.subnet_id,
            home=lambda subnet: (str(subnet.home),),
            vpc=lambda subnet: (subnet.vpc_id,),
        )
        self.groups: Table[str, SecurityGroup] = Table(
            lambda group: group.group_id,
            home=lambda group: (str(group.home),),
            vpc=lambda group: (group.vpc_id,),
        )
        self.endpoints: Table[str, VpcEndpoint] = Table(
            lambda endpoint: endpoint.vpc_endpoint_id,
            home=lambda endpoint: (str(endpoint.home),),
            vpc=lambda endpoint: (endpoint.vpc_id,),
            group=lambda endpoint: endpoint.security_group_ids,
        )
        self.interfaces: Table[str, NetworkInterface] = Table(
            lambda interface: interface.interface_id,
            home=lambda interface: (str(interface.home),),
            type=lambda interface: (interface.type,),
            vpc=lambda interface: (interface.vpc_id,),
            subnet=lambda interface: (interface.subnet_id,),
            endpoint=lambda interface: (interface.vpc_endpoint_id,) if interface.vpc_endpoint_id else (),
            group=lambda interface: interface.security_group_ids,
        )
        self.client_tokens: dict[tuple[Home, str], records.ClientTokenUsed] = {}
        self._used: dict[str, set[int]] = {}
        self._addresses_of_group: dict[str, set[str]] = {}

    # What the checks ask. A thing of another account or region is one that does not exist.

    def vpc(self, home: Home, vpc_id: str) -> Vpc:
        return _own(home, self.vpcs.get(vpc_id), VpcNotFound(vpc_id))

    def subnet(self, home: Home, subnet_id: str) -> Subnet:
        return _own(home, self.subnets.get(subnet_id), SubnetNotFound(subnet_id))

    def group(self, home: Home, group_id: str) -> SecurityGroup:
        return _own(home, self.groups.get(group_id), SecurityGroupNotFound(group_id))

    def endpoint(self, home: Home, vpc_endpoint_id: str) -> VpcEndpoint:
        return _own(home, self.endpoints.get(vpc_endpoint_id), VpcEndpointNotFound(vpc_endpoint_id))

    def interface(self, home: Home, interface_id: str) -> NetworkInterface:
        return _own(home, self.interfaces.get(interface_id), NetworkInterfaceNotFound(interface_id))

    def used_addresses(self, subnet_id: str) -> AbstractSet[int]:
        return self._used.get(subnet_id, set())

    def addresses_of_group(self, group_id: str) -> AbstractSet[str]:
        return self._addresses_of_group.get(group_id, _NOTHING)

    def group_names(self, group_ids: tuple[str, ...]) -> GroupNames:
        groups = (self.groups.get(group_id) for group_id in group_ids)
        return tuple((group.group_id, group.name) for group in groups if group is not None)

    # What the records do.

    def create_vpc(self, record: records.VpcCreated) -> None:
        self.vpcs.put(record.vpc)
        self.groups.put(record.default_group)

    def delete_vpc(self, record: records.VpcDeleted) -> None:
        self.groups.remove(self.vpcs.remove(record.vpc_id).default_security_group_id)

    def create_endpoint(self, record: records.VpcEndpointCreated) -> None:
        endpoint = record.endpoint
        self.endpoints.put(endpoint)
        if endpoint.client_token is not None and record.request_digest is not None:
            self._use_token(
                records.ClientTokenUsed(
                    endpoint.home, endpoint.client_token, endpoint.vpc_endpoint_id, record.request_digest
                )
            )
        for interface in record.interfaces:
            self.put_interface(interface)

    def modify_endpoint(self, record: records.VpcEndpointModified) -> None:
        self.endpoints.put(record.endpoint)
        for interface_id in record.removed_interface_ids:
            self.remove_interface(interface_id)
        for interface in record.interfaces:
            self.put_interface(interface)

    def delete_endpoint(self, record: records.VpcEndpointDeleted) -> None:
        endpoint = self.endpoints.remove(record.vpc_endpoint_id)
        if endpoint.client_token is not None:
            self.client_tokens.pop((endpoint.home, endpoint.client_token), None)
        for interface in self.interfaces.where("endpoint", endpoint.vpc_endpoint_id):
            self.remove_interface(interface.interface_id)

    def put_interface(self, interface: NetworkInterface) -> None:
        before = self.interfaces.put(interface)
        if before is not None:
            self._forget_address(before)
        self._used.setdefault(interface.subnet_id, set()).add(int(IPv4Address(interface.private_ip)))
        for group_id in interface.security_group_ids:
            self._addresses_of_group.setdefault(group_id, set()).add(interface.private_ip)

    def remove_interface(self, interface_id: str) -> None:
        self._forget_address(self.interfaces.remove(interface_id))

    def snapshot(self) -> records.NetworkKept:
        return records.NetworkKept(
            tuple(self.vpcs),
            tuple(self.subnets),
            tuple(self.groups),
            tuple(self.endpoints),
            tuple(self.interfaces),
            tuple(self.client_tokens[token] for token in sorted(self.client_tokens)),
        )

    def restore(self, kept: records.NetworkKept) -> None:
        for emptied in (self.vpcs, self.subnets, self.groups, self.endpoints, self.interfaces):
            emptied.clear()
        for forgotten in (self.client_tokens, self._used, self._addresses_of_group):
            forgotten.clear()
        for vpc in kept.vpcs:
            self.vpcs.put(vpc)
        for subnet in kept.subnets:
            self.subnets.put(subnet)
        for group in kept.groups:
            self.groups.put(group)
        for endpoint in kept.endpoints:
            self.endpoints.put(endpoint)
        for interface in kept.interfaces:
            self.put_interface(interface)
        for used in kept.client_tokens:
            self._use_token(used)

    def _use_token(self, used: records.ClientTokenUsed) -> None:
        self.client_tokens[used.home, used.client_token] = used

    def _forget_address(self, interface: NetworkInterface) -> None:
        _discard(self._used, interface.subnet_id, int(IPv4Address(interface.private_ip)))
        for group_id in interface.security_group_ids:
            _discard(self._addresses_of_group, group_id, interface.private_ip)


def _own(home: Home, thing: T | None, error: NotFound) -> T:
    if thing is None or thing.home != home:
        raise error
    return thing


def _discard(sets: dict[str, set[E]], name: str, element: E) -> None:
    sets[name].discard(element)
    if not sets[name]:
        del sets[name]
