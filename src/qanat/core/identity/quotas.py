"""How many things of each kind an account may have (IAM User Guide, reference_iam-quotas: the default quotas)."""

from typing import Any, Final

from msgspec import Struct

from qanat.core.identity.errors import LimitExceeded
from qanat.core.table import Table


class Quota(Struct, frozen=True):
    name: str
    """As IAM's refusal calls it."""
    most: int


USERS: Final = Quota("UsersPerAccount", 5_000)
GROUPS: Final = Quota("GroupsPerAccount", 300)
ROLES: Final = Quota("RolesPerAccount", 1_000)
POLICIES: Final = Quota("PoliciesPerAccount", 1_500)
INSTANCE_PROFILES: Final = Quota("InstanceProfilesPerAccount", 1_000)

MFA_DEVICES: Final = Quota("MFADevicesPerAccount", 5_000)
"""Assigned or not: as many as users."""


def check_room(quota: Quota, table: Table[Any, Any], account: str) -> None:
    """Raises LimitExceeded where `account` can have no more of what is in `table`."""
    if table.count("account", account) >= quota.most:
        raise LimitExceeded(f"Cannot exceed quota for {quota.name}: {quota.most}")
