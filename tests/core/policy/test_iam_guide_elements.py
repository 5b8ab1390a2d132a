"""The IAM User Guide's examples of policy elements and of global condition keys, with their stated effects.

IAM User Guide: reference_policies_elements_notaction, ..._notresource, ..._resource, ..._principal,
reference_policies_condition-keys, id_credentials_temp_control-access_disable-perms,
id_credentials_mfa_configure-api-require, access_iam-tags.
"""

import json

import pytest

from qanat.core.identity.model import Session, User, federated_user
from qanat.core.policy.decision import Named, Policies, Reason, Request
from qanat.core.policy.document import parse
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.sizes import PolicyKind
from support.pages import ADMINISTRATOR, ALLOWED, EXPLICIT, IMPLICIT, Ask, Given, Json, decision, of

ACCOUNT, OTHER = "123456789012", "555555555555"
ANN = f"arn:aws:iam::{ACCOUNT}:user/Ann"
QUEUE = f"arn:aws:sqs:us-east-2:{ACCOUNT}:queue1"
SEND = "sqs:SendMessage"


def one(effect: str, resource: str | list[str] = "*", **more: object) -> Json:
    return of({"Effect": effect, "Resource": resource, **more})


NO_DELETING = one("Allow", "arn:aws:s3:::*", NotAction="s3:DeleteBucket")
NO_IAM = one("Allow", NotAction="iam:*")
MFA_ONLY = one("Deny", NotAction="iam:*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})
PAYROLL: Json = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Deny",
        "Action": "s3:*",
        "NotResource": ["arn:aws:s3:::HRBucket/Payroll", "arn:aws:s3:::HRBucket/Payroll/*"],
    },
}
TESTS = one("Allow", "arn:aws:s3:::DEMO/*/test/*", Action="s3:GetObject")
QUEUE1 = one("Allow", QUEUE, Action="sqs:SendMessage")

ELEMENTS = [
    # NotAction with Allow: everything else of these resources, or of every service.
    ([NO_DELETING], "s3:PutObject", "arn:aws:s3:::b/o", {}, ALLOWED),
    ([NO_DELETING], "s3:DeleteBucket", "arn:aws:s3:::b", {}, IMPLICIT),
    ([NO_DELETING], "s3:ListAllMyBuckets", "*", {}, IMPLICIT),
    ([NO_DELETING], SEND, QUEUE, {}, IMPLICIT),
    ([NO_IAM], SEND, QUEUE, {}, ALLOWED),
    ([NO_IAM], "iam:CreateUser", ANN, {}, IMPLICIT),
    # NotAction with Deny: without MFA nothing but IAM; it grants nothing.
    ([MFA_ONLY, ADMINISTRATOR], SEND, QUEUE, {"aws:MultiFactorAuthPresent": True}, ALLOWED),
    ([MFA_ONLY, ADMINISTRATOR], SEND, QUEUE, {"aws:MultiFactorAuthPresent": False}, EXPLICIT),
    ([MFA_ONLY, ADMINISTRATOR], SEND, QUEUE, {}, EXPLICIT),
    ([MFA_ONLY, ADMINISTRATOR], "iam:GetUser", ANN, {}, ALLOWED),
    ([MFA_ONLY], SEND, QUEUE, {"aws:MultiFactorAuthPresent": True}, IMPLICIT),
    # NotResource with Deny: nothing of S3 but one folder, which it does not grant.
    ([PAYROLL, ADMINISTRATOR], "s3:GetObject", "arn:aws:s3:::HRBucket/Payroll/x", {}, ALLOWED),
    ([PAYROLL, ADMINISTRATOR], "s3:GetObject", "arn:aws:s3:::HRBucket/Payrolls", {}, EXPLICIT),
    ([PAYROLL, ADMINISTRATOR], "s3:ListAllMyBuckets", "*", {}, EXPLICIT),
    ([PAYROLL], "s3:GetObject", "arn:aws:s3:::HRBucket/Payroll/x", {}, IMPLICIT),
    # A star runs over slashes.
    ([TESTS], "s3:GetObject", "arn:aws:s3:::DEMO/1/test/object.jpg", {}, ALLOWED),
    ([TESTS], "s3:GetObject", "arn:aws:s3:::DEMO/1/2/test/3/object.jpg", {}, ALLOWED),
    ([TESTS], "s3:GetObject", "arn:aws:s3:::DEMO/1-test/object.jpg", {}, IMPLICIT),
    ([TESTS], "s3:GetObject", "arn:aws:s3:::DEMO/test/object.jpg", {}, IMPLICIT),
    ([QUEUE1], SEND, QUEUE, {}, ALLOWED),
    ([QUEUE1], SEND, QUEUE + "0", {}, IMPLICIT),
]


