"""The rows of VPC endpoints."""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

from qanat.core.errors import InvalidParameterValue, MissingParameter
from qanat.core.names import sqs_host
from qanat.core.network import commands
from qanat.core.network.errors import InvalidParameter, VpcEndpointIdMalformed
from qanat.core.network.model import endpoint_dns_names
from qanat.core.network.replies import DeleteFailure, EndpointDescription
from qanat.core.policy.full_access import FULL_ACCESS_TEXT
from qanat.core.policy.stored import shown
from qanat.wire.ec2.common import (
    DescribeInput,
    Ec2Input,
    TagSpecification,
    arn,
    everything,
    filters,
    max_results,
    nothing,
    page_output,
    require,
    row,
    tag_set,
    tags_for,
)
from qanat.wire.service import Call, Output, table
from qanat.wire.xml import Timestamp

# EC2 API reference, "Ensuring idempotency": ASCII up to 64 characters.
_CLIENT_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,64}")
_ENDPOINT_ID: Final = re.compile(r"vpce-[0-9a-f]{8,17}")

# The zones behind the endpoint's own names, where the examples of AWS's documentation show them.
_HOSTED_ZONES: Final[Mapping[str, str]] = {"us-east-1": "Z7HUB22UULQXV", "us-east-2": "ZC8PG0KIFKBRI"}
_HOSTED_ZONE_ELSEWHERE: Final = "ZQANATVPCE"


class DnsOptions(Struct, frozen=True, rename="pascal"):
    dns_record_ip_type: str | None = None
    private_dns_only_for_inbound_resolver_endpoint: bool | None = None


class SubnetConfiguration(Struct, frozen=True, rename="pascal"):
    subnet_id: str
    ipv4: str | None = None


class CreateVpcEndpointInput(Ec2Input, frozen=True):
    vpc_id: str
    service_name: str | None = None
    vpc_endpoint_type: str = "Gateway"
    policy_document: str | None = None
    subnet_ids: tuple[str, ...] = field(default=(), name="SubnetId")
    subnet_configurations: tuple[SubnetConfiguration, ...] = field(default=(), name="SubnetConfiguration")
    security_group_ids: tuple[str, ...] = field(default=(), name="SecurityGroupId")
    route_table_ids: tuple[str, ...] = field(default=(), name="RouteTableId")
    private_dns_enabled: bool = True
    ip_address_type: str | None = None
    dns_options: DnsOptions | None = None
    service_region: str | None = None
    client_token: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = field(default=(), name="TagSpecification")


class DescribeVpcEndpointsInput(DescribeInput, frozen=True):
    vpc_endpoint_ids: tuple[str, ...] = field(default=(), name="VpcEndpointId")


class ModifyVpcEndpointInput(Ec2Input, frozen=True):
    vpc_endpoint_id: str
    reset_policy: bool = False
    policy_document: str | None = None
    add_subnet_ids: tuple[str, ...] = field(default=(), name="AddSubnetId")
    remove_subnet_ids: tuple[str, ...] = field(default=(), name="RemoveSubnetId")
    subnet_configurations: tuple[SubnetConfiguration, ...] = field(default=(), name="SubnetConfiguration")
    add_security_group_ids: tuple[str, ...] = field(default=(), name="AddSecurityGroupId")
    remove_security_group_ids: tuple[str, ...] = field(default=(), name="RemoveSecurityGroupId")
    add_route_table_ids: tuple[str, ...] = field(default=(), name="AddRouteTableId")
    remove_route_table_ids: tuple[str, ...] = field(default=(), name="RemoveRouteTableId")
    private_dns_enabled: bool | None = None
    ip_address_type: str | None = None
    dns_options: DnsOptions | None = None


class DeleteVpcEndpointsInput(Ec2Input, frozen=True):
    vpc_endpoint_ids: tuple[str, ...] = field(name="VpcEndpointId")


