"""Conditions (IAM User Guide, reference_policies_elements_condition_operators and ..._multi-value-conditions)."""

import json

import pytest

from qanat.core.policy.document import parse
from qanat.core.policy.errors import PolicyInvalid
from qanat.core.policy.operators import OPERATORS
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.variables import Context

K = "aws:RequestTag/k"


def holds(
    condition: dict[str, dict[str, object]],
    context: Context,
    effect: str = "Allow",
    version: str = "2012-10-17",
) -> bool:
    statement = {"Effect": effect, "Action": "*", "Resource": "*", "Condition": condition}
    document = parse(json.dumps({"Version": version, "Statement": statement}), PolicyKind.IDENTITY)
    return document.statements[0].applies("*", context)


def compare(
    operator: str, operands: object, value: str | tuple[str, ...] | None, effect: str = "Allow"
) -> bool:
    return holds({operator: {K: operands}}, {} if value is None else {K.lower(): value}, effect)


BASE_ARN = "arn:aws:sqs:us-east-2:123456789012:a:b"
# operator, operands, value of the request, outcome of the positive operator
POSITIVE = [
    ("StringEquals", "a", "a", True),
    ("StringEquals", ["b", "a"], "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", "a*", "ab", False),
    ("StringEquals", "", "", True),
    ("StringEquals", 5, "5", True),
    ("StringEquals", True, "true", True),
    ("StringEqualsIgnoreCase", "aBc", "AbC", True),
    ("StringEqualsIgnoreCase", "S", "ſ", False),
    ("StringEqualsIgnoreCase", "ΟΣ", "ος", True),
    ("StringEqualsIgnoreCase", "Σ", "ς", False),
    ("StringEqualsIgnoreCase", "İ", "i̇", True),
    ("StringLike", "a*", "abc", True),
    ("StringLike", "a?", "abc", False),
    ("StringLike", ["x", "*c"], "abc", True),
    ("StringLike", "A*", "abc", False),
    ("StringLike", "*", "", True),
    ("StringLike", "a*z", "a:/\nz", True),
    ("StringLike", "??", "𐐀", True),
    ("StringLike", "?", "𐐀", False),
    ("ArnLike", BASE_ARN, BASE_ARN, True),
    ("ArnEquals", "arn:aws:sqs:*:123456789012:a*", BASE_ARN, True),
    ("ArnEquals", "arn:aws:sqs:*:a:b", BASE_ARN, False),
    ("ArnLike", "arn:aws:*:*:*:*", BASE_ARN, True),
    ("ArnLike", "arn:aws:sqs:*2:1234?6789012:?:b", BASE_ARN, True),
    ("ArnLike", "arn:aws:sqs:us*:a:b", BASE_ARN, False),
    ("ArnLike", BASE_ARN.replace("sqs", "SQS"), BASE_ARN, False),
    ("NumericEquals", "1", "1.0", True),
    ("NumericEquals", 1.50, "+01.5", True),
    ("NumericEquals", "0.1", "0.10000000000000000001", False),
    ("NumericEquals", "1e2", "100", True),
    ("NumericEquals", "1", "one", False),
    ("DateEquals", "2026-10-04T00:00:00Z", "2026-10-04T02:00:00+02:00", True),
    ("DateEquals", "2026-10-04", "2026-10-04T00:00:00.0009Z", True),
    ("DateEquals", "2026-10-04T00:00Z", "2026-10-04T00:00:00.001Z", False),
    ("DateEquals", 1790000000, "2026-09-21T14:13:20Z", True),
    ("DateEquals", "1790000000.25", "2026-09-21T09:43:20.25-0430", True),
    ("DateEquals", "2026-10-04", "yesterday", False),
    ("IpAddress", "10.0.0.0/16", "10.0.1.5", True),
    ("IpAddress", "10.0.0.0/16", "10.1.1.5", False),
    ("IpAddress", "10.0.77.1/16", "10.0.1.5", True),
    ("IpAddress", "10.0.0.5", "10.0.0.5", True),
    ("IpAddress", "10.0.0.5", "10.0.0.6", False),
    ("IpAddress", "0.0.0.0/0", "10.0.0.6", True),
    ("IpAddress", "0.0.0.0/0", "2001:db8::1", False),
    ("IpAddress", "::/0", "10.0.0.6", False),
    ("IpAddress", ["10.0.0.0/8", "2001:db8::4/127"], "2001:db8::5", True),
    ("IpAddress", "2001:db8::1", "2001:DB8:0::1", True),
    ("IpAddress", "10.0.0.0/8", "::ffff:10.1.2.3", True),
]
NEGATIONS = {
    "StringEquals": "StringNotEquals",
    "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase",
    "StringLike": "StringNotLike",
    "ArnLike": "ArnNotLike",
    "ArnEquals": "ArnNotEquals",
    "NumericEquals": "NumericNotEquals",
    "DateEquals": "DateNotEquals",
    "IpAddress": "NotIpAddress",
}


