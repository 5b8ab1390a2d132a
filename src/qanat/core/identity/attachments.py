"""Managed policies where they are used: attached to users, groups and roles, and as boundaries of users and roles."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from qanat.core.identity.errors import LimitExceeded, NoSuchEntity
from qanat.core.identity.holders import HolderKind, existing_holder, put
from qanat.core.identity.managed_policies import policy_order
from qanat.core.identity.model import ManagedPolicy, Role, User
from qanat.core.identity.policy_commands import (
    AttachPolicy,
    DeletePermissionsBoundary,
    DetachPolicy,
    ListAttachedPolicies,
    PutPermissionsBoundary,
)
from qanat.core.identity.store import Holder, IdentityStore
from qanat.core.page import Page, page
from qanat.core.part import Emit, Handlers

# IAM User Guide, reference_iam-quotas.
ATTACHED_MAX: Final = 10
_QUOTAS: Final[Mapping[HolderKind, str]] = {
    HolderKind.USER: "PoliciesPerUser",
    HolderKind.GROUP: "PoliciesPerGroup",
    HolderKind.ROLE: "PoliciesPerRole",
}


class Attachments:
    def __init__(self, store: IdentityStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            AttachPolicy: self._attach,
            DetachPolicy: self._detach,
            ListAttachedPolicies: self._list,
            PutPermissionsBoundary: self._put_boundary,
            DeletePermissionsBoundary: self._delete_boundary,
        }

    def _attach(self, command: AttachPolicy, now_ms: int) -> None:
        holder = existing_holder(self._store, command.kind, command.account, command.holder)
        if self._store.policy_seen_by(command.account, command.arn) is None:
            raise NoSuchEntity(f"Policy {command.arn} does not exist or is not attachable.")
        if command.arn in holder.attached:
            return
        if len(holder.attached) >= ATTACHED_MAX:
            raise LimitExceeded(f"Cannot exceed quota for {_QUOTAS[command.kind]}: {ATTACHED_MAX}")
        self._emit(put(replace(holder, attached=(*holder.attached, command.arn))))

    def _detach(self, command: DetachPolicy, now_ms: int) -> None:
        holder = existing_holder(self._store, command.kind, command.account, command.holder)
        if command.arn not in holder.attached:
            raise NoSuchEntity(f"Policy {command.arn} was not found.")
        rest = tuple(arn for arn in holder.attached if arn != command.arn)
        self._emit(put(replace(holder, attached=rest)))

    def _list(self, command: ListAttachedPolicies, now_ms: int) -> Page[ManagedPolicy]:
        holder = existing_holder(self._store, command.kind, command.account, command.holder)
        policies = (self._store.managed_policy(arn) for arn in holder.attached)
        matching = [one for one in policies if one is not None and one.path.startswith(command.path_prefix)]
        matching.sort(key=policy_order)
        return page(matching, policy_order, command.marker, command.max_items)

    def _put_boundary(self, command: PutPermissionsBoundary, now_ms: int) -> None:
        holder = existing_holder(self._store, command.kind, command.account, command.holder)
        self._store.check_boundary(command.account, command.arn)
        self._bound(holder, command.arn)

    def _delete_boundary(self, command: DeletePermissionsBoundary, now_ms: int) -> None:
        self._bound(existing_holder(self._store, command.kind, command.account, command.holder), None)

    def _bound(self, holder: Holder, boundary: str | None) -> None:
        assert isinstance(holder, User | Role), "no operation gives a boundary to a group"
        if holder.boundary != boundary:
            self._emit(put(replace(holder, boundary=boundary)))
