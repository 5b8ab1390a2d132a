"""What `validate` finds: one small policy a check, and what holds of any text whatsoever."""

import json
from time import process_time
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

AS_PRINTED = """{
   "Statement": [{
      "Action": ["sqs:SendMessage"],
      "Effect": "Allow",
      "Resource": "arn:aws:sqs:us-east-2:123456789012:MyQueue",
      "Principal": {
        "AWS": "arn:aws:iam:123456789012:user/MyUser"
      }
   }]
}"""
ACCOUNT = "123456789012"
TOPIC = f"arn:aws:sns:us-east-2:{ACCOUNT}:t"
QUEUE = f"arn:aws:sqs:us-east-2:{ACCOUNT}:MyQueue"
USER = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/MyUser"}
IDENTITY, RESOURCE, ENDPOINT, TRUST, SCP = (
    PolicyKind.IDENTITY,
    PolicyKind.RESOURCE,
    PolicyKind.ENDPOINT,
    PolicyKind.TRUST,
    PolicyKind.SERVICE_CONTROL,
)
STATEMENT = {"Effect": "Allow", "Principal": USER, "Action": "sqs:SendMessage", "Resource": QUEUE}


def text(*statements: object, **elements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **elements})


def statement(*without: str, **elements: object) -> dict[str, object]:
    return {key: value for key, value in {**STATEMENT, **elements}.items() if key not in without}


def queue(*without: str, **elements: object) -> tuple[str, PolicyKind]:
    return text(statement(*without, **elements)), RESOURCE


def user(*without: str, **elements: object) -> tuple[str, PolicyKind]:
    return text(statement("Principal", *without, **elements)), IDENTITY


def endpoint(**elements: object) -> tuple[str, PolicyKind]:
    return text(statement(**elements)), ENDPOINT


def when(operator: str, key: str, value: object, **elements: object) -> tuple[str, PolicyKind]:
    return queue(Condition={operator: {key: value}}, **elements)


def codes(found: tuple[Found, ...]) -> list[str]:
    return [finding.code for finding in found]