@pytest.mark.parametrize(("operator", "operands", "value", "expected"), POSITIVE)
def test_operators_and_their_negations(operator: str, operands: object, value: str, expected: bool) -> None:
    assert compare(operator, operands, value) is expected
    assert compare(f"{operator}IfExists", operands, value) is expected
    assert compare(NEGATIONS[operator], operands, value) is not expected
    assert compare(f"{NEGATIONS[operator]}IfExists", operands, value) is not expected
    assert compare(f"ForAnyValue:{operator}", operands, (value,)) is expected
    assert compare(f"ForAllValues:{NEGATIONS[operator]}", operands, (value,)) is not expected


@pytest.mark.parametrize(
    ("operator", "operands", "value", "expected"),
    [
        ("NumericLessThan", 10, "9.5", True),
        ("NumericLessThan", 10, "10", False),
        ("NumericLessThan", [1, 10], "9", True),
        ("NumericLessThanEquals", 10, "10.0", True),
        ("NumericGreaterThan", "-1", "-0.5", True),
        ("NumericGreaterThan", 10, "ten", False),
        ("NumericGreaterThanEquals", 10, "10", True),
        ("DateLessThan", "2026-10-04T00:00:00Z", "2026-10-03T23:59:59Z", True),
        ("DateLessThanEquals", "2026-10-04T00:00:00Z", "2026-10-04T00:00:01Z", False),
        ("DateGreaterThan", "2026-10-04T00:00:00Z", "2026-10-04T00:00:00Z", False),
        ("DateGreaterThanEquals", "2026-10-04T00:00:00Z", "1791072000", True),
        ("DateGreaterThan", "2026-10-04", "never", False),
        ("Bool", "true", "TRUE", True),
        ("Bool", True, "true", True),
        ("Bool", False, "false", True),
        ("Bool", "False", "anything", True),
        ("Bool", "true", "1", False),
        ("Bool", ["true", "false"], "x", True),
        ("BinaryEquals", "cWFuYXQ=", "cWFuYXQ=", True),
        ("BinaryEquals", "cWFuYXQ=", "cWFuYXM=", False),
        ("BinaryEquals", "cWFuYXQ=", "é", False),
    ],
)
def test_operators_without_negation(operator: str, operands: object, value: str, expected: bool) -> None:
    assert compare(operator, operands, value) is expected


