"""The worked examples of evaluation in the IAM User Guide, and the endpoint policies of the PrivateLink guide.

IAM User Guide: reference_policies_evaluation-logic, ..._evaluation-logic-cross-account, access_policies_boundaries,
reference_policies_elements_notprincipal, reference_policies_elements_principal, id_roles_create_policy-examples,
id_credentials_temp_control-access_assumerole, ..._getfederationtoken. AWS PrivateLink Guide: vpc-endpoints-access.
"""

import json

import pytest

from qanat.core.policy.document import parse
from qanat.core.policy.errors import PolicyInvalid
from qanat.core.policy.sizes import PolicyKind
from support.pages import ADMINISTRATOR, ALLOWED, EXPLICIT, IMPLICIT, Ask, Given, Json, decision, of

ACCOUNT = "123456789012"
SEND = "sqs:SendMessage"


def user(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:user/{name}"


def allow(action: str | list[str], resource: str | list[str] = "*") -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def deny(action: str | list[str], resource: str | list[str] = "*") -> Json:
    return {"Effect": "Deny", "Action": action, "Resource": resource}


def objects(bucket: str) -> list[str]:
    return [f"arn:aws:s3:::{bucket}/*", f"arn:aws:s3:::{bucket}"]


CARLOS = user("carlossalazar")
OWN = of(
    {
        "Sid": "AllowS3ListRead",
        **allow(
            [
                "s3:GetBucketLocation",
                "s3:GetAccountPublicAccessBlock",
                "s3:ListAccessPoints",
                "s3:ListAllMyBuckets",
            ],
            "arn:aws:s3:::*",
        ),
    },
    {"Sid": "AllowS3Self", **allow("s3:*", objects("carlossalazar"))},
    {"Sid": "DenyS3Logs", **deny("s3:*", "arn:aws:s3:::*log*")},
)
BUCKET_POLICY = of({**allow("s3:*", objects("carlossalazar")), "Principal": {"AWS": CARLOS}})


@pytest.mark.parametrize(
    ("action", "resource", "policy", "expected"),
    [
        # Saving to the bucket of logs is denied outright; to the bucket of his name both policies let him.
        ("s3:PutObject", "arn:aws:s3:::carlossalazar-logs/f", None, EXPLICIT),
        ("s3:PutObject", "arn:aws:s3:::carlossalazar/f", BUCKET_POLICY, ALLOWED),
        ("s3:PutObject", "arn:aws:s3:::carlossalazar/f", None, ALLOWED),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::x", None, ALLOWED),
        ("s3:PutObject", "arn:aws:s3:::x/f", None, IMPLICIT),
    ],
)
def test_carlos_within_his_account(action: str, resource: str, policy: Json | None, expected: str) -> None:
    ask = Ask(CARLOS, action, resource)
    assert decision(ask, identity=[OWN], resource=policy, account=ACCOUNT) == expected


def test_within_an_account_one_of_the_two_policies_suffices() -> None:
    ask = Ask(CARLOS, "s3:PutObject", "arn:aws:s3:::carlossalazar/f")
    assert decision(ask, resource=BUCKET_POLICY, account=ACCOUNT) == ALLOWED
    other = Ask(user("other"), *ask[1:])
    assert decision(other, resource=BUCKET_POLICY, account=ACCOUNT) == IMPLICIT


CARLOS_ABROAD = user("carlossalazar", "111111111111")
ABROAD = of(
    {"Sid": "AllowS3ListRead", **allow("s3:ListAllMyBuckets")},
    {"Sid": "AllowS3ProductionObjectActions", **allow("s3:*Object*", "arn:aws:s3:::Production/*")},
    {"Sid": "DenyS3Logs", **deny("s3:*", ["arn:aws:s3:::*log*", "arn:aws:s3:::*log*/*"])},
)
PRODUCTION = of(
    {
        **allow(
            ["s3:GetObject*", "s3:PutObject*", "s3:ReplicateObject", "s3:RestoreObject"],
            "arn:aws:s3:::Production/*",
        ),
        "Principal": {"AWS": CARLOS_ABROAD},
    }
)


@pytest.mark.parametrize(
    ("action", "resource", "policy", "expected"),
    [
        ("s3:PutObject", "arn:aws:s3:::Production-logs/f", None, EXPLICIT),
        ("s3:PutObject", "arn:aws:s3:::Production/f", PRODUCTION, ALLOWED),
        ("s3:PutObject", "arn:aws:s3:::Production/f", None, IMPLICIT),
        ("s3:DeleteObject", "arn:aws:s3:::Production/f", PRODUCTION, IMPLICIT),  # His own policy has it.
        ("s3:PutBucketPolicy", "arn:aws:s3:::Production", PRODUCTION, IMPLICIT),
    ],
)
def test_carlos_across_accounts(action: str, resource: str, policy: Json | None, expected: str) -> None:
    ask = Ask(CARLOS_ABROAD, action, resource)
    assert decision(ask, identity=[ABROAD], resource=policy, account="222222222222") == expected


REPORTS = of(
    {"Sid": "AllowGetList", **allow(["iam:Get*", "iam:List*"])}, {"Sid": "DenyReports", **deny("iam:*Report")}
)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("iam:GetUser", ALLOWED),
        ("iam:ListRoles", ALLOWED),
        ("iam:CreatePolicy", IMPLICIT),
        ("iam:GetOrganizationsAccessReport", EXPLICIT),
        ("iam:GenerateCredentialReport", EXPLICIT),
    ],
)
def test_explicit_and_implicit_denies(action: str, expected: str) -> None:
    assert decision(Ask(CARLOS, action, user("x")), identity=[REPORTS]) == expected
    if expected == EXPLICIT:
        assert decision(Ask(CARLOS, action, user("x")), identity=[REPORTS, ADMINISTRATOR]) == EXPLICIT


