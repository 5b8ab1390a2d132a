"""What would have to change so that a denied request is allowed.

Invariant: of a request without denials, the statements to add are together enough; of alternatives, one.
"""

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.policy.decision import Layer, Request
from qanat.core.policy.statement import Effect
from qanat.core.policy.trace.additions import addition, is_queue, policy_words, where
from qanat.core.policy.trace.model import Advice, LayerTrace, StatementTrace, Verdict
from qanat.core.policy.trace.statements import distance
from qanat.core.policy.trace.ways import way
from qanat.core.policy.trace.words import called

NEVER_ACROSS: Final = "this action is never granted to another account"
# Further statements that come as near tell nothing more.
_NEAR_SHOWN_MAX: Final = 2


def advise(request: Request, layers: tuple[LayerTrace, ...]) -> tuple[Advice, ...]:
    """Denials first, then every layer that is silent, in the order of evaluation; nothing where it is allowed."""
    found = [
        _past(request, layer, policy.name, statement)
        for layer in layers
        if layer.verdict is Verdict.DENIES
        for policy in layer.policies
        for statement in policy.statements
        if statement.applies and statement.effect == Effect.DENY
    ]
    silent = [layer for layer in layers if layer.leave is Verdict.SILENT]
    across = next((layer for layer in silent if layer.note == NEVER_ACROSS), None)
    if across is not None:
        return (*found, _across(request, across))
    grants = [layer for layer in silent if layer.layer in _GRANTING]
    for layer in silent:
        if layer in grants:
            if layer is grants[0]:
                found += _grant(request, grants)
        else:
            found += _speak(request, layer)
    return tuple(found)


_ASSUMING: Final = "sts:assumerole"
_GRANTING: Final = frozenset({Layer.RESOURCE, Layer.TRUST, Layer.IDENTITY})


def _past(request: Request, layer: LayerTrace, policy: str, statement: StatementTrace) -> Advice:
    """How to get past a denial."""
    words = policy_words(layer.layer, policy)
    text = f"{_capital(called(statement))} of {words} denies it"
    ways = [way(test, request.context, to_hold=False) for test in statement.conditions]
    unnamed = next((one.why for one in statement.elements if one.name == "NotPrincipal" and one.why), "")
    if ways:
        text += f". To pass it: {'; or '.join(ways)}"
    else:
        text += ", whatever else the request has"
    if unnamed:
        text += f". Of its NotPrincipal: {unnamed}"
    elif not ways:
        text += ": only a change of that statement lets the request through"
    return Advice(layer.layer, words, f"{text}.")


def _across(request: Request, layer: LayerTrace) -> Advice:
    text = (
        f"No policy grants {request.action} to another account: make the request as a principal of account "
        f"{request.resource_account}, as a role there that the caller may assume."
    )
    return Advice(layer.layer, where(layer, request), text)


def _grant(request: Request, silent: list[LayerTrace]) -> list[Advice]:
    """Within an account either grants, unless the resource's policy must; across accounts both have to."""
    caller = request.caller
    within = caller.account == request.resource_account
    if not within or len(silent) == 1:
        return [one for layer in silent for one in _speak(request, layer)]
    resource, identity = silent
    if resource.layer is Layer.TRUST or request.action.lower().startswith(_ASSUMING):
        # A trust that names the caller is enough, and without one nothing is.
        return _speak(request, resource)
    ordered = (
        [resource, identity] if _candidates(resource) and not _candidates(identity) else [identity, resource]
    )
    first, second = (_speak(request, layer) for layer in ordered)
    return [*first, *(replace(one, instead=True) for one in second)]


def _speak(request: Request, layer: LayerTrace) -> list[Advice]:
    """How a silent layer comes to allow: by what comes near, else by a new statement."""
    near = _candidates(layer)
    found = [Advice(layer.layer, one.words, _but_for(request, one)) for one in near[:_NEAR_SHOWN_MAX]]
    if any(one.by_trifles for one in near):
        return found[:1] + [replace(one, instead=True) for one in found[1:]]
    added = _addition(request, layer, bool(near))
    return [added, *(replace(one, instead=True) for one in found)]


@dataclass(frozen=True, slots=True)
class _Candidate:
    words: str
    statement: StatementTrace
    distance: int

    @property
    def by_trifles(self) -> bool:
        return all(element.matched or element.near for element in self.statement.elements)


def _candidates(layer: LayerTrace) -> list[_Candidate]:
    """Nearest first."""
    found = [
        _Candidate(policy_words(layer.layer, policy.name), one, distance(one.elements, one.conditions))
        for policy in layer.policies
        for one in policy.statements
        if one.near
    ]
    return sorted(found, key=lambda one: (not one.by_trifles, one.distance))


def _but_for(request: Request, candidate: _Candidate) -> str:
    statement = candidate.statement
    reasons = [f"its {one.name}: {one.why}" for one in statement.elements if not one.matched]
    failed = [one for one in statement.conditions if not one.matched]
    for one in failed:
        reason = f"its Condition {one.operator} {one.key} = {', '.join(one.written[:4])}"
        reasons.append(f"{reason}: {one.why}" if one.why else reason)
    text = f"{_capital(called(statement))} of {candidate.words} would allow it, but for {'; and '.join(reasons)}."
    ways = [way(one, request.context, to_hold=True) for one in failed if not one.at_fault]
    return f"{text} For it to apply: {'; and '.join(ways)}." if ways else text


def _addition(request: Request, layer: LayerTrace, near: bool) -> Advice:
    policy = where(layer, request)
    if layer.layer is Layer.RESOURCE and not is_queue(request):
        text = (
            "The resource has no policy that could allow it: there is no such thing, or it is never shared."
        )
        return Advice(layer.layer, policy, text)
    statement = addition(layer.layer, request)
    if statement is None:
        text = "The request is not signed, and only a principal of everyone would let it in: sign it instead."
        return Advice(layer.layer, policy, text)
    reason = "" if near else f"Nothing in {_those(layer)} comes near. " if layer.policies else ""
    return Advice(
        layer.layer, policy, f"{reason}Add a statement to {policy}:{_caution(request)}", add=statement
    )


def _those(layer: LayerTrace) -> str:
    return (
        f"the {layer.layer}"
        if len(layer.policies) == 1
        else f"{len(layer.policies)} of the kind {layer.layer}"
    )


def _caution(request: Request) -> str:
    caller: Caller = request.caller
    if caller.type is PrincipalType.SERVICE and not {"aws:sourcearn", "aws:sourceaccount"} & set(
        request.context
    ):
        return " (and say in its Condition for whom the service may act: aws:SourceArn or aws:SourceAccount)"
    return ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
