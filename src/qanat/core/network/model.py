"""The nouns of EC2 that belong to an endpoint. Values only: every change makes a new value.

Ids are AWS's (`vpc-` and 17 hex digits); addresses and CIDR blocks are canonical text (`ipaddress`'s `str`).
"""

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from qanat.core.policy.stored import Ids


class EndpointState(StrEnum):
    """On the wire as written here (Terraform and waiters compare without case)."""

    PENDING = "pending"
    AVAILABLE = "available"
    DELETING = "deleting"
    FAILED = "failed"


class InterfaceType(StrEnum):
    VPC_ENDPOINT = "vpc_endpoint"
    INTERFACE = "interface"


Tags = tuple[tuple[str, str], ...]


class Home(NamedTuple):
    """An account's part of one region: what is made there is seen from nowhere else, other regions included."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"


class Vpc(Struct, frozen=True, array_like=True):
    vpc_id: str
    home: Home
    cidr_block: str
    """An IPv4 network between /16 and /28, as AWS allows."""
    default_security_group_id: str
    enable_dns_support: bool = True
    enable_dns_hostnames: bool = False
    tags: Tags = ()


class Subnet(Struct, frozen=True, array_like=True):
    subnet_id: str
    vpc_id: str
    home: Home
    cidr_block: str
    availability_zone: str
    tags: Tags = ()


class SecurityGroupRule(Struct, frozen=True, array_like=True):
    """One source of one permission. Exactly one of `cidr` and `source_group_id` is set."""

    rule_id: str
    protocol: str
    """`tcp`, `udp`, `icmp` or `-1` for all."""
    from_port: int
    to_port: int
    """Inclusive. Both ports are -1 where the protocol has none or all are meant."""
    cidr: str | None = None
    source_group_id: str | None = None
    description: str = ""


class SecurityGroup(Struct, frozen=True, array_like=True):
    group_id: str
    vpc_id: str
    home: Home
    name: str
    description: str
    ingress: tuple[SecurityGroupRule, ...] = ()
    egress: tuple[SecurityGroupRule, ...] = ()
    tags: Tags = ()


class NetworkInterface(Struct, frozen=True, array_like=True):
    """An address in a subnet: of an endpoint (made with it), or of an instance that `qanat instance run` started."""

    interface_id: str
    vpc_id: str
    subnet_id: str
    home: Home
    private_ip: str
    security_group_ids: tuple[str, ...]
    type: InterfaceType
    description: str = ""
    vpc_endpoint_id: str | None = None


class VpcEndpoint(Struct, frozen=True, array_like=True):
    """An interface endpoint for SQS. Its network interfaces name it by `vpc_endpoint_id`."""

    vpc_endpoint_id: str
    vpc_id: str
    home: Home
    service_name: str
    state: EndpointState
    policy: str | None
    """The document as it was given, to the letter; None for the default full-access policy."""
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    private_dns_enabled: bool
    dns_suffix: str
    """The eight characters that AWS puts after the id in the endpoint's own DNS names."""
    created_at_ms: int
    failure: str | None = None
    client_token: str | None = None
    tags: Tags = ()
    policy_ids: Ids = ()
    """Whom the principals in `policy` meant when it was saved."""


def endpoint_dns_names(endpoint: VpcEndpoint, zones: tuple[str, ...]) -> tuple[str, ...]:
    """The endpoint's own names, in AWS's order: the regional one, then one a zone."""
    stem = f"{endpoint.vpc_endpoint_id}-{endpoint.dns_suffix}"
    base = f"sqs.{endpoint.home.region}.vpce.amazonaws.com"
    return (f"{stem}.{base}", *(f"{stem}-{zone}.{base}" for zone in zones))
