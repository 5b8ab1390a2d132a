"""The policies written inside a user, a group or a role: put, get, list, delete."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from qanat.core.identity.commands import (
    DeleteInlinePolicy,
    GetInlinePolicy,
    ListInlinePolicies,
    PutInlinePolicy,
)
from qanat.core.identity.documents import read_document
from qanat.core.identity.errors import LimitExceeded, NoSuchEntity
from qanat.core.identity.holders import HolderKind, existing_holder, put
from qanat.core.identity.store import Holder, IdentityStore
from qanat.core.page import Page, page
from qanat.core.part import Emit, Handlers
from qanat.core.policy.sizes import PolicyKind, without_white_space

INLINE_POLICIES_MAX_CHARACTERS: Final[Mapping[HolderKind, int]] = {
    HolderKind.USER: 2_048,
    HolderKind.GROUP: 5_120,
    HolderKind.ROLE: 10_240,
}
"""IAM User Guide, reference_iam-quotas: the sum over one holder's inline policies, white space not counted."""


class InlinePolicies:
    def __init__(self, store: IdentityStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            PutInlinePolicy: self._put,
            GetInlinePolicy: self._get,
            ListInlinePolicies: self._list,
            DeleteInlinePolicy: self._delete,
        }

    def _put(self, command: PutInlinePolicy, now_ms: int) -> None:
        holder = existing_holder(self._store, command.kind, command.account, command.holder)
        policies = {**dict(holder.policies), command.policy_name: command.document}
        limit = INLINE_POLICIES_MAX_CHARACTERS[command.kind]
        if without_white_space(*policies.values()) > limit:
            raise LimitExceeded(
                f"Maximum policy size of {limit} bytes exceeded for {command.kind} {command.holder}"
            )
        read_document(command.document, PolicyKind.IDENTITY)
        modified = replace(holder, policies=tuple(sorted(policies.items())))
        if modified != holder:
            self._emit(put(modified))

    def _get(self, command: GetInlinePolicy, now_ms: int) -> str:
        return _document(self._holder_of(command), command)

    def _list(self, command: ListInlinePolicies, now_ms: int) -> Page[str]:
        holder = existing_holder(self._store, command.kind, command.account, command.holder)
        return page([name for name, _ in holder.policies], str, command.marker, command.max_items)

    def _delete(self, command: DeleteInlinePolicy, now_ms: int) -> None:
        holder = self._holder_of(command)
        _document(holder, command)
        rest = tuple(policy for policy in holder.policies if policy[0] != command.policy_name)
        self._emit(put(replace(holder, policies=rest)))

    def _holder_of(self, command: GetInlinePolicy | DeleteInlinePolicy) -> Holder:
        return existing_holder(self._store, command.kind, command.account, command.holder)


def _document(holder: Holder, command: GetInlinePolicy | DeleteInlinePolicy) -> str:
    document = dict(holder.policies).get(command.policy_name)
    if document is None:
        raise NoSuchEntity(f"The {command.kind} policy with name {command.policy_name} cannot be found.")
    return document
