"""What is kept of a decision is right for the next request, whatever differs in it, and nothing is decided twice."""

import json
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import pytest

from qanat.api import authorise, standing
from qanat.api.authorise import Authoriser
from qanat.api.context import ON_ADDRESS, ON_ANYTHING, context_of, depends_on
from qanat.core.control import Control
from qanat.core.errors import AccessDenied
from qanat.core.identity.commands import CreateAccount
from qanat.core.identity.model import Caller, Session, User, caller_of
from qanat.core.identity.records import UserPut
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.stored import StoredPolicy
from qanat.core.way import WayIn

ACCOUNT = "123456789012"
REGION = "us-east-2"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:MyQueue"
HERE, ELSEWHERE = WayIn(True, "192.0.2.1"), WayIn(True, "203.0.113.1")


class Rig:
    """Bob has one inline policy: he may do all if the condition holds."""

    def __init__(self, condition: Mapping[str, Any]) -> None:
        self.control = Control()
        self.control.handle(CreateAccount(ACCOUNT), 0)
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
        self.text = json.dumps({"Version": "2012-10-17", "Statement": statement})
        self.authoriser = Authoriser(self.control)
        self.decided = 0
        self.put_user()

    def put_user(self, tags: tuple[tuple[str, str], ...] = ()) -> None:
        user = User(ACCOUNT, "bob", "AIDABOB", "/", 0, (("p", self.text),), tags)
        self.control.apply(UserPut(user))
        self.caller = caller_of(user)

    def may(self, way: WayIn | None = HERE, agent: bytes = b"x", now_ms: int = 0, **said: Any) -> bool:
        def counted(*args: Any) -> Any:
            self.decided += 1
            return authorize(*args)

        headers = {b"user-agent": agent}
        arguments = (self.caller, "sqs:TagQueue", QUEUE, ACCOUNT, REGION, way, headers, now_ms)
        with patch.object(authorise, "authorize", counted):
            try:
                self.authoriser.demand(*arguments, **said)
            except AccessDenied:
                return False
        return True


def test_an_address_is_judged_once_and_each_by_itself() -> None:
    rig = Rig({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})
    for _ in range(3):
        assert rig.may(HERE)
        assert not rig.may(ELSEWHERE)
        assert not rig.may(None)
    assert rig.decided == 3


def test_tags_of_a_queue_are_judged_once_and_each_by_themselves() -> None:
    rig = Rig({"StringEquals": {"aws:ResourceTag/team": "red"}})
    for _ in range(3):
        assert rig.may(resource_tags=(("team", "red"),))
        assert not rig.may(resource_tags=(("team", "blue"),))
        assert not rig.may()
    assert rig.decided == 3


def test_tags_of_the_caller_are_those_it_has_now() -> None:
    rig = Rig({"StringEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team}"}})
    red: dict[str, Any] = {"resource_tags": (("team", "red"),)}
    assert not rig.may(**red)
    rig.put_user((("team", "red"),))
    assert rig.may(**red)
    assert rig.may(**red)
    assert rig.decided == 2
    rig.put_user((("team", "blue"),))
    assert not rig.may(**red)


def test_address_and_tags_together() -> None:
    rig = Rig({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}, "Null": {"aws:ResourceTag/team": "false"}})
    red = (("team", "red"),)
    for _ in range(2):
        assert rig.may(HERE, resource_tags=red)
        assert not rig.may(ELSEWHERE, resource_tags=red)
        assert not rig.may(HERE)
    assert rig.decided == 3


def test_an_unclear_tag_is_denied_unjudged_beside_a_clear_one_that_was_allowed() -> None:
    rig = Rig({"StringEquals": {"aws:ResourceTag/team": "red"}})
    assert rig.may(resource_tags=(("team", "red"),))
    assert not rig.may(resource_tags=(("Team", "blue"), ("team", "red")))
    assert rig.decided == 1


