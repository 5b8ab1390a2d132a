"""The rows of users."""

from collections.abc import Mapping
from dataclasses import replace

from qanat.core.identity import commands
from qanat.core.identity.model import PrincipalType, User
from qanat.core.names import user_arn
from qanat.core.page import Page
from qanat.wire.iam.boundaries import read_policy_arn, shown_boundary
from qanat.wire.iam.common import (
    BOUNDARY_KEY,
    IamInput,
    Marker,
    MaxItems,
    NewUserName,
    Path,
    PathPrefix,
    UserName,
    arn_meant,
    arn_of,
    instant,
    page_fields,
    user_or_root,
)
from qanat.wire.iam.tags import TagInput, read_tag_keys, read_tags, shown_tags, tags_set, tags_taken
from qanat.wire.service import Call, Operation, Output, Permission, permission, table


class CreateUserInput(IamInput, frozen=True):
    user_name: NewUserName
    path: Path = "/"
    permissions_boundary: str | None = None
    tags: tuple[TagInput, ...] = ()


class GetUserInput(IamInput, frozen=True):
    user_name: UserName | None = None


class ListUsersInput(IamInput, frozen=True):
    path_prefix: PathPrefix = "/"
    marker: Marker | None = None
    max_items: MaxItems = 100


class UpdateUserInput(IamInput, frozen=True):
    user_name: UserName
    new_user_name: NewUserName | None = None
    new_path: Path | None = None


class DeleteUserInput(IamInput, frozen=True):
    user_name: UserName


class TagUserInput(IamInput, frozen=True):
    user_name: UserName
    tags: tuple[TagInput, ...]


class UntagUserInput(IamInput, frozen=True):
    user_name: UserName
    tag_keys: tuple[str, ...]


class ListUserTagsInput(IamInput, frozen=True):
    user_name: UserName
    marker: Marker | None = None
    max_items: MaxItems = 100


def _create(given: CreateUserInput, call: Call) -> object:
    boundary = given.permissions_boundary
    return commands.CreateUser(
        call.account,
        given.user_name,
        given.path,
        call.ids.iam("AIDA"),
        read_tags(given.tags),
        None if boundary is None else read_policy_arn(boundary),
    )


def _new_arn(given: CreateUserInput, call: Call) -> str:
    return user_arn(call.account, given.user_name, given.path)


def _create_permissions(given: CreateUserInput, call: Call) -> tuple[Permission, ...]:
    """To make a user with tags is to tag it, too (Service Authorization Reference, CreateUser)."""
    boundary = given.permissions_boundary
    context = {} if boundary is None else {BOUNDARY_KEY: boundary}
    actions = ("iam:CreateUser", "iam:TagUser") if given.tags else ("iam:CreateUser",)
    arn, tags = _new_arn(given, call), tags_set(given)
    return tuple(permission(action, arn, call, context, tags) for action in actions)


def _get(given: GetUserInput, call: Call) -> object:
    return commands.GetUser(call.account, user_or_root(given.user_name, call))


def _got(user: User, given: GetUserInput, call: Call) -> Output:
    if given.user_name is None and call.caller.type is PrincipalType.ACCOUNT:
        created = instant(user.created_at_ms)
        return {"User": {"UserId": user.user_id, "Arn": call.caller.arn, "CreateDate": created}}
    return {"User": _shown_whole(user)}


def _list(given: ListUsersInput, call: Call) -> object:
    return commands.ListUsers(call.account, given.path_prefix, given.marker, given.max_items)


def _listed(page: Page[User], given: object, call: Call) -> Output:
    return {"Users": [shown_user(user) for user in page.items], **page_fields(page)}


def _update(given: UpdateUserInput, call: Call) -> object:
    return commands.UpdateUser(call.account, given.user_name, given.new_user_name, given.new_path)


def _update_permissions(given: UpdateUserInput, call: Call) -> tuple[Permission, ...]:
    """IAM API reference, UpdateUser: leave is needed on the user as it is and as it will be, tags and all."""
    user = call.directory.user(call.account, given.user_name)
    path = given.new_path or ("/" if user is None else user.path)
    new_arn = user_arn(call.account, given.new_user_name or given.user_name, path)
    before = permission("iam:UpdateUser", arn_of(given.user_name, call), call)
    return before, replace(before, resource=new_arn)


def _list_tags(given: ListUserTagsInput, call: Call) -> object:
    return commands.ListUserTags(call.account, given.user_name, given.marker, given.max_items)


def _listed_tags(page: Page[tuple[str, str]], given: object, call: Call) -> Output:
    return {"Tags": shown_tags(page.items), **page_fields(page)}


def _done(reply: None, given: object, call: Call) -> Output:
    return None


def _resource(given: DeleteUserInput | TagUserInput | UntagUserInput | ListUserTagsInput, call: Call) -> str:
    return arn_of(given.user_name, call)


def shown_user(user: User) -> dict[str, object]:
    """As lists have it: tags and boundary are told by GetUser alone."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.user_id,
        "Arn": user.arn,
        "CreateDate": instant(user.created_at_ms),
    }


def _shown_whole(user: User) -> Mapping[str, object]:
    return {
        **shown_user(user),
        "PermissionsBoundary": shown_boundary(user.boundary),
        "Tags": shown_tags(user.tags) or None,
    }


USER_OPERATIONS = table(
    Operation(
        "CreateUser",
        CreateUserInput,
        "iam:CreateUser",
        _new_arn,
        _create,
        lambda user, given, call: {"User": _shown_whole(user)},
        _create_permissions,
    ),
    Operation(
        "GetUser",
        GetUserInput,
        "iam:GetUser",
        lambda given, call: arn_meant(given.user_name, call),
        _get,
        _got,
    ),
    Operation(
        "ListUsers",
        ListUsersInput,
        "iam:ListUsers",
        lambda given, call: user_arn(call.account, "", given.path_prefix),
        _list,
        _listed,
    ),
    Operation(
        "UpdateUser", UpdateUserInput, "iam:UpdateUser", _resource, _update, _done, _update_permissions
    ),
    Operation(
        "DeleteUser",
        DeleteUserInput,
        "iam:DeleteUser",
        _resource,
        lambda given, call: commands.DeleteUser(call.account, given.user_name),
        _done,
    ),
    Operation(
        "TagUser",
        TagUserInput,
        "iam:TagUser",
        _resource,
        lambda given, call: commands.TagUser(call.account, given.user_name, read_tags(given.tags)),
        _done,
        request_tags=tags_set,
    ),
    Operation(
        "UntagUser",
        UntagUserInput,
        "iam:UntagUser",
        _resource,
        lambda given, call: commands.UntagUser(call.account, given.user_name, read_tag_keys(given.tag_keys)),
        _done,
        request_tags=tags_taken,
    ),
    Operation("ListUserTags", ListUserTagsInput, "iam:ListUserTags", _resource, _list_tags, _listed_tags),
)
