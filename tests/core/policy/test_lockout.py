"""Whether a queue policy shuts out administrators, judged by what it does and not by how it is written."""

import json
from typing import Any

import pytest

from qanat.core.policy.document import parse
from qanat.core.policy.lockout import Lockout, locks_out_administrators
from qanat.core.policy.sizes import PolicyKind
from support.cpu import cpu_time_below

ACCOUNT = "123456789012"
QUEUE = f"arn:aws:sqs:us-east-2:{ACCOUNT}:MyQueue"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/team/Admin"


def deny(condition: dict[str, Any] | None = None, **elements: Any) -> dict[str, Any]:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": QUEUE, **elements}
    return statement if condition is None else {**statement, "Condition": condition}


def judged(*statements: dict[str, Any], queue: str = QUEUE) -> Lockout | None:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return locks_out_administrators(parse(text, PolicyKind.RESOURCE), queue)


UNLESS_VPCE = {"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}

EVERYWHERE = [
    [deny()],
    [deny(Action="*")],
    [deny(Action="SQS:set*")],
    [deny(Action="sqs:SetQueueAttributes", Resource="*")],
    [{**deny(), "Action": "x"} | {"NotAction": "sqs:SendMessage"}],
    [deny(Principal={"AWS": ACCOUNT})],
    [deny(Principal={"AWS": [ROOT]})],
    [deny({"Bool": {"aws:SecureTransport": "true"}}), deny({"Bool": {"aws:SecureTransport": "false"}})],
    [deny({"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::999999999999:role/*"}})],
    [deny({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})],
    # Either way in is closed by one of the two.
    [deny({"Null": {"aws:SourceVpce": "true"}}), deny({"Null": {"aws:SourceVpce": "false"}})],
    # Nobody of the account makes calls as a service.
    [deny({"Bool": {"aws:PrincipalIsAWSService": "false"}})],
    [deny({"ArnNotEquals": {"aws:SourceArn": "arn:aws:sns:us-east-2:123456789012:t"}})],
    # Of the two conditions one holds for whoever meets the other.
    [deny(UNLESS_VPCE), deny({"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}})],
    # NotPrincipal spares a role only where the account stands beside it.
    [deny({"StringLike": {"aws:PrincipalType": "*"}})],
]
ONLY_BY = [
    ([deny(UNLESS_VPCE)], ("through vpce-1a2b3c4d",)),
    ([deny(UNLESS_VPCE, Action="sqs:SetQueueAttributes")], ("through vpce-1a2b3c4d",)),
    (
        [deny({"StringNotEquals": {"aws:sourceVpce": ["vpce-11111111", "vpce-22222222"]}})],
        ("through vpce-11111111", "through vpce-22222222"),
    ),
    ([deny({"StringNotEquals": {"aws:SourceVpc": "vpc-1a2b3c4d"}})], ("through vpc-1a2b3c4d",)),
    (
        [deny({"StringNotEquals": {"aws:SourceVpc": "vpc-1a2b3c4d"}}), deny(UNLESS_VPCE)],
        ("through vpce-1a2b3c4d and vpc-1a2b3c4d",),
    ),
    ([deny({"Null": {"aws:SourceVpce": "true"}})], ("through any VPC endpoint",)),
    ([deny({"NotIpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}})], ("through 10.0.0.0/8",)),
    ([deny({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}})], ("from 203.0.113.0/24",)),
    # IfExists makes a missing key count as a match, so the Deny hits endpoints all the same.
    ([deny({"NotIpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}})], ("from 203.0.113.0/24",)),
    (
        [deny({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "Null": {"aws:SourceVpce": "true"}})],
        ("from 203.0.113.0/24", "through any VPC endpoint"),
    ),
    # A role that comes in from one endpoint alone.
    (
        [deny({**UNLESS_VPCE}), deny({"ArnNotEquals": {"aws:PrincipalArn": ADMIN}})],
        ("through vpce-1a2b3c4d",),
    ),
    ([deny({"StringNotEquals": {"aws:VpceAccount": ACCOUNT}})], ("through any VPC endpoint",)),
]
NOBODY = [
    [],
    [deny(Effect="Allow")],
    [deny(UNLESS_VPCE, Action=["sqs:SendMessage", "sqs:ReceiveMessage"])],
    [deny(Action="sqs:*Message*")],
    [deny(Resource=f"{QUEUE}2")],
    [deny({"Bool": {"aws:SecureTransport": "false"}})],
    [deny({"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}})],
    [deny({"Null": {"aws:SourceVpce": "false"}})],
    [deny(Principal={"AWS": "999999999999"})],
    [deny(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/Eve"})],
    [deny({"ArnNotEquals": {"aws:PrincipalArn": ADMIN}})],
    [deny({"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}})],
    [deny({"StringNotEquals": {"aws:PrincipalArn": ROOT}})],
    [deny({"StringNotEquals": {"aws:PrincipalTag/team": "platform"}})],
    [deny({"StringNotEquals": {"aws:username": "alice"}})],
    [deny({"StringNotLike": {"aws:userid": "AROAEXAMPLE:*"}})],
    [deny({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})],
    [deny({"StringNotEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}})],
    [deny({"DateLessThan": {"aws:CurrentTime": "2030-01-01"}})],
    [deny({"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}})],
    [deny({"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}})],
    # Spared by one of two exceptions that one caller can have both of.
    [deny({**UNLESS_VPCE, "ArnNotEquals": {"aws:PrincipalArn": ADMIN}})],
    [
        {
            "Effect": "Deny",
            "NotPrincipal": {"AWS": [ROOT, ADMIN, f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/s"]},
            "Action": "sqs:*",
            "Resource": QUEUE,
        }
    ],
]


@pytest.mark.parametrize("statements", EVERYWHERE, ids=json.dumps)
def test_locked_out_from_everywhere(statements: list[dict[str, Any]]) -> None:
    statements = [
        {k: v for k, v in one.items() if k != "Action" or "NotAction" not in one} for one in statements
    ]
    found = judged(*statements)
    assert found is not None
    assert found.everywhere
    assert found.ways == ()


@pytest.mark.parametrize(("statements", "ways"), ONLY_BY, ids=json.dumps)
def test_locked_out_but_for_a_way_in(statements: list[dict[str, Any]], ways: tuple[str, ...]) -> None:
    found = judged(*statements)
    assert found is not None
    assert set(found.ways) == set(ways)
    assert not found.everywhere


@pytest.mark.parametrize("statements", NOBODY, ids=json.dumps)
def test_not_locked_out(statements: list[dict[str, Any]]) -> None:
    assert judged(*(statements or [deny(Effect="Allow")])) is None


def test_it_says_what_the_deny_does() -> None:
    found = judged(deny(UNLESS_VPCE))
    assert found is not None
    assert found.text.endswith("to everyone in the queue's account but those who come through vpce-1a2b3c4d")
    assert Lockout(0, ()).text.endswith("to everyone in the queue's account, wherever they call from")


def test_it_names_the_statement() -> None:
    found = judged(deny(Action="sqs:SendMessage"), deny(Effect="Allow"), deny())
    assert found == Lockout(2, ())


def test_who_is_not_of_the_queues_account_cannot_mend_it() -> None:
    far = f"arn:aws:sqs:us-east-2:{ACCOUNT}:q"
    condition = {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::999999999999:role/Admin"}}
    found = judged(deny(condition, Resource="*"), queue=far)
    assert found is not None
    assert found.everywhere
    assert judged(deny(condition, Resource="*"), queue=far.replace(ACCOUNT, "999999999999")) is None


def test_a_policy_that_names_too_much_to_be_tried_is_not_judged() -> None:
    many = [f"vpce-{index:08}" for index in range(30)]
    condition = {
        "StringNotEquals": {f"aws:PrincipalTag/{key}": [f"{key}{i}" for i in range(12)] for key in "abcde"},
        "StringNotLike": {"aws:SourceVpce": many},
    }
    with cpu_time_below(1):
        assert judged(deny(condition)) is None
        assert judged(deny(condition, Effect="Allow"), deny()) == Lockout(1, ())
        # One statement alone is enough.
        assert judged(deny(condition), deny()) == Lockout(1, ())


def test_what_is_no_queue_is_not_judged() -> None:
    assert judged(deny(Resource="*"), queue="*") is None


SLOW = [
    # Each `*aaa...` is tried from every place of a value that is nearly like it.
    [deny({"StringLike": {"aws:PrincipalTag/s": [f"*{'a' * 2_000}?b", f"*{'a' * 2_000}?c"]}})],
    # The same pattern in many conditions.
    [
        deny({operator: {"aws:PrincipalTag/s": [f"*{'a' * 330}?b", f"*{'a' * 330}?c"]}})
        for operator in (
            "StringLike",
            "StringLikeIfExists",
            "ForAnyValue:StringLike",
            "ForAllValues:StringLike",
        )
    ],
    # Patterns that are another one in each try.
    [deny({"StringLike": {"aws:PrincipalTag/s": ["*${aws:PrincipalTag/n0}" + "a*?" * 300]}})],
    [deny(Resource="arn:aws:sqs:*:*:*${aws:PrincipalTag/n0}" + "a*?" * 300)],
]


@pytest.mark.parametrize("statements", SLOW, ids=range(len(SLOW)))
def test_patterns_that_are_slow_to_try_hold_nobody_up(statements: list[dict[str, Any]]) -> None:
    often = {f"aws:PrincipalTag/n{number}": "5" for number in range(3)}
    with cpu_time_below(0.15):
        found = judged(*statements, deny({"NumericEquals": often}), deny())
    assert found is not None
    assert found.everywhere


def test_what_it_says_is_one_line_of_ascii_whatever_the_policy_names() -> None:
    """It goes into a header of the answer, into the log and onto terminals."""
    hostile = "vpce-1\r\nSet-Cookie: a=b\x1b[2J\u2028é" + "x" * 4_000
    for key in ("aws:SourceVpce", "aws:SourceVpcArn"):
        found = judged(deny({"StringNotEquals": {key: hostile}}))
        assert found is not None
        assert found.text.isascii()
        assert found.text.isprintable()
        assert len(found.text) < 1_000


def test_few_of_many_ways_are_told() -> None:
    named = [f"vpce-{number:017x}" for number in range(1, 13)]
    found = judged(deny({"StringNotEquals": {"aws:SourceVpce": named}}))
    assert found is not None
    assert len(found.ways) == 12
    assert found.text.endswith(f"or through {named[4]} or by 7 other ways")


@pytest.mark.parametrize(
    "condition",
    [
        {"StringNotEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}},
        {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-abcdefghij"}},
        {"ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": "o-abcdefghij/*"}},
    ],
    ids=json.dumps,
)
def test_where_there_are_no_organizations_nobody_is_of_one(condition: dict[str, Any]) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": deny(condition)})
    document = parse(text, PolicyKind.RESOURCE)
    assert locks_out_administrators(document, QUEUE) is None
    found = locks_out_administrators(document, QUEUE, organizations=False)
    assert found is not None
    assert found.everywhere
