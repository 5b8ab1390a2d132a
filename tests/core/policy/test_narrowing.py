"""Statements of one queue told apart by conditions and principals: the same ones as by trying each."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qanat.core.identity.model import (
    ANONYMOUS,
    Caller,
    PrincipalType,
    Role,
    Session,
    User,
    caller_of,
    federated_user,
    role_session,
    root_of,
    service_caller,
)
from qanat.core.kept import Kept
from qanat.core.policy import evaluate, narrowing
from qanat.core.policy.conditions import Condition
from qanat.core.policy.decision import Named, Policies, Request
from qanat.core.policy.document import Document, parse
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.index import Layered, Target, target_of
from qanat.core.policy.narrowing import places_of
from qanat.core.policy.operators import OPERATORS
from qanat.core.policy.principals import Grade, Principals, names_of
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.variables import Context

A, B = "111111111111", "222222222222"
ACTION = "sqs:SendMessage"
QUEUE = f"arn:aws:sqs:us-east-2:{A}:jobs"

# Conditions ---------------------------------------------------------------------------------------------------

KEYS = ["aws:SourceVpce", "aws:PrincipalArn", "aws:ResourceTag/t"]
ARN, OTHER_ARN = f"arn:aws:iam::{A}:role/a", f"arn:aws:iam::{A}:role/ab"
TEXTS = ["a", "A", "ab", "", "😀", ARN, OTHER_ARN]
OPERANDS: dict[str, list[str]] = {
    "String": [*TEXTS, "a*", "?", "*", *["${aws:SourceVpce}", "${aws:ResourceTag/t, 'a'}"] * 4, "${*}"],
    "Bool": ["true", "false"],
    "Binary": ["YQ==", "YWI="],
    "IpAddress": ["10.0.0.0/8", "10.0.0.1", "192.0.2.0/24"],
    "NotIpAddress": ["10.0.0.0/8", "10.0.0.1", "192.0.2.0/24"],
    "Arn": [ARN, OTHER_ARN, f"arn:aws:iam::{A}:role/a*", f"arn:aws:iam::{A}:role/${{aws:SourceVpce}}"],
    "Numeric": ["1", "2", "10"],
    "Date": ["2026-01-01", "2026-01-01T00:00:00Z", "1767225601"],
    "Null": ["true", "false"],
}
VALUES = [*TEXTS, "true", "YQ==", "10.0.0.1", "192.0.2.9", "1", "2.0", "2026-01-01T00:00:00Z", "x" * 300]


def conditions() -> st.SearchStrategy[dict[str, Any]]:
    def spelled(name: str, prefix: str, suffix: str) -> str:
        return name if name == "Null" else prefix + name + suffix

    def one(name: str) -> st.SearchStrategy[dict[str, Any]]:
        family = next(family for family in OPERANDS if name.startswith(family))
        operators = st.builds(
            spelled,
            st.just(name),
            st.sampled_from(["", "", "", "ForAllValues:", "ForAnyValue:"]),
            st.sampled_from(["", "", "IfExists"]),
        )
        operands = st.lists(st.sampled_from(OPERANDS[family]), min_size=1, max_size=2)
        return st.dictionaries(
            operators, st.dictionaries(st.sampled_from(KEYS), operands, min_size=1, max_size=2), max_size=1
        )

    # Mostly such as often hold, so that many statements apply.
    names = st.sampled_from(["StringEquals", "StringNotEquals", "StringLike"]) | st.sampled_from(
        [*OPERATORS, "Null"]
    )
    several = st.lists(names.flatmap(one), max_size=2)
    return several.map(lambda found: {name: block for part in found for name, block in part.items()})


CONTEXTS: st.SearchStrategy[Context] = st.fixed_dictionaries(
    {},
    optional={
        key.lower(): st.sampled_from(["a", "ab"])
        | st.sampled_from(VALUES)
        | st.lists(st.sampled_from(TEXTS), max_size=2).map(tuple)
        for key in KEYS
    },
)

# Principals ---------------------------------------------------------------------------------------------------


def session(number: int, of: User | Role) -> Session:
    return Session(f"ASIA{number}", 0, 1, of.unique_id, of.name)


ANN, ANN_ANEW, BOB = (
    User(A, name, f"AIDA{number}", "/", 0) for number, name in enumerate(("ann", "ann", "bob"))
)
ROLE, ROLE_ANEW = (Role(A, "role", f"AROA{number}", "/", 0, "") for number in range(2))
# Called otherwise now than when the policies were saved.
RENAMED, RENAMED_ROLE = User(A, "nan", ANN.user_id, "/", 0), Role(A, "elor", ROLE.role_id, "/", 0, "")
CALLERS = [
    caller_of(RENAMED),
    role_session(RENAMED_ROLE, "s", session(2, ROLE)),
    # As a simulation may have it.
    Caller(PrincipalType.ASSUMED_ROLE, A, "", f"{ROLE.role_id}:s", principal_arn=RENAMED_ROLE.arn),
    federated_user(RENAMED, "fay", session(3, ANN)),
    *(caller_of(user) for user in (ANN, ANN_ANEW, BOB)),
    caller_of(ANN, session(1, ANN)),
    *(role_session(role, "s", session(2, role)) for role in (ROLE, ROLE_ANEW)),
    *(federated_user(user, "fay", session(3, user)) for user in (ANN, ANN_ANEW)),
    root_of(A),
    root_of(B),
    ANONYMOUS,
    service_caller("sns.amazonaws.com"),
    Caller(PrincipalType.PROVIDER, "", "accounts.google.com", "accounts.google.com"),
]
AWS = [
    A,
    f"arn:aws:iam::{B}:root",
    ANN.arn,
    BOB.arn,
    ROLE.arn,
    f"arn:aws:sts::{A}:assumed-role/role/s",
    f"arn:aws:sts::{A}:assumed-role/role/other",
    f"arn:aws:sts::{A}:federated-user/fay",
]
FORMS: list[Any] = [
    *({"AWS": name} for name in AWS),
    {"AWS": AWS[:3]},
    {"AWS": [AWS[4], A]},
    {"Service": "sns.amazonaws.com"},
    {"Service": "s3.amazonaws.com", "AWS": BOB.arn},
    {"Federated": "accounts.google.com"},
]
PRINCIPALS: st.SearchStrategy[Any] = st.just("*") | st.sampled_from(FORMS)
# Whom the names meant when the policy was saved.
IDS: list[dict[str, str]] = [
    {},
    {ANN.arn: ANN.user_id, ROLE.arn: ROLE.role_id},
    {ANN.arn: "AIDA9", BOB.arn: BOB.user_id},
]
BOUND = st.sampled_from(IDS)


def statements() -> st.SearchStrategy[list[dict[str, Any]]]:
    def one(effect: str, element: str, principal: object, condition: object, resource: str) -> dict[str, Any]:
        return {
            "Effect": effect,
            element: principal,
            "Action": "sqs:*",
            "Resource": resource,
            "Condition": condition,
        }

    return st.lists(
        st.builds(
            one,
            st.sampled_from(["Allow", "Allow", "Deny"]),
            st.sampled_from(["Principal"] * 5 + ["NotPrincipal"]),
            PRINCIPALS,
            conditions(),
            st.sampled_from([QUEUE] * 8 + ["*", *[f"{QUEUE}*"] * 4, "arn:aws:sqs:*:*:*bs", f"{QUEUE}x"]),
        ),
        min_size=4,
        max_size=12,
    )


def document(
    elements: Sequence[dict[str, Any]], kind: PolicyKind, version: str, bound: dict[str, str]
) -> Document:
    text = json.dumps({"Version": version, "Statement": elements})
    return parse(text, kind, bound, lenient=True)


VERSIONS = st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"])
# One policy is asked several times, so that what was kept for one request meets the next.
ASKED = st.lists(
    st.tuples(CONTEXTS, st.sampled_from(CALLERS), st.sampled_from([QUEUE, f"{QUEUE}x"])),
    min_size=1,
    max_size=6,
)
Asked = list[tuple[Context, Caller, str]]


@given(statements(), VERSIONS, BOUND, ASKED)
@settings(max_examples=100, deadline=None)
def test_what_applies_and_names_the_caller_is_found_in_its_order(
    elements: list[dict[str, Any]], version: str, bound: dict[str, str], asked: Asked
) -> None:
    policy = Named("queue", document(elements, PolicyKind.OTHER_RESOURCE, version, bound))
    layer = Layered((policy,))
    for context, caller, resource in asked:
        target, request = target_of(ACTION, resource), Request(caller, ACTION, resource, A, context)
        for candidates in (layer.denies(target, request), layer.allows(target, request)):
            found = [statement.index for _, statement in candidates]
            assert found == sorted(set(found))
        candidates = [*layer.denies(target, request), *layer.allows(target, request)]
        assert {
            statement.index for statement in policy.document.statements if _applies(statement, request)
        } <= {statement.index for _, statement in candidates}


def _applies(statement: Any, request: Request) -> bool:
    principals = statement.principals
    # The one Deny that reaches beyond what its principals match: NotPrincipal, where the caller has a boundary.
    names = principals.negated or principals.match(request.caller) is not Grade.NONE
    return bool(names and statement.applies(request.resource, request.context))


@given(statements(), statements(), VERSIONS, BOUND, ASKED, st.booleans())
@settings(max_examples=60, deadline=None)
def test_decisions_are_those_of_trying_each(
    queue: list[dict[str, Any]],
    endpoint: list[dict[str, Any]],
    version: str,
    bound: dict[str, str],
    asked: Asked,
    bounded: bool,
) -> None:
    own = [{name: value for name, value in one.items() if "Principal" not in name} for one in endpoint]
    identity = (Named("own", document(own, PolicyKind.IDENTITY, version, {})),)
    policies = Policies(
        identity,
        Named("queue", document(queue, PolicyKind.OTHER_RESOURCE, version, bound)),
        (Named("endpoint", document(endpoint, PolicyKind.ENDPOINT, version, bound)),),
        identity if bounded else (),
    )
    for context, caller, resource in asked:
        # A target of which nothing is known gets every statement.
        unknown = Target(ACTION.lower(), resource, None)
        request = Request(caller, ACTION, resource, A, context)
        with patch.object(evaluate, "target_of", return_value=unknown):
            expected = authorize(request, policies)
        assert authorize(request, policies) == expected


FEW_TEXTS = st.fixed_dictionaries({}, optional={key.lower(): st.sampled_from(["a", "ab"]) for key in KEYS})


@given(conditions(), VERSIONS, FEW_TEXTS, st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_condition_that_reads_one_key_is_told_by_its_value(
    condition: dict[str, Any], version: str, context: Context, denies: bool
) -> None:
    statement = {
        "Effect": "Deny" if denies else "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": condition,
    }
    for one in document([statement], PolicyKind.IDENTITY, version, {}).statements[0].conditions:
        if one.reads_one_key:
            alone = {key: value for key, value in context.items() if key == one.key}
            assert one.holds(alone) == one.holds(context)


@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_whoever_matches_is_known_by_a_name(effect: str, element: str) -> None:
    matched = 0
    for principal, bound in product(["*", *FORMS], IDS):
        statement = {"Effect": effect, element: principal, "Action": "sqs:*", "Resource": QUEUE}
        found = document([statement], PolicyKind.OTHER_RESOURCE, "2012-10-17", bound).statements[0].principals
        assert found is not None
        names = found.all_names()
        for caller in CALLERS:
            if found.match(caller) is not Grade.NONE:
                matched += 1
                assert names is None or not names.isdisjoint(names_of(caller))
    assert matched


# What it is for -----------------------------------------------------------------------------------------------


def many(**elements: str) -> list[dict[str, Any]]:
    """A hundred statements of one queue; `{}` in an element is the number of the statement."""
    plain = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": QUEUE}
    return [
        plain | {name: json.loads(text.replace("{}", str(number))) for name, text in elements.items()}
        for number in range(100, 200)
    ]


@pytest.mark.parametrize(
    "elements",
    [
        {"Condition": '{"StringEquals": {"aws:SourceVpce": "vpce-{}"}}'},
        {"Condition": '{"StringLike": {"aws:SourceVpce": "vpce-{}*"}}'},
        {"Condition": '{"ForAnyValue:StringEqualsIgnoreCaseIfExists": {"aws:SourceVpce": ["VPCE-{}"]}}'},
        {"Condition": '{"IpAddress": {"aws:SourceIp": "10.{}.0.0/16"}, "Null": {"aws:SourceVpce": "false"}}'},
        {"Condition": '{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/u{}"}}'},
        {"Principal": f'{{"AWS": "arn:aws:iam::{A}:user/u{{}}"}}'},
    ],
)
def test_of_a_hundred_statements_few_have_to_be_tried(elements: dict[str, str]) -> None:
    caller = replace_arn(caller_of(ANN), f"arn:aws:iam::{A}:user/u177")
    context: Context = {
        "aws:sourcevpce": "vpce-177",
        "aws:sourceip": "10.177.0.1",
        "aws:principalarn": caller.arn,
    }
    policy = Named("queue", document(many(**elements), PolicyKind.OTHER_RESOURCE, "2012-10-17", {}))
    request = Request(caller, ACTION, QUEUE, A, context)
    candidates = Layered((policy,)).allows(target_of(ACTION, QUEUE), request)
    assert [statement.index for _, statement in candidates] == [77]


def replace_arn(caller: Caller, arn: str) -> Caller:
    return Caller(caller.type, caller.account, arn, caller.unique_id, caller.user_name)


def test_conditions_are_tried_once_for_a_value() -> None:
    tried = 0

    def counting(condition: Condition) -> Condition:
        def holds(context: Context) -> bool:
            nonlocal tried
            tried += 1
            return condition.holds(context)

        return replace(condition, holds=holds)

    made = document(
        many(Condition='{"StringEquals": {"aws:SourceVpce": "vpce-{}"}}'),
        PolicyKind.OTHER_RESOURCE,
        "2012-10-17",
        {},
    )
    counted = tuple(
        replace(statement, conditions=tuple(map(counting, statement.conditions)))
        for statement in made.statements
    )
    layer, target = Layered((Named("queue", replace(made, statements=counted)),)), target_of(ACTION, QUEUE)
    for value, expected in (
        ("vpce-177", 100),
        ("vpce-177", 0),
        ("vpce-178", 100),
        (None, 100),
        ("v" * 300, 0),
    ):
        tried = 0
        context = {} if value is None else {"aws:sourcevpce": value}
        layer.allows(target, Request(root_of(A), ACTION, QUEUE, A, context))
        assert tried == expected


def test_a_value_of_one_key_says_nothing_of_another() -> None:
    texts = [f'{{"StringEquals": {{"aws:{key}": "{value}"}}}}' for key in ("a", "b") for value in ("x", "y")]
    elements = [one for text in texts for one in many(Condition=text)[:3]]
    layers = [
        Layered(
            (
                Named(
                    "queue",
                    document(elements[at:] + elements[:at], PolicyKind.OTHER_RESOURCE, "2012-10-17", {}),
                ),
            )
        )
        for at in (0, 6)
    ]
    for a, b in (("x", None), (None, "x"), ("x", "y"), ("y", "x"), (None, None), ("x", "x")):
        context = {name: value for name, value in (("aws:a", a), ("aws:b", b)) if value is not None}
        request = Request(root_of(A), ACTION, QUEUE, A, context)
        for layer in layers:
            found = layer.allows(target_of(ACTION, QUEUE), request)
            applying = [statement for _, statement in found if statement.applies(QUEUE, context)]
            assert len(applying) == 3 * len(context)


def test_many_values_of_a_key_are_not_the_first_of_them() -> None:
    elements = many(Condition='{"ForAnyValue:StringEquals": {"aws:a": "v{}"}}')
    layer = Layered((Named("queue", document(elements, PolicyKind.OTHER_RESOURCE, "2012-10-17", {})),))
    values: list[str | tuple[str, ...]] = ["v100", ("v100", "v101"), ("v102",), (), "v100"]
    for value, expected in zip(values, (1, 2, 1, 0, 1), strict=True):
        context: Context = {"aws:a": value}
        found = layer.allows(target_of(ACTION, QUEUE), Request(root_of(A), ACTION, QUEUE, A, context))
        assert sum(statement.applies(QUEUE, context) for _, statement in found) == expected


def test_what_a_variable_stands_for_is_no_matter_of_the_keys_own_value() -> None:
    elements = many(Condition='{"StringEquals": {"aws:a": "${aws:b}"}}')
    layer = Layered((Named("queue", document(elements, PolicyKind.OTHER_RESOURCE, "2012-10-17", {})),))
    for b, expected in (("y", 0), ("x", 100), ("y", 0)):
        context: Context = {"aws:a": "x", "aws:b": b}
        found = layer.allows(target_of(ACTION, QUEUE), Request(root_of(A), ACTION, QUEUE, A, context))
        assert sum(statement.applies(QUEUE, context) for _, statement in found) == expected


def test_the_places_of_a_set_are_in_order() -> None:
    assert places_of(0) == []
    assert places_of(1 << 200 | 1 << 3 | 1) == [0, 3, 200]


def test_no_more_values_are_kept_than_is_bounded() -> None:
    policy = Named(
        "queue",
        document(
            many(Condition='{"StringEquals": {"aws:SourceVpce": "vpce-{}"}}'),
            PolicyKind.OTHER_RESOURCE,
            "2012-10-17",
            {},
        ),
    )
    layer, target = Layered((policy,)), target_of(ACTION, QUEUE)
    kept = Kept[Any, int](most=8)
    with patch.object(narrowing, "_left_by_value", kept):
        for number in range(100, 200):
            context: Context = {"aws:sourcevpce": f"vpce-{number}"}
            (found,) = layer.allows(target, Request(root_of(A), ACTION, QUEUE, A, context))
            assert found[1].index == number - 100
    assert len(kept._young) + len(kept._old) <= 8


def test_principals_that_name_nobody_leave_nobody() -> None:
    assert Principals(negated=False, denies=False).all_names() == frozenset()
    assert Principals(negated=True, denies=False).all_names() is None
