"""IAM API reference: a whole account at once, as its authorization details and its credential report tell of it."""

import csv
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from qanat.core.identity.commands import CreateAccount, NoteKeyUses
from qanat.core.identity.model import KeyUse, RoleUse, root_of
from qanat.core.identity.role_commands import NoteRoleUses
from qanat.wire.iam import IAM
from wire.iam.test_iam_shapes import assert_whole

ACCOUNT, OTHER = "123456789012", "210987654321"
ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
DENY_ALL = ALLOW_ALL.replace("Allow", "Deny")
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
    }
)
LOCAL = f"arn:aws:iam::{ACCOUNT}:policy/team/local"
AWS = "arn:aws:iam::aws:policy/AdministratorAccess"
BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"
LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(cloud: Any) -> Ask:
    def asked(operation: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = cloud.ask("iam", operation, **parameters)
        return answer

    return asked


@pytest.fixture
def account(ask: Ask) -> Ask:
    """Two users, a group, a role in a profile, a policy of two versions; and some of AWS."""
    ask("CreateUser", UserName="ann", Path="/team/", Tags=[{"Key": "team", "Value": "blue"}])
    ask("CreateUser", UserName="bob")
    ask("CreateGroup", GroupName="staff")
    ask("AddUserToGroup", GroupName="staff", UserName="ann")
    ask("CreateRole", RoleName="worker", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "b"}])
    ask("CreateInstanceProfile", InstanceProfileName="profile")
    ask("AddRoleToInstanceProfile", InstanceProfileName="profile", RoleName="worker")
    ask("CreatePolicy", PolicyName="local", Path="/team/", PolicyDocument=ALLOW_ALL, Description="All.")
    ask("CreatePolicyVersion", PolicyArn=LOCAL, PolicyDocument=DENY_ALL, SetAsDefault=True)
    ask("PutUserPolicy", UserName="ann", PolicyName="own", PolicyDocument=ALLOW_ALL)
    ask("PutGroupPolicy", GroupName="staff", PolicyName="own", PolicyDocument=ALLOW_ALL)
    ask("PutRolePolicy", RoleName="worker", PolicyName="own", PolicyDocument=ALLOW_ALL)
    ask("AttachUserPolicy", UserName="ann", PolicyArn=LOCAL)
    ask("AttachGroupPolicy", GroupName="staff", PolicyArn=LOCAL)
    ask("AttachRolePolicy", RoleName="worker", PolicyArn=AWS)
    ask("PutUserPermissionsBoundary", UserName="ann", PermissionsBoundary=BOUNDARY)
    return ask


def names(answer: dict[str, Any]) -> list[str]:
    return [
        one.get("UserName") or one.get("GroupName") or one.get("RoleName") or one["PolicyName"]
        for kind in LISTS
        for one in answer[kind]
    ]


def test_all_of_an_account(cloud: Any, account: Ask) -> None:
    role_id = account("GetRole", RoleName="worker")["Role"]["RoleId"]
    cloud.control.handle(NoteRoleUses((RoleUse(role_id, 1_700_000_123_456, "eu-west-1"),)), 0)
    found = account("GetAccountAuthorizationDetails")
    assert_whole("GetAccountAuthorizationDetails", found)
    assert not found["IsTruncated"]
    assert names(found) == [
        "ann",
        "bob",
        "staff",
        "worker",
        "local",
        "AdministratorAccess",
        "PowerUserAccess",
    ]

    ann, bob = found["UserDetailList"]
    assert (ann["Arn"], ann["UserId"][:4]) == (f"arn:aws:iam::{ACCOUNT}:user/team/ann", "AIDA")
    assert (ann["GroupList"], ann["Tags"]) == (["staff"], [{"Key": "team", "Value": "blue"}])
    assert ann["AttachedManagedPolicies"] == [{"PolicyName": "local", "PolicyArn": LOCAL}]
    assert ann["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
    (own,) = ann["UserPolicyList"]
    assert (own["PolicyName"], unquote(own["PolicyDocument"])) == ("own", ALLOW_ALL)
    assert "{" not in own["PolicyDocument"]
    assert "PermissionsBoundary" not in bob
    assert (bob["UserPolicyList"], bob["GroupList"], bob["Tags"]) == ([], [], [])

    (staff,) = found["GroupDetailList"]
    assert [one["PolicyName"] for one in staff["GroupPolicyList"]] == ["own"]
    assert [one["PolicyName"] for one in staff["AttachedManagedPolicies"]] == ["local"]

    (worker,) = found["RoleDetailList"]
    assert unquote(worker["AssumeRolePolicyDocument"]) == TRUST
    assert [one["PolicyName"] for one in worker["RolePolicyList"]] == ["own"]
    assert worker["AttachedManagedPolicies"] == [{"PolicyName": "AdministratorAccess", "PolicyArn": AWS}]
    (profile,) = worker["InstanceProfileList"]
    assert profile["InstanceProfileName"] == "profile"
    assert [one["RoleName"] for one in profile["Roles"]] == ["worker"]
    assert worker["RoleLastUsed"]["Region"] == "eu-west-1"
    assert worker["RoleLastUsed"]["LastUsedDate"].timestamp() == 1_700_000_123
    assert account("GetRole", RoleName="worker")["Role"]["RoleLastUsed"] == worker["RoleLastUsed"]
    assert "RoleLastUsed" not in account("ListRoles")["Roles"][0]

    local, administrator, power_user = found["Policies"]
    assert (local["AttachmentCount"], local["DefaultVersionId"], local["Description"]) == (2, "v2", "All.")
    assert [
        (one["VersionId"], one["IsDefaultVersion"], unquote(one["Document"]))
        for one in local["PolicyVersionList"]
    ] == [("v2", True, DENY_ALL), ("v1", False, ALLOW_ALL)]
    assert (administrator["AttachmentCount"], power_user["PermissionsBoundaryUsageCount"]) == (1, 1)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["User"], ["ann", "bob"]),
        (["Role", "Group"], ["staff", "worker"]),
        (["LocalManagedPolicy"], ["local"]),
        (["AWSManagedPolicy"], ["AdministratorAccess", "PowerUserAccess"]),
    ],
)
def test_some_kinds(account: Ask, wanted: list[str], expected: list[str]) -> None:
    assert names(account("GetAccountAuthorizationDetails", Filter=wanted)) == expected


