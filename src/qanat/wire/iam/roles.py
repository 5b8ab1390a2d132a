"""The rows of roles."""

from typing import Annotated
from urllib.parse import quote

from msgspec import Meta

from qanat.core.identity import role_commands as commands
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.model import Role, RoleUse
from qanat.core.identity.roles import RoleShown
from qanat.core.names import role_arn
from qanat.core.page import Page
from qanat.core.policy.stored import shown
from qanat.wire.iam.boundaries import read_policy_arn, shown_boundary
from qanat.wire.iam.common import (
    BOUNDARY_KEY,
    Document,
    IamInput,
    Marker,
    MaxItems,
    Path,
    PathPrefix,
    RoleName,
    holder_arn,
    instant,
    page_fields,
)
from qanat.wire.iam.tags import TagInput, read_tag_keys, read_tags, shown_tags, tags_set, tags_taken
from qanat.wire.service import Call, Operation, Output, Permission, permission, table

Description = Annotated[
    str, Meta(max_length=1000, pattern=r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*")
]
MaxSessionDuration = Annotated[int, Meta(ge=3_600, le=43_200)]
# Of sessions in AWS's console, which is not here: taken and not kept.
MaxSigninSessionDuration = Annotated[int, Meta(ge=3_600, le=7_776_000)]


class CreateRoleInput(IamInput, frozen=True):
    role_name: RoleName
    assume_role_policy_document: Document
    path: Path = "/"
    description: Description | None = None
    max_session_duration: MaxSessionDuration = 3_600
    max_signin_session_duration: MaxSigninSessionDuration | None = None
    permissions_boundary: str | None = None
    tags: tuple[TagInput, ...] = ()


class RoleInput(IamInput, frozen=True):
    """Of GetRole and DeleteRole."""

    role_name: RoleName


class ListRolesInput(IamInput, frozen=True):
    path_prefix: PathPrefix = "/"
    marker: Marker | None = None
    max_items: MaxItems = 100


class UpdateRoleInput(IamInput, frozen=True):
    role_name: RoleName
    description: Description | None = None
    max_session_duration: MaxSessionDuration | None = None
    max_signin_session_duration: MaxSigninSessionDuration | None = None
    reset_max_signin_session_duration: bool = False


class UpdateRoleDescriptionInput(IamInput, frozen=True):
    role_name: RoleName
    description: Description


class UpdateAssumeRolePolicyInput(IamInput, frozen=True):
    role_name: RoleName
    policy_document: Document


class TagRoleInput(IamInput, frozen=True):
    role_name: RoleName
    tags: tuple[TagInput, ...]


class UntagRoleInput(IamInput, frozen=True):
    role_name: RoleName
    tag_keys: tuple[str, ...]


class ListRoleTagsInput(IamInput, frozen=True):
    role_name: RoleName
    marker: Marker | None = None
    max_items: MaxItems = 100


OfRole = (
    RoleInput
    | UpdateRoleInput
    | UpdateRoleDescriptionInput
    | UpdateAssumeRolePolicyInput
    | TagRoleInput
    | UntagRoleInput
    | ListRoleTagsInput
)


def _create(given: CreateRoleInput, call: Call) -> object:
    boundary = given.permissions_boundary
    return commands.CreateRole(
        account=call.account,
        name=given.role_name,
        path=given.path,
        role_id=call.ids.iam("AROA"),
        trust=given.assume_role_policy_document,
        description=given.description,
        max_session_s=given.max_session_duration,
        boundary=None if boundary is None else read_policy_arn(boundary),
        tags=read_tags(given.tags),
    )


def _new_arn(given: CreateRoleInput, call: Call) -> str:
    return role_arn(call.account, given.role_name, given.path)


def _create_permissions(given: CreateRoleInput, call: Call) -> tuple[Permission, ...]:
    """IAM User Guide, id_tags_roles: to make a role with tags is to tag it, too."""
    boundary = given.permissions_boundary
    context = {} if boundary is None else {BOUNDARY_KEY: boundary}
    actions = ("iam:CreateRole", "iam:TagRole") if given.tags else ("iam:CreateRole",)
    arn, tags = _new_arn(given, call), tags_set(given)
    return tuple(permission(action, arn, call, context, tags) for action in actions)


def _created(role: Role, given: object, call: Call) -> Output:
    """AWS tells no more of a role that it has just made."""
    return {"Role": {**shown_role_named(role, call), "Tags": shown_tags(role.tags) or None}}


def _got(found: RoleShown, given: object, call: Call) -> Output:
    role = found.role
    return {
        "Role": {
            **shown_role(role, call),
            "PermissionsBoundary": shown_boundary(role.boundary),
            "Tags": shown_tags(role.tags) or None,
            "RoleLastUsed": shown_last_use(found.last_use),
        }
    }


def shown_last_use(use: RoleUse | None) -> dict[str, object]:
    """Empty is how AWS writes that a role was never used."""
    return {} if use is None else {"LastUsedDate": instant(use.at_ms), "Region": use.region}


def _list(given: ListRolesInput, call: Call) -> object:
    return commands.ListRoles(call.account, given.path_prefix, given.marker, given.max_items)


def _listed(page: Page[Role], given: object, call: Call) -> Output:
    return {"Roles": [shown_role(role, call) for role in page.items], **page_fields(page)}


def _update(given: UpdateRoleInput, call: Call) -> object:
    return commands.UpdateRole(call.account, given.role_name, given.description, given.max_session_duration)


def _update_trust(given: UpdateAssumeRolePolicyInput, call: Call) -> object:
    return commands.UpdateAssumeRolePolicy(call.account, given.role_name, given.policy_document)


def _list_tags(given: ListRoleTagsInput, call: Call) -> object:
    return commands.ListRoleTags(call.account, given.role_name, given.marker, given.max_items)


def _listed_tags(page: Page[tuple[str, str]], given: object, call: Call) -> Output:
    return {"Tags": shown_tags(page.items), **page_fields(page)}


def _done(reply: object, given: object, call: Call) -> Output:
    return None


def shown_role_named(role: Role, call: Call) -> dict[str, object]:
    """Its names and its trust policy, which AWS tells wherever it tells of a role."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.role_id,
        "Arn": role.arn,
        "CreateDate": instant(role.created_at_ms),
        # IAM API reference, GetRole: URL-encoded as of RFC 3986.
        "AssumeRolePolicyDocument": quote(_shown_trust(role, call), safe=""),
    }


def _shown_trust(role: Role, call: Call) -> str:
    return shown(role.trust, role.trusted_ids, call.directory.arn_of)


def shown_role(role: Role, call: Call) -> dict[str, object]:
    """As lists have it: boundary, tags and last use are told by GetRole alone."""
    return {
        **shown_role_named(role, call),
        "Description": role.description,
        "MaxSessionDuration": role.max_session_s,
    }


def _resource(given: OfRole, call: Call) -> str:
    return holder_arn(HolderKind.ROLE, given.role_name, call)


ROLE_OPERATIONS = table(
    Operation(
        "CreateRole",
        CreateRoleInput,
        "iam:CreateRole",
        _new_arn,
        _create,
        _created,
        _create_permissions,
    ),
    Operation(
        "GetRole",
        RoleInput,
        "iam:GetRole",
        _resource,
        lambda given, call: commands.GetRole(call.account, given.role_name),
        _got,
    ),
    Operation(
        "ListRoles",
        ListRolesInput,
        "iam:ListRoles",
        lambda given, call: role_arn(call.account, "", given.path_prefix),
        _list,
        _listed,
    ),
    Operation("UpdateRole", UpdateRoleInput, "iam:UpdateRole", _resource, _update, lambda *_: {}),
    Operation(
        "UpdateRoleDescription",
        UpdateRoleDescriptionInput,
        "iam:UpdateRoleDescription",
        _resource,
        lambda given, call: commands.UpdateRole(call.account, given.role_name, given.description),
        lambda role, given, call: {"Role": shown_role(role, call)},
    ),
    Operation(
        "UpdateAssumeRolePolicy",
        UpdateAssumeRolePolicyInput,
        "iam:UpdateAssumeRolePolicy",
        _resource,
        _update_trust,
        _done,
    ),
    Operation(
        "DeleteRole",
        RoleInput,
        "iam:DeleteRole",
        _resource,
        lambda given, call: commands.DeleteRole(call.account, given.role_name),
        _done,
    ),
    Operation(
        "TagRole",
        TagRoleInput,
        "iam:TagRole",
        _resource,
        lambda given, call: commands.TagRole(call.account, given.role_name, read_tags(given.tags)),
        _done,
        request_tags=tags_set,
    ),
    Operation(
        "UntagRole",
        UntagRoleInput,
        "iam:UntagRole",
        _resource,
        lambda given, call: commands.UntagRole(call.account, given.role_name, read_tag_keys(given.tag_keys)),
        _done,
        request_tags=tags_taken,
    ),
    Operation("ListRoleTags", ListRoleTagsInput, "iam:ListRoleTags", _resource, _list_tags, _listed_tags),
)
