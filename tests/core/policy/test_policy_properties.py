"""Properties: reading fails only with errors of ours, and decisions are those of a second, naive evaluator."""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from qanat.core.identity.model import ANONYMOUS, Caller, PrincipalType, root_of
from qanat.core.policy.decision import Named, Policies, Reason, Request
from qanat.core.policy.document import parse
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.sizes import WITHOUT_PRINCIPAL, PolicyKind

KINDS = st.sampled_from(PolicyKind)
A, B = "111111111111", "222222222222"

# Reading ------------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        *("Version", "Id", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
        *(
            "Resource",
            "NotResource",
            "Condition",
            "AWS",
            "Service",
            "Allow",
            "Deny",
            "2012-10-17",
            "2008-10-17",
        ),
        *("*", "sqs:*", "sqs:SendMessage", A, f"arn:aws:iam:{A}:user/MyUser", f"arn:aws:iam::{A}:root"),
        *(
            "arn:aws:sqs:us-east-2:1:q",
            "arn:*",
            "${aws:username}",
            "${aws:username, 'x'}",
            "${",
            "aws:SourceVpce",
        ),
        *(
            "StringEquals",
            "ForAnyValue:ArnLike",
            "IpAddress",
            "NumericLessThan",
            "DateEquals",
            "Null",
            "Bool",
        ),
        *("BinaryEquals", "10.0.0.0/8", "true", "1", "2026-10-04", "\ud800", "\x00"),
    ]
)
TEXTS = WORDS | st.text(max_size=8)
SCALARS = TEXTS | st.integers() | st.floats() | st.booleans() | st.none()
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def elements(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=values)


STATEMENTS = elements(
    Sid=SCALARS,
    Effect=st.sampled_from(["Allow", "Deny", "deny"]),
    Principal=TREES | st.fixed_dictionaries({"AWS": TREES}),
    Action=WORDS | TREES,
    Resource=WORDS | TREES,
    Condition=st.dictionaries(WORDS, st.dictionaries(TEXTS, TREES, max_size=2), max_size=2) | TREES,
)
DOCUMENTS = elements(
    Version=WORDS, Id=SCALARS, Statement=STATEMENTS | st.lists(STATEMENTS, max_size=3) | TREES
)


def read(text: str, kind: PolicyKind) -> None:
    with suppress(PolicyInvalid, PolicyTooLarge):
        assert parse(text, kind).text == text


@given(st.text() | st.text('[]{}":,\\ue1"-', max_size=60), KINDS)
def test_any_text_is_read_or_refused(text: str, kind: PolicyKind) -> None:
    read(text, kind)


@given(TREES | DOCUMENTS, KINDS, st.booleans())
@settings(max_examples=500)
def test_any_json_is_read_or_refused(tree: object, kind: PolicyKind, escaped: bool) -> None:
    read(json.dumps(tree, ensure_ascii=escaped), kind)


@given(st.sampled_from(["Action", "Resource", "NotAction", "NotResource"]), st.text(max_size=40), KINDS)
def test_any_pattern_is_read_or_refused(element: str, pattern: str, kind: PolicyKind) -> None:
    principal = {} if kind in WITHOUT_PRINCIPAL else {"Principal": "*"}
    other = {"Resource": "*"} if "Action" in element else {"Action": "*"}
    statement = {"Effect": "Allow", element: pattern, **other, **principal}
    read(json.dumps({"Version": "2012-10-17", "Statement": statement}), kind)


@given(WORDS, TREES, KINDS)
def test_any_condition_is_read_or_refused(operator: str, operands: object, kind: PolicyKind) -> None:
    principal = {} if kind in WITHOUT_PRINCIPAL else {"Principal": "*"}
    condition = {operator: {"aws:SourceVpce": operands}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition, **principal}
    read(json.dumps({"Version": "2012-10-17", "Statement": statement}), kind)


# Deciding -----------------------------------------------------------------------------------------------------

USERS = {
    name: Caller(PrincipalType.USER, account, f"arn:aws:iam::{account}:user/{name}", f"AIDA{name}", name)
    for name, account in (("ann", A), ("bob", A), ("ole", B))
}
CALLERS = [*USERS.values(), root_of(A), root_of(B), ANONYMOUS]
ACTIONS = {
    "sqs:SendMessage": {"sqs:SendMessage"},
    "sqs:DeleteQueue": {"sqs:DeleteQueue"},
    "sqs:*": {"sqs:SendMessage", "sqs:DeleteQueue"},
    "sqs:?e*e": {"sqs:SendMessage", "sqs:DeleteQueue"},
    "SQS:send*": {"sqs:SendMessage"},
}
ONE, TWO = (f"arn:aws:sqs:us-east-2:{A}:{name}" for name in ("one", "two"))
RESOURCES = {"*": {ONE, TWO}, ONE: {ONE}, f"arn:aws:sqs:*:{A}:t?*": {TWO}, f"arn:aws:sqs:*:{B}:*": set[str]()}
KEY = "aws:SourceVpce"
# Each condition with the values of the key (None: absent) for which it holds.
CONDITIONS: dict[str, tuple[dict[str, Any], set[str | None]]] = {
    "none": ({}, {None, "v1", "v2"}),
    "is v1": ({"StringEquals": {KEY: "v1"}}, {"v1"}),
    "is not v1": ({"StringNotEquals": {KEY: "v1"}}, {None, "v2"}),
    "if exists": ({"StringLikeIfExists": {KEY: ["v1", "x*"]}}, {None, "v1"}),
    "absent": ({"Null": {KEY: "true"}}, {None}),
    "both": ({"StringLike": {KEY: "v?"}, "StringNotEquals": {KEY: ["v1", "v3"]}}, {"v2"}),
}
PRINCIPALS = ["*", A, B, "ann", "ole"]
FACTS = st.sampled_from