SHIRLEY = user("ShirleyRodriguez")
HERS = of(allow(["s3:*", "cloudwatch:*", "ec2:*"]))


def test_a_boundary_limits_and_does_not_provide() -> None:
    creating = Ask(SHIRLEY, "iam:CreateUser", user("x"))
    assert decision(creating, identity=[of(allow("iam:CreateUser"))], boundary=HERS) == IMPLICIT
    reading = Ask(SHIRLEY, "s3:GetObject", "arn:aws:s3:::b/o")
    assert decision(reading, identity=[], boundary=HERS, account=ACCOUNT) == IMPLICIT
    assert decision(reading, identity=[of(allow("s3:*"))], boundary=HERS, account=ACCOUNT) == ALLOWED


X_COMPANY = of(
    {"Sid": "ServiceBoundaries", **allow(["s3:*", "cloudwatch:*", "ec2:*", "dynamodb:*"])},
    {"Sid": "AllowIAMConsoleForCredentials", **allow(["iam:ListUsers", "iam:GetAccountPasswordPolicy"])},
    {
        "Sid": "AllowManageOwnPasswordAndAccessKeys",
        **allow(
            [
                "iam:*AccessKey*",
                "iam:ChangePassword",
                "iam:GetUser",
                "iam:*ServiceSpecificCredential*",
                "iam:*SigningCertificate*",
            ],
            ["arn:aws:iam::*:user/${aws:username}"],
        ),
    },
    {"Sid": "DenyS3Logs", **deny("s3:*", ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"])},
    {"Sid": "DenyEC2Production", **deny("ec2:*", "arn:aws:ec2:*:*:instance/i-1234567890abcdef0")},
)
BOUNDARY_ARN = f"arn:aws:iam::{ACCOUNT}:policy/XCompanyBoundaries"
# Of the page's long lists of actions only some stand in these two.
ZHANGS_BOUNDARY = of(
    {
        "Sid": "CreateOrChangeOnlyWithBoundary",
        **allow(
            ["iam:AttachUserPolicy", "iam:CreateUser", "iam:PutUserPermissionsBoundary", "iam:PutUserPolicy"]
        ),
        "Condition": {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY_ARN}},
    },
    {
        "Sid": "CloudWatchAndOtherIAMTasks",
        "Effect": "Allow",
        "Action": [
            "cloudwatch:*",
            "iam:CreateAccessKey",
            "iam:DeleteUser",
            "iam:GetUser",
            "iam:DeletePolicy",
        ],
        "NotResource": user("Maria"),
    },
    {"Sid": "NoBoundaryPolicyEdit", **deny(["iam:CreatePolicyVersion", "iam:DeletePolicy"], [BOUNDARY_ARN])},
    {"Sid": "NoBoundaryUserDelete", **deny("iam:DeleteUserPermissionsBoundary")},
)
ZHANGS = of(
    {"Sid": "IAM", **allow("iam:*")},
    {"Sid": "CloudWatchLimited", **allow(["cloudwatch:GetDashboard", "cloudwatch:ListMetrics"])},
    {"Sid": "S3BucketContents", **allow("s3:ListBucket", "arn:aws:s3:::ZhangBucket")},
)
ZHANG, NIKHIL = user("Zhang"), user("Nikhil")
NIKHILS = of(allow(["iam:*", "s3:Get*", "s3:List*"]))


@pytest.mark.parametrize(
    ("action", "resource", "context", "expected"),
    [
        # Zhang forgot the boundary for the user whom he made; with it he may.
        ("iam:CreateUser", NIKHIL, {}, IMPLICIT),
        ("iam:CreateUser", NIKHIL, {"iam:PermissionsBoundary": BOUNDARY_ARN}, ALLOWED),
        ("iam:CreateUser", NIKHIL, {"iam:PermissionsBoundary": BOUNDARY_ARN + "2"}, IMPLICIT),
        ("iam:CreateAccessKey", NIKHIL, {}, ALLOWED),
        ("iam:CreateAccessKey", user("Maria"), {}, IMPLICIT),
        ("iam:DeletePolicy", BOUNDARY_ARN, {}, EXPLICIT),
        ("iam:DeleteUserPermissionsBoundary", NIKHIL, {}, EXPLICIT),
        ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/r", {}, IMPLICIT),  # Only his policy has it.
        ("cloudwatch:ListMetrics", "*", {}, ALLOWED),
        ("cloudwatch:DeleteAlarms", "*", {}, IMPLICIT),  # Only his boundary has it.
        ("s3:ListBucket", "arn:aws:s3:::ZhangBucket", {}, IMPLICIT),
    ],
)
def test_zhang_may_delegate_within_his_boundary(
    action: str, resource: str, context: Given, expected: str
) -> None:
    ask = Ask(ZHANG, action, resource, context)
    assert decision(ask, identity=[ZHANGS], boundary=ZHANGS_BOUNDARY, account=ACCOUNT) == expected


SECRET = f"arn:aws:secretsmanager:us-east-2:{ACCOUNT}:secret:s"


@pytest.mark.parametrize(
    ("action", "resource", "policy", "expected"),
    [
        ("iam:ChangePassword", NIKHIL, None, ALLOWED),
        ("iam:ChangePassword", ZHANG, None, IMPLICIT),
        ("iam:CreateUser", user("x"), None, IMPLICIT),
        ("s3:GetObject", "arn:aws:s3:::b/o", None, ALLOWED),
        ("s3:PutObject", "arn:aws:s3:::b/o", None, IMPLICIT),
        ("s3:GetObject", "arn:aws:s3:::logs/o", None, EXPLICIT),
        # The boundary's Deny beats the bucket's policy; its silence does not limit what names him.
        ("s3:PutObject", "arn:aws:s3:::logs/o", allow("s3:PutObject", "arn:aws:s3:::logs/*"), EXPLICIT),
        ("secretsmanager:GetSecretValue", SECRET, allow("secretsmanager:GetSecretValue"), ALLOWED),
        ("secretsmanager:GetSecretValue", SECRET, None, IMPLICIT),
    ],
)
def test_nikhil_under_the_company_boundary(
    action: str, resource: str, policy: Json | None, expected: str
) -> None:
    granting = None if policy is None else of({**policy, "Principal": {"AWS": NIKHIL}})
    ask = Ask(NIKHIL, action, resource)
    found = decision(ask, identity=[NIKHILS], resource=granting, boundary=X_COMPANY, account=ACCOUNT)
    assert found == expected


def test_for_queues_too_a_boundarys_silence_does_not_limit_what_names_the_user() -> None:
    queue = f"arn:aws:sqs:us-east-2:{ACCOUNT}:q"
    granting = of({**allow(SEND, queue), "Principal": {"AWS": NIKHIL}})
    assert decision(Ask(NIKHIL, SEND, queue), resource=granting, boundary=X_COMPANY) == ALLOWED


B = "444455556666"
AUDIT_ROLE = f"arn:aws:iam::{B}:role/cross-account-read-only-role"
AUDIT = f"arn:aws:sts::{B}:assumed-role/cross-account-read-only-role/cross-account-audit-app"
NOT_BOB: Json = {
    "Effect": "Deny",
    "NotPrincipal": {"AWS": [user("Bob", B), f"arn:aws:iam::{B}:root"]},
    "Action": "s3:*",
    "Resource": objects("BUCKETNAME"),
}
NOT_AUDIT: Json = {**NOT_BOB, "NotPrincipal": {"AWS": [AUDIT, AUDIT_ROLE, f"arn:aws:iam::{B}:root"]}}
NOT_BOB_ALONE: Json = {**NOT_BOB, "NotPrincipal": {"AWS": [user("Bob", B)]}}
NOT_BY_ARN: Json = {
    "Sid": "UsePrincipalArnInsteadOfNotPrincipalWithDeny",
    "Effect": "Deny",
    "Action": "s3:*",
    "Principal": "*",
    "Resource": objects("BUCKETNAME"),
    "Condition": {"ArnNotEquals": {"aws:PrincipalArn": user("Bob", B)}},
}
OPEN: Json = {**allow("s3:*", objects("BUCKETNAME")), "Principal": "*"}
IN_BUCKET = "arn:aws:s3:::BUCKETNAME/o"


@pytest.mark.parametrize("owner", [B, ACCOUNT])
@pytest.mark.parametrize(
    ("denying", "who", "escapes"),
    [
        (NOT_BOB, user("Bob", B), True),
        (NOT_BOB, user("Ann", B), False),
        (NOT_BOB, user("Bob", ACCOUNT), False),
        (NOT_BOB, AUDIT, False),
        (NOT_AUDIT, AUDIT, True),
        (NOT_AUDIT, AUDIT + "2", False),
        (NOT_AUDIT, user("Bob", B), False),
        # Without the account's ARN even whom it names is denied.
        (NOT_BOB_ALONE, user("Bob", B), False),
        (NOT_BY_ARN, user("Bob", B), True),
        (NOT_BY_ARN, user("Ann", B), False),
        (NOT_BY_ARN, AUDIT, False),
    ],
)
def test_everyone_but_the_principals_that_are_named(
    denying: Json, who: str, escapes: bool, owner: str
) -> None:
    ask = Ask(who, "s3:GetObject", IN_BUCKET)
    found = decision(ask, identity=[ADMINISTRATOR], resource=of(OPEN, denying), account=owner)
    assert found == (ALLOWED if escapes else EXPLICIT)
    if escapes:
        # It omits them from a denial and grants nothing.
        assert decision(ask, resource=of(denying), account=owner) == IMPLICIT


A_QUEUE = f"arn:aws:sqs:us-east-2:{ACCOUNT}:queue1"
DELEGATING: Json = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": "111122223333"},
        "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"],
        "Resource": [f"arn:aws:sqs:*:{ACCOUNT}:queue1"],
        "Condition": {
            "DateGreaterThan": {"aws:CurrentTime": "2014-11-30T12:00Z"},
            "DateLessThan": {"aws:CurrentTime": "2014-11-30T15:00Z"},
        },
    },
}
GROUP: Json = {"Version": "2012-10-17", "Statement": allow("sqs:*", f"arn:aws:sqs:*:{ACCOUNT}:queue1")}


