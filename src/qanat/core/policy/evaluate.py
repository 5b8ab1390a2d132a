"""The decision over all layers (IAM User Guide, reference_policies_evaluation-logic; PrivateLink, endpoint policies).

Invariant: an explicit deny anywhere wins; the endpoint policy filters and never grants; within an account identity
or queue policy allows, across accounts both must. What is not allowed is denied.
"""

from typing import Final

from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.policy.actions import SHAREABLE
from qanat.core.policy.decision import Decision, Layer, Named, Policies, Reason, Request, StatementRef
from qanat.core.policy.principals import Grade
from qanat.core.policy.statement import Statement

__all__ = ["Decision", "Layer", "Named", "Policies", "Reason", "Request", "StatementRef", "authorize"]

_Found = tuple[Named, Statement]

_ALLOWED_AS_ROOT: Final = Decision(True, Reason.ALLOWED_AS_ROOT)
_SILENT_ENDPOINT: Final = Decision(False, Reason.IMPLICIT_DENY_ENDPOINT)
_SILENT_RESOURCE: Final = Decision(False, Reason.IMPLICIT_DENY_RESOURCE)
_SILENT_IDENTITY: Final = Decision(False, Reason.IMPLICIT_DENY_IDENTITY)


def authorize(request: Request, policies: Policies) -> Decision:
    """Whether `request` may go ahead under `policies`, and why. Never raises."""
    action = request.action.lower()
    denied = _denied(request, policies, action)
    if denied is not None:
        return denied
    through: tuple[StatementRef, ...] = ()
    if policies.endpoint is not None:
        passed, _ = _allow(policies.endpoint, action, request)
        if passed is None:
            return _SILENT_ENDPOINT
        through = (_ref(Layer.ENDPOINT, policies.endpoint, passed),)
    caller = request.caller
    if caller.account == request.resource_account and caller.type is not PrincipalType.ANONYMOUS:
        return _within_account(request, policies, action, through)
    return _across_accounts(request, policies, action, through)


def _denied(request: Request, policies: Policies, action: str) -> Decision | None:
    if policies.endpoint is not None and (found := _deny(policies.endpoint, action, request)):
        reason = Reason.EXPLICIT_DENY_ENDPOINT
        return Decision(False, reason, _ref(Layer.ENDPOINT, policies.endpoint, found))
    if policies.resource is not None and (found := _deny(policies.resource, action, request)):
        reason = Reason.EXPLICIT_DENY_RESOURCE
        return Decision(False, reason, _ref(Layer.RESOURCE, policies.resource, found))
    for policy in policies.identity:
        if found := _deny(policy, action, request):
            return Decision(False, Reason.EXPLICIT_DENY_IDENTITY, _ref(Layer.IDENTITY, policy, found))
    return None


def _within_account(
    request: Request, policies: Policies, action: str, through: tuple[StatementRef, ...]
) -> Decision:
    found = _identity_allow(request, policies, action)
    if found is not None:
        return Decision(True, Reason.ALLOWED_BY_IDENTITY, _ref(Layer.IDENTITY, *found), through)
    if policies.resource is not None:
        statement, grade = _allow(policies.resource, action, request)
        # The account as principal delegates to the account's identity policies, which have just been silent.
        if statement is not None and grade is Grade.DIRECT:
            ref = _ref(Layer.RESOURCE, policies.resource, statement)
            return Decision(True, Reason.ALLOWED_BY_RESOURCE, ref, through)
    if request.caller.type is PrincipalType.ACCOUNT:
        return Decision(True, Reason.ALLOWED_AS_ROOT, None, through) if through else _ALLOWED_AS_ROOT
    return _SILENT_IDENTITY


def _across_accounts(
    request: Request, policies: Policies, action: str, through: tuple[StatementRef, ...]
) -> Decision:
    if policies.resource is None or action not in SHAREABLE:
        return _SILENT_RESOURCE
    statement, _ = _allow(policies.resource, action, request)
    if statement is None:
        return _SILENT_RESOURCE
    ref = _ref(Layer.RESOURCE, policies.resource, statement)
    if request.caller.type is PrincipalType.ANONYMOUS or request.caller.type is PrincipalType.ACCOUNT:
        # Anonymous callers have no account to ask; root is allowed all that its own account could allow.
        return Decision(True, Reason.ALLOWED_BY_RESOURCE, ref, through)
    found = _identity_allow(request, policies, action)
    if found is None:
        return _SILENT_IDENTITY
    return Decision(True, Reason.ALLOWED_BY_BOTH, ref, (_ref(Layer.IDENTITY, *found), *through))


def _identity_allow(request: Request, policies: Policies, action: str) -> _Found | None:
    resource, context = request.resource, request.context
    for policy in policies.identity:
        for statement in policy.document.for_action(action)[1]:
            if statement.applies(resource, context):
                return policy, statement
    return None


def _deny(policy: Named, action: str, request: Request) -> Statement | None:
    for statement in policy.document.for_action(action)[0]:
        if _grade(statement, request.caller) and statement.applies(request.resource, request.context):
            return statement
    return None


def _allow(policy: Named, action: str, request: Request) -> tuple[Statement | None, Grade]:
    """The first statement that allows directly, else the first that allows at all."""
    delegated: Statement | None = None
    for statement in policy.document.for_action(action)[1]:
        grade = _grade(statement, request.caller)
        if grade and statement.applies(request.resource, request.context):
            if grade is Grade.DIRECT:
                return statement, grade
            delegated = delegated or statement
    return delegated, Grade.DELEGATED


def _grade(statement: Statement, caller: Caller) -> Grade:
    return Grade.DIRECT if statement.principals is None else statement.principals.match(caller)


def _ref(layer: Layer, policy: Named, statement: Statement) -> StatementRef:
    return StatementRef(layer, policy.name, statement.index, statement.sid)
