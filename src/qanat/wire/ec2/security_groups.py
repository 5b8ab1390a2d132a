"""The rows of security groups and their rules."""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import field

from qanat.core.errors import InvalidParameterValue, MissingParameter, QanatError
from qanat.core.network import commands
from qanat.core.network.model import SecurityGroup, SecurityGroupRule
from qanat.wire.ec2.common import (
    TRUE,
    DescribeInput,
    Ec2Input,
    TagSpecification,
    arn,
    everything,
    filters,
    max_results,
    page_output,
    row,
    tag_set,
    tags_for,
)
from qanat.wire.ec2.permissions import IpPermission, permission_set, permissions_given, rules_of
from qanat.wire.service import Call, Operation, Output, table

# EC2 API reference, CreateSecurityGroup: names and descriptions of groups in a VPC.
_TEXT: Final = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")


class VpcNotSpecified(QanatError):
    code = "VPCIdNotSpecified"
    default = "No default VPC for this user"


class CreateSecurityGroupInput(Ec2Input, frozen=True):
    group_name: str
    group_description: str
    vpc_id: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = field(default=(), name="TagSpecification")


class DescribeSecurityGroupsInput(DescribeInput, frozen=True):
    group_ids: tuple[str, ...] = field(default=(), name="GroupId")


class GroupInput(Ec2Input, frozen=True):
    group_id: str


class AuthorizeInput(GroupInput, frozen=True):
    ip_permissions: tuple[IpPermission, ...] = ()
    ip_protocol: str | None = None
    from_port: int | None = None
    to_port: int | None = None
    cidr_ip: str | None = None


class RevokeInput(AuthorizeInput, frozen=True):
    rule_ids: tuple[str, ...] = field(default=(), name="SecurityGroupRuleId")


def _create(given: CreateSecurityGroupInput, call: Call) -> object:
    if given.vpc_id is None:
        raise VpcNotSpecified
    if given.group_name.lower() == "default":
        raise InvalidParameterValue(f"Cannot use reserved security group name: {given.group_name}")
    if given.group_name.startswith("sg-"):
        raise InvalidParameterValue(
            f"Value ({given.group_name}) for parameter GroupName is invalid. "
            "Group names may not be in the format sg-*"
        )
    for parameter, text in (("GroupName", given.group_name), ("GroupDescription", given.group_description)):
        if not _TEXT.fullmatch(text):
            raise InvalidParameterValue(
                f"Value ({text}) for parameter {parameter} is invalid. Character sets beyond ASCII are not supported."
            )
    tags = tags_for("security-group", given.tag_specifications)
    return commands.CreateSecurityGroup(
        call.home,
        call.ids.ec2("sg"),
        given.vpc_id,
        given.group_name,
        given.group_description,
        call.ids.ec2("sgr"),
        tags,
    )


def _creation_resources(given: CreateSecurityGroupInput, call: Call) -> tuple[str, ...]:
    vpc = () if given.vpc_id is None else (arn(call, "vpc", given.vpc_id),)
    return (arn(call, "security-group"), *vpc)


def _created(group: SecurityGroup, given: object, call: Call) -> Output:
    return {
        **TRUE,
        "groupId": group.group_id,
        "tagSet": tag_set(group.tags),
        "securityGroupArn": arn(call, "security-group", group.group_id),
    }


def _describe(given: DescribeSecurityGroupsInput, call: Call) -> object:
    return commands.DescribeSecurityGroups(
        call.home, given.group_ids, filters(given.filters), max_results(given), given.next_token
    )


def _shown(group: SecurityGroup, call: Call) -> Mapping[str, object]:
    return {
        "groupId": group.group_id,
        "groupName": group.name,
        "groupDescription": group.description,
        "ownerId": group.home.account,
        "vpcId": group.vpc_id,
        "securityGroupArn": arn(call, "security-group", group.group_id),
        "ipPermissions": permission_set(group.ingress, group.home.account),
        "ipPermissionsEgress": permission_set(group.egress, group.home.account),
        "tagSet": tag_set(group.tags),
    }


def _named(given: GroupInput, call: Call) -> str:
    return arn(call, "security-group", given.group_id)


def _rules_given(given: AuthorizeInput, call: Call) -> tuple[SecurityGroupRule, ...]:
    permissions = permissions_given(
        given.ip_permissions, given.ip_protocol, given.from_port, given.to_port, given.cidr_ip
    )
    return rules_of(permissions, lambda: call.ids.ec2("sgr"))


def _authorize(given: AuthorizeInput, call: Call, egress: bool) -> object:
    rules = _rules_given(given, call)
    if not rules:
        raise MissingParameter("ipPermissions")
    return commands.AuthorizeRules(call.home, given.group_id, egress, rules)


def _revoke(given: RevokeInput, call: Call, egress: bool) -> object:
    rules = _rules_given(given, call)
    if not rules and not given.rule_ids:
        raise MissingParameter("ipPermissions")
    return commands.RevokeRules(call.home, given.group_id, egress, rules, given.rule_ids)


def _rule(rule: SecurityGroupRule, given: GroupInput, egress: bool) -> Mapping[str, object]:
    return {
        "securityGroupRuleId": rule.rule_id,
        "groupId": given.group_id,
        "isEgress": egress,
        "ipProtocol": rule.protocol,
        "fromPort": rule.from_port,
        "toPort": rule.to_port,
        "cidrIpv4": rule.cidr,
        "description": rule.description or None,
    }


def _authorize_row(name: str, egress: bool) -> Operation:
    def output(rules: tuple[SecurityGroupRule, ...], given: AuthorizeInput, call: Call) -> Output:
        return {**TRUE, "securityGroupRuleSet": [_authorized(rule, given, call, egress) for rule in rules]}

    return row(name, AuthorizeInput, _named, lambda given, call: _authorize(given, call, egress), output)


def _authorized(rule: SecurityGroupRule, given: GroupInput, call: Call, egress: bool) -> Mapping[str, object]:
    source = rule.source_group_id
    return {
        **_rule(rule, given, egress),
        "groupOwnerId": call.account,
        "referencedGroupInfo": None if source is None else {"groupId": source, "userId": call.account},
        "securityGroupRuleArn": arn(call, "security-group-rule", rule.rule_id),
    }


def _revoke_row(name: str, egress: bool) -> Operation:
    def output(rules: tuple[SecurityGroupRule, ...], given: RevokeInput, call: Call) -> Output:
        revoked = [
            {**_rule(rule, given, egress), "referencedGroupId": rule.source_group_id} for rule in rules
        ]
        return {**TRUE, "revokedSecurityGroupRuleSet": revoked}

    return row(name, RevokeInput, _named, lambda given, call: _revoke(given, call, egress), output)


SECURITY_GROUP_OPERATIONS = table(
    row("CreateSecurityGroup", CreateSecurityGroupInput, _creation_resources, _create, _created),
    row(
        "DescribeSecurityGroups",
        DescribeSecurityGroupsInput,
        everything,
        _describe,
        page_output("securityGroupInfo", _shown),
    ),
    _authorize_row("AuthorizeSecurityGroupIngress", egress=False),
    _authorize_row("AuthorizeSecurityGroupEgress", egress=True),
    _revoke_row("RevokeSecurityGroupIngress", egress=False),
    _revoke_row("RevokeSecurityGroupEgress", egress=True),
    row(
        "DeleteSecurityGroup",
        GroupInput,
        _named,
        lambda given, call: commands.DeleteSecurityGroup(call.home, given.group_id),
        lambda reply, given, call: {**TRUE, "groupId": given.group_id},
    ),
)
