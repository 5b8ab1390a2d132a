"""What may be asked of the identity state. Ids and secrets come in the command; names were checked at the rim."""

from msgspec import Struct

from qanat.core.identity.model import Caller
from qanat.core.identity.session_tokens import Credentials


class CreateAccount(Struct, frozen=True):
    account: str


class SetControlPolicies(Struct, frozen=True):
    """-> None. Document texts, a tuple a level from the organization's root down; without levels nothing restricts."""

    account: str
    service: tuple[tuple[str, ...], ...] = ()
    resource: tuple[tuple[str, ...], ...] = ()


class CreateUser(Struct, frozen=True):
    account: str
    name: str
    path: str
    user_id: str
    tags: tuple[tuple[str, str], ...] = ()


class GetUser(Struct, frozen=True):
    """Without a name: the root of the account."""

    account: str
    name: str | None


class ListUsers(Struct, frozen=True):
    account: str
    path_prefix: str = "/"
    marker: str | None = None
    max_items: int = 100


class DeleteUser(Struct, frozen=True):
    account: str
    name: str


class CreateAccessKey(Struct, frozen=True):
    account: str
    user_name: str
    access_key_id: str
    secret: str


class ListAccessKeys(Struct, frozen=True):
    account: str
    user_name: str
    marker: str | None = None
    max_items: int = 100


class DeleteAccessKey(Struct, frozen=True):
    account: str
    user_name: str
    access_key_id: str


class PutUserPolicy(Struct, frozen=True):
    account: str
    user_name: str
    policy_name: str
    document: str


class GetUserPolicy(Struct, frozen=True):
    account: str
    user_name: str
    policy_name: str


class ListUserPolicies(Struct, frozen=True):
    account: str
    user_name: str
    marker: str | None = None
    max_items: int = 100


class DeleteUserPolicy(Struct, frozen=True):
    account: str
    user_name: str
    policy_name: str


class MakeSessionKey(Struct, frozen=True):
    """-> None. `key` is 32 random bytes; kept only where there is none yet."""

    key: bytes


class IssueSession(Struct, frozen=True):
    """-> itself. Nothing of a session is kept; the answer waits for what it rests on, as any does."""

    credentials: Credentials
    token: str
    packed_percent: int
    """How much of what a session may carry is used."""


class GetCallerIdentity(Struct, frozen=True):
    caller: Caller
