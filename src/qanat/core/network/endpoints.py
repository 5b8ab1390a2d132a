"""VPC endpoints: create, describe, delete, and what the network plane reports of them.

Invariants: at most one endpoint of a VPC answers to SQS's private name; an endpoint has at most one subnet an
availability zone and one interface a subnet.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

import msgspec
from msgspec.structs import replace

from qanat.core.network.commands import (
    CreateVpcEndpoint,
    DeleteVpcEndpoints,
    DescribeVpcEndpoints,
    ReportVpcEndpoint,
)
from qanat.core.network.endpoint_checks import (
    check_private_dns,
    check_service,
    check_zones,
    checked_ids,
    new_interfaces,
)
from qanat.core.network.errors import IdempotentParameterMismatch, VpcEndpointNotFound, VpcEndpointsExceeded
from qanat.core.network.filters import Reader, describe
from qanat.core.network.interfaces import groups_in, subnet_in
from qanat.core.network.model import EndpointState, NetworkInterface, VpcEndpoint
from qanat.core.network.records import VpcEndpointCreated, VpcEndpointDeleted, VpcEndpointModified
from qanat.core.network.replies import DeleteFailure, EndpointDescription
from qanat.core.network.store import NetworkStore
from qanat.core.page import Page
from qanat.core.part import Emit, Handlers

# PrivateLink guide, vpc-limits-endpoints: interface endpoints of one VPC.
ENDPOINTS_OF_VPC_MAX: Final = 50

_READERS: Final[Mapping[str, Reader[EndpointDescription]]] = {
    "vpc-endpoint-id": lambda shown: (shown.endpoint.vpc_endpoint_id,),
    "vpc-id": lambda shown: (shown.endpoint.vpc_id,),
    "service-name": lambda shown: (shown.endpoint.service_name,),
    "service-region": lambda shown: (shown.endpoint.home.region,),
    "vpc-endpoint-state": lambda shown: (shown.endpoint.state,),
    "vpc-endpoint-type": lambda shown: ("Interface",),
    "ip-address-type": lambda shown: ("ipv4",),
}


class Endpoints:
    def __init__(self, store: NetworkStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            CreateVpcEndpoint: self._create,
            DescribeVpcEndpoints: self._describe,
            DeleteVpcEndpoints: self._delete,
            ReportVpcEndpoint: self._report,
        }

    def _create(self, command: CreateVpcEndpoint, now_ms: int) -> EndpointDescription:
        digest = None if command.client_token is None else _digest(command)
        made = self._made_by_token(command, digest)
        if made is not None:
            return self._shown(made)
        endpoint, interfaces = self._checked(command, now_ms)
        self._emit(VpcEndpointCreated(endpoint, interfaces, digest))
        return self._shown(endpoint)

    def _made_by_token(self, command: CreateVpcEndpoint, digest: str | None) -> VpcEndpoint | None:
        used = self._store.client_tokens.get((command.home, command.client_token or ""))
        if used is None or digest is None:
            return None
        if used.request_digest != digest:
            raise IdempotentParameterMismatch
        return self._store.endpoint(command.home, used.vpc_endpoint_id)

    def _checked(
        self, command: CreateVpcEndpoint, now_ms: int
    ) -> tuple[VpcEndpoint, tuple[NetworkInterface, ...]]:
        store = self._store
        vpc = store.vpc(command.home, command.vpc_id)
        check_service(vpc.home.region, command.service_name, command.endpoint_type)
        policy_ids = checked_ids(command.policy, store.unique_id_of)
        subnets = [subnet_in(store, vpc, subnet_id) for subnet_id in command.subnet_ids]
        check_zones(subnets)
        groups = groups_in(store, vpc, command.security_group_ids)
        if command.private_dns_enabled:
            check_private_dns(store, vpc, None)
        if store.endpoints.count("vpc", vpc.vpc_id) >= ENDPOINTS_OF_VPC_MAX:
            raise VpcEndpointsExceeded
        endpoint = VpcEndpoint(
            command.vpc_endpoint_id,
            vpc.vpc_id,
            vpc.home,
            command.service_name,
            EndpointState.PENDING,
            command.policy,
            command.subnet_ids,
            groups,
            command.private_dns_enabled,
            command.dns_suffix,
            now_ms,
            client_token=command.client_token,
            tags=command.tags,
            policy_ids=policy_ids,
        )
        return endpoint, new_interfaces(store, endpoint, subnets, command.interface_ids, command.addresses)

    def _describe(self, command: DescribeVpcEndpoints, now_ms: int) -> Page[EndpointDescription]:
        owned = map(self._shown, self._store.endpoints.where("home", str(command.home)))
        return describe(
            command,
            owned,
            lambda home, endpoint_id: self._shown(self._store.endpoint(home, endpoint_id)),
            lambda shown: shown.endpoint.vpc_endpoint_id,
            _READERS,
            lambda shown: shown.endpoint.tags,
        )

    def _shown(self, endpoint: VpcEndpoint) -> EndpointDescription:
        store = self._store
        own = store.interfaces.where("endpoint", endpoint.vpc_endpoint_id)
        by_subnet = {interface.subnet_id: interface for interface in own}
        interfaces = tuple(by_subnet[subnet_id] for subnet_id in endpoint.subnet_ids)
        zones = tuple(
            store.subnet(endpoint.home, subnet_id).availability_zone for subnet_id in endpoint.subnet_ids
        )
        return EndpointDescription(
            endpoint, interfaces, store.group_names(endpoint.security_group_ids), zones
        )

    def _delete(self, command: DeleteVpcEndpoints, now_ms: int) -> tuple[DeleteFailure, ...]:
        failures = []
        for endpoint_id in dict.fromkeys(command.vpc_endpoint_ids):
            try:
                self._store.endpoint(command.home, endpoint_id)
            except VpcEndpointNotFound as error:
                failures.append(DeleteFailure(endpoint_id, error.code, error.message))
            else:
                self._emit(VpcEndpointDeleted(endpoint_id))
        return tuple(failures)

    def _report(self, command: ReportVpcEndpoint, now_ms: int) -> None:
        endpoint = self._store.endpoints.get(command.vpc_endpoint_id)
        if endpoint is None:
            return
        reported = replace(endpoint, state=command.state, failure=command.failure)
        if reported != endpoint:
            self._emit(VpcEndpointModified(reported))


def _digest(command: CreateVpcEndpoint) -> str:
    """Of what the client asked, without the ids that we made for it."""
    asked = replace(command, vpc_endpoint_id="", dns_suffix="", interface_ids=())
    return sha256(msgspec.json.encode(asked)).hexdigest()
