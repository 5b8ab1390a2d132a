"""IAM API reference: roles, boundaries and instance profiles, through botocore's own serializer and parser."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

import pytest

from qanat.core.identity import commands as c
from qanat.wire.iam import IAM
from qanat.wire.iam.boundaries import BOUNDARY_OPERATIONS
from qanat.wire.iam.instance_profiles import INSTANCE_PROFILE_OPERATIONS
from qanat.wire.iam.roles import ROLE_OPERATIONS

ACCOUNT = "123456789012"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
TAGS = [{"Key": "team", "Value": "a<b>&c"}]
BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"
SHOWN_BOUNDARY = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": BOUNDARY}
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(cloud: Any) -> Ask:
    def asked(operation: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = cloud.ask("iam", operation, **parameters)
        return answer

    return asked


def test_roles_and_profiles_from_beginning_to_end(cloud: Any, ask: Ask) -> None:
    made = ask(
        "CreateRole",
        RoleName="worker",
        Path="/app/",
        AssumeRolePolicyDocument=TRUST,
        Description="Works.",
        MaxSessionDuration=7_200,
        PermissionsBoundary=BOUNDARY,
        Tags=TAGS,
    )["Role"]
    assert set(made) == {
        "Path",
        "RoleName",
        "RoleId",
        "Arn",
        "CreateDate",
        "AssumeRolePolicyDocument",
        "Tags",
    }
    assert (made["Arn"], made["RoleId"][:4]) == (f"arn:aws:iam::{ACCOUNT}:role/app/worker", "AROA")
    assert made["AssumeRolePolicyDocument"] == quote(TRUST, safe="")

    listed = {**made, "Description": "Works.", "MaxSessionDuration": 7_200}
    del listed["Tags"]
    got = ask("GetRole", RoleName="worker")["Role"]
    assert got == {**listed, "Tags": TAGS, "PermissionsBoundary": SHOWN_BOUNDARY, "RoleLastUsed": {}}
    assert ask("ListRoles", PathPrefix="/app/")["Roles"] == [listed]
    assert ask("ListRoles", PathPrefix="/other/")["Roles"] == []

    assert set(ask("UpdateRole", RoleName="worker", MaxSessionDuration=3_600)) == {"ResponseMetadata"}
    told = ask("UpdateRoleDescription", RoleName="worker", Description="Rests.")["Role"]
    assert (told["Description"], told["MaxSessionDuration"]) == ("Rests.", 3_600)
    changed = TRUST.replace("ec2", "ecs")
    ask("UpdateAssumeRolePolicy", RoleName="worker", PolicyDocument=changed)
    shown = ask("GetRole", RoleName="worker")["Role"]["AssumeRolePolicyDocument"]
    assert unquote(shown) == changed

    ask("TagRole", RoleName="worker", Tags=[{"Key": "b", "Value": ""}])
    page = ask("ListRoleTags", RoleName="worker", MaxItems=1)
    assert (page["Tags"], page["IsTruncated"]) == ([{"Key": "b", "Value": ""}], True)
    assert ask("ListRoleTags", RoleName="worker", Marker=page["Marker"])["Tags"] == TAGS
    ask("UntagRole", RoleName="worker", TagKeys=["b", "team"])
    ask("DeleteRolePermissionsBoundary", RoleName="worker")
    assert not {"Tags", "PermissionsBoundary"} & set(ask("GetRole", RoleName="worker")["Role"])
    ask("PutRolePermissionsBoundary", RoleName="worker", PermissionsBoundary=BOUNDARY)

    profile = ask("CreateInstanceProfile", InstanceProfileName="hosts", Path="/x/", Tags=TAGS)[
        "InstanceProfile"
    ]
    assert (profile["Arn"], profile["InstanceProfileId"][:4], profile["Roles"], profile["Tags"]) == (
        f"arn:aws:iam::{ACCOUNT}:instance-profile/x/hosts",
        "AIPA",
        [],
        TAGS,
    )
    ask("AddRoleToInstanceProfile", InstanceProfileName="hosts", RoleName="worker")
    found = ask("GetInstanceProfile", InstanceProfileName="hosts")["InstanceProfile"]
    assert [role["Arn"] for role in found["Roles"]] == [made["Arn"]]
    del found["Tags"]
    assert ask("ListInstanceProfiles")["InstanceProfiles"] == [found]
    assert ask("ListInstanceProfilesForRole", RoleName="worker")["InstanceProfiles"] == [found]
    ask("TagInstanceProfile", InstanceProfileName="hosts", Tags=[{"Key": "b", "Value": ""}])
    ask("UntagInstanceProfile", InstanceProfileName="hosts", TagKeys=["team"])
    tags = ask("ListInstanceProfileTags", InstanceProfileName="hosts")["Tags"]
    assert tags == [{"Key": "b", "Value": ""}]

    refused = cloud.refusal("iam", "DeleteRole", RoleName="worker")
    assert refused[:2] == (409, "DeleteConflict")
    ask("RemoveRoleFromInstanceProfile", InstanceProfileName="hosts", RoleName="worker")
    ask("DeleteInstanceProfile", InstanceProfileName="hosts")
    ask("DeleteRole", RoleName="worker")

    ask("CreateUser", UserName="bob", PermissionsBoundary=BOUNDARY)
    assert ask("GetUser", UserName="bob")["User"]["PermissionsBoundary"] == SHOWN_BOUNDARY
    ask("DeleteUserPermissionsBoundary", UserName="bob")
    assert "PermissionsBoundary" not in ask("GetUser", UserName="bob")["User"]
    ask("PutUserPermissionsBoundary", UserName="bob", PermissionsBoundary=BOUNDARY)

    mine = {**ROLE_OPERATIONS, **BOUNDARY_OPERATIONS, **INSTANCE_PROFILE_OPERATIONS}
    assert set(mine) - {name for _, name in cloud.called} == set()


def test_who_is_gone_from_a_trust_policy_is_shown_by_id(cloud: Any, ask: Ask) -> None:
    user = ask("CreateUser", UserName="bob")["User"]
    trust = TRUST.replace('"Service": "ec2.amazonaws.com"', f'"AWS": "{user["Arn"]}"')
    ask("CreateRole", RoleName="worker", AssumeRolePolicyDocument=trust)
    cloud.control.handle(c.DeleteUser(ACCOUNT, "bob"), 0)
    shown = ask("GetRole", RoleName="worker")["Role"]["AssumeRolePolicyDocument"]
    (statement,) = json.loads(unquote(shown))["Statement"]
    assert statement["Principal"] == {"AWS": user["UserId"]}


FAILED = "failed to satisfy constraint:"


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        (
            "CreateRole",
            {"RoleName": "x", "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": 3_599},
            (
                400,
                "ValidationError",
                (
                    f"1 validation error detected: Value '3599' at 'maxSessionDuration' {FAILED} "
                    "Member must have value greater than or equal to 3600"
                ),
            ),
        ),
        (
            "UpdateRole",
            {"RoleName": "worker", "MaxSessionDuration": 43_201},
            (
                400,
                "ValidationError",
                (
                    f"1 validation error detected: Value '43201' at 'maxSessionDuration' {FAILED} "
                    "Member must have value less than or equal to 43200"
                ),
            ),
        ),
        (
            "CreateRole",
            {"RoleName": "x", "AssumeRolePolicyDocument": "{"},
            (400, "MalformedPolicyDocument", "This policy contains invalid Json"),
        ),
        (
            "CreateRole",
            {"RoleName": "worker", "AssumeRolePolicyDocument": TRUST},
            (409, "EntityAlreadyExists", "Role with name worker already exists."),
        ),
        (
            "GetRole",
            {"RoleName": "none"},
            (404, "NoSuchEntity", "The role with name none cannot be found."),
        ),
        (
            "CreateRole",
            {"RoleName": "x", "AssumeRolePolicyDocument": TRUST, "PermissionsBoundary": "edge"},
            (400, "ValidationError", "Invalid ARN:  Could not be parsed!"),
        ),
        (
            "PutRolePermissionsBoundary",
            {"RoleName": "worker", "PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/none"},
            (
                404,
                "NoSuchEntity",
                f"Scope ARN: arn:aws:iam::{ACCOUNT}:policy/none does not exist or is not attachable.",
            ),
        ),
        (
            "PutUserPermissionsBoundary",
            {"UserName": "none", "PermissionsBoundary": BOUNDARY},
            (404, "NoSuchEntity", "The user with name none cannot be found."),
        ),
    ],
)
def test_refusals(cloud: Any, operation: str, parameters: dict[str, Any], expected: object) -> None:
    cloud.ask("iam", "CreateRole", RoleName="worker", AssumeRolePolicyDocument=TRUST)
    assert cloud.refusal("iam", operation, **parameters) == expected


def needed(cloud: Any, form: str) -> list[tuple[str, str]]:
    operation, given = IAM.parse(form.encode())
    return [(one.action, one.resource) for one in operation.permissions(given, cloud.call())]


def test_leave_is_needed_on_the_thing_with_its_path(cloud: Any, ask: Ask) -> None:
    ask("CreateRole", RoleName="worker", Path="/app/", AssumeRolePolicyDocument=TRUST)
    ask("CreateInstanceProfile", InstanceProfileName="hosts", Path="/x/")
    role, profile = (
        f"arn:aws:iam::{ACCOUNT}:role/app/worker",
        f"arn:aws:iam::{ACCOUNT}:instance-profile/x/hosts",
    )
    both = "&RoleName=worker&InstanceProfileName=hosts"
    assert needed(cloud, "Action=GetRole&RoleName=worker") == [("iam:GetRole", role)]
    assert needed(cloud, "Action=GetRole&RoleName=none") == [
        ("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/none")
    ]
    assert needed(cloud, f"Action=AddRoleToInstanceProfile{both}") == [
        ("iam:AddRoleToInstanceProfile", profile),
        ("iam:PassRole", role),
    ]
    assert needed(cloud, f"Action=RemoveRoleFromInstanceProfile{both}") == [
        ("iam:RemoveRoleFromInstanceProfile", profile)
    ]
    assert needed(cloud, "Action=ListRoles&PathPrefix=/app/") == [
        ("iam:ListRoles", f"arn:aws:iam::{ACCOUNT}:role/app/")
    ]
    new = "Action=CreateRole&RoleName=x&Path=/y/&AssumeRolePolicyDocument=d"
    arn = f"arn:aws:iam::{ACCOUNT}:role/y/x"
    assert needed(cloud, new) == [("iam:CreateRole", arn)]
    with_tags = f"{new}&Tags.member.1.Key=k&Tags.member.1.Value=v"
    assert needed(cloud, with_tags) == [("iam:CreateRole", arn), ("iam:TagRole", arn)]


def test_policies_may_speak_of_tags_and_boundaries(cloud: Any, ask: Ask) -> None:
    ask(
        "CreateRole",
        RoleName="worker",
        AssumeRolePolicyDocument=TRUST,
        PermissionsBoundary=BOUNDARY,
        Tags=[{"Key": "Team", "Value": "a"}],
    )

    def asked(form: str) -> Any:
        operation, given = IAM.parse(form.encode())
        return operation.permissions(given, cloud.call())[0]

    got = asked("Action=GetRole&RoleName=worker")
    assert (got.resource_tags, got.context) == ((("Team", "a"),), {"iam:resourcetag/team": "a"})
    other = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    put = asked(f"Action=PutRolePermissionsBoundary&RoleName=worker&PermissionsBoundary={other}")
    assert put.context["iam:permissionsboundary"] == other
    taken = asked("Action=DeleteRolePermissionsBoundary&RoleName=worker")
    assert taken.context["iam:permissionsboundary"] == BOUNDARY
    attached = asked(f"Action=AttachRolePolicy&RoleName=worker&PolicyArn={other}")
    assert attached.context == {
        "iam:policyarn": other,
        "iam:permissionsboundary": BOUNDARY,
        "iam:resourcetag/team": "a",
    }
    new = "Action=CreateRole&RoleName=x&AssumeRolePolicyDocument=d"
    assert "iam:permissionsboundary" not in asked(new).context
    assert asked(f"{new}&PermissionsBoundary={other}").context["iam:permissionsboundary"] == other
    tagged = asked("Action=TagRole&RoleName=worker&Tags.member.1.Key=k&Tags.member.1.Value=v")
    assert tagged.request_tags == {"k": "v"}
    untagged = asked("Action=UntagRole&RoleName=worker&TagKeys.member.1=k")
    assert untagged.request_tags == {"k": None}
