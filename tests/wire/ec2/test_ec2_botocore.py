"""EC2 API reference: every operation through botocore's own serializer and parser."""

from collections.abc import Callable
from typing import Any

import pytest

from qanat.core.identity.model import root_of
from qanat.core.network.commands import ReportVpcEndpoint
from qanat.core.network.model import EndpointState
from qanat.core.policy.full_access import FULL_ACCESS_TEXT
from qanat.wire.ec2 import EC2
from qanat.wire.service import Call

SERVICE = "com.amazonaws.us-east-2.sqs"
PRETTY_POLICY = (
    '{\n  "Statement": [ {"Effect":"Allow", "Principal":"*",\t"Action":"sqs:*","Resource":"*"} ]\n}'
)

Ask = Callable[..., dict[str, Any]]
Refusal = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(cloud: Any) -> Ask:
    def asking(operation: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = cloud.ask("ec2", operation, **parameters)
        return answer

    return asking


@pytest.fixture
def refusal(cloud: Any) -> Refusal:
    def refusing(operation: str, **parameters: Any) -> tuple[int, str, str]:
        refused: tuple[int, str, str] = cloud.refusal("ec2", operation, **parameters)
        return refused

    return refusing


def tags(kind: str, **pairs: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in pairs.items()]}]


def network(ask: Ask) -> tuple[str, str, str]:
    """A VPC with private DNS and two subnets."""
    vpc_id = ask("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ask("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    first, second = (
        ask("CreateSubnet", VpcId=vpc_id, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"]
        for number in (1, 2)
    )
    return vpc_id, first, second


def test_a_network_from_beginning_to_end(cloud: Any, ask: Ask, refusal: Refusal) -> None:
    vpc_id = the_vpc(ask)
    subnets = the_subnets(ask, vpc_id)
    group_id = the_security_group(ask, refusal, vpc_id)
    the_endpoint(cloud, ask, refusal, vpc_id, subnets, group_id)
    ask("DeleteSecurityGroup", GroupId=group_id)
    for subnet_id in subnets:
        ask("DeleteSubnet", SubnetId=subnet_id)
    ask("DeleteVpc", VpcId=vpc_id)
    assert refusal("DescribeVpcs", VpcIds=[vpc_id])[:2] == (400, "InvalidVpcID.NotFound")
    assert {name for _, name in cloud.called} == set(EC2.operations)


def the_vpc(ask: Ask) -> str:
    made = ask("CreateVpc", CidrBlock="10.0.0.9/16", TagSpecifications=tags("vpc", Name="a&b"))["Vpc"]
    vpc_id: str = made["VpcId"]
    assert (made["State"], made["CidrBlock"], made["InstanceTenancy"]) == (
        "pending",
        "10.0.0.0/16",
        "default",
    )
    (shown,) = ask("DescribeVpcs", Filters=[{"Name": "tag:Name", "Values": ["a*"]}])["Vpcs"]
    assert shown == {**made, "State": "available"}
    assert shown["Tags"] == [{"Key": "Name", "Value": "a&b"}]
    for attribute, key, value in (
        ("enableDnsSupport", "EnableDnsSupport", True),
        ("enableDnsHostnames", "EnableDnsHostnames", False),
        ("enableNetworkAddressUsageMetrics", "EnableNetworkAddressUsageMetrics", False),
    ):
        answer = ask("DescribeVpcAttribute", VpcId=vpc_id, Attribute=attribute)
        assert (answer["VpcId"], answer[key]) == (vpc_id, {"Value": value})
    ask("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    answer = ask("DescribeVpcAttribute", VpcId=vpc_id, Attribute="enableDnsHostnames")
    assert answer["EnableDnsHostnames"] == {"Value": True}
    return vpc_id


def the_subnets(ask: Ask, vpc_id: str) -> list[str]:
    zones = ask("DescribeAvailabilityZones")["AvailabilityZones"]
    assert [zone["ZoneName"] for zone in zones] == ["us-east-2a", "us-east-2b", "us-east-2c"]
    named = ask("DescribeAvailabilityZones", ZoneIds=["use2-az2"])["AvailabilityZones"]
    assert [(zone["ZoneName"], zone["State"]) for zone in named] == [("us-east-2b", "available")]
    first = ask("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-2b")[
        "Subnet"
    ]
    second = ask("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.2.0/28", AvailabilityZoneId="use2-az3")[
        "Subnet"
    ]
    assert (first["AvailabilityZoneId"], first["AvailableIpAddressCount"]) == ("use2-az2", 251)
    assert (second["AvailabilityZone"], second["AvailableIpAddressCount"]) == ("us-east-2c", 11)
    assert first["PrivateDnsNameOptionsOnLaunch"]["HostnameType"] == "ip-name"
    shown = ask("DescribeSubnets", Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]
    assert shown == [first, second]
    return [first["SubnetId"], second["SubnetId"]]


def the_security_group(ask: Ask, refusal: Refusal, vpc_id: str) -> str:
    made = ask("CreateSecurityGroup", GroupName="web", Description="for the web", VpcId=vpc_id)
    group_id: str = made["GroupId"]
    assert made["SecurityGroupArn"] == f"arn:aws:ec2:us-east-2:123456789012:security-group/{group_id}"
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    # Terraform takes the rule away with which every group is born, and fails if it was not there.
    assert ask("RevokeSecurityGroupEgress", GroupId=group_id, IpPermissions=[everything])["Return"] is True
    https = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.0.0.0/16", "Description": "the VPC"}],
        "UserIdGroupPairs": [{"GroupId": group_id}],
    }
    rules = ask("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[https])[
        "SecurityGroupRules"
    ]
    assert [rule.get("CidrIpv4") for rule in rules] == ["10.0.0.0/16", None]
    assert rules[1]["ReferencedGroupInfo"]["GroupId"] == group_id
    ask("AuthorizeSecurityGroupEgress", GroupId=group_id, IpPermissions=[everything])
    (shown,) = ask("DescribeSecurityGroups", GroupIds=[group_id])["SecurityGroups"]
    (ingress,), (egress,) = shown["IpPermissions"], shown["IpPermissionsEgress"]
    assert (ingress["IpRanges"], ingress["FromPort"]) == (https["IpRanges"], 443)
    assert [pair["GroupId"] for pair in ingress["UserIdGroupPairs"]] == [group_id]
    assert (egress["IpProtocol"], "FromPort" in egress) == ("-1", False)
    answer = ask(
        "RevokeSecurityGroupIngress", GroupId=group_id, SecurityGroupRuleIds=[rules[0]["SecurityGroupRuleId"]]
    )
    assert [rule["CidrIpv4"] for rule in answer["RevokedSecurityGroupRules"]] == ["10.0.0.0/16"]
    short = {"IpProtocol": "6", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.7/16"}
    ask("AuthorizeSecurityGroupIngress", GroupId=group_id, **short)
    assert (
        refusal("AuthorizeSecurityGroupIngress", GroupId=group_id, **short)[1]
        == "InvalidPermission.Duplicate"
    )
    return group_id


def the_endpoint(
    cloud: Any, ask: Ask, refusal: Refusal, vpc_id: str, subnets: list[str], group_id: str
) -> None:
    asked: dict[str, Any] = {
        "VpcId": vpc_id,
        "ServiceName": SERVICE,
        "VpcEndpointType": "Interface",
        "SubnetIds": subnets,
        "SubnetConfigurations": [{"SubnetId": subnets[1], "Ipv4": "10.0.2.7"}],
        "SecurityGroupIds": [group_id],
        "PolicyDocument": PRETTY_POLICY,
        "PrivateDnsEnabled": True,
        "ClientToken": "terraform-1",
        "TagSpecifications": tags("vpc-endpoint", Name="queue"),
    }
    created = ask("CreateVpcEndpoint", **asked)
    made = created["VpcEndpoint"]
    endpoint_id = made["VpcEndpointId"]
    assert (created["ClientToken"], made["State"], made["OwnerId"]) == (
        "terraform-1",
        "pending",
        "123456789012",
    )
    assert made["PolicyDocument"] == PRETTY_POLICY
    assert made["CreationTimestamp"].timestamp() == 1_700_000_000
    assert made["Groups"] == [{"GroupId": group_id, "GroupName": "web"}]
    assert [entry["DnsName"].partition(endpoint_id)[2][9:] for entry in made["DnsEntries"][:3]] == [
        ".sqs.us-east-2.vpce.amazonaws.com",
        "-us-east-2b.sqs.us-east-2.vpce.amazonaws.com",
        "-us-east-2c.sqs.us-east-2.vpce.amazonaws.com",
    ]
    assert made["DnsEntries"][3]["DnsName"] == "sqs.us-east-2.amazonaws.com"
    assert all(entry["HostedZoneId"] for entry in made["DnsEntries"])
    assert ask("CreateVpcEndpoint", **asked)["VpcEndpoint"] == made

    by_group = [{"Name": "group-id", "Values": [group_id]}]
    interfaces = ask("DescribeNetworkInterfaces", Filters=by_group)["NetworkInterfaces"]
    assert {one["PrivateIpAddress"] for one in interfaces} == {"10.0.1.4", "10.0.2.7"}
    assert {one["InterfaceType"] for one in interfaces} == {"vpc_endpoint"}
    of_endpoint = ask("DescribeNetworkInterfaces", NetworkInterfaceIds=made["NetworkInterfaceIds"])
    assert of_endpoint["NetworkInterfaces"] == interfaces

    cloud.control.handle(ReportVpcEndpoint(endpoint_id, EndpointState.AVAILABLE), 0)
    states = [{"Name": "vpc-endpoint-state", "Values": ["available"]}]
    (shown,) = ask("DescribeVpcEndpoints", Filters=states)["VpcEndpoints"]
    assert shown == {**made, "State": "available"}

    assert ask("ModifyVpcEndpoint", VpcEndpointId=endpoint_id, ResetPolicy=True)["Return"] is True
    ask("ModifyVpcEndpoint", VpcEndpointId=endpoint_id, RemoveSubnetIds=[subnets[1]], PrivateDnsEnabled=False)
    (shown,) = ask("DescribeVpcEndpoints", VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
    assert (shown["PolicyDocument"], shown["SubnetIds"]) == (FULL_ACCESS_TEXT, [subnets[0]])
    assert len(shown["DnsEntries"]) == 2

    gone = ask("DeleteVpcEndpoints", VpcEndpointIds=[endpoint_id, "vpce-00000000"])
    assert [(one["ResourceId"], one["Error"]["Code"]) for one in gone["Unsuccessful"]] == [
        ("vpce-00000000", "InvalidVpcEndpointId.NotFound")
    ]
    assert refusal("DescribeVpcEndpoints", VpcEndpointIds=[endpoint_id]) == (
        400,
        "InvalidVpcEndpointId.NotFound",
        f"The Vpc Endpoint Id '{endpoint_id}' does not exist",
    )


def test_an_endpoint_without_a_policy_shows_the_default_one_to_the_letter(ask: Ask) -> None:
    vpc_id, *_ = network(ask)
    made = ask("CreateVpcEndpoint", VpcId=vpc_id, ServiceName=SERVICE, VpcEndpointType="Interface")[
        "VpcEndpoint"
    ]
    assert made["PolicyDocument"] == FULL_ACCESS_TEXT
    assert (made["PrivateDnsEnabled"], made["SubnetIds"], made["RequesterManaged"]) == (True, [], False)
    assert (made["IpAddressType"], made["DnsOptions"]) == ("ipv4", {"DnsRecordIpType": "ipv4"})


def test_a_failed_endpoint_says_why(cloud: Any, ask: Ask) -> None:
    vpc_id, *_ = network(ask)
    made = ask("CreateVpcEndpoint", VpcId=vpc_id, ServiceName=SERVICE, VpcEndpointType="Interface")[
        "VpcEndpoint"
    ]
    report = ReportVpcEndpoint(made["VpcEndpointId"], EndpointState.FAILED, "the address is taken")
    cloud.control.handle(report, 0)
    (shown,) = ask("DescribeVpcEndpoints")["VpcEndpoints"]
    assert (shown["State"], shown["FailureReason"]) == ("failed", "the address is taken")
    assert shown["LastError"]["Message"] == "the address is taken"


# The least that each operation takes, where it takes anything.
LEAST = {
    "CreateVpc": "CidrBlock=10.0.0.0/16",
    "DescribeVpcAttribute": "VpcId=vpc-1&Attribute=enableDnsSupport",
    "ModifyVpcAttribute": "VpcId=vpc-1",
    "DeleteVpc": "VpcId=vpc-1",
    "CreateSubnet": "VpcId=vpc-1&CidrBlock=10.0.0.0/24",
    "DeleteSubnet": "SubnetId=subnet-1",
    "CreateSecurityGroup": "GroupName=web&GroupDescription=text",
    "DeleteSecurityGroup": "GroupId=sg-1",
    **{
        f"{verb}SecurityGroup{way}": "GroupId=sg-1"
        for verb in ("Authorize", "Revoke")
        for way in ("Ingress", "Egress")
    },
    "CreateVpcEndpoint": "VpcId=vpc-1",
    "ModifyVpcEndpoint": "VpcEndpointId=vpce-1",
    "DeleteVpcEndpoints": "VpcEndpointId.1=vpce-1",
}


@pytest.mark.parametrize("name", sorted(EC2.operations))
def test_a_dry_run_changes_nothing(cloud: Any, name: str) -> None:
    form = f"Action={name}&DryRun=true&{LEAST.get(name, '')}"
    before = cloud.control.version
    status, body = cloud.send(EC2, form.encode())
    assert status == 412
    assert b"<Code>DryRunOperation</Code>" in body
    assert b"<Message>Request would have succeeded, but DryRun flag is set.</Message>" in body
    assert cloud.control.version == before


@pytest.mark.parametrize(
    ("operation", "parameters", "code", "text"),
    [
        (
            "CreateVpcEndpoint",
            {"VpcId": "$vpc", "ServiceName": SERVICE},
            "InvalidParameter",
            "Endpoint type (Gateway) does not match available service types ([Interface]).",
        ),
        (
            "CreateVpcEndpoint",
            {
                "VpcId": "$vpc",
                "ServiceName": SERVICE,
                "VpcEndpointType": "Interface",
                "RouteTableIds": ["rtb-1"],
            },
            "InvalidParameter",
            "Route table IDs are only supported for Gateway type VPC Endpoint.",
        ),
        (
            "CreateVpcEndpoint",
            {"VpcId": "$vpc", "VpcEndpointType": "Interface"},
            "MissingParameter",
            "The request must contain the parameter ServiceName.",
        ),
        (
            "CreateVpcEndpoint",
            {
                "VpcId": "$vpc",
                "ServiceName": SERVICE,
                "VpcEndpointType": "Interface",
                "IpAddressType": "ipv6",
            },
            "InvalidParameterValue",
            "Value (ipv6) for parameter ipAddressType is invalid. Supported here: ipv4.",
        ),
        (
            "DescribeVpcEndpoints",
            {"VpcEndpointIds": ["endpoint"]},
            "InvalidVpcEndpointId.Malformed",
            "Invalid Id: 'endpoint' (expecting 'vpce-...')",
        ),
        ("CreateVpc", {}, "MissingParameter", "The request must contain the parameter CidrBlock."),
        (
            "CreateVpc",
            {"CidrBlock": "10.0.0.0/16", "Ipv6Pool": "x"},
            "UnknownParameter",
            "The parameter Ipv6Pool is not recognized",
        ),
        (
            "CreateVpc",
            {"CidrBlock": "10.0.0.0/16", "TagSpecifications": tags("subnet", a="b")},
            "InvalidParameterValue",
            "'subnet' is not a valid taggable resource type for this operation.",
        ),
        (
            "CreateVpc",
            {"CidrBlock": "10.0.0.0/16", "TagSpecifications": tags("vpc", **{"aws:x": "b"})},
            "InvalidParameterValue",
            "Tag keys starting with 'aws:' are reserved for internal use",
        ),
        (
            "CreateVpc",
            {
                "CidrBlock": "10.0.0.0/16",
                "TagSpecifications": tags("vpc", **{f"k{n}": "" for n in range(51)}),
            },
            "TagLimitExceeded",
            "The maximum number of Tags for a resource has been reached.",
        ),
        (
            "ModifyVpcAttribute",
            {"VpcId": "$vpc", "EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": True}},
            "InvalidParameterCombination",
            "Fields for multiple attribute types specified",
        ),
        (
            "DescribeVpcs",
            {"MaxResults": 4},
            "InvalidParameterValue",
            "Value ( 4 ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.",
        ),
        (
            "DescribeVpcs",
            {"Filters": [{"Name": "colour", "Values": ["red"]}]},
            "InvalidParameterValue",
            "The filter 'colour' is invalid",
        ),
        (
            "CreateSecurityGroup",
            {"GroupName": "default", "Description": "x", "VpcId": "$vpc"},
            "InvalidParameterValue",
            "Cannot use reserved security group name: default",
        ),
        (
            "CreateSecurityGroup",
            {"GroupName": "web", "Description": "x"},
            "VPCIdNotSpecified",
            "No default VPC for this user",
        ),
    ],
)
def test_refusals(
    ask: Ask, refusal: Refusal, operation: str, parameters: dict[str, Any], code: str, text: str
) -> None:
    vpc_id, *_ = network(ask)
    given = {name: vpc_id if value == "$vpc" else value for name, value in parameters.items()}
    assert refusal(operation, **given) == (400, code, text)


@pytest.mark.parametrize(
    ("permission", "code"),
    [
        ({"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, "InvalidParameterValue"),
        (
            {"IpProtocol": "tcp", "FromPort": 2, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
            "InvalidParameterValue",
        ),
        (
            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 65536, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
            "InvalidParameterValue",
        ),
        (
            {"IpProtocol": "icmp", "FromPort": 300, "ToPort": 0, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
            "InvalidParameterValue",
        ),
        ({"IpProtocol": "gre", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, "InvalidParameterValue"),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/99"}]}, "InvalidParameterValue"),
        ({"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}, "InvalidParameterValue"),
        ({"IpProtocol": "-1"}, "MissingParameter"),
    ],
)
def test_permissions_that_permit_nothing_we_can_hold_are_refused(
    ask: Ask, refusal: Refusal, permission: dict[str, Any], code: str
) -> None:
    vpc_id, *_ = network(ask)
    group_id = ask("CreateSecurityGroup", GroupName="web", Description="x", VpcId=vpc_id)["GroupId"]
    assert refusal("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[permission])[:2] == (
        400,
        code,
    )


def test_describes_come_in_pages(ask: Ask) -> None:
    made = {ask("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] for _ in range(7)}
    first = ask("DescribeVpcs", MaxResults=5)
    second = ask("DescribeVpcs", MaxResults=5, NextToken=first["NextToken"])
    assert (len(first["Vpcs"]), len(second["Vpcs"]), "NextToken" in second) == (5, 2, False)
    assert {vpc["VpcId"] for vpc in first["Vpcs"] + second["Vpcs"]} == made


def test_every_resource_that_a_request_names_must_be_allowed(cloud: Any) -> None:
    call = Call("123456789012", "us-east-2", root_of("123456789012"), 0, cloud.ids, cloud.control.identity, 0)
    stem = "arn:aws:ec2:us-east-2:123456789012:"
    for form, expected in (
        ("Action=DescribeVpcEndpoints", ("*",)),
        (
            "Action=DeleteVpcEndpoints&VpcEndpointId.1=vpce-a&VpcEndpointId.2=vpce-b",
            (stem + "vpc-endpoint/vpce-a", stem + "vpc-endpoint/vpce-b"),
        ),
        (
            "Action=CreateVpcEndpoint&VpcId=vpc-1&SubnetId.1=subnet-1&SecurityGroupId.1=sg-1",
            (
                stem + "vpc-endpoint/*",
                stem + "vpc/vpc-1",
                stem + "subnet/subnet-1",
                stem + "security-group/sg-1",
            ),
        ),
    ):
        operation, given = EC2.parse(form.encode())
        assert operation.resources(given, call) == expected
