"""Users, their tags, and that they have no passwords."""

from msgspec.structs import replace

from qanat.core.identity import quotas
from qanat.core.identity.commands import (
    CreateUser,
    DeleteUser,
    GetLoginProfile,
    GetUser,
    ListUsers,
    ListUserTags,
    TagUser,
    UntagUser,
    UpdateUser,
)
from qanat.core.identity.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity
from qanat.core.identity.model import Texts, User
from qanat.core.identity.quotas import check_room
from qanat.core.identity.records import UserDeleted, UserPut, UserRenamed
from qanat.core.identity.store import IdentityStore
from qanat.core.identity.tags import tagged, untagged
from qanat.core.page import Page, page
from qanat.core.part import Emit, Handlers


class Users:
    def __init__(self, store: IdentityStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            CreateUser: self._create,
            GetUser: self._get,
            ListUsers: self._list,
            UpdateUser: self._update,
            DeleteUser: self._delete,
            TagUser: self._tag,
            UntagUser: self._untag,
            ListUserTags: self._list_tags,
            GetLoginProfile: self._get_login_profile,
        }

    def _create(self, command: CreateUser, now_ms: int) -> User:
        self._store.account(command.account)
        self._check_free(command.account, command.name)
        check_room(quotas.USERS, self._store.users, command.account)
        if command.boundary is not None:
            self._store.check_boundary(command.account, command.boundary)
        user = User(
            command.account,
            command.name,
            command.user_id,
            command.path,
            now_ms,
            tags=command.tags,
            boundary=command.boundary,
        )
        self._emit(UserPut(user))
        return user

    def _get(self, command: GetUser, now_ms: int) -> User:
        """For the root, a User whose name and id are the account's number."""
        if command.name is not None:
            return self._store.existing_user(command.account, command.name)
        account = self._store.account(command.account)
        return User(account.account, account.account, account.account, "/", account.created_at_ms)

    def _list(self, command: ListUsers, now_ms: int) -> Page[User]:
        users = self._store.users.where("account", command.account)
        matching = [user for user in users if user.path.startswith(command.path_prefix)]
        return page(matching, lambda user: user.name, command.marker, command.max_items)

    def _update(self, command: UpdateUser, now_ms: int) -> None:
        user = self._store.existing_user(command.account, command.name)
        name, path = command.new_name or user.name, command.new_path or user.path
        # A user may take its own name in other letters.
        if name.lower() != user.name.lower():
            self._check_free(command.account, name)
        modified = replace(user, name=name, path=path)
        if name != user.name:
            self._emit(UserRenamed(user.name, modified))
        else:
            self._put(user, modified)

    def _delete(self, command: DeleteUser, now_ms: int) -> None:
        user = self._store.existing_user(command.account, command.name)
        if self._store.keys_of(user):
            raise DeleteConflict("Cannot delete entity, must delete access keys first.")
        if self._store.devices_of(user):
            raise DeleteConflict("Cannot delete entity, must delete MFA device first.")
        if user.policies:
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
        if user.attached:
            raise DeleteConflict("Cannot delete entity, must detach all policies first.")
        if user.groups:
            # IAM's words for a user too, whichever number they are in.
            raise DeleteConflict("Cannot delete entity, must remove users from group first.")
        self._emit(UserDeleted(command.account, command.name))

    def _tag(self, command: TagUser, now_ms: int) -> None:
        user = self._store.existing_user(command.account, command.name)
        self._put(user, replace(user, tags=tagged(user.tags, command.tags)))

    def _untag(self, command: UntagUser, now_ms: int) -> None:
        user = self._store.existing_user(command.account, command.name)
        self._put(user, replace(user, tags=untagged(user.tags, command.keys)))

    def _list_tags(self, command: ListUserTags, now_ms: int) -> Page[tuple[str, str]]:
        tags: Texts = self._store.existing_user(command.account, command.name).tags
        return page(tags, lambda tag: tag[0], command.marker, command.max_items)

    def _get_login_profile(self, command: GetLoginProfile, now_ms: int) -> None:
        user = self._store.existing_user(command.account, command.user_name)
        raise NoSuchEntity(f"Login Profile for User {user.name} cannot be found.")

    def _put(self, user: User, modified: User) -> None:
        if modified != user:
            self._emit(UserPut(modified))

    def _check_free(self, account: str, name: str) -> None:
        """Raises EntityAlreadyExists."""
        if self._store.name_taken(account, name):
            raise EntityAlreadyExists(f"User with name {name} already exists.")