def _create(given: CreateVpcEndpointInput, call: Call) -> object:
    if given.service_name is None:
        raise MissingParameter("ServiceName")
    if given.client_token is not None and not _CLIENT_TOKEN.fullmatch(given.client_token):
        raise InvalidParameterValue("The client token must be 1 to 64 printable ASCII characters.")
    require("serviceRegion", given.service_region, call.region)
    # A gateway endpoint, which route tables are for, is refused by the core with EC2's own text.
    if given.vpc_endpoint_type == "Interface":
        _check_address_options(given.ip_address_type, given.dns_options, given.route_table_ids)
    subnet_ids = _all_subnets(given.subnet_ids, given.subnet_configurations)
    tags = tags_for("vpc-endpoint", given.tag_specifications)
    return commands.CreateVpcEndpoint(
        call.home,
        call.ids.ec2("vpce"),
        given.vpc_id,
        given.service_name,
        given.vpc_endpoint_type,
        call.ids.suffix(),
        given.policy_document,
        subnet_ids,
        _addresses(given.subnet_configurations),
        tuple(call.ids.ec2("eni") for _ in subnet_ids),
        given.security_group_ids,
        given.private_dns_enabled,
        given.client_token,
        tags,
    )


def _check_address_options(
    ip_address_type: str | None, options: DnsOptions | None, route_table_ids: tuple[str, ...]
) -> None:
    if route_table_ids:
        raise InvalidParameter("Route table IDs are only supported for Gateway type VPC Endpoint.")
    require("ipAddressType", ip_address_type, "ipv4")
    if options is not None:
        require("dnsRecordIpType", options.dns_record_ip_type, "ipv4", "service-defined")
        inbound_only = options.private_dns_only_for_inbound_resolver_endpoint
        require("privateDnsOnlyForInboundResolverEndpoint", inbound_only, False)


def _all_subnets(subnet_ids: tuple[str, ...], wishes: tuple[SubnetConfiguration, ...]) -> tuple[str, ...]:
    """A subnet may be named in either list or both. Twice in one list is left for the core to refuse."""
    return subnet_ids + tuple(wish.subnet_id for wish in wishes if wish.subnet_id not in subnet_ids)


