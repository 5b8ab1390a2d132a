"""The tables and examples of conditions in the IAM User Guide, row by row.

IAM User Guide: reference_policies_condition-logic-multiple-context-keys-or-values,
reference_policies_condition_examples-single-valued-context-keys and ...-multi-valued-context-keys,
reference_policies_multi-value-conditions, reference_policies_elements_condition_operators,
reference_policies_examples_aws_deny-ip, ..._aws_deny-requested-region, ..._aws-dates, ..._aws_mfa-dates, access_tags.
"""

import pytest

from support.pages import ADMINISTRATOR, ALLOWED, EXPLICIT, IMPLICIT, Ask, Given, Json, decision, of

ACCOUNT = "123456789012"
USER = f"arn:aws:iam::{ACCOUNT}:user/richard-roe"
DEPARTMENT, ROLE, WHO = "aws:PrincipalTag/department", "aws:PrincipalTag/role", "aws:PrincipalArn"


def allow(action: str | list[str], condition: Json, resource: str = "*") -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition}


def deny(action: str | list[str], condition: Json, resource: str | list[str] = "*") -> Json:
    return {"Effect": "Deny", "Action": action, "Resource": resource, "Condition": condition}


def several(operator: str) -> Json:
    """A bucket's policy: two keys of tags under one operator, and the ARN under another."""
    people = [f"arn:aws:iam::222222222222:user/{name}" for name in ("Ana", "Mary")]
    tags = {DEPARTMENT: ["finance", "hr", "legal"], ROLE: ["audit", "security"]}
    return of(
        {
            "Sid": "ExamplePolicy",
            **allow("s3:ListBucket", {"StringEquals": tags, operator: {WHO: people}}, "arn:aws:s3:::demo"),
            "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
        }
    )


TAGGED_HR: Given = {DEPARTMENT: "hr", ROLE: "audit"}
LOGIC = [
    ("ArnLike", "Mary", {DEPARTMENT: "legal", ROLE: "audit"}, True),
    ("ArnLike", "Nikki", TAGGED_HR, False),
    ("ArnLike", "Mary", {DEPARTMENT: "hr", ROLE: "payroll"}, False),
    ("ArnLike", "Mary", {DEPARTMENT: "hr"}, False),
    ("ArnLike", "Mary", {}, False),
    # Negated: none of the values may match.
    ("ArnNotLike", "Nikki", {DEPARTMENT: "legal", ROLE: "audit"}, True),
    ("ArnNotLike", "Mary", TAGGED_HR, False),
    ("ArnNotLike", "Nikki", {DEPARTMENT: "hr", ROLE: "payroll"}, False),
    ("ArnNotLike", "Nikki", {DEPARTMENT: "hr"}, False),
    ("ArnNotLike", "Nikki", {}, False),
]


@pytest.mark.parametrize(("operator", "name", "context", "matches"), LOGIC)
def test_conditions_with_multiple_keys_or_values(
    operator: str, name: str, context: Given, matches: bool
) -> None:
    # The bucket is another account's, so that its policy decides.
    ask = Ask(f"arn:aws:iam::222222222222:user/{name}", "s3:ListBucket", "arn:aws:s3:::demo", context)
    found = decision(ask, identity=[ADMINISTRATOR], resource=several(operator), account=ACCOUNT)
    assert found == (ALLOWED if matches else IMPLICIT)


