"""Every queue policy of the SQS Developer Guide's two pages of examples, each with the effect that the page states.

SQS Developer Guide: sqs-basic-examples-of-sqs-policies, sqs-creating-custom-policies-access-policy-examples,
sqs-limitations-of-custom-policies, sqs-creating-custom-policies-relationships-between-explicit-default-denials.
"""

import pytest

from qanat.core.policy.actions import NOT_SHAREABLE, SHAREABLE
from support.pages import ADMINISTRATOR, ALLOWED, EXPLICIT, IMPLICIT, Ask, Given, Json, decision

A, B, C = "111122223333", "444455556666", "123456789012"
ANN, BOB, CAT = (f"arn:aws:iam::{account}:user/any" for account in (A, B, C))
STRANGER = "arn:aws:iam::999999999999:user/any"


def grant(principal: object, action: str | list[str], resource: str, condition: Json | None = None) -> Json:
    """A policy of the first page, which all have one shape."""
    statement = {
        "Sid": "Queue1",
        "Effect": "Allow",
        "Principal": principal,
        "Action": action,
        "Resource": resource,
    }
    if condition is not None:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Id": "Queue1_Policy_UUID", "Statement": [statement]}


SEND, RECEIVE = "sqs:SendMessage", "sqs:ReceiveMessage"
Q1A, Q1B, Q1C = (f"arn:aws:sqs:us-east-2:{account}:queue1" for account in (A, B, C))
Q1A_WEST = Q1A.replace("us-east-2", "us-west-1")

ONE_PERMISSION = grant({"AWS": [A]}, SEND, Q1B)
TWO_PERMISSIONS = grant({"AWS": [A]}, [SEND, RECEIVE], f"arn:aws:sqs:*:{B}:queue1")
TWO_ACCOUNTS = grant({"AWS": [A, B]}, "sqs:*", Q1C)
ROLE1, USERNAME1 = f"arn:aws:iam::{A}:role/role1", f"arn:aws:iam::{A}:user/username1"
ROLE_AND_USER = grant({"AWS": [ROLE1, USERNAME1]}, "sqs:*", Q1C)
ALL_USERS = grant("*", RECEIVE, f"arn:aws:sqs:*:{A}:queue1")
TIME_LIMITED = grant(
    "*",
    RECEIVE,
    f"arn:aws:sqs:*:{A}:queue1",
    {
        "DateGreaterThan": {"aws:CurrentTime": "2009-01-31T12:00Z"},
        "DateLessThan": {"aws:CurrentTime": "2009-01-31T15:00Z"},
    },
)
CIDR = grant("*", "sqs:*", f"arn:aws:sqs:*:{A}:queue1", {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})
TWO_CIDRS: Json = {
    "Version": "2012-10-17",
    "Id": "Queue1_Policy_UUID",
    "Statement": [
        {
            "Sid": "Queue1_AnonymousAccess_SendMessage_IPLimit",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "sqs:SendMessage",
            "Resource": f"arn:aws:sqs:*:{A}:queue1",
            "Condition": {
                "IpAddress": {"aws:SourceIp": "192.0.2.0/24"},
                "NotIpAddress": {"aws:SourceIp": "192.0.2.188/32"},
            },
        },
        {
            "Sid": "Queue1_AnonymousAccess_AllActions_IPLimit_Deny",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": f"arn:aws:sqs:*:{A}:queue1",
            "Condition": {"IpAddress": {"aws:SourceIp": "12.148.72.0/23"}},
        },
    ],
}


def at(time: str) -> Given:
    return {"aws:CurrentTime": time}


def from_ip(address: str) -> Given:
    return {"aws:SourceIp": address}


