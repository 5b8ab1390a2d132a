"""The calls that Terraform's AWS provider makes for IAM's roles, policies, attachments and instance profiles.

Each resource is created, read, changed, read and destroyed, call for call; what Terraform waits for is asked for
again and must be there at once.
"""

import json
from typing import Any

import pytest

from support.clients import refusal
from support.server import ACCOUNT

ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]}
AWS_ARN = "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"


def trust(principal: object) -> dict[str, Any]:
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": principal, "Sid": ""}
    return {"Statement": [statement], "Version": "2012-10-17"}


EC2 = trust({"Service": "ec2.amazonaws.com"})


@pytest.fixture
def role(iam: Any, name: str) -> str:
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(EC2))
    return name


def read_policy(iam: Any, arn: str) -> tuple[dict[str, Any], Any]:
    policy: dict[str, Any] = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    return policy, version["Document"]


def make_room(iam: Any, arn: str) -> None:
    """Before a sixth version the provider deletes the oldest that is not the default one."""
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    if len(versions) >= 5:
        oldest = min(
            (one for one in versions if not one["IsDefaultVersion"]), key=lambda one: one["CreateDate"]
        )
        iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])


def test_aws_iam_policy(iam: Any, name: str) -> None:
    arn = iam.create_policy(
        PolicyName=name,
        Path="/team/",
        Description="My test policy",
        PolicyDocument=json.dumps(ALLOW),
        Tags=[{"Key": "k", "Value": "v"}],
    )["Policy"]["Arn"]
    policy, document = read_policy(iam, arn)
    assert (policy["Path"], policy["Description"], policy["AttachmentCount"]) == (
        "/team/",
        "My test policy",
        0,
    )
    assert (policy["Tags"], document) == ([{"Key": "k", "Value": "v"}], ALLOW)

    for number in range(7):
        wanted = (DENY, ALLOW)[number % 2]
        make_room(iam, arn)
        made = iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=json.dumps(wanted), SetAsDefault=False
        )["PolicyVersion"]
        iam.set_default_policy_version(PolicyArn=arn, VersionId=made["VersionId"])
        assert read_policy(iam, arn)[1] == wanted
    iam.untag_policy(PolicyArn=arn, TagKeys=["k"])
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "l", "Value": "w"}])
    assert read_policy(iam, arn)[0]["Tags"] == [{"Key": "l", "Value": "w"}]

    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)
    assert refusal(iam.get_policy, PolicyArn=arn).code == "NoSuchEntity"


def test_aws_iam_role(iam: Any, name: str) -> None:
    boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
    made = iam.create_role(
        RoleName=name,
        Path="/app/",
        AssumeRolePolicyDocument=json.dumps(EC2),
        Description="Works.",
        MaxSessionDuration=3600,
        PermissionsBoundary=boundary,
        Tags=[{"Key": "k", "Value": "v"}],
    )["Role"]
    found = iam.get_role(RoleName=name)["Role"]
    assert found["Arn"] == made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/app/{name}"
    assert (found["AssumeRolePolicyDocument"], found["Description"]) == (EC2, "Works.")
    assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert (found["MaxSessionDuration"], found["Tags"]) == (3600, [{"Key": "k", "Value": "v"}])
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == []
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []

    changed = trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(changed))
    iam.update_role_description(RoleName=name, Description="Rests.")
    iam.update_role(RoleName=name, MaxSessionDuration=7200)
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=AWS_ARN)
    iam.delete_role_permissions_boundary(RoleName=name)
    iam.untag_role(RoleName=name, TagKeys=["k"])
    iam.tag_role(RoleName=name, Tags=[{"Key": "l", "Value": "w"}])
    found = iam.get_role(RoleName=name)["Role"]
    assert (found["AssumeRolePolicyDocument"], found["Description"]) == (changed, "Rests.")
    assert (found["MaxSessionDuration"], found["Tags"]) == (7200, [{"Key": "l", "Value": "w"}])
    assert "PermissionsBoundary" not in found

    destroy_role(iam, name)
    assert refusal(iam.get_role, RoleName=name).code == "NoSuchEntity"


def destroy_role(iam: Any, name: str) -> None:
    """With `force_detach_policies`."""
    for profile in iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]:
        iam.remove_role_from_instance_profile(
            InstanceProfileName=profile["InstanceProfileName"], RoleName=name
        )
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for policy_name in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
    iam.delete_role(RoleName=name)


