"""A decision taken apart: what matched, what nearly did and why not, and what would have to change."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from qanat.core.identity.model import (
    ANONYMOUS,
    Caller,
    Role,
    Session,
    User,
    caller_of,
    role_session,
    root_of,
    service_caller,
)
from qanat.core.policy.decision import Layer, Named, Policies, Request
from qanat.core.policy.document import parse
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.trace.layers import trace
from qanat.core.policy.trace.model import LayerTrace, StatementTrace, Trace, Verdict
from qanat.core.policy.variables import Context

A, B = "111122223333", "444455556666"
QUEUE = f"arn:aws:sqs:us-east-2:{A}:orders"
ANN = caller_of(User(A, "Ann", "AIDAANN", "/dev/", 0))
OLE = caller_of(User(B, "Ole", "AIDAOLE", "/", 0))
ROLE = Role(A, "R", "AROAR", "/app/", 0, "")
R_ONE = role_session(ROLE, "one", Session("ASIA", 0, 1, "AROAR", "R"))
SNS = service_caller("sns.amazonaws.com")
PUBLIC: Context = {"aws:securetransport": "true", "aws:sourceip": "198.51.100.7"}
PRIVATE: Context = {
    "aws:securetransport": "true",
    "aws:sourcevpce": "vpce-2",
    "aws:sourcevpc": "vpc-2",
    "aws:vpcsourceip": "10.0.0.9",
}
ALLOW: Mapping[str, Any] = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE}
DENY: Mapping[str, Any] = {**ALLOW, "Effect": "Deny"}


def named(kind: PolicyKind, *found: Mapping[str, Any], name: str = "p", **ids: str) -> Named:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(found)})
    return Named(name, parse(text, kind, ids))


def queue(*found: Mapping[str, Any], ids: Mapping[str, str] | None = None) -> Named:
    whole = [{"Principal": "*", **one} if "NotPrincipal" not in one else one for one in found]
    return named(PolicyKind.RESOURCE, *whole, name=QUEUE, **(ids or {}))


def identity(*found: Mapping[str, Any]) -> tuple[Named, ...]:
    return (named(PolicyKind.IDENTITY, *found, name="user/Ann inline sqs"),)


def traced(
    policies: Policies, caller: Caller = ANN, context: Context = PUBLIC, action: str = "sqs:SendMessage"
) -> Trace:
    return trace(Request(caller, action, QUEUE, A, context), policies)


def layer(found: Trace, wanted: Layer) -> LayerTrace:
    return next(one for one in found.layers if one.layer is wanted)


def only_statement(found: Trace, wanted: Layer = Layer.RESOURCE) -> StatementTrace:
    (policy,) = layer(found, wanted).policies
    (statement,) = policy.statements
    return statement


NO_SOURCE_IP = (
    "a request through a VPC endpoint has no aws:SourceIp, but aws:VpcSourceIp, and an absent key makes a positive "
    "operator false"
)
CONDITIONS = [
    # condition, context, holds, what it saw, why
    (
        {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
        PUBLIC,
        False,
        None,
        "only a request through a VPC endpoint has the key, and an absent key makes a positive operator false",
    ),
    (
        {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}},
        PUBLIC,
        True,
        None,
        "only a request through a VPC endpoint has the key, and an absent key makes a negated operator true",
    ),
    (
        {"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}},
        PUBLIC,
        True,
        None,
        "only a request through a VPC endpoint has the key, and IfExists makes it true of an absent key",
    ),
    (
        {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        PRIVATE,
        False,
        None,
        NO_SOURCE_IP,
    ),
    ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, PRIVATE, False, "vpce-2", ""),
    (
        {"StringEquals": {"aws:SourceVpce": "VPCE-2"}},
        PRIVATE,
        False,
        "vpce-2",
        "the two differ in upper and lower case; StringEqualsIgnoreCase would take them for equal",
    ),
    (
        {"StringEquals": {"aws:SourceVpce": "vpce-*"}},
        PRIVATE,
        False,
        "vpce-2",
        "StringEquals takes * and ? as they are; StringLike reads them as wildcards",
    ),
    (
        {"StringNotEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}},
        PRIVATE,
        False,
        "vpce-2",
        "vpce-2 is among what it excludes",
    ),
    (
        {"StringEquals": {"aws:TagKeys": "team"}},
        {"aws:tagkeys": ("team",)},
        False,
        ("team",),
        "a key of many values needs ForAllValues: or ForAnyValue: before the operator",
    ),
    (
        {"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}},
        {"aws:tagkeys": ("colour", "size")},
        False,
        ("colour", "size"),
        "every value is outside the list",
    ),
    (
        {"ForAllValues:StringEquals": {"aws:TagKeys": "team"}},
        {},
        True,
        None,
        "the request sets no tags, and ForAllValues: is true of no values",
    ),
    ({"Null": {"aws:SourceVpce": True}}, PRIVATE, False, "vpce-2", "the request has the key"),
    (
        {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}},
        PUBLIC,
        True,
        None,
        "there are no organizations here, so no request has the key, and IfExists makes it true of an absent key",
    ),
    (
        {"ForAnyValue:Null": {"aws:SourceVpce": True}},
        PUBLIC,
        False,
        None,
        "ForAnyValue:Null is always false, whatever the request has",
    ),
    (
        {"StringEquals": {"aws:ResourceTag/team": "red"}},
        PUBLIC,
        False,
        None,
        "the resource has no such tag, and an absent key makes a positive operator false",
    ),
]


@pytest.mark.parametrize(("condition", "context", "holds", "seen", "why"), CONDITIONS)
def test_a_condition_says_what_it_saw(
    condition: Any, context: Context, holds: bool, seen: Any, why: str
) -> None:
    found = traced(Policies(resource=queue({**ALLOW, "Condition": condition})), context=context)
    (test,) = only_statement(found).conditions
    ((operator, block),) = condition.items()
    ((key, _),) = block.items()
    assert (test.operator, test.key) == (operator, key)
    assert (test.matched, test.seen, test.why) == (holds, seen, why)
    assert only_statement(found).applies is holds
    assert only_statement(found).near is not holds


PRINCIPALS = [
    # the principal named, the caller, whether it is near, why not
    (
        f"arn:aws:iam::{A}:user/dev/ann",
        ANN,
        True,
        "differs from arn:aws:iam::111122223333:user/dev/Ann in upper",
    ),
    (f"arn:aws:iam::{A}:user/Ann", ANN, True, "differs from user/dev/Ann in its path"),
    (f"arn:aws:iam::{B}:user/dev/Ann", ANN, True, f"is of account {B}, the caller of {A}"),
    (f"arn:aws:sts::{A}:assumed-role/R/two", R_ONE, True, "is another session of that role"),
    (f"arn:aws:iam::{A}:role/R", R_ONE, True, "differs from role/app/R in its path"),
    (f"arn:aws:iam::{A}:user/Bob", ANN, False, f"it does not name {ANN.arn}"),
    (f"arn:aws:iam::{A}:user/Bob", ANONYMOUS, False, "the request is not signed"),
    (f"arn:aws:iam::{A}:user/Bob", SNS, False, "it does not name the service sns.amazonaws.com"),
]


@pytest.mark.parametrize(("principal", "caller", "near", "why"), PRINCIPALS)
def test_a_principal_that_is_somebody_else(principal: str, caller: Caller, near: bool, why: str) -> None:
    found = traced(Policies(resource=queue({**ALLOW, "Principal": {"AWS": principal}})), caller)
    element = only_statement(found).elements[0]
    assert (element.name, element.matched, element.written) == ("Principal", False, (principal,))
    assert why in element.why
    assert (element.near, only_statement(found).near) == (near, near)


def test_a_namesake_made_later_is_told_by_its_unique_id() -> None:
    statement = {**ALLOW, "Principal": {"AWS": ANN.arn}}
    found = traced(Policies(resource=queue(statement, ids={ANN.arn: "AIDAOLD"})))
    element = only_statement(found).elements[0]
    assert element.near
    assert "the policy means AIDAOLD" in element.why
    assert "the caller is AIDAANN; save the policy again" in element.why


ELEMENTS = [
    (
        {"Action": "sqs:SendMessageBatch"},
        True,
        "sqs:SendMessageBatch is no action: batch calls are judged as",
    ),
    ({"Action": "sqs:SendMessages"}, True, "sqs:SendMessages is not sqs:SendMessage, though nearly"),
    ({"Action": "sqs:ReceiveMessage"}, False, "it does not name sqs:SendMessage"),
    ({"Resource": QUEUE.replace(A, B)}, True, f"is of account {B}, the resource of {A}"),
    (
        {"Resource": QUEUE.replace("us-east-2", "eu-west-1")},
        True,
        "is in Region eu-west-1, the resource in us-east-2",
    ),
    ({"Resource": QUEUE.replace("orders", "Orders")}, True, "in upper and lower case"),
    ({"Resource": f"{QUEUE}/*"}, True, f"{QUEUE}/* is what lies below {QUEUE}, and not that itself"),
    ({"Resource": QUEUE.replace("orders", "jobs")}, False, f"it does not name {QUEUE}"),
]


@pytest.mark.parametrize(("change", "near", "why"), ELEMENTS)
def test_an_action_or_resource_that_misses(change: dict[str, str], near: bool, why: str) -> None:
    found = traced(Policies(identity=identity({**ALLOW, **change})))
    statement = only_statement(found, Layer.IDENTITY)
    (missed,) = [element for element in statement.elements if not element.matched]
    assert (missed.name, missed.near) == (next(iter(change)), near)
    assert why in missed.why
    # One that misses by more is near too, but a new statement is offered before it.
    assert statement.near
    first = found.advice[0]
    assert (first.add is None) is near


@pytest.mark.parametrize(
    ("action", "near"), [("sqs:ReceiveMessage", True), ("s?s:Get*", True), ("sts:*", False)]
)
def test_actions_of_another_service_come_nowhere_near(action: str, near: bool) -> None:
    found = traced(Policies(identity=identity({**ALLOW, "Action": action})))
    assert only_statement(found, Layer.IDENTITY).near is near


def test_what_names_other_services_to_spare_them_may_come_near() -> None:
    spared = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    condition = {"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}
    found = traced(Policies(identity=identity({**spared, **condition})))
    assert only_statement(found, Layer.IDENTITY).near


def test_what_is_on_no_one_queue_takes_a_star() -> None:
    policies = Policies(identity=identity({**ALLOW, "Action": "sqs:ListQueues"}))
    found = trace(Request(ANN, "sqs:ListQueues", "*", A, PUBLIC), policies)
    assert "only a Resource of * matches" in found.advice[0].text


def test_a_denial_names_the_way_past_it() -> None:
    condition = {"StringNotEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}}
    policy = queue({"Sid": "OnlyByEndpoint", **DENY, "Condition": condition})
    found = traced(Policies(identity(ALLOW), policy))
    assert (found.allowed, found.reason) == (False, "denied by a resource-based policy")
    assert found.message.endswith("with an explicit deny in a resource-based policy")
    assert layer(found, Layer.RESOURCE).verdict is Verdict.DENIES
    (advice,) = found.advice
    assert advice.text == (
        "Statement OnlyByEndpoint of the policy of the queue orders denies it. To pass it: come through the VPC "
        "endpoint vpce-1 or vpce-2 (the request came by the public listener from 198.51.100.7)."
    )


WAYS = [
    ({"Bool": {"aws:SecureTransport": "true"}}, "use plain HTTP"),
    ({"StringEquals": {"aws:SourceIp": "198.51.100.7"}}, "come from another address than 198.51.100.7"),
    ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "come by the public listener from 10.0.0.0/8"),
    ({"StringNotEquals": {"aws:ResourceTag/team": "red"}}, "give the resource the tag team = red"),
    ({"Null": {"aws:SourceVpce": "true"}}, "have aws:SourceVpce"),
    ({"StringNotLike": {"aws:UserAgent": "boto*"}}, "have aws:UserAgent = boto*"),
    (
        {"NumericLessThan": {"aws:EpochTime": "5"}},
        "have aws:EpochTime so that NumericLessThan 5 fails (the request had 4)",
    ),
]


@pytest.mark.parametrize(("condition", "way"), WAYS)
def test_what_the_request_would_have_to_be(condition: Any, way: str) -> None:
    found = traced(
        Policies(identity({**ALLOW}, {**DENY, "Condition": condition})),
        context={**PUBLIC, "aws:epochtime": "4"},
    )
    assert way in found.advice[0].text


def test_a_denial_without_conditions_can_only_be_changed() -> None:
    found = traced(Policies(identity({**ALLOW}, DENY)))
    assert found.advice[0].text == (
        "Statement[1] of the identity policy user/Ann inline sqs denies it, whatever else the request has: only a "
        "change of that statement lets the request through."
    )


def test_not_principal_says_whom_it_would_have_to_name() -> None:
    statement = {**DENY, "NotPrincipal": {"AWS": ANN.arn}}
    found = traced(Policies(identity(ALLOW), queue(statement)))
    assert f"arn:aws:iam::{A}:root would have to be named too" in found.advice[0].text
    both = {**DENY, "NotPrincipal": {"AWS": [ANN.arn, A]}}
    assert traced(Policies(identity(ALLOW), queue(both))).allowed
    bounded = traced(Policies(identity(ALLOW), queue(both), boundaries=identity(ALLOW)))
    assert "whoever has a permissions boundary is denied" in bounded.advice[0].text


def test_every_silent_layer_is_named_in_order() -> None:
    nothing = {**ALLOW, "Action": "sqs:PurgeQueue", "Resource": QUEUE.replace("orders", "jobs")}
    endpoint = named(PolicyKind.ENDPOINT, {**nothing, "Principal": "*"}, name="vpce-2")
    level = (named(PolicyKind.SERVICE_CONTROL, nothing, name="SCP 1.1"),)
    policies = Policies(
        identity(nothing),
        queue(nothing),
        (endpoint,),
        identity(nothing),
        (named(PolicyKind.SESSION, nothing),),
        (level,),
    )
    found = traced(policies, context=PRIVATE)
    needed = [one.layer for one in found.advice if not one.instead]
    assert needed == [
        Layer.SERVICE_CONTROL,
        Layer.ENDPOINT,
        Layer.IDENTITY,
        Layer.BOUNDARY,
        Layer.SESSION,
    ]
    assert [one.layer for one in found.advice if one.instead] == [Layer.RESOURCE]


def test_the_smallest_statement_is_offered_where_nothing_is_near() -> None:
    found = traced(Policies())
    assert [(one.policy, one.add and json.loads(one.add)) for one in found.advice] == [
        (f"an identity policy of user/dev/Ann in account {A}", ALLOW),
        ("the policy of the queue orders", {**ALLOW, "Principal": {"AWS": ANN.arn}}),
    ]
    assert [one.instead for one in found.advice] == [False, True]
    of_role = traced(Policies(), R_ONE).advice
    assert json.loads(of_role[1].add or "")["Principal"] == {"AWS": ROLE.arn}
    across = traced(Policies(), OLE).advice
    assert [(one.layer, one.instead) for one in across] == [(Layer.RESOURCE, False), (Layer.IDENTITY, False)]


def test_nobody_is_told_to_open_a_queue_to_everyone() -> None:
    unsigned = traced(Policies(), ANONYMOUS).advice
    assert [(one.add, "sign it instead" in one.text) for one in unsigned] == [(None, True)]
    # An Allow for everyone of another action is not offered for widening.
    policy = queue({**ALLOW, "Action": "sqs:GetQueueUrl"})
    found = traced(Policies(resource=policy), OLE)
    assert not only_statement(found).near
    assert json.loads(found.advice[0].add or "")["Principal"] == {"AWS": OLE.arn}


def test_a_service_is_trusted_for_whom_it_acts() -> None:
    topic = f"arn:aws:sns:us-east-2:{A}:t"
    (told,) = traced(Policies(), SNS, {"aws:sourcearn": topic}).advice
    assert json.loads(told.add or "")["Condition"] == {"ArnEquals": {"aws:SourceArn": topic}}
    (untold,) = traced(Policies(), SNS, {}).advice
    assert "say in its Condition for whom the service may act" in untold.text


def test_what_is_never_granted_across_accounts() -> None:
    policies = Policies(identity({**ALLOW, "Action": "sqs:*"}), queue({**ALLOW, "Action": "sqs:*"}))
    found = traced(policies, OLE, action="sqs:TagQueue")
    assert only_statement(found).applies
    assert layer(found, Layer.RESOURCE).verdict is Verdict.SILENT
    (advice,) = found.advice
    assert advice.text == (
        f"No policy grants sqs:TagQueue to another account: make the request as a principal of account {A}, as a role "
        "there that the caller may assume."
    )


def test_an_allowed_request_has_its_layers_and_no_advice() -> None:
    found = traced(Policies(identity(ALLOW), queue({**ALLOW, "Action": "sqs:PurgeQueue"})))
    assert (found.allowed, found.message, found.advice) == (True, "", ())
    assert layer(found, Layer.IDENTITY).verdict is Verdict.ALLOWS
    assert layer(found, Layer.RESOURCE).verdict is Verdict.NOT_ASKED
    assert layer(found, Layer.ENDPOINT).verdict is Verdict.ABSENT
    root = traced(Policies(), root_of(A))
    assert (root.allowed, layer(root, Layer.IDENTITY).note) == (
        True,
        "root of an account may do what nothing denies",
    )


def test_a_trace_has_nothing_of_a_sessions_secrets() -> None:
    session = Session("ASIASECRET", 0, 1, "AROAR", "R", ('{"Version":"2012-10-17","Statement":[]}',))
    found = traced(Policies(), role_session(ROLE, "one", session))
    assert "ASIASECRET" not in repr(found)


def test_a_layer_that_denies_is_not_said_to_be_needless() -> None:
    found = traced(Policies(identity(ALLOW), queue(DENY)))
    denying = layer(found, Layer.RESOURCE)
    assert (denying.verdict, denying.note) == (Verdict.DENIES, "")
    silent = layer(
        traced(Policies(identity(ALLOW), queue({**ALLOW, "Action": "sqs:PurgeQueue"}))), Layer.RESOURCE
    )
    assert (silent.verdict, silent.note) == (
        Verdict.NOT_ASKED,
        "the caller's own policies allow, which is enough",
    )
