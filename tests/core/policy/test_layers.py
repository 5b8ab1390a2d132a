"""Boundaries, session policies, organization's policies and trust policies together with the rest.

IAM User Guide: reference_policies_evaluation-logic, access_policies_boundaries, and the table by form of principal
under "Resource-based policies" there.
"""

import json
from collections.abc import Mapping

import pytest

from qanat.core.identity.model import (
    ANONYMOUS,
    Caller,
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

A, B = "111122223333", "444455556666"
QUEUE = f"arn:aws:sqs:us-east-2:{A}:orders"
ROLE_ARN = f"arn:aws:iam::{A}:role/app/R"
NOW = Session("ASIA", 0, 3_600_000, "AROAR", "R")
USER = User(A, "Ann", "AIDAANN", "/", 0)
ANN = caller_of(USER)
R_ONE = role_session(Role(A, "R", "AROAR", "/app/", 0, ""), "one", NOW)
FAY = federated_user(USER, "Fay", Session("ASIA", 0, 1, "AIDAANN", "Ann"))
OLE = caller_of(User(B, "Ole", "AIDAOLE", "/", 0))
SNS = service_caller("sns.amazonaws.com")

Element = Mapping[str, object]
ALLOW: Element = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
DENY: Element = {**ALLOW, "Effect": "Deny"}
NOTHING: Element = {**ALLOW, "Action": "sqs:ListQueues"}


def named(kind: PolicyKind, *statements: Element, name: str = "p") -> Named:
    return Named(name, parse(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), kind))


def identity(*statements: Element) -> tuple[Named, ...]:
    return (named(PolicyKind.IDENTITY, *statements),)


def session(*statements: Element) -> tuple[Named, ...]:
    return (named(PolicyKind.SESSION, *statements),)


def service_control(*levels: Element) -> tuple[tuple[Named, ...], ...]:
    return tuple((named(PolicyKind.SERVICE_CONTROL, level),) for level in levels)


def resource_control(statement: Element) -> tuple[tuple[Named, ...], ...]:
    return ((named(PolicyKind.RESOURCE_CONTROL, {**statement, "Principal": "*"}),),)


def queue(statement: Element, principal: object = "*") -> Named:
    return named(PolicyKind.RESOURCE, {**statement, "Principal": principal})


def reason(caller: Caller, policies: Policies, action: str = "sqs:SendMessage") -> Reason:
    return authorize(Request(caller, action, QUEUE, A, {}), policies).reason


# Form of the principal, whom it is tried with, whether it grants alone, and what limits it.
FORMS = [
    (A, ANN, False, True, True),
    (f"arn:aws:iam::{A}:root", ANN, False, True, True),
    (ANN.arn, ANN, True, False, False),
    (ROLE_ARN, R_ONE, True, True, True),
    (R_ONE.arn, R_ONE, True, False, False),
    (ANN.arn, FAY, True, True, True),
    (FAY.arn, FAY, True, False, False),
    ("*", ANN, True, False, False),
    ("*", R_ONE, True, False, False),
    ("*", FAY, True, False, False),
]


@pytest.mark.parametrize(("principal", "caller", "alone", "boundary_limits", "session_limits"), FORMS)
def test_the_table_of_principal_forms(
    principal: str, caller: Caller, alone: bool, boundary_limits: bool, session_limits: bool
) -> None:
    granting = queue(ALLOW, {"AWS": principal})
    expected = Reason.ALLOWED_BY_RESOURCE if alone else Reason.IMPLICIT_DENY_IDENTITY
    assert reason(caller, Policies(resource=granting)) is expected
    # Delegation counts once an identity policy allows too.
    base = () if alone else identity(ALLOW)
    allowed = Reason.ALLOWED_BY_RESOURCE if alone else Reason.ALLOWED_BY_IDENTITY
    bounded = Policies(base, granting, boundaries=identity(NOTHING))
    assert reason(caller, bounded) is (Reason.IMPLICIT_DENY_BOUNDARY if boundary_limits else allowed)
    narrowed = Policies(base, granting, session=session(NOTHING))
    assert reason(caller, narrowed) is (Reason.IMPLICIT_DENY_SESSION if session_limits else allowed)


