"""Security group rules: what they say, told apart from the id under which they say it."""

from ipaddress import IPv4Network
from typing import Final, NamedTuple

from qanat.core.errors import InvalidParameterValue
from qanat.core.network.model import SecurityGroupRule

EVERYWHERE: Final = "0.0.0.0/0"
ALL_PROTOCOLS: Final = "-1"
PORT_MAX: Final = 65_535

_NAMES: Final = {"6": "tcp", "17": "udp", "1": "icmp", "all": ALL_PROTOCOLS}
_PROTOCOLS: Final = ("tcp", "udp", "icmp", ALL_PROTOCOLS)


class Meaning(NamedTuple):
    """What a rule permits. Two rules of one direction with equal meaning are duplicates."""

    protocol: str
    from_port: int
    to_port: int
    cidr: str | None
    source_group_id: str | None

    def __str__(self) -> str:
        ports = "" if self.from_port == -1 else f"from port: {self.from_port}, to port: {self.to_port}, "
        protocol = "ALL" if self.protocol == ALL_PROTOCOLS else self.protocol.upper()
        return f"peer: {self.cidr or self.source_group_id}, {protocol}, {ports}ALLOW"


def meaning(rule: SecurityGroupRule) -> Meaning:
    return Meaning(rule.protocol, rule.from_port, rule.to_port, rule.cidr, rule.source_group_id)


def allow_all(rule_id: str) -> SecurityGroupRule:
    """The egress rule with which every group is born."""
    return SecurityGroupRule(rule_id, ALL_PROTOCOLS, -1, -1, cidr=EVERYWHERE)


def protocol(text: str) -> str:
    """Raises InvalidParameterValue."""
    name = _NAMES.get(text.lower(), text.lower())
    if name not in _PROTOCOLS:
        raise InvalidParameterValue(
            f"Invalid value '{text}' for IP protocol. Unknown protocol. Valid: {', '.join(_PROTOCOLS)}."
        )
    return name


def ports(name: str, from_port: int | None, to_port: int | None) -> tuple[int, int]:
    """The inclusive range for a protocol that `protocol` gave; raises InvalidParameterValue.

    For ICMP the two are type and code, and -1 means any. Where all protocols are meant, ports say nothing.
    """
    if name == ALL_PROTOCOLS:
        return -1, -1
    low, high = -1 if from_port is None else from_port, -1 if to_port is None else to_port
    if name == "icmp":
        if not (-1 <= low <= 255 and -1 <= high <= 255):
            raise InvalidParameterValue(f"ICMP type ({low}) or code ({high}) is out of range.")
    elif not 0 <= low <= high <= PORT_MAX:
        raise InvalidParameterValue(f"TCP/UDP port range ({low}-{high}) is invalid.")
    return low, high


def source_block(text: str) -> str:
    """The canonical form of a rule's CIDR block; raises InvalidParameterValue."""
    try:
        return str(IPv4Network(text, strict=False))
    except ValueError as error:
        raise InvalidParameterValue(f"CIDR block {text} is malformed") from error
