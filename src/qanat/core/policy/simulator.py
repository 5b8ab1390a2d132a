"""IAM's policy simulator: what policies that are given say to an action on a resource (IAM API reference,
SimulateCustomPolicy).

Invariant: the decision is the one that `authorize` would make over the same layers, and a test holds it to that. It is
made here once more because `authorize` keeps an index of every layer that it is asked about, and whoever simulates may
have as many policies as it likes.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from msgspec import Struct

from qanat.core.identity.model import Caller
from qanat.core.policy.actions import SHAREABLE
from qanat.core.policy.document import Document
from qanat.core.policy.principals import Grade
from qanat.core.policy.spans import Position, Span, statement_spans
from qanat.core.policy.statement import Effect, Statement
from qanat.core.policy.variables import Context

# Of these services it is known what a resource's policy can grant to other accounts, and all else is not granted.
_OURS: Final = ("sqs:", "qanat:")


class Verdict(StrEnum):
    """Of a layer, and of all together; in AWS's words."""

    ALLOWED = "allowed"
    IMPLICIT_DENY = "implicitDeny"
    EXPLICIT_DENY = "explicitDeny"


_SEVERITY: Final = {verdict: severity for severity, verdict in enumerate(Verdict)}


class SourceType(StrEnum):
    IDENTITY = "IAM Policy"
    RESOURCE = "Resource Policy"
    BOUNDARY = "Permissions Boundary Policy"


class Source(Struct, frozen=True):
    """A policy that takes part in a simulation, with the name that its answer calls it by."""

    name: str
    type: SourceType
    document: Document
    spans: tuple[Span, ...]


def source(name: str, kind: SourceType, document: Document) -> Source:
    return Source(name, kind, document, statement_spans(document.text))


class Layers(Struct, frozen=True):
    identity: tuple[Source, ...]
    boundary: Document | None = None
    service_control: tuple[tuple[Document, ...], ...] = ()
    """A level each, from the organization's root down."""
    resource: Source | None = None
    resource_must_allow: bool = False
    """As in `decision.Policies`."""


class Asked(Struct, frozen=True):
    caller: Caller
    action: str
    resource: str
    """An ARN, or `*`."""
    resource_account: str
    context: Context


class Matched(Struct, frozen=True):
    policy: str
    type: SourceType
    start: Position
    end: Position


class Simulated(Struct, frozen=True):
    """Of one action on one resource."""

    resource: str
    verdict: Verdict
    matched: tuple[Matched, ...]
    """The statements that deny, or else those that allow, of identity policies and of the resource's."""
    boundary: Verdict | None
    """None without one."""
    organization: Verdict | None
    """Of the service control policies; None without any."""
    details: dict[str, Verdict] | None
    """What each kind of policy says, where caller and resource are of two accounts and no service control policy
    stops the request."""


def simulate(asked: Asked, layers: Layers) -> Simulated:
    scp = _organization(asked, layers)
    identity = _verdict(found for one in layers.identity for found in _applying(one.document, asked))
    boundary = None if layers.boundary is None else _verdict(_applying(layers.boundary, asked))
    resource, grade = _of_resource(asked, layers)
    verdict = _decided(asked, layers, scp, identity, boundary, resource, grade)
    details = None
    if asked.caller.account != asked.resource_account and scp in (None, Verdict.ALLOWED):
        details = {SourceType.IDENTITY.value: identity, SourceType.RESOURCE.value: resource}
        if boundary is not None:
            details[SourceType.BOUNDARY.value] = boundary
    effect = Effect.DENY if verdict is Verdict.EXPLICIT_DENY else Effect.ALLOW
    return Simulated(asked.resource, verdict, tuple(_matched(asked, layers, effect)), boundary, scp, details)


# Of characters.
_WILDCARD_WEIGHT: Final = 8


def weight(layers: Layers, action: str) -> int:
    """Characters of the statements that are about `action`, a wildcard for some more: what it costs to try them on a
    resource."""
    total = 0
    for one in _sources(layers):
        characters = 0
        for statements in one.document.for_action(action.lower()):
            characters += sum(one.spans[statement.index].characters for statement in statements)
        if characters:
            total += characters + _WILDCARD_WEIGHT * wildcards(one.document.text)
    others = [level for levels in layers.service_control for level in levels]
    if layers.boundary is not None:
        others.append(layers.boundary)
    return total + sum(
        len(document.text) + _WILDCARD_WEIGHT * wildcards(document.text) for document in others
    )


