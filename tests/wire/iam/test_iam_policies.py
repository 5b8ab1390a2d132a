"""IAM API reference: managed policies and their attachments, through botocore's own serializer and parser."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from qanat.core.identity.model import Group
from qanat.core.identity.records import GroupPut
from qanat.wire.iam import IAM
from qanat.wire.iam.attachments import ATTACHMENT_OPERATIONS
from qanat.wire.iam.managed_policies import POLICY_OPERATIONS

ACCOUNT = "123456789012"
ARN = f"arn:aws:iam::{ACCOUNT}:policy/team/work"
AWS_ARN = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
TRUST = (
    '{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
)
TAGS = [{"Key": "team", "Value": "a<b>&c"}]
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(cloud: Any) -> Ask:
    """In an account with a user, a group and a role."""

    def asked(operation: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = cloud.ask("iam", operation, **parameters)
        return answer

    asked("CreateUser", UserName="bob")
    cloud.control.apply(GroupPut(Group(ACCOUNT, "ops", "AGPA0000000000000001", "/", 0)))
    asked("CreateRole", RoleName="worker", AssumeRolePolicyDocument=TRUST)
    return asked


def create(ask: Ask) -> dict[str, Any]:
    made: dict[str, Any] = ask(
        "CreatePolicy",
        PolicyName="work",
        Path="/team/",
        PolicyDocument=ALLOW_ALL,
        Description="Works.",
        Tags=TAGS,
    )["Policy"]
    return made


def test_policies_from_beginning_to_end(cloud: Any, ask: Ask) -> None:
    made = create(ask)
    assert made["CreateDate"] == made["UpdateDate"]
    assert {key: value for key, value in made.items() if not key.endswith("Date")} == {
        "PolicyName": "work",
        "PolicyId": made["PolicyId"],
        "Arn": ARN,
        "Path": "/team/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "Tags": TAGS,
    }
    assert made["PolicyId"].startswith("ANPA")
    assert ask("GetPolicy", PolicyArn=ARN)["Policy"] == {**made, "Description": "Works."}

    version = ask("CreatePolicyVersion", PolicyArn=ARN, PolicyDocument=ALLOW_ALL, SetAsDefault=False)
    assert version["PolicyVersion"]["VersionId"] == "v2"
    assert version["PolicyVersion"]["IsDefaultVersion"] is False
    got = ask("GetPolicyVersion", PolicyArn=ARN, VersionId="v1")["PolicyVersion"]
    assert (json.loads(unquote(got["Document"])), got["IsDefaultVersion"]) == (json.loads(ALLOW_ALL), True)
    assert "{" not in got["Document"]
    ask("SetDefaultPolicyVersion", PolicyArn=ARN, VersionId="v2")
    versions = ask("ListPolicyVersions", PolicyArn=ARN)["Versions"]
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in versions] == [("v2", True), ("v1", False)]
    ask("DeletePolicyVersion", PolicyArn=ARN, VersionId="v1")

    ask("TagPolicy", PolicyArn=ARN, Tags=[{"Key": "b", "Value": ""}])
    ask("UntagPolicy", PolicyArn=ARN, TagKeys=["team"])
    assert ask("ListPolicyTags", PolicyArn=ARN)["Tags"] == [{"Key": "b", "Value": ""}]

    for kind, name in (("User", "bob"), ("Group", "ops"), ("Role", "worker")):
        who = {f"{kind}Name": name}
        ask(f"Attach{kind}Policy", PolicyArn=ARN, **who)
        attached = ask(f"ListAttached{kind}Policies", **who)
        assert attached["AttachedPolicies"] == [{"PolicyName": "work", "PolicyArn": ARN}]
        assert ask(f"ListAttached{kind}Policies", PathPrefix="/x/", **who)["AttachedPolicies"] == []
    entities = ask("ListEntitiesForPolicy", PolicyArn=ARN)
    assert [one["UserName"] for one in entities["PolicyUsers"]] == ["bob"]
    assert [one["GroupName"] for one in entities["PolicyGroups"]] == ["ops"]
    assert [one["RoleName"] for one in entities["PolicyRoles"]] == ["worker"]
    assert all("AROA" in one["RoleId"] for one in entities["PolicyRoles"])
    nobody = ask("ListEntitiesForPolicy", PolicyArn=ARN, EntityFilter="LocalManagedPolicy")
    assert (nobody["PolicyUsers"], nobody["PolicyGroups"], nobody["PolicyRoles"]) == ([], [], [])
    roles = ask("ListEntitiesForPolicy", PolicyArn=ARN, EntityFilter="Role")
    assert (len(roles["PolicyRoles"]), roles["PolicyUsers"]) == (1, [])

    (listed,) = ask("ListPolicies", Scope="Local", OnlyAttached=True)["Policies"]
    assert (listed["AttachmentCount"], "Tags" in listed, "Description" in listed) == (3, False, False)
    assert cloud.refusal("iam", "DeletePolicy", PolicyArn=ARN) == (
        409,
        "DeleteConflict",
        "Cannot delete a policy attached to entities.",
    )
    for kind, name in (("User", "bob"), ("Group", "ops"), ("Role", "worker")):
        ask(f"Detach{kind}Policy", PolicyArn=ARN, **{f"{kind}Name": name})
    ask("DeletePolicy", PolicyArn=ARN)
    assert cloud.refusal("iam", "GetPolicy", PolicyArn=ARN) == (
        404,
        "NoSuchEntity",
        f"Policy {ARN} was not found.",
    )
    called = {name for _, name in cloud.called}
    assert {*POLICY_OPERATIONS, *ATTACHMENT_OPERATIONS} - called == set()


def test_what_aws_manages_is_there(ask: Ask, cloud: Any) -> None:
    policy = ask("GetPolicy", PolicyArn=AWS_ARN)["Policy"]
    assert (policy["PolicyId"], policy["DefaultVersionId"]) == ("ANPAI65L554VRJ33ECQS6", "v1")
    assert policy["CreateDate"].isoformat() == "2015-02-06T18:41:07+00:00"
    document = ask("GetPolicyVersion", PolicyArn=AWS_ARN, VersionId="v1")["PolicyVersion"]["Document"]
    assert json.loads(unquote(document))["Statement"] == [
        {"Effect": "Allow", "Action": ["sqs:*"], "Resource": "*"}
    ]
    names: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = ask("ListPolicies", Scope="AWS", MaxItems=4, **more)
        names += [one["PolicyName"] for one in page["Policies"]]
        if not page["IsTruncated"]:
            break
        more = {"Marker": page["Marker"]}
    assert "AdministratorAccess" in names
    assert names == sorted(set(names))
    assert cloud.refusal("iam", "DeletePolicy", PolicyArn=AWS_ARN)[:2] == (403, "AccessDenied")


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        (
            "AttachUserPolicy",
            {"UserName": "bob", "PolicyArn": "work"},
            (400, "ValidationError", "Invalid ARN:  Could not be parsed!"),
        ),
        (
            "AttachUserPolicy",
            {"UserName": "bob", "PolicyArn": "arn:aws-cn:iam::aws:policy/AmazonSQSFullAccess"},
            (400, "ValidationError", "Invalid ARN partition"),
        ),
        (
            "GetPolicy",
            {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:role/worker"},
            (400, "InvalidInput", f"ARN arn:aws:iam::{ACCOUNT}:role/worker is not valid."),
        ),
        (
            "AttachRolePolicy",
            {"RoleName": "worker", "PolicyArn": f"{ARN}x"},
            (404, "NoSuchEntity", f"Policy {ARN}x does not exist or is not attachable."),
        ),
        (
            "DetachRolePolicy",
            {"RoleName": "worker", "PolicyArn": f"{ARN}x"},
            (404, "NoSuchEntity", f"Policy {ARN}x was not found."),
        ),
        (
            "CreatePolicy",
            {"PolicyName": "work", "PolicyDocument": ALLOW_ALL},
            (
                409,
                "EntityAlreadyExists",
                "A policy called work already exists. Duplicate names are not allowed.",
            ),
        ),
        (
            "ListPolicies",
            {"Scope": "Mine"},
            (
                400,
                "ValidationError",
                (
                    "1 validation error detected: Value 'Mine' at 'scope' failed to satisfy constraint: Member must "
                    "satisfy enum value set: [All, AWS, Local]"
                ),
            ),
        ),
        (
            "GetPolicyVersion",
            {"PolicyArn": ARN, "VersionId": "1"},
            (
                400,
                "ValidationError",
                (
                    "1 validation error detected: Value '1' at 'versionId' failed to satisfy constraint: Member must "
                    r"satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"
                ),
            ),
        ),
    ],
)
def test_refusals(ask: Ask, cloud: Any, operation: str, parameters: dict[str, Any], expected: object) -> None:
    create(ask)
    assert cloud.refusal("iam", operation, **parameters) == expected


def test_leave_is_needed_on_the_policy_or_its_holder(cloud: Any, ask: Ask) -> None:
    create(ask)

    def needed(form: str) -> list[tuple[str, str, object]]:
        operation, given = IAM.parse(form.encode())
        return [
            (one.action, one.resource, one.resource_tags)
            for one in operation.permissions(given, cloud.call())
        ]

    assert needed(f"Action=GetPolicy&PolicyArn={ARN}") == [("iam:GetPolicy", ARN, (("team", "a<b>&c"),))]
    assert needed("Action=ListPolicies") == [("iam:ListPolicies", "policy path /", ())]
    assert needed(f"Action=AttachGroupPolicy&GroupName=ops&PolicyArn={ARN}") == [
        ("iam:AttachGroupPolicy", f"arn:aws:iam::{ACCOUNT}:group/ops", ())
    ]
    new = (
        "Action=CreatePolicy&PolicyName=x&Path=/y/&PolicyDocument=d&Tags.member.1.Key=k&Tags.member.1.Value=v"
    )
    arn = f"arn:aws:iam::{ACCOUNT}:policy/y/x"
    assert needed(new) == [("iam:CreatePolicy", arn, ()), ("iam:TagPolicy", arn, ())]
