"""ModifyVpcEndpoint: policy, subnets, security groups and private DNS of an endpoint that stands.

A change of subnets sends the endpoint back to pending until the network plane reports its sockets anew.
"""

from msgspec.structs import replace

from qanat.core.errors import InvalidParameterCombination
from qanat.core.network.commands import ModifyVpcEndpoint
from qanat.core.network.endpoint_checks import check_private_dns, check_zones, checked_ids, new_interfaces
from qanat.core.network.errors import InvalidParameter
from qanat.core.network.interfaces import groups_in, subnet_in
from qanat.core.network.model import EndpointState, NetworkInterface, Vpc, VpcEndpoint
from qanat.core.network.records import VpcEndpointModified
from qanat.core.network.store import NetworkStore
from qanat.core.part import Emit, Handlers
from qanat.core.policy.stored import Ids


class EndpointChanges:
    def __init__(self, store: NetworkStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {ModifyVpcEndpoint: self._modify}

    def _modify(self, command: ModifyVpcEndpoint, now_ms: int) -> None:
        endpoint = self._store.endpoint(command.home, command.vpc_endpoint_id)
        vpc = self._store.vpc(command.home, endpoint.vpc_id)
        policy, policy_ids = self._policy(command, endpoint)
        modified = replace(
            endpoint,
            policy=policy,
            policy_ids=policy_ids,
            subnet_ids=_changed(
                endpoint.subnet_ids, command.add_subnet_ids, command.remove_subnet_ids, "subnet"
            ),
            security_group_ids=self._groups(command, endpoint, vpc),
            private_dns_enabled=self._private_dns(command, endpoint, vpc),
        )
        added, kept, removed = self._interfaces(command, vpc, modified)
        if added or removed:
            modified = replace(modified, state=EndpointState.PENDING, failure=None)
        if modified != endpoint:
            self._emit(VpcEndpointModified(modified, (*kept, *added), removed))

    def _policy(self, command: ModifyVpcEndpoint, endpoint: VpcEndpoint) -> tuple[str | None, Ids]:
        if command.reset_policy and command.policy is not None:
            raise InvalidParameterCombination("ResetPolicy and PolicyDocument cannot be given together.")
        if command.reset_policy:
            return None, ()
        if command.policy is None:
            return endpoint.policy, endpoint.policy_ids
        return command.policy, checked_ids(command.policy, self._store.unique_id_of)

    def _groups(self, command: ModifyVpcEndpoint, endpoint: VpcEndpoint, vpc: Vpc) -> tuple[str, ...]:
        added, removed = command.add_security_group_ids, command.remove_security_group_ids
        wanted = _changed(endpoint.security_group_ids, added, removed, "security group")
        if not wanted:
            raise InvalidParameter("An Interface VPC Endpoint must always have at least one Security Group")
        return groups_in(self._store, vpc, wanted)

    def _private_dns(self, command: ModifyVpcEndpoint, endpoint: VpcEndpoint, vpc: Vpc) -> bool:
        if command.private_dns_enabled is None:
            return endpoint.private_dns_enabled
        if command.private_dns_enabled:
            check_private_dns(self._store, vpc, endpoint.vpc_endpoint_id)
        return command.private_dns_enabled

    def _interfaces(
        self, command: ModifyVpcEndpoint, vpc: Vpc, modified: VpcEndpoint
    ) -> tuple[tuple[NetworkInterface, ...], tuple[NetworkInterface, ...], tuple[str, ...]]:
        """The new interfaces, those that stay but have other groups, and the ids of those that go."""
        own = self._store.interfaces.where("endpoint", modified.vpc_endpoint_id)
        subnets = [subnet_in(self._store, vpc, subnet_id) for subnet_id in modified.subnet_ids]
        check_zones(subnets)
        standing = {interface.subnet_id: interface.private_ip for interface in own}
        fresh = [subnet for subnet in subnets if subnet.subnet_id not in standing]
        ids = command.interface_ids[: len(fresh)]
        # To ask for the address that an interface has already is to ask for nothing.
        wishes = tuple(wish for wish in command.addresses if standing.get(wish[0]) != wish[1])
        added = new_interfaces(self._store, modified, fresh, ids, wishes)
        groups = modified.security_group_ids
        staying = [interface for interface in own if interface.subnet_id in modified.subnet_ids]
        kept = tuple(
            replace(interface, security_group_ids=groups)
            for interface in staying
            if interface.security_group_ids != groups
        )
        removed = tuple(one.interface_id for one in own if one.subnet_id not in modified.subnet_ids)
        return added, kept, removed


def _changed(
    standing: tuple[str, ...], added: tuple[str, ...], removed: tuple[str, ...], kind: str
) -> tuple[str, ...]:
    """Additions come last, in their order; adding what is there changes nothing, removing what is not is refused."""
    strangers = [one for one in removed if one not in standing]
    if strangers:
        raise InvalidParameter(f"The {kind} '{strangers[0]}' is not associated with the VPC endpoint.")
    return tuple(one for one in dict.fromkeys(standing + added) if one not in removed)
