"""Evaluation over the layers (IAM User Guide, reference_policies_evaluation-logic; PrivateLink, endpoint policies)."""

import json
from collections.abc import Mapping

import pytest

from qanat.core.identity.model import ANONYMOUS, Caller, PrincipalType, root_of
from qanat.core.policy.actions import NOT_SHAREABLE, OWN_ACTIONS, SHAREABLE
from qanat.core.policy.decision import Layer, Named, Policies, Reason, Request, StatementRef
from qanat.core.policy.document import parse
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.full_access import FULL_ACCESS, FULL_ACCESS_TEXT
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.variables import Context

OWNER, OTHER = "111122223333", "444455556666"
QUEUE = f"arn:aws:sqs:us-east-2:{OWNER}:orders"
ANN = Caller(PrincipalType.USER, OWNER, f"arn:aws:iam::{OWNER}:user/Ann", "AIDAANN", "Ann")
OLE = Caller(PrincipalType.USER, OTHER, f"arn:aws:iam::{OTHER}:user/Ole", "AIDAOLE", "Ole")
SESSION = Caller(
    PrincipalType.ASSUMED_ROLE,
    OWNER,
    f"arn:aws:sts::{OWNER}:assumed-role/R/s",
    "AROAR:s",
    principal_arn=f"arn:aws:iam::{OWNER}:role/R",
)

Element = Mapping[str, object]

ALLOW: Element = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
DENY: Element = {**ALLOW, "Effect": "Deny"}
NOTHING: Element = {**ALLOW, "Resource": "arn:aws:sqs:us-east-2:000000000000:none"}


def named(kind: PolicyKind, *statements: Element, name: str = "p") -> Named:
    return Named(name, parse(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), kind))


def identity(*statements: Element, name: str = "p") -> Named:
    return named(PolicyKind.IDENTITY, *statements, name=name)


def queue(statement: Element, principal: object = "*") -> Named:
    return named(PolicyKind.RESOURCE, {**statement, "Principal": principal})


def endpoint(statement: Element, principal: object = "*") -> tuple[Named, ...]:
    return (named(PolicyKind.ENDPOINT, {**statement, "Principal": principal}),)


def ask(caller: Caller, action: str = "sqs:SendMessage", context: Context | None = None) -> Request:
    return Request(caller, action, QUEUE, OWNER, context or {})


def reason(caller: Caller, policies: Policies, action: str = "sqs:SendMessage") -> Reason:
    return authorize(ask(caller, action), policies).reason


WITHIN_AN_ACCOUNT = [
    # identity, queue policy's statement and principal, outcome
    (None, None, None, Reason.IMPLICIT_DENY_IDENTITY),
    (ALLOW, None, None, Reason.ALLOWED_BY_IDENTITY),
    (NOTHING, None, None, Reason.IMPLICIT_DENY_IDENTITY),
    (None, ALLOW, "*", Reason.ALLOWED_BY_RESOURCE),
    (None, ALLOW, {"AWS": ANN.arn}, Reason.ALLOWED_BY_RESOURCE),
    (None, ALLOW, {"AWS": f"arn:aws:iam::{OWNER}:user/Bob"}, Reason.IMPLICIT_DENY_IDENTITY),
    (None, ALLOW, {"AWS": OWNER}, Reason.IMPLICIT_DENY_IDENTITY),
    (None, ALLOW, {"AWS": f"arn:aws:iam::{OWNER}:root"}, Reason.IMPLICIT_DENY_IDENTITY),
    (ALLOW, ALLOW, {"AWS": OWNER}, Reason.ALLOWED_BY_IDENTITY),
    (None, NOTHING, "*", Reason.IMPLICIT_DENY_IDENTITY),
    (ALLOW, DENY, "*", Reason.EXPLICIT_DENY_RESOURCE),
    (ALLOW, DENY, {"AWS": OWNER}, Reason.EXPLICIT_DENY_RESOURCE),
    (DENY, ALLOW, "*", Reason.EXPLICIT_DENY_IDENTITY),
    (DENY, DENY, "*", Reason.EXPLICIT_DENY_RESOURCE),
]


