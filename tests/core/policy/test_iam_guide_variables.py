"""The examples of policy variables in the IAM User Guide, each with its stated effect.

IAM User Guide: reference_policies_variables, access_tags, reference_policies_elements_condition_operators (StringLike).
"""

import json

import pytest

from qanat.core.policy.document import parse
from qanat.core.policy.errors import PolicyInvalid
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.validate import validate
from support.pages import ADMINISTRATOR, ALLOWED, EXPLICIT, IMPLICIT, Ask, Given, Json, decision, of

ACCOUNT = "123456789012"
ADELE, DAVID = (f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("Adele", "David"))
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/R/David"


def allow(action: str | list[str], resource: str | list[str], condition: Json | None = None) -> Json:
    one = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**one, "Condition": condition} if condition is not None else one


def homes(prefix: str) -> Json:
    return of(
        allow(["s3:ListBucket"], ["arn:aws:s3:::mybucket"], {"StringLike": {"s3:prefix": [f"{prefix}/*"]}}),
        allow(["s3:GetObject", "s3:PutObject"], [f"arn:aws:s3:::mybucket/{prefix}/*"]),
    )


def keys_of(name: str) -> Json:
    return of(allow(["iam:*AccessKey*"], [f"arn:aws:iam::{ACCOUNT}:user/{name}"]))


CONSOLE = of(
    allow(["s3:ListAllMyBuckets", "s3:GetBucketLocation"], "arn:aws:s3:::*"),
    allow(
        "s3:ListBucket",
        "arn:aws:s3:::BUCKET",
        {"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/"]}},
    ),
    allow("s3:*", ["arn:aws:s3:::BUCKET/home/${aws:username}", "arn:aws:s3:::BUCKET/home/${aws:username}/*"]),
)
QUEUES = of(
    {"Sid": "ListForConsole", **allow("sqs:ListQueues", "*")},
    {"Sid": "AllQueueActions", **allow("sqs:*", "arn:aws:sqs:us-east-2:*:${aws:username}-queue")},
)
DEPARTMENT = of(allow("s3:*", ["arn:aws:s3:::bucket/${aws:PrincipalTag/department}"]))
COST = of(allow(["iam:*user*"], "*", {"StringLike": {"iam:ResourceTag/costCenter": ["12345", "67890"]}}))
DEFAULT = of(allow("s3:*", "arn:aws:s3:::DOC-EXAMPLE-BUCKET-${aws:PrincipalTag/team, 'company-wide'}"))
BUCKET, CONSOLES = "arn:aws:s3:::mybucket", "arn:aws:s3:::BUCKET"
NAMED = homes("${aws:username}")
PREFIX, TEAM = "s3:prefix", "aws:PrincipalTag/team"


def queue(name: str, region: str = "us-east-2") -> str:
    return f"arn:aws:sqs:{region}:{ACCOUNT}:{name}"


def teams(name: str) -> str:
    return f"arn:aws:s3:::DOC-EXAMPLE-BUCKET-{name}"


