"""IAM's simulator beside the two others: the evaluator that guards the server, and `qanat policy simulate`."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.policy.test_trace_properties import (
    ACTIONS,
    ANN_USER,
    CONTEXTS,
    FOREIGN_ROLE,
    IDENTITY,
    NOW,
    QUEUE,
    QUEUE_POLICY,
    ROLE,
    SERVICE_CONTROL,
    A,
    B,
    statements,
)
from qanat.core.control import Control
from qanat.core.identity.commands import CreateAccount
from qanat.core.identity.model import User, caller_of, role_session
from qanat.core.identity.simulation_commands import ContextEntry, Simulate
from qanat.core.identity.simulations import ActionSimulated
from qanat.core.page import Page
from qanat.core.policy.decision import Decision, Policies, Request
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.simulate import Decided, Simulator
from qanat.core.policy.simulator import Asked, Layers, SourceType, Verdict, simulate, source

CALLERS = [
    caller_of(ANN_USER),
    caller_of(User(B, "Ole", "AIDAOLE", "/", 0)),
    role_session(ROLE, "one", NOW),
    role_session(FOREIGN_ROLE, "one", NOW),
]


def verdict_of(decision: Decision) -> Verdict:
    if decision.allowed:
        return Verdict.ALLOWED
    explicit = decision.reason.name.startswith("EXPLICIT_")
    return Verdict.EXPLICIT_DENY if explicit else Verdict.IMPLICIT_DENY


@st.composite
def cases(draw: st.DrawFn) -> tuple[Request, Policies]:
    policies = Policies(
        identity=draw(IDENTITY),
        resource=draw(QUEUE_POLICY),
        boundaries=draw(IDENTITY)[:1],
        service_control=draw(SERVICE_CONTROL),
        resource_must_allow=draw(st.booleans()),
    )
    resource, account = draw(st.sampled_from([(QUEUE, A), (f"arn:aws:sqs:eu-west-1:{B}:b", B), ("*", A)]))
    request = Request(draw(st.sampled_from(CALLERS)), draw(ACTIONS), resource, account, draw(CONTEXTS))
    return request, policies


@given(cases())
@settings(max_examples=200, deadline=None)
def test_it_decides_as_the_evaluator_does(case: tuple[Request, Policies]) -> None:
    request, policies = case
    resource = policies.resource
    layers = Layers(
        tuple(source(named.name, SourceType.IDENTITY, named.document) for named in policies.identity),
        policies.boundaries[0].document if policies.boundaries else None,
        tuple(tuple(named.document for named in level) for level in policies.service_control),
        None if resource is None else source(resource.name, SourceType.RESOURCE, resource.document),
        policies.resource_must_allow,
    )
    asked = Asked(request.caller, request.action, request.resource, request.resource_account, request.context)
    found = simulate(asked, layers)
    assert found.verdict is verdict_of(authorize(request, policies))
    if found.verdict is Verdict.ALLOWED:
        assert found.matched
        assert found.organization in (None, Verdict.ALLOWED)
    across = request.caller.account != request.resource_account
    assert found.details is None or across


DOCUMENTS = st.lists(statements(principal=False), min_size=1, max_size=3)
QUEUE_DOCUMENTS = st.lists(statements(principal=True), min_size=1, max_size=3)
CONTEXT_TYPES = {"aws:securetransport": "boolean", "aws:sourceip": "ip", "aws:tagkeys": "stringList"}
DECISIONS = {"allowed": "allowed", "implicit_deny": "implicitDeny", "explicit_deny": "explicitDeny"}


def text_of(found: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": found})


@given(
    st.lists(DOCUMENTS, max_size=2),
    st.none() | DOCUMENTS,
    st.lists(st.lists(DOCUMENTS, min_size=1, max_size=2), max_size=2),
    st.none() | QUEUE_DOCUMENTS,
    st.sampled_from([f"arn:aws:iam::{A}:user/Ann", f"arn:aws:iam::{B}:user/Ole"]),
    ACTIONS,
    CONTEXTS,
)
@settings(max_examples=200, deadline=None)
def test_custom_policies_are_judged_as_by_the_command(
    identity: list[list[dict[str, Any]]],
    boundary: list[dict[str, Any]] | None,
    levels: list[list[list[dict[str, Any]]]],
    queue_policy: list[dict[str, Any]] | None,
    caller: str,
    action: str,
    context: dict[str, str | tuple[str, ...]],
) -> None:
    case = {
        "id": "c",
        "principal": caller,
        "action": action,
        "resource": QUEUE,
        "context": context,
        "identity_policies": [text_of(one) for one in identity],
        "permissions_boundaries": [] if boundary is None else [text_of(boundary)],
        "service_control_policies": [[text_of(one) for one in level] for level in levels],
        **({} if queue_policy is None else {"resource_policy": text_of(queue_policy)}),
    }
    answer = Simulator().run(json.dumps(case).encode())
    assert isinstance(answer, Decided), answer
    control = Control()
    control.handle(CreateAccount(A), 0)
    command = Simulate(
        A,
        (action,),
        (QUEUE,),
        policies=tuple(text_of(one) for one in identity),
        boundaries=() if boundary is None else (text_of(boundary),),
        service_control=tuple(tuple(text_of(one) for one in level) for level in levels),
        resource_policy=None if queue_policy is None else text_of(queue_policy),
        caller=caller,
        context=tuple(
            ContextEntry(key, (value,) if isinstance(value, str) else value, CONTEXT_TYPES.get(key, "string"))
            for key, value in context.items()
        ),
    )
    reply = control.handle(command, 0).reply
    assert isinstance(reply, Page)
    (found,) = reply.items
    assert isinstance(found, ActionSimulated)
    assert found.verdict == DECISIONS[answer.decision]
