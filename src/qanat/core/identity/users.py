"""CreateUser, GetUser, ListUsers, DeleteUser."""

from qanat.core.identity.commands import CreateUser, DeleteUser, GetUser, ListUsers
from qanat.core.identity.errors import DeleteConflict, EntityAlreadyExists
from qanat.core.identity.model import User
from qanat.core.identity.records import UserDeleted, UserPut
from qanat.core.identity.store import IdentityStore
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
            DeleteUser: self._delete,
        }

    def _create(self, command: CreateUser, now_ms: int) -> User:
        self._store.account(command.account)
        if self._store.name_taken(command.account, command.name):
            raise EntityAlreadyExists(f"User with name {command.name} already exists.")
        user = User(command.account, command.name, command.user_id, command.path, now_ms, (), command.tags)
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

    def _delete(self, command: DeleteUser, now_ms: int) -> None:
        user = self._store.existing_user(command.account, command.name)
        if self._store.keys_of(user):
            raise DeleteConflict("Cannot delete entity, must delete access keys first.")
        if user.policies:
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
        self._emit(UserDeleted(command.account, command.name))
