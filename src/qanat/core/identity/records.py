"""What the log may say about accounts, users, keys and user policies.

When a field is added, removed or changes its meaning, raise VERSION and keep a reader of the old form in
control_records.py.
"""

from typing import Final

from msgspec import Struct

from qanat.core.identity.model import AccessKey, User

VERSION: Final = 1


class AccountCreated(Struct, frozen=True, array_like=True, tag=True):
    account: str
    created_at_ms: int


class UserCreated(Struct, frozen=True, array_like=True, tag=True):
    user: User


class UserModified(Struct, frozen=True, array_like=True, tag=True):
    """The user as it is now: inline policies are part of it."""

    user: User


class UserDeleted(Struct, frozen=True, array_like=True, tag=True):
    account: str
    name: str


class AccessKeyCreated(Struct, frozen=True, array_like=True, tag=True):
    key: AccessKey


class AccessKeyDeleted(Struct, frozen=True, array_like=True, tag=True):
    access_key_id: str


class IdentityKept(Struct, frozen=True, array_like=True, tag=True):
    """The whole identity state."""

    accounts: tuple[AccountCreated, ...]
    users: tuple[User, ...]
    keys: tuple[AccessKey, ...]


IdentityRecord = (
    AccountCreated
    | UserCreated
    | UserModified
    | UserDeleted
    | AccessKeyCreated
    | AccessKeyDeleted
    | IdentityKept
)
