"""Properties of the trace: its decision is `authorize`'s, its layers agree with it, and its advice is enough."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from qanat.core.identity.model import (
    ANONYMOUS,
    Role,
    Session,
    User,
    caller_of,
    federated_user,
    role_session,
    root_of,
    service_caller,
)
from qanat.core.policy.decision import Layer, Named, Policies, Reason, Request
from qanat.core.policy.document import parse
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.trace.layers import trace
from qanat.core.policy.trace.model import Advice, Trace, Verdict

A, B = "111122223333", "444455556666"
QUEUE = f"arn:aws:sqs:us-east-2:{A}:orders"
ANN_USER = User(A, "Ann", "AIDAANN", "/", 0)
ROLE = Role(A, "R", "AROAR", "/app/", 0, "")
FOREIGN_ROLE = Role(B, "R", "AROAS", "/", 0, "")
NOW = Session("ASIA", 0, 1, "AROAR", "R")
CALLERS = [
    caller_of(ANN_USER),
    caller_of(User(B, "Ole", "AIDAOLE", "/", 0)),
    role_session(ROLE, "one", NOW),
    role_session(FOREIGN_ROLE, "one", NOW),
    federated_user(ANN_USER, "Fay", Session("ASIA", 0, 1, "AIDAANN", "Ann")),
    root_of(A),
    root_of(B),
    ANONYMOUS,
    service_caller("sns.amazonaws.com"),
]
PRINCIPALS = st.sampled_from(
    [
        "*",
        {"AWS": A},
        {"AWS": [B, f"arn:aws:iam::{A}:user/Ann"]},
        {"AWS": f"arn:aws:iam::{A}:role/app/R"},
        {"AWS": f"arn:aws:sts::{A}:assumed-role/R/one"},
        {"AWS": [A, f"arn:aws:iam::{A}:user/Ann"]},
        {"AWS": f"arn:aws:iam::{B}:user/Ole"},
        {"Service": "sns.amazonaws.com"},
    ]
)
CONDITIONS = st.sampled_from(
    [
        None,
        None,
        None,
        {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
        {"StringNotEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}},
        {"Bool": {"aws:SecureTransport": False}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        {"Null": {"aws:SourceVpce": "true"}},
        {"ForAnyValue:StringLike": {"aws:TagKeys": "t*"}},
    ]
)
CONTEXTS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"aws:securetransport": st.sampled_from(["true", "false"])},
    optional={
        "aws:sourcevpce": st.sampled_from(["vpce-1", "vpce-3"]),
        "aws:sourceip": st.just("10.1.1.1"),
        "aws:tagkeys": st.just(("team",)),
    },
)
ACTIONS = st.sampled_from(["sqs:SendMessage", "sqs:TagQueue"])


@st.composite
def statements(draw: st.DrawFn, *, principal: bool, resource: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(
            st.sampled_from(["*", "sqs:SendMessage", "sqs:TagQueue", "s*:Assume*"])
        ),
    }
    if resource:
        found[draw(st.sampled_from(["Resource", "Resource", "NotResource"]))] = draw(
            st.sampled_from(["*", QUEUE, f"arn:aws:sqs:*:{B}:*"])
        )
    if principal:
        # Without Resource it is a trust policy, which has no NotPrincipal.
        names = ["Principal", "Principal", "NotPrincipal"] if resource else ["Principal"]
        found[draw(st.sampled_from(names))] = draw(PRINCIPALS)
    condition = draw(CONDITIONS)
    if condition:
        found["Condition"] = condition
    return found


def named(kind: PolicyKind, found: list[dict[str, Any]]) -> Named:
    return Named("p", parse(json.dumps({"Version": "2012-10-17", "Statement": found}), kind))


def of_kind(kind: PolicyKind, *, principal: bool = False) -> st.SearchStrategy[Named]:
    resource = kind is not PolicyKind.TRUST
    one = statements(principal=principal, resource=resource)
    return st.lists(one, min_size=1, max_size=3).map(lambda found: named(kind, found))


def some(one: st.SearchStrategy[Named]) -> st.SearchStrategy[tuple[Named, ...]]:
    return st.just(()) | st.tuples(one) | st.tuples(one, one)


def levels(one: st.SearchStrategy[Named]) -> st.SearchStrategy[tuple[tuple[Named, ...], ...]]:
    return st.just(()) | st.tuples(st.tuples(one)) | st.tuples(st.tuples(one, one), st.tuples(one))


# Of each layer; made once, for it takes longer than to draw from them.
IDENTITY = some(of_kind(PolicyKind.IDENTITY))
QUEUE_POLICY = st.none() | of_kind(PolicyKind.OTHER_RESOURCE, principal=True)
TRUST = st.none() | of_kind(PolicyKind.TRUST, principal=True)
ENDPOINTS = some(of_kind(PolicyKind.ENDPOINT, principal=True))
SESSION = some(of_kind(PolicyKind.SESSION))
SERVICE_CONTROL = levels(of_kind(PolicyKind.SERVICE_CONTROL))
RESOURCE_CONTROL = levels(of_kind(PolicyKind.RESOURCE_CONTROL, principal=True))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Request, Policies]:
    trust = draw(st.integers(0, 4)) == 0
    policies = Policies(
        identity=draw(IDENTITY),
        resource=draw(TRUST if trust else QUEUE_POLICY),
        endpoints=draw(ENDPOINTS),
        boundaries=draw(IDENTITY),
        session=draw(SESSION),
        service_control=draw(SERVICE_CONTROL),
        resource_control=draw(RESOURCE_CONTROL),
        resource_must_allow=trust,
    )
    caller, context = draw(st.sampled_from(CALLERS)), draw(CONTEXTS)
    if trust:
        return Request(caller, "sts:AssumeRole", ROLE.arn, A, context), policies
    return Request(caller, draw(ACTIONS), QUEUE, A, context), policies


CASES = cases()

# In which order a silence is told of (the first that filters, then what grants).
FIRST_TOLD = [
    (Layer.SERVICE_CONTROL, Reason.IMPLICIT_DENY_SERVICE_CONTROL),
    (Layer.ENDPOINT, Reason.IMPLICIT_DENY_ENDPOINT),
    (Layer.RESOURCE, Reason.IMPLICIT_DENY_RESOURCE),
    (Layer.TRUST, Reason.IMPLICIT_DENY_TRUST),
    (Layer.IDENTITY, Reason.IMPLICIT_DENY_IDENTITY),
    (Layer.BOUNDARY, Reason.IMPLICIT_DENY_BOUNDARY),
    (Layer.SESSION, Reason.IMPLICIT_DENY_SESSION),
]


def recombined(found: Trace, request: Request, policies: Policies) -> Reason | None:
    """The reason of the denial that the layers' verdicts alone make; None where they allow."""
    denying = [layer.layer for layer in found.layers if layer.verdict is Verdict.DENIES]
    if denying:
        return Reason[f"EXPLICIT_DENY_{denying[0].name}"]
    silent = {layer.layer for layer in found.layers if layer.verdict is Verdict.SILENT}
    within = request.caller.account == A and not policies.resource_must_allow
    if within and Layer.IDENTITY in silent:
        # Either would do, and the identity's is the one that AWS names.
        silent.discard(Layer.RESOURCE)
    return next((reason for layer, reason in FIRST_TOLD if layer in silent), None)