@pytest.mark.parametrize(
    ("action", "time", "expected"),
    [
        ("sqs:SendMessage", "2014-11-30T13:00Z", ALLOWED),
        ("sqs:ReceiveMessage", "2014-11-30T13:00Z", ALLOWED),
        ("sqs:DeleteMessage", "2014-11-30T13:00Z", IMPLICIT),  # Only the group's own policy has it.
        ("sqs:SendMessage", "2014-11-30T16:00Z", IMPLICIT),
    ],
)
def test_delegating_access_to_a_queue_to_another_account(action: str, time: str, expected: str) -> None:
    ask = Ask(user("any", "111122223333"), action, A_QUEUE, {"aws:CurrentTime": time})
    assert decision(ask, identity=[GROUP], resource=DELEGATING) == expected
    assert decision(ask, resource=DELEGATING) == IMPLICIT


def test_access_cannot_be_delegated_where_the_account_is_denied() -> None:
    denied: Json = of(
        {
            "Sid": "AccountBDeny",
            **deny("s3:*", "arn:aws:s3:::mybucket/*"),
            "Principal": {"AWS": "111122223333"},
        }
    )
    ask = Ask(user("any", "111122223333"), "s3:GetObject", "arn:aws:s3:::mybucket/o")
    own = of(allow("s3:*", "arn:aws:s3:::mybucket/*"))
    assert decision(ask, identity=[own], resource=denied, account=ACCOUNT) == EXPLICIT


