"""Ingress rules of security groups (VPC User Guide, "Security group rules")."""

import pytest

from qanat.core.network.model import Home, SecurityGroup, SecurityGroupRule
from qanat.net.security_groups import admits

MEMBERS = {"sg-app": {"10.0.1.50"}}


def rule(
    protocol: str = "tcp",
    ports: tuple[int, int] = (443, 443),
    cidr: str | None = "10.0.0.0/16",
    source: str | None = None,
) -> SecurityGroupRule:
    return SecurityGroupRule("sgr-1", protocol, *ports, cidr, source)


def group(*rules: SecurityGroupRule) -> SecurityGroup:
    return SecurityGroup("sg-1", "vpc-1", Home("123456789012", "us-east-2"), "default", "", ingress=rules)


def is_let_in(
    *rules: SecurityGroupRule, source: str = "10.0.1.50", protocol: str = "tcp", port: int = 443
) -> bool:
    return admits([group(*rules)], source, protocol, port, lambda group_id: MEMBERS.get(group_id, ()))


@pytest.mark.parametrize(
    "fitting",
    [
        rule(),
        rule(ports=(0, 65_535)),
        rule(ports=(-1, -1)),
        rule(protocol="-1", ports=(-1, -1)),
        rule(cidr="10.0.1.50/32"),
        rule(cidr="0.0.0.0/0"),
        rule(cidr=None, source="sg-app"),
    ],
)
def test_a_rule_that_fits_lets_in(fitting: SecurityGroupRule) -> None:
    assert is_let_in(fitting)
    assert is_let_in(rule(ports=(22, 22)), fitting)


@pytest.mark.parametrize(
    "other",
    [
        rule(protocol="udp"),
        rule(protocol="icmp", ports=(-1, -1)),
        rule(ports=(80, 442)),
        rule(ports=(444, 65_535)),
        rule(ports=(65_535, 0)),
        rule(cidr="10.0.1.51/32"),
        rule(cidr="10.1.0.0/16"),
        rule(cidr=None),
        rule(cidr="10.0.1.50/16"),
        rule(cidr="everyone"),
        rule(cidr="::/0"),
        rule(cidr=None, source="sg-other"),
        rule(cidr="0.0.0.0/0", source="sg-other"),
        rule(cidr="0.0.0.0/0", source="sg-app"),
    ],
    ids=str,
)
def test_any_other_does_not(other: SecurityGroupRule) -> None:
    assert not is_let_in(other)


@pytest.mark.parametrize("source", ["", "nobody", "10.0.1", "::1", "::ffff:10.0.1.50", "10.0.1.50%eth0"])
def test_an_address_that_cannot_be_read_is_not_let_in(source: str) -> None:
    assert not is_let_in(rule(protocol="-1", ports=(-1, -1), cidr="0.0.0.0/0"), source=source)


def test_without_groups_or_rules_nobody_is_let_in() -> None:
    assert not is_let_in()
    assert not admits([], "10.0.1.50", "tcp", 443, lambda _: ())


def test_one_group_of_several_is_enough() -> None:
    assert admits([group(), group(rule())], "10.0.1.50", "tcp", 443, lambda _: ())