@given(CASES)
@settings(max_examples=500)
def test_the_layers_make_the_decision(case: tuple[Request, Policies]) -> None:
    request, policies = case
    found = trace(request, policies)
    decision = authorize(request, policies)
    assert (found.allowed, found.reason) == (decision.allowed, decision.reason.value)
    assert recombined(found, request, policies) == (None if decision.allowed else decision.reason)
    applying = {
        (layer.layer, policy.name, statement.index, statement.sid)
        for layer in found.layers
        for policy in layer.policies
        for statement in policy.statements
        if statement.applies
    }
    for ref in filter(None, (decision.statement, *decision.others)):
        assert (ref.layer, ref.policy, ref.index, ref.sid) in applying
    assert bool(found.advice) is not decision.allowed


def with_added(policies: Policies, advice: Advice) -> Policies:
    """`policies` with the statement that the advice adds."""
    assert advice.add is not None
    new, layer = json.loads(advice.add), advice.layer
    assert "*" not in json.dumps(new.get("Principal", ""))
    if layer in (Layer.RESOURCE, Layer.TRUST):
        before = policies.resource
        kind = PolicyKind.TRUST if layer is Layer.TRUST else PolicyKind.RESOURCE
        old = [] if before is None else json.loads(before.document.text)["Statement"]
        kind = kind if before is None else before.document.kind
        return replace(policies, resource=named(kind, [*old, new]))
    if layer is Layer.IDENTITY:
        return replace(policies, identity=(*policies.identity, named(PolicyKind.IDENTITY, [new])))
    if layer is Layer.ENDPOINT:
        return replace(policies, endpoints=(*policies.endpoints, named(PolicyKind.ENDPOINT, [new])))
    if layer is Layer.BOUNDARY:
        return replace(policies, boundaries=(*policies.boundaries, named(PolicyKind.IDENTITY, [new])))
    if layer is Layer.SESSION:
        return replace(policies, session=(*policies.session, named(PolicyKind.SESSION, [new])))
    assert layer is Layer.SERVICE_CONTROL
    levels = (
        (*level, named(PolicyKind.SERVICE_CONTROL, [new])) if f"level {height} " in advice.policy else level
        for height, level in enumerate(policies.service_control, start=1)
    )
    return replace(policies, service_control=tuple(levels))


@given(CASES)
@settings(max_examples=500)
def test_the_statements_to_add_are_enough(case: tuple[Request, Policies]) -> None:
    request, policies = case
    found = trace(request, policies)
    denied = any(layer.verdict is Verdict.DENIES for layer in found.layers)
    needed = [one for one in found.advice if not one.instead]
    if denied or not all(one.add for one in needed):
        return
    for one in needed:
        policies = with_added(policies, one)
    assert authorize(request, policies).allowed
