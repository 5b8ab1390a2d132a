"""Accounts, users and keys in memory, with what finds them.

Invariants: every key and every user belongs to an account that exists; two users of an account never differ by
case alone; a user is not removed while it has keys or policies.
"""

from qanat.core.identity.access_keys import AccessKeys
from qanat.core.identity.commands import CreateAccount, GetCallerIdentity
from qanat.core.identity.errors import EntityAlreadyExists
from qanat.core.identity.model import AccessKey, Caller, User
from qanat.core.identity.records import (
    AccessKeyCreated,
    AccessKeyDeleted,
    AccountCreated,
    IdentityKept,
    UserCreated,
    UserDeleted,
    UserModified,
)
from qanat.core.identity.store import IdentityStore
from qanat.core.identity.user_policies import UserPolicies
from qanat.core.identity.users import Users
from qanat.core.part import Appliers, Emit, Handlers


class IdentityState:
    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._store = store = IdentityStore()
        self.handlers: Handlers = {
            CreateAccount: self._create_account,
            GetCallerIdentity: self._get_caller_identity,
            **Users(store, emit).handlers,
            **AccessKeys(store, emit).handlers,
            **UserPolicies(store, emit).handlers,
        }
        self.appliers: Appliers = {
            AccountCreated: lambda record: store.put_account(record),
            UserCreated: lambda record: store.put_user(record.user),
            UserModified: lambda record: store.put_user(record.user),
            UserDeleted: lambda record: store.remove_user(record.account, record.name),
            AccessKeyCreated: lambda record: store.put_key(record.key),
            AccessKeyDeleted: lambda record: store.remove_key(record.access_key_id),
            IdentityKept: store.restore,
        }

    def key(self, access_key_id: str) -> AccessKey | None:
        return self._store.keys.get(access_key_id)

    def user(self, account: str, name: str) -> User | None:
        return self._store.users.get((account, name))

    def has_account(self, account: str) -> bool:
        return account in self._store.accounts

    def accounts(self) -> list[AccountCreated]:
        """In the order of their numbers."""
        return [self._store.accounts[account] for account in sorted(self._store.accounts)]

    def snapshot(self) -> IdentityKept:
        return self._store.snapshot()

    def next_deadline_ms(self) -> None:
        return None

    def _create_account(self, command: CreateAccount, now_ms: int) -> None:
        if self.has_account(command.account):
            raise EntityAlreadyExists(f"Account {command.account} already exists.")
        self._emit(AccountCreated(command.account, now_ms))

    def _get_caller_identity(self, command: GetCallerIdentity, now_ms: int) -> Caller:
        return command.caller