@pytest.mark.parametrize(("identity", "action", "resource", "context", "expected"), ELEMENTS)
def test_elements(identity: list[Json], action: str, resource: str, context: Given, expected: str) -> None:
    assert decision(Ask(ANN, action, resource, context), identity=identity, account=ACCOUNT) == expected


def test_principals_are_alternatives_in_either_spelling() -> None:
    forms = [["123456789012", OTHER], [f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{OTHER}:root"]]
    for form in forms:
        policy = one("Allow", QUEUE, Action=SEND, Principal={"AWS": form})
        for account, expected in ((ACCOUNT, ALLOWED), (OTHER, ALLOWED), ("999999999999", IMPLICIT)):
            ask = Ask(f"arn:aws:iam::{account}:root", SEND, QUEUE)
            identity = [] if account == ACCOUNT else [ADMINISTRATOR]
            assert decision(ask, identity=identity, resource=policy) == expected


def test_for_anonymous_callers_the_two_stars_are_one() -> None:
    for star in ("*", {"AWS": "*"}):
        policy = one("Allow", QUEUE, Action=SEND, Principal=star)
        for who in ("anonymous", ANN):
            assert decision(Ask(who, SEND, QUEUE), resource=policy) == ALLOWED
        # In other accounts, identity policies as well.
        abroad = Ask(f"arn:aws:iam::{OTHER}:user/x", SEND, QUEUE)
        assert decision(abroad, resource=policy) == IMPLICIT
        assert decision(abroad, identity=[ADMINISTRATOR], resource=policy) == ALLOWED


LOGS = "arn:aws:s3:::DEMO/AWSLogs/1/*"
ONE_LOG = "arn:aws:s3:::DEMO/AWSLogs/1/x"
TRAIL, VPC = "cloudtrail.amazonaws.com", {"aws:SourceVpc": "vpc-111bbb22"}
NOT_A_SERVICE: Json = {
    "StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-111bbb22"},
    "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
}
NOT_THE_SERVICE: Json = {
    "StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-111bbb22", "aws:PrincipalServiceName": TRAIL}
}


@pytest.mark.parametrize(
    ("condition", "who", "context", "expected"),
    [
        # From the one VPC, or by a service of AWS itself.
        (NOT_A_SERVICE, ANN, VPC, ALLOWED),
        (NOT_A_SERVICE, ANN, {"aws:SourceVpc": "vpc-2"}, EXPLICIT),
        (NOT_A_SERVICE, ANN, {}, EXPLICIT),
        (NOT_A_SERVICE, TRAIL, {}, ALLOWED),
        (NOT_A_SERVICE, "s3.amazonaws.com", {}, ALLOWED),
        # By the one service only.
        (NOT_THE_SERVICE, ANN, VPC, ALLOWED),
        (NOT_THE_SERVICE, ANN, {}, EXPLICIT),
        (NOT_THE_SERVICE, TRAIL, {}, ALLOWED),
        (NOT_THE_SERVICE, "s3.amazonaws.com", {}, EXPLICIT),
    ],
)
def test_an_expected_network_or_a_service(condition: Json, who: str, context: Given, expected: str) -> None:
    policy = of(
        {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": LOGS},
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": LOGS,
            "Condition": condition,
        },
    )
    assert decision(Ask(who, "s3:PutObject", ONE_LOG, context), resource=policy, account=ACCOUNT) == expected


