"""What `validate` finds: one small policy a check, and what holds of any text whatsoever."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.core.policy.actions import QUEUE_ACTIONS
from qanat.core.policy.document import parse
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge
from qanat.core.policy.lint.catalogue import CATALOGUE, Severity
from qanat.core.policy.lint.items import ACTION_NAMES
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.validate import Found, guessed_kind, validate
from support.cpu import cpu_time_below
from support.findings import (
    ACCOUNT,
    AS_PRINTED,
    CASES,
    ENDPOINT,
    IDENTITY,
    QUEUE,
    RESOURCE,
    SCP,
    STATEMENT,
    TOPIC,
    TRUST,
    USER,
    queue,
    statement,
    text,
    user,
    when,
)

OTHER = PolicyKind.OTHER_RESOURCE


def codes(found: tuple[Found, ...]) -> list[str]:
    return [finding.code for finding in found]


@pytest.mark.parametrize(("policy", "code", "path"), CASES, ids=[f"{code} {path}" for _, code, path in CASES])
def test_a_finding(policy: tuple[str, PolicyKind], code: str, path: str) -> None:
    found = validate(*policy)
    assert (code, path) in [(finding.code, finding.path) for finding in found]
    assert all(finding.severity is CATALOGUE[finding.code].severity for finding in found)
    assert all(finding.learn_more.startswith("https://docs.aws.amazon.com/") for finding in found)


def test_each_finding_that_there_is_has_a_case() -> None:
    assert {code for _, code, _ in CASES} == CATALOGUE.keys()


GOOD = [
    (text(STATEMENT), RESOURCE),
    (text(STATEMENT), ENDPOINT),
    (text(statement("Principal")), IDENTITY),
    (text(statement("Principal", Action="sqs:*", Resource="*")), IDENTITY),
    (text(statement("Principal", Action="*", Resource="*")), PolicyKind.SESSION),
    # The topic that has the policy, as in SNS's own.
    (text(statement("Resource", Action="sns:Publish")), OTHER),
    # What is narrowed down as Access Analyzer recommends.
    (
        text(
            {
                "Effect": "Allow",
                "Action": ["iam:PassRole", "iam:CreateServiceLinkedRole"],
                "Resource": "*",
                "Condition": {
                    "StringEquals": {"iam:PassedToService": "x", "iam:AWSServiceName": "sqs.amazonaws.com"}
                },
            },
            {"Effect": "Allow", "Action": "iam:Pass*", "Resource": f"arn:aws:iam::{ACCOUNT}:role/app-*"},
            {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::bucket/*"},
        ),
        IDENTITY,
    ),
    (
        text(
            {
                "Effect": "Deny",
                "Action": "s3:*",
                "Resource": [
                    "arn:aws:iam::aws:policy/AdministratorAccess",
                    f"arn:aws:s3:us-east-2:{ACCOUNT}:accesspoint/a/object/*",
                    "arn:aws:ec2:us-east-2::image/ami-1",
                    f"arn:aws:sqs:us-gov-west-1:{ACCOUNT}:a-b_c.fifo",
                    f"arn:aws:sqs:*:{ACCOUNT}:${{aws:PrincipalTag/my team}}-*",
                    "arn:aws:sqs:*:*:*",
                ],
            }
        ),
        IDENTITY,
    ),
    (text(statement(Principal="*", Action="*", Resource="*")), ENDPOINT),
    when("Bool", "aws:SecureTransport", "true"),
    when("StringEquals", "aws:SourceVpce", "vpce-1a2b3c4d", Principal="*"),
    when("StringEquals", "aws:PrincipalOrgID", "o-abcdefghij", Principal="*"),
    when(
        "ArnEquals",
        "aws:SourceArn",
        TOPIC,
        Principal={"Service": "sns.amazonaws.com"},
    ),
    queue(
        Condition={
            "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
            "Null": {"aws:TagKeys": "false"},
        }
    ),
    queue(Principal="*", Effect="Deny", Condition={"Bool": {"aws:SecureTransport": False}}, Action="sqs:*"),
    queue(
        "Principal",
        Effect="Deny",
        NotPrincipal={"AWS": [f"arn:aws:iam::{ACCOUNT}:user/MyUser", ACCOUNT]},
    ),
    # Example 5 of the SQS guide: it denies the messages and leaves the queue to its administrators.
    (
        text(
            statement(Principal={"AWS": ["111122223333"]}, Action=["sqs:SendMessage", "sqs:ReceiveMessage"]),
            statement(
                Effect="Deny",
                Principal="*",
                Action=["sqs:SendMessage", "sqs:ReceiveMessage"],
                Condition={"StringNotEquals": {"aws:sourceVpce": "vpce-1a2b3c4d"}},
            ),
            Id="UseCase5",
        ),
        RESOURCE,
    ),
    (
        text({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}),
        TRUST,
    ),
    (text({"Effect": "Allow", "Action": "*", "Resource": "*"}), SCP),
    (text(statement("Principal", Action=["sqs:Send*", "sqs:Get*"], Resource=[QUEUE, f"{QUEUE}2"])), IDENTITY),
]


@pytest.mark.parametrize("policy", GOOD, ids=lambda policy: policy[0][:150])
def test_nothing_is_found_in_a_good_policy(policy: tuple[str, PolicyKind]) -> None:
    assert validate(*policy) == ()


def test_the_seed_pages_policy_is_shown_where_it_is_short_of_a_colon() -> None:
    found = validate(AS_PRINTED, ENDPOINT)
    assert [(finding.code, finding.line, finding.column) for finding in found] == [
        ("MISSING_VERSION", 1, 1),
        ("PRINCIPAL_ARN_REPAIRED", 7, 16),
    ]
    assert "read as arn:aws:iam::123456789012:user/MyUser" in found[1].message
    assert found[1].width == len('"arn:aws:iam:123456789012:user/MyUser"')


def test_one_mistake_does_not_hide_another() -> None:
    first = statement(
        Effect="allow", Action=["SendMessage", "sqs:Fly"], Resource="q", Principal={"AWS": ["1", "2"]}
    )
    second = statement("Resource", Condition={"StringEquals": {"x": "y"}, "Date": {"aws:CurrentTime": "x"}})
    third = statement(Principal="*", Effect="Deny", Action="sqs:*")
    found = validate(text(first, second, third, Version="1"), RESOURCE)
    assert sorted(codes(found)) == sorted(
        [
            "INVALID_VERSION",
            *["INVALID_ACTION"] * 2,
            *["INVALID_PRINCIPAL"] * 2,
            "INVALID_EFFECT",
            "INVALID_ARN_PREFIX",
            "MISSING_RESOURCE",
            "INVALID_CONDITION_KEY_FORMAT",
            "INVALID_CONDITION_OPERATOR",
            "LOCKS_OUT_EVERYONE",
        ]
    )


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (queue(Action="sqs:SendMessageBatch"), "Did you mean sqs:SendMessage? A batch needs"),
        (queue(Action="sqs:RecieveMessage"), "Did you mean sqs:ReceiveMessage?"),
        (queue(Action="SendMessage"), "Did you mean sqs:SendMessage?"),
        (user(Action="sqs:Peekmessages"), "Did you mean qanat:PeekMessages?"),
        (queue(Principal={"aws": ACCOUNT}), "Did you mean AWS?"),
        (queue(Principal={"AWS": "1234-5678-9012"}), "did you mean 123456789012?"),
        (queue(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:group/g"}), "a group cannot be a principal"),
        (
            queue(Resource=f"https://sqs.us-east-2.amazonaws.com/{ACCOUNT}/MyQueue"),
            f"Did you mean {QUEUE}?",
        ),
        (queue(effect="Allow"), "Did you mean Effect?"),
        (when("Stringequals", "aws:userid", "x"), "Did you mean StringEquals?"),
        (when("StringEquals", "aws:SourceVPCE1", "vpce-1a2b3c4d"), "Did you mean aws:SourceVpce?"),
        (when("StringEquals", "sqs:SourceVpce", "vpce-1a2b3c4d"), "Did you mean aws:SourceVpce?"),
        (when("StringEquals", "aws:PrincipalTags/x", "x"), "Did you mean aws:PrincipalTag/tag-key?"),
        (when("DateLessThan", "aws:CurrentTime", "2030-01-01T00:00:00"), "2030-01-01T00:00:00Z"),
        (when("IpAddress", "aws:SourceIp", "2001:db8::1/32"), "2001:db8::/32"),
        (when("IpAddress", "aws:SourceIp", "203.0.113.7/24"), "203.0.113.0/24"),
        (queue(Principal="*"), "Everyone may sqs:SendMessage: without a signature, too"),
        (
            queue(Principal="*", Action="sqs:*"),
            "sqs:ChangeMessageVisibility, sqs:DeleteMessage, sqs:GetQueueAttributes and 5 more",
        ),
        (when("StringLike", "aws:PrincipalArn", "*", Principal="*"), "of any account"),
    ],
)
def test_what_was_meant_is_said(policy: tuple[str, PolicyKind], words: str) -> None:
    assert words in " ".join(finding.message for finding in validate(*policy))


def test_a_deny_that_closes_a_public_queue_is_seen() -> None:
    public = statement(Principal="*")
    closed = statement(
        Effect="Deny", Principal="*", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}
    )
    assert "PUBLIC_QUEUE" in codes(validate(text(public), RESOURCE))
    assert "PUBLIC_QUEUE" not in codes(validate(text(public, closed), RESOURCE))


def test_an_administrator_of_the_account_that_is_named_is_no_stranger() -> None:
    condition = {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::999999999999:role/Admin"}}
    policy = text(statement(Effect="Deny", Principal="*", Action="sqs:*", Resource="*", Condition=condition))
    assert validate(policy, RESOURCE) == ()
    assert codes(validate(policy, RESOURCE, ACCOUNT)) == ["LOCKS_OUT_EVERYONE"]


def test_a_deny_with_its_exceptions_for_services_still_hits_endpoints() -> None:
    condition = {
        "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"},
        "Bool": {"aws:ViaAWSService": "false"},
    }
    denied = statement(Effect="Deny", Condition=condition)
    assert codes(validate(text(denied), RESOURCE)) == ["DENY_HITS_ENDPOINTS"]
    spared = statement(Effect="Deny", Condition={**condition, "Null": {"aws:SourceVpce": "true"}})
    assert codes(validate(text(spared), RESOURCE)) == []
    # From the expected network or through the expected endpoint.
    expected = {**condition, "StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}
    assert codes(validate(text(statement(Effect="Deny", Condition=expected)), RESOURCE)) == []


def test_whose_the_queue_is_may_be_said() -> None:
    policy = text(statement(Principal={"AWS": ACCOUNT}, Action="sqs:DeleteQueue", Resource="*"))
    assert codes(validate(policy, RESOURCE)) == []
    assert codes(validate(policy, RESOURCE, "999999999999")) == ["ACTION_NOT_GRANTED_ACROSS_ACCOUNTS"]


def test_a_key_that_is_given_twice_has_its_place() -> None:
    found = validate('{"Statement": [],\n "Statement": []}', RESOURCE)
    assert [(finding.code, finding.line, finding.column) for finding in found] == [
        ("JSON_SYNTAX_ERROR", 2, 2)
    ]
    assert "index 19 line 2 column 2" in found[0].message


@pytest.mark.parametrize(
    ("policy", "kind"),
    [
        (text(STATEMENT), RESOURCE),
        (text(statement("Principal", NotPrincipal=USER)), RESOURCE),
        (text(statement("Principal")), IDENTITY),
        (text(statement("Resource", Action="sts:AssumeRole")), TRUST),
        (text(statement("Resource")), RESOURCE),
        (text(statement("Resource", Action="ecr:GetDownloadUrlForLayer")), OTHER),
        # A key's policy, as the SQS guide prints them.
        (text(statement(Action=["kms:Decrypt", "kms:GenerateDataKey"], Resource="*")), OTHER),
        (text(statement(Action="sns:Publish", Resource=TOPIC)), OTHER),
        (text(statement(Action="sns:Publish")), RESOURCE),
        (text(statement(Action=["kms:Decrypt", "sqs:SendMessage"], Resource="*")), RESOURCE),
        (text(statement(Action="*", Resource="*")), RESOURCE),
        (text(statement("Action", NotAction="kms:*", Resource="*")), RESOURCE),
        ("{", IDENTITY),
        ("[]", IDENTITY),
        ('{"Statement": 5}', IDENTITY),
    ],
)
def test_what_a_policy_looks_like(policy: str, kind: PolicyKind) -> None:
    assert guessed_kind(policy) is kind


def test_severities_have_an_order() -> None:
    assert Severity.ERROR.reaches(Severity.SECURITY_WARNING)
    assert Severity.WARNING.reaches(Severity.WARNING)
    assert not Severity.SUGGESTION.reaches(Severity.WARNING)


def test_the_actions_as_aws_writes_them_are_those_that_there_are() -> None:
    assert {name.lower() for name in ACTION_NAMES} == QUEUE_ACTIONS


def refused(policy: str, kind: PolicyKind) -> bool:
    try:
        parse(policy, kind)
    except (PolicyInvalid, PolicyTooLarge):
        return True
    return False


# Pieces that policies are made of, and what does not belong there.
strings = st.sampled_from(
    ["*", "x", "", "${", "${aws:username}", "sqs:*", "s3:Get*", QUEUE, ACCOUNT, "Allow", "Deny", "2012-10-17",
     "10.0.0.1/8", "arn:aws:iam:123456789012:user/MyUser", "true", "é", "\ud800", "2030-01-01"]
)  # fmt: skip
keys = st.sampled_from(
    ["Version", "Statement", "Id", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
     "NotResource", "Condition", "AWS", "Service", "StringEquals", "NotIpAddress", "Null", "DateLessThan", "x", "{0}",
     "ForAllValues:StringLike", "aws:SourceVpce", "aws:SourceIp", "aws:TagKeys", "aws:PrincipalTag/"]
)  # fmt: skip
anything = st.recursive(
    strings | st.integers() | st.booleans() | st.none() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=10,
)
conditions = st.dictionaries(keys, st.dictionaries(keys, anything, max_size=3) | anything, max_size=3)
statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny", "allow"]), "Action": strings | anything},
    optional={
        "Resource": strings | anything,
        "Principal": st.dictionaries(st.sampled_from(["AWS", "Service"]), strings) | anything,
        "NotPrincipal": strings | anything,
        "Condition": conditions | anything,
        "Sid": strings,
        "x": anything,
    },
)


def held(policy: str, kind: PolicyKind) -> None:
    found = validate(policy, kind)
    if refused(policy, kind):
        assert any(finding.severity is Severity.ERROR for finding in found)
    lines = policy.split("\n")
    for finding in found:
        assert 1 <= finding.line <= len(lines)
        assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1
        assert finding.width >= 1
        assert "\n" not in finding.message
    assert list(found) == sorted(found, key=lambda finding: (finding.line, finding.column, finding.code))


def test_what_is_too_large_and_broken_has_both_in_order() -> None:
    held('{\n "a": "\\ud800"}'.ljust(3_000), PolicyKind.SESSION)


@given(st.text() | st.text(alphabet='[]{}",:\\ 1aStatement'), st.sampled_from(PolicyKind))
def test_any_text_is_judged(policy: str, kind: PolicyKind) -> None:
    held(policy, kind)
    assert isinstance(guessed_kind(policy), PolicyKind)


@given(st.lists(statements, max_size=3) | anything, st.sampled_from(PolicyKind), st.sampled_from([None, 1]))
def test_any_policy_is_judged_and_what_is_refused_has_an_error(
    nodes: Any, kind: PolicyKind, indent: int | None
) -> None:
    held(json.dumps({"Version": "2012-10-17", "Statement": nodes}, indent=indent), kind)


@pytest.mark.parametrize(
    "policy",
    [
        "[" * 200_000,
        text(statement(Action=[f"sqs:*{index}*" for index in range(1_500)])),
        text(statement("Principal", Action=[f"sqs:*{index}*" for index in range(5_000)])),
        text(statement(Action=["sqs:*x*"] * 12_000)),
        text(statement(Resource=[f"arn:aws:sqs:::{index}*" for index in range(5_000)])),
        text(statement(Condition={"StringEquals": {f"aws:x{index}": ["*"] * 10 for index in range(700)}})),
        text(*[statement(Action=f"sqs:{index}") for index in range(400)]),
    ],
    ids=lambda policy: policy[:100],
)
@pytest.mark.parametrize("kind", [IDENTITY, RESOURCE, ENDPOINT])
def test_a_hostile_text_is_dealt_with_at_once(policy: str, kind: PolicyKind) -> None:
    # A second at most, where quadratic reading would take minutes.
    with cpu_time_below(4):
        assert len(validate(policy, kind)) <= 1_000
