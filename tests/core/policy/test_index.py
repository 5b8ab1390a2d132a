"""Statements found by the resource: the same ones in the same order as by trying each."""

import json
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qanat.core.identity.model import ANONYMOUS, Caller, PrincipalType, root_of
from qanat.core.policy import evaluate
from qanat.core.policy.decision import Named, Policies, Request
from qanat.core.policy.document import Document, parse
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.index import Entry, Target, layered, target_of
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.statement import Effect
from qanat.core.policy.variables import Context

A = "111111111111"
KEYS = ["aws:username", "aws:username, 'a'", "aws:userid", "*"]
FRONT = f"arn:aws:sqs:us-east-2:{A}:"
ACTIONS = ["sqs:SendMessage", "sqs:ReceiveMessage"]
ANN = Caller(PrincipalType.USER, A, f"arn:aws:iam::{A}:user/ann", "AIDAANN", "ann")


# Few and short texts, so that much matches.
FRONTS = [f"arn:aws:sqs:{region}:{A}:" for region in ("us-east-2", "us-east-2", "eu-west-1")]
PATTERN_FRONTS = [
    *FRONTS,
    f"arn:aws:sqs:*:{A}:",
    "arn:aws:sqs:*:*:",
    f"arn:aws:sqs:us-*:{A}:",
    "arn:aws:?qs:*:*:",
]
LITERAL_NAMES = ["a", "ab", "abb", "b", "", "a:b", "😀", "😀b"]
NAME_PATTERNS = ["*", "a*", "ab*", "ab?", "?b", "*b", "*a*", "a*b", "*bb*", "?*b", "😀*", "?", "a:*"]
VARIABLE_NAMES = [f"{head}${{{key}}}{tail}" for head in ("", "a") for key in KEYS for tail in ("", "b", "*")]
PATTERNS = st.one_of(
    st.builds(str.__add__, st.sampled_from(PATTERN_FRONTS), st.sampled_from(LITERAL_NAMES)),
    st.builds(str.__add__, st.sampled_from(PATTERN_FRONTS), st.sampled_from(NAME_PATTERNS)),
    st.builds(str.__add__, st.sampled_from(FRONTS), st.sampled_from(VARIABLE_NAMES)),
    st.sampled_from(["*", "arn:*", "arn:aws:*", "arn:aws:s?s:*", "arn:*:b:*", "arn:aws:sqs:us-east-2:*"]),
)
RESOURCES = st.one_of(
    st.builds(
        str.__add__, st.sampled_from(FRONTS), st.sampled_from([*LITERAL_NAMES, "abab", "aannb", "\ud83d"])
    ),
    st.sampled_from(["*", "arn:aws:sqs", "arn:aws:sqs:b", "a", ""]),
)
CONDITIONS: list[dict[str, Any]] = [
    {},
    {"StringEquals": {"aws:SourceVpce": ["v1", "v2"]}},
    {"StringNotEquals": {"aws:SourceVpce": "v1"}, "Bool": {"aws:SecureTransport": "true"}},
    {"StringEqualsIfExists": {"aws:SourceVpce": "v1"}},
    {"ForAnyValue:StringEquals": {"aws:SourceVpce": "v1"}},
    {"ForAllValues:StringNotEquals": {"aws:SourceVpce": "v1"}},
]
CONTEXTS: st.SearchStrategy[Context] = st.fixed_dictionaries(
    {},
    optional={
        "aws:username": st.sampled_from(["a", "ann", "b", "*", ""]),
        "aws:userid": st.sampled_from(LITERAL_NAMES),
        "aws:sourcevpce": st.sampled_from(["v1", "v3", ("v1",), ("v1", "v3"), ()]),
        "aws:securetransport": st.just("true"),
    },
)


def statements(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    def rest(resource: str, resources: list[str]) -> dict[str, Any]:
        return {resource: resources}

    about = st.builds(
        rest, st.sampled_from(["Resource"] * 6 + ["NotResource"]), st.lists(PATTERNS, min_size=1, max_size=2)
    )
    elements = st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
            "Action": st.sampled_from([*ACTIONS, *["sqs:*"] * 4]),
            "Condition": st.sampled_from([{}] * 4 + CONDITIONS),
            **more,
        }
    )
    return st.lists(st.builds(dict.__or__, elements, about), min_size=4, max_size=16)


def document(kind: PolicyKind, elements: Sequence[dict[str, Any]]) -> Document:
    return parse(json.dumps({"Version": "2012-10-17", "Statement": elements}), kind)


def tried(
    policies: tuple[Named, ...], effect: Effect, action: str, resource: str, context: Context
) -> list[tuple[str, int]]:
    return [
        (policy.name, statement.index)
        for policy in policies
        for statement in policy.document.statements
        if statement.effect is effect
        and statement.actions.match(action.lower(), {})
        and statement.applies(resource, context)
    ]


