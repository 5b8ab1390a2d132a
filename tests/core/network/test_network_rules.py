"""EC2's rules and texts for VPCs, subnets, security groups, endpoints and interfaces (PrivateLink guide)."""

from typing import Any

import pytest
from msgspec.structs import replace

from qanat.core.control import Control
from qanat.core.errors import QanatError
from qanat.core.network import commands as c
from qanat.core.network.errors import InvalidServiceName, NotFound
from qanat.core.network.model import EndpointState, Home, NetworkInterface, SecurityGroupRule, VpcEndpoint
from qanat.core.network.replies import EndpointDescription
from qanat.core.page import Page

ACCOUNT = "123456789012"
STRANGER = "210987654321"
REGION = "us-east-2"
HOME = Home(ACCOUNT, REGION)
SERVICE = "com.amazonaws.us-east-2.sqs"
ZONES = ("us-east-2a", "us-east-2b", "us-east-2c")
SEED = (
    '{"Statement": [{"Action": ["sqs:SendMessage"], "Effect": "Allow", '
    '"Resource": "arn:aws:sqs:us-east-2:123456789012:MyQueue", '
    '"Principal": {"AWS": "arn:aws:iam:123456789012:user/MyUser"}}]}'
)


def vpc(number: int = 1, block: str = "10.0.0.0/16") -> c.CreateVpc:
    return c.CreateVpc(HOME, f"vpc-{number}", block, f"sg-{number}", f"sgr-i{number}", f"sgr-e{number}")


def dns(number: int = 1) -> c.ModifyVpcAttribute:
    return c.ModifyVpcAttribute(HOME, f"vpc-{number}", enable_dns_hostnames=True)


def subnet(name: str, block: str, zone: str | None = None, number: int = 1) -> c.CreateSubnet:
    return c.CreateSubnet(HOME, f"subnet-{name}", f"vpc-{number}", block, ZONES, zone)


def group(name: str, number: int = 1) -> c.CreateSecurityGroup:
    return c.CreateSecurityGroup(HOME, f"sg-{name}", f"vpc-{number}", name, "text", f"sgr-{name}")


def endpoint(name: str = "1", *subnets: str, **changes: Any) -> c.CreateVpcEndpoint:
    asked = c.CreateVpcEndpoint(
        HOME,
        f"vpce-{name}",
        "vpc-1",
        SERVICE,
        "Interface",
        "abcdefgh",
        subnet_ids=subnets,
        interface_ids=tuple(f"eni-{name}-{one}" for one in subnets),
    )
    return replace(asked, **changes)


def modify(**changes: Any) -> c.ModifyVpcEndpoint:
    return replace(c.ModifyVpcEndpoint(HOME, "vpce-1"), **changes)


def https_from(cidr: str | None, group_id: str | None = None, rule_id: str = "sgr-new") -> SecurityGroupRule:
    return SecurityGroupRule(rule_id, "tcp", 443, 443, cidr, group_id)


def authorize(*rules: SecurityGroupRule, group_id: str = "sg-1") -> c.AuthorizeRules:
    return c.AuthorizeRules(HOME, group_id, egress=False, rules=rules)


A = subnet("a", "10.0.1.0/24", "us-east-2a")
A2 = subnet("a2", "10.0.2.0/24", "us-east-2a")
B = subnet("b", "10.0.3.0/24", "us-east-2b")
READY = (vpc(), dns(), A, B)


def control_with(*commands: object) -> Control:
    control = Control()
    for command in commands:
        control.handle(command, 1_000)
    return control


def made(control: Control, command: c.CreateVpcEndpoint) -> EndpointDescription:
    reply = control.handle(command, 1_000).reply
    assert isinstance(reply, EndpointDescription)
    return reply


