"""What may be asked of the identity state. Ids and secrets come in the command; names were checked at the rim."""

from enum import StrEnum

from msgspec import Struct

from qanat.core.identity.holders import HolderKind
from qanat.core.identity.model import Caller, KeyUse
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
    boundary: str | None = None


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


class UpdateUser(Struct, frozen=True):
    """None leaves as it is."""

    account: str
    name: str
    new_name: str | None = None
    new_path: str | None = None


class TagUser(Struct, frozen=True):
    account: str
    name: str
    tags: tuple[tuple[str, str], ...]


class UntagUser(Struct, frozen=True):
    account: str
    name: str
    keys: tuple[str, ...]


class ListUserTags(Struct, frozen=True):
    account: str
    name: str
    marker: str | None = None
    max_items: int = 100


class GetLoginProfile(Struct, frozen=True):
    """Always refused: nobody has a password here."""

    account: str
    user_name: str


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


class UpdateAccessKey(Struct, frozen=True):
    account: str
    user_name: str
    access_key_id: str
    active: bool


class GetAccessKeyLastUsed(Struct, frozen=True):
    account: str
    access_key_id: str


class NoteKeyUses(Struct, frozen=True):
    """Uses of keys since the last such note, one a key."""

    uses: tuple[KeyUse, ...]


class CreateGroup(Struct, frozen=True):
    account: str
    name: str
    path: str
    group_id: str


class GetGroup(Struct, frozen=True):
    """The group and a page of its users."""

    account: str
    name: str
    marker: str | None = None
    max_items: int = 100


class ListGroups(Struct, frozen=True):
    account: str
    path_prefix: str = "/"
    marker: str | None = None
    max_items: int = 100


class UpdateGroup(Struct, frozen=True):
    """None leaves as it is."""

    account: str
    name: str
    new_name: str | None = None
    new_path: str | None = None


class DeleteGroup(Struct, frozen=True):
    account: str
    name: str


class AddUserToGroup(Struct, frozen=True):
    account: str
    group_name: str
    user_name: str


class RemoveUserFromGroup(Struct, frozen=True):
    account: str
    group_name: str
    user_name: str


class ListGroupsForUser(Struct, frozen=True):
    account: str
    user_name: str
    marker: str | None = None
    max_items: int = 100


class PutInlinePolicy(Struct, frozen=True):
    kind: HolderKind
    account: str
    holder: str
    policy_name: str
    document: str


class GetInlinePolicy(Struct, frozen=True):
    kind: HolderKind
    account: str
    holder: str
    policy_name: str


class ListInlinePolicies(Struct, frozen=True):
    kind: HolderKind
    account: str
    holder: str
    marker: str | None = None
    max_items: int = 100


class DeleteInlinePolicy(Struct, frozen=True):
    kind: HolderKind
    account: str
    holder: str
    policy_name: str


class GetAccountSummary(Struct, frozen=True):
    account: str


class EntityType(StrEnum):
    """In the words of GetAccountAuthorizationDetails, in the order in which it tells of them."""

    USER = "User"
    GROUP = "Group"
    ROLE = "Role"
    LOCAL_POLICY = "LocalManagedPolicy"
    AWS_POLICY = "AWSManagedPolicy"


class GetAuthorizationDetails(Struct, frozen=True):
    """-> Page[Detail]."""

    account: str
    types: tuple[EntityType, ...] = tuple(EntityType)
    marker: str | None = None
    max_items: int = 100


class GenerateCredentialReport(Struct, frozen=True):
    """-> whether one had to be made; there is one afterwards."""

    account: str


class GetCredentialReport(Struct, frozen=True):
    """-> CredentialReport."""

    account: str


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