def test_a_role_whose_principal_is_not_there_yet(iam: Any, name: str) -> None:
    """The provider tries again for two minutes where the message says so."""
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    asked = {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(trust({"AWS": arn}))}
    refused = refusal(iam.create_role, **asked)
    assert refused.code == "MalformedPolicyDocument"
    assert "Invalid principal in policy" in refused.message
    iam.create_user(UserName=name)
    iam.create_role(**asked)
    iam.delete_role(RoleName=name)
    iam.delete_user(UserName=name)


def test_aws_iam_role_policy(iam: Any, role: str) -> None:
    policy = {"RoleName": role, "PolicyName": "inside"}
    for document in (ALLOW, DENY):
        iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))
        assert iam.get_role_policy(**policy)["PolicyDocument"] == document
    refused = refusal(iam.delete_role, RoleName=role)
    assert refused.message == "Cannot delete entity, must delete policies first."
    iam.delete_role_policy(**policy)
    assert refusal(iam.get_role_policy, **policy).code == "NoSuchEntity"
    destroy_role(iam, role)


def test_aws_iam_role_policy_attachment(iam: Any, role: str) -> None:
    iam.attach_role_policy(RoleName=role, PolicyArn=AWS_ARN)
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    attached = [one["PolicyArn"] for page in pages for one in page["AttachedPolicies"]]
    assert attached == [AWS_ARN]
    refused = refusal(iam.delete_role, RoleName=role)
    assert (refused.code, refused.status) == ("DeleteConflict", 409)
    iam.detach_role_policy(RoleName=role, PolicyArn=AWS_ARN)
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    again = refusal(iam.detach_role_policy, RoleName=role, PolicyArn=AWS_ARN)
    assert again.code == "NoSuchEntity", "the provider takes it for done"
    destroy_role(iam, role)


def test_aws_iam_user_policy_attachment(iam: Any, name: str) -> None:
    iam.create_user(UserName=name)
    arn = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    assert iam.list_attached_user_policies(UserName=name)["AttachedPolicies"] == [
        {"PolicyName": name, "PolicyArn": arn}
    ]
    assert refusal(iam.delete_policy, PolicyArn=arn).code == "DeleteConflict"
    iam.detach_user_policy(UserName=name, PolicyArn=arn)
    assert iam.list_attached_user_policies(UserName=name)["AttachedPolicies"] == []
    iam.delete_policy(PolicyArn=arn)
    iam.delete_user(UserName=name)


def test_aws_iam_policy_attachment(iam: Any, role: str) -> None:
    """The resource that owns every attachment of a policy."""
    arn = iam.create_policy(PolicyName=role, PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    pages = list(iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn))
    assert [one["RoleName"] for page in pages for one in page["PolicyRoles"]] == [role]
    assert [page["PolicyUsers"] + page["PolicyGroups"] for page in pages] == [[]]
    iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    destroy_role(iam, role)


def test_aws_iam_instance_profile(iam: Any, role: str) -> None:
    profile = {"InstanceProfileName": f"{role}-hosts"}
    assert refusal(iam.get_instance_profile, **profile).code == "NoSuchEntity"
    iam.create_instance_profile(**profile, Path="/", Tags=[{"Key": "k", "Value": "v"}])
    iam.get_waiter("instance_profile_exists").wait(**profile)
    iam.add_role_to_instance_profile(**profile, RoleName=role)
    found = iam.get_instance_profile(**profile)["InstanceProfile"]
    assert [one["RoleName"] for one in found["Roles"]] == [role]
    assert found["Roles"][0]["AssumeRolePolicyDocument"] == EC2
    assert found["Tags"] == [{"Key": "k", "Value": "v"}]
    assert iam.get_role(RoleName=role)["Role"]["RoleName"] == role
    iam.untag_instance_profile(**profile, TagKeys=["k"])
    iam.tag_instance_profile(**profile, Tags=[{"Key": "l", "Value": "w"}])
    assert iam.get_instance_profile(**profile)["InstanceProfile"]["Tags"] == [{"Key": "l", "Value": "w"}]

    iam.remove_role_from_instance_profile(**profile, RoleName=role)
    iam.delete_instance_profile(**profile)
    assert refusal(iam.get_instance_profile, **profile).code == "NoSuchEntity"
    destroy_role(iam, role)


def test_a_role_in_a_profile_is_destroyed(iam: Any, role: str) -> None:
    profile = {"InstanceProfileName": f"{role}-hosts"}
    iam.create_instance_profile(**profile)
    iam.add_role_to_instance_profile(**profile, RoleName=role)
    iam.attach_role_policy(RoleName=role, PolicyArn=AWS_ARN)
    iam.put_role_policy(RoleName=role, PolicyName="inside", PolicyDocument=json.dumps(ALLOW))
    destroy_role(iam, role)
    iam.delete_instance_profile(**profile)
