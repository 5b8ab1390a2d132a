"""The rows of VPCs."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct, field

from qanat.core.errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter
from qanat.core.network import commands
from qanat.core.network.model import Vpc
from qanat.wire.ec2.common import (
    DescribeInput,
    Ec2Input,
    TagSpecification,
    arn,
    everything,
    filters,
    max_results,
    nothing,
    page_output,
    require,
    row,
    tag_set,
    tags_for,
)
from qanat.wire.service import Call, Output, table


class CreateVpcInput(Ec2Input, frozen=True):
    cidr_block: str
    instance_tenancy: str | None = None
    amazon_provided_ipv6_cidr_block: bool | None = None
    tag_specifications: tuple[TagSpecification, ...] = field(default=(), name="TagSpecification")


class DescribeVpcsInput(DescribeInput, frozen=True):
    vpc_ids: tuple[str, ...] = field(default=(), name="VpcId")


class VpcInput(Ec2Input, frozen=True):
    vpc_id: str


class DescribeVpcAttributeInput(VpcInput, frozen=True):
    attribute: str


class Flag(Struct, frozen=True, rename="pascal"):
    value: bool


class ModifyVpcAttributeInput(VpcInput, frozen=True):
    enable_dns_support: Flag | None = None
    enable_dns_hostnames: Flag | None = None
    enable_network_address_usage_metrics: Flag | None = None


_ATTRIBUTES: Final[Mapping[str, Callable[[Vpc], bool]]] = {
    "enableDnsSupport": lambda vpc: vpc.enable_dns_support,
    "enableDnsHostnames": lambda vpc: vpc.enable_dns_hostnames,
    # Nothing here counts addresses for CloudWatch; Terraform reads the attribute all the same.
    "enableNetworkAddressUsageMetrics": lambda vpc: False,
}


def _create(given: CreateVpcInput, call: Call) -> object:
    require("instanceTenancy", given.instance_tenancy, "default")
    require("amazonProvidedIpv6CidrBlock", given.amazon_provided_ipv6_cidr_block, False)
    tags = tags_for("vpc", given.tag_specifications)
    return commands.CreateVpc(
        call.home,
        call.ids.ec2("vpc"),
        given.cidr_block,
        group_id=call.ids.ec2("sg"),
        ingress_rule_id=call.ids.ec2("sgr"),
        egress_rule_id=call.ids.ec2("sgr"),
        tags=tags,
    )


def _describe(given: DescribeVpcsInput, call: Call) -> object:
    return commands.DescribeVpcs(
        call.home, given.vpc_ids, filters(given.filters), max_results(given), given.next_token
    )


def _describe_attribute(given: DescribeVpcAttributeInput, call: Call) -> object:
    if given.attribute not in _ATTRIBUTES:
        raise InvalidParameterValue(
            f"Value ({given.attribute}) for parameter attribute is invalid. Unknown attribute."
        )
    return commands.DescribeVpcAttribute(call.home, given.vpc_id)


def _attribute(vpc: Vpc, given: DescribeVpcAttributeInput, call: Call) -> Output:
    return {"vpcId": vpc.vpc_id, given.attribute: {"value": _ATTRIBUTES[given.attribute](vpc)}}


def _modify(given: ModifyVpcAttributeInput, call: Call) -> object:
    support, hostnames = given.enable_dns_support, given.enable_dns_hostnames
    metrics = given.enable_network_address_usage_metrics
    flags = [flag for flag in (support, hostnames, metrics) if flag is not None]
    if not flags:
        raise MissingParameter("EnableDnsSupport")
    if len(flags) > 1:
        raise InvalidParameterCombination("Fields for multiple attribute types specified")
    require("enableNetworkAddressUsageMetrics", _value(metrics), False)
    return commands.ModifyVpcAttribute(call.home, given.vpc_id, _value(support), _value(hostnames))


def _value(flag: Flag | None) -> bool | None:
    return None if flag is None else flag.value


def _delete(given: VpcInput, call: Call) -> object:
    return commands.DeleteVpc(call.home, given.vpc_id)


def _named(given: VpcInput, call: Call) -> str:
    return arn(call, "vpc", given.vpc_id)


def _shown(vpc: Vpc, call: Call, state: str = "available") -> Mapping[str, object]:
    association = {
        "associationId": f"vpc-cidr-assoc-{vpc.vpc_id.removeprefix('vpc-')}",
        "cidrBlock": vpc.cidr_block,
        "cidrBlockState": {"state": "associated"},
    }
    return {
        "vpcId": vpc.vpc_id,
        "ownerId": vpc.home.account,
        "state": state,
        "cidrBlock": vpc.cidr_block,
        "cidrBlockAssociationSet": [association],
        "ipv6CidrBlockAssociationSet": [],
        # EC2's word for a VPC that has no DHCP options set of its own.
        "dhcpOptionsId": "default",
        "instanceTenancy": "default",
        "isDefault": False,
        "tagSet": tag_set(vpc.tags),
    }


VPC_OPERATIONS = table(
    row(
        "CreateVpc",
        CreateVpcInput,
        lambda given, call: arn(call, "vpc"),
        _create,
        lambda vpc, given, call: {"vpc": _shown(vpc, call, "pending")},
    ),
    row("DescribeVpcs", DescribeVpcsInput, everything, _describe, page_output("vpcSet", _shown)),
    row("DescribeVpcAttribute", DescribeVpcAttributeInput, _named, _describe_attribute, _attribute),
    row("ModifyVpcAttribute", ModifyVpcAttributeInput, _named, _modify, nothing),
    row("DeleteVpc", VpcInput, _named, _delete, nothing),
)
