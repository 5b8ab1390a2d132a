"""GetAccountAuthorizationDetails: users, groups, roles and managed policies of an account, with all that joins them."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from qanat.core.identity.aws_managed import AWS_MANAGED
from qanat.core.identity.commands import EntityType, GetAuthorizationDetails
from qanat.core.identity.instance_profiles import ProfileShown
from qanat.core.identity.managed_policies import PolicyInUse, policy_in_use, policy_order
from qanat.core.identity.model import Group, ManagedPolicy, Role, RoleUse, User
from qanat.core.identity.store import IdentityStore, entry
from qanat.core.page import Page, page
from qanat.core.part import Handlers

# Of ours: characters of the documents of one page, so that an answer stays within some megabytes.
_CHARACTERS_MAX: Final = 1_000_000

_Entity = User | Group | Role | ManagedPolicy


class RoleDetail(NamedTuple):
    role: Role
    last_use: RoleUse | None
    profiles: tuple[ProfileShown, ...]


Detail = User | Group | RoleDetail | PolicyInUse


class AuthorizationDetails:
    def __init__(self, store: IdentityStore) -> None:
        self._store = store
        self.handlers: Handlers = {GetAuthorizationDetails: self._get}

    def _get(self, command: GetAuthorizationDetails, now_ms: int) -> Page[Detail]:
        rows = [
            (f"{number}/{name}", entity)
            for number, kind in enumerate(EntityType)
            if kind in command.types
            for name, entity in self._entities(command.account, kind)
        ]
        found = page(rows, lambda row: row[0], command.marker, command.max_items)
        fitting = _fitting([entity for _, entity in found.items])
        if fitting < len(found.items):
            found = page(rows, lambda row: row[0], command.marker, fitting)
        return Page(tuple(self._detail(command.account, one) for _, one in found.items), found.next_token)

    def _entities(self, account: str, kind: EntityType) -> Iterator[tuple[str, _Entity]]:
        """In the order of their names."""
        store = self._store
        match kind:
            case EntityType.USER:
                yield from ((user.name, user) for user in store.users.where("account", account))
            case EntityType.GROUP:
                yield from ((group.name, group) for group in store.groups.where("account", account))
            case EntityType.ROLE:
                yield from ((role.name, role) for role in store.roles.where("account", account))
            case EntityType.LOCAL_POLICY:
                policies = store.managed_policies.where("account", account)
                yield from ((policy.name, policy) for policy in sorted(policies, key=policy_order))
            case EntityType.AWS_POLICY:
                for policy in sorted(AWS_MANAGED.values(), key=policy_order):
                    used = policy_in_use(store, account, policy)
                    # AWS tells of those of its own that the account uses.
                    if used.attachments or used.boundaries:
                        yield policy.name, policy

    def _detail(self, account: str, entity: _Entity) -> Detail:
        match entity:
            case Role():
                profiles = self._store.instance_profiles.where("role", entry(account, entity.name))
                return RoleDetail(
                    entity,
                    self._store.role_uses.get(entity.role_id),
                    tuple(ProfileShown(profile, entity) for profile in profiles),
                )
            case ManagedPolicy():
                return policy_in_use(self._store, account, entity)
            case _:
                return entity


def _fitting(entities: list[_Entity]) -> int:
    """How many of them one page has room for, one at least."""
    total = 0
    for count, entity in enumerate(entities):
        total += sum(map(len, _documents(entity)))
        if count and total > _CHARACTERS_MAX:
            return count
    return len(entities)


def _documents(entity: _Entity) -> Iterator[str]:
    if isinstance(entity, ManagedPolicy):
        yield from (version.document for version in entity.versions)
        return
    yield from (text for _, text in entity.policies)
    if isinstance(entity, Role):
        yield entity.trust
