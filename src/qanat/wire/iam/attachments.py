"""The rows of managed policies attached to users, groups and roles: the same three for each kind of holder."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, field

from qanat.core.identity.holders import HolderKind
from qanat.core.identity.model import ManagedPolicy
from qanat.core.identity.policy_commands import AttachPolicy, DetachPolicy, ListAttachedPolicies
from qanat.core.page import Page
from qanat.wire.iam.boundaries import read_policy_arn
from qanat.wire.iam.common import (
    GroupName,
    IamInput,
    Marker,
    MaxItems,
    NewUserName,
    RoleName,
    boundary_context,
    holder_arn,
    page_fields,
)
from qanat.wire.service import Call, Context, Operation, Output, table

PolicyPath = Annotated[str, Meta(min_length=1, max_length=512, pattern=r"((/[A-Za-z0-9\.,\+@=_-]+)*)/")]


class UserInput(IamInput, frozen=True):
    holder: NewUserName = field(name="UserName")
    policy_arn: str


class ListUserInput(IamInput, frozen=True):
    holder: NewUserName = field(name="UserName")
    path_prefix: PolicyPath = "/"
    marker: Marker | None = None
    max_items: MaxItems = 100


class GroupInput(IamInput, frozen=True):
    holder: GroupName = field(name="GroupName")
    policy_arn: str


class ListGroupInput(IamInput, frozen=True):
    holder: GroupName = field(name="GroupName")
    path_prefix: PolicyPath = "/"
    marker: Marker | None = None
    max_items: MaxItems = 100


class RoleInput(IamInput, frozen=True):
    holder: RoleName = field(name="RoleName")
    policy_arn: str


class ListRoleInput(IamInput, frozen=True):
    holder: RoleName = field(name="RoleName")
    path_prefix: PolicyPath = "/"
    marker: Marker | None = None
    max_items: MaxItems = 100


OneInput = UserInput | GroupInput | RoleInput
ListInput = ListUserInput | ListGroupInput | ListRoleInput


def _rows(kind: HolderKind, one: type[OneInput], list_input: type[ListInput]) -> Mapping[str, Operation]:
    holder = kind.capitalize()

    def resource(given: OneInput | ListInput, call: Call) -> str:
        return holder_arn(kind, given.holder, call)

    def context(given: OneInput, call: Call) -> Context:
        return {"iam:policyarn": given.policy_arn, **boundary_context(kind, given.holder, call)}

    def attach(given: OneInput, call: Call) -> object:
        return AttachPolicy(kind, call.account, given.holder, read_policy_arn(given.policy_arn))

    def detach(given: OneInput, call: Call) -> object:
        return DetachPolicy(kind, call.account, given.holder, read_policy_arn(given.policy_arn))

    def list_(given: ListInput, call: Call) -> object:
        return ListAttachedPolicies(
            kind, call.account, given.holder, given.path_prefix, given.marker, given.max_items
        )

    listing = f"ListAttached{holder}Policies"
    return table(
        Operation(
            f"Attach{holder}Policy",
            one,
            f"iam:Attach{holder}Policy",
            resource,
            attach,
            _done,
            context=context,
        ),
        Operation(
            f"Detach{holder}Policy",
            one,
            f"iam:Detach{holder}Policy",
            resource,
            detach,
            _done,
            context=context,
        ),
        Operation(listing, list_input, f"iam:{listing}", resource, list_, _listed),
    )


def _listed(page: Page[ManagedPolicy], given: object, call: Call) -> Output:
    attached = [{"PolicyName": policy.name, "PolicyArn": policy.arn} for policy in page.items]
    return {"AttachedPolicies": attached, **page_fields(page)}


def _done(reply: None, given: object, call: Call) -> Output:
    return None


ATTACHMENT_OPERATIONS = {
    **_rows(HolderKind.USER, UserInput, ListUserInput),
    **_rows(HolderKind.GROUP, GroupInput, ListGroupInput),
    **_rows(HolderKind.ROLE, RoleInput, ListRoleInput),
}
