"""Roles: made, told of, changed, deleted; their tags, and when each was last used."""

from typing import NamedTuple

from msgspec.structs import replace

from qanat.core.identity import quotas
from qanat.core.identity.documents import read_document
from qanat.core.identity.errors import DeleteConflict, EntityAlreadyExists, MalformedPolicyDocument
from qanat.core.identity.model import Role, RoleUse, Texts
from qanat.core.identity.quotas import check_room
from qanat.core.identity.records import RoleDeleted, RolePut, RolesUsed
from qanat.core.identity.role_commands import (
    CreateRole,
    DeleteRole,
    GetRole,
    ListRoles,
    ListRoleTags,
    NoteRoleUses,
    TagRole,
    UntagRole,
    UpdateAssumeRolePolicy,
    UpdateRole,
)
from qanat.core.identity.store import IdentityStore, entry
from qanat.core.identity.tags import tagged, untagged
from qanat.core.names import Arn
from qanat.core.page import Page, page
from qanat.core.part import Emit, Handlers
from qanat.core.policy.document import PolicyKind
from qanat.core.policy.syntax import decode, each, members, texts_of


class RoleShown(NamedTuple):
    role: Role
    last_use: RoleUse | None


class Roles:
    def __init__(self, store: IdentityStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            CreateRole: self._create,
            GetRole: self._get,
            ListRoles: self._list,
            UpdateRole: self._update,
            UpdateAssumeRolePolicy: self._update_trust,
            DeleteRole: self._delete,
            TagRole: self._tag,
            UntagRole: self._untag,
            ListRoleTags: self._list_tags,
            NoteRoleUses: self._note_uses,
        }

    def _create(self, command: CreateRole, now_ms: int) -> Role:
        self._store.account(command.account)
        if self._store.roles.count("folded", entry(command.account, command.name.lower())):
            raise EntityAlreadyExists(f"Role with name {command.name} already exists.")
        check_room(quotas.ROLES, self._store.roles, command.account)
        if command.boundary is not None:
            self._store.check_boundary(command.account, command.boundary)
        role = Role(
            account=command.account,
            name=command.name,
            role_id=command.role_id,
            path=command.path,
            created_at_ms=now_ms,
            trust=command.trust,
            trusted_ids=self._trusted(command.trust),
            description=command.description or None,
            max_session_s=command.max_session_s,
            tags=command.tags,
            boundary=command.boundary,
        )
        self._emit(RolePut(role))
        return role

    def _get(self, command: GetRole, now_ms: int) -> RoleShown:
        role = self._store.existing_role(command.account, command.name)
        return RoleShown(role, self._store.role_uses.get(role.role_id))

    def _list(self, command: ListRoles, now_ms: int) -> Page[Role]:
        roles = self._store.roles.where("account", command.account)
        matching = [role for role in roles if role.path.startswith(command.path_prefix)]
        return page(matching, lambda role: role.name, command.marker, command.max_items)

    def _update(self, command: UpdateRole, now_ms: int) -> Role:
        role = self._store.existing_role(command.account, command.name)
        changed = role
        if command.description is not None:
            changed = replace(changed, description=command.description or None)
        if command.max_session_s is not None:
            changed = replace(changed, max_session_s=command.max_session_s)
        return self._put(role, changed)

    def _update_trust(self, command: UpdateAssumeRolePolicy, now_ms: int) -> None:
        role = self._store.existing_role(command.account, command.name)
        trusted = self._trusted(command.trust)
        self._put(role, replace(role, trust=command.trust, trusted_ids=trusted))

    def _delete(self, command: DeleteRole, now_ms: int) -> None:
        role = self._store.existing_role(command.account, command.name)
        if self._store.instance_profiles.count("role", entry(role.account, role.name)):
            raise DeleteConflict("Cannot delete entity, must remove roles from instance profile first.")
        if role.attached:
            raise DeleteConflict("Cannot delete entity, must detach all policies first.")
        if role.policies:
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
        self._emit(RoleDeleted(role.account, role.name))

    def _tag(self, command: TagRole, now_ms: int) -> None:
        role = self._store.existing_role(command.account, command.name)
        self._put(role, replace(role, tags=tagged(role.tags, command.tags)))

    def _untag(self, command: UntagRole, now_ms: int) -> None:
        role = self._store.existing_role(command.account, command.name)
        self._put(role, replace(role, tags=untagged(role.tags, command.keys)))

    def _list_tags(self, command: ListRoleTags, now_ms: int) -> Page[tuple[str, str]]:
        role = self._store.existing_role(command.account, command.name)
        return page(role.tags, lambda tag: tag[0], command.marker, command.max_items)

    def _note_uses(self, command: NoteRoleUses, now_ms: int) -> None:
        news = tuple(
            use
            for use in command.uses
            # A role may have been deleted since a session of it made its last request.
            if self._store.roles.count("id", use.role_id) and self._store.role_uses.get(use.role_id) != use
        )
        if news:
            self._emit(RolesUsed(news))

    def _put(self, before: Role, now: Role) -> Role:
        if now != before:
            self._emit(RolePut(now))
        return now

    def _trusted(self, trust: str) -> Texts:
        """(ARN, unique id) of each principal that a trust policy names and that exists.

        Raises MalformedPolicyDocument and LimitExceeded. Of accounts that are not here nothing is known, so nothing of
        theirs is refused.
        """
        document = read_document(trust, PolicyKind.TRUST)
        _check_actions(trust)
        found = []
        for arn in sorted(document.principal_arns):
            unique_id = self._store.unique_id_of(arn)
            if unique_id is not None:
                found.append((arn, unique_id))
            elif self._should_exist(arn):
                raise MalformedPolicyDocument(f'Invalid principal in policy: "AWS":"{arn}"')
        return tuple(found)

    def _should_exist(self, text: str) -> bool:
        """Sessions come and go; users and roles of an account of ours are there or are not."""
        arn = Arn.parse(text)
        return arn is not None and arn.service == "iam" and arn.account in self._store.accounts


def _check_actions(trust: str) -> None:
    """`trust` was understood. Raises MalformedPolicyDocument."""
    for path, statement in each(members(decode(trust), "")["Statement"], "Statement"):
        for _, action in texts_of(members(statement, path).get("Action", []), path):
            if not action.lower().startswith("sts:"):
                raise MalformedPolicyDocument("AssumeRole policy may only specify STS AssumeRole actions.")
