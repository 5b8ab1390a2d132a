"""IAM API reference: users, groups, keys and inline policies, through botocore's own serializer and parser."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from msgspec.structs import replace

from qanat.core.identity.commands import NoteKeyUses
from qanat.core.identity.model import KeyUse, Role, caller_of, root_of
from qanat.core.identity.records import RolePut, UserPut
from qanat.wire.iam import IAM
from qanat.wire.query_json import QUERY_JSON
from qanat.wire.service import Call, Permission
from wire.iam.test_iam_shapes import assert_whole

ACCOUNT = "123456789012"
ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
FAILED = "failed to satisfy constraint:"
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(cloud: Any) -> Ask:
    """Asks, and holds the answer against the service model."""

    def asked(operation: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = cloud.ask("iam", operation, **parameters)
        assert_whole(operation, answer)
        return answer

    return asked


def test_a_user_is_renamed_tagged_and_found_again(ask: Ask, cloud: Any) -> None:
    made = ask("CreateUser", UserName="bob", Path="/team/", Tags=[{"Key": "a", "Value": "1"}])["User"]
    ask("UpdateUser", UserName="bob", NewUserName="rob", NewPath="/else/")
    found = ask("GetUser", UserName="rob")["User"]
    assert found == {
        **made,
        "UserName": "rob",
        "Path": "/else/",
        "Arn": f"arn:aws:iam::{ACCOUNT}:user/else/rob",
    }
    ask("TagUser", UserName="rob", Tags=[{"Key": "A", "Value": "2"}, {"Key": "b", "Value": ""}])
    tags = [{"Key": "A", "Value": "2"}, {"Key": "b", "Value": ""}]
    assert ask("ListUserTags", UserName="rob")["Tags"] == tags
    page = ask("ListUserTags", UserName="rob", MaxItems=1)
    assert (page["Tags"], page["IsTruncated"]) == (tags[:1], True)
    assert ask("ListUserTags", UserName="rob", Marker=page["Marker"])["Tags"] == tags[1:]
    ask("UntagUser", UserName="rob", TagKeys=["a", "b"])
    assert "Tags" not in ask("GetUser", UserName="rob")["User"]
    assert ask("ListUserTags", UserName="rob")["Tags"] == []
    refused = cloud.refusal("iam", "UntagUser", UserName="rob", TagKeys=["k" * 129])
    assert refused[:2] == (400, "ValidationError")


def test_a_permissions_boundary_is_told(ask: Ask, cloud: Any) -> None:
    ask("CreateUser", UserName="bob")
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/limit"
    user = cloud.control.identity.user(ACCOUNT, "bob")
    cloud.control.apply(UserPut(replace(user, boundary=boundary)))
    assert ask("GetUser", UserName="bob")["User"]["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": boundary,
    }
    assert "PermissionsBoundary" not in ask("ListUsers")["Users"][0]


def test_a_group_from_beginning_to_end(ask: Ask, cloud: Any) -> None:
    made = ask("CreateGroup", GroupName="staff", Path="/teams/")["Group"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/teams/staff"
    assert made["GroupId"].startswith("AGPA")
    empty = ask("GetGroup", GroupName="staff")
    assert (empty["Group"], empty["Users"], empty["IsTruncated"]) == (made, [], False)
    for name in ("bob", "eve", "ann"):
        ask("CreateUser", UserName=name, Tags=[{"Key": "k", "Value": "v"}])
        ask("AddUserToGroup", GroupName="staff", UserName=name)
    first = ask("GetGroup", GroupName="staff", MaxItems=2)
    second = ask("GetGroup", GroupName="staff", Marker=first["Marker"])
    assert [user["UserName"] for user in first["Users"] + second["Users"]] == ["ann", "bob", "eve"]
    assert "Tags" not in first["Users"][0]
    assert (first["IsTruncated"], second["IsTruncated"]) == (True, False)
    assert ask("ListGroups", PathPrefix="/teams/")["Groups"] == [made]
    assert ask("ListGroups", PathPrefix="/other/")["Groups"] == []
    assert ask("ListGroupsForUser", UserName="bob")["Groups"] == [made]
    ask("UpdateGroup", GroupName="staff", NewGroupName="crew", NewPath="/")
    (group,) = ask("ListGroupsForUser", UserName="bob")["Groups"]
    assert group == {**made, "GroupName": "crew", "Path": "/", "Arn": f"arn:aws:iam::{ACCOUNT}:group/crew"}
    conflict = "Cannot delete entity, must remove users from group first."
    assert cloud.refusal("iam", "DeleteGroup", GroupName="crew") == (409, "DeleteConflict", conflict)
    assert cloud.refusal("iam", "DeleteUser", UserName="bob") == (409, "DeleteConflict", conflict)
    for name in ("bob", "eve", "ann"):
        ask("RemoveUserFromGroup", GroupName="crew", UserName=name)
    ask("DeleteGroup", GroupName="crew")
    missing = "The group with name crew cannot be found."
    assert cloud.refusal("iam", "GetGroup", GroupName="crew") == (404, "NoSuchEntity", missing)
    too_long = cloud.refusal("iam", "CreateGroup", GroupName="x" * 129)
    assert too_long == (
        400,
        "ValidationError",
        (
            f"1 validation error detected: Value '{'x' * 129}' at 'groupName' {FAILED} "
            "Member must have length less than or equal to 128"
        ),
    )


@pytest.mark.parametrize(("holder", "name"), [("User", "bob"), ("Group", "staff"), ("Role", "worker")])
def test_policies_written_inside(ask: Ask, cloud: Any, holder: str, name: str) -> None:
    ask("CreateUser", UserName="bob")
    ask("CreateGroup", GroupName="staff")
    cloud.control.apply(RolePut(Role(ACCOUNT, "worker", "AROA", "/", 0, "{}")))
    whose = {f"{holder}Name": name}
    for policy in ("one", "two"):
        ask(f"Put{holder}Policy", **whose, PolicyName=policy, PolicyDocument=ALLOW_ALL)
    got = ask(f"Get{holder}Policy", **whose, PolicyName="one")
    assert (got[f"{holder}Name"], got["PolicyName"]) == (name, "one")
    assert "{" not in got["PolicyDocument"]
    assert json.loads(unquote(got["PolicyDocument"])) == json.loads(ALLOW_ALL)
    page = ask(f"List{holder}Policies", **whose, MaxItems=1)
    assert (page["PolicyNames"], page["IsTruncated"]) == (["one"], True)
    assert ask(f"List{holder}Policies", **whose, Marker=page["Marker"])["PolicyNames"] == ["two"]
    ask(f"Delete{holder}Policy", **whose, PolicyName="one")
    missing = f"The {holder.lower()} policy with name one cannot be found."
    refused = cloud.refusal("iam", f"Get{holder}Policy", **whose, PolicyName="one")
    assert refused == (404, "NoSuchEntity", missing)
    put = {**whose, "PolicyName": "p", "PolicyDocument": "{"}
    assert cloud.refusal("iam", f"Put{holder}Policy", **put)[:2] == (400, "MalformedPolicyDocument")
    put["PolicyDocument"] = ALLOW_ALL.replace("*", "sqs:" + "x" * 10_240)
    assert cloud.refusal("iam", f"Put{holder}Policy", **put)[:2] == (409, "LimitExceeded")


def test_a_key_is_switched_off_and_its_last_use_is_told(ask: Ask, cloud: Any) -> None:
    ask("CreateUser", UserName="bob")
    key_id = ask("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"]
    ask("UpdateAccessKey", UserName="bob", AccessKeyId=key_id, Status="Inactive")
    assert ask("ListAccessKeys", UserName="bob")["AccessKeyMetadata"][0]["Status"] == "Inactive"
    expired = cloud.refusal("iam", "UpdateAccessKey", UserName="bob", AccessKeyId=key_id, Status="Off")
    assert expired == (
        400,
        "ValidationError",
        (
            f"1 validation error detected: Value 'Off' at 'status' {FAILED} "
            "Member must satisfy enum value set: [Active, Inactive]"
        ),
    )
    unused = ask("GetAccessKeyLastUsed", AccessKeyId=key_id)
    assert unused["UserName"] == "bob"
    assert unused["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    use = KeyUse(key_id, 1_700_000_123_456, "sqs", "us-east-2")
    cloud.control.handle(NoteKeyUses((use,)), 0)
    used = ask("GetAccessKeyLastUsed", AccessKeyId=key_id)["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sqs", "us-east-2")
    assert used["LastUsedDate"].timestamp() == 1_700_000_123


LISTS = {
    "ListSSHPublicKeys": "SSHPublicKeys",
    "ListSigningCertificates": "Certificates",
    "ListServiceSpecificCredentials": "ServiceSpecificCredentials",
}


@pytest.mark.parametrize(("operation", "items"), LISTS.items())
def test_credentials_that_nobody_has_are_listed_empty(
    ask: Ask, cloud: Any, operation: str, items: str
) -> None:
    ask("CreateUser", UserName="bob")
    answer = ask(operation, UserName="bob")
    assert (answer[items], answer["IsTruncated"]) == ([], False)
    assert ask(operation)[items] == [], "of root"
    missing = "The user with name eve cannot be found."
    assert cloud.refusal("iam", operation, UserName="eve") == (404, "NoSuchEntity", missing)


def test_there_are_no_aliases(ask: Ask) -> None:
    assert ask("ListAccountAliases")["AccountAliases"] == []


@pytest.mark.parametrize("operation", ["GetLoginProfile", "DeleteLoginProfile"])
def test_there_are_no_login_profiles(ask: Ask, cloud: Any, operation: str) -> None:
    ask("CreateUser", UserName="bob")
    missing = "Login Profile for User bob cannot be found."
    assert cloud.refusal("iam", operation, UserName="bob") == (404, "NoSuchEntity", missing)
    cloud.caller = caller_of(cloud.control.identity.user(ACCOUNT, "bob"))
    assert cloud.refusal("iam", operation) == (404, "NoSuchEntity", missing)


def test_the_summary_is_a_map_in_xml_and_in_json(ask: Ask, cloud: Any) -> None:
    ask("CreateUser", UserName="bob")
    summary = ask("GetAccountSummary")["SummaryMap"]
    assert (summary["Users"], summary["Groups"], summary["AccessKeysPerUserQuota"]) == (1, 0, 2)
    operation, given = IAM.parse(b"Action=GetAccountSummary")
    call = call_of(cloud)
    reply = cloud.control.handle(operation.command(given, call), 0).reply
    output = operation.output(reply, given, call)
    body = QUERY_JSON.response("GetAccountSummary", output, IAM.xmlns, "id")
    assert json.loads(body)["GetAccountSummaryResponse"]["GetAccountSummaryResult"]["SummaryMap"] == summary


def call_of(cloud: Any) -> Call:
    return Call(ACCOUNT, "us-east-2", root_of(ACCOUNT), 0, cloud.ids, cloud.control.identity, 0)


def resources(cloud: Any, form: str) -> tuple[str, ...]:
    """Of a request, as a policy would be asked about them."""
    row, given = IAM.parse(form.encode())
    return row.resources(given, call_of(cloud))


USER, GROUP, ROLE = (
    f"arn:aws:iam::{ACCOUNT}:{one}" for one in ("user/x/bob", "group/y/staff", "role/z/worker")
)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("Action=CreateUser&UserName=new&Path=/x/", f"arn:aws:iam::{ACCOUNT}:user/x/new"),
        ("Action=ListUsers&PathPrefix=/x", f"arn:aws:iam::{ACCOUNT}:user/x"),
        ("Action=ListUsers", f"arn:aws:iam::{ACCOUNT}:user/"),
        ("Action=CreateGroup&GroupName=new&Path=/x/", f"arn:aws:iam::{ACCOUNT}:group/x/new"),
        ("Action=ListGroups", f"arn:aws:iam::{ACCOUNT}:group/"),
        ("Action=ListVirtualMFADevices", f"arn:aws:iam::{ACCOUNT}:mfa/"),
        ("Action=GetAccountSummary", "*"),
        ("Action=ListAccountAliases", "*"),
        ("Action=AddUserToGroup&GroupName=staff&UserName=bob", GROUP),
        ("Action=RemoveUserFromGroup&GroupName=staff&UserName=bob", GROUP),
        ("Action=GetGroup&GroupName=staff", GROUP),
        ("Action=DeleteGroup&GroupName=staff", GROUP),
        ("Action=PutGroupPolicy&GroupName=staff&PolicyName=p&PolicyDocument=d", GROUP),
        ("Action=ListGroupPolicies&GroupName=staff", GROUP),
        ("Action=PutRolePolicy&RoleName=worker&PolicyName=p&PolicyDocument=d", ROLE),
        ("Action=DeleteRolePolicy&RoleName=worker&PolicyName=p", ROLE),
        ("Action=GetRolePolicy&RoleName=none&PolicyName=p", f"arn:aws:iam::{ACCOUNT}:role/none"),
        ("Action=GetGroupPolicy&GroupName=none&PolicyName=p", f"arn:aws:iam::{ACCOUNT}:group/none"),
        ("Action=ListMFADevices", f"arn:aws:iam::{ACCOUNT}:root"),
        ("Action=GetAccessKeyLastUsed&AccessKeyId=AKIA0000000000000000", f"arn:aws:iam::{ACCOUNT}:user/*"),
    ],
)
def test_what_permission_is_asked_on(ask: Ask, cloud: Any, form: str, expected: str) -> None:
    ask("CreateUser", UserName="bob", Path="/x/")
    ask("CreateGroup", GroupName="staff", Path="/y/")
    cloud.control.apply(RolePut(Role(ACCOUNT, "worker", "AROA", "/z/", 0, "{}")))
    assert resources(cloud, form) == (expected,)


OF_A_USER = [
    *("GetUser", "DeleteUser", "TagUser", "UntagUser", "ListUserTags", "ListGroupsForUser"),
    *("PutUserPolicy", "GetUserPolicy", "ListUserPolicies", "DeleteUserPolicy"),
    *("CreateAccessKey", "ListAccessKeys", "UpdateAccessKey", "DeleteAccessKey", "GetAccessKeyLastUsed"),
    *("GetLoginProfile", "DeleteLoginProfile", *LISTS),
]


@pytest.mark.parametrize("operation", OF_A_USER)
def test_the_resource_of_a_user_holds_its_path(ask: Ask, cloud: Any, operation: str) -> None:
    ask("CreateUser", UserName="bob", Path="/x/")
    key_id = ask("CreateAccessKey", UserName="bob")["AccessKey"]["AccessKeyId"]
    pairs = {
        "UserName": "UserName=bob",
        "PolicyName": "PolicyName=p",
        "PolicyDocument": "PolicyDocument=d",
        "AccessKeyId": f"AccessKeyId={key_id}",
        "Status": "Status=Active",
        "Tags": "Tags.member.1.Key=k&Tags.member.1.Value=v",
        "TagKeys": "TagKeys.member.1=k",
    }
    taken = IAM.operations[operation].input.__struct_encode_fields__
    form = "&".join([f"Action={operation}", *(pairs[name] for name in taken if name in pairs)])
    assert resources(cloud, form) == (USER,)


@pytest.mark.parametrize(
    ("form", "new"),
    [
        ("Action=UpdateUser&UserName=bob&NewUserName=rob", "user/x/rob"),
        ("Action=UpdateUser&UserName=bob&NewPath=/n/", "user/n/bob"),
        ("Action=UpdateGroup&GroupName=staff&NewGroupName=crew&NewPath=/n/", "group/n/crew"),
    ],
)
def test_to_rename_needs_leave_on_both_names(ask: Ask, cloud: Any, form: str, new: str) -> None:
    ask("CreateUser", UserName="bob", Path="/x/")
    ask("CreateGroup", GroupName="staff", Path="/y/")
    old = USER if "User" in form else GROUP
    asked = [one.resource for one in asked_about(cloud, form)]
    assert asked == [old, f"arn:aws:iam::{ACCOUNT}:{new}"]


def asked_about(cloud: Any, form: str) -> list[Permission]:
    row, given = IAM.parse(form.encode())
    return list(row.permissions(given, call_of(cloud)))


class TestConditionKeys:
    """Service Authorization Reference, Identity and Access Management: the condition keys of each action."""

    def test_a_tagged_user_is_made_and_tagged(self, cloud: Any) -> None:
        form = "Action=CreateUser&UserName=bob&Tags.member.1.Key=Team&Tags.member.1.Value=a"
        asked = asked_about(cloud, form)
        assert [one.action for one in asked] == ["iam:CreateUser", "iam:TagUser"]
        assert [one.request_tags for one in asked] == [{"Team": "a"}] * 2
        (asked_once,) = asked_about(cloud, "Action=CreateUser&UserName=bob&PermissionsBoundary=arn")
        assert asked_once.context == {"iam:permissionsboundary": "arn"}

    def test_tags_that_come_go_and_are_there(self, ask: Ask, cloud: Any) -> None:
        ask("CreateUser", UserName="bob", Tags=[{"Key": "Team", "Value": "a"}])
        form = "Action=TagUser&UserName=bob&Tags.member.1.Key=k&Tags.member.1.Value=v"
        (asked,) = asked_about(cloud, form)
        assert asked.request_tags == {"k": "v"}
        assert asked.resource_tags == (("Team", "a"),)
        assert asked.context == {"iam:resourcetag/team": "a"}
        (asked,) = asked_about(cloud, "Action=UntagUser&UserName=bob&TagKeys.member.1=Team")
        assert asked.request_tags == {"Team": None}
        before, after = asked_about(cloud, "Action=UpdateUser&UserName=bob&NewUserName=rob")
        assert before.resource_tags == after.resource_tags == (("Team", "a"),)
        (asked,) = asked_about(cloud, "Action=DeleteUser&UserName=bob")
        assert (asked.request_tags, asked.resource_tags) == ({}, (("Team", "a"),))

    @pytest.mark.parametrize("operation", ["PutUserPolicy", "DeleteUserPolicy"])
    def test_the_boundary_of_whoever_gets_a_policy(self, ask: Ask, cloud: Any, operation: str) -> None:
        ask("CreateUser", UserName="bob")
        form = f"Action={operation}&UserName=bob&PolicyName=p"
        form += "&PolicyDocument=d" if operation == "PutUserPolicy" else ""
        (asked,) = asked_about(cloud, form)
        assert asked.context == {}
        user = cloud.control.identity.user(ACCOUNT, "bob")
        cloud.control.apply(UserPut(replace(user, boundary="arn:aws:iam::aws:policy/ReadOnlyAccess")))
        (asked,) = asked_about(cloud, form)
        assert asked.context == {"iam:permissionsboundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