PATH = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/"
EQUALS, LIKE = "ForAnyValue:StringEquals", "ForAnyValue:StringLike"
ELSEWHERE = ["o-a1b2c3d4e5/r-ab12/ou-ab12-33333333/*", "o-a1b2c3d4e5/r-ab12/ou-ab12-22222222/*"]


@pytest.mark.parametrize("key", ["aws:PrincipalOrgPaths", "aws:ResourceOrgPaths"])
@pytest.mark.parametrize(
    ("operator", "wanted", "path", "matches"),
    [
        (EQUALS, [PATH], PATH, True),
        (EQUALS, [PATH], PATH + "ou-ab12-44444444/", False),
        (LIKE, [PATH + "*"], PATH, True),
        (LIKE, [PATH + "*"], PATH + "ou-ab12-44444444/", True),
        (LIKE, [PATH + "ou-*"], PATH, False),
        (LIKE, [PATH + "ou-*"], PATH + "ou-ab12-44444444/", True),
        (LIKE, ["o-a1b2c3d4e5/*"], PATH, True),
        (LIKE, ["o-a1b2c3d4e5/*"], "o-other/r-ab12/", False),
        (LIKE, ELSEWHERE, "o-a1b2c3d4e5/r-ab12/ou-ab12-33333333/", True),
        (LIKE, ELSEWHERE, PATH, False),
        (LIKE, ["o-a1b2c3d4e5/*"], None, False),
    ],
)
def test_paths_in_an_organization(
    key: str, operator: str, wanted: list[str], path: str | None, matches: bool
) -> None:
    policy = one("Allow", QUEUE, Action=SEND, Condition={operator: {key: wanted}})
    context: Given = {} if path is None else {key: [path]}
    assert decision(Ask(ANN, SEND, QUEUE, context), identity=[policy]) == (ALLOWED if matches else IMPLICIT)


IN_ORG = one(
    "Allow",
    "arn:aws:s3:::policy-ninja-dev/*",
    Principal="*",
    Action="s3:PutObject",
    Condition={"StringEquals": {"aws:PrincipalOrgID": "o-xxxxxxxxxxx"}},
)


@pytest.mark.parametrize(
    ("who", "context", "expected"),
    [
        (ANN, {"aws:PrincipalOrgID": "o-xxxxxxxxxxx"}, ALLOWED),
        (ANN, {"aws:PrincipalOrgID": "o-yyyyyyyyyyy"}, IMPLICIT),
        (ANN, {}, IMPLICIT),
        ("anonymous", {}, IMPLICIT),
    ],
)
def test_members_of_an_organization(who: str, context: Given, expected: str) -> None:
    ask = Ask(who, "s3:PutObject", "arn:aws:s3:::policy-ninja-dev/o", context)
    assert decision(ask, resource=IN_ORG, account=ACCOUNT) == expected


