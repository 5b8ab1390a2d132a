"""The texts of denials (IAM User Guide, troubleshoot_access-denied; recorded answers of SQS and EC2)."""

import pytest

from qanat.core.identity.model import ANONYMOUS, Caller, PrincipalType
from qanat.core.policy.decision import Decision, Reason, Request
from qanat.core.policy.explain import denial_text

A = "123456789012"
QUEUE = f"arn:aws:sqs:us-east-2:{A}:MyQueue"
USER = Caller(PrincipalType.USER, A, f"arn:aws:iam::{A}:user/MyUser", "AIDAX", "MyUser")
START = (
    f"User: arn:aws:iam::{A}:user/MyUser is not authorized to perform: sqs:sendmessage on resource: {QUEUE} "
)

CATALOGUE = [
    (Reason.IMPLICIT_DENY_IDENTITY, "because no identity-based policy allows the sqs:sendmessage action"),
    (Reason.IMPLICIT_DENY_RESOURCE, "because no resource-based policy allows the sqs:sendmessage action"),
    (Reason.IMPLICIT_DENY_ENDPOINT, "because no VPC endpoint policy allows the sqs:sendmessage action"),
    (Reason.EXPLICIT_DENY_IDENTITY, "with an explicit deny in an identity-based policy"),
    (Reason.EXPLICIT_DENY_RESOURCE, "with an explicit deny in a resource-based policy"),
    (Reason.EXPLICIT_DENY_ENDPOINT, "with an explicit deny in a VPC endpoint policy"),
    (Reason.IMPLICIT_DENY_BOUNDARY, "because no permissions boundary allows the sqs:sendmessage action"),
    (Reason.EXPLICIT_DENY_BOUNDARY, "with an explicit deny in a permissions boundary"),
    (Reason.IMPLICIT_DENY_SESSION, "because no session policy allows the sqs:sendmessage action"),
    (Reason.EXPLICIT_DENY_SESSION, "with an explicit deny in a session policy"),
    (
        Reason.IMPLICIT_DENY_SERVICE_CONTROL,
        "because no service control policy allows the sqs:sendmessage action",
    ),
    (Reason.EXPLICIT_DENY_SERVICE_CONTROL, "with an explicit deny in a service control policy"),
    (Reason.EXPLICIT_DENY_RESOURCE_CONTROL, "with an explicit deny in a resource control policy"),
    (Reason.IMPLICIT_DENY_TRUST, "because no role trust policy allows the sqs:sendmessage action"),
    (Reason.EXPLICIT_DENY_TRUST, "with an explicit deny in the role trust policy"),
]


@pytest.mark.parametrize(("reason", "clause"), CATALOGUE)
def test_access_denied_of_sqs(reason: Reason, clause: str) -> None:
    request = Request(USER, "sqs:SendMessage", QUEUE, A, {})
    assert denial_text(request, Decision(False, reason)) == START + clause


def test_every_denial_has_a_text() -> None:
    denials = {reason for reason in Reason if "DENY" in reason.name}
    assert {reason for reason, _ in CATALOGUE} == denials


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("ec2:CreateVpcEndpoint", f"arn:aws:ec2:us-east-2:{A}:vpc-endpoint/*"),
        ("iam:CreateUser", f"arn:aws:iam::{A}:user/x"),
        ("sts:AssumeRole", f"arn:aws:iam::{A}:role/x"),
    ],
)
def test_other_services_keep_the_case_of_the_action(action: str, resource: str) -> None:
    text = denial_text(Request(USER, action, resource, A, {}), Decision(False, Reason.IMPLICIT_DENY_IDENTITY))
    assert text == (
        f"User: {USER.arn} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )


def test_an_anonymous_caller_is_called_so() -> None:
    text = denial_text(
        Request(ANONYMOUS, "sqs:SendMessage", QUEUE, A, {}), Decision(False, Reason.IMPLICIT_DENY_RESOURCE)
    )
    assert text == (
        f"User: anonymous is not authorized to perform: sqs:sendmessage on resource: {QUEUE} "
        "because no resource-based policy allows the sqs:sendmessage action"
    )


def test_there_is_no_text_for_what_is_allowed() -> None:
    with pytest.raises(AssertionError):
        denial_text(Request(USER, "sqs:SendMessage", QUEUE, A, {}), Decision(True, Reason.ALLOWED_AS_ROOT))
