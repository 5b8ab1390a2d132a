"""What a client says is bounded before it is held against policies, and what is remembered of it too."""

import json
from collections.abc import Mapping
from time import process_time
from typing import Any

import pytest

from qanat.api.authorise import TOO_LONG, Authoriser
from qanat.core.control import Control
from qanat.core.errors import AccessDenied
from qanat.core.identity.commands import CreateAccount
from qanat.core.identity.model import User, caller_of
from qanat.core.identity.records import UserPut
from qanat.core.way import WayIn

ACCOUNT = "123456789012"
REGION = "us-east-2"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:MyQueue"
WAY = WayIn(True, "192.0.2.1")
# Each takes the time of both lengths where all but the end fits everywhere.
SLOW = [f"*{'a' * length}?b" for length in range(600, 700, 10)]


class Rig:
    def __init__(self, *statements: Mapping[str, Any]) -> None:
        self.control = Control()
        self.control.handle(CreateAccount(ACCOUNT), 0)
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        user = User(ACCOUNT, "bob", "AIDABOB", "/", 0, (("p", text),))
        self.control.apply(UserPut(user))
        self.caller = caller_of(user)
        self.authoriser = Authoriser(self.control)

    def ask(self, resource: str = QUEUE, user_agent: bytes = b"x", **said: Any) -> None:
        headers = {b"user-agent": user_agent}
        self.authoriser.demand(
            self.caller, "sqs:TagQueue", resource, ACCOUNT, REGION, WAY, headers, 0, **said
        )


def allow(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **elements}


def test_long_user_agents_cost_no_time() -> None:
    rig = Rig(allow(), {**allow(Condition={"StringLike": {"aws:UserAgent": SLOW}}), "Effect": "Deny"})
    began_s = process_time()
    rig.ask(user_agent=b"a" * 60_000)
    assert process_time() - began_s < 0.3


@pytest.mark.parametrize(
    "said",
    [
        {"resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{'a' * 1_000_000}"},
        {"request_tags": {"a": "a" * 1_000_000}},
        {"request_tags": {"a" * 1_000_000: "a"}},
        {"request_tags": {"a" * 1_000_000: None}},
        {"request_tags": {str(number): "a" for number in range(100_000)}},
        {"own_context": {"iam:policyarn": "a" * 1_000_000}},
        {"own_context": {"sts:transitivetagkeys": ("a", "a" * 1_000_000)}},
        {"own_context": {"sts:transitivetagkeys": ("a",) * 100_000}},
    ],
    ids=lambda said: next(iter(said)),
)
def test_what_is_too_long_to_be_right_is_denied_unjudged(said: Mapping[str, Any]) -> None:
    rig = Rig(allow())
    began_s = process_time()
    with pytest.raises(AccessDenied) as refusal:
        rig.ask(**said)
    assert refusal.value.message == TOO_LONG
    assert process_time() - began_s < 0.3
    assert not rig.authoriser.denied


def test_the_longest_that_can_be_right_is_judged() -> None:
    external_id, tag = "e" * 1_224, "t" * 256
    condition = {"StringEquals": {"sts:ExternalId": external_id, "aws:RequestTag/a": tag}}
    Rig(allow(Condition=condition)).ask(own_context={"sts:externalid": external_id}, request_tags={"a": tag})