HR = one("Allow", Action="iam:*", Condition={"StringEquals": {"aws:PrincipalTag/department": "hr"}})
IRELAND = of(
    {"Effect": "Allow", "Action": ["ec2:Describe*", "ec2:Get*"], "Resource": "*"},
    {
        "Effect": "Allow",
        "Action": ["ec2:Run*", "ec2:Start*", "ec2:Stop*", "ec2:Terminate*"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-west-2", "eu-west-3"]}},
    },
)
NOT_OURS = one("Deny", Action="sqs:*", Condition={"StringNotEquals": {"aws:ResourceAccount": [ACCOUNT]}})
SAME_ORG = one(
    "Deny", Action="sqs:*", Condition={"StringNotEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}
)
TEMPORARY = one(
    "Allow", Action="iam:UntagUser", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["temporary"]}}
)
PROJECT = one(
    "Allow",
    f"arn:aws:iam::{ACCOUNT}:user/*",
    Action="iam:ListGroupsForUser",
    Condition={"StringEquals": {"aws:ResourceTag/project": "${aws:PrincipalTag/project}"}},
)
REVOKED = one("Deny", Action="*", Condition={"DateLessThan": {"aws:TokenIssueTime": "2014-05-07T23:47:00Z"}})
STOPPING = one(
    "Allow",
    ["*"],
    Action=["ec2:StopInstances", "ec2:TerminateInstances"],
    Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}},
)
VIA = of(
    {
        "Sid": "PrincipalPutObjectIfIpAddress",
        "Effect": "Allow",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::DEMO/*",
        "Condition": {
            "Bool": {"aws:ViaAWSService": "false"},
            "IpAddress": {"aws:SourceIp": "203.0.113.0"},
        },
    },
    {
        "Sid": "ServicePutObject",
        "Effect": "Allow",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::DEMO/*",
        "Condition": {"Bool": {"aws:ViaAWSService": "true"}},
    },
)
ABROAD = QUEUE.replace(ACCOUNT, OTHER)
INSTANCE, OBJECT = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1", "arn:aws:s3:::DEMO/o"
MINE, THEIRS = "aws:PrincipalTag/project", "aws:ResourceTag/project"

KEYS = [
    ([HR], "iam:DeleteUser", ANN, {"aws:PrincipalTag/department": "hr"}, ALLOWED),
    ([HR], "iam:DeleteUser", ANN, {"aws:PrincipalTag/department": "it"}, IMPLICIT),
    ([IRELAND], "ec2:DescribeInstances", "*", {"aws:RequestedRegion": "us-east-1"}, ALLOWED),
    ([IRELAND], "ec2:StopInstances", INSTANCE, {"aws:RequestedRegion": "eu-west-1"}, ALLOWED),
    ([IRELAND], "ec2:StopInstances", INSTANCE, {"aws:RequestedRegion": "us-east-1"}, IMPLICIT),
    ([NOT_OURS, ADMINISTRATOR], SEND, QUEUE, {}, ALLOWED),
    ([NOT_OURS, ADMINISTRATOR], SEND, ABROAD, {}, EXPLICIT),
    (
        [SAME_ORG, ADMINISTRATOR],
        SEND,
        QUEUE,
        {"aws:ResourceOrgID": "o-1", "aws:PrincipalOrgID": "o-1"},
        ALLOWED,
    ),
    (
        [SAME_ORG, ADMINISTRATOR],
        SEND,
        QUEUE,
        {"aws:ResourceOrgID": "o-2", "aws:PrincipalOrgID": "o-1"},
        EXPLICIT,
    ),
    ([SAME_ORG, ADMINISTRATOR], SEND, QUEUE, {"aws:PrincipalOrgID": "o-1"}, EXPLICIT),
    ([TEMPORARY], "iam:UntagUser", ANN, {"aws:TagKeys": ["temporary"]}, ALLOWED),
    ([TEMPORARY], "iam:UntagUser", ANN, {"aws:TagKeys": ["temporary", "other"]}, IMPLICIT),
    ([PROJECT], "iam:ListGroupsForUser", ANN, {MINE: "x", THEIRS: "x"}, ALLOWED),
    ([PROJECT], "iam:ListGroupsForUser", ANN, {MINE: "x", THEIRS: "y"}, IMPLICIT),
    ([PROJECT], "iam:ListGroupsForUser", ANN, {}, IMPLICIT),
    # Sessions made before a time are shut out; later ones and long-term keys are not.
    ([REVOKED, ADMINISTRATOR], SEND, QUEUE, {"aws:TokenIssueTime": "2014-05-07T23:46:59Z"}, EXPLICIT),
    ([REVOKED, ADMINISTRATOR], SEND, QUEUE, {"aws:TokenIssueTime": "2014-05-07T23:47:00Z"}, ALLOWED),
    ([REVOKED, ADMINISTRATOR], SEND, QUEUE, {}, ALLOWED),
    ([STOPPING], "ec2:StopInstances", INSTANCE, {"aws:MultiFactorAuthPresent": True}, ALLOWED),
    ([STOPPING], "ec2:StopInstances", INSTANCE, {"aws:MultiFactorAuthPresent": False}, IMPLICIT),
    ([STOPPING], "ec2:StopInstances", INSTANCE, {}, IMPLICIT),
    ([VIA], "s3:PutObject", OBJECT, {"aws:ViaAWSService": False, "aws:SourceIp": "203.0.113.0"}, ALLOWED),
    ([VIA], "s3:PutObject", OBJECT, {"aws:ViaAWSService": False, "aws:SourceIp": "203.0.113.1"}, IMPLICIT),
    ([VIA], "s3:PutObject", OBJECT, {"aws:ViaAWSService": True}, ALLOWED),
]


@pytest.mark.parametrize(("identity", "action", "resource", "context", "expected"), KEYS)
def test_condition_keys(
    identity: list[Json], action: str, resource: str, context: Given, expected: str
) -> None:
    # Whose queue it is decides; across accounts its policy allows as well.
    opened = one("Allow", resource, Principal="*", Action=SEND) if resource == ABROAD else None
    ask = Ask(ANN, action, resource, context)
    account = OTHER if resource == ABROAD else ACCOUNT
    assert decision(ask, identity=identity, resource=opened, account=account) == expected


MARY = f"arn:aws:sts::{ACCOUNT}:assumed-role/Accounting-Role/Mary"
JOHN = MARY.replace("Mary", "John")
ACCOUNTING = f"arn:aws:iam::{ACCOUNT}:role/Accounting-Role"


@pytest.mark.parametrize(
    ("principal", "who", "expected"),
    [
        (MARY, MARY, EXPLICIT),
        (MARY, JOHN, ALLOWED),
        (ACCOUNTING, MARY, EXPLICIT),
        (ACCOUNTING, JOHN, EXPLICIT),
        (
            f"arn:aws:sts::{ACCOUNT}:federated-user/Bob",
            f"arn:aws:sts::{ACCOUNT}:federated-user/Bob",
            EXPLICIT,
        ),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/Bob", f"arn:aws:sts::{ACCOUNT}:federated-user/Eve", ALLOWED),
    ],
)
def test_disabling_sessions_by_the_resources_policy(principal: str, who: str, expected: str) -> None:
    policy = one("Deny", QUEUE, Principal={"AWS": principal}, Action="sqs:*")
    assert decision(Ask(who, SEND, QUEUE), identity=[ADMINISTRATOR], resource=policy) == expected


def test_denying_the_user_who_asked_denies_the_federated_user() -> None:
    app = User(ACCOUNT, "token-app", "AIDATOKENAPP", "/", 0)
    bob = federated_user(app, "Bob", Session("ASIA", 0, 1, "AIDATOKENAPP", "token-app"))
    policy = one("Deny", QUEUE, Principal={"AWS": app.arn}, Action="sqs:*")
    policies = Policies(
        (Named("all", parse(json.dumps(ADMINISTRATOR), PolicyKind.IDENTITY)),),
        Named("queue1", parse(json.dumps(policy), PolicyKind.RESOURCE)),
    )
    decided = authorize(Request(bob, SEND, QUEUE, ACCOUNT, {}), policies)
    assert decided.reason is Reason.EXPLICIT_DENY_RESOURCE


ROLE = f"arn:aws:iam::{ACCOUNT}:role/CrossAccountRole"
TRUST: Json = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": OTHER},
        "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    },
}


@pytest.mark.parametrize(("present", "expected"), [(True, ALLOWED), (False, IMPLICIT), (None, IMPLICIT)])
def test_a_role_that_takes_mfa_to_assume(present: bool | None, expected: str) -> None:
    context: Given = {} if present is None else {"aws:MultiFactorAuthPresent": present}
    own = one("Allow", [ROLE], Action=["sts:AssumeRole"])
    ask = Ask(f"arn:aws:iam::{OTHER}:user/Richard", "sts:AssumeRole", ROLE, context)
    assert decision(ask, identity=[own], resource=TRUST) == expected