@pytest.mark.parametrize(
    "operator", ["IpAddress", "NotIpAddress", "NotIpAddressIfExists", "ForAnyValue:NotIpAddress"]
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("value", ["", "10.0.0", "10.0.0.1/32", "fe80::1%eth0", "localhost"])
def test_a_malformed_address_never_matches_even_negated(operator: str, effect: str, value: str) -> None:
    assert not compare(operator, "10.0.0.0/8", value, effect)


@pytest.mark.parametrize(
    "operator", ["ArnEquals", "ArnNotEquals", "ArnNotLikeIfExists", "ForAllValues:ArnNotLike"]
)
@pytest.mark.parametrize("value", ["", "arn:aws:sqs", "urn:aws:sqs:us-east-2:123456789012:q"])
def test_a_malformed_arn_never_matches_even_negated(operator: str, value: str) -> None:
    assert not compare(operator, "arn:aws:sqs:*:*:*", value)
    assert not compare(operator, "arn:aws:sqs:*:*:*", value, "Deny")


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_a_missing_key(name: str, effect: str) -> None:
    operand = {"A": BASE_ARN, "I": "10.0.0.1", "N": "1", "D": "1790000000", "B": "true"}
    value = "10.0.0.1" if name == "NotIpAddress" else operand.get(name[0], "x")
    assert compare(name, value, None, effect) is OPERATORS[name].negated
    assert compare(f"{name}IfExists", value, None, effect)
    assert compare(f"ForAllValues:{name}", value, None, effect)
    assert compare(f"ForAllValues:{name}IfExists", value, None, effect)
    assert not compare(f"ForAnyValue:{name}", value, None, effect)
    assert compare(f"ForAnyValue:{name}IfExists", value, None, effect)
    # Present but empty is not missing, and without a set operator a multivalued key matches nothing.
    for values in [(), (value,), (value, "other")]:
        for suffix in ("", "IfExists"):
            assert not compare(f"{name}{suffix}", value, values, effect)
    assert compare(f"ForAllValues:{name}IfExists", value, (), effect)
    assert not compare(f"ForAnyValue:{name}IfExists", value, (), effect)


SETS = [
    ("ForAllValues:StringEquals", ("a",), True),
    ("ForAllValues:StringEquals", ("a", "b"), True),
    ("ForAllValues:StringEquals", ("a", "c"), False),
    ("ForAllValues:StringEquals", ("a", ""), False),
    ("ForAnyValue:StringEquals", ("c", "b"), True),
    ("ForAnyValue:StringEquals", ("c",), False),
    ("ForAllValues:StringNotEquals", ("c", "d"), True),
    ("ForAllValues:StringNotEquals", ("c", "a"), False),
    ("ForAnyValue:StringNotEquals", ("c", "a"), True),
    ("ForAnyValue:StringNotEquals", ("b", "a"), False),
    ("ForAnyValue:StringLike", ("xyz", "a"), True),
    # A single-valued key is a set of one.
    ("ForAllValues:StringEquals", "a", True),
    ("ForAllValues:StringEquals", "c", False),
    ("ForAnyValue:StringEquals", "b", True),
    ("ForAnyValue:StringNotEquals", "b", False),
]


@pytest.mark.parametrize(("operator", "value", "expected"), SETS)
def test_multi_value_conditions(operator: str, value: str | tuple[str, ...], expected: bool) -> None:
    assert compare(operator, ["a", "b"], value) is expected


@pytest.mark.parametrize(
    ("operand", "value", "expected"),
    [
        ("true", None, True),
        ("true", "", False),
        ("true", (), False),
        ("false", None, False),
        (False, "", True),
        ("False", "x", True),
        ("false", (), True),
        (["true", "false"], None, True),
    ],
)
def test_null(operand: object, value: str | tuple[str, ...] | None, expected: bool) -> None:
    assert compare("Null", operand, value) is expected


@pytest.mark.parametrize("operand", ["true", "false"])
@pytest.mark.parametrize("value", [None, "x", (), ("x",)])
def test_null_with_qualifier_is_always_true_or_false(
    operand: str, value: str | tuple[str, ...] | None
) -> None:
    assert compare("ForAllValues:Null", operand, value)
    assert not compare("ForAnyValue:Null", operand, value)


def test_all_operators_and_all_keys_must_match() -> None:
    condition: dict[str, dict[str, object]] = {
        "StringEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"], "AWS:sourcevpc": "vpc-1"},
        "IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"},
    }
    context = {"aws:sourcevpce": "vpce-2", "aws:sourcevpc": "vpc-1", "aws:vpcsourceip": "10.9.9.9"}
    assert holds(condition, context)
    for key in context:
        assert not holds(condition, {**context, key: "192.0.2.1"})


VARIABLES = [
    ("StringEquals", "${aws:username}", {"aws:username": "v"}, True),
    ("StringEquals", "${aws:username}", {"aws:username": "w"}, False),
    ("StringEquals", ["x", "v"], {}, True),
    ("StringEquals", ["${aws:username}", "v"], {}, True),
    ("StringEquals", "${aws:username}", {}, False),
    ("StringNotEquals", "${aws:username}", {}, True),
    ("StringEquals", "${aws:username, 'v'}", {}, True),
    ("StringEquals", "${aws:username, 'v'}", {"aws:username": ("v",)}, False),
    ("StringNotEquals", "${aws:username, 'v'}", {"aws:username": ("v",)}, True),
    ("StringEqualsIgnoreCase", "${aws:username}", {"aws:username": "V"}, True),
    ("StringLike", "${aws:username}*", {"aws:username": ""}, True),
    ("StringLike", "${aws:username}", {"aws:username": "*"}, False),
    ("StringLike", "${aws:username}", {}, False),
    ("StringNotLike", "${aws:username}", {}, True),
    ("StringLike", "${*}", {}, False),
    ("Bool", "${aws:SecureTransport}", {"aws:securetransport": "false"}, True),
    ("Bool", "${aws:SecureTransport}", {"aws:securetransport": "true"}, False),
    ("Bool", "${aws:SecureTransport}", {}, False),
]