@dataclass(frozen=True)
class Rule:
    """One statement as the naive evaluator sees it."""

    effect: str
    principal: str
    action: str
    not_action: bool
    resource: str
    not_resource: bool
    condition: str

    def statement(self, kind: PolicyKind) -> dict[str, Any]:
        user = USERS.get(self.principal)
        principal = {"AWS": user.arn if user else self.principal}
        return {
            "Effect": self.effect,
            "NotAction" if self.not_action else "Action": self.action,
            "NotResource" if self.not_resource else "Resource": [self.resource],
            "Condition": CONDITIONS[self.condition][0],
            **({} if kind is PolicyKind.IDENTITY else {"Principal": principal}),
        }

    def fits(self, kind: PolicyKind, ask: "Ask") -> str | None:
        """None where the rule is silent, else how the principal matches: `account` or `direct`."""
        if (ask.action in ACTIONS[self.action]) == self.not_action:
            return None
        if (ask.resource in RESOURCES[self.resource]) == self.not_resource:
            return None
        if ask.value not in CONDITIONS[self.condition][1]:
            return None
        if kind is PolicyKind.IDENTITY or self.principal in {"*", ask.caller.user_name}:
            return "direct"
        return "account" if self.principal == ask.caller.account else None


@dataclass(frozen=True)
class Ask:
    caller: Caller
    action: str
    resource: str
    value: str | None


Rules = tuple[Rule, ...]
RULES = st.builds(
    Rule,
    FACTS(["Allow", "Allow", "Deny"]),
    FACTS(PRINCIPALS),
    FACTS(sorted(ACTIONS)),
    st.booleans(),
    FACTS(sorted(RESOURCES)),
    st.booleans(),
    FACTS(sorted(CONDITIONS)),
)
ASKS = st.builds(
    Ask,
    FACTS(CALLERS),
    FACTS(["sqs:SendMessage", "sqs:DeleteQueue"]),
    FACTS([ONE, TWO]),
    FACTS([None, "v1", "v2"]),
)


def naive(ask: Ask, identity: Rules, queue: Rules | None, endpoint: Rules | None) -> bool:
    def found(kind: PolicyKind, rules: Rules | None, effect: str) -> set[str | None]:
        return {rule.fits(kind, ask) for rule in rules or () if rule.effect == effect} - {None}

    layers = [(PolicyKind.IDENTITY, identity), (PolicyKind.RESOURCE, queue), (PolicyKind.ENDPOINT, endpoint)]
    if any(found(kind, rules, "Deny") for kind, rules in layers):
        return False
    if endpoint is not None and not found(PolicyKind.ENDPOINT, endpoint, "Allow"):
        return False
    root = ask.caller.type is PrincipalType.ACCOUNT
    by_identity = root or bool(found(PolicyKind.IDENTITY, identity, "Allow"))
    by_queue = found(PolicyKind.RESOURCE, queue, "Allow")
    if ask.caller.account == A:
        return by_identity or "direct" in by_queue
    shared = bool(by_queue) and ask.action == "sqs:SendMessage"
    return shared and (by_identity or ask.caller.type is PrincipalType.ANONYMOUS)


def named(kind: PolicyKind, rules: Rules) -> Named:
    statements = [rule.statement(kind) for rule in rules]
    return Named(kind, parse(json.dumps({"Version": "2012-10-17", "Statement": statements}), kind))


SOME = st.lists(RULES, min_size=1, max_size=3).map(tuple)


@given(ASKS, SOME | st.just(()), st.none() | SOME, st.none() | SOME)
@settings(max_examples=1_000)
def test_decisions_are_those_of_a_naive_evaluator(
    ask: Ask, identity: Rules, queue: Rules | None, endpoint: Rules | None
) -> None:
    if ask.caller.type is not PrincipalType.USER:
        identity = ()
    policies = Policies(
        (named(PolicyKind.IDENTITY, identity),) if identity else (),
        named(PolicyKind.RESOURCE, queue) if queue else None,
        (named(PolicyKind.ENDPOINT, endpoint),) if endpoint else (),
    )
    context = {} if ask.value is None else {KEY.lower(): ask.value}
    decision = authorize(Request(ask.caller, ask.action, ask.resource, A, context), policies)
    assert decision.allowed is naive(ask, identity, queue, endpoint)
    assert decision.allowed is decision.reason.startswith("allowed")
    if decision.reason.startswith("denied"):
        assert decision.statement is not None
    elif not decision.allowed or decision.reason is Reason.ALLOWED_AS_ROOT:
        assert decision.statement is None
    else:
        assert decision.statement is not None