def wildcards(text: str) -> int:
    """At most so many stars, question marks and variables are in it: a backslash may write any of them in JSON."""
    return sum(text.count(sign) for sign in "*?$\\")


def _decided(
    asked: Asked,
    layers: Layers,
    scp: Verdict | None,
    identity: Verdict,
    boundary: Verdict | None,
    resource: Verdict,
    grade: Grade,
) -> Verdict:
    if Verdict.EXPLICIT_DENY in (scp, identity, boundary, resource):
        return Verdict.EXPLICIT_DENY
    if scp is Verdict.IMPLICIT_DENY:
        return scp
    if asked.caller.account == asked.resource_account:
        if grade is Grade.DIRECT:
            # Neither the identity's own policies nor its boundary are asked.
            return Verdict.ALLOWED
        if layers.resource_must_allow and grade is Grade.NONE:
            return Verdict.IMPLICIT_DENY
        granted = identity is Verdict.ALLOWED or grade is Grade.LIMITED
    else:
        action = asked.action.lower()
        shared = action in SHAREABLE or not action.startswith(_OURS)
        granted = shared and resource is Verdict.ALLOWED and identity is Verdict.ALLOWED
    if not granted:
        return Verdict.IMPLICIT_DENY
    return Verdict.ALLOWED if boundary is None else boundary


def _organization(asked: Asked, layers: Layers) -> Verdict | None:
    """A denial at any level counts; without one, every level must allow."""
    levels = [
        _verdict(statement for document in level for statement in _applying(document, asked))
        for level in layers.service_control
    ]
    return severest(levels) if levels else None


def severest(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, key=_SEVERITY.__getitem__)


def _verdict(applying: Iterable[Statement]) -> Verdict:
    found = {statement.effect for statement in applying}
    if Effect.DENY in found:
        return Verdict.EXPLICIT_DENY
    return Verdict.ALLOWED if found else Verdict.IMPLICIT_DENY


def _applying(document: Document, asked: Asked) -> Iterator[Statement]:
    for statements in document.for_action(asked.action.lower()):
        for statement in statements:
            if statement.applies(asked.resource, asked.context):
                yield statement


def _of_resource(asked: Asked, layers: Layers) -> tuple[Verdict, Grade]:
    """What the resource's policy says, and in which grade it names the caller where it allows."""
    found = list(_naming(asked, layers))
    grades = [grade for statement, grade in found if statement.effect is Effect.ALLOW]
    return _verdict(statement for statement, _ in found), max(grades, default=Grade.NONE)


def _naming(asked: Asked, layers: Layers) -> Iterator[tuple[Statement, Grade]]:
    """The statements of the resource's policy that apply and speak of the caller."""
    if layers.resource is None:
        return
    for statement in _applying(layers.resource.document, asked):
        principals = statement.principals
        if principals is None:
            continue
        grade = principals.match(asked.caller)
        # IAM User Guide, reference_policies_elements_notprincipal: with Deny, it always denies who has a boundary.
        bounded = layers.boundary is not None and principals.negated and statement.effect is Effect.DENY
        if grade is not Grade.NONE or bounded:
            yield statement, grade


def _matched(asked: Asked, layers: Layers, effect: Effect) -> Iterator[Matched]:
    for one in layers.identity:
        for statement in _applying(one.document, asked):
            if statement.effect is effect:
                yield _shown(one, statement)
    for statement, _ in _naming(asked, layers):
        if statement.effect is effect and layers.resource is not None:
            yield _shown(layers.resource, statement)


def _shown(one: Source, statement: Statement) -> Matched:
    span = one.spans[statement.index]
    return Matched(one.name, one.type, span.start, span.end)


def _sources(layers: Layers) -> Iterator[Source]:
    yield from layers.identity
    if layers.resource is not None:
        yield layers.resource
