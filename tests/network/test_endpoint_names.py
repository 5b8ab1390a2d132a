"""Private DNS (PrivateLink guide, "Private DNS"; VPC guide, vpc-dns): what resolves in a VPC, and where to."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from network.world import NEEDS_NAMESPACES
from support.clients import refusal
from support.server import ACCOUNT, REGION
from support.things import MadeUser
from support.vpc import DUAL_STACK, OWN, SQS, Cloud, Endpoint, Instance, eventually

pytestmark = NEEDS_NAMESPACES

LEGACY = ("queue.amazonaws.com", f"{REGION}.queue.amazonaws.com")
NO_NAME = -2
"""EAI_NONAME: what the C library says of a name that does not exist."""


@dataclass
class Place:
    """A VPC with two subnets in two zones, an instance in it, and no endpoint yet."""

    cloud: Cloud
    vpc_id: str
    subnets: tuple[str, str]
    inside: Instance
    user: MadeUser

    def names(self, name: str, addresses: tuple[str, ...]) -> None:
        """That `name` has these addresses, now or within moments."""
        eventually(
            # A resolver that is about to come says nothing yet, and is asked again.
            lambda: self.inside.look_up(name, wait_s=1),
            lambda found: (
                found["code"] in ("NOERROR", "NXDOMAIN") and sorted(found["addresses"]) == sorted(addresses)
            ),
        )


@pytest.fixture(scope="module")
def place(cloud: Cloud) -> Iterator[Place]:
    vpc_id = cloud.vpc()
    subnets = (cloud.subnet(vpc_id), cloud.subnet(vpc_id, "10.0.2.0/24", "b"))
    user = cloud.user()
    with cloud.instance(vpc_id, "--user", user.name) as inside:
        yield Place(cloud, vpc_id, subnets, inside, user)


@pytest.fixture
def made(place: Place) -> Iterator[list[Endpoint]]:
    """What the test appends is deleted again after it."""
    endpoints: list[Endpoint] = []
    yield endpoints
    for endpoint in endpoints:
        place.cloud.delete(endpoint)


def queue_urls(inside: Instance, url: str | None = None) -> str:
    listed = inside.call(OWN, "ListQueues", url)
    assert listed.allowed, listed.message
    found: list[str] = listed.output["QueueUrls"]
    return found[0]


def test_without_an_endpoint_no_name_exists(place: Place) -> None:
    place.cloud.queue()
    for name in (SQS, DUAL_STACK, *LEGACY, "example.com"):
        assert place.inside.look_up(name)["code"] == "NXDOMAIN"
        assert place.inside.ask("system_look_up", name=name) == {"code": NO_NAME, "addresses": []}
    refused = place.inside.call(OWN, "ListQueues")
    assert (refused.status, refused.code) == (0, "EndpointConnectionError")


def test_with_private_dns_the_regional_name_leads_to_the_endpoint(place: Place, made: list[Endpoint]) -> None:
    endpoint = place.cloud.endpoint(place.vpc_id, place.subnets[0])
    made.append(endpoint)
    assert endpoint.names[-1] == SQS
    for name in (*endpoint.names, DUAL_STACK):
        place.names(name, endpoint.addresses)
        assert place.inside.ask("system_look_up", name=name)["addresses"] == list(endpoint.addresses)
    assert queue_urls(place.inside).startswith(f"https://{SQS}/{ACCOUNT}/")
    assert queue_urls(place.inside, f"https://{DUAL_STACK}").startswith(f"https://{DUAL_STACK}/")
    for name in LEGACY:
        found = place.inside.look_up(name)
        assert found["code"] == "NXDOMAIN"
        assert f"private DNS does not cover legacy endpoint {name}; use {SQS}" in found["why"]


def test_without_private_dns_its_own_names_work_by_endpoint_url(place: Place, made: list[Endpoint]) -> None:
    """AWS PrivateLink guide: `--endpoint-url https://vpce-...`. The QueueUrl keeps a client on that way."""
    endpoint = place.cloud.endpoint(place.vpc_id, *place.subnets, private_dns=False)
    made.append(endpoint)
    stem = endpoint.names[0].removesuffix(f".sqs.{REGION}.vpce.amazonaws.com")
    assert stem.startswith(f"{endpoint.endpoint_id}-")
    assert endpoint.names == (
        endpoint.names[0],
        *(f"{stem}-{REGION}{zone}.sqs.{REGION}.vpce.amazonaws.com" for zone in "ab"),
    )
    assert place.inside.look_up(SQS)["code"] == "NXDOMAIN"
    assert place.inside.call(OWN, "ListQueues").code == "EndpointConnectionError"
    place.names(endpoint.names[0], endpoint.addresses)
    for name, subnet_id in zip(endpoint.names[1:], place.subnets, strict=True):
        (interface,) = [
            one
            for one in place.cloud.interfaces("subnet-id", subnet_id)
            if one["InterfaceType"] == "vpc_endpoint"
        ]
        place.names(name, (interface["PrivateIpAddress"],))
    for name in endpoint.names:
        url = queue_urls(place.inside, f"https://{name}")
        assert url.startswith(f"https://{name}/{ACCOUNT}/")
        sent = place.inside.call(OWN, "SendMessage", f"https://{name}", QueueUrl=url, MessageBody="x")
        assert sent.allowed


def test_private_dns_is_switched_on_and_off(place: Place, made: list[Endpoint]) -> None:
    endpoint = place.cloud.endpoint(place.vpc_id, place.subnets[0], private_dns=False)
    made.append(endpoint)
    place.names(SQS, ())
    for _ in range(2):
        assert SQS in place.cloud.modify(endpoint, PrivateDnsEnabled=True).names
        place.names(SQS, endpoint.addresses)
        place.names(DUAL_STACK, endpoint.addresses)
        assert SQS not in place.cloud.modify(endpoint, PrivateDnsEnabled=False).names
        place.names(SQS, ())
        place.names(endpoint.names[0], endpoint.addresses)


def test_one_endpoint_of_a_vpc_may_hold_the_private_name(place: Place, made: list[Endpoint]) -> None:
    made.append(place.cloud.endpoint(place.vpc_id, place.subnets[0]))
    refused = refusal(
        place.cloud.ec2.create_vpc_endpoint,
        VpcId=place.vpc_id,
        VpcEndpointType="Interface",
        ServiceName=f"com.amazonaws.{REGION}.sqs",
        PrivateDnsEnabled=True,
    )
    assert refused.message == (
        f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for {SQS} in "
        f"the VPC {place.vpc_id}"
    )
    made.append(place.cloud.endpoint(place.vpc_id, place.subnets[0], private_dns=False))
    place.names(SQS, made[0].addresses)
    place.names(made[1].names[0], made[1].addresses)


def test_a_zone_is_added_and_removed(place: Place, made: list[Endpoint]) -> None:
    endpoint = place.cloud.endpoint(place.vpc_id, place.subnets[0])
    made.append(endpoint)
    (first,) = endpoint.addresses
    both = place.cloud.modify(endpoint, AddSubnetIds=[place.subnets[1]])
    assert len(both.addresses) == 2
    assert len(both.names) == 4
    (second,) = set(both.addresses) - {first}
    for name, addresses in ((SQS, both.addresses), (both.names[1], (first,)), (both.names[2], (second,))):
        place.names(name, addresses)
    for address in both.addresses:
        assert place.inside.connects(address) == "yes"
    place.inside.open("standing", second)
    one = place.cloud.modify(endpoint, RemoveSubnetIds=[place.subnets[0]])
    assert one.addresses == (second,)
    place.names(SQS, (second,))
    place.names(both.names[1], ())
    # The one that stays is not disturbed; the one that went is no more.
    found = place.inside.exchange("standing", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert found["status"] == 404
    assert place.inside.connects(first, wait_s=1) == "no answer"
    interfaces = place.cloud.interfaces("description", f"VPC Endpoint Interface {endpoint.endpoint_id}")
    assert [interface["PrivateIpAddress"] for interface in interfaces] == [second]


def test_an_endpoint_without_a_subnet_has_names_but_no_addresses(place: Place, made: list[Endpoint]) -> None:
    endpoint = place.cloud.endpoint(place.vpc_id)
    made.append(endpoint)
    assert endpoint.addresses == ()
    place.names(SQS, ())
    placed = place.cloud.modify(endpoint, AddSubnetIds=[place.subnets[0]])
    place.names(SQS, placed.addresses)
    assert placed.addresses


def at(subnet_id: str) -> list[dict[str, str]]:
    return [{"SubnetId": subnet_id, "Ipv4": "10.0.1.37"}]


def test_vpcs_with_one_block_are_apart(place: Place, made: list[Endpoint]) -> None:
    cloud, queue = place.cloud, place.cloud.queue()
    ours = cloud.endpoint(place.vpc_id, SubnetConfigurations=at(place.subnets[0]))
    made.append(ours)
    vpc_id = cloud.vpc()
    theirs = cloud.endpoint(vpc_id, SubnetConfigurations=at(cloud.subnet(vpc_id)))
    assert ours.addresses == theirs.addresses == ("10.0.1.37",)
    with cloud.instance(vpc_id) as other:
        for inside, own, foreign in ((place.inside, ours, theirs), (other, theirs, ours)):
            assert inside.addresses(own.names[0]) == list(own.addresses)
            found = inside.look_up(foreign.names[0])
            assert (found["code"], found["addresses"]) == ("NXDOMAIN", [])
            assert inside.send(place.user, queue).allowed
        cloud.delete(theirs)
        eventually(lambda: other.addresses(SQS), lambda found: found == [])
        assert place.inside.send(place.user, queue).allowed


def test_without_dns_support_no_resolver_answers(place: Place, made: list[Endpoint]) -> None:
    """VPC guide, vpc-dns: with enableDnsSupport off, queries to the resolver are not answered; the sockets stay."""
    endpoint = place.cloud.endpoint(place.vpc_id, place.subnets[0])
    made.append(endpoint)
    place.names(SQS, endpoint.addresses)
    place.cloud.attribute(place.vpc_id, "EnableDnsSupport", False)
    eventually(
        lambda: place.inside.look_up(SQS, wait_s=1)["code"],
        lambda code: code in ("Timeout", "ConnectionRefusedError", "OSError"),
    )
    assert place.inside.ask("system_look_up", name=SQS)["addresses"] == []
    assert place.inside.connects(endpoint.addresses[0]) == "yes"
    place.cloud.attribute(place.vpc_id, "EnableDnsSupport", True)
    place.names(SQS, endpoint.addresses)


def test_without_dns_hostnames_the_private_name_is_gone(place: Place, made: list[Endpoint]) -> None:
    endpoint = place.cloud.endpoint(place.vpc_id, place.subnets[0])
    made.append(endpoint)
    place.cloud.attribute(place.vpc_id, "EnableDnsHostnames", False)
    place.names(SQS, ())
    place.names(endpoint.names[0], endpoint.addresses)
    place.cloud.attribute(place.vpc_id, "EnableDnsHostnames", True)
    place.names(SQS, endpoint.addresses)