@pytest.mark.parametrize(("user", "resource", "principal", "expected"), WITHIN_AN_ACCOUNT)
def test_within_an_account_identity_or_queue_policy_allows(
    user: Element | None, resource: Element | None, principal: object, expected: Reason
) -> None:
    policies = Policies((identity(user),) if user else (), queue(resource, principal) if resource else None)
    decision = authorize(ask(ANN), policies)
    assert decision.reason is expected
    assert decision.allowed is (expected in {Reason.ALLOWED_BY_IDENTITY, Reason.ALLOWED_BY_RESOURCE})


ACROSS_ACCOUNTS = [
    (None, None, None, Reason.IMPLICIT_DENY_RESOURCE),
    (ALLOW, None, None, Reason.IMPLICIT_DENY_RESOURCE),
    (ALLOW, NOTHING, "*", Reason.IMPLICIT_DENY_RESOURCE),
    (None, ALLOW, "*", Reason.IMPLICIT_DENY_IDENTITY),
    (None, ALLOW, {"AWS": OLE.arn}, Reason.IMPLICIT_DENY_IDENTITY),
    (ALLOW, ALLOW, "*", Reason.ALLOWED_BY_BOTH),
    (ALLOW, ALLOW, {"AWS": OLE.arn}, Reason.ALLOWED_BY_BOTH),
    (ALLOW, ALLOW, {"AWS": OTHER}, Reason.ALLOWED_BY_BOTH),
    (ALLOW, ALLOW, {"AWS": OWNER}, Reason.IMPLICIT_DENY_RESOURCE),
    (ALLOW, DENY, {"AWS": OTHER}, Reason.EXPLICIT_DENY_RESOURCE),
    (DENY, ALLOW, "*", Reason.EXPLICIT_DENY_IDENTITY),
]


@pytest.mark.parametrize(("user", "resource", "principal", "expected"), ACROSS_ACCOUNTS)
def test_across_accounts_identity_and_queue_policy_must_allow(
    user: Element | None, resource: Element | None, principal: object, expected: Reason
) -> None:
    policies = Policies((identity(user),) if user else (), queue(resource, principal) if resource else None)
    decision = authorize(ask(OLE), policies)
    assert decision.reason is expected
    assert decision.allowed is (expected is Reason.ALLOWED_BY_BOTH)


@pytest.mark.parametrize("action", sorted(SHAREABLE | NOT_SHAREABLE | OWN_ACTIONS | {"sqs:madeup"}))
def test_sqs_limitations_of_custom_policies(action: str) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policies = Policies((identity(everything),), queue(everything))
    shared = action in SHAREABLE
    assert authorize(ask(OLE, action), policies).allowed is shared
    assert authorize(ask(root_of(OTHER), action), policies).allowed is shared
    assert authorize(ask(ANONYMOUS, action), policies).allowed is shared
    assert authorize(ask(ANN, action), Policies((), queue(everything))).allowed


def test_an_explicit_deny_holds_for_actions_that_cannot_be_shared() -> None:
    assert (
        reason(OLE, Policies((identity(ALLOW),), queue(DENY)), "sqs:DeleteQueue")
        is Reason.EXPLICIT_DENY_RESOURCE
    )


