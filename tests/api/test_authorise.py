"""What a client says is bounded before it is held against policies, and what is remembered of it too."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from qanat.api.authorise import TOO_LONG, Authoriser
from qanat.core.control import Control
from qanat.core.errors import AccessDenied
from qanat.core.identity.commands import CreateAccount
from qanat.core.identity.model import Session, User, caller_of, federated_user
from qanat.core.identity.policy_commands import CreatePolicy
from qanat.core.identity.records import UserPut
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.stored import StoredPolicy
from qanat.core.way import WayIn
from support.cpu import cpu_time_below

ACCOUNT, OTHER = "123456789012", "210987654321"
REGION = "us-east-2"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:MyQueue"
WAY = WayIn(True, "192.0.2.1")
# Each takes the time of both lengths where all but the end fits everywhere.
SLOW = [f"*{'a' * length}?b" for length in range(600, 700, 10)]


class Rig:
    """Bob has the statements, as an inline policy."""

    def __init__(self, *statements: Mapping[str, Any]) -> None:
        self.control = Control()
        self.control.handle(CreateAccount(ACCOUNT), 0)
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        user = User(ACCOUNT, "bob", "AIDABOB", "/", 0, (("p", text),))
        self.control.apply(UserPut(user))
        self.user = user
        self.caller = caller_of(user)
        self.authoriser = Authoriser(self.control)

    def federate(self, *policies: str, arns: tuple[str, ...] = ()) -> None:
        passed = policies if policies or arns else None
        session = Session("ASIA1", 0, 3_600_000, "AIDABOB", "bob", passed, arns)
        self.caller = federated_user(self.user, "fay", session)

    def ask(self, resource: str = QUEUE, user_agent: bytes = b"x", **said: Any) -> None:
        headers = {b"user-agent": user_agent}
        self.authoriser.demand(
            self.caller, "sqs:TagQueue", resource, ACCOUNT, REGION, WAY, headers, 0, **said
        )


def allow(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **elements}


def test_long_user_agents_cost_no_time() -> None:
    rig = Rig(allow(), {**allow(Condition={"StringLike": {"aws:UserAgent": SLOW}}), "Effect": "Deny"})
    with cpu_time_below(0.3):
        rig.ask(user_agent=b"a" * 60_000)


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
    with cpu_time_below(0.3), pytest.raises(AccessDenied) as refusal:
        rig.ask(**said)
    assert refusal.value.message == TOO_LONG
    assert not rig.authoriser.denied


def test_the_longest_that_can_be_right_is_judged() -> None:
    external_id, tag = "e" * 1_224, "t" * 256
    condition = {"StringEquals": {"sts:ExternalId": external_id, "aws:RequestTag/a": tag}}
    Rig(allow(Condition=condition)).ask(own_context={"sts:externalid": external_id}, request_tags={"a": tag})


def queue_policy(principal: str) -> dict[str, Any]:
    statement = allow(Principal={"AWS": principal})
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).replace('"*"', '"sqs:*"', 1)
    return {"resource_policy": StoredPolicy(PolicyKind.RESOURCE, text)}


BOB = f"arn:aws:iam::{ACCOUNT}:user/bob"
FAY = f"arn:aws:sts::{ACCOUNT}:federated-user/fay"


class TestFederatedSessions:
    """STS API reference, GetFederationToken: permissions."""

    def test_what_its_user_is_denied_it_is_denied_too_whoever_names_it(self) -> None:
        rig = Rig(allow(), allow(Effect="Deny", Action="sqs:TagQueue"))
        rig.federate()
        with pytest.raises(AccessDenied, match="explicit deny in an identity-based policy"):
            rig.ask(**queue_policy(FAY))

    def test_without_a_session_policy_a_queue_policy_grants_to_itself_alone(self) -> None:
        rig = Rig(allow())
        rig.federate()
        rig.ask(**queue_policy(FAY))
        rig.authoriser = Authoriser(rig.control)
        denied: tuple[dict[str, Any], ...] = (
            queue_policy(BOB),
            queue_policy(f"arn:aws:iam::{ACCOUNT}:root"),
            {},
        )
        for said in denied:
            with pytest.raises(AccessDenied, match="no session policy allows"):
                rig.ask(**said)
            rig.authoriser = Authoriser(rig.control)

    def test_a_managed_policy_of_another_account_is_none(self) -> None:
        """Who knows its ARN alone would learn from the denials what is in it."""
        rig = Rig(allow())
        rig.control.handle(CreateAccount(OTHER), 0)
        policy = CreatePolicy(
            OTHER, "p", "/", "ANPA", json.dumps({"Version": "2012-10-17", "Statement": allow()})
        )
        rig.control.handle(policy, 0)
        rig.federate(arns=(f"arn:aws:iam::{OTHER}:policy/p",))
        with pytest.raises(AccessDenied, match="cannot be found"):
            rig.ask()
        rig.federate(arns=("arn:aws:iam::aws:policy/AdministratorAccess",))
        rig.authoriser = Authoriser(rig.control)
        rig.ask()