def app(*actions: str) -> list[Json]:
    return [
        allow("s3:ListBucket", "arn:aws:s3:::productionapp"),
        allow(list(actions), "arn:aws:s3:::productionapp/*"),
    ]


ROLES = of(*app("s3:GetObject", "s3:PutObject", "s3:DeleteObject"))
PASSED = of(*app("s3:GetObject", "s3:PutObject"))
NO_DELETING = of({**deny("s3:DeleteObject", "arn:aws:s3:::productionapp/*"), "Principal": {"AWS": "*"}})
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/session"
ITEM = "arn:aws:s3:::productionapp/o"


def test_permissions_of_an_assumed_role() -> None:
    for action, passed, policy, expected in (
        ("s3:DeleteObject", None, None, ALLOWED),
        ("s3:DeleteObject", PASSED, None, IMPLICIT),  # The intersection.
        ("s3:PutObject", PASSED, None, ALLOWED),
        ("s3:DeleteObject", None, NO_DELETING, EXPLICIT),  # All users, sessions among them.
    ):
        ask = Ask(SESSION, action, ITEM)
        found = decision(ask, identity=[ROLES], session=passed, resource=policy, account=ACCOUNT)
        assert found == expected, action


TOKEN_APP = of(
    *(
        allow(action)
        for action in (
            "sts:GetFederationToken",
            "dynamodb:ListTables",
            "sqs:ReceiveMessage",
            "s3:ListBucket",
            "sns:ListSubscriptions",
        )
    )
)
CAROL = f"arn:aws:sts::{ACCOUNT}:federated-user/Carol"
FOR_CAROL = of(
    {
        **allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "arn:aws:s3:::productionapp/*"),
        "Principal": {"AWS": CAROL},
    }
)