def standing(control: Control, name: str = "1") -> VpcEndpoint:
    found = control.network.endpoint(f"vpce-{name}")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("before", "command", "code", "text"),
    [
        # VPCs
        ((), vpc(block="10.0.0.0/8"), "InvalidVpc.Range", "The CIDR '10.0.0.0/8' is invalid."),
        (
            (),
            vpc(block="x"),
            "InvalidParameterValue",
            "Value (x) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
        ),
        ((), c.DeleteVpc(HOME, "vpc-1"), "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist"),
        (
            (vpc(),),
            c.DeleteVpc(Home(STRANGER, REGION), "vpc-1"),
            "InvalidVpcID.NotFound",
            "The vpc ID 'vpc-1' does not exist",
        ),
        (
            (vpc(), A),
            c.DeleteVpc(HOME, "vpc-1"),
            "DependencyViolation",
            "The vpc 'vpc-1' has dependencies and cannot be deleted.",
        ),
        (
            (vpc(), group("web")),
            c.DeleteVpc(HOME, "vpc-1"),
            "DependencyViolation",
            "The vpc 'vpc-1' has dependencies and cannot be deleted.",
        ),
        (
            (vpc(), endpoint(private_dns_enabled=False)),
            c.DeleteVpc(HOME, "vpc-1"),
            "DependencyViolation",
            "The vpc 'vpc-1' has dependencies and cannot be deleted.",
        ),
        # subnets
        ((vpc(),), subnet("x", "10.1.0.0/24"), "InvalidSubnet.Range", "The CIDR '10.1.0.0/24' is invalid."),
        ((vpc(),), subnet("x", "10.0.0.0/29"), "InvalidSubnet.Range", "The CIDR '10.0.0.0/29' is invalid."),
        (
            (vpc(), A),
            subnet("x", "10.0.1.128/25"),
            "InvalidSubnet.Conflict",
            "The CIDR '10.0.1.128/25' conflicts with another subnet",
        ),
        (
            (vpc(),),
            subnet("x", "10.0.0.0/24", "eu-west-1a"),
            "InvalidParameterValue",
            (
                "Value (eu-west-1a) for parameter availabilityZone is invalid. Subnets can currently only be created "
                "in the following availability zones: us-east-2a, us-east-2b, us-east-2c."
            ),
        ),
        (
            (vpc(),),
            c.DeleteSubnet(HOME, "subnet-a"),
            "InvalidSubnetID.NotFound",
            "The subnet ID 'subnet-a' does not exist",
        ),
        (
            (*READY, c.AttachInstance("eni-i", "vpc-1", "subnet-a")),
            c.DeleteSubnet(HOME, "subnet-a"),
            "DependencyViolation",
            "The subnet 'subnet-a' has dependencies and cannot be deleted.",
        ),
        # security groups
        (
            (vpc(), group("web")),
            replace(group("web"), group_id="sg-other"),
            "InvalidGroup.Duplicate",
            "The security group 'web' already exists for VPC 'vpc-1'",
        ),
        (
            (vpc(),),
            c.DeleteSecurityGroup(HOME, "sg-1"),
            "CannotDelete",
            'the specified group: "sg-1" name: "default" cannot be deleted by a user',
        ),
        (
            (vpc(), group("web"), authorize(https_from(None, "sg-web"))),
            c.DeleteSecurityGroup(HOME, "sg-web"),
            "DependencyViolation",
            "resource sg-web has a dependent object",
        ),
        (
            (vpc(), group("web"), endpoint(security_group_ids=("sg-web",), private_dns_enabled=False)),
            c.DeleteSecurityGroup(HOME, "sg-web"),
            "DependencyViolation",
            "resource sg-web has a dependent object",
        ),
        (
            (vpc(), authorize(https_from("10.0.0.0/8"))),
            authorize(https_from("10.0.0.0/8", rule_id="sgr-2")),
            "InvalidPermission.Duplicate",
            'the specified rule "peer: 10.0.0.0/8, TCP, from port: 443, to port: 443, ALLOW" already exists',
        ),
        (
            (vpc(),),
            authorize(SecurityGroupRule("sgr-2", "-1", -1, -1, source_group_id="sg-1")),
            "InvalidPermission.Duplicate",
            'the specified rule "peer: sg-1, ALL, ALLOW" already exists',
        ),
        (
            (vpc(), vpc(2)),
            authorize(https_from(None, "sg-2")),
            "InvalidGroup.NotFound",
            "The security group 'sg-2' does not exist",
        ),
        (
            (vpc(),),
            authorize(*(https_from(f"10.0.{number}.0/24", rule_id=f"sgr-{number}") for number in range(60))),
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.",
        ),
        (
            (vpc(),),
            c.RevokeRules(HOME, "sg-1", egress=False, rules=(https_from("10.0.0.0/8"),)),
            "InvalidPermission.NotFound",
            "The specified rule does not exist in this security group.",
        ),
        (
            (vpc(),),
            c.RevokeRules(HOME, "sg-1", egress=False, rule_ids=("sgr-e1",)),
            "InvalidSecurityGroupRuleId.NotFound",
            "The security group rule ID 'sgr-e1' does not exist",
        ),
        # endpoints
        ((), endpoint(), "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist"),
        (
            READY,
            endpoint(service_name="com.amazonaws.us-east-2.s3"),
            "InvalidServiceName",
            "The Vpc Endpoint Service 'com.amazonaws.us-east-2.s3' does not exist",
        ),
        (
            READY,
            endpoint(endpoint_type="Gateway"),
            "InvalidParameter",
            "Endpoint type (Gateway) does not match available service types ([Interface]).",
        ),
        (
            (vpc(),),
            endpoint(),
            "InvalidParameter",
            (
                "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
                "for vpc-1"
            ),
        ),
        (
            (vpc(), dns(), c.ModifyVpcAttribute(HOME, "vpc-1", enable_dns_support=False)),
            endpoint(),
            "InvalidParameter",
            (
                "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
                "for vpc-1"
            ),
        ),
        (
            (*READY, endpoint()),
            endpoint("2"),
            "InvalidParameter",
            (
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                "sqs.us-east-2.amazonaws.com in the VPC vpc-1"
            ),
        ),
        (
            (*READY, A2),
            endpoint("1", "subnet-a", "subnet-a2"),
            "DuplicateSubnetsInSameZone",
            (
                "Found another VPC endpoint subnet in the availability zone of subnet-a2. VPC endpoint subnets should "
                "be in different availability zones supported by the VPC endpoint service."
            ),
        ),
        (
            READY,
            endpoint("1", "subnet-z"),
            "InvalidSubnetID.NotFound",
            "The subnet ID 'subnet-z' does not exist",
        ),
        (
            (*READY, vpc(2), subnet("far", "10.0.0.0/24", number=2)),
            endpoint("1", "subnet-far"),
            "InvalidParameter",
            "The subnet 'subnet-far' does not belong to the VPC 'vpc-1'.",
        ),
        (
            READY,
            endpoint(security_group_ids=("sg-9",)),
            "InvalidGroup.NotFound",
            "The security group 'sg-9' does not exist",
        ),
        (
            READY,
            endpoint(policy='{"Statement":[{"Action":"*" "Effect":"Allow"}]}'),
            "InvalidPolicyDocument",
            "The Policy Document is not valid. Syntax error at position (1,29)",
        ),
        (
            (*READY, c.AttachInstance("eni-i", "vpc-1", "subnet-a")),
            endpoint("1", "subnet-a", addresses=(("subnet-a", "10.0.1.4"),)),
            "InvalidIPAddress.InUse",
            "Address 10.0.1.4 is in use.",
        ),
        (
            (*READY, endpoint(client_token="t")),
            endpoint(client_token="t", policy=SEED),
            "IdempotentParameterMismatch",
            "The request uses the same client token as a previous, but non-identical request.",
        ),
        (
            (*READY, *(endpoint(f"{number}", private_dns_enabled=False) for number in range(50))),
            endpoint("50", private_dns_enabled=False),
            "VpcEndpointLimitExceeded",
            "The maximum number of VPC endpoints has been reached.",
        ),
        # changes of endpoints
        (
            READY,
            modify(),
            "InvalidVpcEndpointId.NotFound",
            "The Vpc Endpoint Id 'vpce-1' does not exist",
        ),
        (
            (*READY, endpoint()),
            modify(remove_security_group_ids=("sg-1",)),
            "InvalidParameter",
            "An Interface VPC Endpoint must always have at least one Security Group",
        ),
        (
            (*READY, A2, endpoint("1", "subnet-a")),
            modify(add_subnet_ids=("subnet-a2",), interface_ids=("eni-x",)),
            "DuplicateSubnetsInSameZone",
            (
                "Found another VPC endpoint subnet in the availability zone of subnet-a2. VPC endpoint subnets should "
                "be in different availability zones supported by the VPC endpoint service."
            ),
        ),
        (
            (*READY, endpoint(), endpoint("2", private_dns_enabled=False)),
            replace(modify(private_dns_enabled=True), vpc_endpoint_id="vpce-2"),
            "InvalidParameter",
            (
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                "sqs.us-east-2.amazonaws.com in the VPC vpc-1"
            ),
        ),
        (
            (*READY, endpoint()),
            modify(remove_subnet_ids=("subnet-a",)),
            "InvalidParameter",
            "The subnet 'subnet-a' is not associated with the VPC endpoint.",
        ),
        (
            (*READY, endpoint()),
            modify(reset_policy=True, policy=SEED),
            "InvalidParameterCombination",
            "ResetPolicy and PolicyDocument cannot be given together.",
        ),
        # instances
        (
            (vpc(),),
            c.AttachInstance("eni-i", "vpc-1"),
            "InsufficientFreeAddressesInSubnet",
            "No subnet of vpc-1 has a free address.",
        ),
        (
            (),
            c.AttachInstance("eni-i", "vpc-1"),
            "InvalidVpcID.NotFound",
            "The vpc ID 'vpc-1' does not exist",
        ),
    ],
)
def test_refusals(before: tuple[object, ...], command: object, code: str, text: str) -> None:
    control = control_with(*before)
    with pytest.raises(QanatError) as refusal:
        control.handle(command, 2_000)
    assert (refusal.value.code, refusal.value.message) == (code, text)


