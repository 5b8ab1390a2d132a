"""IpPermissions on the wire and security group rules within: one permission has many sources, one rule has one."""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field

from qanat.core.errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter
from qanat.core.network.model import SecurityGroupRule
from qanat.core.network.rules import ports, protocol, source_block


class IpRange(Struct, frozen=True, rename="pascal"):
    cidr_ip: str
    description: str = ""


class UserIdGroupPair(Struct, frozen=True, rename="pascal"):
    group_id: str
    user_id: str | None = None
    vpc_id: str | None = None
    description: str = ""


class Ipv6Range(Struct, frozen=True, rename="pascal"):
    cidr_ipv6: str
    description: str = ""


class PrefixList(Struct, frozen=True, rename="pascal"):
    prefix_list_id: str
    description: str = ""


class IpPermission(Struct, frozen=True, rename="pascal"):
    ip_protocol: str
    from_port: int | None = None
    to_port: int | None = None
    groups: tuple[UserIdGroupPair, ...] = ()
    ip_ranges: tuple[IpRange, ...] = ()
    ipv6_ranges: tuple[Ipv6Range, ...] = field(default=(), name="Ipv6Ranges")
    prefix_list_ids: tuple[PrefixList, ...] = ()


def permissions_given(
    permissions: tuple[IpPermission, ...],
    ip_protocol: str | None,
    from_port: int | None,
    to_port: int | None,
    cidr_ip: str | None,
) -> tuple[IpPermission, ...]:
    """The list, or the older short form for one source; raises InvalidParameterCombination."""
    if ip_protocol is None and cidr_ip is None:
        return permissions
    if permissions:
        raise InvalidParameterCombination(
            "The parameter 'ipPermissions' may not be combined with the short form"
        )
    if ip_protocol is None:
        raise MissingParameter("ipProtocol")
    if cidr_ip is None:
        raise MissingParameter("cidrIp")
    return (IpPermission(ip_protocol, from_port, to_port, ip_ranges=(IpRange(cidr_ip),)),)


def rules_of(permissions: Iterable[IpPermission], new_id: Callable[[], str]) -> tuple[SecurityGroupRule, ...]:
    """One rule a source; raises InvalidParameterValue, and MissingParameter for a permission without a source."""
    return tuple(rule for permission in permissions for rule in _rules_of(permission, new_id))


def _rules_of(permission: IpPermission, new_id: Callable[[], str]) -> list[SecurityGroupRule]:
    if permission.ipv6_ranges or permission.prefix_list_ids:
        raise InvalidParameterValue(
            "Sources of rules can be IPv4 blocks and security groups; others have no meaning here."
        )
    name = protocol(permission.ip_protocol)
    low, high = ports(name, permission.from_port, permission.to_port)
    rules = [
        SecurityGroupRule(
            new_id(), name, low, high, cidr=source_block(one.cidr_ip), description=one.description
        )
        for one in permission.ip_ranges
    ]
    rules += [
        SecurityGroupRule(
            new_id(), name, low, high, source_group_id=one.group_id, description=one.description
        )
        for one in permission.groups
    ]
    if not rules:
        raise MissingParameter("cidrIp")
    return rules


def permission_set(rules: Iterable[SecurityGroupRule], account: str) -> list[Mapping[str, object]]:
    """The rules gathered by protocol and ports, as DescribeSecurityGroups shows them."""
    gathered: dict[tuple[str, int, int], list[SecurityGroupRule]] = {}
    for rule in rules:
        gathered.setdefault((rule.protocol, rule.from_port, rule.to_port), []).append(rule)
    return [
        {
            "ipProtocol": name,
            # All protocols have no ports, and EC2 leaves the elements out.
            "fromPort": None if name == "-1" else low,
            "toPort": None if name == "-1" else high,
            "groups": [_pair(rule, account) for rule in together if rule.source_group_id],
            "ipRanges": [_range(rule) for rule in together if rule.cidr],
            "ipv6Ranges": [],
            "prefixListIds": [],
        }
        for (name, low, high), together in gathered.items()
    ]


def _pair(rule: SecurityGroupRule, account: str) -> Mapping[str, object]:
    return {"groupId": rule.source_group_id, "userId": account, "description": rule.description or None}


def _range(rule: SecurityGroupRule) -> Mapping[str, object]:
    return {"cidrIp": rule.cidr, "description": rule.description or None}
