"""`trace`: what each layer said to a request, and what would have to change.

Invariant: the decision is `authorize`'s. Without a denial, the request is allowed exactly where no layer is silent;
with no denial and a silent layer, the reason is the first silent layer that filters, and else what grants.
"""

from typing import Final

from qanat.core.identity.model import PrincipalType
from qanat.core.policy.actions import SHAREABLE
from qanat.core.policy.decision import Layer, Level, Named, Policies, Request
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.explain import denial_text
from qanat.core.policy.principals import Grade
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.statement import Effect
from qanat.core.policy.trace.additions import is_queue
from qanat.core.policy.trace.advice import NEVER_ACROSS, advise
from qanat.core.policy.trace.model import LayerTrace, PolicyTrace, Trace, Verdict
from qanat.core.policy.trace.principals import seen_as
from qanat.core.policy.trace.statements import policy_trace

_ACCOUNTLESS: Final = frozenset({PrincipalType.ANONYMOUS, PrincipalType.SERVICE})
_NO_ACCOUNT: Final = "the caller is of no account"
_OURS: Final = ("sqs:", "qanat:")


def trace(request: Request, policies: Policies) -> Trace:
    """`authorize`, taken apart. It costs some hundred times as much, and is for those who ask why."""
    caller = request.caller
    decision = authorize(request, policies)
    layers = _Layers(request, policies).all()
    return Trace(
        seen_as(caller),
        caller.type.value,
        caller.unique_id,
        request.action,
        request.resource,
        request.resource_account,
        dict(sorted(request.context.items())),
        decision.allowed,
        decision.reason.value,
        "" if decision.allowed else denial_text(request, decision),
        layers,
        advise(request, layers),
    )


class _Layers:
    def __init__(self, request: Request, policies: Policies) -> None:
        self._request = request
        self._policies = policies
        caller = request.caller
        self._accountless = caller.type in _ACCOUNTLESS
        self._within = caller.account == request.resource_account and not self._accountless
        self._grade = _grade(request, policies.resource)
        self._own = self._traced(policies.identity)
        self._root = caller.type is PrincipalType.ACCOUNT
        self._grants = self._root or _leave(self._own) is Verdict.ALLOWS
        """Whether the caller's own account does."""
        self._by_resource = self._within and self._grade is Grade.DIRECT
        """The resource's grant alone suffices, and nothing else of the caller's is asked."""

    def all(self) -> tuple[LayerTrace, ...]:
        policies, account = self._policies, self._request.resource_account
        return (
            *self._levels(Layer.SERVICE_CONTROL, policies.service_control, self._request.caller.account),
            *self._levels(Layer.RESOURCE_CONTROL, policies.resource_control, account),
            self._endpoints(),
            self._resource(),
            self._identity(),
            self._filter(Layer.BOUNDARY, policies.boundaries, "the caller has none"),
            self._filter(Layer.SESSION, policies.session, "none was passed for the session"),
        )

    def _levels(self, layer: Layer, levels: tuple[Level, ...], account: str) -> list[LayerTrace]:
        own = layer is Layer.SERVICE_CONTROL
        if not levels:
            nobody = own and self._accountless
            return [_absent(layer, _NO_ACCOUNT if nobody else f"account {account} has none")]
        found = []
        for height, level in enumerate(levels, start=1):
            traced = self._traced(level)
            if not own:
                found.append(_layer(layer, traced, Verdict.NOT_ASKED, "these can only deny", height))
            elif self._accountless:
                found.append(_unheard(layer, traced, _NO_ACCOUNT, height))
            else:
                found.append(_layer(layer, traced, level=height))
        return found

    def _endpoints(self) -> LayerTrace:
        policies = self._policies.endpoints
        if not policies:
            return _absent(Layer.ENDPOINT, "the request came through none")
        traced = self._traced(policies)
        if self._request.caller.type is PrincipalType.SERVICE:
            return _unheard(Layer.ENDPOINT, traced, "services come through none")
        return _layer(Layer.ENDPOINT, traced)

    def _resource(self) -> LayerTrace:
        policy = self._policies.resource
        must = not self._within or self._policies.resource_must_allow
        trust = policy is not None and policy.document.kind is PolicyKind.TRUST
        layer = Layer.TRUST if trust else Layer.RESOURCE
        traced = () if policy is None else self._traced((policy,), bounded=bool(self._policies.boundaries))
        action = self._request.action.lower()
        if not self._within and action not in SHAREABLE and action.startswith(_OURS):
            return _layer(layer, traced, Verdict.SILENT, NEVER_ACROSS)
        if policy is None:
            none = "none applies to the resource"
            return (
                _layer(layer, (), note=none)
                if must or (not self._grants and is_queue(self._request))
                else _absent(layer, none)
            )
        if self._grade is Grade.NONE and not must and self._grants:
            return _layer(
                layer, traced, Verdict.NOT_ASKED, "the caller's own policies allow, which is enough"
            )
        if self._grade is Grade.DELEGATED:
            return _layer(
                layer, traced, note="by naming the account, so the caller's own policies have to allow too"
            )
        return _layer(layer, traced)

    def _identity(self) -> LayerTrace:
        if self._accountless:
            return _layer(Layer.IDENTITY, self._own, Verdict.NOT_ASKED, _NO_ACCOUNT)
        limited = self._within and self._grade is Grade.LIMITED and not self._grants
        if self._by_resource or limited:
            note = "the resource's policy allows, which is enough"
            return _layer(Layer.IDENTITY, self._own, Verdict.NOT_ASKED, note)
        if self._root:
            note = "root of an account may do what nothing denies"
            return _layer(Layer.IDENTITY, self._own, Verdict.ALLOWS, note)
        return _layer(Layer.IDENTITY, self._own, note="" if self._own else "the caller has none")

    def _filter(self, layer: Layer, policies: tuple[Named, ...], none: str) -> LayerTrace:
        if not policies:
            return _absent(layer, none)
        traced = self._traced(policies)
        if self._by_resource:
            return _layer(layer, traced, Verdict.NOT_ASKED, "the resource's policy allows the caller by name")
        if self._accountless:
            return _layer(layer, traced, Verdict.NOT_ASKED, _NO_ACCOUNT)
        return _layer(layer, traced)

    def _traced(self, policies: tuple[Named, ...], *, bounded: bool = False) -> tuple[PolicyTrace, ...]:
        return tuple(policy_trace(policy, self._request, bounded=bounded) for policy in policies)