CASES: list[tuple[Json, str, str, str, Given, str]] = [
    # A name written out, and the same for whoever asks.
    (homes("David"), DAVID, "s3:GetObject", f"{BUCKET}/David/a", {}, ALLOWED),
    (homes("David"), ADELE, "s3:GetObject", f"{BUCKET}/Adele/a", {}, IMPLICIT),
    (homes("David"), DAVID, "s3:ListBucket", BUCKET, {PREFIX: "David/x"}, ALLOWED),
    (NAMED, DAVID, "s3:GetObject", f"{BUCKET}/David/a", {}, ALLOWED),
    (NAMED, ADELE, "s3:PutObject", f"{BUCKET}/Adele/a/b", {}, ALLOWED),
    (NAMED, ADELE, "s3:GetObject", f"{BUCKET}/David/a", {}, IMPLICIT),
    (NAMED, ADELE, "s3:ListBucket", BUCKET, {PREFIX: "Adele/"}, ALLOWED),
    (NAMED, ADELE, "s3:ListBucket", BUCKET, {PREFIX: "David/"}, IMPLICIT),
    (NAMED, ADELE, "s3:ListBucket", BUCKET, {}, IMPLICIT),
    # A role's session has no user name: the variable has no value, so the resource is none.
    (NAMED, SESSION, "s3:GetObject", f"{BUCKET}/David/a", {}, IMPLICIT),
    (NAMED, SESSION, "s3:GetObject", f"{BUCKET}/${{aws:username}}/a", {}, IMPLICIT),
    (keys_of("David"), DAVID, "iam:CreateAccessKey", DAVID, {}, ALLOWED),
    (keys_of("${aws:username}"), DAVID, "iam:UpdateAccessKey", DAVID, {}, ALLOWED),
    (keys_of("${aws:username}"), ADELE, "iam:UpdateAccessKey", DAVID, {}, IMPLICIT),
    (keys_of("${aws:username}"), ADELE, "iam:ListAccessKeys", ADELE, {}, ALLOWED),
    # One's home in the console; "" is the prefix of the bucket's root.
    (CONSOLE, DAVID, "s3:ListBucket", CONSOLES, {PREFIX: ""}, ALLOWED),
    (CONSOLE, DAVID, "s3:ListBucket", CONSOLES, {PREFIX: "home/"}, ALLOWED),
    (CONSOLE, DAVID, "s3:ListBucket", CONSOLES, {PREFIX: "home/David/"}, ALLOWED),
    (CONSOLE, DAVID, "s3:ListBucket", CONSOLES, {PREFIX: "home/Adele/"}, IMPLICIT),
    (CONSOLE, DAVID, "s3:DeleteObject", f"{CONSOLES}/home/David/x", {}, ALLOWED),
    (CONSOLE, DAVID, "s3:DeleteObject", f"{CONSOLES}/home/Davida/x", {}, IMPLICIT),
    # To create, use and delete queues of one's own name in one Region.
    (QUEUES, DAVID, "sqs:CreateQueue", queue("David-queue"), {}, ALLOWED),
    (QUEUES, DAVID, "sqs:SendMessage", queue("David-queue"), {}, ALLOWED),
    (QUEUES, DAVID, "sqs:DeleteQueue", queue("David-queue"), {}, ALLOWED),
    (QUEUES, DAVID, "sqs:ListQueues", "*", {}, ALLOWED),
    (QUEUES, DAVID, "sqs:SendMessage", queue("Adele-queue"), {}, IMPLICIT),
    (QUEUES, DAVID, "sqs:SendMessage", queue("David-queue", "us-east-1"), {}, IMPLICIT),
    (QUEUES, DAVID, "sqs:SendMessage", queue("David-queue2"), {}, IMPLICIT),
    (QUEUES, SESSION, "sqs:SendMessage", queue("David-queue"), {}, IMPLICIT),
    # Tags.
    (
        DEPARTMENT,
        DAVID,
        "s3:GetObject",
        "arn:aws:s3:::bucket/hr",
        {"aws:PrincipalTag/department": "hr"},
        ALLOWED,
    ),
    (
        DEPARTMENT,
        DAVID,
        "s3:GetObject",
        "arn:aws:s3:::bucket/hr",
        {"aws:PrincipalTag/department": "it"},
        IMPLICIT,
    ),
    (DEPARTMENT, DAVID, "s3:GetObject", "arn:aws:s3:::bucket/", {}, IMPLICIT),
    (COST, DAVID, "iam:GetUser", ADELE, {"iam:ResourceTag/costCenter": "67890"}, ALLOWED),
    (COST, DAVID, "iam:DeleteUserPolicy", ADELE, {"iam:ResourceTag/costCenter": "12345"}, ALLOWED),
    (COST, DAVID, "iam:GetUser", ADELE, {"iam:ResourceTag/costCenter": "1234"}, IMPLICIT),
    (COST, DAVID, "iam:GetUser", ADELE, {"iam:ResourceTag/costCenter": ""}, IMPLICIT),
    (COST, DAVID, "iam:GetUser", ADELE, {}, IMPLICIT),
    # A default for who has no team.
    (DEFAULT, DAVID, "s3:GetObject", teams("yellow"), {TEAM: "yellow"}, ALLOWED),
    (DEFAULT, DAVID, "s3:GetObject", teams("red"), {TEAM: "yellow"}, IMPLICIT),
    (DEFAULT, DAVID, "s3:GetObject", teams("company-wide"), {TEAM: "yellow"}, IMPLICIT),
    (DEFAULT, DAVID, "s3:GetObject", teams("company-wide"), {}, ALLOWED),
    (DEFAULT, DAVID, "s3:GetObject", teams("yellow"), {}, IMPLICIT),
]


@pytest.mark.parametrize(("policy", "who", "action", "resource", "context", "expected"), CASES)
def test_examples(policy: Json, who: str, action: str, resource: str, context: Given, expected: str) -> None:
    ask = Ask(who, action, resource, context)
    assert decision(ask, identity=[policy], account=ACCOUNT) == expected