@pytest.mark.parametrize(("operator", "operands", "context", "expected"), VARIABLES)
def test_variables_in_conditions(operator: str, operands: object, context: Context, expected: bool) -> None:
    assert holds({operator: {K: operands}}, {K.lower(): "v", **context}) is expected


def test_variables_are_text_in_conditions_of_a_2008_policy() -> None:
    condition: dict[str, dict[str, object]] = {"StringEquals": {K: "${aws:username}"}}
    assert holds(condition, {K.lower(): "${aws:username}"}, version="2008-10-17")
    assert not holds(condition, {K.lower(): "v", "aws:username": "v"}, version="2008-10-17")


@pytest.mark.parametrize(
    ("operator", "name", "allow", "deny"),
    [
        ("ArnEquals", BASE_ARN, True, True),
        ("ArnEquals", BASE_ARN.replace("a:b", "*"), False, False),
        ("ArnNotEquals", BASE_ARN, False, False),
        # What does not expand to an ARN can never grant, yet takes part in a Deny.
        ("ArnEquals", "MyQueue", False, True),
        ("ArnNotEquals", "MyQueue", False, True),
    ],
)
def test_variables_in_arn_conditions(operator: str, name: str, allow: bool, deny: bool) -> None:
    context = {K.lower(): BASE_ARN, "aws:principaltag/queue": name}
    condition: dict[str, dict[str, object]] = {
        operator: {K: ["arn:aws:sns:*:*:*", "${aws:PrincipalTag/queue}"]}
    }
    assert holds(condition, context, "Allow") is allow
    assert holds(condition, context, "Deny") is deny
    assert not holds(condition, {**context, K.lower(): "no arn"}, "Deny")


