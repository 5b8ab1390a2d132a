"""VPC User Guide, vpc-cidr-blocks and subnet-sizing."""

from ipaddress import IPv4Network

import pytest

from qanat.core.errors import InvalidParameterValue
from qanat.core.network import addresses
from qanat.core.network.errors import NoFreeAddress


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("10.0.0.0/16", "10.0.0.0/16"), ("10.0.255.1/16", "10.0.0.0/16"), ("192.168.0.0/28", "192.168.0.0/28")],
)
def test_blocks_are_made_canonical(text: str, canonical: str) -> None:
    assert str(addresses.block(text, "cidrBlock")) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0/16",
        "10.0.0.0/33",
        "256.0.0.0/16",
        "10.0.0.0/255.255.0.0",
        "::/16",
        "１0.0.0.0/16",
        "10.0.0.0/16\n",
    ],
)
def test_what_is_no_block_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterValue, match="This is not a valid CIDR block"):
        addresses.block(text, "cidrBlock")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("10.0.0.0/16", True),
        ("10.0.0.0/28", True),
        ("10.0.0.0/15", False),
        ("10.0.0.0/29", False),
        ("127.0.0.0/16", False),
        ("169.254.0.0/16", False),
        ("224.0.0.0/16", False),
        ("240.0.0.0/16", False),
        ("0.0.0.0/16", False),
        ("100.64.0.0/16", True),
    ],
)
def test_a_vpc_is_between_16_and_28_where_hosts_can_live(text: str, *, fits: bool) -> None:
    assert addresses.fits_a_vpc(IPv4Network(text)) is fits


def test_the_first_four_addresses_and_the_last_are_reserved() -> None:
    subnet, used, given = IPv4Network("10.0.0.16/28"), set[int](), list[str]()
    while (address := addresses.first_free(subnet, used)) is not None:
        assert addresses.free_addresses(subnet, used) == 11 - len(given)
        used.add(int(address))
        given.append(str(address))
    assert given == [f"10.0.0.{last}" for last in range(20, 31)]
    with pytest.raises(NoFreeAddress):
        addresses.chosen(subnet, None, used)


@pytest.mark.parametrize("wish", ["10.0.0.16", "10.0.0.19", "10.0.0.31", "10.0.0.32", "10.0.0.020", "x", ""])
def test_an_address_outside_what_is_assignable_is_refused(wish: str) -> None:
    with pytest.raises(InvalidParameterValue):
        addresses.chosen(IPv4Network("10.0.0.16/28"), wish, set())
