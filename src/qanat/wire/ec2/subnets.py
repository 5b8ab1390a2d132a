"""The rows of subnets and availability zones."""

from collections.abc import Mapping

from msgspec import field

from qanat.core.errors import InvalidParameterCombination, InvalidParameterValue
from qanat.core.network import commands
from qanat.core.network.replies import SubnetDescription
from qanat.core.network.zones import Zone, zone_id_of, zones_of
from qanat.wire.ec2.common import (
    DescribeInput,
    Ec2Input,
    FilterInput,
    TagSpecification,
    arn,
    everything,
    filters,
    max_results,
    nothing,
    page_output,
    row,
    tag_set,
    tags_for,
)
from qanat.wire.service import Call, Output, table


class CreateSubnetInput(Ec2Input, frozen=True):
    vpc_id: str
    cidr_block: str
    availability_zone: str | None = None
    availability_zone_id: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = field(default=(), name="TagSpecification")


class DescribeSubnetsInput(DescribeInput, frozen=True):
    subnet_ids: tuple[str, ...] = field(default=(), name="SubnetId")


class DeleteSubnetInput(Ec2Input, frozen=True):
    subnet_id: str


class DescribeAvailabilityZonesInput(Ec2Input, frozen=True):
    zone_names: tuple[str, ...] = field(default=(), name="ZoneName")
    zone_ids: tuple[str, ...] = field(default=(), name="ZoneId")
    all_availability_zones: bool | None = None
    filters: tuple[FilterInput, ...] = field(default=(), name="Filter")


def _zone_name(given: CreateSubnetInput, call: Call) -> str | None:
    """Whether a zone named outright is one of the Region's, the core checks."""
    if given.availability_zone_id is None:
        return given.availability_zone
    if given.availability_zone is not None:
        raise InvalidParameterCombination(
            "Only one of AvailabilityZone or AvailabilityZoneId can be specified."
        )
    for zone in zones_of(call.region):
        if zone.zone_id == given.availability_zone_id:
            return zone.name
    raise InvalidParameterValue(
        f"Value ({given.availability_zone_id}) for parameter availabilityZoneId is invalid."
    )


def _create(given: CreateSubnetInput, call: Call) -> object:
    zone = _zone_name(given, call)
    tags = tags_for("subnet", given.tag_specifications)
    return commands.CreateSubnet(
        call.home,
        call.ids.ec2("subnet"),
        given.vpc_id,
        given.cidr_block,
        tuple(zone.name for zone in zones_of(call.region)),
        zone,
        tags,
    )


def _describe(given: DescribeSubnetsInput, call: Call) -> object:
    return commands.DescribeSubnets(
        call.home, given.subnet_ids, filters(given.filters), max_results(given), given.next_token
    )


def _shown(shown: SubnetDescription, call: Call, state: str = "available") -> Mapping[str, object]:
    subnet = shown.subnet
    return {
        "subnetId": subnet.subnet_id,
        "subnetArn": arn(call, "subnet", subnet.subnet_id),
        "vpcId": subnet.vpc_id,
        "ownerId": subnet.home.account,
        "state": state,
        "cidrBlock": subnet.cidr_block,
        "ipv6CidrBlockAssociationSet": [],
        "availableIpAddressCount": shown.free_addresses,
        "availabilityZone": subnet.availability_zone,
        "availabilityZoneId": zone_id_of(subnet.availability_zone),
        "defaultForAz": False,
        "mapPublicIpOnLaunch": False,
        "mapCustomerOwnedIpOnLaunch": False,
        "assignIpv6AddressOnCreation": False,
        "enableDns64": False,
        "ipv6Native": False,
        # Terraform passes a subnet over that does not say this.
        "privateDnsNameOptionsOnLaunch": {
            "hostnameType": "ip-name",
            "enableResourceNameDnsARecord": False,
            "enableResourceNameDnsAAAARecord": False,
        },
        "tagSet": tag_set(subnet.tags),
    }


def _describe_zones(given: DescribeAvailabilityZonesInput, call: Call) -> object:
    return commands.DescribeAvailabilityZones(
        call.region, given.zone_names, given.zone_ids, filters(given.filters)
    )


def _zones(zones: tuple[Zone, ...], given: object, call: Call) -> Output:
    return {"availabilityZoneInfo": [_zone(zone) for zone in zones]}


def _zone(zone: Zone) -> Mapping[str, object]:
    return {
        "zoneName": zone.name,
        "zoneId": zone.zone_id,
        "zoneState": "available",
        "zoneType": "availability-zone",
        "regionName": zone.region,
        "groupName": zone.region,
        "networkBorderGroup": zone.region,
        "optInStatus": "opt-in-not-required",
        "messageSet": [],
    }


SUBNET_OPERATIONS = table(
    row(
        "CreateSubnet",
        CreateSubnetInput,
        lambda given, call: (arn(call, "subnet"), arn(call, "vpc", given.vpc_id)),
        _create,
        lambda shown, given, call: {"subnet": _shown(shown, call)},
    ),
    row("DescribeSubnets", DescribeSubnetsInput, everything, _describe, page_output("subnetSet", _shown)),
    row(
        "DeleteSubnet",
        DeleteSubnetInput,
        lambda given, call: arn(call, "subnet", given.subnet_id),
        lambda given, call: commands.DeleteSubnet(call.home, given.subnet_id),
        nothing,
    ),
    row("DescribeAvailabilityZones", DescribeAvailabilityZonesInput, everything, _describe_zones, _zones),
)