ROOT = [
    (root_of(OWNER), Policies(), Reason.ALLOWED_AS_ROOT),
    (root_of(OWNER), Policies((), queue(ALLOW)), Reason.ALLOWED_BY_RESOURCE),
    (root_of(OWNER), Policies((), queue(ALLOW, {"AWS": OWNER})), Reason.ALLOWED_AS_ROOT),
    (root_of(OWNER), Policies((), queue(DENY)), Reason.EXPLICIT_DENY_RESOURCE),
    (root_of(OWNER), Policies((), None, endpoint(NOTHING)), Reason.IMPLICIT_DENY_ENDPOINT),
    (root_of(OWNER), Policies((), None, endpoint(DENY)), Reason.EXPLICIT_DENY_ENDPOINT),
    (root_of(OWNER), Policies((), None, endpoint(ALLOW)), Reason.ALLOWED_AS_ROOT),
    (root_of(OTHER), Policies(), Reason.IMPLICIT_DENY_RESOURCE),
    (root_of(OTHER), Policies((), queue(ALLOW, {"AWS": OTHER})), Reason.ALLOWED_BY_RESOURCE),
    (root_of(OTHER), Policies((), queue(ALLOW, {"AWS": OLE.arn})), Reason.IMPLICIT_DENY_RESOURCE),
]


@pytest.mark.parametrize(("caller", "policies", "expected"), ROOT)
def test_root_is_allowed_in_its_own_account_unless_denied(
    caller: Caller, policies: Policies, expected: Reason
) -> None:
    assert reason(caller, policies) is expected


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("*", Reason.ALLOWED_BY_RESOURCE),
        ({"AWS": "*"}, Reason.ALLOWED_BY_RESOURCE),
        ({"AWS": OWNER}, Reason.IMPLICIT_DENY_RESOURCE),
        (None, Reason.IMPLICIT_DENY_RESOURCE),
    ],
)
def test_anonymous_callers_need_a_queue_policy_for_everyone(principal: object, expected: Reason) -> None:
    assert reason(ANONYMOUS, Policies((), queue(ALLOW, principal) if principal else None)) is expected


def test_an_anonymous_caller_has_no_account_even_of_that_name() -> None:
    request = Request(ANONYMOUS, "sqs:SendMessage", QUEUE, "anonymous", {})
    assert authorize(request, Policies()).reason is Reason.IMPLICIT_DENY_RESOURCE


ENDPOINTS = [
    (endpoint(ALLOW), Reason.ALLOWED_BY_IDENTITY),
    ((Named("default", FULL_ACCESS),), Reason.ALLOWED_BY_IDENTITY),
    (endpoint(NOTHING), Reason.IMPLICIT_DENY_ENDPOINT),
    (endpoint(DENY), Reason.EXPLICIT_DENY_ENDPOINT),
    (endpoint(ALLOW, {"AWS": ANN.arn}), Reason.ALLOWED_BY_IDENTITY),
    (endpoint(ALLOW, {"AWS": f"arn:aws:iam::{OWNER}:user/Bob"}), Reason.IMPLICIT_DENY_ENDPOINT),
    # Here, unlike in a queue policy, the account simply means its callers.
    (endpoint(ALLOW, {"AWS": OWNER}), Reason.ALLOWED_BY_IDENTITY),
    (endpoint(ALLOW, {"AWS": f"arn:aws:iam::{OWNER}:root"}), Reason.ALLOWED_BY_IDENTITY),
    (endpoint(ALLOW, {"AWS": OTHER}), Reason.IMPLICIT_DENY_ENDPOINT),
    (endpoint(DENY, {"AWS": OWNER}), Reason.EXPLICIT_DENY_ENDPOINT),
]


@pytest.mark.parametrize(("policy", "expected"), ENDPOINTS)
def test_the_endpoint_policy_must_allow_too(policy: tuple[Named, ...], expected: Reason) -> None:
    assert reason(ANN, Policies((identity(ALLOW),), None, policy)) is expected


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        (ANN, Reason.IMPLICIT_DENY_IDENTITY),
        (OLE, Reason.IMPLICIT_DENY_RESOURCE),
        (ANONYMOUS, Reason.IMPLICIT_DENY_RESOURCE),
    ],
)
def test_the_endpoint_policy_never_grants_by_itself(caller: Caller, expected: Reason) -> None:
    assert reason(caller, Policies((), None, (Named("default", FULL_ACCESS),))) is expected


