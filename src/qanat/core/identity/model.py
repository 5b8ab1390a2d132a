"""The nouns of IAM. Values only: every change makes a new value, so a reader can never see half of one."""

from enum import StrEnum

from msgspec import Struct

from qanat.core.names import root_arn, user_arn


class PrincipalType(StrEnum):
    """The values of `aws:PrincipalType` (IAM User Guide, reference_policies_variables#principaltable)."""

    ACCOUNT = "Account"
    USER = "User"
    ASSUMED_ROLE = "AssumedRole"
    FEDERATED_USER = "FederatedUser"
    ANONYMOUS = "Anonymous"


class User(Struct, frozen=True, array_like=True):
    """An IAM user. `user_id` (AIDA...) is never reused, so a namesake made later is another principal."""

    account: str
    name: str
    user_id: str
    path: str
    created_at_ms: int
    policies: tuple[tuple[str, str], ...] = ()
    """Inline policies: (name, document text as it was given), sorted by name."""
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def arn(self) -> str:
        return user_arn(self.account, self.name, self.path)


class AccessKey(Struct, frozen=True, array_like=True):
    """A long-term key (AKIA...). The secret is what SigV4 signs with, so it cannot be stored as a hash."""

    access_key_id: str
    secret: str
    account: str
    user_name: str
    created_at_ms: int
    active: bool = True

    def __repr__(self) -> str:
        return f"AccessKey({self.access_key_id!r}, secret=hidden, user_name={self.user_name!r})"


class Caller(Struct, frozen=True):
    """Who a verified signature (or the lack of one) says is calling. This is the principal of policy evaluation."""

    type: PrincipalType
    account: str
    """Twelve digits, or `anonymous`."""
    arn: str
    """Empty for anonymous callers."""
    unique_id: str
    """`aws:userid`: AIDA... for a user, the account id for root, `anonymous` for nobody."""
    user_name: str | None = None


ANONYMOUS = Caller(PrincipalType.ANONYMOUS, "anonymous", "", "anonymous")


def root_of(account: str) -> Caller:
    return Caller(PrincipalType.ACCOUNT, account, root_arn(account), account)


def caller_of(user: User) -> Caller:
    return Caller(PrincipalType.USER, user.account, user.arn, user.user_id, user.name)