BASIC = [
    # 1: the account may send to the one queue in the one Region, and nobody else may, and nothing else.
    (ONE_PERMISSION, Ask(ANN, SEND, Q1B), ALLOWED),
    (ONE_PERMISSION, Ask(ANN, RECEIVE, Q1B), IMPLICIT),
    (ONE_PERMISSION, Ask(STRANGER, SEND, Q1B), IMPLICIT),
    (ONE_PERMISSION, Ask("anonymous", SEND, Q1B), IMPLICIT),
    (ONE_PERMISSION, Ask(ANN, SEND, Q1B.replace("us-east-2", "us-east-1")), IMPLICIT),
    # 2: both permissions; the Region is a wildcard.
    (TWO_PERMISSIONS, Ask(ANN, SEND, Q1B), ALLOWED),
    (TWO_PERMISSIONS, Ask(ANN, RECEIVE, Q1B.replace("us-east-2", "eu-west-1")), ALLOWED),
    (TWO_PERMISSIONS, Ask(ANN, "sqs:DeleteMessage", Q1B), IMPLICIT),
    # 3: two accounts get whatever can be shared.
    *((TWO_ACCOUNTS, Ask(who, "sqs:PurgeQueue", Q1C), ALLOWED) for who in (ANN, BOB)),
    *((TWO_ACCOUNTS, Ask(who, "sqs:DeleteQueue", Q1C), IMPLICIT) for who in (ANN, BOB)),
    (TWO_ACCOUNTS, Ask(STRANGER, SEND, Q1C), IMPLICIT),
    # 4: one role and one user of the account, not the account.
    (ROLE_AND_USER, Ask(USERNAME1, SEND, Q1C), ALLOWED),
    (ROLE_AND_USER, Ask(f"arn:aws:sts::{A}:assumed-role/role1/s", SEND, Q1C), ALLOWED),
    (ROLE_AND_USER, Ask(f"arn:aws:sts::{A}:assumed-role/role2/s", SEND, Q1C), IMPLICIT),
    (ROLE_AND_USER, Ask(ANN, SEND, Q1C), IMPLICIT),
    (ROLE_AND_USER, Ask(f"arn:aws:iam::{A}:root", SEND, Q1C), IMPLICIT),
    # 5: all users, anonymous ones among them, may receive.
    *((ALL_USERS, Ask(who, RECEIVE, Q1A), ALLOWED) for who in ("anonymous", ANN, STRANGER)),
    (ALL_USERS, Ask("anonymous", SEND, Q1A), IMPLICIT),
    (ALL_USERS, Ask("anonymous", RECEIVE, Q1A_WEST), ALLOWED),
    # 6: the same between noon and three o'clock of one day, its ends excluded.
    (TIME_LIMITED, Ask("anonymous", RECEIVE, Q1A, at("2009-01-31T12:00:01Z")), ALLOWED),
    (TIME_LIMITED, Ask("anonymous", RECEIVE, Q1A, at("2009-01-31T14:59:59.999Z")), ALLOWED),
    (TIME_LIMITED, Ask("anonymous", RECEIVE, Q1A, at("2009-01-31T12:00:00Z")), IMPLICIT),
    (TIME_LIMITED, Ask("anonymous", RECEIVE, Q1A, at("2009-01-31T15:00:00Z")), IMPLICIT),
    (TIME_LIMITED, Ask("anonymous", RECEIVE, Q1A, at("2026-01-31T13:00:00Z")), IMPLICIT),
    # 7: everything that can be shared, from one range of addresses.
    (CIDR, Ask("anonymous", SEND, Q1A, from_ip("192.0.2.1")), ALLOWED),
    (CIDR, Ask(STRANGER, "sqs:PurgeQueue", Q1A, from_ip("192.0.2.255")), ALLOWED),
    (CIDR, Ask("anonymous", "sqs:DeleteQueue", Q1A, from_ip("192.0.2.1")), IMPLICIT),
    (CIDR, Ask("anonymous", SEND, Q1A, from_ip("192.0.3.1")), IMPLICIT),
    (CIDR, Ask("anonymous", SEND, Q1A), IMPLICIT),  # Through an endpoint there is no such address.
    # 8: one address of the range is left out, and another range is shut out whatever else allows.
    (TWO_CIDRS, Ask("anonymous", SEND, Q1A, from_ip("192.0.2.187")), ALLOWED),
    (TWO_CIDRS, Ask("anonymous", SEND, Q1A, from_ip("192.0.2.188")), IMPLICIT),
    (TWO_CIDRS, Ask("anonymous", RECEIVE, Q1A, from_ip("192.0.2.187")), IMPLICIT),
    (TWO_CIDRS, Ask("anonymous", SEND, Q1A, from_ip("12.148.73.255")), EXPLICIT),
    (TWO_CIDRS, Ask(ANN, "sqs:ListQueueTags", Q1A, from_ip("12.148.72.1")), EXPLICIT),
    (TWO_CIDRS, Ask("anonymous", SEND, Q1A, from_ip("12.148.74.1")), IMPLICIT),
]