S = "Statement[0]"
CASES: list[tuple[tuple[str, PolicyKind], str, str]] = [
    (("{", RESOURCE), "JSON_SYNTAX_ERROR", ""),
    (("[]", RESOURCE), "DATA_TYPE_MISMATCH", ""),
    (("{}", RESOURCE), "MISSING_STATEMENT", "Statement"),
    ((text(), RESOURCE), "MISSING_STATEMENT", "Statement"),
    ((text(5), RESOURCE), "DATA_TYPE_MISMATCH", S),
    ((json.dumps({"Statement": STATEMENT}), RESOURCE), "MISSING_VERSION", ""),
    ((text(STATEMENT, Version="2012-10-18"), RESOURCE), "INVALID_VERSION", "Version"),
    ((text(STATEMENT, statements=1), RESOURCE), "INVALID_POLICY_ELEMENT", "statements"),
    ((text(STATEMENT, Id=1), RESOURCE), "DATA_TYPE_MISMATCH", "Id"),
    ((text(statement("Principal"), Id="x"), IDENTITY), "INVALID_POLICY_ELEMENT", "Id"),
    (queue(action="sqs:*"), "INVALID_POLICY_ELEMENT", f"{S}.action"),
    (queue("Effect"), "MISSING_EFFECT", S),
    (queue(Effect="allow"), "INVALID_EFFECT", f"{S}.Effect"),
    (queue(Sid=""), "EMPTY_SID_VALUE", f"{S}.Sid"),
    (queue(Sid=1), "DATA_TYPE_MISMATCH", f"{S}.Sid"),
    (user(Sid="a-b"), "UNSUPPORTED_SID", f"{S}.Sid"),
    (
        (text(statement("Principal", Sid="A"), statement("Principal", Sid="A", Action="sqs:Get*")), IDENTITY),
        "UNIQUE_SIDS_REQUIRED",
        "Statement[1].Sid",
    ),
    (
        (text(statement(Sid="A"), statement(Sid="A", Action="sqs:Get*")), RESOURCE),
        "UNIQUE_SIDS_RECOMMENDED",
        "Statement[1].Sid",
    ),
    # Principals.
    (queue("Principal"), "MISSING_PRINCIPAL", S),
    ((text(STATEMENT), IDENTITY), "UNSUPPORTED_PRINCIPAL", f"{S}.Principal"),
    ((text(STATEMENT), SCP), "SCP_SYNTAX_ERROR_PRINCIPAL", f"{S}.Principal"),
    (queue(NotPrincipal="*"), "UNSUPPORTED_ELEMENT_COMBINATION", f"{S}.NotPrincipal"),
    (queue(Principal=ACCOUNT), "INVALID_PRINCIPAL_FORMAT", f"{S}.Principal"),
    (queue(Principal={"aws": ACCOUNT}), "INVALID_PRINCIPAL_KEY", f"{S}.Principal.aws"),
    (queue(Principal={"AWS": []}), "EMPTY_ARRAY_PRINCIPAL", f"{S}.Principal"),
    (queue(Principal={"AWS": [5]}), "DATA_TYPE_MISMATCH", f"{S}.Principal.AWS[0]"),
    (queue(Principal={"AWS": ["1234-5678-9012"]}), "INVALID_PRINCIPAL", f"{S}.Principal.AWS[0]"),
    (
        queue(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/*"}),
        "UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
        f"{S}.Principal.AWS[0]",
    ),
    ((AS_PRINTED, ENDPOINT), "PRINCIPAL_ARN_REPAIRED", f"{S}.Principal.AWS[0]"),
    (queue("Principal", NotPrincipal=USER), "ALLOW_WITH_NOT_PRINCIPAL", f"{S}.NotPrincipal"),
    (
        queue("Principal", NotPrincipal=USER, Effect="Deny"),
        "NOT_PRINCIPAL_WITHOUT_ACCOUNT",
        f"{S}.NotPrincipal.AWS[0]",
    ),
    (
        queue(Principal={"Service": "sns.amazonaws.com"}),
        "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL",
        f"{S}.Principal.Service[0]",
    ),
    (
        queue(Principal={"AWS": "999999999999"}, Action=["sqs:SendMessage", "sqs:DeleteQueue"]),
        "ACTION_NOT_GRANTED_ACROSS_ACCOUNTS",
        f"{S}.Action[1]",
    ),
    (queue(Principal="*"), "PUBLIC_QUEUE", f"{S}.Principal"),
    # Actions and resources.
    (queue("Action"), "MISSING_ACTION", S),
    (queue(Action=[]), "EMPTY_ARRAY_ACTION", f"{S}.Action"),
    (queue(Action=[1]), "DATA_TYPE_MISMATCH", f"{S}.Action[0]"),
    (queue(Action="SendMessage"), "INVALID_ACTION", f"{S}.Action[0]"),
    (user(Action=["sqs:*", "sqs:RecieveMessage"]), "INVALID_ACTION", f"{S}.Action[1]"),
    (endpoint(Action="sqs:SendMessageBatch"), "INVALID_ACTION", f"{S}.Action[0]"),
    (queue(Action="s3:GetObject"), "UNSUPPORTED_ACTION_IN_POLICY", f"{S}.Action[0]"),
    (queue(Action="sqs:${aws:username}"), "VARIABLE_UNSUPPORTED_IN_ELEMENT", f"{S}.Action[0]"),
    (user("Action", NotAction="sqs:SendMessage"), "ALLOW_WITH_NOT_ACTION", f"{S}.NotAction"),
    (user(Action="s?s:SendMessage"), "WILDCARD_IN_SERVICE_NAME", f"{S}.Action[0]"),
    (user(Action=["sqs:Send*", "sqs:SendMessage", "sqs:*"]), "REDUNDANT_ACTION", f"{S}.Action[0]"),
    (user(Action=["sqs:sendmessage", "sqs:SendMessage"]), "REDUNDANT_ACTION", f"{S}.Action[1]"),
    (queue("Resource"), "MISSING_RESOURCE", S),
    (queue(Resource=[]), "EMPTY_ARRAY_RESOURCE", f"{S}.Resource"),
    (queue(Resource="MyQueue"), "INVALID_ARN_PREFIX", f"{S}.Resource[0]"),
    (queue(Resource="arn:aws:sqs:MyQueue"), "MISSING_ARN_FIELD", f"{S}.Resource[0]"),
    (queue(Resource="arn:aws:sqs:*"), "ARN_WITH_FEWER_FIELDS", f"{S}.Resource[0]"),
    (queue(Resource="arn:aws:sqs:us-east-2::q"), "ARN_OF_NO_QUEUE", f"{S}.Resource[0]"),
    (queue(Resource=QUEUE.replace("aws", "azure")), "INVALID_PARTITION", f"{S}.Resource[0]"),
    (queue(Resource="arn:aws:s3:::b"), "UNSUPPORTED_RESOURCE_ARN_IN_POLICY", f"{S}.Resource[0]"),
    (queue(Resource="arn:aws:sqs:${aws:x}:1:q"), "POLICY_REFUSED", f"{S}.Resource[0]"),
    (queue(Resource=f"{QUEUE}${{aws:x"), "MISSING_BRACE_IN_VARIABLE", f"{S}.Resource[0]"),
    (queue(Resource=f"{QUEUE}${{}}"), "EMPTY_VARIABLE", f"{S}.Resource[0]"),
    (queue(Resource=f"{QUEUE}${{aws:username, x}}"), "MISSING_QUOTE_IN_VARIABLE", f"{S}.Resource[0]"),
    (
        (text(statement(Resource=f"{QUEUE}${{aws:username}}"), Version="2008-10-17"), RESOURCE),
        "VARIABLE_UNSUPPORTED_IN_VERSION",
        f"{S}.Resource[0]",
    ),
    (user("Resource", NotResource=QUEUE), "ALLOW_WITH_NOT_RESOURCE", f"{S}.NotResource"),
    (user(Resource=[QUEUE, "arn:aws:sqs:us-east-2:*"]), "REDUNDANT_RESOURCE", f"{S}.Resource[0]"),
    (user(Action=["sqs:ListQueues"]), "ACTION_NEEDS_ALL_RESOURCES", f"{S}.Action[0]"),
    (
        (text(statement("Resource", "Action", Action="sts:AssumeRole", NotResource="*")), TRUST),
        "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE",
        f"{S}.NotResource",
    ),
    ((text(STATEMENT, {"Sid": "x", **STATEMENT}), RESOURCE), "REDUNDANT_STATEMENT", "Statement[1]"),
    # Conditions.
    (queue(Condition={}), "EMPTY_OBJECT_CONDITION", f"{S}.Condition"),
    (queue(Condition=[]), "DATA_TYPE_MISMATCH", f"{S}.Condition"),
    (queue(Condition={"Bool": 1}), "DATA_TYPE_MISMATCH", f"{S}.Condition.Bool"),
    (
        when("StringEqual", "aws:userid", "x"),
        "INVALID_CONDITION_OPERATOR",
        f"{S}.Condition.StringEqual",
    ),
    (when("NullIfExists", "aws:userid", "x"), "NULL_WITH_IF_EXISTS", f"{S}.Condition.NullIfExists"),
    (
        when("ForAllValues:Null", "aws:TagKeys", "true"),
        "NULL_WITH_QUALIFIER",
        f"{S}.Condition.ForAllValues:Null",
    ),
    (
        when("StringEquals", "username", "x"),
        "INVALID_CONDITION_KEY_FORMAT",
        f"{S}.Condition.StringEquals.username",
    ),
    (
        when("StringEquals", "aws:SourceVpcEndpoint", "vpce-1a2b3c4d"),
        "INVALID_GLOBAL_CONDITION_KEY",
        f"{S}.Condition.StringEquals.aws:SourceVpcEndpoint",
    ),
    (
        when("StringEquals", "sqs:SourceVpce", "vpce-1a2b3c4d"),
        "INVALID_SERVICE_CONDITION_KEY",
        f"{S}.Condition.StringEquals.sqs:SourceVpce",
    ),
    (
        when("ArnEquals", "aws:ARN", QUEUE),
        "UNSUPPORTED_GLOBAL_CONDITION_KEY",
        f"{S}.Condition.ArnEquals.aws:ARN",
    ),
    (
        when("StringEquals", "aws:ResourceTag/", "x"),
        "MISSING_TAG_KEY_IN_CONDITION",
        f"{S}.Condition.StringEquals.aws:ResourceTag/",
    ),
    (
        queue(Condition={"StringEquals": {"aws:userid": "x", "AWS:UserId": "y"}}),
        "DUPLICATE_KEYS_WITH_DIFFERENT_CASE",
        f"{S}.Condition.StringEquals.AWS:UserId",
    ),
    (
        when("StringEquals", "aws:userid", []),
        "EMPTY_ARRAY_CONDITION",
        f"{S}.Condition.StringEquals.aws:userid",
    ),
    (
        when("StringEquals", "aws:userid", [None]),
        "DATA_TYPE_MISMATCH",
        f"{S}.Condition.StringEquals.aws:userid[0]",
    ),
    (
        when("IpAddress", "aws:SourceVpce", "10.0.0.0/8"),
        "TYPE_MISMATCH",
        f"{S}.Condition.IpAddress.aws:SourceVpce",
    ),
    (
        when("StringEquals", "aws:CalledVia", "sqs.amazonaws.com"),
        "MISSING_QUALIFIER",
        f"{S}.Condition.StringEquals.aws:CalledVia",
    ),
    (
        when("ForAllValues:StringEquals", "aws:SourceVpce", "vpce-1a2b3c4d"),
        "FORALLVALUES_WITH_SINGLE_VALUED_KEY",
        f"{S}.Condition.ForAllValues:StringEquals.aws:SourceVpce",
    ),
    (
        when("ForAllValues:StringEquals", "aws:TagKeys", "team"),
        "FORALLVALUES_WITHOUT_NULL_CHECK",
        f"{S}.Condition.ForAllValues:StringEquals.aws:TagKeys",
    ),
    (
        when("Null", "aws:TagKeys", ["true", False]),
        "INVALID_CONDITION_MULTIPLE_BOOLEAN",
        f"{S}.Condition.Null.aws:TagKeys",
    ),
    (
        when("StringEquals", "aws:userid", "AIDA*"),
        "WILDCARD_WITHOUT_LIKE_OPERATOR",
        f"{S}.Condition.StringEquals.aws:userid[0]",
    ),
    (
        when("StringEquals", "aws:SourceVpc", "vpce-1a2b3c4d"),
        "INVALID_VPC_FORMAT",
        f"{S}.Condition.StringEquals.aws:SourceVpc[0]",
    ),
    (
        when(
            "StringNotEquals", "aws:SourceVpce", f"arn:aws:ec2:us-east-2:{ACCOUNT}:vpc-endpoint/vpce-1a2b3c4d"
        ),
        "INVALID_VPCE_FORMAT",
        f"{S}.Condition.StringNotEquals.aws:SourceVpce[0]",
    ),
    (
        when("DateLessThan", "aws:CurrentTime", "2030-01-01T00:00:00"),
        "TYPE_MISMATCH_DATE",
        f"{S}.Condition.DateLessThan.aws:CurrentTime[0]",
    ),
    (
        when("NumericLessThan", "aws:MultiFactorAuthAge", "1h"),
        "TYPE_MISMATCH_NUMBER",
        f"{S}.Condition.NumericLessThan.aws:MultiFactorAuthAge[0]",
    ),
    (
        when("Bool", "aws:SecureTransport", "yes"),
        "TYPE_MISMATCH_BOOLEAN",
        f"{S}.Condition.Bool.aws:SecureTransport[0]",
    ),
    (
        when("BinaryEquals", "aws:userid", "?"),
        "TYPE_MISMATCH_STRING",
        f"{S}.Condition.BinaryEquals.aws:userid[0]",
    ),
    (
        when("IpAddress", "aws:SourceIp", ["2001:db8::/32", "2001:db8::1/32"]),
        "TYPE_MISMATCH_IP_RANGE",
        f"{S}.Condition.IpAddress.aws:SourceIp[1]",
    ),
    (
        when("IpAddress", "aws:SourceIp", "203.0.113.7/24"),
        "IMPROVE_IP_RANGE",
        f"{S}.Condition.IpAddress.aws:SourceIp[0]",
    ),
    (
        when("NumericLessThan", "aws:MultiFactorAuthAge", [1, 2]),
        "REDUNDANT_CONDITION_VALUE_NUM",
        f"{S}.Condition.NumericLessThan.aws:MultiFactorAuthAge",
    ),
    (
        when("DateLessThan", "aws:CurrentTime", "${aws:TokenIssueTime}"),
        "INVALID_VARIABLE_FOR_OPERATOR",
        f"{S}.Condition.DateLessThan.aws:CurrentTime[0]",
    ),
    (
        when("ArnEquals", "aws:PrincipalArn", "MyUser"),
        "INVALID_ARN_OPERAND",
        f"{S}.Condition.ArnEquals.aws:PrincipalArn[0]",
    ),
    (
        queue(
            Condition={
                "IpAddress": {"aws:SourceIp": "203.0.113.0/24"},
                "StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"},
            }
        ),
        "CONTRADICTORY_CONDITION_KEYS",
        f"{S}.Condition.IpAddress.aws:SourceIp",
    ),
    (
        queue(
            Condition={
                "Null": {"aws:SourceVpc": "true"},
                "StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"},
            }
        ),
        "CONTRADICTORY_CONDITION_KEYS",
        f"{S}.Condition.Null.aws:SourceVpc",
    ),
    (
        endpoint(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        "CONDITION_KEY_NEVER_PRESENT",
        f"{S}.Condition.IpAddress.aws:SourceIp",
    ),
    (
        when("NotIpAddress", "aws:SourceIp", "203.0.113.0/24", Effect="Deny"),
        "DENY_HITS_ENDPOINTS",
        f"{S}.Condition.NotIpAddress.aws:SourceIp",
    ),
    # The whole.
    (queue(Principal="*", Effect="Deny", Action="sqs:*"), "LOCKS_OUT_EVERYONE", f"{S}.Action[0]"),
    (
        when(
            "StringNotEquals",
            "aws:SourceVpce",
            "vpce-1a2b3c4d",
            Principal="*",
            Effect="Deny",
            Action=["sqs:SendMessage", "sqs:Set*"],
        ),
        "LOCKS_OUT_ADMINISTRATORS",
        f"{S}.Action[1]",
    ),
    (endpoint(Effect="Deny"), "NO_ALLOW", ""),
    (
        endpoint(Condition={"StringLike": {"aws:SourceVpc": "vpc-12345*"}}),
        "ENDPOINT_WILDCARD",
        f"{S}.Condition.StringLike.aws:SourceVpc[0]",
    ),
    ((text(STATEMENT).ljust(8_193), RESOURCE), "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", ""),
    ((text(STATEMENT).ljust(7_400), RESOURCE), "POLICY_SIZE_NEAR_QUOTA", ""),
    ((text(STATEMENT).ljust(20_481), ENDPOINT), "POLICY_OVER_QUOTA", ""),
    ((text(*[STATEMENT] * 21), RESOURCE), "POLICY_OVER_QUOTA", "Statement"),
    (user(Sid="x" * 6_200), "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", ""),
]


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
    (text(statement("Principal", Action="*", Resource="*")), IDENTITY),
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
        (text(statement("Resource")), TRUST),
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
    start = process_time()
    assert len(validate(policy, kind)) <= 1_000
    # A second at most, where quadratic reading would take minutes.
    assert process_time() - start < 4
