"""Whether the security groups of a network interface let a connection in.

They are stateful, so only the first packet of a connection is asked about.
"""

import ipaddress
from collections.abc import Callable, Container, Iterable
from typing import Final

from qanat.core.network.model import SecurityGroup, SecurityGroupRule

ANY: Final = "-1"
ALL_PORTS: Final = (-1, -1)

Members = Callable[[str], Container[str]]
"""Group id to the addresses of the interfaces that carry the group."""


def admits(
    groups: Iterable[SecurityGroup], source_address: str, protocol: str, port: int, members: Members
) -> bool:
    """Whether any ingress rule of any of `groups` allows it (VPC User Guide, "Security group rules").

    A group holds allowances only; without one that fits, and for an address or block that cannot be read, no.
    """
    try:
        source = ipaddress.IPv4Address(source_address)
    except ValueError:
        return False
    return any(
        _covers(rule, protocol, port) and _is_from(rule, source, members)
        for group in groups
        for rule in group.ingress
    )


def _covers(rule: SecurityGroupRule, protocol: str, port: int) -> bool:
    if rule.protocol == ANY:
        return True
    ports = (rule.from_port, rule.to_port)
    return rule.protocol == protocol and (ports == ALL_PORTS or rule.from_port <= port <= rule.to_port)


def _is_from(rule: SecurityGroupRule, source: ipaddress.IPv4Address, members: Members) -> bool:
    if rule.source_group_id is not None:
        return rule.cidr is None and str(source) in members(rule.source_group_id)
    try:
        return rule.cidr is not None and source in ipaddress.IPv4Network(rule.cidr)
    except ValueError:
        return False
