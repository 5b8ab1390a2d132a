"""Availability zones: every Region here has three, named as AWS names them."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from qanat.core.errors import InvalidParameterValue
from qanat.core.network.commands import DescribeAvailabilityZones
from qanat.core.network.filters import Reader, select
from qanat.core.part import Handlers

_LETTERS: Final = "abc"
_DIRECTIONS: Final[Mapping[str, str]] = {
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
}


class Zone(Struct, frozen=True):
    name: str
    zone_id: str
    region: str


def zones_of(region: str) -> tuple[Zone, ...]:
    """`us-east-2a` with the id `use2-az1`, and so on."""
    area, *directions, number = region.split("-")
    short = "".join(_DIRECTIONS.get(direction, direction[:1]) for direction in directions)
    return tuple(
        Zone(f"{region}{letter}", f"{area}{short}{number}-az{index}", region)
        for index, letter in enumerate(_LETTERS, 1)
    )


def zone_id_of(name: str) -> str:
    """The id of a zone that `zones_of` made."""
    return next(zone.zone_id for zone in zones_of(name[:-1]) if zone.name == name)


_READERS: Final[Mapping[str, Reader[Zone]]] = {
    "zone-name": lambda zone: (zone.name,),
    "zone-id": lambda zone: (zone.zone_id,),
    "region-name": lambda zone: (zone.region,),
    "group-name": lambda zone: (zone.region,),
    "state": lambda zone: ("available",),
    "opt-in-status": lambda zone: ("opt-in-not-required",),
    "zone-type": lambda zone: ("availability-zone",),
}


def _describe(command: DescribeAvailabilityZones, now_ms: int) -> tuple[Zone, ...]:
    zones = zones_of(command.region)
    zones = _only(zones, command.names, "ZoneName", lambda zone: zone.name)
    zones = _only(zones, command.zone_ids, "ZoneId", lambda zone: zone.zone_id)
    return tuple(select(zones, command.filters, _READERS, lambda zone: ()))


def _only(
    zones: tuple[Zone, ...], wanted: tuple[str, ...], parameter: str, read: Callable[[Zone], str]
) -> tuple[Zone, ...]:
    for one in wanted:
        if one not in map(read, zones):
            raise InvalidParameterValue(f"Invalid availability zone: [{one}] for parameter {parameter}")
    return tuple(zone for zone in zones if not wanted or read(zone) in wanted)


HANDLERS: Final[Handlers] = {DescribeAvailabilityZones: _describe}