@pytest.mark.parametrize(("policy", "ask", "expected"), BASIC)
def test_basic_examples_of_sqs_policies(policy: Json, ask: Ask, expected: str) -> None:
    # Across accounts the caller's own account has to allow as well, which it does here.
    identity = [] if ask.principal == "anonymous" else [ADMINISTRATOR]
    assert decision(ask, identity=identity, resource=policy) == expected


def test_an_account_that_is_granted_something_still_has_to_give_it_to_its_users() -> None:
    assert decision(Ask(ANN, SEND, Q1B), resource=ONE_PERMISSION) == IMPLICIT
    assert decision(Ask(f"arn:aws:iam::{A}:root", SEND, Q1B), resource=ONE_PERMISSION) == ALLOWED


@pytest.mark.parametrize("action", sorted(NOT_SHAREABLE | SHAREABLE))
def test_cross_account_permissions_apply_to_the_shareable_actions_alone(action: str) -> None:
    expected = ALLOWED if action in SHAREABLE else IMPLICIT
    for policy, who in ((TWO_ACCOUNTS, BOB), (ROLE_AND_USER, USERNAME1)):
        assert decision(Ask(who, action, Q1C), identity=[ADMINISTRATOR], resource=policy) == expected
    # Within the account nothing limits them.
    own = {**grant({"AWS": [CAT]}, "sqs:*", Q1C)}
    assert decision(Ask(CAT, action, Q1C), resource=own) == ALLOWED


QUEUE2 = f"arn:aws:sqs:us-east-2:{B}:queue2"
BOTH = [SEND, RECEIVE]


def use_case(number: int, effect: str, principals: list[str], condition: Json | None = None) -> Json:
    one: dict[str, object] = {
        "Sid": "1",
        "Effect": effect,
        "Principal": {"AWS": principals},
        "Action": BOTH,
        "Resource": QUEUE2,
    }
    if condition is not None:
        one["Condition"] = condition
    return {"Version": "2012-10-17", "Id": f"UseCase{number}", "Statement": [one]}


UNTIL_2009 = {"DateLessThan": {"AWS:CurrentTime": "2009-06-30T12:00Z"}}
CASE_1 = use_case(1, "Allow", [A])
CASE_2 = use_case(2, "Allow", [A, B], UNTIL_2009)
CASE_3 = use_case(3, "Allow", [A], {**UNTIL_2009, "IpAddress": {"AWS:SourceIp": "203.0.113.0/24"}})
CASE_4 = use_case(4, "Deny", [A])
CASE_5: Json = {
    "Version": "2012-10-17",
    "Id": "UseCase5",
    "Statement": [
        {"Sid": "1", "Effect": "Allow", "Principal": {"AWS": [A]}, "Action": BOTH, "Resource": Q1A},
        {
            "Sid": "2",
            "Effect": "Deny",
            "Principal": "*",
            "Action": BOTH,
            "Resource": Q1A,
            "Condition": {"StringNotEquals": {"aws:sourceVpce": "vpce-1a2b3c4d"}},
        },
    ],
}
CASE_5_WHOLE: Json = {
    **CASE_5,
    "Statement": [CASE_5["Statement"][0], {**CASE_5["Statement"][1], "Action": "sqs:*"}],  # type: ignore[index]  # A policy is untyped JSON.
}
BEFORE, AFTER = "2009-06-30T11:59:59Z", "2009-06-30T12:00:00Z"
VPCE: Given = {"aws:SourceVpce": "vpce-1a2b3c4d"}