@pytest.mark.parametrize(
    ("action", "resource", "policy", "expected"),
    [
        ("s3:ListBucket", "arn:aws:s3:::productionapp", None, ALLOWED),
        ("s3:ListBucket", "arn:aws:s3:::another", None, IMPLICIT),
        ("s3:GetObject", ITEM, None, IMPLICIT),  # Only the session policy has it,
        ("sqs:ReceiveMessage", A_QUEUE, None, IMPLICIT),  # and this only the user.
        ("dynamodb:ListTables", "*", None, IMPLICIT),
        ("s3:GetObject", ITEM, FOR_CAROL, ALLOWED),
    ],
)
def test_permissions_of_a_federated_user(
    action: str, resource: str, policy: Json | None, expected: str
) -> None:
    passed = of(*app("s3:GetObject", "s3:PutObject", "s3:DeleteObject"))
    ask = Ask(CAROL, action, resource)
    found = decision(ask, identity=[TOKEN_APP], session=passed, resource=policy, account=ACCOUNT)
    assert found == expected


def test_a_policy_that_names_the_federated_user_needs_no_session_policy() -> None:
    """Without one the user's own policies do not count; the server leaves them out."""
    for action, expected in (("s3:GetObject", ALLOWED), ("s3:ListBucket", IMPLICIT)):
        assert decision(Ask(CAROL, action, ITEM), resource=FOR_CAROL, account=ACCOUNT) == expected