def test_time_is_judged_each_time() -> None:
    rig = Rig({"DateLessThan": {"aws:CurrentTime": "1970-01-01T00:00:10Z"}})
    assert rig.may(now_ms=9_000)
    assert not rig.may(now_ms=11_000)
    rig = Rig({"NumericLessThan": {"aws:EpochTime": "10"}})
    assert rig.may(now_ms=9_000)
    assert not rig.may(now_ms=11_000)


def test_the_age_of_a_code_is_judged_each_time() -> None:
    rig = Rig({"NumericLessThan": {"aws:MultiFactorAuthAge": "10"}})
    session = Session("ASIA1", 0, 3_600_000, "AIDABOB", "bob", mfa_at_ms=0)
    rig.caller = Caller(**{**_fields(rig.caller), "session": session})
    assert rig.may(now_ms=9_000)
    assert not rig.may(now_ms=11_000)


def _fields(caller: Caller) -> dict[str, Any]:
    return {name: getattr(caller, name) for name in caller.__struct_fields__}


def test_what_a_client_says_is_judged_each_time() -> None:
    rig = Rig({"StringEquals": {"aws:UserAgent": "good"}})
    assert rig.may(agent=b"good")
    assert not rig.may(agent=b"bad")
    rig = Rig({"StringEquals": {"aws:RequestTag/team": "red"}})
    assert rig.may(request_tags={"team": "red"})
    assert not rig.may(request_tags={"team": "blue"})
    assert not rig.may()
    rig = Rig({"StringEquals": {"sts:ExternalId": "secret"}})
    assert rig.may(own_context={"sts:externalid": "secret"})
    assert not rig.may()


def test_what_was_allowed_where_no_queue_was_is_not_thereby_allowed_on_the_queue() -> None:
    """CreateQueue with tags asks for sqs:TagQueue too, and not of the policy of a queue that is there."""
    rig = Rig({})
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sqs:TagQueue", "Resource": QUEUE}
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    assert rig.may(request_tags={"team": "red"})
    assert not rig.may(request_tags={"team": "red"}, resource_policy=StoredPolicy(PolicyKind.RESOURCE, text))


def test_a_change_of_a_queue_leaves_where_callers_stand() -> None:
    rig = Rig({})
    with patch.object(authorise, "standing_of", wraps=standing.standing_of) as read:
        assert rig.may()
        rig.control.version += 1
        assert rig.may()
        assert rig.decided == 2
        assert read.call_count == 1
        rig.put_user()
        assert rig.may()
        assert read.call_count == 2


SESSION = Session("ASIA1", 0, 3_600_000, "AIDABOB", "bob", source_identity="bob", mfa_at_ms=0)
BOB = Caller(**{**_fields(caller_of(User(ACCOUNT, "bob", "AIDABOB", "/", 0))), "session": SESSION})


def context(way: WayIn = HERE, agent: str = "a", now_ms: int = 0) -> Mapping[str, Any]:
    return context_of(BOB, way, REGION, ACCOUNT, agent, now_ms)


IN_VPC = [WayIn(True, address, "vpce-1", "vpc-1", ACCOUNT, REGION) for address in ("10.0.0.1", "10.0.0.2")]


@pytest.mark.parametrize(
    ("one", "other", "bit"),
    [
        (context(), context(way=ELSEWHERE), ON_ADDRESS),
        (context(way=IN_VPC[0]), context(way=IN_VPC[1]), ON_ADDRESS),
        (context(), context(now_ms=5_000), ON_ANYTHING),
        (context(), context(agent="b"), ON_ANYTHING),
    ],
)
def test_what_a_key_follows_from_is_known(one: Mapping[str, Any], other: Mapping[str, Any], bit: int) -> None:
    differing = [key for key in one.keys() | other.keys() if one.get(key) != other.get(key)]
    assert differing
    for key in differing:
        assert depends_on(frozenset({key})) == bit


def test_of_a_key_that_is_not_known_nothing_is_kept() -> None:
    assert depends_on(frozenset({"aws:principalarn", "made:up"})) == ON_ANYTHING