VOLUME = f"arn:aws:ec2:us-east-1:{ACCOUNT}:volume/vol-1"
PROJECT, ENVIRONMENT = "aws:RequestTag/project", "aws:RequestTag/environment"
VOLUMES = of(
    {"Effect": "Allow", "Action": "ec2:CreateVolume", "Resource": "*"},
    allow("ec2:CreateTags", {"StringLike": {PROJECT: "*"}}, f"arn:aws:ec2:us-east-1:{ACCOUNT}:volume/*"),
    allow(
        "ec2:CreateTags",
        {"StringNotEquals": {"aws:ResourceTag/environment": "production"}},
        f"arn:aws:ec2:us-east-1:{ACCOUNT}:*/*",
    ),
)
CLUSTERS = [f"arn:aws:ecs:us-east-1:111122223333:cluster/default{n}" for n in (1, 2)]
TASKS = of(
    allow(
        ["ecs:RunTask", "ecs:StartTask"],
        {
            "StringEquals": {ENVIRONMENT: ["production", "prod-backup"]},
            "ArnEquals": {"ecs:cluster": CLUSTERS},
        },
    )
)
INSTANCE = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-1"
TASK = f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/t"
OWNED = of(
    allow(
        ["ec2:StartInstances", "ec2:StopInstances"],
        {"StringEquals": {"aws:ResourceTag/Owner": "${aws:username}"}},
        "arn:aws:ec2:*:*:instance/*",
    ),
    {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"},
)
CREATE_TAGS = of(
    allow(
        "ec2:CreateTags",
        {
            "StringEquals": {ENVIRONMENT: ["preprod", "production"]},
            "ForAllValues:StringEquals": {"aws:TagKeys": "environment"},
        },
        "arn:aws:ec2:*:*:instance/*",
    )
)
SINGLE = [
    (VOLUMES, Ask(USER, "ec2:CreateVolume", VOLUME), ALLOWED),
    (VOLUMES, Ask(USER, "ec2:CreateTags", VOLUME, {PROJECT: "Feature3", ENVIRONMENT: "QA"}), ALLOWED),
    # Of the page's two statements either suffices, so it grants more than its prose says.
    (VOLUMES, Ask(USER, "ec2:CreateTags", VOLUME, {"aws:ResourceTag/environment": "production"}), IMPLICIT),
    (TASKS, Ask(USER, "ecs:RunTask", TASK, {ENVIRONMENT: "production", "ecs:cluster": CLUSTERS[0]}), ALLOWED),
    (
        TASKS,
        Ask(USER, "ecs:RunTask", TASK, {ENVIRONMENT: "prod-backup", "ecs:cluster": CLUSTERS[1]}),
        ALLOWED,
    ),
    (
        TASKS,
        Ask(
            USER, "ecs:RunTask", TASK, {"aws:RequestTag/webserver": "production", "ecs:cluster": CLUSTERS[1]}
        ),
        IMPLICIT,
    ),
    (TASKS, Ask(USER, "ecs:RunTask", TASK, {"ecs:cluster": CLUSTERS[1]}), IMPLICIT),
    # Owner and owner are one key; the value is the user's name.
    (OWNED, Ask(USER, "ec2:StartInstances", INSTANCE, {"aws:ResourceTag/Owner": "richard-roe"}), ALLOWED),
    (OWNED, Ask(USER, "ec2:StartInstances", INSTANCE, {"aws:ResourceTag/owner": "richard-roe"}), ALLOWED),
    (OWNED, Ask(USER, "ec2:StartInstances", INSTANCE, {"aws:ResourceTag/Owner": "Richard-Roe"}), IMPLICIT),
    (OWNED, Ask(USER, "ec2:StartInstances", INSTANCE), IMPLICIT),
    # The tag has to have one of two values, and no other key may come with it.
    (
        CREATE_TAGS,
        Ask(USER, "ec2:CreateTags", INSTANCE, {ENVIRONMENT: "preprod", "aws:TagKeys": ["environment"]}),
        ALLOWED,
    ),
    (
        CREATE_TAGS,
        Ask(USER, "ec2:CreateTags", INSTANCE, {ENVIRONMENT: "preprod", "aws:TagKeys": ["environment", "x"]}),
        IMPLICIT,
    ),
    (
        CREATE_TAGS,
        Ask(USER, "ec2:CreateTags", INSTANCE, {ENVIRONMENT: "preprod", "aws:TagKeys": ["Environment"]}),
        IMPLICIT,
    ),
    (
        CREATE_TAGS,
        Ask(USER, "ec2:CreateTags", INSTANCE, {ENVIRONMENT: "test", "aws:TagKeys": ["environment"]}),
        IMPLICIT,
    ),
]


@pytest.mark.parametrize(("policy", "ask", "expected"), SINGLE)
def test_single_valued_keys(policy: Json, ask: Ask, expected: str) -> None:
    assert decision(ask, identity=[policy]) == expected


TAG_KEYS = "aws:TagKeys"
ONE_PREFIX = of(deny(["iam:Tag*", "iam:UnTag*"], {"ForAllValues:StringNotLike": {TAG_KEYS: "key1*"}}, ["*"]))
TWO_PREFIXES = of(
    deny(["iam:Tag*", "iam:UnTag*"], {"ForAllValues:StringNotLike": {TAG_KEYS: ["key1*", "key2*"]}}, ["*"])
)
NOT_NULL = of(
    deny(
        ["iam:Tag*", "iam:UnTag*"],
        {
            "Null": {TAG_KEYS: "false"},
            "ForAllValues:StringLike": {TAG_KEYS: ["key1*", "key2*", "key3*"]},
        },
        ["*"],
    )
)
MULTI = [
    (ONE_PREFIX, ["key1:legal"], False),
    (ONE_PREFIX, ["key1:hr", "key1:personnel"], False),
    (ONE_PREFIX, ["key2:audit"], True),
    (ONE_PREFIX, None, True),
    (TWO_PREFIXES, ["key1:legal"], False),
    (TWO_PREFIXES, ["key1:hr", "key1:personnel"], False),
    (TWO_PREFIXES, ["key1:hr", "key2:audit"], False),
    (TWO_PREFIXES, ["key3:legal"], True),
    (TWO_PREFIXES, None, True),
    # An earlier print of the page: the prefixes are forbidden, and Null makes an absent key no match.
    (NOT_NULL, ["key1:legal", "key3:hr"], True),
    (NOT_NULL, ["key1:legal", "key4:hr"], False),
    (NOT_NULL, None, False),
]


@pytest.mark.parametrize(("policy", "keys", "matches"), MULTI)
def test_for_all_values_in_a_deny(policy: Json, keys: list[str] | None, matches: bool) -> None:
    context: Given = {} if keys is None else {TAG_KEYS: list(keys)}
    expected = EXPLICIT if matches else ALLOWED
    for action in ("iam:TagUser", "iam:UntagRole"):
        ask = Ask(USER, action, f"arn:aws:iam::{ACCOUNT}:user/any", context)
        assert decision(ask, identity=[ADMINISTRATOR, policy]) == expected


@pytest.mark.parametrize(
    ("keys", "matches"),
    [
        (["webserver"], True),
        (["environment", "webserver", "test"], True),
        (["environment", "test"], False),
        (None, False),
    ],
)
def test_for_any_value_in_a_deny(keys: list[str] | None, matches: bool) -> None:
    snapshots = ["ec2:CreateSnapshot", "ec2:CreateSnapshots"]
    condition = {"ForAnyValue:StringEquals": {TAG_KEYS: "webserver"}}
    policy = of(deny(snapshots, condition, "arn:aws:ec2:us-west-2::snapshot/*"))
    context: Given = {} if keys is None else {TAG_KEYS: list(keys)}
    ask = Ask(USER, snapshots[0], "arn:aws:ec2:us-west-2::snapshot/snap-1", context)
    found = decision(ask, identity=[ADMINISTRATOR, policy], account=ACCOUNT)
    assert found == (EXPLICIT if matches else ALLOWED)


THREAD, ATTRIBUTES = f"arn:aws:dynamodb:us-east-2:{ACCOUNT}:table/Thread", "dynamodb:Attributes"
ONLY = "ForAllValues:StringEquals"
GET_ITEM = of(
    allow(
        "dynamodb:GetItem",
        {ONLY: {ATTRIBUTES: ["ID", "Message", "Tags"]}},
        "arn:aws:dynamodb:*:*:table/Thread",
    )
)
GET_DATES = of(
    allow(
        "dynamodb:GetItem",
        {ONLY: {ATTRIBUTES: ["PostDateTime", "Message", "Tags"]}},
        "arn:aws:dynamodb:*:*:table/Thread",
    )
)
PUT_ITEM = of(
    deny(
        "dynamodb:PutItem",
        {"ForAnyValue:StringEquals": {ATTRIBUTES: ["ID", "PostDateTime"]}},
        "arn:aws:dynamodb:*:*:table/Thread",
    )
)


@pytest.mark.parametrize(
    ("policy", "action", "attributes", "expected"),
    [
        (GET_ITEM, "dynamodb:GetItem", ["Message", "Tags", "ID"], ALLOWED),
        (GET_ITEM, "dynamodb:GetItem", ["ID", "Message", "Tags", "UserName"], IMPLICIT),
        (GET_ITEM, "dynamodb:GetItem", [], ALLOWED),  # The page's warning: true of no values at all.
        (GET_ITEM, "dynamodb:GetItem", None, ALLOWED),
        (GET_DATES, "dynamodb:GetItem", ["PostDateTime", "UserName"], IMPLICIT),
        (PUT_ITEM, "dynamodb:PutItem", ["PostDateTime", "Message"], EXPLICIT),
        (PUT_ITEM, "dynamodb:PutItem", ["UserName", "Message", "PostDateTime"], EXPLICIT),
        (PUT_ITEM, "dynamodb:PutItem", ["UserName"], IMPLICIT),  # Not denied, and allowed by nothing.
        (PUT_ITEM, "dynamodb:PutItem", [], IMPLICIT),
    ],
)
def test_attributes_of_an_item(
    policy: Json, action: str, attributes: list[str] | None, expected: str
) -> None:
    context: Given = {} if attributes is None else {ATTRIBUTES: list(attributes)}
    assert decision(Ask(USER, action, THREAD, context), identity=[policy]) == expected


KEYS_OF_USERS = f"arn:aws:iam::{ACCOUNT}:user/*"
ONES_KEY = f"arn:aws:iam::{ACCOUNT}:user/any"


def access_keys(condition: Json) -> Json:
    return of(allow("iam:*AccessKey*", condition, KEYS_OF_USERS))


BY_TAG = access_keys({"StringEquals": {"aws:PrincipalTag/job-category": "iamuser-admin"}})
FRESH = access_keys({"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}})
BY_ADDRESS = access_keys({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
UP_TO_TEN = of(
    allow("s3:ListBucket", {"NumericLessThanEquals": {"s3:max-keys": "10"}}, "arn:aws:s3:::example_bucket")
)
NO_TLS = of(
    {
        "Sid": "BooleanExample",
        **deny(
            "s3:*", {"Bool": {"aws:SecureTransport": "false"}}, ["arn:aws:s3:::demo", "arn:aws:s3:::demo/*"]
        ),
    }
)
BOTH_IPS = of(
    allow("someservice:*", {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]}})
)
TYPES = ["t1.*", "t2.*", "m3.*"]
BAD_TYPES = of(allow("ec2:RunInstances", {"StringLike": {"ec2:InstanceType": TYPES}}))
GOOD_TYPES = of(allow("ec2:RunInstances", {"StringLikeIfExists": {"ec2:InstanceType": TYPES}}))
LONG_TERM = of(allow("ec2:*", {"Null": {"aws:TokenIssueTime": "true"}}))
FINANCE = {"example:source": "arn:aws:someservice:*:111122223333:finance/*"}
TRICK = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"
BINARY = of(allow("example:Do", {"BinaryEquals": {"example:key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}))
KEY_ACTION, BUCKET, OBJECT = "iam:CreateAccessKey", "arn:aws:s3:::example_bucket", "arn:aws:s3:::demo/x"
IMAGE = "arn:aws:ec2:us-east-1::image/ami-1"

OPERATORS = [
    (BY_TAG, KEY_ACTION, ONES_KEY, {"aws:PrincipalTag/job-category": "iamuser-admin"}, ALLOWED),
    (BY_TAG, KEY_ACTION, ONES_KEY, {"aws:PrincipalTag/job-category": "Iamuser-admin"}, IMPLICIT),
    (BY_TAG, KEY_ACTION, ONES_KEY, {}, IMPLICIT),
    (UP_TO_TEN, "s3:ListBucket", BUCKET, {"s3:max-keys": "10"}, ALLOWED),
    (UP_TO_TEN, "s3:ListBucket", BUCKET, {"s3:max-keys": 9}, ALLOWED),
    (UP_TO_TEN, "s3:ListBucket", BUCKET, {"s3:max-keys": "11"}, IMPLICIT),
    (UP_TO_TEN, "s3:ListBucket", BUCKET, {}, IMPLICIT),
    (FRESH, KEY_ACTION, ONES_KEY, {"aws:TokenIssueTime": "2020-01-01T00:00:02Z"}, ALLOWED),
    (FRESH, KEY_ACTION, ONES_KEY, {"aws:TokenIssueTime": "2019-12-31T23:59:59Z"}, IMPLICIT),
    (FRESH, KEY_ACTION, ONES_KEY, {}, IMPLICIT),  # Long-term keys carry no time of issue.
    (NO_TLS, "s3:GetObject", OBJECT, {"aws:SecureTransport": False}, EXPLICIT),
    (NO_TLS, "s3:GetObject", OBJECT, {"aws:SecureTransport": True}, IMPLICIT),
    (BY_ADDRESS, KEY_ACTION, ONES_KEY, {"aws:SourceIp": "203.0.113.255"}, ALLOWED),
    (BY_ADDRESS, KEY_ACTION, ONES_KEY, {"aws:SourceIp": "203.0.114.0"}, IMPLICIT),
    (BY_ADDRESS, KEY_ACTION, ONES_KEY, {"aws:SourceVpce": "vpce-1a2b3c4d"}, IMPLICIT),
    (BOTH_IPS, "someservice:Do", "*", {"aws:SourceIp": "203.0.113.1"}, ALLOWED),
    (BOTH_IPS, "someservice:Do", "*", {"aws:SourceIp": "2001:db8:1234:5678::1"}, ALLOWED),
    (BOTH_IPS, "someservice:Do", "*", {"aws:SourceIp": "2001:db8:1234:5679::1"}, IMPLICIT),
    # What a key does not have with it fails a plain operator, and is passed over by one with IfExists.
    (BAD_TYPES, "ec2:RunInstances", INSTANCE, {"ec2:InstanceType": "t2.micro"}, ALLOWED),
    (BAD_TYPES, "ec2:RunInstances", IMAGE, {}, IMPLICIT),
    (GOOD_TYPES, "ec2:RunInstances", INSTANCE, {"ec2:InstanceType": "t2.micro"}, ALLOWED),
    (GOOD_TYPES, "ec2:RunInstances", INSTANCE, {"ec2:InstanceType": "c5.large"}, IMPLICIT),
    (GOOD_TYPES, "ec2:RunInstances", IMAGE, {}, ALLOWED),
    (LONG_TERM, "ec2:StartInstances", INSTANCE, {}, ALLOWED),
    (LONG_TERM, "ec2:StartInstances", INSTANCE, {"aws:TokenIssueTime": "2020-01-01T00:00:02Z"}, IMPLICIT),
    # A star of StringLike runs over colons; one of ArnLike stays in its part.
    (of(allow("example:Do", {"StringLike": FINANCE})), "example:Do", "*", {"example:source": TRICK}, ALLOWED),
    (of(allow("example:Do", {"ArnLike": FINANCE})), "example:Do", "*", {"example:source": TRICK}, IMPLICIT),
    (BINARY, "example:Do", "*", {"example:key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}, ALLOWED),
    (BINARY, "example:Do", "*", {"example:key": "QmluYXJ5VmFsdWVJbkJhc2U2NQ=="}, IMPLICIT),
    (BINARY, "example:Do", "*", {}, IMPLICIT),
]


@pytest.mark.parametrize(("policy", "action", "resource", "context", "expected"), OPERATORS)
def test_examples_of_the_operators(
    policy: Json, action: str, resource: str, context: Given, expected: str
) -> None:
    assert decision(Ask(USER, action, resource, context), identity=[policy], account=ACCOUNT) == expected


OUTSIDE_IPS = of(
    deny(
        "*",
        {
            "NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]},
            "Bool": {"aws:ViaAWSService": "false"},
        },
    )
)
OUTSIDE_REGIONS = of(
    {
        "Sid": "DenyAllOutsideRequestedRegions",
        "Effect": "Deny",
        "NotAction": ["cloudfront:*", "iam:*", "route53:*", "support:*"],
        "Resource": "*",
        "Condition": {
            "StringNotEquals": {
                "aws:RequestedRegion": ["eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3"]
            }
        },
    }
)
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:any"
SEND, NOW = "sqs:SendMessage", "aws:CurrentTime"


def known(address: str, *, via: bool = False) -> Given:
    return {"aws:SourceIp": address, "aws:ViaAWSService": via}


@pytest.mark.parametrize(
    ("policy", "action", "context", "expected"),
    [
        (OUTSIDE_IPS, SEND, known("192.0.2.1"), ALLOWED),
        (OUTSIDE_IPS, SEND, known("203.0.113.1"), ALLOWED),
        (OUTSIDE_IPS, SEND, known("198.51.100.1"), EXPLICIT),
        (
            OUTSIDE_IPS,
            SEND,
            known("198.51.100.1", via=True),
            ALLOWED,
        ),  # A service that calls for the principal.
        (OUTSIDE_IPS, SEND, {"aws:ViaAWSService": False}, EXPLICIT),  # Through an endpoint: no such address.
        (OUTSIDE_REGIONS, SEND, {"aws:RequestedRegion": "eu-west-1"}, ALLOWED),
        (OUTSIDE_REGIONS, SEND, {"aws:RequestedRegion": "us-east-1"}, EXPLICIT),
        (OUTSIDE_REGIONS, "iam:CreateUser", {"aws:RequestedRegion": "us-east-1"}, ALLOWED),
    ],
)
def test_denials_beside_whatever_else_allows(
    policy: Json, action: str, context: Given, expected: str
) -> None:
    assert decision(Ask(USER, action, QUEUE, context), identity=[ADMINISTRATOR, policy]) == expected


SPRING = of(
    allow(
        SEND,
        {"DateGreaterThan": {NOW: "2020-04-01T00:00:00Z"}, "DateLessThan": {NOW: "2020-06-30T23:59:59Z"}},
    )
)
WITH_MFA = of(
    allow(
        ["sns:*", "sqs:SendMessage", "sqs:ReceiveMessage"],
        {
            "Bool": {"aws:MultiFactorAuthPresent": True},
            "DateGreaterThan": {NOW: "2017-07-01T00:00:00Z"},
            "DateLessThan": {NOW: "2017-12-31T23:59:59Z"},
        },
    )
)
MFA, IN_TIME = {"aws:MultiFactorAuthPresent": True}, {NOW: "2017-08-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("policy", "action", "context", "expected"),
    [
        (SPRING, SEND, {NOW: "2020-05-01T00:00:00Z"}, ALLOWED),
        (SPRING, SEND, {NOW: "2020-03-31T23:59:59Z"}, IMPLICIT),
        (SPRING, SEND, {NOW: "2020-07-01T00:00:00Z"}, IMPLICIT),
        (WITH_MFA, SEND, {**MFA, **IN_TIME}, ALLOWED),
        (WITH_MFA, "sns:Publish", {**MFA, **IN_TIME}, ALLOWED),
        (WITH_MFA, "sqs:PurgeQueue", {**MFA, **IN_TIME}, IMPLICIT),
        (WITH_MFA, SEND, {**MFA, NOW: "2018-01-01T00:00:00Z"}, IMPLICIT),
        (WITH_MFA, SEND, {"aws:MultiFactorAuthPresent": False, **IN_TIME}, IMPLICIT),
        (WITH_MFA, SEND, IN_TIME, IMPLICIT),  # Long-term keys do not carry the key at all.
    ],
)
def test_dates_and_mfa(policy: Json, action: str, context: Given, expected: str) -> None:
    assert decision(Ask(USER, action, QUEUE, context), identity=[policy]) == expected
