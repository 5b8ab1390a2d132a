"""What Terraform's AWS provider asks before it does anything: whose credentials these are, and of which account.

aws-sdk-go-base, awsauth.go: GetCallerIdentity; then for the account's id GetUser, GetCallerIdentity, ListRoles, where a
refusal of the first leads to the next.
"""

import json
from typing import Any

from support.clients import Clients, refusal
from support.policies import ROOT, allow, policy
from support.roles import MakeRole, assumed
from support.server import ACCOUNT
from support.things import MakeUser

# GetUser may fail with these and the provider goes on.
IGNORED = {"AccessDenied", "InvalidClientTokenId", "ValidationError"}


def test_as_a_user_who_may_read_iam(make_user: MakeUser) -> None:
    user = make_user(policy(allow("iam:*")))
    assert user.of("sts").get_caller_identity()["Account"] == ACCOUNT
    assert user.of("iam").get_user()["User"]["Arn"] == user.arn
    roles = user.of("iam").list_roles(MaxItems=1)
    assert len(roles.get("Roles", [])) <= 1


def test_as_a_user_who_may_not(make_user: MakeUser) -> None:
    user = make_user()
    assert refusal(user.of("iam").get_user).code in IGNORED
    assert user.of("sts").get_caller_identity()["Account"] == ACCOUNT
    assert refusal(user.of("iam").list_roles, MaxItems=1).code == "AccessDenied"


def test_as_a_session_of_a_role(make_user: MakeUser, make_role: MakeRole, clients: Clients) -> None:
    role = make_role(may=policy(allow("*")))
    key = assumed(make_user(policy(allow("sts:*"))).of("sts"), role, "terraform")
    who = clients.of("sts", key).get_caller_identity()
    assert (who["Account"], who["Arn"]) == (ACCOUNT, role.session_arn("terraform"))
    # A role's session is no user, whatever it may.
    assert refusal(clients.of("iam", key).get_user).code in IGNORED
    (first,) = clients.of("iam", key).list_roles(MaxItems=1)["Roles"]
    assert first["Arn"].split(":")[4] == ACCOUNT


def test_aws_iam_user_with_a_permissions_boundary(iam: Any, name: str) -> None:
    documents = [policy(allow("sqs:*")), policy(allow("sqs:Get*"))]
    wide, narrow = (
        iam.create_policy(PolicyName=f"{name}-{number}", PolicyDocument=text)["Policy"]["Arn"]
        for number, text in enumerate(documents)
    )
    made = iam.create_user(Path="/", UserName=name, PermissionsBoundary=wide)["User"]
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": wide}
    assert made["PermissionsBoundary"] == boundary
    assert iam.get_user(UserName=name)["User"]["PermissionsBoundary"] == boundary

    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=narrow)
    assert iam.get_user(UserName=name)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == narrow
    held = refusal(iam.delete_policy, PolicyArn=narrow)
    assert (held.status, held.code) == (409, "DeleteConflict")
    iam.delete_user_permissions_boundary(UserName=name)
    assert "PermissionsBoundary" not in iam.get_user(UserName=name)["User"]
    iam.delete_user(UserName=name)
    for arn in (wide, narrow):
        iam.delete_policy(PolicyArn=arn)


def test_aws_iam_policy_document_is_echoed_as_equivalent(iam: Any, name: str) -> None:
    """The provider compares what it reads with what it sent, key order and white space aside."""
    sent = json.dumps(json.loads(policy(allow("sqs:*", Principal={"AWS": ROOT}))), indent=4)
    trust = sent.replace('"sqs:*"', '"sts:AssumeRole"').replace(',\n            "Resource": "*"', "")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] == json.loads(trust)
    iam.delete_role(RoleName=name)
