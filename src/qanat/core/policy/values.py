"""Condition values as numbers, instants, addresses and bytes.

Invariant: text that is not exactly such a value is None; nothing is guessed.
"""

import binascii
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

# Client addresses whose reading is kept: one entry is about 200 bytes.
_ADDRESSES_MAX: Final = 4_096

_NUMBER: Final = re.compile(
    r"[+-]?(?:[0-9]{1,100}(?:\.[0-9]{0,100})?|\.[0-9]{1,100})(?:[eE][+-]?[0-9]{1,3})?\Z"
)
_EPOCH: Final = re.compile(r"(?![0-9]{4}\Z)([0-9]{1,12})(?:\.([0-9]{1,9}))?\Z")
_ISO: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?(?:Z|([+-])([0-9]{2}):?([0-9]{2})))?\Z"
)
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_PREFIX: Final = re.compile(r"[0-9]{1,3}\Z")


def number(text: str) -> Decimal | None:
    """A decimal number; leading zeroes and a plus sign are fine."""
    return Decimal(text) if _NUMBER.match(text) else None


def instant_ms(text: str) -> int | None:
    """Milliseconds since 1970 of an ISO 8601 date or time with its zone, or of epoch seconds.

    Four bare digits might be a year or an epoch, so they are neither.
    """
    if found := _EPOCH.match(text):
        return int(found[1]) * 1000 + _milliseconds(found[2])
    found = _ISO.match(text)
    if found is None:
        return None
    try:
        minutes = int(found[9] or 0) * 60 + int(found[10] or 0)
        zone = timezone(timedelta(minutes=-minutes if found[8] == "-" else minutes))
        year, month, day, hour, minute, second = (int(found[group] or 0) for group in range(1, 7))
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
    return (moment - _START) // _MILLISECOND + _milliseconds(found[7])


def _milliseconds(fraction: str | None) -> int:
    return int((fraction or "").ljust(3, "0")[:3])


def boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def binary(text: str) -> bytes | None:
    """The bytes of base64 text."""
    try:
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except ValueError:
        return None


Address = tuple[int, int]
"""IP version and the address as a number."""

Network = tuple[int, int, int]
"""IP version, number of host bits, the network's bits."""


@lru_cache(maxsize=_ADDRESSES_MAX)
def address(text: str) -> Address | None:
    """An address as a request has it; an IPv4 address mapped into IPv6 is the IPv4 address."""
    parsed = _parsed(text)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return None if parsed is None else (parsed.version, int(parsed))


def network(text: str) -> Network | None:
    """A network as a policy has it: host bits of IPv4 are ignored; IPv6 must have none, nor dots, as IAM wants it."""
    head, slash, tail = text.partition("/")
    parsed = _parsed(head)
    if parsed is None or (slash and not _PREFIX.match(tail)):
        return None
    prefix = int(tail) if slash else parsed.max_prefixlen
    if prefix > parsed.max_prefixlen:
        return None
    host_bits = parsed.max_prefixlen - prefix
    bits = int(parsed) >> host_bits
    if isinstance(parsed, IPv6Address) and (bits << host_bits != int(parsed) or "." in head):
        return None
    return parsed.version, host_bits, bits


# No address has this version.
_NOWHERE: Final[Network] = (0, 0, 0)


def network_or_nowhere(text: str) -> Network | None:
    """As `network`; an IPv6 block with host bits, which AWS was seen to take, holds no address."""
    found = network(text)
    if found is not None:
        return found
    head, _, tail = text.partition("/")
    prefix = int(tail) if _PREFIX.match(tail) else None
    version6 = isinstance(_parsed(head), IPv6Address)
    return _NOWHERE if version6 and prefix is not None and prefix <= IPv6Address(0).max_prefixlen else None


def within(found: Address, networks: tuple[Network, ...]) -> bool:
    version, value = found
    for other, host_bits, bits in networks:  # noqa: SIM110 - any() with a generator takes twice as long here
        if version == other and value >> host_bits == bits:
            return True
    return False


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    if "%" in text:
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None
