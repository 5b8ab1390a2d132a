"""VPCs, subnets, security groups, endpoints and interfaces in memory, with what finds them.

The look-ups are for the network and policy planes, which serve every account and region; commands see one home only.
"""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from qanat.core.network import zones
from qanat.core.network.endpoint_changes import EndpointChanges
from qanat.core.network.endpoints import Endpoints
from qanat.core.network.interfaces import Interfaces
from qanat.core.network.model import NetworkInterface, SecurityGroup, Subnet, Vpc, VpcEndpoint
from qanat.core.network.records import (
    InstanceAttached,
    InstanceDetached,
    NetworkKept,
    SecurityGroupCreated,
    SecurityGroupDeleted,
    SecurityGroupModified,
    SubnetCreated,
    SubnetDeleted,
    VpcCreated,
    VpcDeleted,
    VpcEndpointCreated,
    VpcEndpointDeleted,
    VpcEndpointModified,
    VpcModified,
)
from qanat.core.network.security_groups import SecurityGroups
from qanat.core.network.store import NetworkStore
from qanat.core.network.subnets import Subnets
from qanat.core.network.vpcs import Vpcs
from qanat.core.part import Appliers, Emit, Handlers
from qanat.core.policy.stored import UniqueIdOf

# Records that may move a socket or a name, and the VPCs they do it in, asked before they are applied. Security groups
# are read when somebody knocks; subnets that move anything come with an endpoint; instances place themselves.
_MOVED_BY: Final[Mapping[type, Callable[[NetworkStore, Any], Iterable[str]]]] = {
    VpcCreated: lambda store, record: (record.vpc.vpc_id,),
    VpcModified: lambda store, record: (record.vpc.vpc_id,),
    VpcDeleted: lambda store, record: (record.vpc_id,),
    VpcEndpointCreated: lambda store, record: (record.endpoint.vpc_id,),
    VpcEndpointModified: lambda store, record: (record.endpoint.vpc_id,),
    VpcEndpointDeleted: lambda store, record: [
        endpoint.vpc_id for endpoint in (store.endpoints.get(record.vpc_endpoint_id),) if endpoint is not None
    ],
    NetworkKept: lambda store, record: [vpc.vpc_id for vpc in record.vpcs],
}


class NetworkState:
    def __init__(self, emit: Emit, unique_id_of: UniqueIdOf) -> None:
        self._store = store = NetworkStore(unique_id_of)
        self.version = 0
        """Changes with every record that may move a socket or a name of any VPC."""
        self._version_of: dict[str, int] = {}
        self.handlers: Handlers = {
            **Vpcs(store, emit).handlers,
            **Subnets(store, emit).handlers,
            **SecurityGroups(store, emit).handlers,
            **Endpoints(store, emit).handlers,
            **EndpointChanges(store, emit).handlers,
            **Interfaces(store, emit).handlers,
            **zones.HANDLERS,
        }
        appliers: Appliers = {
            VpcCreated: store.create_vpc,
            VpcModified: lambda record: store.vpcs.put(record.vpc),
            VpcDeleted: store.delete_vpc,
            SubnetCreated: lambda record: store.subnets.put(record.subnet),
            SubnetDeleted: lambda record: store.subnets.remove(record.subnet_id),
            SecurityGroupCreated: lambda record: store.groups.put(record.group),
            SecurityGroupModified: lambda record: store.groups.put(record.group),
            SecurityGroupDeleted: lambda record: store.groups.remove(record.group_id),
            VpcEndpointCreated: store.create_endpoint,
            VpcEndpointModified: store.modify_endpoint,
            VpcEndpointDeleted: store.delete_endpoint,
            InstanceAttached: lambda record: store.put_interface(record.interface),
            InstanceDetached: lambda record: store.remove_interface(record.interface_id),
            NetworkKept: store.restore,
        }
        self.appliers: Appliers = {kind: self._noted(kind, apply) for kind, apply in appliers.items()}

    def _noted(self, kind: type, apply: Callable[[Any], object]) -> Callable[[Any], object]:
        """`apply`, and a new version of the VPCs that such a record moves something in."""
        moved_by = _MOVED_BY.get(kind)
        if moved_by is None:
            return apply

        def applied(record: Any) -> None:
            vpc_ids = moved_by(self._store, record)
            apply(record)
            self.version += 1
            for vpc_id in vpc_ids:
                if self._store.vpcs.get(vpc_id) is None:
                    self._version_of.pop(vpc_id, None)
                else:
                    self._version_of[vpc_id] = self.version

        return applied

    def version_of(self, vpc_id: str) -> int:
        """Changes with every record that may move a socket or a name of this VPC; no part of what is kept."""
        return self._version_of.get(vpc_id, 0)

    def endpoint(self, vpc_endpoint_id: str) -> VpcEndpoint | None:
        return self._store.endpoints.get(vpc_endpoint_id)

    def endpoints(self) -> list[VpcEndpoint]:
        """Every endpoint of every account and region, in the order of their ids."""
        return list(self._store.endpoints)

    def endpoints_of(self, vpc_id: str) -> list[VpcEndpoint]:
        return self._store.endpoints.where("vpc", vpc_id)

    def interfaces_of_endpoint(self, vpc_endpoint_id: str) -> list[NetworkInterface]:
        return self._store.interfaces.where("endpoint", vpc_endpoint_id)

    def interface(self, interface_id: str) -> NetworkInterface | None:
        return self._store.interfaces.get(interface_id)

    def addresses_of_group(self, group_id: str) -> AbstractSet[str]:
        """The private addresses of a group's members: a live view, not a copy."""
        return self._store.addresses_of_group(group_id)

    def vpc(self, vpc_id: str) -> Vpc | None:
        return self._store.vpcs.get(vpc_id)

    def vpcs(self) -> list[Vpc]:
        return list(self._store.vpcs)

    def subnet(self, subnet_id: str) -> Subnet | None:
        return self._store.subnets.get(subnet_id)

    def subnets_of(self, vpc_id: str) -> list[Subnet]:
        return self._store.subnets.where("vpc", vpc_id)

    def group(self, group_id: str) -> SecurityGroup | None:
        return self._store.groups.get(group_id)

    def snapshot(self) -> NetworkKept:
        return self._store.snapshot()

    def next_deadline_ms(self) -> None:
        return None
