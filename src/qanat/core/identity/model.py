"""The nouns of IAM. Values only: every change makes a new value, so a reader can never see half of one."""

from enum import StrEnum

from msgspec import Struct

from qanat.core.names import (
    federated_user_arn,
    group_arn,
    instance_profile_arn,
    mfa_arn,
    policy_arn,
    role_arn,
    root_arn,
    session_arn,
    user_arn,
)


class PrincipalType(StrEnum):
    """The values of `aws:PrincipalType` (IAM User Guide, reference_policies_variables#principaltable)."""

    ACCOUNT = "Account"
    USER = "User"
    ASSUMED_ROLE = "AssumedRole"
    FEDERATED_USER = "FederatedUser"
    ANONYMOUS = "Anonymous"
    SERVICE = "Service"
    """An AWS service that acts on its own behalf; the key is absent then, so no policy sees this value."""
    PROVIDER = "Provider"
    """An identity provider that vouches for somebody (SAML, OpenID Connect). Only a simulation has such a caller."""


Texts = tuple[tuple[str, str], ...]
"""Inline policies as (name, document text as it was given), or tags as (key, value); sorted by the first."""


class User(Struct, frozen=True, array_like=True):
    """An IAM user. `user_id` (AIDA...) is never reused, so a namesake made later is another principal."""

    account: str
    name: str
    user_id: str
    path: str
    created_at_ms: int
    policies: Texts = ()
    tags: Texts = ()
    attached: tuple[str, ...] = ()
    """ARNs of managed policies, in the order in which they were attached."""
    groups: tuple[str, ...] = ()
    """Names of the groups that the user is in, sorted."""
    boundary: str | None = None
    """ARN of the managed policy that is the permissions boundary."""

    @property
    def arn(self) -> str:
        return user_arn(self.account, self.name, self.path)

    @property
    def unique_id(self) -> str:
        return self.user_id


class Group(Struct, frozen=True, array_like=True):
    """Users that share policies; never a principal. `group_id` is AGPA..."""

    account: str
    name: str
    group_id: str
    path: str
    created_at_ms: int
    policies: Texts = ()
    attached: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        return group_arn(self.account, self.name, self.path)


class Role(Struct, frozen=True, array_like=True):
    """An IAM role. `role_id` is AROA... and never reused."""

    account: str
    name: str
    role_id: str
    path: str
    created_at_ms: int
    trust: str
    """The trust policy (AssumeRolePolicyDocument) as it was given."""
    trusted_ids: Texts = ()
    """(principal ARN in `trust`, the unique id that it meant when the policy was saved)."""
    description: str | None = None
    max_session_s: int = 3_600
    policies: Texts = ()
    tags: Texts = ()
    attached: tuple[str, ...] = ()
    boundary: str | None = None

    @property
    def arn(self) -> str:
        return role_arn(self.account, self.name, self.path)

    @property
    def unique_id(self) -> str:
        return self.role_id


class PolicyVersion(Struct, frozen=True, array_like=True):
    version_id: str
    """`v1`, `v2`, ...; a number is never used twice in one policy."""
    document: str
    created_at_ms: int


class ManagedPolicy(Struct, frozen=True, array_like=True):
    """A policy that stands by itself and is attached by its ARN. `policy_id` is ANPA..."""

    account: str
    """`aws` for those that AWS manages."""
    name: str
    policy_id: str
    path: str
    created_at_ms: int
    updated_at_ms: int
    versions: tuple[PolicyVersion, ...]
    """Oldest first; five at most."""
    default_version_id: str
    next_version: int
    description: str | None = None
    tags: Texts = ()

    @property
    def arn(self) -> str:
        return policy_arn(self.account, self.name, self.path)

    @property
    def document(self) -> str:
        """The text that is in force."""
        return next(one.document for one in self.versions if one.version_id == self.default_version_id)


class InstanceProfile(Struct, frozen=True, array_like=True):
    """A container by which EC2 hands a role to an instance. `profile_id` is AIPA..."""

    account: str
    name: str
    profile_id: str
    path: str
    created_at_ms: int
    role: str | None = None
    """The name of its one role."""
    tags: Texts = ()

    @property
    def arn(self) -> str:
        return instance_profile_arn(self.account, self.name, self.path)


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


