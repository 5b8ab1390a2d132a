"""Instance profiles, each of which holds one role at most, and their tags."""

from typing import Final, NamedTuple

from msgspec.structs import replace

from qanat.core.identity import quotas
from qanat.core.identity.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from qanat.core.identity.model import InstanceProfile, Role
from qanat.core.identity.quotas import check_room
from qanat.core.identity.records import InstanceProfileDeleted, InstanceProfilePut
from qanat.core.identity.role_commands import (
    AddRoleToInstanceProfile,
    CreateInstanceProfile,
    DeleteInstanceProfile,
    GetInstanceProfile,
    ListInstanceProfiles,
    ListInstanceProfilesForRole,
    ListInstanceProfileTags,
    RemoveRoleFromInstanceProfile,
    TagInstanceProfile,
    UntagInstanceProfile,
)
from qanat.core.identity.store import IdentityStore, entry
from qanat.core.identity.tags import tagged, untagged
from qanat.core.page import Page, page
from qanat.core.part import Emit, Handlers

# IAM User Guide, reference_iam-quotas; it cannot be raised.
ROLES_OF_PROFILE_MAX: Final = 1


class ProfileShown(NamedTuple):
    profile: InstanceProfile
    role: Role | None


class InstanceProfiles:
    def __init__(self, store: IdentityStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            CreateInstanceProfile: self._create,
            GetInstanceProfile: self._get,
            ListInstanceProfiles: self._list,
            ListInstanceProfilesForRole: self._list_for_role,
            DeleteInstanceProfile: self._delete,
            AddRoleToInstanceProfile: self._add_role,
            RemoveRoleFromInstanceProfile: self._remove_role,
            TagInstanceProfile: self._tag,
            UntagInstanceProfile: self._untag,
            ListInstanceProfileTags: self._list_tags,
        }

    def _create(self, command: CreateInstanceProfile, now_ms: int) -> ProfileShown:
        self._store.account(command.account)
        if self._store.instance_profiles.count("folded", entry(command.account, command.name.lower())):
            raise EntityAlreadyExists(f"Instance Profile {command.name} already exists.")
        check_room(quotas.INSTANCE_PROFILES, self._store.instance_profiles, command.account)
        profile = InstanceProfile(
            command.account, command.name, command.profile_id, command.path, now_ms, tags=command.tags
        )
        self._emit(InstanceProfilePut(profile))
        return ProfileShown(profile, None)

    def _get(self, command: GetInstanceProfile, now_ms: int) -> ProfileShown:
        return self._shown(self._existing(command.account, command.name))

    def _list(self, command: ListInstanceProfiles, now_ms: int) -> Page[ProfileShown]:
        profiles = self._store.instance_profiles.where("account", command.account)
        matching = [one for one in profiles if one.path.startswith(command.path_prefix)]
        return self._page(matching, command.marker, command.max_items)

    def _list_for_role(self, command: ListInstanceProfilesForRole, now_ms: int) -> Page[ProfileShown]:
        role = self._store.existing_role(command.account, command.role)
        profiles = self._store.instance_profiles.where("role", entry(role.account, role.name))
        return self._page(profiles, command.marker, command.max_items)

    def _delete(self, command: DeleteInstanceProfile, now_ms: int) -> None:
        profile = self._existing(command.account, command.name)
        if profile.role is not None:
            raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
        self._emit(InstanceProfileDeleted(profile.account, profile.name))

    def _add_role(self, command: AddRoleToInstanceProfile, now_ms: int) -> None:
        profile = self._existing(command.account, command.name)
        role = self._store.existing_role(command.account, command.role)
        if profile.role is not None:
            raise LimitExceeded(
                f"Cannot exceed quota for InstanceSessionsPerInstanceProfile: {ROLES_OF_PROFILE_MAX}"
            )
        self._emit(InstanceProfilePut(replace(profile, role=role.name)))

    def _remove_role(self, command: RemoveRoleFromInstanceProfile, now_ms: int) -> None:
        profile = self._existing(command.account, command.name)
        if profile.role != command.role:
            raise NoSuchEntity(f"The role with name {command.role} cannot be found.")
        self._emit(InstanceProfilePut(replace(profile, role=None)))

    def _tag(self, command: TagInstanceProfile, now_ms: int) -> None:
        profile = self._existing(command.account, command.name)
        self._put(profile, replace(profile, tags=tagged(profile.tags, command.tags)))

    def _untag(self, command: UntagInstanceProfile, now_ms: int) -> None:
        profile = self._existing(command.account, command.name)
        self._put(profile, replace(profile, tags=untagged(profile.tags, command.keys)))

    def _list_tags(self, command: ListInstanceProfileTags, now_ms: int) -> Page[tuple[str, str]]:
        profile = self._existing(command.account, command.name)
        return page(profile.tags, lambda tag: tag[0], command.marker, command.max_items)

    def _existing(self, account: str, name: str) -> InstanceProfile:
        profile = self._store.instance_profiles.get((account, name))
        if profile is None:
            raise NoSuchEntity(f"Instance Profile {name} cannot be found.")
        return profile

    def _put(self, before: InstanceProfile, now: InstanceProfile) -> None:
        if now != before:
            self._emit(InstanceProfilePut(now))

    def _shown(self, profile: InstanceProfile) -> ProfileShown:
        role = None if profile.role is None else self._store.existing_role(profile.account, profile.role)
        return ProfileShown(profile, role)

    def _page(self, profiles: list[InstanceProfile], marker: str | None, size: int) -> Page[ProfileShown]:
        return page([self._shown(one) for one in profiles], lambda shown: shown.profile.name, marker, size)
