"""Groups and who is in them."""

from typing import Final

from msgspec.structs import replace

from qanat.core.identity import quotas
from qanat.core.identity.commands import (
    AddUserToGroup,
    CreateGroup,
    DeleteGroup,
    GetGroup,
    ListGroups,
    ListGroupsForUser,
    RemoveUserFromGroup,
    UpdateGroup,
)
from qanat.core.identity.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from qanat.core.identity.model import Group, User
from qanat.core.identity.quotas import check_room
from qanat.core.identity.records import GroupDeleted, GroupPut, GroupRenamed, UserPut
from qanat.core.identity.store import IdentityStore, entry
from qanat.core.page import Page, page
from qanat.core.part import Emit, Handlers

# IAM User Guide, reference_iam-quotas.
GROUPS_OF_USER_MAX: Final = 10


class Groups:
    def __init__(self, store: IdentityStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            CreateGroup: self._create,
            GetGroup: self._get,
            ListGroups: self._list,
            UpdateGroup: self._update,
            DeleteGroup: self._delete,
            AddUserToGroup: self._add_user,
            RemoveUserFromGroup: self._remove_user,
            ListGroupsForUser: self._list_for_user,
        }

    def _create(self, command: CreateGroup, now_ms: int) -> Group:
        self._store.account(command.account)
        self._check_free(command.account, command.name)
        check_room(quotas.GROUPS, self._store.groups, command.account)
        group = Group(command.account, command.name, command.group_id, command.path, now_ms)
        self._emit(GroupPut(group))
        return group

    def _get(self, command: GetGroup, now_ms: int) -> tuple[Group, Page[User]]:
        group = self._store.existing_group(command.account, command.name)
        users = self._store.members_of(group)
        return group, page(users, lambda user: user.name, command.marker, command.max_items)

    def _list(self, command: ListGroups, now_ms: int) -> Page[Group]:
        groups = self._store.groups.where("account", command.account)
        matching = [group for group in groups if group.path.startswith(command.path_prefix)]
        return page(matching, lambda group: group.name, command.marker, command.max_items)

    def _update(self, command: UpdateGroup, now_ms: int) -> None:
        group = self._store.existing_group(command.account, command.name)
        name, path = command.new_name or group.name, command.new_path or group.path
        # A group may take its own name in other letters.
        if name.lower() != group.name.lower():
            self._check_free(command.account, name)
        modified = replace(group, name=name, path=path)
        if name != group.name:
            self._emit(GroupRenamed(group.name, modified))
        elif modified != group:
            self._emit(GroupPut(modified))

    def _delete(self, command: DeleteGroup, now_ms: int) -> None:
        group = self._store.existing_group(command.account, command.name)
        if self._store.members_of(group):
            raise DeleteConflict("Cannot delete entity, must remove users from group first.")
        if group.policies:
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
        if group.attached:
            raise DeleteConflict("Cannot delete entity, must detach all policies first.")
        self._emit(GroupDeleted(group.account, group.name))

    def _add_user(self, command: AddUserToGroup, now_ms: int) -> None:
        group = self._store.existing_group(command.account, command.group_name)
        user = self._store.existing_user(command.account, command.user_name)
        if group.name in user.groups:
            return
        if len(user.groups) >= GROUPS_OF_USER_MAX:
            raise LimitExceeded(f"Cannot exceed quota for GroupsPerUser: {GROUPS_OF_USER_MAX}")
        self._emit(UserPut(replace(user, groups=tuple(sorted((*user.groups, group.name))))))

    def _remove_user(self, command: RemoveUserFromGroup, now_ms: int) -> None:
        group = self._store.existing_group(command.account, command.group_name)
        user = self._store.existing_user(command.account, command.user_name)
        if group.name not in user.groups:
            raise NoSuchEntity(f"User {user.name} not in group {group.name}")
        self._emit(UserPut(replace(user, groups=tuple(name for name in user.groups if name != group.name))))

    def _list_for_user(self, command: ListGroupsForUser, now_ms: int) -> Page[Group]:
        user = self._store.existing_user(command.account, command.user_name)
        groups = [self._store.existing_group(user.account, name) for name in user.groups]
        return page(groups, lambda group: group.name, command.marker, command.max_items)

    def _check_free(self, account: str, name: str) -> None:
        """Raises EntityAlreadyExists: two groups of an account never differ by case alone."""
        if self._store.groups.count("folded", entry(account, name.lower())):
            raise EntityAlreadyExists(f"Group with name {name} already exists.")