FULL_ACCESS: Json = {
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
ONE_ROLE = of(
    {"Sid": "AllowRole", **allow("*"), "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/role-name"}}
)
ONE_ARN = of(
    {
        **allow("*"),
        "Principal": "*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/role-name"}},
    }
)
OWN_ACCOUNT = of(
    {**allow("*"), "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}}
)
OWN_ORG = of(
    {**allow("*"), "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1a2b3c4d5e"}}}
)
ROLE_NAME = f"arn:aws:sts::{ACCOUNT}:assumed-role/role-name/s"
AGENT = f"arn:aws:sts::{ACCOUNT}:assumed-role/another/s"


@pytest.mark.parametrize(
    ("endpoint", "who", "context", "expected"),
    [
        (FULL_ACCESS, CARLOS, {}, ALLOWED),
        (ONE_ROLE, ROLE_NAME, {}, ALLOWED),
        (ONE_ROLE, AGENT, {}, IMPLICIT),
        (ONE_ARN, ROLE_NAME, {}, ALLOWED),
        (ONE_ARN, AGENT, {}, IMPLICIT),
        (OWN_ACCOUNT, CARLOS, {}, ALLOWED),
        (OWN_ACCOUNT, "anonymous", {}, IMPLICIT),
        (OWN_ORG, CARLOS, {"aws:PrincipalOrgID": "o-1a2b3c4d5e"}, ALLOWED),
        (OWN_ORG, CARLOS, {}, IMPLICIT),
    ],
)
def test_endpoint_policies(endpoint: Json, who: str, context: Given, expected: str) -> None:
    found = decision(Ask(who, SEND, A_QUEUE, context), identity=[ADMINISTRATOR], endpoint=endpoint)
    assert found == expected
    # It filters and does not grant.
    assert decision(Ask(who, SEND, A_QUEUE, context), endpoint=endpoint) == IMPLICIT


def test_a_queue_policy_names_no_actions_of_other_services() -> None:
    """SQS refuses it, with the text that it has for every queue policy it cannot take."""
    for action in ("s3:*", "sns:Publish", "dynamodb:GetItem"):
        text = json.dumps(of({**allow(action, A_QUEUE), "Principal": "*"}))
        with pytest.raises(PolicyInvalid):
            parse(text, PolicyKind.RESOURCE)
        assert parse(text, PolicyKind.ENDPOINT).statements
        assert parse(text, PolicyKind.OTHER_RESOURCE).statements


def test_an_identity_policy_and_a_trust_policy_have_no_not_principal() -> None:
    text = json.dumps(of(NOT_BOB))
    for kind in (PolicyKind.IDENTITY, PolicyKind.SESSION):
        with pytest.raises(PolicyInvalid):
            parse(text, kind)
    trust = {name: node for name, node in NOT_BOB.items() if name != "Resource"}
    with pytest.raises(PolicyInvalid, match="it has no NotPrincipal"):
        parse(json.dumps(of({**trust, "Action": "sts:AssumeRole"})), PolicyKind.TRUST)
