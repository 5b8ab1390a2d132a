"""Managed policies, boundaries and roles in force, as boto3 and the `aws` command set them up."""

import json
from typing import Any

import pytest

from sdk.test_aws_command import Aws
from support.clients import refusal
from support.policies import policy
from support.server import ACCOUNT, Server
from support.things import MadeQueue, MakeUser

SEND_ONLY = policy({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"})
FULL = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"


@pytest.fixture(scope="module")
def aws(server: Server) -> Aws:
    return Aws(server)


def test_what_is_attached_is_in_force_with_the_next_request(
    iam: Any, make_user: MakeUser, queue: MadeQueue
) -> None:
    user = make_user()
    sqs = user.sqs()
    send = {"QueueUrl": queue.url, "MessageBody": "m"}
    assert refusal(sqs.send_message, **send).code == "AccessDenied"
    iam.attach_user_policy(UserName=user.name, PolicyArn=READ_ONLY)
    assert sqs.get_queue_url(QueueName=queue.name)["QueueUrl"] == queue.url
    assert refusal(sqs.send_message, **send).code == "AccessDenied"
    iam.attach_user_policy(UserName=user.name, PolicyArn=FULL)
    sqs.send_message(**send)
    iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=READ_ONLY)
    refused = refusal(sqs.send_message, **send)
    assert refused.message.endswith("because no permissions boundary allows the sqs:sendmessage action")
    iam.delete_user_permissions_boundary(UserName=user.name)
    sqs.send_message(**send)
    iam.detach_user_policy(UserName=user.name, PolicyArn=FULL)
    assert refusal(sqs.send_message, **send).code == "AccessDenied"


def test_what_a_group_has_its_users_have(iam: Any, make_user: MakeUser, queue: MadeQueue, name: str) -> None:
    user = make_user()
    iam.create_group(GroupName=name)
    iam.attach_group_policy(GroupName=name, PolicyArn=FULL)
    send = {"QueueUrl": queue.url, "MessageBody": "m"}
    assert refusal(user.sqs().send_message, **send).code == "AccessDenied"
    iam.add_user_to_group(GroupName=name, UserName=user.name)
    user.sqs().send_message(**send)
    assert refusal(iam.delete_group, GroupName=name).code == "DeleteConflict"
    iam.remove_user_from_group(GroupName=name, UserName=user.name)
    assert refusal(user.sqs().send_message, **send).code == "AccessDenied"
    assert refusal(iam.delete_group, GroupName=name).message == (
        "Cannot delete entity, must detach all policies first."
    )
    iam.detach_group_policy(GroupName=name, PolicyArn=FULL)
    iam.delete_group(GroupName=name)


def test_the_default_version_is_in_force(iam: Any, make_user: MakeUser, queue: MadeQueue, name: str) -> None:
    user = make_user()
    send = {"QueueUrl": queue.url, "MessageBody": "m"}
    arn = iam.create_policy(PolicyName=name, PolicyDocument=SEND_ONLY)["Policy"]["Arn"]
    iam.attach_user_policy(UserName=user.name, PolicyArn=arn)
    user.sqs().send_message(**send)
    deny = SEND_ONLY.replace("Allow", "Deny")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=deny, SetAsDefault=False)
    user.sqs().send_message(**send)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert "with an explicit deny" in refusal(user.sqs().send_message, **send).message