def test_a_role_in_an_endpoint_policy_means_its_sessions() -> None:
    role = endpoint(ALLOW, {"AWS": f"arn:aws:iam::{OWNER}:role/R"})
    assert reason(SESSION, Policies((identity(ALLOW),), None, role)) is Reason.ALLOWED_BY_IDENTITY
    assert reason(ANN, Policies((identity(ALLOW),), None, role)) is Reason.IMPLICIT_DENY_ENDPOINT


ORDER = [
    (Policies((identity(DENY),), queue(DENY), endpoint(DENY)), Reason.EXPLICIT_DENY_ENDPOINT),
    (Policies((identity(DENY),), queue(DENY), endpoint(NOTHING)), Reason.EXPLICIT_DENY_RESOURCE),
    (Policies((identity(DENY),), None, endpoint(NOTHING)), Reason.EXPLICIT_DENY_IDENTITY),
    (Policies((identity(NOTHING),), queue(NOTHING), endpoint(NOTHING)), Reason.IMPLICIT_DENY_ENDPOINT),
    (Policies((identity(NOTHING),), queue(NOTHING), endpoint(ALLOW)), Reason.IMPLICIT_DENY_RESOURCE),
    (Policies((identity(NOTHING),), queue(ALLOW), endpoint(ALLOW)), Reason.IMPLICIT_DENY_IDENTITY),
]


@pytest.mark.parametrize(("policies", "expected"), ORDER)
def test_which_layer_is_named_when_several_deny(policies: Policies, expected: Reason) -> None:
    assert reason(OLE, policies) is expected


def test_a_decision_names_the_statements_it_rests_on() -> None:
    users = (identity(NOTHING, name="first"), identity(NOTHING, {**ALLOW, "Sid": "Mine"}, name="second"))
    resource = named(
        PolicyKind.RESOURCE,
        {**ALLOW, "Principal": {"AWS": OTHER}, "Sid": "All"},
        {**ALLOW, "Principal": {"AWS": OLE.arn}, "Sid": "Ole"},
        name="orders",
    )
    policies = Policies(users, resource, (Named("vpce-1", FULL_ACCESS),))
    ours = StatementRef(Layer.IDENTITY, "second", 1, "Mine")
    through = StatementRef(Layer.ENDPOINT, "vpce-1", 0, None)
    across = authorize(ask(OLE), policies)
    assert across.statement == StatementRef(Layer.RESOURCE, "orders", 1, "Ole")
    assert across.others == (ours, through)
    within = authorize(ask(ANN), policies)
    assert within.statement == ours
    assert within.others == (through,)
    root = authorize(ask(root_of(OWNER)), Policies((), None, policies.endpoints))
    assert root.statement is None
    assert root.others == (through,)


def test_a_denial_names_the_statement_that_denied() -> None:
    user = identity(ALLOW, {**DENY, "Sid": "Stop"}, name="rules")
    decision = authorize(ask(ANN), Policies((user,), queue(ALLOW)))
    assert decision.statement == StatementRef(Layer.IDENTITY, "rules", 1, "Stop")
    assert not decision.others
    assert authorize(ask(ANN), Policies()).statement is None


def test_the_first_delegating_statement_is_named_where_none_is_direct() -> None:
    account: Element = {**ALLOW, "Principal": {"AWS": OTHER}}
    decision = authorize(ask(OLE), Policies((identity(ALLOW),), named(PolicyKind.RESOURCE, account, account)))
    assert decision.statement == StatementRef(Layer.RESOURCE, "p", 0, None)


