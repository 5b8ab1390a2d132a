"""Security groups of an endpoint (VPC guide, vpc-security-groups): who may connect, asked at each connection."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from network.world import NEEDS_NAMESPACES
from support.clients import refusal
from support.vpc import SQS, Cloud, Endpoint, Instance, https_from, https_from_group

pytestmark = NEEDS_NAMESPACES

REFUSED = "ECONNRESET"
"""What a client sees that no rule admits: it is never answered."""


@dataclass
class Place:
    """An endpoint with the VPC's default group; an instance with that group, and one with a group of its own."""

    cloud: Cloud
    vpc_id: str
    default_group: str
    other_group: str
    endpoint: Endpoint
    member: Instance
    stranger: Instance

    def use(self, *group_ids: str) -> None:
        """Gives the endpoint these groups and no others."""
        standing = [group["GroupId"] for group in self.cloud.description(self.endpoint.endpoint_id)["Groups"]]
        self.cloud.modify(
            self.endpoint,
            AddSecurityGroupIds=[one for one in group_ids if one not in standing],
            RemoveSecurityGroupIds=[one for one in standing if one not in group_ids],
        )

    @property
    def connects(self) -> tuple[str, str]:
        """For the member of the default group, and for the stranger to it."""
        return self.member.connects(SQS), self.stranger.connects(SQS)


@pytest.fixture(scope="module")
def place(cloud: Cloud) -> Iterator[Place]:
    vpc_id = cloud.vpc()
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "group-name", "Values": ["default"]}]
    (default,) = cloud.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    first, second = cloud.subnet(vpc_id), cloud.subnet(vpc_id, "10.0.2.0/24", "b")
    endpoint = cloud.endpoint(vpc_id, first)
    other = cloud.group(vpc_id)
    with (
        cloud.instance(vpc_id, "--subnet", first) as member,
        cloud.instance(vpc_id, "--subnet", second, "--security-group", other) as stranger,
    ):
        yield Place(cloud, vpc_id, default["GroupId"], other, endpoint, member, stranger)


@pytest.fixture(autouse=True)
def default_again(place: Place) -> Iterator[None]:
    yield
    place.use(place.default_group)


def test_the_default_group_admits_its_members_only(place: Place) -> None:
    """VPC guide, default-security-group: inbound traffic from what is assigned to the same group."""
    assert [group["GroupId"] for group in place.cloud.description(place.endpoint.endpoint_id)["Groups"]] == [
        place.default_group
    ]
    assert place.connects == ("yes", REFUSED)


def test_a_group_without_rules_admits_nobody(place: Place) -> None:
    place.use(place.other_group)
    assert place.connects == (REFUSED, REFUSED)


@pytest.mark.parametrize(
    ("permission", "connects"),
    [
        (https_from("10.0.0.0/16"), ("yes", "yes")),
        (https_from("0.0.0.0/0"), ("yes", "yes")),
        (https_from("10.0.2.0/24"), (REFUSED, "yes")),
        (https_from("10.0.1.0/24"), ("yes", REFUSED)),
        (https_from("192.0.2.0/24"), (REFUSED, REFUSED)),
        (https_from("10.0.0.0/16", 80), (REFUSED, REFUSED)),
        (https_from("10.0.0.0/16", 442), (REFUSED, REFUSED)),
        ({**https_from("10.0.0.0/16"), "FromPort": 1, "ToPort": 65_535}, ("yes", "yes")),
        ({**https_from("10.0.0.0/16"), "FromPort": 444, "ToPort": 65_535}, (REFUSED, REFUSED)),
        ({**https_from("10.0.0.0/16"), "IpProtocol": "udp"}, (REFUSED, REFUSED)),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.2.0/24"}]}, (REFUSED, "yes")),
    ],
    ids=str,
)
def test_a_rule(place: Place, permission: dict[str, object], connects: tuple[str, str]) -> None:
    place.use(place.cloud.group(place.vpc_id, permission))
    assert place.connects == connects


def test_a_rule_that_names_a_group(place: Place) -> None:
    place.use(place.cloud.group(place.vpc_id, https_from_group(place.other_group)))
    assert place.connects == (REFUSED, "yes")


def test_an_instance_that_joins_a_named_group_is_admitted(place: Place) -> None:
    named = place.cloud.group(place.vpc_id)
    place.use(place.cloud.group(place.vpc_id, https_from_group(named)))
    assert place.connects == (REFUSED, REFUSED)
    with place.cloud.instance(place.vpc_id, "--security-group", named) as joined:
        assert joined.connects(SQS) == "yes"


def test_groups_add_up(place: Place) -> None:
    first, second = (place.cloud.group(place.vpc_id, https_from(f"10.0.{n}.0/24")) for n in (1, 2))
    place.use(first)
    assert place.connects == ("yes", REFUSED)
    place.use(first, second)
    assert place.connects == ("yes", "yes")
    place.use(second)
    assert place.connects == (REFUSED, "yes")
    interface_groups = place.cloud.interfaces("group-id", second)
    assert [one["Description"] for one in interface_groups] == [
        f"VPC Endpoint Interface {place.endpoint.endpoint_id}"
    ]


def test_rules_that_come_and_go_count_for_the_next_connection(place: Place) -> None:
    """Connections that stand go on: the groups are stateful (VPC guide, security-group-connection-tracking)."""
    group = place.cloud.group(place.vpc_id)
    place.use(group)
    assert place.connects == (REFUSED, REFUSED)
    permission = https_from("10.0.1.0/24")
    place.cloud.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    assert place.connects == ("yes", REFUSED)
    assert "failed" not in place.member.open("standing", SQS)
    place.cloud.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])
    assert place.connects == (REFUSED, REFUSED)
    asked = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    assert place.member.exchange("standing", asked)["status"] == 404


def test_an_endpoint_keeps_at_least_one_group(place: Place) -> None:
    refused = refusal(
        place.cloud.ec2.modify_vpc_endpoint,
        VpcEndpointId=place.endpoint.endpoint_id,
        RemoveSecurityGroupIds=[place.default_group],
    )
    assert (refused.status, refused.code) == (400, "InvalidParameter")
    assert place.connects == ("yes", REFUSED)
