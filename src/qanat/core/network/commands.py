"""What may be asked of the network state. Ids come in the command; `home` is where things are seen and changed."""

from msgspec import Struct

from qanat.core.network.model import EndpointState, Home, SecurityGroupRule, Tags


class Filter(Struct, frozen=True):
    """Matches a thing that has any of the values under the name; `*` and `?` are wildcards, `\\` quotes them."""

    name: str
    values: tuple[str, ...]


class Describe(Struct, frozen=True):
    """Lists things of one kind: those named, or all there are in the home, that match every filter."""

    home: Home
    ids: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    max_results: int | None = None
    next_token: str | None = None


class CreateVpc(Struct, frozen=True):
    """The group and rule ids are for the default security group that is made with the VPC."""

    home: Home
    vpc_id: str
    cidr_block: str
    group_id: str
    ingress_rule_id: str
    egress_rule_id: str
    tags: Tags = ()


class DescribeVpcs(Describe, frozen=True):
    pass


class DescribeVpcAttribute(Struct, frozen=True):
    home: Home
    vpc_id: str


class ModifyVpcAttribute(Struct, frozen=True):
    """None leaves an attribute as it is."""

    home: Home
    vpc_id: str
    enable_dns_support: bool | None = None
    enable_dns_hostnames: bool | None = None


class DeleteVpc(Struct, frozen=True):
    home: Home
    vpc_id: str


class CreateSubnet(Struct, frozen=True):
    """Without an availability zone: the one of `zones` that has the fewest subnets of the VPC."""

    home: Home
    subnet_id: str
    vpc_id: str
    cidr_block: str
    zones: tuple[str, ...]
    availability_zone: str | None = None
    tags: Tags = ()


class DescribeSubnets(Describe, frozen=True):
    pass


class DeleteSubnet(Struct, frozen=True):
    home: Home
    subnet_id: str


class CreateSecurityGroup(Struct, frozen=True):
    home: Home
    group_id: str
    vpc_id: str
    name: str
    description: str
    egress_rule_id: str
    tags: Tags = ()


class DescribeSecurityGroups(Describe, frozen=True):
    pass


class AuthorizeRules(Struct, frozen=True):
    home: Home
    group_id: str
    egress: bool
    rules: tuple[SecurityGroupRule, ...]


class RevokeRules(Struct, frozen=True):
    """Names rules by id, or by what they say; the ids inside `rules` count for nothing."""

    home: Home
    group_id: str
    egress: bool
    rules: tuple[SecurityGroupRule, ...] = ()
    rule_ids: tuple[str, ...] = ()


class DeleteSecurityGroup(Struct, frozen=True):
    home: Home
    group_id: str


class CreateVpcEndpoint(Struct, frozen=True):
    """`addresses` are (subnet id, IPv4 address) wishes; `interface_ids` are one a subnet, in the same order."""

    home: Home
    vpc_endpoint_id: str
    vpc_id: str
    service_name: str
    endpoint_type: str
    dns_suffix: str
    policy: str | None = None
    subnet_ids: tuple[str, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    interface_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    private_dns_enabled: bool = True
    client_token: str | None = None
    tags: Tags = ()


class DescribeVpcEndpoints(Describe, frozen=True):
    pass


class ModifyVpcEndpoint(Struct, frozen=True):
    """None and empty leave things as they are; `interface_ids` suffice for the added subnets."""

    home: Home
    vpc_endpoint_id: str
    reset_policy: bool = False
    policy: str | None = None
    add_subnet_ids: tuple[str, ...] = ()
    remove_subnet_ids: tuple[str, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    interface_ids: tuple[str, ...] = ()
    add_security_group_ids: tuple[str, ...] = ()
    remove_security_group_ids: tuple[str, ...] = ()
    private_dns_enabled: bool | None = None


class DeleteVpcEndpoints(Struct, frozen=True):
    home: Home
    vpc_endpoint_ids: tuple[str, ...]


class ReportVpcEndpoint(Struct, frozen=True):
    """The network plane says what became of an endpoint's sockets; of an endpoint deleted meanwhile it says nothing."""

    vpc_endpoint_id: str
    state: EndpointState
    failure: str | None = None


class DescribeNetworkInterfaces(Describe, frozen=True):
    pass


class AttachInstance(Struct, frozen=True):
    """A program starts as a host in the VPC; without a subnet, in the first with a free address."""

    interface_id: str
    vpc_id: str
    subnet_id: str | None = None
    security_group_ids: tuple[str, ...] = ()


class DetachInstance(Struct, frozen=True):
    """Detaching what is not attached is no error: a program may end while the server starts anew."""

    interface_id: str


class DetachAllInstances(Struct, frozen=True):
    """At server start: no program outlives the server that held its network."""


class DescribeAvailabilityZones(Struct, frozen=True):
    region: str
    names: tuple[str, ...] = ()
    zone_ids: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