NO_VALUE = of(
    {
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::/example-bucket/*",
        "Condition": {"StringNotEquals": {"s3:ExistingObjectTag/Team": "${aws:PrincipalTag/Team}"}},
    }
)
OBJECTS_TEAM, PRINCIPALS_TEAM = "s3:ExistingObjectTag/Team", "aws:PrincipalTag/Team"


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({OBJECTS_TEAM: "a", PRINCIPALS_TEAM: "a"}, ALLOWED),
        ({OBJECTS_TEAM: "a", PRINCIPALS_TEAM: "b"}, EXPLICIT),
        # A variable without a value equals nothing, so that the inverted operator matches.
        ({OBJECTS_TEAM: "a"}, EXPLICIT),
        ({PRINCIPALS_TEAM: "a"}, EXPLICIT),
        ({}, EXPLICIT),
    ],
)
def test_variables_with_no_value(context: Given, expected: str) -> None:
    ask = Ask(DAVID, "s3:GetObject", "arn:aws:s3:::/example-bucket/o", context)
    assert decision(ask, identity=[ADMINISTRATOR, NO_VALUE], account=ACCOUNT) == expected


TOPIC = f"arn:aws:sns:us-east-2:{ACCOUNT}:t"
TOPIC_POLICY: Json = {
    "Principal": {"AWS": "999999999999"},
    "Effect": "Allow",
    "Action": "sns:*",
    "Condition": {
        "StringLike": {"sns:endpoint": "https://example.com/${aws:username}/"},
        "StringEquals": {"sns:Protocol": "https"},
    },
}


@pytest.mark.parametrize(
    ("endpoint", "expected"), [("https://example.com/Ann/", ALLOWED), ("https://example.com/Bob/", IMPLICIT)]
)
def test_a_topic_whose_subscriptions_bear_the_users_name(endpoint: str, expected: str) -> None:
    context: Given = {"sns:Endpoint": endpoint, "sns:Protocol": "https"}
    ask = Ask("arn:aws:iam::999999999999:user/Ann", "sns:Subscribe", TOPIC, context)
    # The page prints it without Resource: it is about the topic that has it.
    for policy in (of(TOPIC_POLICY), of({**TOPIC_POLICY, "Resource": TOPIC})):
        assert decision(ask, identity=[ADMINISTRATOR], resource=policy) == expected


@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_variables_are_literal_text_in_earlier_versions(version: str | None) -> None:
    older = {key: value for key, value in NAMED.items() if key != "Version"}
    if version is not None:
        older["Version"] = version
    for resource, expected in ((f"{BUCKET}/David/a", IMPLICIT), (f"{BUCKET}/${{aws:username}}/a", ALLOWED)):
        assert decision(Ask(DAVID, "s3:GetObject", resource), identity=[older], account=ACCOUNT) == expected


@pytest.mark.parametrize(("written", "name"), [("a${*}b", "a*b"), ("a${?}b", "a?b"), ("a${$}b", "a$b")])
def test_special_characters(written: str, name: str) -> None:
    policy = of(allow("s3:GetObject", f"arn:aws:s3:::bucket/{written}"))
    for key, expected in ((name, ALLOWED), ("axb", IMPLICIT), ("axxb", IMPLICIT)):
        ask = Ask(DAVID, "s3:GetObject", f"arn:aws:s3:::bucket/{key}")
        assert decision(ask, identity=[policy], account=ACCOUNT) == expected


@pytest.mark.parametrize(
    ("operator", "key"),
    [
        ("NumericEquals", "s3:max-keys"),
        ("DateLessThan", "aws:CurrentTime"),
        ("BinaryEquals", "example:key"),
        ("IpAddress", "aws:SourceIp"),
        ("Null", "aws:TokenIssueTime"),
    ],
)
def test_operators_that_take_no_variables(operator: str, key: str) -> None:
    text = json.dumps(of(allow("sqs:*", "*", {operator: {key: "${aws:username}"}})))
    with pytest.raises(PolicyInvalid):
        parse(text, PolicyKind.IDENTITY)


def test_a_variable_stands_after_the_fifth_colon_only() -> None:
    text = json.dumps(of(allow("sqs:*", "arn:aws:sqs:us-east-2:${aws:PrincipalAccount}:q")))
    with pytest.raises(PolicyInvalid):
        parse(text, PolicyKind.IDENTITY)


TEAM_QUEUE = "arn:aws:sqs:us-east-2:{account}:${{aws:PrincipalTag/team}}-queue"


@pytest.mark.parametrize(
    ("tag", "name", "expected"),
    [("qa", "qa-queue", ALLOWED), ("qa", "dev-queue", IMPLICIT), (None, "-queue", IMPLICIT)],
)
def test_who_deletes_the_teams_queue(tag: str | None, name: str, expected: str) -> None:
    """access_tags. The page prints the ARN without an account, and so it is the ARN of no queue."""
    context: Given = {} if tag is None else {TEAM: tag}
    ask = Ask(DAVID, "sqs:DeleteQueue", queue(name), context)
    policy = of({"Sid": "AllQueueActions", **allow("sqs:DeleteQueue", TEAM_QUEUE.format(account=ACCOUNT))})
    assert decision(ask, identity=[policy]) == expected
    as_printed = of({"Sid": "AllQueueActions", **allow("sqs:DeleteQueue", TEAM_QUEUE.format(account=""))})
    assert decision(ask, identity=[as_printed]) == IMPLICIT
    for written, codes in ((policy, []), (as_printed, ["ARN_OF_NO_QUEUE"])):
        assert [found.code for found in validate(json.dumps(written), PolicyKind.IDENTITY)] == codes