def test_the_policy_of_the_privacy_page_is_taken_and_kept_to_the_letter() -> None:
    control = control_with(*READY, endpoint(policy=SEED))
    assert standing(control).policy == SEED


def test_a_new_vpc_has_a_default_group_open_to_its_own_members() -> None:
    group = control_with(vpc()).network.group("sg-1")
    assert group is not None
    assert (group.name, group.description) == ("default", "default VPC security group")
    assert [(one.protocol, one.source_group_id, one.cidr) for one in group.ingress] == [("-1", "sg-1", None)]
    assert [(one.protocol, one.source_group_id, one.cidr) for one in group.egress] == [
        ("-1", None, "0.0.0.0/0")
    ]


def test_subnets_without_a_zone_spread_over_the_zones() -> None:
    control = control_with(vpc(), *(subnet(str(number), f"10.0.{number}.0/24") for number in range(4)))
    zones = [subnet.availability_zone for subnet in control.network.subnets_of("vpc-1")]
    assert zones == ["us-east-2a", "us-east-2b", "us-east-2c", "us-east-2a"]


def test_an_endpoint_has_an_interface_a_subnet_at_the_first_free_address_or_the_one_wished_for() -> None:
    control = control_with(*READY)
    shown = made(control, endpoint("1", "subnet-b", "subnet-a", addresses=(("subnet-a", "10.0.1.77"),)))
    assert shown.endpoint.state is EndpointState.PENDING
    assert [(one.subnet_id, one.private_ip) for one in shown.interfaces] == [
        ("subnet-b", "10.0.3.4"),
        ("subnet-a", "10.0.1.77"),
    ]
    assert shown.zones == ("us-east-2b", "us-east-2a")
    assert shown.groups == (("sg-1", "default"),)
    assert control.network.addresses_of_group("sg-1") == {"10.0.3.4", "10.0.1.77"}


