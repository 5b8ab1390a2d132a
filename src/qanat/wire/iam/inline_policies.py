"""The rows of the policies written inside users, groups and roles: the same four for each kind of holder."""

from collections.abc import Mapping
from urllib.parse import quote

from msgspec import field

from qanat.core.identity import commands
from qanat.core.identity.holders import HolderKind
from qanat.core.page import Page
from qanat.wire.iam.common import (
    Document,
    GroupName,
    IamInput,
    Marker,
    MaxItems,
    PolicyName,
    RoleName,
    UserName,
    boundary_context,
    holder_arn,
    page_fields,
)
from qanat.wire.service import Call, Context, Operation, Output, table


class UserPolicyInput(IamInput, frozen=True):
    holder: UserName = field(name="UserName")
    policy_name: PolicyName


class PutUserPolicyInput(UserPolicyInput, frozen=True):
    policy_document: Document


class ListUserPoliciesInput(IamInput, frozen=True):
    holder: UserName = field(name="UserName")
    marker: Marker | None = None
    max_items: MaxItems = 100


class GroupPolicyInput(IamInput, frozen=True):
    holder: GroupName = field(name="GroupName")
    policy_name: PolicyName


class PutGroupPolicyInput(GroupPolicyInput, frozen=True):
    policy_document: Document


class ListGroupPoliciesInput(IamInput, frozen=True):
    holder: GroupName = field(name="GroupName")
    marker: Marker | None = None
    max_items: MaxItems = 100


class RolePolicyInput(IamInput, frozen=True):
    holder: RoleName = field(name="RoleName")
    policy_name: PolicyName


class PutRolePolicyInput(RolePolicyInput, frozen=True):
    policy_document: Document


class ListRolePoliciesInput(IamInput, frozen=True):
    holder: RoleName = field(name="RoleName")
    marker: Marker | None = None
    max_items: MaxItems = 100


PolicyInput = UserPolicyInput | GroupPolicyInput | RolePolicyInput
PutInput = PutUserPolicyInput | PutGroupPolicyInput | PutRolePolicyInput
ListInput = ListUserPoliciesInput | ListGroupPoliciesInput | ListRolePoliciesInput


def _rows(
    kind: HolderKind, one: type[PolicyInput], put_input: type[PutInput], list_input: type[ListInput]
) -> Mapping[str, Operation]:
    holder = kind.capitalize()

    def resource(given: PolicyInput | ListInput, call: Call) -> str:
        return holder_arn(kind, given.holder, call)

    def context(given: PolicyInput, call: Call) -> Context:
        return boundary_context(kind, given.holder, call)

    def put(given: PutInput, call: Call) -> object:
        return commands.PutInlinePolicy(
            kind, call.account, given.holder, given.policy_name, given.policy_document
        )

    def get(given: PolicyInput, call: Call) -> object:
        return commands.GetInlinePolicy(kind, call.account, given.holder, given.policy_name)

    def got(document: str, given: PolicyInput, call: Call) -> Output:
        return {
            f"{holder}Name": given.holder,
            "PolicyName": given.policy_name,
            # IAM API reference, GetUserPolicy and its like: URL-encoded as of RFC 3986.
            "PolicyDocument": quote(document, safe=""),
        }

    def list_(given: ListInput, call: Call) -> object:
        return commands.ListInlinePolicies(kind, call.account, given.holder, given.marker, given.max_items)

    def delete(given: PolicyInput, call: Call) -> object:
        return commands.DeleteInlinePolicy(kind, call.account, given.holder, given.policy_name)

    return table(
        Operation(
            f"Put{holder}Policy", put_input, f"iam:Put{holder}Policy", resource, put, _done, context=context
        ),
        Operation(f"Get{holder}Policy", one, f"iam:Get{holder}Policy", resource, get, got),
        Operation(f"List{holder}Policies", list_input, f"iam:List{holder}Policies", resource, list_, _listed),
        Operation(
            f"Delete{holder}Policy",
            one,
            f"iam:Delete{holder}Policy",
            resource,
            delete,
            _done,
            context=context,
        ),
    )


def _listed(page: Page[str], given: object, call: Call) -> Output:
    return {"PolicyNames": page.items, **page_fields(page)}


def _done(reply: None, given: object, call: Call) -> Output:
    return None


INLINE_POLICY_OPERATIONS = {
    **_rows(HolderKind.USER, UserPolicyInput, PutUserPolicyInput, ListUserPoliciesInput),
    **_rows(HolderKind.GROUP, GroupPolicyInput, PutGroupPolicyInput, ListGroupPoliciesInput),
    **_rows(HolderKind.ROLE, RolePolicyInput, PutRolePolicyInput, ListRolePoliciesInput),
}
