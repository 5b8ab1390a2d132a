"""What holds policies: users, groups and roles, as far as they are alike."""

from enum import StrEnum

from qanat.core.identity.model import Group, Role, User
from qanat.core.identity.records import GroupPut, RolePut, UserPut
from qanat.core.identity.store import Holder, IdentityStore


class HolderKind(StrEnum):
    """In the words of IAM's own error texts."""

    USER = "user"
    GROUP = "group"
    ROLE = "role"


def existing_holder(store: IdentityStore, kind: HolderKind, account: str, name: str) -> Holder:
    """Raises NoSuchEntity."""
    if kind is HolderKind.USER:
        return store.existing_user(account, name)
    if kind is HolderKind.GROUP:
        return store.existing_group(account, name)
    return store.existing_role(account, name)


def put(holder: Holder) -> UserPut | GroupPut | RolePut:
    """The record that says how the holder is now."""
    match holder:
        case User():
            return UserPut(holder)
        case Group():
            return GroupPut(holder)
        case Role():
            return RolePut(holder)