def _addresses(wishes: tuple[SubnetConfiguration, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((wish.subnet_id, wish.ipv4) for wish in wishes if wish.ipv4 is not None)


def _creation_resources(given: CreateVpcEndpointInput, call: Call) -> tuple[str, ...]:
    """Service authorization reference, CreateVpcEndpoint."""
    subnet_ids = _all_subnets(given.subnet_ids, given.subnet_configurations)
    return (
        arn(call, "vpc-endpoint"),
        arn(call, "vpc", given.vpc_id),
        *(arn(call, "subnet", subnet_id) for subnet_id in subnet_ids),
        *(arn(call, "security-group", group_id) for group_id in given.security_group_ids),
    )


def _created(shown: EndpointDescription, given: CreateVpcEndpointInput, call: Call) -> Output:
    return {"vpcEndpoint": _shown(shown, call), "clientToken": given.client_token}


def _describe(given: DescribeVpcEndpointsInput, call: Call) -> object:
    _check_ids(given.vpc_endpoint_ids)
    return commands.DescribeVpcEndpoints(
        call.home, given.vpc_endpoint_ids, filters(given.filters), max_results(given), given.next_token
    )


def _check_ids(ids: tuple[str, ...]) -> None:
    for one in ids:
        if not _ENDPOINT_ID.fullmatch(one):
            raise VpcEndpointIdMalformed(one)


def _shown(description: EndpointDescription, call: Call) -> Mapping[str, object]:
    endpoint = description.endpoint
    failure = endpoint.failure
    return {
        "vpcEndpointId": endpoint.vpc_endpoint_id,
        "vpcEndpointType": "Interface",
        "vpcId": endpoint.vpc_id,
        "serviceName": endpoint.service_name,
        "serviceRegion": endpoint.home.region,
        "state": endpoint.state.value,
        "policyDocument": FULL_ACCESS_TEXT
        if endpoint.policy is None
        else shown(endpoint.policy, endpoint.policy_ids, call.directory.arn_of),
        "routeTableIdSet": [],
        "subnetIdSet": endpoint.subnet_ids,
        "groupSet": [{"groupId": group_id, "groupName": name} for group_id, name in description.groups],
        "ipAddressType": "ipv4",
        "dnsOptions": {"dnsRecordIpType": "ipv4"},
        "privateDnsEnabled": endpoint.private_dns_enabled,
        "requesterManaged": False,
        "networkInterfaceIdSet": [interface.interface_id for interface in description.interfaces],
        "dnsEntrySet": _dns_entries(description),
        "creationTimestamp": Timestamp(endpoint.created_at_ms),
        "ownerId": endpoint.home.account,
        "lastError": None if failure is None else {"code": "InternalError", "message": failure},
        "failureReason": failure,
        "tagSet": tag_set(endpoint.tags),
    }


def _dns_entries(shown: EndpointDescription) -> list[Mapping[str, object]]:
    endpoint, region = shown.endpoint, shown.endpoint.home.region
    zone = _HOSTED_ZONES.get(region, _HOSTED_ZONE_ELSEWHERE)
    entries: list[Mapping[str, object]] = [
        {"dnsName": name, "hostedZoneId": zone} for name in endpoint_dns_names(endpoint, shown.zones)
    ]
    if endpoint.private_dns_enabled:
        # The private zone is the endpoint's own and hidden; its id is made from the endpoint's.
        private_zone = f"Z{endpoint.vpc_endpoint_id.removeprefix('vpce-').upper()}"
        entries.append({"dnsName": sqs_host(region), "hostedZoneId": private_zone})
    return entries


def _modify(given: ModifyVpcEndpointInput, call: Call) -> object:
    _check_ids((given.vpc_endpoint_id,))
    route_tables = given.add_route_table_ids + given.remove_route_table_ids
    _check_address_options(given.ip_address_type, given.dns_options, route_tables)
    subnet_ids = _all_subnets(given.add_subnet_ids, given.subnet_configurations)
    return commands.ModifyVpcEndpoint(
        call.home,
        given.vpc_endpoint_id,
        given.reset_policy,
        given.policy_document,
        subnet_ids,
        given.remove_subnet_ids,
        _addresses(given.subnet_configurations),
        tuple(call.ids.ec2("eni") for _ in subnet_ids),
        given.add_security_group_ids,
        given.remove_security_group_ids,
        given.private_dns_enabled,
    )


def _modification_resources(given: ModifyVpcEndpointInput, call: Call) -> tuple[str, ...]:
    """Service authorization reference, ModifyVpcEndpoint."""
    subnet_ids = (*_all_subnets(given.add_subnet_ids, given.subnet_configurations), *given.remove_subnet_ids)
    group_ids = given.add_security_group_ids + given.remove_security_group_ids
    return (
        arn(call, "vpc-endpoint", given.vpc_endpoint_id),
        *(arn(call, "subnet", subnet_id) for subnet_id in subnet_ids),
        *(arn(call, "security-group", group_id) for group_id in group_ids),
    )


def _delete(given: DeleteVpcEndpointsInput, call: Call) -> object:
    if not given.vpc_endpoint_ids:
        raise MissingParameter("VpcEndpointId")
    _check_ids(given.vpc_endpoint_ids)
    return commands.DeleteVpcEndpoints(call.home, given.vpc_endpoint_ids)


def _deletion_resources(given: DeleteVpcEndpointsInput, call: Call) -> tuple[str, ...]:
    """Every endpoint named, so that leave for one is not leave for all."""
    return tuple(arn(call, "vpc-endpoint", one) for one in given.vpc_endpoint_ids) or (
        arn(call, "vpc-endpoint"),
    )


def _deleted(failures: tuple[DeleteFailure, ...], given: object, call: Call) -> Output:
    return {
        "unsuccessful": [
            {"resourceId": one.vpc_endpoint_id, "error": {"code": one.code, "message": one.message}}
            for one in failures
        ]
    }


ENDPOINT_OPERATIONS = table(
    row("CreateVpcEndpoint", CreateVpcEndpointInput, _creation_resources, _create, _created),
    row(
        "DescribeVpcEndpoints",
        DescribeVpcEndpointsInput,
        everything,
        _describe,
        page_output("vpcEndpointSet", _shown),
    ),
    row("ModifyVpcEndpoint", ModifyVpcEndpointInput, _modification_resources, _modify, nothing),
    row("DeleteVpcEndpoints", DeleteVpcEndpointsInput, _deletion_resources, _delete, _deleted),
)
