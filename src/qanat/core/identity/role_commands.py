"""What may be asked of roles and of instance profiles. Ids come in the command; names were checked at the rim."""

from msgspec import Struct

from qanat.core.identity.model import RoleUse, Texts


class CreateRole(Struct, frozen=True):
    account: str
    name: str
    path: str
    role_id: str
    trust: str
    description: str | None = None
    max_session_s: int = 3_600
    boundary: str | None = None
    tags: Texts = ()


class GetRole(Struct, frozen=True):
    """-> RoleShown."""

    account: str
    name: str


class ListRoles(Struct, frozen=True):
    account: str
    path_prefix: str = "/"
    marker: str | None = None
    max_items: int = 100


class UpdateRole(Struct, frozen=True):
    """None leaves as it is; an empty description takes it away."""

    account: str
    name: str
    description: str | None = None
    max_session_s: int | None = None


class UpdateAssumeRolePolicy(Struct, frozen=True):
    account: str
    name: str
    trust: str


class DeleteRole(Struct, frozen=True):
    account: str
    name: str


class TagRole(Struct, frozen=True):
    account: str
    name: str
    tags: Texts


class UntagRole(Struct, frozen=True):
    account: str
    name: str
    keys: tuple[str, ...]


class ListRoleTags(Struct, frozen=True):
    account: str
    name: str
    marker: str | None = None
    max_items: int = 100


class NoteRoleUses(Struct, frozen=True):
    """Uses of roles by their sessions since the last such note, one a role."""

    uses: tuple[RoleUse, ...]


class CreateInstanceProfile(Struct, frozen=True):
    account: str
    name: str
    path: str
    profile_id: str
    tags: Texts = ()


class GetInstanceProfile(Struct, frozen=True):
    account: str
    name: str


class ListInstanceProfiles(Struct, frozen=True):
    account: str
    path_prefix: str = "/"
    marker: str | None = None
    max_items: int = 100


class ListInstanceProfilesForRole(Struct, frozen=True):
    account: str
    role: str
    marker: str | None = None
    max_items: int = 100


class DeleteInstanceProfile(Struct, frozen=True):
    account: str
    name: str


class AddRoleToInstanceProfile(Struct, frozen=True):
    account: str
    name: str
    role: str


class RemoveRoleFromInstanceProfile(Struct, frozen=True):
    account: str
    name: str
    role: str


class TagInstanceProfile(Struct, frozen=True):
    account: str
    name: str
    tags: Texts


class UntagInstanceProfile(Struct, frozen=True):
    account: str
    name: str
    keys: tuple[str, ...]


class ListInstanceProfileTags(Struct, frozen=True):
    account: str
    name: str
    marker: str | None = None
    max_items: int = 100
