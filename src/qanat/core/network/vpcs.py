"""VPCs: create, describe, attributes, delete."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from qanat.core.network import addresses
from qanat.core.network.commands import (
    CreateVpc,
    DeleteVpc,
    DescribeVpcAttribute,
    DescribeVpcs,
    ModifyVpcAttribute,
)
from qanat.core.network.errors import DependencyViolation, VpcRangeInvalid
from qanat.core.network.filters import Reader, describe
from qanat.core.network.model import SecurityGroup, SecurityGroupRule, Vpc
from qanat.core.network.records import VpcCreated, VpcDeleted, VpcModified
from qanat.core.network.rules import allow_all
from qanat.core.network.store import NetworkStore
from qanat.core.page import Page
from qanat.core.part import Emit, Handlers

_READERS: Final[Mapping[str, Reader[Vpc]]] = {
    "vpc-id": lambda vpc: (vpc.vpc_id,),
    "cidr": lambda vpc: (vpc.cidr_block,),
    "cidr-block-association.cidr-block": lambda vpc: (vpc.cidr_block,),
    "cidr-block-association.state": lambda vpc: ("associated",),
    "is-default": lambda vpc: ("false",),
    "isDefault": lambda vpc: ("false",),
    "owner-id": lambda vpc: (vpc.home.account,),
    "state": lambda vpc: ("available",),
}


class Vpcs:
    def __init__(self, store: NetworkStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            CreateVpc: self._create,
            DescribeVpcs: self._describe,
            DescribeVpcAttribute: self._get,
            ModifyVpcAttribute: self._modify,
            DeleteVpc: self._delete,
        }

    def _create(self, command: CreateVpc, now_ms: int) -> Vpc:
        block = addresses.block(command.cidr_block, "cidrBlock")
        if not addresses.fits_a_vpc(block):
            raise VpcRangeInvalid(f"The CIDR '{command.cidr_block}' is invalid.")
        vpc = Vpc(command.vpc_id, command.home, str(block), command.group_id, tags=command.tags)
        self._emit(VpcCreated(vpc, _default_group(command)))
        return vpc

    def _describe(self, command: DescribeVpcs, now_ms: int) -> Page[Vpc]:
        owned = self._store.vpcs.where("home", str(command.home))
        return describe(
            command, owned, self._store.vpc, lambda vpc: vpc.vpc_id, _READERS, lambda vpc: vpc.tags
        )

    def _get(self, command: DescribeVpcAttribute, now_ms: int) -> Vpc:
        return self._store.vpc(command.home, command.vpc_id)

    def _modify(self, command: ModifyVpcAttribute, now_ms: int) -> None:
        vpc = self._store.vpc(command.home, command.vpc_id)
        modified = replace(
            vpc,
            enable_dns_support=_given(command.enable_dns_support, vpc.enable_dns_support),
            enable_dns_hostnames=_given(command.enable_dns_hostnames, vpc.enable_dns_hostnames),
        )
        if modified != vpc:
            self._emit(VpcModified(modified))

    def _delete(self, command: DeleteVpc, now_ms: int) -> None:
        vpc = self._store.vpc(command.home, command.vpc_id)
        store, vpc_id = self._store, vpc.vpc_id
        lived_in = any(
            table.count("vpc", vpc_id) for table in (store.subnets, store.endpoints, store.interfaces)
        )
        # The default group is always there and goes with the VPC.
        if lived_in or store.groups.count("vpc", vpc_id) > 1:
            raise DependencyViolation(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        self._emit(VpcDeleted(vpc_id))


def _default_group(command: CreateVpc) -> SecurityGroup:
    """VPC User Guide, default-security-group: in from its own members, out to anywhere."""
    own = SecurityGroupRule(command.ingress_rule_id, "-1", -1, -1, source_group_id=command.group_id)
    return SecurityGroup(
        command.group_id,
        command.vpc_id,
        command.home,
        name="default",
        description="default VPC security group",
        ingress=(own,),
        egress=(allow_all(command.egress_rule_id),),
    )


def _given(value: bool | None, otherwise: bool) -> bool:
    return otherwise if value is None else value
