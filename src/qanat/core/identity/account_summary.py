"""GetAccountSummary: how many things of each kind an account has, and the quotas that hold here."""

from typing import Final

from qanat.core.identity import quotas
from qanat.core.identity.access_keys import ACCESS_KEYS_OF_USER_MAX
from qanat.core.identity.attachments import ATTACHED_MAX
from qanat.core.identity.commands import GetAccountSummary
from qanat.core.identity.groups import GROUPS_OF_USER_MAX
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.inline_policies import INLINE_POLICIES_MAX_CHARACTERS
from qanat.core.identity.managed_policies import POLICY_MAX_CHARACTERS, VERSIONS_MAX
from qanat.core.identity.store import IdentityStore
from qanat.core.part import Handlers
from qanat.core.policy.sizes import SIZES, PolicyKind

_QUOTAS: Final = {
    "UsersQuota": quotas.USERS.most,
    "GroupsQuota": quotas.GROUPS.most,
    "RolesQuota": quotas.ROLES.most,
    "PoliciesQuota": quotas.POLICIES.most,
    "InstanceProfilesQuota": quotas.INSTANCE_PROFILES.most,
    "AccessKeysPerUserQuota": ACCESS_KEYS_OF_USER_MAX,
    "GroupsPerUserQuota": GROUPS_OF_USER_MAX,
    "UserPolicySizeQuota": INLINE_POLICIES_MAX_CHARACTERS[HolderKind.USER],
    "GroupPolicySizeQuota": INLINE_POLICIES_MAX_CHARACTERS[HolderKind.GROUP],
    "RolePolicySizeQuota": INLINE_POLICIES_MAX_CHARACTERS[HolderKind.ROLE],
    "AssumeRolePolicySizeQuota": SIZES[PolicyKind.TRUST].max,
    "PolicySizeQuota": POLICY_MAX_CHARACTERS,
    "VersionsPerPolicyQuota": VERSIONS_MAX,
    "AttachedPoliciesPerUserQuota": ATTACHED_MAX,
    "AttachedPoliciesPerGroupQuota": ATTACHED_MAX,
    "AttachedPoliciesPerRoleQuota": ATTACHED_MAX,
}
# What no account has here, though clients may look for it. Root has no keys and no MFA device.
_NONE: Final = dict.fromkeys(
    (
        "AccountAccessKeysPresent",
        "AccountMFAEnabled",
        "AccountSigningCertificatesPresent",
        "Providers",
        "ServerCertificates",
    ),
    0,
)


class AccountSummary:
    def __init__(self, store: IdentityStore) -> None:
        self._store = store
        self.handlers: Handlers = {GetAccountSummary: self._get}

    def _get(self, command: GetAccountSummary, now_ms: int) -> dict[str, int]:
        account, store = command.account, self._store
        return {
            "Users": store.users.count("account", account),
            "Groups": store.groups.count("account", account),
            "Roles": store.roles.count("account", account),
            "Policies": store.managed_policies.count("account", account),
            "InstanceProfiles": store.instance_profiles.count("account", account),
            "MFADevices": store.mfa_devices.count("account", account),
            "MFADevicesInUse": store.mfa_devices.count("in_use", account),
            **_QUOTAS,
            **_NONE,
        }
