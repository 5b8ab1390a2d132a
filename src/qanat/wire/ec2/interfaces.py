"""The rows of network interfaces."""

from collections.abc import Mapping

from msgspec import field

from qanat.core.network import commands
from qanat.core.network.replies import InterfaceDescription
from qanat.core.network.zones import zone_id_of
from qanat.wire.ec2.common import DescribeInput, everything, filters, max_results, page_output, row
from qanat.wire.service import Call, table


class DescribeNetworkInterfacesInput(DescribeInput, frozen=True):
    network_interface_ids: tuple[str, ...] = field(default=(), name="NetworkInterfaceId")
    include_managed_resources: bool | None = None


def _describe(given: DescribeNetworkInterfacesInput, call: Call) -> object:
    return commands.DescribeNetworkInterfaces(
        call.home,
        given.network_interface_ids,
        filters(given.filters),
        max_results(given),
        given.next_token,
    )


def _shown(shown: InterfaceDescription, call: Call) -> Mapping[str, object]:
    interface = shown.interface
    return {
        "networkInterfaceId": interface.interface_id,
        "interfaceType": interface.type.value,
        "vpcId": interface.vpc_id,
        "subnetId": interface.subnet_id,
        "availabilityZone": shown.availability_zone,
        "availabilityZoneId": zone_id_of(shown.availability_zone),
        "description": interface.description,
        "ownerId": interface.home.account,
        "requesterManaged": interface.vpc_endpoint_id is not None,
        "sourceDestCheck": True,
        "status": "in-use",
        "privateIpAddress": interface.private_ip,
        "privateIpAddressesSet": [{"privateIpAddress": interface.private_ip, "primary": True}],
        "ipv6AddressesSet": [],
        "groupSet": [{"groupId": group_id, "groupName": name} for group_id, name in shown.groups],
        "tagSet": [],
    }


INTERFACE_OPERATIONS = table(
    row(
        "DescribeNetworkInterfaces",
        DescribeNetworkInterfacesInput,
        everything,
        _describe,
        page_output("networkInterfaceSet", _shown),
    ),
)