def test_a_repeated_client_token_answers_with_the_endpoint_it_made() -> None:
    control = control_with(*READY)
    first = made(control, endpoint("1", "subnet-a", client_token="t"))
    again = replace(
        endpoint("2", "subnet-a", client_token="t"), dns_suffix="zzzzzzzz", interface_ids=("eni-again",)
    )
    outcome = control.handle(again, 9_000)
    assert (outcome.reply, outcome.records) == (first, [])
    control.handle(c.DeleteVpcEndpoints(HOME, ("vpce-1",)), 9_000)
    assert made(control, again).endpoint.vpc_endpoint_id == "vpce-2"


def test_the_network_plane_reports_what_became_of_an_endpoint() -> None:
    control = control_with(*READY, endpoint("1", "subnet-a"))
    failed = c.ReportVpcEndpoint("vpce-1", EndpointState.FAILED, "no such namespace")
    for report in (failed, c.ReportVpcEndpoint("vpce-1", EndpointState.AVAILABLE)):
        assert len(control.handle(report, 0).records) == 1
        assert control.handle(report, 0).records == []
        assert (standing(control).state, standing(control).failure) == (report.state, report.failure)
    assert control.handle(c.ReportVpcEndpoint("vpce-9", EndpointState.AVAILABLE), 0).records == []


