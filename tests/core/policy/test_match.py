"""Action and Resource elements (IAM User Guide, reference_policies_elements_action, ..._resource, ..._variables)."""

import json

import pytest

from qanat.core.policy.actions import NOT_SHAREABLE, OWN_ACTIONS, SHAREABLE, SQS_ACTIONS
from qanat.core.policy.document import parse
from qanat.core.policy.errors import PolicyInvalid
from qanat.core.policy.sizes import WITHOUT_PRINCIPAL, PolicyKind
from qanat.core.policy.statement import Statement
from qanat.core.policy.variables import Context

QUEUE = "arn:aws:sqs:us-east-2:123456789012:MyQueue"


def statement(version: str = "2012-10-17", **elements: object) -> Statement:
    whole = {"Effect": "Allow", **elements}
    return parse(json.dumps({"Version": version, "Statement": whole}), PolicyKind.IDENTITY).statements[0]


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("sqs:SendMessage", "sqs:SendMessage", True),
        ("SQS:sendMESSAGE", "sqs:SendMessage", True),
        ("sqs:SendMessage", "sqs:SendMessages", False),
        ("sqs:SendMessage", "sns:SendMessage", False),
        ("*", "sqs:SendMessage", True),
        ("sqs:*", "sqs:SendMessage", True),
        ("sqs:*", "sns:Publish", False),
        ("sqs:Send*", "sqs:SendMessage", True),
        ("sqs:*Message", "sqs:ReceiveMessage", True),
        ("sqs:*Message*", "sqs:ChangeMessageVisibility", True),
        ("sqs:*Message*", "sqs:TagQueue", False),
        ("sqs:?agQueue", "sqs:TagQueue", True),
        ("sqs:?TagQueue", "sqs:TagQueue", False),
        ("s?s:TagQueue", "sqs:TagQueue", True),
        ("*:TagQueue", "sqs:TagQueue", True),
    ],
)
def test_actions(pattern: str, action: str, expected: bool) -> None:
    action = action.lower()
    assert statement(Action=["iam:GetUser", pattern], Resource="*").actions.match(action, {}) is expected
    assert (
        statement(NotAction=["iam:GetUser", pattern], Resource="*").actions.match(action, {}) is not expected
    )


@pytest.mark.parametrize(
    "action", ["", "sqs", "sqs:", ":SendMessage", "sqs:Send Message", "**", "sqs:${*}", "sqs:Ä"]
)
def test_actions_that_are_none(action: str) -> None:
    with pytest.raises(PolicyInvalid):
        statement(Action=action, Resource="*")


def resource(pattern: str, arn: str, context: Context | None = None, version: str = "2012-10-17") -> bool:
    found = statement(version, Action="*", Resource=pattern).resources.match(arn, context or {})
    assert (
        statement(version, Action="*", NotResource=pattern).resources.match(arn, context or {}) is not found
    )
    return found


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        ("*", QUEUE, True),
        ("*", "*", True),
        (QUEUE, QUEUE, True),
        (QUEUE, "*", False),
        (QUEUE.lower(), QUEUE, False),
        (QUEUE, QUEUE + "2", False),
        ("arn:aws:sqs:us-east-2:123456789012:My*", QUEUE, True),
        ("arn:aws:sqs:us-east-2:123456789012:*Queue", QUEUE, True),
        ("arn:aws:sqs:us-east-2:123456789012:*queue", QUEUE, False),
        ("arn:aws:sqs:us-east-2:123456789012:MyQu??e", QUEUE, True),
        ("arn:aws:sqs:us-east-2:123456789012:MyQueue?", QUEUE, False),
        ("arn:aws:sqs:us-*-2:123456789012:MyQueue", QUEUE, True),
        ("arn:aws:sqs:*:*:MyQueue", QUEUE, True),
        ("arn:*:sqs:*:123456789012:*", QUEUE, True),
        ("arn:aws:sqs:*", QUEUE, True),
        ("arn:aws:*", QUEUE, True),
        ("arn:aws:sns:*", QUEUE, False),
        # A star inside a field stays in it; one that ends its field may run over colons.
        ("arn:aws:sqs:us-*2:123456789012:MyQueue", "arn:aws:sqs:us-a:b2:123456789012:MyQueue", False),
        ("arn:aws:sqs:us-*:123456789012:MyQueue", "arn:aws:sqs:us-a:b2:123456789012:MyQueue", True),
        ("arn:aws:sqs:us?east-2:123456789012:MyQueue", "arn:aws:sqs:us:east-2:123456789012:MyQueue", False),
        ("arn:aws:sqs:::a*c", "arn:aws:sqs:::a\n/c", True),
    ],
)
def test_resources(pattern: str, arn: str, expected: bool) -> None:
    assert resource(pattern, arn) is expected


OWN = "arn:aws:sqs:us-east-2:123456789012:${aws:username}-*"