def _layer(
    layer: Layer,
    traced: tuple[PolicyTrace, ...],
    leave: Verdict | None = None,
    note: str = "",
    level: int | None = None,
) -> LayerTrace:
    """`leave` where it is another than what the Allow statements say."""
    given = _leave(traced) if leave is None else leave
    denies = any(one.applies and one.effect == Effect.DENY for policy in traced for one in policy.statements)
    if denies:
        # A note says why the layer need not allow, or by what; a denial ends that question.
        return LayerTrace(layer, level, Verdict.DENIES, given, "", traced)
    return LayerTrace(layer, level, given, given, note, traced)


def _leave(traced: tuple[PolicyTrace, ...]) -> Verdict:
    allows = any(one.applies and one.effect == Effect.ALLOW for policy in traced for one in policy.statements)
    return Verdict.ALLOWS if allows else Verdict.SILENT


def _absent(layer: Layer, note: str) -> LayerTrace:
    return LayerTrace(layer, None, Verdict.ABSENT, Verdict.ABSENT, note)


def _unheard(
    layer: Layer, traced: tuple[PolicyTrace, ...], note: str, level: int | None = None
) -> LayerTrace:
    """Not even its denials count."""
    return LayerTrace(layer, level, Verdict.NOT_ASKED, Verdict.NOT_ASKED, note, traced)


def _grade(request: Request, policy: Named | None) -> Grade:
    """The highest in which the resource's policy allows."""
    best = Grade.NONE
    if policy is not None:
        for statement in policy.document.statements:
            if (
                statement.effect is Effect.ALLOW
                and statement.principals is not None
                and statement.actions.match(request.action.lower(), {})
                and statement.applies(request.resource, request.context)
            ):
                best = max(best, statement.principals.match(request.caller))
    return best
