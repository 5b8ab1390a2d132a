"""The decision over all layers (IAM User Guide, reference_policies_evaluation-logic; PrivateLink, endpoint policies).

Invariant: an explicit deny anywhere wins. Endpoint policy, service control policies, boundary and session policy
filter and never grant; within an account identity or queue policy grants, across accounts both must. What is not
allowed is denied.
"""

from typing import Final

from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.policy.actions import SHAREABLE
from qanat.core.policy.decision import Decision, Layer, Named, Policies, Reason, Request, StatementRef
from qanat.core.policy.index import Target, layered, layered_of_session, target_of
from qanat.core.policy.principals import Grade
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.statement import Statement

__all__ = ["Decision", "Layer", "Named", "Policies", "Reason", "Request", "StatementRef", "authorize"]

_Refs = tuple[StatementRef, ...]

# Bound once: before Python 3.12 it takes ten times as long to find a member in its enum as a name.
_ACCOUNT: Final = PrincipalType.ACCOUNT
_SERVICE: Final = PrincipalType.SERVICE
_SERVICE_CONTROL: Final = Layer.SERVICE_CONTROL
_RESOURCE_CONTROL: Final = Layer.RESOURCE_CONTROL
_ENDPOINT: Final = Layer.ENDPOINT
_RESOURCE: Final = Layer.RESOURCE
_TRUST: Final = Layer.TRUST
_IDENTITY: Final = Layer.IDENTITY
_BOUNDARY: Final = Layer.BOUNDARY
_SESSION: Final = Layer.SESSION
_TRUST_POLICY: Final = PolicyKind.TRUST
_NONE: Final = Grade.NONE
_LIMITED: Final = Grade.LIMITED
_DIRECT: Final = Grade.DIRECT
_ALLOWED_BY_IDENTITY: Final = Reason.ALLOWED_BY_IDENTITY
_ALLOWED_BY_RESOURCE: Final = Reason.ALLOWED_BY_RESOURCE
_ALLOWED_BY_BOTH: Final = Reason.ALLOWED_BY_BOTH

_ALLOWED_AS_ROOT: Final = Decision(True, Reason.ALLOWED_AS_ROOT)
_SILENT_SERVICE_CONTROL: Final = Decision(False, Reason.IMPLICIT_DENY_SERVICE_CONTROL)
_SILENT_ENDPOINT: Final = Decision(False, Reason.IMPLICIT_DENY_ENDPOINT)
_SILENT_RESOURCE: Final = Decision(False, Reason.IMPLICIT_DENY_RESOURCE)
_SILENT_TRUST: Final = Decision(False, Reason.IMPLICIT_DENY_TRUST)
_SILENT_IDENTITY: Final = Decision(False, Reason.IMPLICIT_DENY_IDENTITY)
_SILENT_BOUNDARY: Final = Decision(False, Reason.IMPLICIT_DENY_BOUNDARY)
_SILENT_SESSION: Final = Decision(False, Reason.IMPLICIT_DENY_SESSION)

# Few, and found by looking through them sooner than by the hash of an enum's member.
_ACCOUNTLESS: Final = (PrincipalType.ANONYMOUS, PrincipalType.SERVICE, PrincipalType.PROVIDER)
# Of these services it is known what a resource's policy can grant to other accounts, and all else is not granted.
_OURS: Final = ("sqs:", "qanat:")


def authorize(request: Request, policies: Policies) -> Decision:
    """Whether `request` may go ahead under `policies`, and why. Never raises."""
    target = target_of(request.action, request.resource)
    denied = _denied(request, policies, target)
    if denied is not None:
        return denied
    through: _Refs = ()
    caller = request.caller
    if policies.service_control and caller.type not in _ACCOUNTLESS:
        for level in policies.service_control:
            found = _any_allow(_SERVICE_CONTROL, level, target, request)
            if found is None:
                return _SILENT_SERVICE_CONTROL
            through = (*through, found)
    # Services do not come through an endpoint.
    if policies.endpoints and caller.type is not _SERVICE:
        found = _any_allow(_ENDPOINT, policies.endpoints, target, request)
        if found is None:
            return _SILENT_ENDPOINT
        through = (*through, found)
    if caller.account == request.resource_account and caller.type not in _ACCOUNTLESS:
        return _within_account(request, policies, target, through)
    return _across_accounts(request, policies, target, through)


def _denied(request: Request, policies: Policies, target: Target) -> Decision | None:
    caller = request.caller
    if policies.service_control and caller.type not in _ACCOUNTLESS:
        for level in policies.service_control:
            if found := _any_deny(_SERVICE_CONTROL, level, target, request):
                return Decision(False, Reason.EXPLICIT_DENY_SERVICE_CONTROL, found)
    for level in policies.resource_control:
        if found := _any_deny(_RESOURCE_CONTROL, level, target, request):
            return Decision(False, Reason.EXPLICIT_DENY_RESOURCE_CONTROL, found)
    if caller.type is not _SERVICE:
        found = _any_deny(_ENDPOINT, policies.endpoints, target, request)
        if found is not None:
            return Decision(False, Reason.EXPLICIT_DENY_ENDPOINT, found)
    if policies.resource is not None:
        statement = _resource_deny(policies.resource, target, request, bounded=bool(policies.boundaries))
        if statement is not None:
            layer = _layer_of(policies.resource)
            trust = layer is _TRUST
            reason = Reason.EXPLICIT_DENY_TRUST if trust else Reason.EXPLICIT_DENY_RESOURCE
            return Decision(False, reason, _ref(layer, policies.resource, statement))
    if found := _any_deny(_IDENTITY, policies.identity, target, request):
        return Decision(False, Reason.EXPLICIT_DENY_IDENTITY, found)
    if policies.boundaries and (found := _any_deny(_BOUNDARY, policies.boundaries, target, request)):
        return Decision(False, Reason.EXPLICIT_DENY_BOUNDARY, found)
    if policies.session and (found := _any_deny(_SESSION, policies.session, target, request)):
        return Decision(False, Reason.EXPLICIT_DENY_SESSION, found)
    return None


