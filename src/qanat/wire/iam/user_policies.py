"""The rows of the policies written inside a user."""

from urllib.parse import quote

from qanat.core.identity import commands
from qanat.core.page import Page
from qanat.wire.iam.common import (
    Document,
    IamInput,
    Marker,
    MaxItems,
    PolicyName,
    UserName,
    arn_of,
    page_fields,
)
from qanat.wire.service import Call, Operation, Output, table


class UserPolicyInput(IamInput, frozen=True):
    user_name: UserName
    policy_name: PolicyName


class PutUserPolicyInput(UserPolicyInput, frozen=True):
    policy_document: Document


class ListUserPoliciesInput(IamInput, frozen=True):
    user_name: UserName
    marker: Marker | None = None
    max_items: MaxItems = 100


def _put(given: PutUserPolicyInput, call: Call) -> object:
    return commands.PutUserPolicy(call.account, given.user_name, given.policy_name, given.policy_document)


def _list(given: ListUserPoliciesInput, call: Call) -> object:
    return commands.ListUserPolicies(call.account, given.user_name, given.marker, given.max_items)


def _got(document: str, given: UserPolicyInput, call: Call) -> Output:
    return {
        "UserName": given.user_name,
        "PolicyName": given.policy_name,
        # IAM API reference, GetUserPolicy: URL-encoded as of RFC 3986.
        "PolicyDocument": quote(document, safe=""),
    }


def _listed(page: Page[str], given: object, call: Call) -> Output:
    return {"PolicyNames": page.items, **page_fields(page)}


def _resource(given: UserPolicyInput | ListUserPoliciesInput, call: Call) -> str:
    return arn_of(given.user_name, call)


USER_POLICY_OPERATIONS = table(
    Operation(
        "PutUserPolicy",
        PutUserPolicyInput,
        "iam:PutUserPolicy",
        _resource,
        _put,
        lambda reply, given, call: None,
    ),
    Operation(
        "GetUserPolicy",
        UserPolicyInput,
        "iam:GetUserPolicy",
        _resource,
        lambda given, call: commands.GetUserPolicy(call.account, given.user_name, given.policy_name),
        _got,
    ),
    Operation("ListUserPolicies", ListUserPoliciesInput, "iam:ListUserPolicies", _resource, _list, _listed),
    Operation(
        "DeleteUserPolicy",
        UserPolicyInput,
        "iam:DeleteUserPolicy",
        _resource,
        lambda given, call: commands.DeleteUserPolicy(call.account, given.user_name, given.policy_name),
        lambda reply, given, call: None,
    ),
)