CUSTOM = [
    # 1: the account may send and receive.
    *((CASE_1, Ask(ANN, action, QUEUE2), ALLOWED) for action in BOTH),
    (CASE_1, Ask(ANN, "sqs:DeleteMessage", QUEUE2), IMPLICIT),
    (CASE_1, Ask(CAT, SEND, QUEUE2), IMPLICIT),
    # 2: two accounts, the queue's own among them, for a while. Names of keys have no case.
    *((CASE_2, Ask(who, SEND, QUEUE2, at(BEFORE)), ALLOWED) for who in (ANN, BOB)),
    (CASE_2, Ask(ANN, SEND, QUEUE2, at(AFTER)), IMPLICIT),
    # 3: in time and from the range: both conditions have to hold.
    (CASE_3, Ask(ANN, SEND, QUEUE2, {**at(BEFORE), **from_ip("203.0.113.9")}), ALLOWED),
    (CASE_3, Ask(ANN, SEND, QUEUE2, {**at(AFTER), **from_ip("203.0.113.9")}), IMPLICIT),
    (CASE_3, Ask(ANN, SEND, QUEUE2, {**at(BEFORE), **from_ip("203.0.114.9")}), IMPLICIT),
    (CASE_3, Ask(ANN, SEND, QUEUE2, at(BEFORE)), IMPLICIT),
    # 4: the account is denied, root too.
    *((CASE_4, Ask(ANN, action, QUEUE2), EXPLICIT) for action in BOTH),
    (CASE_4, Ask(f"arn:aws:iam::{A}:root", SEND, QUEUE2), EXPLICIT),
    (CASE_4, Ask(BOB, SEND, QUEUE2), ALLOWED),
    (CASE_4, Ask(CAT, SEND, QUEUE2), IMPLICIT),
    # 5: sending and receiving through the one endpoint only. AWS's services do not come through any.
    *((CASE_5, Ask(ANN, action, Q1A, VPCE), ALLOWED) for action in BOTH),
    *((CASE_5, Ask(ANN, action, Q1A, from_ip("203.0.113.9")), EXPLICIT) for action in BOTH),
    (CASE_5, Ask(ANN, SEND, Q1A, {"aws:SourceVpce": "vpce-1a2b3c4e"}), EXPLICIT),
    (CASE_5, Ask("sns.amazonaws.com", SEND, Q1A), EXPLICIT),
    (CASE_5, Ask("anonymous", SEND, Q1A, VPCE), IMPLICIT),
    (CASE_5, Ask(ANN, "sqs:SetQueueAttributes", Q1A, from_ip("203.0.113.9")), ALLOWED),
    # 5, as its note changes it: the policy can be mended through the endpoint alone.
    (CASE_5_WHOLE, Ask(ANN, "sqs:SetQueueAttributes", Q1A, from_ip("203.0.113.9")), EXPLICIT),
    (CASE_5_WHOLE, Ask(ANN, "sqs:SetQueueAttributes", Q1A, VPCE), ALLOWED),
]


@pytest.mark.parametrize(("policy", "ask", "expected"), CUSTOM)
def test_custom_policy_examples(policy: Json, ask: Ask, expected: str) -> None:
    identity = [] if ask.principal == "anonymous" else [ADMINISTRATOR]
    assert decision(ask, identity=identity, resource=policy) == expected


# The page draws these: A1 allows whom is not from Antarctica, A2 denies who is, B allows on June 1, 2010.
ANTARCTICA = "198.51.100.0/24"
A1 = grant("*", SEND, Q1A, {"NotIpAddress": {"aws:SourceIp": ANTARCTICA}})
A2: Json = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Deny",
        "Principal": "*",
        "Action": SEND,
        "Resource": Q1A,
        "Condition": {"IpAddress": {"aws:SourceIp": ANTARCTICA}},
    },
}
JUNE: Json = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Action": SEND,
        "Resource": Q1A,
        "Condition": {
            "DateGreaterThanEquals": {"aws:CurrentTime": "2010-06-01T00:00:00Z"},
            "DateLessThan": {"aws:CurrentTime": "2010-06-02T00:00:00Z"},
        },
    },
}
COLD, WARM = from_ip("198.51.100.7"), from_ip("192.0.2.7")
THAT_DAY, NEXT_DAY = at("2010-06-01T10:00:00Z"), at("2010-06-02T10:00:00Z")


@pytest.mark.parametrize(
    ("policy", "context", "expected"),
    [
        (A1, {**WARM, **NEXT_DAY}, ALLOWED),
        (A1, {**COLD, **NEXT_DAY}, IMPLICIT),  # The condition is not met: a default deny ...
        (A2, {**COLD, **NEXT_DAY}, EXPLICIT),
        (A1, {**COLD, **THAT_DAY}, ALLOWED),  # ... which B's allow overrides,
        (A2, {**COLD, **THAT_DAY}, EXPLICIT),  # and an explicit one it does not.
        (A2, {**WARM, **THAT_DAY}, ALLOWED),
    ],
)
def test_relationships_between_explicit_and_default_denials(
    policy: Json, context: Given, expected: str
) -> None:
    assert decision(Ask(ANN, SEND, Q1A, context), identity=[JUNE], resource=policy) == expected


def test_who_has_a_policy_for_another_service_only_is_denied_by_default() -> None:
    dynamo: Json = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"},
    }
    assert decision(Ask(ANN, SEND, Q1A), identity=[dynamo]) == IMPLICIT