def test_a_kind_that_is_none(cloud: Any) -> None:
    status, code, message = cloud.refusal("iam", "GetAccountAuthorizationDetails", Filter=["User", "Users"])
    assert (status, code) == (400, "ValidationError")
    assert "at 'filter.2.member'" in message


def pages(ask: Ask, **parameters: Any) -> list[list[str]]:
    found = []
    more: dict[str, Any] = {}
    while True:
        answer = ask("GetAccountAuthorizationDetails", **parameters, **more)
        found.append(names(answer))
        if not answer["IsTruncated"]:
            return found
        more = {"Marker": answer["Marker"]}


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_run_over_all_kinds(account: Ask, size: int) -> None:
    found = pages(account, MaxItems=size)
    assert all(len(page) == size for page in found[:-1])
    everything = ["ann", "bob", "staff", "worker", "local", "AdministratorAccess", "PowerUserAccess"]
    assert [name for page in found for name in page] == everything


def test_a_page_is_shorter_where_documents_are_long(ask: Ask) -> None:
    blank = ALLOW_ALL + " " * 40_000
    for number in range(60):
        ask("CreatePolicy", PolicyName=f"policy{number:02}", PolicyDocument=blank)
    found = pages(ask, MaxItems=1_000)
    assert [len(page) for page in found] == [24, 24, 12]


def test_another_account_is_not_seen(cloud: Any, account: Ask) -> None:
    cloud.control.handle(CreateAccount(OTHER), 0)
    cloud.caller = root_of(OTHER)
    assert names(account("GetAccountAuthorizationDetails")) == []


# The credential report


def report(ask: Ask) -> list[dict[str, str]]:
    answer = ask("GetCredentialReport")
    assert (answer["ReportFormat"], answer["GeneratedTime"].timestamp()) == ("text/csv", 1_700_000_000)
    return list(csv.DictReader(answer["Content"].decode().splitlines()))


def test_the_credential_report(cloud: Any, account: Ask) -> None:
    first = account("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"]
    second = account("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"]
    account("UpdateAccessKey", UserName="bob", AccessKeyId=second, Status="Inactive")
    account("CreateUser", UserName="a,b")
    cloud.control.handle(NoteKeyUses((KeyUse(first, 1_700_000_123_456, "sqs", "us-east-2"),)), 0)
    assert cloud.refusal("iam", "GetCredentialReport")[:2] == (410, "ReportNotPresent")
    assert account("GenerateCredentialReport")["State"] == "STARTED"
    assert account("GenerateCredentialReport")["State"] == "COMPLETE"
    root, comma, ann, bob = report(account)
    assert len(root) == 22
    assert (root["user"], root["arn"]) == ("<root_account>", f"arn:aws:iam::{ACCOUNT}:root")
    assert (root["password_enabled"], root["mfa_active"]) == ("not_supported", "false")
    assert (comma["user"], comma["arn"]) == ("a,b", f"arn:aws:iam::{ACCOUNT}:user/a,b")
    assert (ann["access_key_1_active"], ann["access_key_1_last_rotated"]) == ("false", "N/A")
    when = "2023-11-14T22:13:20+00:00"
    assert bob == {
        "user": "bob",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/bob",
        "user_creation_time": when,
        "password_enabled": "false",
        "password_last_used": "N/A",
        "password_last_changed": "N/A",
        "password_next_rotation": "N/A",
        "mfa_active": "false",
        "access_key_1_active": "true",
        "access_key_1_last_rotated": when,
        "access_key_1_last_used_date": "2023-11-14T22:15:23+00:00",
        "access_key_1_last_used_region": "us-east-2",
        "access_key_1_last_used_service": "sqs",
        "access_key_2_active": "false",
        "access_key_2_last_rotated": when,
        "access_key_2_last_used_date": "N/A",
        "access_key_2_last_used_region": "N/A",
        "access_key_2_last_used_service": "N/A",
        "cert_1_active": "false",
        "cert_1_last_rotated": "N/A",
        "cert_2_active": "false",
        "cert_2_last_rotated": "N/A",
    }
    # It tells of the moment when it was made.
    account("CreateUser", UserName="eve")
    assert account("GenerateCredentialReport")["State"] == "COMPLETE"
    assert len(report(account)) == 4


@pytest.mark.parametrize(
    "name", ["GetAccountAuthorizationDetails", "GenerateCredentialReport", "GetCredentialReport"]
)
def test_permissions(cloud: Any, name: str) -> None:
    operation, given = IAM.parse(f"Action={name}".encode())
    (needed,) = operation.permissions(given, cloud.call())
    assert (needed.action, needed.resource) == (f"iam:{name}", "*")