@pytest.mark.parametrize(
    ("pattern", "name", "context", "expected"),
    [
        ("${aws:username}-*", "ann-jobs", {"aws:username": "ann"}, True),
        ("${AWS:UserName}-*", "ann-jobs", {"aws:username": "ann"}, True),
        ("${aws:username}-*", "bob-jobs", {"aws:username": "ann"}, False),
        ("${aws:username}-*", "ann-jobs", {}, False),
        ("${aws:username}-*", "ann-jobs", {"aws:username": ("ann",)}, False),
        ("${aws:username, 'nobody'}", "nobody", {}, True),
        ("${ aws:username , 'nobody' }", "ann", {"aws:username": "ann"}, True),
        ("${aws:username,'nobody'}", "ann", {"aws:username": "ann"}, True),
        ("${aws:username, 'nobody'}", "nobody", {"aws:username": ("ann",)}, False),
        ("${aws:username, ''}x", "x", {}, True),
        ("${aws:username}", "ann", {"aws:username": "a*"}, False),
        ("${aws:username}", "a*", {"aws:username": "a*"}, True),
        ("a${*}", "a*", {}, True),
        ("a${*}", "ab", {}, False),
        ("a${?}${$}", "a?$", {}, True),
        ("${aws:PrincipalTag/my team}", "red", {"aws:principaltag/my team": "red"}, True),
        ("a${aws:username}?", "a𐐀b", {"aws:username": "𐐀"}, True),
    ],
)
def test_variables_in_resources(pattern: str, name: str, context: Context, expected: bool) -> None:
    assert (
        resource(f"arn:aws:sqs:us-east-2:123456789012:{pattern}", QUEUE.replace("MyQueue", name), context)
        is expected
    )


def test_variables_are_text_in_a_2008_policy() -> None:
    assert resource(OWN, OWN.replace("*", "x"), {"aws:username": "ann"}, version="2008-10-17")
    assert not resource(OWN, QUEUE.replace("MyQueue", "ann-x"), {"aws:username": "ann"}, version="2008-10-17")


@pytest.mark.parametrize(
    "pattern",
    [
        "arn:aws:sqs:us-east-2:${aws:PrincipalAccount}:MyQueue",
        "arn:aws:sqs:${aws:RequestedRegion}:123456789012:MyQueue",
        "${aws:PrincipalTag/arn}",
        "arn:aws:sqs:us-east-2:123456789012:${aws:username",
        "arn:aws:sqs:us-east-2:123456789012:${username}",
        "arn:aws:sqs:us-east-2:123456789012:${}",
        "arn:aws:sqs:us-east-2:123456789012:${aws: }",
        "arn:aws:sqs:us-east-2:123456789012:${aws:username, nobody}",
        "arn:aws:sqs:us-east-2:123456789012:${${aws:username}}",
        "arn",
        "arn:aws",
        "arn*",
        "MyQueue",
        "",
        "https://sqs.us-east-2.amazonaws.com/123456789012/MyQueue",
        "arn:aws2:sqs:us-east-2:123456789012:MyQueue",
    ],
)
def test_resources_that_are_none(pattern: str) -> None:
    with pytest.raises(PolicyInvalid):
        statement(Action="*", Resource=pattern)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("arn:aws:sqs", QUEUE, True),
        ("arn:aws:sqs:us-east-2", QUEUE, True),
        ("arn:aws:sqs:us-east-2:123456789012", QUEUE, True),
        ("arn:aws:sqs:us-east-1", QUEUE, False),
        ("arn:aws:sqs:MyQueue", QUEUE, False),
        ("arn:aws:s3", "arn:aws:s3:::bucket/key:1", True),
        ("arn:aws:sq", QUEUE, False),
    ],
)
def test_reference_arns_incomplete_ones_get_stars(pattern: str, name: str, expected: bool) -> None:
    assert statement(Action="*", Resource=pattern).resources.match(name, {}) is expected
    document = parse(
        json.dumps(
            {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": pattern}}
        ),
        PolicyKind.IDENTITY,
    )
    assert [finding.code for finding in document.findings] == ["MISSING_ARN_FIELD"]


@pytest.mark.parametrize("kind", sorted(set(PolicyKind) - {PolicyKind.IDENTITY, PolicyKind.TRUST}))
def test_reference_arns_incomplete_ones_are_refused_elsewhere(kind: PolicyKind) -> None:
    principal = {} if kind in WITHOUT_PRINCIPAL else {"Principal": "*"}
    whole = {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs", **principal}
    with pytest.raises(PolicyInvalid, match="six fields"):
        parse(json.dumps({"Version": "2012-10-17", "Statement": whole}), kind)


def test_sqs_limitations_of_custom_policies() -> None:
    assert len(SQS_ACTIONS) == 20
    assert not SHAREABLE & NOT_SHAREABLE
    assert len(NOT_SHAREABLE) == 12
    assert not SQS_ACTIONS & OWN_ACTIONS