# SQS Developer Guide, sqs-creating-custom-policies-access-policy-examples, Example 5.
EXAMPLE_5 = """{
   "Version": "2012-10-17",
   "Id": "Queue1_Policy_UUID",
   "Statement": [{
         "Sid": "Queue1_SendMessage",
         "Effect": "Allow",
         "Principal": {"AWS": "111122223333"},
         "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"],
         "Resource": "arn:aws:sqs:us-east-2:111122223333:orders"
      }, {
         "Sid": "Queue1_DenyNotVpce",
         "Effect": "Deny",
         "Principal": "*",
         "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"],
         "Resource": "arn:aws:sqs:us-east-2:111122223333:orders",
         "Condition": {"StringNotEquals": {"aws:sourceVpce": "vpce-1a2b3c4d"}}
      }]
}"""


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"aws:sourcevpce": "vpce-1a2b3c4d"}, Reason.ALLOWED_BY_IDENTITY),
        ({"aws:sourcevpce": "vpce-99999999"}, Reason.EXPLICIT_DENY_RESOURCE),
        ({"aws:sourcevpce": "VPCE-1A2B3C4D"}, Reason.EXPLICIT_DENY_RESOURCE),
        ({"aws:sourceip": "203.0.113.7"}, Reason.EXPLICIT_DENY_RESOURCE),
        ({}, Reason.EXPLICIT_DENY_RESOURCE),
    ],
)
def test_example_5_deny_if_not_from_a_vpc_endpoint_fails_closed(context: Context, expected: Reason) -> None:
    document = parse(EXAMPLE_5, PolicyKind.RESOURCE)
    assert document.keys_read == {"aws:sourcevpce"}
    policies = Policies((identity(ALLOW),), Named("orders", document))
    assert authorize(ask(ANN, context=context), policies).reason is expected
    if expected is Reason.EXPLICIT_DENY_RESOURCE:
        assert authorize(ask(root_of(OWNER), context=context), policies).reason is expected
    assert authorize(ask(ANN, "sqs:DeleteMessage", context), policies).allowed


def test_a_deny_by_source_ip_hits_every_request_through_an_endpoint() -> None:
    office = {**DENY, "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}
    policies = Policies((identity(ALLOW, office),))
    through_endpoint = {"aws:sourcevpce": "vpce-1", "aws:vpcsourceip": "10.0.0.9"}
    assert authorize(ask(ANN, context={"aws:sourceip": "192.0.2.7"}), policies).allowed
    assert authorize(ask(ANN, context=through_endpoint), policies).reason is Reason.EXPLICIT_DENY_IDENTITY


def test_a_queue_policy_reads_principal_tags_and_principal_arn() -> None:
    tagged = {
        **ALLOW,
        "Condition": {
            "StringEquals": {"aws:PrincipalTag/team": "red"},
            "ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OWNER}:user/*"},
        },
    }
    policies = Policies((), queue(tagged))
    context = {"aws:principaltag/team": "red", "aws:principalarn": ANN.arn}
    assert authorize(ask(ANN, context=context), policies).allowed
    assert not authorize(ask(ANN, context={**context, "aws:principaltag/team": "blue"}), policies).allowed
    assert not authorize(ask(ANN, context={"aws:principalarn": ANN.arn}), policies).allowed


def test_actions_are_asked_in_any_case() -> None:
    assert reason(ANN, Policies((identity(ALLOW),)), "SQS:SENDMESSAGE") is Reason.ALLOWED_BY_IDENTITY


def test_a_document_cannot_stand_in_another_layer() -> None:
    with pytest.raises(AssertionError):
        Policies((queue(ALLOW),))
    with pytest.raises(AssertionError):
        Policies((), identity(ALLOW))
    with pytest.raises(AssertionError):
        Policies((), None, (identity(ALLOW),))


def test_the_full_access_policy_is_awss_to_the_letter() -> None:
    assert FULL_ACCESS.text == FULL_ACCESS_TEXT
    assert FULL_ACCESS_TEXT.splitlines() == [
        "{",
        '  "Statement": [',
        "    {",
        '      "Action": "*", ',
        '      "Effect": "Allow", ',
        '      "Principal": "*", ',
        '      "Resource": "*"',
        "    }",
        "  ]",
        "}",
    ]
