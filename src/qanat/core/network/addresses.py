"""IPv4 blocks: what a VPC or a subnet may be, and which address of a subnet is free.

AWS keeps the first four addresses of a subnet and the last for itself (VPC User Guide, subnet-sizing): network,
router, resolver, future use, broadcast.
"""

import re
from collections.abc import Set as AbstractSet
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Final

from qanat.core.errors import InvalidParameterValue
from qanat.core.network.errors import NoFreeAddress

PREFIX_MIN: Final = 16
PREFIX_MAX: Final = 28
RESERVED_FIRST: Final = 4
RESERVED: Final = 5

# Blocks in which no host can live. A VPC there could never be reached, or would shadow the machine's own.
_UNUSABLE: Final = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))
_BLOCK: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}/[0-9]{1,2}", re.ASCII)


def block(text: str, parameter: str) -> IPv4Network:
    """The block in its canonical form, as AWS makes it of `10.0.0.1/16`; raises InvalidParameterValue."""
    if _BLOCK.fullmatch(text):
        try:
            return IPv4Network(text, strict=False)
        except ValueError:
            pass
    raise InvalidParameterValue(
        f"Value ({text}) for parameter {parameter} is invalid. This is not a valid CIDR block."
    )


def fits_a_vpc(candidate: IPv4Network) -> bool:
    usable = not any(candidate.overlaps(unusable) for unusable in _UNUSABLE)
    return usable and PREFIX_MIN <= candidate.prefixlen <= PREFIX_MAX


def free_addresses(subnet: IPv4Network, used: AbstractSet[int]) -> int:
    return subnet.num_addresses - RESERVED - len(used)


def first_free(subnet: IPv4Network, used: AbstractSet[int]) -> IPv4Address | None:
    first = int(subnet.network_address) + RESERVED_FIRST
    for number in range(first, int(subnet.broadcast_address)):
        if number not in used:
            return IPv4Address(number)
    return None


def chosen(subnet: IPv4Network, wish: str | None, used: AbstractSet[int]) -> IPv4Address:
    """The address wished for, or the first free one; raises InvalidParameterValue or NoFreeAddress.

    That a wish is not in use yet is the caller's to check.
    """
    if wish is None:
        address = first_free(subnet, used)
        if address is None:
            raise NoFreeAddress
        return address
    try:
        address = IPv4Address(wish)
    except AddressValueError as error:
        raise InvalidParameterValue(f"Value ({wish}) for parameter address is invalid.") from error
    first = int(subnet.network_address) + RESERVED_FIRST
    if not first <= int(address) < int(subnet.broadcast_address):
        raise InvalidParameterValue(
            f"Value ({wish}) for parameter address is invalid. "
            "Address is not in the subnet's range of assignable addresses."
        )
    return address