@pytest.mark.parametrize("operand", ["*", "arn:aws:sqs", "MyQueue", "urn:aws:sqs:us-east-2:123456789012:q"])
@pytest.mark.parametrize("operator", ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"])
def test_an_operand_that_is_no_arn_never_grants_yet_takes_part_in_a_deny(operator: str, operand: str) -> None:
    for others in ([], ["arn:aws:sns:*:*:*"]):
        assert not compare(operator, [operand, *others], BASE_ARN, "Allow")
        assert compare(operator, [operand, *others], BASE_ARN, "Deny")
    # Its neighbours still count.
    assert compare(operator, [operand, BASE_ARN], BASE_ARN) is ("Not" not in operator)
    # The rules for the key come first.
    assert compare(operator, operand, None, "Deny") is ("Not" in operator)
    assert not compare(operator, operand, "no arn", "Deny")


def test_a_variable_that_expands_to_no_arn_does_not_hide_its_neighbours() -> None:
    operands = ["${aws:PrincipalTag/none}", "${aws:PrincipalTag/queue}"]
    context = {K.lower(): BASE_ARN, "aws:principaltag/none": "no arn", "aws:principaltag/queue": BASE_ARN}
    assert holds({"ArnEquals": {K: operands}}, context)


def test_a_variable_without_value_in_an_arn_condition_matches_nothing() -> None:
    for operator, expected in (("ArnLike", False), ("ArnNotLike", True)):
        condition: dict[str, dict[str, object]] = {operator: {K: "arn:aws:sqs:*:*:${aws:username}?"}}
        for effect in ("Allow", "Deny"):
            assert holds(condition, {K.lower(): BASE_ARN}, effect) is expected
    assert holds(
        {"ArnLike": {K: "arn:aws:sqs:*:*:${aws:username}?b"}}, {K.lower(): BASE_ARN, "aws:username": "a"}
    )


@pytest.mark.parametrize(
    "key",
    [
        "accounts.google.com:aud",
        "oidc.eks.us-east-2.amazonaws.com/id/0A:sub",
        "SAML:aud",
        "aws:PrincipalTag/a.b",
    ],
)
def test_keys_of_services_and_identity_providers(key: str) -> None:
    assert holds({"StringEquals": {key: "x"}}, {key.lower(): "x"})
    assert not holds({"StringEquals": {key: "x"}}, {})


@pytest.mark.parametrize("negated", ["", "Not"])
@pytest.mark.parametrize(
    ("operator", "operand", "value"),
    [
        ("Numeric{}Equals", "ten", "10"),
        ("Date{}Equals", "tomorrow", "2030-01-01"),
        ("{}IpAddress", "10.0.0.0/33", "10.0.0.1"),
    ],
)
def test_sts_takes_literals_that_are_none_and_they_fail_closed(
    operator: str, operand: str, value: str, negated: str
) -> None:
    name = operator.format(negated)
    for effect in ("Allow", "Deny"):
        statement = {"Effect": effect, "Action": "*", "Resource": "*", "Condition": {name: {K: operand}}}
        text = json.dumps({"Version": "2012-10-17", "Statement": statement})
        session = parse(text, PolicyKind.SESSION)
        assert session.statements[0].applies("*", {K.lower(): value}) is (effect == "Deny")
        with pytest.raises(PolicyInvalid):
            parse(text, PolicyKind.IDENTITY)


REFUSED = [
    ({"StringSimilar": {K: "x"}}, "`StringSimilar` is not a condition operator"),
    ({"stringequals": {K: "x"}}, "did you mean StringEquals?"),
    ({"stringequalsIfExists": {K: "x"}}, "did you mean StringEquals?"),
    ({"NullIfExists": {K: "true"}}, "is not a condition operator; did you mean Null?"),
    ({"ForAnyValue:NullIfExists": {K: "true"}}, "is not a condition operator; did you mean Null?"),
    ({"ForSomeValues:StringEquals": {K: "x"}}, "is not a condition operator"),
    ({"IfExists": {K: "x"}}, "is not a condition operator"),
    ({"StringEquals": "x"}, "must be an object"),
    ({"StringEquals": {K: []}}, "has no values"),
    ({"StringEquals": {K: None}}, "must be a string, a number, true or false, not null"),
    ({"StringEquals": {K: [["x"]]}}, "must be a string, a number, true or false, not a list"),
    ({"StringEquals": {K: {"x": "y"}}}, "must be a string, a number, true or false, not an object"),
    ({"StringEquals": {"username": "x"}}, "is not a condition key"),
    ({"StringEquals": {"aws:": "x"}}, "is not a condition key"),
    ({"StringEquals": {"aws:RequestTag/*": "x"}}, "is not a condition key"),
    ({"StringEquals": {K: "${aws:username"}}, "is not a policy variable"),
    ({"StringLike": {K: "${aws:username,x}"}}, "is not a policy variable"),
    ({"Bool": {K: "yes"}}, "`yes` is not true or false"),
    ({"Bool": {K: 1}}, "`1` is not true or false"),
    ({"Null": {K: "maybe"}}, "`maybe` is not true or false"),
    ({"NumericEquals": {K: "one"}}, "`one` is not a number"),
    ({"NumericEquals": {K: "${aws:username}"}}, "is not a number"),
    ({"NumericEquals": {K: True}}, "`true` is not a number"),
    ({"NumericEquals": {K: "1e9999999999"}}, "is not a number"),
    ({"NumericEquals": {K: "٣"}}, "is not a number"),
    ({"NumericEquals": {K: "9" * 101}}, "is not a number"),
    ({"DateEquals": {K: "2026"}}, "is not an ISO 8601 time"),
    ({"DateEquals": {K: "2026-13-01"}}, "is not an ISO 8601 time"),
    ({"DateEquals": {K: "2026-10-04T00:00:00"}}, "is not an ISO 8601 time"),
    ({"DateEquals": {K: "2026-10-04T00:00:00+99:00"}}, "is not an ISO 8601 time"),
    ({"DateEquals": {K: "tomorrow"}}, "is not an ISO 8601 time"),
    ({"BinaryEquals": {K: "=x"}}, "is not base64 text"),
    ({"BinaryEquals": {K: "é"}}, "is not base64 text"),
    *[
        ({operator: {K: ["10.0.0.0/8", operand]}}, "is not an IP address or CIDR block")
        for operator in ("IpAddress", "NotIpAddress")
        for operand in [
            "",
            "10.0.0",
            "10.0.0.*",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/255.0.0.0",
            "2001:db8::5/64",
            "2001:db8::/129",
            "::ffff:10.0.0.0/104",
            "fe80::1%eth0",
            "vpce-1a2b3c4d",
            "${aws:SourceIp}",
        ]
    ],
]


@pytest.mark.parametrize(("condition", "detail"), REFUSED)
def test_conditions_that_cannot_be_understood_are_refused(
    condition: dict[str, dict[str, object]], detail: str
) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        holds(condition, {})
    assert detail in caught.value.detail
    assert caught.value.path.startswith("Statement[0].Condition")
