"""The rows of groups."""

from qanat.core.identity import commands
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.model import Group, User
from qanat.core.names import group_arn
from qanat.core.page import Page
from qanat.wire.iam.common import (
    GroupName,
    IamInput,
    Marker,
    MaxItems,
    Path,
    PathPrefix,
    UserName,
    arn_of,
    holder_arn,
    instant,
    page_fields,
)
from qanat.wire.iam.users import shown_user
from qanat.wire.service import Call, Operation, Output, table


class CreateGroupInput(IamInput, frozen=True):
    group_name: GroupName
    path: Path = "/"


class GetGroupInput(IamInput, frozen=True):
    group_name: GroupName
    marker: Marker | None = None
    max_items: MaxItems = 100


class ListGroupsInput(IamInput, frozen=True):
    path_prefix: PathPrefix = "/"
    marker: Marker | None = None
    max_items: MaxItems = 100


class UpdateGroupInput(IamInput, frozen=True):
    group_name: GroupName
    new_group_name: GroupName | None = None
    new_path: Path | None = None


class DeleteGroupInput(IamInput, frozen=True):
    group_name: GroupName


class MembershipInput(IamInput, frozen=True):
    group_name: GroupName
    user_name: UserName


class ListGroupsForUserInput(IamInput, frozen=True):
    user_name: UserName
    marker: Marker | None = None
    max_items: MaxItems = 100


def shown_group(group: Group) -> dict[str, object]:
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.group_id,
        "Arn": group.arn,
        "CreateDate": instant(group.created_at_ms),
    }


def _create(given: CreateGroupInput, call: Call) -> object:
    return commands.CreateGroup(call.account, given.group_name, given.path, call.ids.iam("AGPA"))


def _get(given: GetGroupInput, call: Call) -> object:
    return commands.GetGroup(call.account, given.group_name, given.marker, given.max_items)


def _got(reply: tuple[Group, Page[User]], given: object, call: Call) -> Output:
    group, users = reply
    return {
        "Group": shown_group(group),
        "Users": [shown_user(user) for user in users.items],
        **page_fields(users),
    }


def _list(given: ListGroupsInput, call: Call) -> object:
    return commands.ListGroups(call.account, given.path_prefix, given.marker, given.max_items)


def _list_for_user(given: ListGroupsForUserInput, call: Call) -> object:
    return commands.ListGroupsForUser(call.account, given.user_name, given.marker, given.max_items)


def _listed(page: Page[Group], given: object, call: Call) -> Output:
    return {"Groups": [shown_group(group) for group in page.items], **page_fields(page)}


def _update(given: UpdateGroupInput, call: Call) -> object:
    return commands.UpdateGroup(call.account, given.group_name, given.new_group_name, given.new_path)


def _update_resources(given: UpdateGroupInput, call: Call) -> tuple[str, ...]:
    """IAM API reference, UpdateGroup: leave is needed on the group as it is and as it will be."""
    group = call.directory.group(call.account, given.group_name)
    path = given.new_path or ("/" if group is None else group.path)
    new_arn = group_arn(call.account, given.new_group_name or given.group_name, path)
    return holder_arn(HolderKind.GROUP, given.group_name, call), new_arn


def _resource(given: GetGroupInput | DeleteGroupInput | MembershipInput, call: Call) -> str:
    return holder_arn(HolderKind.GROUP, given.group_name, call)


def _done(reply: None, given: object, call: Call) -> Output:
    return None


GROUP_OPERATIONS = table(
    Operation(
        "CreateGroup",
        CreateGroupInput,
        "iam:CreateGroup",
        lambda given, call: group_arn(call.account, given.group_name, given.path),
        _create,
        lambda group, given, call: {"Group": shown_group(group)},
    ),
    Operation("GetGroup", GetGroupInput, "iam:GetGroup", _resource, _get, _got),
    Operation(
        "ListGroups",
        ListGroupsInput,
        "iam:ListGroups",
        lambda given, call: group_arn(call.account, "", given.path_prefix),
        _list,
        _listed,
    ),
    Operation("UpdateGroup", UpdateGroupInput, "iam:UpdateGroup", _update_resources, _update, _done),
    Operation(
        "DeleteGroup",
        DeleteGroupInput,
        "iam:DeleteGroup",
        _resource,
        lambda given, call: commands.DeleteGroup(call.account, given.group_name),
        _done,
    ),
    Operation(
        "AddUserToGroup",
        MembershipInput,
        "iam:AddUserToGroup",
        _resource,
        lambda given, call: commands.AddUserToGroup(call.account, given.group_name, given.user_name),
        _done,
    ),
    Operation(
        "RemoveUserFromGroup",
        MembershipInput,
        "iam:RemoveUserFromGroup",
        _resource,
        lambda given, call: commands.RemoveUserFromGroup(call.account, given.group_name, given.user_name),
        _done,
    ),
    Operation(
        "ListGroupsForUser",
        ListGroupsForUserInput,
        "iam:ListGroupsForUser",
        lambda given, call: arn_of(given.user_name, call),
        _list_for_user,
        _listed,
    ),
)