def test_only_a_change_of_subnets_sends_an_endpoint_back_to_pending() -> None:
    available = c.ReportVpcEndpoint("vpce-1", EndpointState.AVAILABLE)
    control = control_with(*READY, group("web"), endpoint("1", "subnet-a"), available)
    control.handle(modify(policy=SEED, add_security_group_ids=("sg-web",), private_dns_enabled=False), 0)
    assert standing(control).state is EndpointState.AVAILABLE
    assert standing(control).policy == SEED
    assert control.network.addresses_of_group("sg-web") == {"10.0.1.4"}
    control.handle(
        modify(
            reset_policy=True,
            add_subnet_ids=("subnet-b",),
            remove_subnet_ids=("subnet-a",),
            interface_ids=("eni-b",),
        ),
        0,
    )
    assert standing(control).state is EndpointState.PENDING
    assert standing(control).policy is None
    assert [one.private_ip for one in control.network.interfaces_of_endpoint("vpce-1")] == ["10.0.3.4"]
    assert control.network.addresses_of_group("sg-web") == {"10.0.3.4"}


def test_a_deleted_endpoint_is_gone_at_once_with_its_interfaces() -> None:
    control = control_with(*READY, endpoint("1", "subnet-a"))
    reply = control.handle(c.DeleteVpcEndpoints(HOME, ("vpce-1", "vpce-9")), 0).reply
    assert [(one.vpc_endpoint_id, one.code) for one in reply] == [  # type: ignore[attr-defined]  # DeleteFailures
        ("vpce-9", "InvalidVpcEndpointId.NotFound")
    ]
    assert control.network.endpoint("vpce-1") is None
    assert control.network.interfaces_of_endpoint("vpce-1") == []
    assert control.network.addresses_of_group("sg-1") == set()


def test_another_accounts_endpoint_cannot_be_deleted() -> None:
    control = control_with(*READY, endpoint())
    assert control.handle(c.DeleteVpcEndpoints(Home(STRANGER, REGION), ("vpce-1",)), 0).records == []
    assert control.network.endpoint("vpce-1") is not None


def test_an_instance_takes_a_free_address_and_gives_it_back() -> None:
    control = control_with(*READY, endpoint("1", "subnet-a"))
    first = control.handle(c.AttachInstance("eni-1", "vpc-1"), 0).reply
    second = control.handle(c.AttachInstance("eni-2", "vpc-1", "subnet-a"), 0).reply
    assert isinstance(first, NetworkInterface)
    assert isinstance(second, NetworkInterface)
    assert [first.private_ip, second.private_ip] == ["10.0.1.5", "10.0.1.6"]
    assert first.security_group_ids == ("sg-1",)
    control.handle(c.DetachInstance("eni-1"), 0)
    again = control.handle(c.AttachInstance("eni-3", "vpc-1"), 0).reply
    assert isinstance(again, NetworkInterface)
    assert again.private_ip == "10.0.1.5"


