"""The rows of users."""

from collections.abc import Mapping

from qanat.core.identity import commands
from qanat.core.identity.errors import InvalidInput
from qanat.core.identity.model import PrincipalType, User
from qanat.core.names import user_arn
from qanat.core.page import Page
from qanat.wire.iam.common import (
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
    user_meant,
)
from qanat.wire.iam.tags import TagInput, read_tags, shown_tags
from qanat.wire.service import Call, Operation, Output, table


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


class DeleteUserInput(IamInput, frozen=True):
    user_name: UserName


def _create(given: CreateUserInput, call: Call) -> object:
    if given.permissions_boundary is not None:
        # To make the user without its boundary would give it more than was meant.
        raise InvalidInput("Permissions boundaries are not supported.")
    tags = read_tags(given.tags)
    return commands.CreateUser(call.account, given.user_name, given.path, call.ids.iam("AIDA"), tags)


def _get(given: GetUserInput, call: Call) -> object:
    is_root = given.user_name is None and call.caller.type is PrincipalType.ACCOUNT
    return commands.GetUser(call.account, None if is_root else user_meant(given.user_name, call))


def _got(user: User, given: GetUserInput, call: Call) -> Output:
    if given.user_name is None and call.caller.type is PrincipalType.ACCOUNT:
        created = instant(user.created_at_ms)
        return {"User": {"UserId": user.user_id, "Arn": call.caller.arn, "CreateDate": created}}
    return {"User": _shown_with_tags(user)}


def _list(given: ListUsersInput, call: Call) -> object:
    return commands.ListUsers(call.account, given.path_prefix, given.marker, given.max_items)


def _listed(page: Page[User], given: object, call: Call) -> Output:
    return {"Users": [_shown(user) for user in page.items], **page_fields(page)}


def _shown(user: User) -> dict[str, object]:
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.user_id,
        "Arn": user.arn,
        "CreateDate": instant(user.created_at_ms),
    }


def _shown_with_tags(user: User) -> Mapping[str, object]:
    return {**_shown(user), "Tags": shown_tags(user.tags) or None}


USER_OPERATIONS = table(
    Operation(
        "CreateUser",
        CreateUserInput,
        "iam:CreateUser",
        lambda given, call: user_arn(call.account, given.user_name, given.path),
        _create,
        lambda user, given, call: {"User": _shown_with_tags(user)},
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
        "DeleteUser",
        DeleteUserInput,
        "iam:DeleteUser",
        lambda given, call: arn_of(given.user_name, call),
        lambda given, call: commands.DeleteUser(call.account, given.user_name),
        lambda reply, given, call: None,
    ),
)
