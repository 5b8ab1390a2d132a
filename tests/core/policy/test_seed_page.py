"""The endpoint policy that the SQS Developer Guide prints (sqs-internetwork-traffic-privacy), and all it says of it."""

import pytest

from qanat.core.identity.model import ANONYMOUS, Caller, PrincipalType, root_of
from qanat.core.policy.decision import Named, Policies, Reason, Request
from qanat.core.policy.document import parse
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.sizes import PolicyKind

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
EVERYTHING = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'

ACCOUNT = "123456789012"
QUEUE = f"arn:aws:sqs:us-east-2:{ACCOUNT}:MyQueue"
MY_USER = Caller(PrincipalType.USER, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/MyUser", "AIDAMYUSER", "MyUser")

ENDPOINT = Named("vpce-1a2b3c4d", parse(AS_PRINTED, PolicyKind.ENDPOINT))
ADMINISTRATOR = Named("AdministratorAccess", parse(EVERYTHING, PolicyKind.IDENTITY))


def through_endpoint(caller: Caller, action: str, resource: str = QUEUE) -> Reason:
    request = Request(caller, action, resource, ACCOUNT, {"aws:sourcevpce": "vpce-1a2b3c4d"})
    return authorize(request, Policies((ADMINISTRATOR,), None, (ENDPOINT,))).reason


def test_it_is_taken_as_printed() -> None:
    document = ENDPOINT.document
    assert document.text == AS_PRINTED
    assert document.version == "2008-10-17"
    assert document.principal_arns == {MY_USER.arn}
    assert document.keys_read == frozenset()
    assert [(finding.code, finding.path) for finding in document.findings] == [
        ("MISSING_VERSION", ""),
        ("PRINCIPAL_ARN_REPAIRED", "Statement[0].Principal.AWS[0]"),
    ]
    assert document.findings[1].message == (
        "the principal arn:aws:iam:123456789012:user/MyUser lacks the colon of the empty Region field; "
        "it is read as arn:aws:iam::123456789012:user/MyUser"
    )


def test_my_user_is_allowed_to_send_messages_to_my_queue() -> None:
    assert through_endpoint(MY_USER, "sqs:SendMessage") is Reason.ALLOWED_BY_IDENTITY


@pytest.mark.parametrize(
    "action",
    ["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:ReceiveMessage", "sqs:ListQueues", "sqs:GetQueueUrl"],
)
def test_other_actions_are_denied(action: str) -> None:
    resource = "*" if action == "sqs:ListQueues" else QUEUE
    assert through_endpoint(MY_USER, action, resource) is Reason.IMPLICIT_DENY_ENDPOINT


@pytest.mark.parametrize(
    "caller",
    [
        Caller(PrincipalType.USER, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/Other", "AIDAOTHER", "Other"),
        Caller(PrincipalType.USER, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/myuser", "AIDALOWER", "myuser"),
        Caller(PrincipalType.USER, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/a/MyUser", "AIDAPATH", "MyUser"),
        Caller(
            PrincipalType.USER, "999999999999", "arn:aws:iam::999999999999:user/MyUser", "AIDAFAR", "MyUser"
        ),
        Caller(
            PrincipalType.ASSUMED_ROLE,
            ACCOUNT,
            f"arn:aws:sts::{ACCOUNT}:assumed-role/MyUser/MyUser",
            "AROA:MyUser",
        ),
        root_of(ACCOUNT),
        ANONYMOUS,
    ],
    ids=lambda caller: caller.arn or "anonymous",
)
def test_other_users_and_roles_are_denied(caller: Caller) -> None:
    assert through_endpoint(caller, "sqs:SendMessage") is Reason.IMPLICIT_DENY_ENDPOINT


@pytest.mark.parametrize(
    "resource", [QUEUE + "2", QUEUE.replace("us-east-2", "us-east-1"), QUEUE.replace("MyQueue", "myqueue")]
)
def test_sending_to_a_different_queue_is_denied(resource: str) -> None:
    assert through_endpoint(MY_USER, "sqs:SendMessage", resource) is Reason.IMPLICIT_DENY_ENDPOINT


@pytest.mark.parametrize("action", ["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SendMessage"])
def test_my_user_can_still_use_other_actions_from_outside_the_vpc(action: str) -> None:
    request = Request(MY_USER, action, QUEUE, ACCOUNT, {"aws:sourceip": "203.0.113.7"})
    assert authorize(request, Policies((ADMINISTRATOR,))).allowed


@pytest.mark.parametrize("identity", [(), (ADMINISTRATOR,)])
def test_as_a_queue_policy_it_grants_my_user_alone(identity: tuple[Named, ...]) -> None:
    queue = Named("MyQueue", parse(AS_PRINTED, PolicyKind.RESOURCE))
    request = Request(MY_USER, "sqs:SendMessage", QUEUE, ACCOUNT, {})
    assert authorize(request, Policies(identity, queue)).allowed
