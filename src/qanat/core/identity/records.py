"""What the log may say about accounts and all that IAM keeps in them.

When a field is added, removed or changes its meaning, raise VERSION and keep a reader of the old form in
control_records.py.
"""

from typing import Final

from msgspec import Struct

from qanat.core.identity.model import (
    AccessKey,
    Group,
    InstanceProfile,
    KeyUse,
    ManagedPolicy,
    MfaDevice,
    Role,
    RoleUse,
    User,
)

VERSION: Final = 3


class AccountCreated(Struct, frozen=True, array_like=True, tag=True):
    account: str
    created_at_ms: int


class ControlPoliciesSet(Struct, frozen=True, array_like=True, tag=True):
    """Service and resource control policies of an account: one tuple of document texts a level."""

    account: str
    service: tuple[tuple[str, ...], ...] = ()
    resource: tuple[tuple[str, ...], ...] = ()


class UserPut(Struct, frozen=True, array_like=True, tag=True):
    """The user as it is now, new or changed: inline policies, groups and all else are part of it."""

    user: User


class UserDeleted(Struct, frozen=True, array_like=True, tag=True):
    account: str
    name: str


class UserRenamed(Struct, frozen=True, array_like=True, tag=True):
    """The user under its new name; its keys follow."""

    old_name: str
    user: User


class GroupPut(Struct, frozen=True, array_like=True, tag=True):
    group: Group


class GroupDeleted(Struct, frozen=True, array_like=True, tag=True):
    account: str
    name: str


class GroupRenamed(Struct, frozen=True, array_like=True, tag=True):
    """The group under its new name; its members follow."""

    old_name: str
    group: Group


class RolePut(Struct, frozen=True, array_like=True, tag=True):
    role: Role


class RoleDeleted(Struct, frozen=True, array_like=True, tag=True):
    account: str
    name: str


class ManagedPolicyPut(Struct, frozen=True, array_like=True, tag=True):
    policy: ManagedPolicy


class ManagedPolicyDeleted(Struct, frozen=True, array_like=True, tag=True):
    arn: str


class InstanceProfilePut(Struct, frozen=True, array_like=True, tag=True):
    profile: InstanceProfile


class InstanceProfileDeleted(Struct, frozen=True, array_like=True, tag=True):
    account: str
    name: str


class AccessKeyPut(Struct, frozen=True, array_like=True, tag=True):
    key: AccessKey


class AccessKeyDeleted(Struct, frozen=True, array_like=True, tag=True):
    access_key_id: str


class KeysUsed(Struct, frozen=True, array_like=True, tag=True):
    """Written now and then, off the way of a request, so the last minutes before a crash may be missing."""

    uses: tuple[KeyUse, ...]


class MfaDevicePut(Struct, frozen=True, array_like=True, tag=True):
    device: MfaDevice


class MfaDeviceDeleted(Struct, frozen=True, array_like=True, tag=True):
    serial: str


class MfaCodeJudged(Struct, frozen=True, array_like=True, tag=True):
    """A code was right or wrong. No policy reads what this changes."""

    serial: str
    last_step: int
    wrong_codes: int
    refused_until_ms: int


class RolesUsed(Struct, frozen=True, array_like=True, tag=True):
    """Sessions of roles were used, as `KeysUsed`."""

    uses: tuple[RoleUse, ...]


class SessionKeyMade(Struct, frozen=True, array_like=True, tag=True):
    """The 32 bytes that seal session tokens."""

    key: bytes

    def __repr__(self) -> str:
        return "SessionKeyMade(hidden)"


class IdentityKept(Struct, frozen=True, array_like=True, tag=True):
    """The whole identity state."""

    accounts: tuple[AccountCreated, ...]
    control_policies: tuple[ControlPoliciesSet, ...]
    users: tuple[User, ...]
    groups: tuple[Group, ...]
    roles: tuple[Role, ...]
    managed_policies: tuple[ManagedPolicy, ...]
    instance_profiles: tuple[InstanceProfile, ...]
    keys: tuple[AccessKey, ...]
    key_uses: tuple[KeyUse, ...]
    mfa_devices: tuple[MfaDevice, ...]
    role_uses: tuple[RoleUse, ...]
    session_key: SessionKeyMade | None


IdentityRecord = (
    AccountCreated
    | ControlPoliciesSet
    | UserPut
    | UserDeleted
    | UserRenamed
    | GroupPut
    | GroupDeleted
    | GroupRenamed
    | RolePut
    | RoleDeleted
    | ManagedPolicyPut
    | ManagedPolicyDeleted
    | InstanceProfilePut
    | InstanceProfileDeleted
    | AccessKeyPut
    | AccessKeyDeleted
    | KeysUsed
    | MfaDevicePut
    | MfaDeviceDeleted
    | MfaCodeJudged
    | RolesUsed
    | SessionKeyMade
    | IdentityKept
)