def _within_account(request: Request, policies: Policies, target: Target, through: _Refs) -> Decision:
    """IAM User Guide, "Resource-based policies" of the evaluation logic: its table by form of principal."""
    ref, grade = _resource_allow(policies, target, request)
    if grade is _DIRECT:
        return Decision(True, _ALLOWED_BY_RESOURCE, ref, through)
    if policies.resource_must_allow and ref is None:
        return _silent_resource(policies)
    decision = _granted(request, policies, target)
    if decision is None:
        if grade is not _LIMITED:
            return _SILENT_IDENTITY
        decision = Decision(True, _ALLOWED_BY_RESOURCE, ref)
    elif policies.resource_must_allow and ref is not None and decision.statement is not None:
        decision = Decision(True, _ALLOWED_BY_BOTH, ref, (decision.statement,))
    return _filtered(request, policies, target, decision, through)


def _across_accounts(request: Request, policies: Policies, target: Target, through: _Refs) -> Decision:
    if target.action not in SHAREABLE and target.action.startswith(_OURS):
        return _SILENT_RESOURCE
    ref, _ = _resource_allow(policies, target, request)
    if ref is None:
        return _silent_resource(policies)
    if request.caller.type in _ACCOUNTLESS:
        # They have no account to ask.
        return Decision(True, _ALLOWED_BY_RESOURCE, ref, through)
    granted = _granted(request, policies, target)
    if granted is None:
        return _SILENT_IDENTITY
    decision = Decision(True, _ALLOWED_BY_RESOURCE, ref)
    if granted.statement is not None:
        decision = Decision(True, _ALLOWED_BY_BOTH, ref, (granted.statement,))
    return _filtered(request, policies, target, decision, through)


def _granted(request: Request, policies: Policies, target: Target) -> Decision | None:
    """What the caller's own account grants it."""
    found = _any_allow(_IDENTITY, policies.identity, target, request)
    if found is not None:
        return Decision(True, _ALLOWED_BY_IDENTITY, found)
    return _ALLOWED_AS_ROOT if request.caller.type is _ACCOUNT else None


def _filtered(
    request: Request, policies: Policies, target: Target, decision: Decision, through: _Refs
) -> Decision:
    """`decision` as far as boundary and session policy let it."""
    others = decision.others
    if policies.boundaries:
        found = _any_allow(_BOUNDARY, policies.boundaries, target, request)
        if found is None:
            return _SILENT_BOUNDARY
        others = (*others, found)
    if policies.session:
        found = _any_allow(_SESSION, policies.session, target, request)
        if found is None:
            return _SILENT_SESSION
        others = (*others, found)
    others = (*others, *through)
    return Decision(True, decision.reason, decision.statement, others) if others else decision


def _any_deny(
    layer: Layer, policies: tuple[Named, ...], target: Target, request: Request
) -> StatementRef | None:
    if not policies:
        return None
    resource, context = request.resource, request.context
    indexed = layered_of_session(policies) if layer is _SESSION else layered(policies)
    for policy, statement in indexed.denies(target, request):
        if statement.applies(resource, context) and _names(statement, request.caller):
            return _ref(layer, policy, statement)
    return None


def _any_allow(
    layer: Layer, policies: tuple[Named, ...], target: Target, request: Request
) -> StatementRef | None:
    if not policies:
        return None
    resource, context = request.resource, request.context
    indexed = layered_of_session(policies) if layer is _SESSION else layered(policies)
    for policy, statement in indexed.allows(target, request):
        if statement.applies(resource, context) and _names(statement, request.caller):
            return _ref(layer, policy, statement)
    return None


def _names(statement: Statement, caller: Caller) -> bool:
    return statement.principals is None or statement.principals.match(caller) is not _NONE


def _resource_deny(policy: Named, target: Target, request: Request, *, bounded: bool) -> Statement | None:
    for _, statement in layered((policy,)).denies(target, request):
        principals = statement.principals
        if principals is None:
            continue
        # IAM User Guide, reference_policies_elements_notprincipal: with Deny, it always denies who has a boundary.
        names = principals.match(request.caller) or (bounded and principals.negated)
        if names and statement.applies(request.resource, request.context):
            return statement
    return None


def _resource_allow(
    policies: Policies, target: Target, request: Request
) -> tuple[StatementRef | None, Grade]:
    """The statement of the resource's policy that allows in the highest grade; the first such."""
    best: Statement | None = None
    grade = _NONE
    if policies.resource is None:
        return None, grade
    for _, statement in layered((policies.resource,)).allows(target, request):
        found = _NONE if statement.principals is None else statement.principals.match(request.caller)
        if found > grade and statement.applies(request.resource, request.context):
            best, grade = statement, found
            if grade is _DIRECT:
                break
    return (None if best is None else _ref(_layer_of(policies.resource), policies.resource, best)), grade


def _silent_resource(policies: Policies) -> Decision:
    trust = policies.resource is not None and _layer_of(policies.resource) is _TRUST
    return _SILENT_TRUST if trust else _SILENT_RESOURCE


def _layer_of(resource: Named) -> Layer:
    return _TRUST if resource.document.kind is _TRUST_POLICY else _RESOURCE


def _ref(layer: Layer, policy: Named, statement: Statement) -> StatementRef:
    return StatementRef(layer, policy.name, statement.index, statement.sid)