def test_a_server_that_starts_has_no_instances_and_all_its_endpoints() -> None:
    attach = (c.AttachInstance("eni-1", "vpc-1"), c.AttachInstance("eni-2", "vpc-1"))
    control = control_with(*READY, endpoint("1", "subnet-a"), *attach)
    assert len(control.handle(c.DetachAllInstances(), 0).records) == 2
    assert control.network.addresses_of_group("sg-1") == {"10.0.1.4"}
    assert control.handle(c.DetachInstance("eni-1"), 0).records == []


def test_an_endpoints_interface_cannot_be_detached_as_an_instance() -> None:
    control = control_with(*READY, endpoint("1", "subnet-a"))
    assert control.handle(c.DetachInstance("eni-1-subnet-a"), 0).records == []
    assert len(control.network.interfaces_of_endpoint("vpce-1")) == 1


def test_a_vpc_that_was_emptied_can_be_deleted() -> None:
    control = control_with(*READY, endpoint("1", "subnet-a"), group("web"))
    for command in (
        c.DeleteVpcEndpoints(HOME, ("vpce-1",)),
        c.DeleteSubnet(HOME, "subnet-a"),
        c.DeleteSubnet(HOME, "subnet-b"),
        c.DeleteSecurityGroup(HOME, "sg-web"),
        c.DeleteVpc(HOME, "vpc-1"),
    ):
        control.handle(command, 0)
    assert control.snapshot() == Control().snapshot()


@pytest.mark.parametrize("home", [Home(ACCOUNT, "eu-west-1"), Home(STRANGER, REGION)])
def test_another_region_or_account_sees_nothing(home: Home) -> None:
    control = Control()
    for command in (vpc(), dns(), A, endpoint("1", "subnet-a")):
        control.handle(command, 0)
    for describe in (
        c.DescribeVpcs,
        c.DescribeSubnets,
        c.DescribeSecurityGroups,
        c.DescribeVpcEndpoints,
        c.DescribeNetworkInterfaces,
    ):
        own, other = (control.handle(describe(one), 0).reply for one in (HOME, home))
        assert isinstance(own, Page)
        assert isinstance(other, Page)
        assert own.items
        assert not other.items
    for described, thing_id in ((c.DescribeVpcs, "vpc-1"), (c.DescribeVpcEndpoints, "vpce-1")):
        with pytest.raises(NotFound):
            control.handle(described(home, (thing_id,)), 0)


def test_an_endpoint_is_for_the_service_of_its_own_region() -> None:
    control, far = Control(), Home(ACCOUNT, "eu-west-1")
    control.handle(replace(vpc(), home=far), 0)
    with pytest.raises(InvalidServiceName):
        control.handle(endpoint(home=far, private_dns_enabled=False), 0)
    far_service = "com.amazonaws.eu-west-1.sqs"
    control.handle(endpoint(home=far, service_name=far_service, private_dns_enabled=False), 0)


def test_a_client_token_counts_in_its_own_region() -> None:
    control, far = Control(), Home(ACCOUNT, "eu-west-1")
    for command in (
        vpc(),
        endpoint(client_token="once", private_dns_enabled=False),
        replace(vpc(2), home=far),
    ):
        control.handle(command, 0)
    other = endpoint(
        "2",
        vpc_id="vpc-2",
        home=far,
        service_name="com.amazonaws.eu-west-1.sqs",
        client_token="once",
        private_dns_enabled=False,
    )
    reply = control.handle(other, 0).reply
    assert isinstance(reply, EndpointDescription)
    assert reply.endpoint.vpc_endpoint_id == "vpce-2"
