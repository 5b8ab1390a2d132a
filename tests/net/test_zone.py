"""What a VPC's resolver is given to know, from VPCs, endpoints and interfaces (facts: EC2 endpoints, DNS names)."""

import pytest

from qanat.core.network.model import (
    EndpointState,
    Home,
    InterfaceType,
    NetworkInterface,
    Subnet,
    Vpc,
    VpcEndpoint,
)
from qanat.net.zone import Zone, zone_of

REGION = "us-east-2"
HOME = Home("123456789012", REGION)
SERVICE_NAMES = {"sqs.us-east-2.amazonaws.com", "sqs.us-east-2.api.aws"}
STEM = "vpce-1-abcdefgh"
BASE = "sqs.us-east-2.vpce.amazonaws.com"
OWN = {
    f"{STEM}.{BASE}": ("10.0.1.37", "10.0.2.40"),
    f"{STEM}-us-east-2a.{BASE}": ("10.0.1.37",),
    f"{STEM}-us-east-2b.{BASE}": ("10.0.2.40",),
}
SUBNETS = [
    Subnet("subnet-a", "vpc-1", HOME, "10.0.1.0/24", "us-east-2a"),
    Subnet("subnet-b", "vpc-1", HOME, "10.0.2.0/24", "us-east-2b"),
]


def vpc(*, support: bool = True, hostnames: bool = True) -> Vpc:
    return Vpc(
        "vpc-1", HOME, "10.0.0.0/16", "sg-1", enable_dns_support=support, enable_dns_hostnames=hostnames
    )


def endpoint(
    *, state: EndpointState = EndpointState.AVAILABLE, private_dns: bool = True, vpc_id: str = "vpc-1"
) -> VpcEndpoint:
    return VpcEndpoint(
        vpc_endpoint_id="vpce-1",
        vpc_id=vpc_id,
        home=HOME,
        service_name="com.amazonaws.us-east-2.sqs",
        state=state,
        policy=None,
        subnet_ids=("subnet-a", "subnet-b"),
        security_group_ids=("sg-1",),
        private_dns_enabled=private_dns,
        dns_suffix="abcdefgh",
        created_at_ms=0,
    )


def interface(subnet: str, address: str, endpoint_id: str | None = "vpce-1") -> NetworkInterface:
    return NetworkInterface(
        f"eni-{address}",
        "vpc-1",
        subnet,
        HOME,
        address,
        ("sg-1",),
        InterfaceType.VPC_ENDPOINT,
        "",
        endpoint_id,
    )


INTERFACES = [
    interface("subnet-b", "10.0.2.40"),
    interface("subnet-a", "10.0.1.37"),
    interface("subnet-a", "10.0.1.50", endpoint_id=None),
]


def test_an_endpoint_with_private_dns_answers_for_the_service_and_for_its_own_names() -> None:
    both = ("10.0.1.37", "10.0.2.40")
    zone = zone_of(vpc(), [endpoint()], INTERFACES, SUBNETS)
    assert zone == Zone(REGION, OWN | dict.fromkeys(SERVICE_NAMES, both))


@pytest.mark.parametrize(
    ("of_vpc", "of_endpoint"),
    [
        (vpc(), endpoint(private_dns=False)),
        (vpc(support=False), endpoint()),
        (vpc(hostnames=False), endpoint()),
    ],
    ids=["private DNS off", "enableDnsSupport off", "enableDnsHostnames off"],
)
def test_without_private_dns_only_the_endpoints_own_names_resolve(
    of_vpc: Vpc, of_endpoint: VpcEndpoint
) -> None:
    assert zone_of(of_vpc, [of_endpoint], INTERFACES, SUBNETS).names == OWN


@pytest.mark.parametrize(
    "not_there",
    [endpoint(state=state) for state in EndpointState if state is not EndpointState.AVAILABLE]
    + [endpoint(vpc_id="vpc-2")],
    ids=lambda value: f"{value.state} in {value.vpc_id}",
)
def test_only_available_endpoints_of_this_vpc_count(not_there: VpcEndpoint) -> None:
    assert zone_of(vpc(), [not_there], INTERFACES, SUBNETS).names == {}


def test_an_endpoint_without_a_subnet_has_no_names() -> None:
    assert zone_of(vpc(), [endpoint()], [], SUBNETS).names == {}


@pytest.mark.parametrize(
    ("name", "exists"),
    [("", True), ("aws", True), ("us-east-2.amazonaws.com", True), ("qs.us-east-2.amazonaws.com", False)],
)
def test_names_above_a_name_exist_too(name: str, exists: bool) -> None:
    """RFC 8020: else a caching resolver would take the whole tree below for absent."""
    assert zone_of(vpc(), [endpoint()], INTERFACES, SUBNETS).holds_below(name) is exists
