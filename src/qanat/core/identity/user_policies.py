"""PutUserPolicy, GetUserPolicy, ListUserPolicies, DeleteUserPolicy: the policies written inside a user."""

from typing import Final

from msgspec.structs import replace

from qanat.core.identity.commands import DeleteUserPolicy, GetUserPolicy, ListUserPolicies, PutUserPolicy
from qanat.core.identity.errors import LimitExceeded, MalformedPolicyDocument, NoSuchEntity
from qanat.core.identity.model import User
from qanat.core.identity.records import UserPut
from qanat.core.identity.store import IdentityStore
from qanat.core.page import Page, page
from qanat.core.part import Emit, Handlers
from qanat.core.policy.document import PolicyKind, parse
from qanat.core.policy.errors import PolicyInvalid
from qanat.core.policy.sizes import without_white_space

# IAM User Guide, reference_iam-quotas: the sum over a user's inline policies, white space not counted.
INLINE_POLICIES_OF_USER_MAX_CHARACTERS: Final = 2_048


class UserPolicies:
    def __init__(self, store: IdentityStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            PutUserPolicy: self._put,
            GetUserPolicy: self._get,
            ListUserPolicies: self._list,
            DeleteUserPolicy: self._delete,
        }

    def _put(self, command: PutUserPolicy, now_ms: int) -> None:
        user = self._store.existing_user(command.account, command.user_name)
        policies = {**dict(user.policies), command.policy_name: command.document}
        if sum(map(without_white_space, policies.values())) > INLINE_POLICIES_OF_USER_MAX_CHARACTERS:
            raise _too_large(user)
        try:
            parse(command.document, PolicyKind.IDENTITY)
        except PolicyInvalid as error:
            # IAM's own sentence first, then where we found it.
            raise MalformedPolicyDocument(f"{error.reason} ({error.message})") from error
        modified = replace(user, policies=tuple(sorted(policies.items())))
        if modified != user:
            self._emit(UserPut(modified))

    def _get(self, command: GetUserPolicy, now_ms: int) -> str:
        user = self._store.existing_user(command.account, command.user_name)
        return _document(user, command.policy_name)

    def _list(self, command: ListUserPolicies, now_ms: int) -> Page[str]:
        user = self._store.existing_user(command.account, command.user_name)
        return page([name for name, _ in user.policies], str, command.marker, command.max_items)

    def _delete(self, command: DeleteUserPolicy, now_ms: int) -> None:
        user = self._store.existing_user(command.account, command.user_name)
        _document(user, command.policy_name)
        rest = tuple(policy for policy in user.policies if policy[0] != command.policy_name)
        self._emit(UserPut(replace(user, policies=rest)))


def _document(user: User, policy_name: str) -> str:
    document = dict(user.policies).get(policy_name)
    if document is None:
        raise NoSuchEntity(f"The user policy with name {policy_name} cannot be found.")
    return document


def _too_large(user: User) -> LimitExceeded:
    limit = INLINE_POLICIES_OF_USER_MAX_CHARACTERS
    return LimitExceeded(f"Maximum policy size of {limit} bytes exceeded for user {user.name}")