def test_a_role_is_assumed_by_whom_it_trusts(
    iam: Any, make_user: MakeUser, queue: MadeQueue, name: str
) -> None:
    user, other = make_user(), make_user()
    trust = policy({"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "sts:AssumeRole"})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=FULL)
    asked = {"RoleArn": arn, "RoleSessionName": "work"}
    assert refusal(other.of("sts").assume_role, **asked).code == "AccessDenied"
    session = user.of("sts").assume_role(**asked)
    assert session["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/work"
    iam.detach_role_policy(RoleName=name, PolicyArn=FULL)
    iam.delete_role(RoleName=name)


DELEGATE = "arn:aws:iam::aws:policy/PowerUserAccess"


def test_roles_may_be_made_under_a_boundary_alone(iam: Any, make_user: MakeUser, name: str) -> None:
    """IAM User Guide, access_policies_boundaries, "Delegating responsibility to others"."""
    condition = {"StringEquals": {"iam:PermissionsBoundary": DELEGATE}}
    attaching = {"ArnEquals": {"iam:PolicyARN": READ_ONLY}}
    user = make_user(
        policy(
            {"Effect": "Allow", "Action": "iam:CreateRole", "Resource": "*", "Condition": condition},
            {"Effect": "Allow", "Action": "iam:AttachRolePolicy", "Resource": "*", "Condition": attaching},
        )
    )
    trust = policy(
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    asked = {"RoleName": name, "AssumeRolePolicyDocument": trust}
    assert refusal(user.of("iam").create_role, **asked).code == "AccessDenied"
    assert refusal(user.of("iam").create_role, **asked, PermissionsBoundary=FULL).code == "AccessDenied"
    user.of("iam").create_role(**asked, PermissionsBoundary=DELEGATE)
    attach = {"RoleName": name, "PolicyArn": FULL}
    assert refusal(user.of("iam").attach_role_policy, **attach).code == "AccessDenied"
    user.of("iam").attach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
    iam.detach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
    iam.delete_role(RoleName=name)


def test_to_list_policies_takes_leave_on_everything(make_user: MakeUser) -> None:
    user = make_user()
    assert refusal(user.of("iam").list_policies).message == (
        f"User: {user.arn} is not authorized to perform: iam:ListPolicies on resource: policy path / because no "
        "identity-based policy allows the iam:ListPolicies action"
    )


def test_lists_come_in_pages(iam: Any) -> None:
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 2})
    names = [one["PolicyName"] for page in pages for one in page["Policies"]]
    assert "AdministratorAccess" in names
    assert len(names) == len(set(names)) > 5


def test_the_aws_command(aws: Aws, name: str) -> None:
    trust = policy({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    role = aws("iam", "create-role", "--role-name", name, "--assume-role-policy-document", trust)["Role"]
    made = aws("iam", "create-policy", "--policy-name", name, "--policy-document", SEND_ONLY)["Policy"]
    flags = ("--role-name", name, "--policy-arn", made["Arn"])
    aws("iam", "attach-role-policy", *flags)
    attached = aws("iam", "list-attached-role-policies", "--role-name", name)["AttachedPolicies"]
    assert attached == [{"PolicyName": name, "PolicyArn": made["Arn"]}]
    got = aws("iam", "get-role", "--role-name", name)["Role"]
    assert (got["Arn"], got["AssumeRolePolicyDocument"]) == (role["Arn"], json.loads(trust))
    version = aws("iam", "get-policy-version", "--policy-arn", made["Arn"], "--version-id", "v1")
    assert version["PolicyVersion"]["Document"] == json.loads(SEND_ONLY)
    local = aws("iam", "list-policies", "--scope", "Local", "--only-attached")["Policies"]
    assert made["Arn"] in [one["Arn"] for one in local]

    asked = ("sts", "assume-role", "--role-arn", role["Arn"], "--role-session-name", "work")
    session = aws(*asked)["Credentials"]
    assert session["AccessKeyId"].startswith("ASIA")

    refused = aws.run("iam", "delete-policy", "--policy-arn", made["Arn"])
    assert "(DeleteConflict)" in refused.stderr
    aws("iam", "detach-role-policy", *flags)
    aws("iam", "delete-policy", "--policy-arn", made["Arn"])
    aws("iam", "create-instance-profile", "--instance-profile-name", name)
    pair = ("--instance-profile-name", name, "--role-name", name)
    aws("iam", "add-role-to-instance-profile", *pair)
    refused = aws.run("iam", "delete-role", "--role-name", name)
    assert "must remove roles from instance profile first" in refused.stderr
    aws("iam", "remove-role-from-instance-profile", *pair)
    aws("iam", "delete-instance-profile", "--instance-profile-name", name)
    aws("iam", "delete-role", "--role-name", name)