def places(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    return [(policy.name, statement.index) for policy, statement in entries]


@given(st.lists(statements(), min_size=1, max_size=3), RESOURCES, CONTEXTS, st.sampled_from(ACTIONS))
@settings(max_examples=500)
def test_what_applies_is_found_in_its_order(
    several: list[list[dict[str, Any]]], resource: str, context: Context, action: str
) -> None:
    policies = tuple(
        Named(f"policy {number}", document(PolicyKind.IDENTITY, elements))
        for number, elements in enumerate(several)
    )
    layer, target = layered(policies), target_of(action, resource)
    request = Request(ANN, action, resource, A, context)
    denies, allows = layer.denies(target, request), layer.allows(target, request)
    for effect, candidates in ((Effect.DENY, denies), (Effect.ALLOW, allows)):
        found = [entry for entry in candidates if entry[1].applies(resource, context)]
        assert places(found) == tried(policies, effect, action, resource, context)
        assert len(set(places(candidates))) == len(candidates)


PRINCIPALS = st.sampled_from(["*", {"AWS": A}, {"AWS": ANN.arn}])


@given(
    statements(),
    st.none() | statements(Principal=PRINCIPALS),
    st.none() | statements(Principal=PRINCIPALS),
    RESOURCES,
    CONTEXTS,
    st.sampled_from([ANN, root_of(A), ANONYMOUS]),
)
@settings(max_examples=200)
def test_a_decision_is_the_one_of_trying_each(
    identity: list[dict[str, Any]],
    queue: list[dict[str, Any]] | None,
    endpoint: list[dict[str, Any]] | None,
    resource: str,
    context: Context,
    caller: Caller,
) -> None:
    policies = Policies(
        (Named("own", document(PolicyKind.IDENTITY, identity)),),
        None if queue is None else Named("queue", document(PolicyKind.OTHER_RESOURCE, queue)),
        () if endpoint is None else (Named("endpoint", document(PolicyKind.ENDPOINT, endpoint)),),
    )
    request = Request(caller, ACTIONS[0], resource, A, context)
    # A target of which nothing is known gets every statement.
    unknown = Target(ACTIONS[0].lower(), resource, None)
    with patch.object(evaluate, "target_of", lambda *_: unknown):
        expected = authorize(request, policies)
    assert authorize(request, policies) == expected


def allowing(elements: list[dict[str, str]], target: Target) -> list[int]:
    """The indexes of the candidates of one policy."""
    layer = layered((Named("own", document(PolicyKind.IDENTITY, elements)),))
    request = Request(ANN, target.action, target.text, A, {})
    return [statement.index for _, statement in layer.allows(target, request)]


NAMES = [f"{FRONT}queue-{number}" for number in range(100)]


@pytest.mark.parametrize(
    "pattern",
    [
        FRONT + "queue-{}",
        FRONT + "queue-{}*",
        FRONT + "queue-{}?*",
        FRONT + "queue-{}${{aws:username}}",
        "arn:aws:sqs:*:*:queue-{}*",
        f"arn:aws:sqs:*:{A}:queue-{{}}",
        FRONT + "*-{}",
        FRONT + "*e-{}*",
        FRONT + "?ueue-{}${{aws:username}}",
    ],
)
def test_of_many_statements_few_have_to_be_tried(pattern: str) -> None:
    elements = [
        {"Effect": "Allow", "Action": "sqs:*", "Resource": pattern.format(number)} for number in range(100)
    ]
    candidates = allowing(elements, target_of("sqs:SendMessage", NAMES[77]))
    # Its own, that of queue-7, and one whose text is in the name of the region.
    assert 77 in candidates
    assert len(candidates) <= 3


def test_statements_about_the_namesakes_of_other_regions_are_not_tried() -> None:
    elements = [
        {"Effect": "Allow", "Action": "sqs:*", "Resource": f"arn:aws:sqs:region-{number}:{A}:jobs"}
        for number in range(10)
    ]
    candidates = allowing(elements, target_of("sqs:SendMessage", f"arn:aws:sqs:region-7:{A}:jobs"))
    assert candidates == [7]


def test_actions_that_match_the_same_statements_share_what_is_kept_for_them() -> None:
    elements = [{"Effect": "Allow", "Action": "sqs:*", "Resource": name} for name in NAMES]
    layer = layered((Named("own", document(PolicyKind.IDENTITY, elements)),))
    one, other = (layer._indexes(action.lower()) for action in ACTIONS)
    assert one is other


def test_more_actions_than_are_kept_are_still_answered() -> None:
    elements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    layer = layered((Named("own", document(PolicyKind.IDENTITY, elements)),))
    for number in range(300):
        request = Request(ANN, f"made:up{number}", "*", A, {})
        assert len(layer.allows(target_of(request.action, request.resource), request)) == 1