IDENTITY_LAYERS = [
    # identity, boundary, session
    (ALLOW, None, None, Reason.ALLOWED_BY_IDENTITY),
    (ALLOW, ALLOW, None, Reason.ALLOWED_BY_IDENTITY),
    (ALLOW, ALLOW, ALLOW, Reason.ALLOWED_BY_IDENTITY),
    (NOTHING, ALLOW, ALLOW, Reason.IMPLICIT_DENY_IDENTITY),
    (None, ALLOW, ALLOW, Reason.IMPLICIT_DENY_IDENTITY),
    (ALLOW, NOTHING, ALLOW, Reason.IMPLICIT_DENY_BOUNDARY),
    (ALLOW, ALLOW, NOTHING, Reason.IMPLICIT_DENY_SESSION),
    (ALLOW, NOTHING, NOTHING, Reason.IMPLICIT_DENY_BOUNDARY),
    (ALLOW, DENY, NOTHING, Reason.EXPLICIT_DENY_BOUNDARY),
    (ALLOW, NOTHING, DENY, Reason.EXPLICIT_DENY_SESSION),
    (DENY, DENY, DENY, Reason.EXPLICIT_DENY_IDENTITY),
]


@pytest.mark.parametrize(("own", "boundary", "passed", "expected"), IDENTITY_LAYERS)
def test_boundary_and_session_policy_filter_and_never_grant(
    own: Element | None, boundary: Element | None, passed: Element | None, expected: Reason
) -> None:
    policies = Policies(
        identity(own) if own else (),
        boundaries=identity(boundary) if boundary else (),
        session=session(passed) if passed else (),
    )
    assert reason(R_ONE, policies) is expected


def test_across_accounts_the_callers_boundary_and_session_policy_count_whatever_the_principal() -> None:
    for principal in ("*", B, OLE.arn):
        granting = queue(ALLOW, {"AWS": principal})
        assert reason(OLE, Policies(identity(ALLOW), granting)) is Reason.ALLOWED_BY_BOTH
        bounded = Policies(identity(ALLOW), granting, boundaries=identity(NOTHING))
        assert reason(OLE, bounded) is Reason.IMPLICIT_DENY_BOUNDARY
        narrowed = Policies(identity(ALLOW), granting, session=session(NOTHING))
        assert reason(OLE, narrowed) is Reason.IMPLICIT_DENY_SESSION


def test_not_principal_with_deny_always_denies_who_has_a_boundary() -> None:
    statement = {**DENY, "NotPrincipal": {"AWS": [A, ANN.arn]}}
    excepting = Named("orders", parse(json.dumps({"Statement": statement}), PolicyKind.RESOURCE))
    assert reason(ANN, Policies(identity(ALLOW), excepting)) is Reason.ALLOWED_BY_IDENTITY
    bounded = Policies(identity(ALLOW), excepting, boundaries=identity(ALLOW))
    assert reason(ANN, bounded) is Reason.EXPLICIT_DENY_RESOURCE


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((ALLOW,), Reason.ALLOWED_BY_IDENTITY),
        ((ALLOW, ALLOW), Reason.ALLOWED_BY_IDENTITY),
        ((ALLOW, NOTHING), Reason.IMPLICIT_DENY_SERVICE_CONTROL),
        ((NOTHING, ALLOW), Reason.IMPLICIT_DENY_SERVICE_CONTROL),
        ((NOTHING, DENY), Reason.EXPLICIT_DENY_SERVICE_CONTROL),
    ],
)
def test_every_level_of_service_control_policies_must_allow(
    levels: tuple[Element, ...], expected: Reason
) -> None:
    assert reason(ANN, Policies(identity(ALLOW), service_control=service_control(*levels))) is expected
    root = {Reason.ALLOWED_BY_IDENTITY: Reason.ALLOWED_AS_ROOT}.get(expected, expected)
    assert reason(root_of(A), Policies(service_control=service_control(*levels))) is root


def test_a_level_without_policies_allows_nothing_and_one_of_several_suffices() -> None:
    assert (
        reason(ANN, Policies(identity(ALLOW), service_control=((),))) is Reason.IMPLICIT_DENY_SERVICE_CONTROL
    )
    level = (named(PolicyKind.SERVICE_CONTROL, NOTHING), named(PolicyKind.SERVICE_CONTROL, ALLOW))
    assert reason(ANN, Policies(identity(ALLOW), service_control=(level,))) is Reason.ALLOWED_BY_IDENTITY


@pytest.mark.parametrize("caller", [ANONYMOUS, SNS])
def test_service_control_policies_do_not_reach_who_has_no_account(caller: Caller) -> None:
    policies = Policies(resource=queue(ALLOW), service_control=service_control(DENY))
    assert reason(caller, policies) is Reason.ALLOWED_BY_RESOURCE


