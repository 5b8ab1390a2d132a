"""The row of GetAccountAuthorizationDetails: a whole account for those who look for what is wrong in it."""

from urllib.parse import quote

from qanat.core.identity.authorization_details import Detail, RoleDetail
from qanat.core.identity.commands import EntityType, GetAuthorizationDetails
from qanat.core.identity.managed_policies import PolicyInUse, VersionShown
from qanat.core.identity.model import Group, Texts, User
from qanat.core.page import Page
from qanat.wire.iam.boundaries import shown_boundary
from qanat.wire.iam.common import IamInput, Marker, MaxItems, one_of, page_fields
from qanat.wire.iam.groups import shown_group
from qanat.wire.iam.instance_profiles import shown_profile
from qanat.wire.iam.managed_policies import shown_policy, shown_version
from qanat.wire.iam.roles import shown_last_use, shown_role_named
from qanat.wire.iam.tags import shown_tags
from qanat.wire.iam.users import shown_user
from qanat.wire.service import Call, Operation, Output, table


class GetAccountAuthorizationDetailsInput(IamInput, frozen=True):
    filter: tuple[str, ...] = ()
    marker: Marker | None = None
    max_items: MaxItems = 100


def _get(given: GetAccountAuthorizationDetailsInput, call: Call) -> object:
    types = tuple(
        EntityType(one_of(one, f"filter.{number}.member", tuple(EntityType)))
        for number, one in enumerate(given.filter, start=1)
    )
    return GetAuthorizationDetails(call.account, types or tuple(EntityType), given.marker, given.max_items)


def _got(found: Page[Detail], given: object, call: Call) -> Output:
    items = found.items
    return {
        "UserDetailList": [_user(one) for one in items if isinstance(one, User)],
        "GroupDetailList": [_group(one) for one in items if isinstance(one, Group)],
        "RoleDetailList": [_role(one, call) for one in items if isinstance(one, RoleDetail)],
        "Policies": [_policy(one) for one in items if isinstance(one, PolicyInUse)],
        **page_fields(found),
    }


def _user(user: User) -> dict[str, object]:
    return {
        **shown_user(user),
        "UserPolicyList": _inline(user.policies),
        "GroupList": list(user.groups),
        "AttachedManagedPolicies": _attached(user.attached),
        "PermissionsBoundary": shown_boundary(user.boundary),
        "Tags": shown_tags(user.tags),
    }


def _group(group: Group) -> dict[str, object]:
    return {
        **shown_group(group),
        "GroupPolicyList": _inline(group.policies),
        "AttachedManagedPolicies": _attached(group.attached),
    }


def _role(found: RoleDetail, call: Call) -> dict[str, object]:
    role = found.role
    return {
        **shown_role_named(role, call),
        "InstanceProfileList": [shown_profile(profile, call) for profile in found.profiles],
        "RolePolicyList": _inline(role.policies),
        "AttachedManagedPolicies": _attached(role.attached),
        "PermissionsBoundary": shown_boundary(role.boundary),
        "Tags": shown_tags(role.tags),
        "RoleLastUsed": shown_last_use(found.last_use),
    }


def _policy(found: PolicyInUse) -> dict[str, object]:
    policy = found.policy
    versions = [VersionShown(one, one.version_id == policy.default_version_id) for one in policy.versions]
    return {
        **shown_policy(found),
        "Description": policy.description,
        # The newest first, as AWS lists them.
        "PolicyVersionList": [shown_version(version) for version in reversed(versions)],
    }


def _inline(policies: Texts) -> list[dict[str, object]]:
    return [{"PolicyName": name, "PolicyDocument": quote(text, safe="")} for name, text in policies]


def _attached(arns: tuple[str, ...]) -> list[dict[str, object]]:
    return [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in arns]


AUTHORIZATION_DETAILS_OPERATIONS = table(
    Operation(
        "GetAccountAuthorizationDetails",
        GetAccountAuthorizationDetailsInput,
        "iam:GetAccountAuthorizationDetails",
        lambda given, call: "*",
        _get,
        _got,
    ),
)