class MfaDevice(Struct, frozen=True, array_like=True):
    """A virtual MFA device. A code is made of the seed, so like a secret key it cannot be stored as a hash.

    It counts steps of 30 seconds by a clock of its own; see `totp`.
    """

    account: str
    name: str
    path: str
    seed: bytes
    created_at_ms: int
    tags: Texts = ()
    user_id: str | None = None
    """Of the user whose it is (AIDA...), once it is enabled."""
    enabled_at_ms: int | None = None
    ahead_steps: int = 0
    """How far its clock is ahead of ours."""
    last_step: int = 0
    """The newest of its steps whose code was taken; no code of that one or of an earlier one is good again."""
    wrong_codes: int = 0
    """In a row, since one was right."""
    refused_until_ms: int = 0
    """After too many of them: no code is looked at before."""

    @property
    def serial(self) -> str:
        """The serial number of a virtual device is its ARN."""
        return mfa_arn(self.account, self.name, self.path)

    def __repr__(self) -> str:
        return f"MfaDevice({self.serial!r}, seed=hidden, user_id={self.user_id!r})"


class KeyUse(Struct, frozen=True, array_like=True):
    """When and for what a key was last used (GetAccessKeyLastUsed)."""

    access_key_id: str
    at_ms: int
    service: str
    region: str


class RoleUse(Struct, frozen=True, array_like=True):
    """When and where sessions of a role last made a request (RoleLastUsed)."""

    role_id: str
    at_ms: int
    region: str


class Session(Struct, frozen=True):
    """What temporary credentials carry beyond whose they are (IAM User Guide, id_credentials_temp)."""

    access_key_id: str
    """ASIA...; no other session has it."""
    issued_at_ms: int
    expires_at_ms: int
    issuer_id: str
    """Unique id of the role or user that the session is of (AROA..., AIDA...); the account id for root."""
    issuer_name: str
    """Name that this role or user had then; `root` for root."""
    policies: tuple[str, ...] | None = None
    """Session policies, as document texts. None: nothing was passed, so nothing is filtered."""
    policy_arns: tuple[str, ...] = ()
    """Managed policies that were passed as session policies."""
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str | None = None
    mfa_at_ms: int | None = None
    """When its user showed a code of an MFA device, if that is so."""


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
    """Of a user who calls with own or temporary credentials of its own."""
    principal_arn: str = ""
    """Of the role that a session is of, which is its `aws:PrincipalArn`; of the user who asked for a federated one."""
    session: Session | None = None
    """Present exactly where the credentials are temporary."""


ANONYMOUS = Caller(PrincipalType.ANONYMOUS, "anonymous", "", "anonymous")


def root_of(account: str) -> Caller:
    return Caller(PrincipalType.ACCOUNT, account, root_arn(account), account)


def caller_of(user: User, session: Session | None = None) -> Caller:
    return Caller(PrincipalType.USER, user.account, user.arn, user.user_id, user.name, session=session)


def role_session(role: Role, name: str, session: Session) -> Caller:
    """`session` must be of that role."""
    arn = session_arn(role.account, role.name, name)
    unique_id = f"{role.role_id}:{name}"
    return Caller(
        PrincipalType.ASSUMED_ROLE, role.account, arn, unique_id, principal_arn=role.arn, session=session
    )


def federated_user(user: User, name: str, session: Session) -> Caller:
    """Of GetFederationToken, which `user` asked for."""
    arn = federated_user_arn(user.account, name)
    unique_id = f"{user.account}:{name}"
    return Caller(
        PrincipalType.FEDERATED_USER, user.account, arn, unique_id, principal_arn=user.arn, session=session
    )


def provider_caller(name: str) -> Caller:
    """`name` as in a policy's Federated principal: the ARN of a provider, or `accounts.google.com`."""
    return Caller(PrincipalType.PROVIDER, "", name, name)


def service_caller(name: str) -> Caller:
    """`name` as in a policy's Service principal: `sns.amazonaws.com`."""
    return Caller(PrincipalType.SERVICE, "", name, name)
