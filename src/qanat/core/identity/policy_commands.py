"""What may be asked of managed policies and of what they are attached to. ARNs were parsed at the rim."""

from enum import StrEnum

from msgspec import Struct

from qanat.core.identity.holders import HolderKind
from qanat.core.identity.model import Texts


class PolicyScope(StrEnum):
    ALL = "All"
    AWS = "AWS"
    LOCAL = "Local"


class PolicyUsage(StrEnum):
    PERMISSIONS = "PermissionsPolicy"
    BOUNDARY = "PermissionsBoundary"


class CreatePolicy(Struct, frozen=True):
    account: str
    name: str
    path: str
    policy_id: str
    document: str
    description: str | None = None
    tags: Texts = ()


class GetPolicy(Struct, frozen=True):
    account: str
    arn: str


class ListPolicies(Struct, frozen=True):
    account: str
    scope: PolicyScope = PolicyScope.ALL
    only_attached: bool = False
    path_prefix: str = "/"
    usage: PolicyUsage | None = None
    marker: str | None = None
    max_items: int = 100


class DeletePolicy(Struct, frozen=True):
    account: str
    arn: str


class CreatePolicyVersion(Struct, frozen=True):
    account: str
    arn: str
    document: str
    set_as_default: bool = False


class GetPolicyVersion(Struct, frozen=True):
    account: str
    arn: str
    version_id: str


class ListPolicyVersions(Struct, frozen=True):
    account: str
    arn: str
    marker: str | None = None
    max_items: int = 100


class SetDefaultPolicyVersion(Struct, frozen=True):
    account: str
    arn: str
    version_id: str


class DeletePolicyVersion(Struct, frozen=True):
    account: str
    arn: str
    version_id: str


class TagPolicy(Struct, frozen=True):
    account: str
    arn: str
    tags: Texts


class UntagPolicy(Struct, frozen=True):
    account: str
    arn: str
    keys: tuple[str, ...]


class ListPolicyTags(Struct, frozen=True):
    account: str
    arn: str
    marker: str | None = None
    max_items: int = 100


class ListEntitiesForPolicy(Struct, frozen=True):
    account: str
    arn: str
    kinds: tuple[HolderKind, ...] = tuple(HolderKind)
    path_prefix: str = "/"
    usage: PolicyUsage | None = None
    marker: str | None = None
    max_items: int = 100


class AttachPolicy(Struct, frozen=True):
    kind: HolderKind
    account: str
    holder: str
    arn: str


class DetachPolicy(Struct, frozen=True):
    kind: HolderKind
    account: str
    holder: str
    arn: str


class ListAttachedPolicies(Struct, frozen=True):
    kind: HolderKind
    account: str
    holder: str
    path_prefix: str = "/"
    marker: str | None = None
    max_items: int = 100


class PutPermissionsBoundary(Struct, frozen=True):
    """Of a user or a role; groups have none."""

    kind: HolderKind
    account: str
    holder: str
    arn: str


class DeletePermissionsBoundary(Struct, frozen=True):
    kind: HolderKind
    account: str
    holder: str
