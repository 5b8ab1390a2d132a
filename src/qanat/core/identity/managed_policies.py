"""Managed policies, their versions and their tags, and what they are attached to."""

from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from qanat.core.errors import AccessDenied
from qanat.core.identity import quotas
from qanat.core.identity.aws_managed import AWS, AWS_MANAGED
from qanat.core.identity.documents import read_document
from qanat.core.identity.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.model import Group, ManagedPolicy, PolicyVersion, User
from qanat.core.identity.policy_commands import (
    CreatePolicy,
    CreatePolicyVersion,
    DeletePolicy,
    DeletePolicyVersion,
    GetPolicy,
    GetPolicyVersion,
    ListEntitiesForPolicy,
    ListPolicies,
    ListPolicyTags,
    ListPolicyVersions,
    PolicyScope,
    PolicyUsage,
    SetDefaultPolicyVersion,
    TagPolicy,
    UntagPolicy,
)
from qanat.core.identity.quotas import check_room
from qanat.core.identity.records import ManagedPolicyDeleted, ManagedPolicyPut
from qanat.core.identity.store import Holder, IdentityStore, entry
from qanat.core.identity.tags import tagged, untagged
from qanat.core.page import Page, page
from qanat.core.part import Emit, Handlers
from qanat.core.policy.sizes import PolicyKind, without_white_space
from qanat.core.table import Table

# IAM User Guide, reference_iam-quotas; white space is not counted.
POLICY_MAX_CHARACTERS: Final = 6_144
VERSIONS_MAX: Final = 5


class PolicyInUse(NamedTuple):
    """A managed policy and how many users, groups and roles of the asking account have it, and have it as boundary."""

    policy: ManagedPolicy
    attachments: int
    boundaries: int


class VersionShown(NamedTuple):
    version: PolicyVersion
    is_default: bool


def policy_order(policy: ManagedPolicy) -> str:
    """Names are unique in an account, and short enough for a marker."""
    return entry(policy.account, policy.name)


class ManagedPolicies:
    def __init__(self, store: IdentityStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            CreatePolicy: self._create,
            GetPolicy: self._get,
            ListPolicies: self._list,
            DeletePolicy: self._delete,
            CreatePolicyVersion: self._create_version,
            GetPolicyVersion: self._get_version,
            ListPolicyVersions: self._list_versions,
            SetDefaultPolicyVersion: self._set_default,
            DeletePolicyVersion: self._delete_version,
            TagPolicy: self._tag,
            UntagPolicy: self._untag,
            ListPolicyTags: self._list_tags,
            ListEntitiesForPolicy: self._list_entities,
        }

    def _create(self, command: CreatePolicy, now_ms: int) -> PolicyInUse:
        self._store.account(command.account)
        if self._store.managed_policies.count("folded", entry(command.account, command.name.lower())):
            raise EntityAlreadyExists(
                f"A policy called {command.name} already exists. Duplicate names are not allowed."
            )
        check_room(quotas.POLICIES, self._store.managed_policies, command.account)
        _check(command.document)
        policy = ManagedPolicy(
            account=command.account,
            name=command.name,
            policy_id=command.policy_id,
            path=command.path,
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
            versions=(PolicyVersion("v1", command.document, now_ms),),
            default_version_id="v1",
            next_version=2,
            description=command.description or None,
            tags=command.tags,
        )
        self._emit(ManagedPolicyPut(policy))
        return PolicyInUse(policy, 0, 0)

    def _get(self, command: GetPolicy, now_ms: int) -> PolicyInUse:
        return policy_in_use(self._store, command.account, self._seen(command.account, command.arn))

    def _list(self, command: ListPolicies, now_ms: int) -> Page[PolicyInUse]:
        policies: list[ManagedPolicy] = []
        if command.scope is not PolicyScope.AWS:
            policies += self._store.managed_policies.where("account", command.account)
        if command.scope is not PolicyScope.LOCAL:
            policies += AWS_MANAGED.values()
        matching = [
            found
            for policy in sorted(policies, key=policy_order)
            if policy.path.startswith(command.path_prefix)
            and _wanted(found := policy_in_use(self._store, command.account, policy), command)
        ]
        return page(matching, lambda found: policy_order(found.policy), command.marker, command.max_items)

    def _delete(self, command: DeletePolicy, now_ms: int) -> None:
        policy = self._changeable(command.account, command.arn)
        found = policy_in_use(self._store, command.account, policy)
        if found.attachments or found.boundaries:
            raise DeleteConflict("Cannot delete a policy attached to entities.")
        if len(policy.versions) > 1:
            raise DeleteConflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                "versions. The default version is deleted with the policy."
            )
        self._emit(ManagedPolicyDeleted(policy.arn))

    def _create_version(self, command: CreatePolicyVersion, now_ms: int) -> VersionShown:
        policy = self._changeable(command.account, command.arn)
        if len(policy.versions) >= VERSIONS_MAX:
            raise LimitExceeded(
                f"A managed policy can have up to {VERSIONS_MAX} versions. Before you create a new version, you must "
                "delete an existing version."
            )
        _check(command.document)
        version = PolicyVersion(f"v{policy.next_version}", command.document, now_ms)
        default = version.version_id if command.set_as_default else policy.default_version_id
        changed = replace(
            policy,
            versions=(*policy.versions, version),
            next_version=policy.next_version + 1,
            default_version_id=default,
            updated_at_ms=now_ms,
        )
        self._emit(ManagedPolicyPut(changed))
        return VersionShown(version, command.set_as_default)

    def _get_version(self, command: GetPolicyVersion, now_ms: int) -> VersionShown:
        policy = self._seen(command.account, command.arn)
        version = _version(policy, command.version_id)
        return VersionShown(version, version.version_id == policy.default_version_id)

    def _list_versions(self, command: ListPolicyVersions, now_ms: int) -> Page[VersionShown]:
        """The newest first, as AWS lists them."""
        policy = self._seen(command.account, command.arn)
        newest_first = [
            VersionShown(version, version.version_id == policy.default_version_id)
            for version in reversed(policy.versions)
        ]
        return page(newest_first, _newest_first, command.marker, command.max_items)

    def _set_default(self, command: SetDefaultPolicyVersion, now_ms: int) -> None:
        policy = self._changeable(command.account, command.arn)
        version = _version(policy, command.version_id)
        if version.version_id != policy.default_version_id:
            changed = replace(policy, default_version_id=version.version_id, updated_at_ms=now_ms)
            self._emit(ManagedPolicyPut(changed))

    def _delete_version(self, command: DeletePolicyVersion, now_ms: int) -> None:
        policy = self._changeable(command.account, command.arn)
        version = _version(policy, command.version_id)
        if version.version_id == policy.default_version_id:
            raise DeleteConflict("Cannot delete the default version of a policy.")
        rest = tuple(one for one in policy.versions if one != version)
        self._emit(ManagedPolicyPut(replace(policy, versions=rest, updated_at_ms=now_ms)))

    def _tag(self, command: TagPolicy, now_ms: int) -> None:
        policy = self._changeable(command.account, command.arn)
        self._put(policy, replace(policy, tags=tagged(policy.tags, command.tags)))

    def _untag(self, command: UntagPolicy, now_ms: int) -> None:
        policy = self._changeable(command.account, command.arn)
        self._put(policy, replace(policy, tags=untagged(policy.tags, command.keys)))

    def _list_tags(self, command: ListPolicyTags, now_ms: int) -> Page[tuple[str, str]]:
        policy = self._seen(command.account, command.arn)
        return page(policy.tags, lambda tag: tag[0], command.marker, command.max_items)

    def _list_entities(self, command: ListEntitiesForPolicy, now_ms: int) -> Page[Holder]:
        """Groups, then roles, then users."""
        policy = self._seen(command.account, command.arn)
        found: list[Holder] = []
        if command.usage is not PolicyUsage.BOUNDARY:
            found += _attached(self._store, command.account, policy.arn)
        if command.usage is not PolicyUsage.PERMISSIONS:
            found += _bounded(self._store, command.account, policy.arn)
        matching = {
            _entity(holder): holder
            for holder in found
            if _kind(holder) in command.kinds and holder.path.startswith(command.path_prefix)
        }
        entities = [matching[name] for name in sorted(matching)]
        return page(entities, _entity, command.marker, command.max_items)

    def _seen(self, account: str, arn: str) -> ManagedPolicy:
        policy = self._store.policy_seen_by(account, arn)
        if policy is None:
            raise NoSuchEntity(f"Policy {arn} was not found.")
        return policy

    def _changeable(self, account: str, arn: str) -> ManagedPolicy:
        policy = self._seen(account, arn)
        if policy.account == AWS:
            raise AccessDenied(f"Policy {arn} is managed by AWS and cannot be changed.")
        return policy

    def _put(self, before: ManagedPolicy, now: ManagedPolicy) -> None:
        if now != before:
            self._emit(ManagedPolicyPut(now))


