"""What the log may say about networks. One command yields one record wherever its changes belong together.

When a field is added, removed or changes its meaning, here or in model.py, raise VERSION and keep a reader of
the old form in control_records.py.
"""

from typing import Final

from msgspec import Struct

from qanat.core.network.model import Home, NetworkInterface, SecurityGroup, Subnet, Vpc, VpcEndpoint

VERSION: Final = 2


class VpcCreated(Struct, frozen=True, array_like=True, tag=True):
    vpc: Vpc
    default_group: SecurityGroup


class VpcModified(Struct, frozen=True, array_like=True, tag=True):
    vpc: Vpc


class VpcDeleted(Struct, frozen=True, array_like=True, tag=True):
    """Its default security group goes with it."""

    vpc_id: str


class SubnetCreated(Struct, frozen=True, array_like=True, tag=True):
    subnet: Subnet


class SubnetDeleted(Struct, frozen=True, array_like=True, tag=True):
    subnet_id: str


class SecurityGroupCreated(Struct, frozen=True, array_like=True, tag=True):
    group: SecurityGroup


class SecurityGroupModified(Struct, frozen=True, array_like=True, tag=True):
    group: SecurityGroup


class SecurityGroupDeleted(Struct, frozen=True, array_like=True, tag=True):
    group_id: str


class VpcEndpointCreated(Struct, frozen=True, array_like=True, tag=True):
    endpoint: VpcEndpoint
    interfaces: tuple[NetworkInterface, ...]
    request_digest: str | None = None
    """What a repeated client token must match; set when the endpoint has one."""


class VpcEndpointModified(Struct, frozen=True, array_like=True, tag=True):
    """The endpoint as it is now, its interfaces that are new or changed, and the ids of those that are gone."""

    endpoint: VpcEndpoint
    interfaces: tuple[NetworkInterface, ...] = ()
    removed_interface_ids: tuple[str, ...] = ()


class VpcEndpointDeleted(Struct, frozen=True, array_like=True, tag=True):
    """Its interfaces go with it."""

    vpc_endpoint_id: str


class InstanceAttached(Struct, frozen=True, array_like=True, tag=True):
    interface: NetworkInterface


class InstanceDetached(Struct, frozen=True, array_like=True, tag=True):
    interface_id: str


class ClientTokenUsed(Struct, frozen=True, array_like=True):
    """Part of a snapshot: which endpoint a client token made, and of which request."""

    home: Home
    client_token: str
    vpc_endpoint_id: str
    request_digest: str


class NetworkKept(Struct, frozen=True, array_like=True, tag=True):
    """The whole network state."""

    vpcs: tuple[Vpc, ...]
    subnets: tuple[Subnet, ...]
    groups: tuple[SecurityGroup, ...]
    endpoints: tuple[VpcEndpoint, ...]
    interfaces: tuple[NetworkInterface, ...]
    client_tokens: tuple[ClientTokenUsed, ...]


NetworkRecord = (
    VpcCreated
    | VpcModified
    | VpcDeleted
    | SubnetCreated
    | SubnetDeleted
    | SecurityGroupCreated
    | SecurityGroupModified
    | SecurityGroupDeleted
    | VpcEndpointCreated
    | VpcEndpointModified
    | VpcEndpointDeleted
    | InstanceAttached
    | InstanceDetached
    | NetworkKept
)