@pytest.mark.parametrize("caller", [ANN, OLE, R_ONE, root_of(A), ANONYMOUS, SNS])
def test_a_resource_control_policy_denies_everyone_and_grants_nobody(caller: Caller) -> None:
    open_queue = Policies(identity(ALLOW), queue(ALLOW), resource_control=resource_control(DENY))
    if caller.type.name in {"ACCOUNT", "ANONYMOUS", "SERVICE"}:
        open_queue = Policies((), queue(ALLOW), resource_control=resource_control(DENY))
    assert reason(caller, open_queue) is Reason.EXPLICIT_DENY_RESOURCE_CONTROL
    if caller is not ANN:
        return
    assert reason(ANN, Policies(resource_control=resource_control(ALLOW))) is Reason.IMPLICIT_DENY_IDENTITY


def test_a_service_needs_the_queue_policy_alone_and_no_endpoint() -> None:
    granting = queue(ALLOW, {"Service": "sns.amazonaws.com"})
    closed = (named(PolicyKind.ENDPOINT, {**DENY, "Principal": "*"}),)
    assert reason(SNS, Policies(resource=granting, endpoints=closed)) is Reason.ALLOWED_BY_RESOURCE
    assert reason(SNS, Policies()) is Reason.IMPLICIT_DENY_RESOURCE
    assert (
        reason(service_caller("s3.amazonaws.com"), Policies(resource=granting))
        is Reason.IMPLICIT_DENY_RESOURCE
    )


ASSUME: Element = {"Effect": "Allow", "Action": "sts:AssumeRole"}
MAY_ASSUME: Element = {**ASSUME, "Resource": ROLE_ARN}
TRUSTS = [
    # caller, whom the role trusts, whether an identity policy allows, outcome
    (ANN, ANN.arn, False, Reason.ALLOWED_BY_RESOURCE),
    (ANN, "*", False, Reason.ALLOWED_BY_RESOURCE),
    (ANN, A, False, Reason.IMPLICIT_DENY_IDENTITY),
    (ANN, A, True, Reason.ALLOWED_BY_BOTH),
    (ANN, f"arn:aws:iam::{A}:user/Bob", True, Reason.IMPLICIT_DENY_TRUST),
    (ANN, B, True, Reason.IMPLICIT_DENY_TRUST),
    (OLE, B, False, Reason.IMPLICIT_DENY_IDENTITY),
    (OLE, B, True, Reason.ALLOWED_BY_BOTH),
    (OLE, OLE.arn, True, Reason.ALLOWED_BY_BOTH),
    (OLE, A, True, Reason.IMPLICIT_DENY_TRUST),
]


@pytest.mark.parametrize(("caller", "trusted", "allowed", "expected"), TRUSTS)
def test_a_role_is_assumed_by_whom_it_trusts(
    caller: Caller, trusted: str, allowed: bool, expected: Reason
) -> None:
    trust = named(PolicyKind.TRUST, {**ASSUME, "Principal": {"AWS": trusted}})
    policies = Policies(identity(MAY_ASSUME) if allowed else (), trust, resource_must_allow=True)
    assert authorize(Request(caller, "sts:AssumeRole", ROLE_ARN, A, {}), policies).reason is expected


def test_a_deny_of_the_trust_policy_is_called_so() -> None:
    trust = named(PolicyKind.TRUST, {**ASSUME, "Effect": "Deny", "Principal": "*"})
    policies = Policies(identity(MAY_ASSUME), trust, resource_must_allow=True)
    decision = authorize(Request(ANN, "sts:AssumeRole", ROLE_ARN, A, {}), policies)
    assert decision.reason is Reason.EXPLICIT_DENY_TRUST
    assert decision.statement is not None
    assert decision.statement.layer is Layer.TRUST


def test_an_allow_names_every_statement_that_it_rests_on() -> None:
    policies = Policies(
        identity(ALLOW),
        queue(ALLOW, {"AWS": OLE.arn}),
        (named(PolicyKind.ENDPOINT, {**ALLOW, "Principal": "*"}),),
        identity(ALLOW),
        session(ALLOW),
        service_control(ALLOW, ALLOW),
    )
    decision = authorize(Request(OLE, "sqs:SendMessage", QUEUE, A, {}), policies)
    assert decision.statement is not None
    assert decision.statement.layer is Layer.RESOURCE
    assert [ref.layer for ref in decision.others] == [
        Layer.IDENTITY,
        Layer.BOUNDARY,
        Layer.SESSION,
        Layer.SERVICE_CONTROL,
        Layer.SERVICE_CONTROL,
        Layer.ENDPOINT,
    ]
