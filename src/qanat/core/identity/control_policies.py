"""Service and resource control policies of an account, level by level.

On AWS they come from the organization: its root, the units on the way down, the account itself are a level each, and
every level must allow (Organizations User Guide, orgs_manage_policies_scps_evaluation and ..._rcps). Here whoever owns
the data directory sets them, as it makes the accounts.
"""

from collections.abc import Iterable
from typing import Final

from qanat.core.identity.commands import SetControlPolicies
from qanat.core.identity.errors import LimitExceeded, MalformedPolicyDocument
from qanat.core.identity.records import ControlPoliciesSet
from qanat.core.identity.store import IdentityStore
from qanat.core.part import Emit, Handlers
from qanat.core.policy.document import Document, PolicyKind, parse
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge
from qanat.core.policy.statement import Effect

# Organizations User Guide, orgs_reference_limits: the root, five units below each other, the account.
LEVELS_MAX: Final = 7
POLICIES_OF_LEVEL_MAX: Final = 5

Levels = tuple[tuple[str, ...], ...]


class ControlPolicies:
    def __init__(self, store: IdentityStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {SetControlPolicies: self._set}

    def _set(self, command: SetControlPolicies, now_ms: int) -> None:
        self._store.account(command.account)
        _check_counts(command.service)
        _check_counts(command.resource)
        for text in _texts(command.service):
            _parsed(text, PolicyKind.SERVICE_CONTROL)
        for text in _texts(command.resource):
            _check_resource_control(_parsed(text, PolicyKind.RESOURCE_CONTROL))
        record = ControlPoliciesSet(command.account, command.service, command.resource)
        if self._store.control_policies.get(command.account, ControlPoliciesSet(command.account)) != record:
            self._emit(record)


def _check_counts(levels: Levels) -> None:
    if len(levels) > LEVELS_MAX:
        raise LimitExceeded(f"An account has at most {LEVELS_MAX} levels of policies above and on it.")
    if any(len(level) > POLICIES_OF_LEVEL_MAX for level in levels):
        raise LimitExceeded(f"A level has at most {POLICIES_OF_LEVEL_MAX} policies of a kind.")


def _texts(levels: Levels) -> Iterable[str]:
    return (text for level in levels for text in level)


def _parsed(text: str, kind: PolicyKind) -> Document:
    try:
        return parse(text, kind)
    except (PolicyInvalid, PolicyTooLarge) as error:
        raise MalformedPolicyDocument(f"This {kind.value} policy is refused: {error.message}") from error


def _check_resource_control(document: Document) -> None:
    """Organizations User Guide, orgs_manage_policies_rcps_syntax: it denies, and it denies everyone."""
    for statement in document.statements:
        principals = statement.principals
        everyone = principals is not None and principals.everyone and not principals.negated
        if statement.effect is not Effect.DENY or not everyone:
            raise MalformedPolicyDocument(
                f'Statement {statement.index} of a resource control policy must have Effect Deny and Principal "*".'
            )