def policy_in_use(store: IdentityStore, account: str, policy: ManagedPolicy) -> PolicyInUse:
    attachments = len(_attached(store, account, policy.arn))
    return PolicyInUse(policy, attachments, len(_bounded(store, account, policy.arn)))


def _attached(store: IdentityStore, account: str, arn: str) -> list[Holder]:
    """Those of one account: a policy of AWS is attached in many."""
    return _of_account(account, "policy", arn, store.users, store.groups, store.roles)


def _bounded(store: IdentityStore, account: str, arn: str) -> list[Holder]:
    return _of_account(account, "boundary", arn, store.users, store.roles)


def _of_account(account: str, index: str, arn: str, *tables: Table[tuple[str, str], Any]) -> list[Holder]:
    return [holder for table in tables for holder in table.where(index, arn) if holder.account == account]


def _check(document: str) -> None:
    """Raises LimitExceeded and MalformedPolicyDocument."""
    if without_white_space(document) > POLICY_MAX_CHARACTERS:
        raise LimitExceeded(f"Cannot exceed quota for PolicySize: {POLICY_MAX_CHARACTERS}")
    read_document(document, PolicyKind.IDENTITY)


def _wanted(found: PolicyInUse, command: ListPolicies) -> bool:
    if command.only_attached and not found.attachments:
        return False
    if command.usage is None:
        return True
    return bool(found.boundaries if command.usage is PolicyUsage.BOUNDARY else found.attachments)


def _version(policy: ManagedPolicy, version_id: str) -> PolicyVersion:
    for version in policy.versions:
        if version.version_id == version_id:
            return version
    raise NoSuchEntity(f"Policy {policy.arn} version {version_id} does not exist or is not attachable.")


# Pages go by ascending text, so the newest must have the least.
_VERSION_NUMBERS_END: Final = 10**10


def _newest_first(shown: VersionShown) -> str:
    return str(_VERSION_NUMBERS_END - int(shown.version.version_id[1:]))


def _kind(holder: Holder) -> HolderKind:
    if isinstance(holder, User):
        return HolderKind.USER
    return HolderKind.GROUP if isinstance(holder, Group) else HolderKind.ROLE


def _entity(holder: Holder) -> str:
    return f"{_kind(holder)}/{holder.name}"
