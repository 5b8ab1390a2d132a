"""The calls that Terraform's AWS provider makes for its resources of users, groups and keys, one after the other."""

import json
from typing import Any

import pytest

from support.clients import Clients, refusal
from support.mfa import new_phone
from support.server import ACCOUNT, Key

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
}


def read_user(iam: Any, name: str) -> dict[str, Any]:
    user: dict[str, Any] = iam.get_user(UserName=name)["User"]
    return user


def destroy_user(iam: Any, name: str) -> None:
    """With `force_destroy`: everything that could stand in the way is listed and taken away first."""
    for group in iam.list_groups_for_user(UserName=name)["Groups"]:
        iam.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
    for page in iam.get_paginator("list_access_keys").paginate(UserName=name):
        for key in page["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    # Virtual devices by the list of all that somebody has, other ones by the user's own.
    for page in iam.get_paginator("list_virtual_mfa_devices").paginate(AssignmentStatus="Assigned"):
        for device in page["VirtualMFADevices"]:
            if device["User"]["UserName"] == name:
                iam.deactivate_mfa_device(UserName=name, SerialNumber=device["SerialNumber"])
                iam.delete_virtual_mfa_device(SerialNumber=device["SerialNumber"])
    pages = [
        *iam.get_paginator("list_ssh_public_keys").paginate(UserName=name),
        *iam.get_paginator("list_mfa_devices").paginate(UserName=name),
        *iam.get_paginator("list_signing_certificates").paginate(UserName=name),
        iam.list_service_specific_credentials(UserName=name),
    ]
    names = ("SSHPublicKeys", "MFADevices", "Certificates", "ServiceSpecificCredentials")
    assert [page[items] for page, items in zip(pages, names, strict=True)] == [[]] * 4
    gone = refusal(iam.delete_login_profile, UserName=name)
    assert (gone.status, gone.exception) == (404, "NoSuchEntityException")
    iam.delete_user(UserName=name)


def test_aws_iam_user(iam: Any, name: str) -> None:
    assert refusal(iam.get_user, UserName=name).code == "NoSuchEntity"
    tags = [{"Key": "Environment", "Value": "test"}]
    made = iam.create_user(Path="/system/", UserName=name, Tags=tags)["User"]
    found = read_user(iam, name)
    assert found == made
    assert (found["Tags"], found["Path"]) == (tags, "/system/")

    iam.update_user(UserName=name, NewUserName=f"{name}-renamed", NewPath="/")
    iam.untag_user(UserName=f"{name}-renamed", TagKeys=["Environment"])
    iam.tag_user(UserName=f"{name}-renamed", Tags=[{"Key": "Owner", "Value": "me"}])
    found = read_user(iam, f"{name}-renamed")
    assert found["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{name}-renamed"
    assert (found["UserId"], found["Tags"]) == (made["UserId"], [{"Key": "Owner", "Value": "me"}])
    destroy_user(iam, f"{name}-renamed")
    assert refusal(iam.get_user, UserName=f"{name}-renamed").code == "NoSuchEntity"


def test_aws_iam_user_destroyed_with_all_it_has(iam: Any, name: str) -> None:
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    iam.add_user_to_group(UserName=name, GroupName=name)
    iam.create_access_key(UserName=name)
    new_phone(iam, name)
    held = refusal(iam.delete_user, UserName=name)
    assert (held.status, held.code) == (409, "DeleteConflict"), "Terraform waits on this one"
    destroy_user(iam, name)
    iam.delete_group(GroupName=name)


def test_aws_iam_access_key(iam: Any, clients: Clients, name: str) -> None:
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    key_id = made["AccessKeyId"]

    def read() -> dict[str, Any]:
        (found,) = (
            key
            for page in iam.get_paginator("list_access_keys").paginate(UserName=name)
            for key in page["AccessKeyMetadata"]
            if key["AccessKeyId"] == key_id
        )
        return dict(found)

    assert read() == {
        "UserName": name,
        "AccessKeyId": key_id,
        "Status": "Active",
        "CreateDate": made["CreateDate"],
    }
    theirs = clients.of("sts", Key(key_id, made["SecretAccessKey"]))
    assert theirs.get_caller_identity()["Arn"].endswith(f":user/{name}")

    iam.update_access_key(AccessKeyId=key_id, Status="Inactive", UserName=name)
    assert read()["Status"] == "Inactive"
    off = refusal(theirs.get_caller_identity)
    assert (off.status, off.code) == (403, "InvalidClientTokenId")
    iam.update_access_key(AccessKeyId=key_id, Status="Active", UserName=name)
    theirs.get_caller_identity()

    # What an import asks, to learn whose key it is.
    assert iam.get_access_key_last_used(AccessKeyId=key_id)["UserName"] == name
    iam.delete_access_key(AccessKeyId=key_id, UserName=name)
    assert iam.list_access_keys(UserName=name)["AccessKeyMetadata"] == []
    assert refusal(iam.delete_access_key, AccessKeyId=key_id, UserName=name).code == "NoSuchEntity"
    iam.delete_user(UserName=name)


def test_aws_iam_group_and_its_memberships(iam: Any, name: str) -> None:
    group, users = f"{name}-group", [f"{name}-{number}" for number in range(3)]
    made = iam.create_group(Path="/", GroupName=group)["Group"]
    assert iam.get_group(GroupName=group)["Group"] == made
    for user in users:
        iam.create_user(UserName=user)
        iam.add_user_to_group(UserName=user, GroupName=group)
    pages = iam.get_paginator("get_group").paginate(GroupName=group, PaginationConfig={"PageSize": 2})
    assert [user["UserName"] for page in pages for user in page["Users"]] == users
    iam.update_group(GroupName=group, NewGroupName=f"{group}-new", NewPath="/teams/")
    assert iam.get_group(GroupName=f"{group}-new")["Group"]["GroupId"] == made["GroupId"]
    # aws_iam_user_group_membership reads it from the user's side.
    pages = iam.get_paginator("list_groups_for_user").paginate(UserName=users[0])
    assert [one["GroupName"] for page in pages for one in page["Groups"]] == [f"{group}-new"]
    for user in users:
        iam.remove_user_from_group(UserName=user, GroupName=f"{group}-new")
        again = refusal(iam.remove_user_from_group, UserName=user, GroupName=f"{group}-new")
        assert again.code == "NoSuchEntity"
        iam.delete_user(UserName=user)
    iam.delete_group(GroupName=f"{group}-new")
    assert refusal(iam.get_group, GroupName=f"{group}-new").code == "NoSuchEntity"


@pytest.mark.parametrize("holder", ["user", "group"])
def test_aws_iam_user_policy_and_group_policy(iam: Any, name: str, holder: str) -> None:
    whose = {f"{holder.capitalize()}Name": name}
    at = {**whose, "PolicyName": "sqs"}
    getattr(iam, f"create_{holder}")(**whose)
    put, get, delete = (getattr(iam, f"{verb}_{holder}_policy") for verb in ("put", "get", "delete"))
    assert refusal(get, **at).code == "NoSuchEntity"
    put(**at, PolicyDocument=json.dumps(POLICY))
    assert get(**at)["PolicyDocument"] == POLICY
    changed = {**POLICY, "Statement": [{"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]}
    put(**at, PolicyDocument=json.dumps(changed))
    assert get(**at)["PolicyDocument"] == changed
    assert getattr(iam, f"list_{holder}_policies")(**whose)["PolicyNames"] == ["sqs"]
    delete(**at)
    assert refusal(delete, **at).code == "NoSuchEntity"
    getattr(iam, f"delete_{holder}")(**whose)


def test_aws_iam_virtual_mfa_device(iam: Any, name: str) -> None:
    """Made, found again in the list of all, tagged, deleted."""
    tags = [{"Key": "Name", "Value": "one"}]
    made = iam.create_virtual_mfa_device(Path="/phones/", VirtualMFADeviceName=name, Tags=tags)
    serial = made["VirtualMFADevice"]["SerialNumber"]

    def found() -> bool:
        pages = iam.get_paginator("list_virtual_mfa_devices").paginate(AssignmentStatus="Any")
        return any(one["SerialNumber"] == serial for page in pages for one in page["VirtualMFADevices"])

    assert found()
    iam.untag_mfa_device(SerialNumber=serial, TagKeys=["Name"])
    iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "Name", "Value": "two"}])
    assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == [{"Key": "Name", "Value": "two"}]
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    assert not found()
