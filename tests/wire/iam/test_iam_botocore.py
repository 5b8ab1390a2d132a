"""IAM API reference: every operation through botocore's own serializer and parser."""

import json
from typing import Any
from urllib.parse import unquote

import pytest

from qanat.core.identity.model import caller_of

ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


def refusal(cloud: Any, operation: str, **parameters: Any) -> tuple[int, str, str]:
    refused: tuple[int, str, str] = cloud.refusal("iam", operation, **parameters)
    return refused


def test_a_user_from_beginning_to_end(cloud: Any) -> None:
    def ask(operation: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = cloud.ask("iam", operation, **parameters)
        return answer

    tags = [{"Key": "team", "Value": "a<b>&c"}]
    made = ask("CreateUser", UserName="bob", Path="/team/", Tags=tags)["User"]
    assert made["Arn"] == "arn:aws:iam::123456789012:user/team/bob"
    assert made["UserId"].startswith("AIDA")
    assert made["CreateDate"].timestamp() == 1_700_000_000
    assert ask("GetUser", UserName="bob")["User"] == made
    assert made["Tags"] == tags

    listed = ask("ListUsers", PathPrefix="/team/")
    assert ([user["UserName"] for user in listed["Users"]], listed["IsTruncated"]) == (["bob"], False)
    assert ask("ListUsers", PathPrefix="/other/")["Users"] == []

    key = ask("CreateAccessKey", UserName="bob")["AccessKey"]
    assert (key["UserName"], key["Status"], len(key["SecretAccessKey"])) == ("bob", "Active", 40)
    shown = ask("ListAccessKeys", UserName="bob")["AccessKeyMetadata"]
    assert [one["AccessKeyId"] for one in shown] == [key["AccessKeyId"]]
    assert "SecretAccessKey" not in shown[0]

    ask("PutUserPolicy", UserName="bob", PolicyName="all", PolicyDocument=ALLOW_ALL)
    got = ask("GetUserPolicy", UserName="bob", PolicyName="all")
    assert json.loads(unquote(got["PolicyDocument"])) == json.loads(ALLOW_ALL)
    assert "{" not in got["PolicyDocument"]
    assert ask("ListUserPolicies", UserName="bob")["PolicyNames"] == ["all"]

    assert refusal(cloud, "DeleteUser", UserName="bob")[:2] == (409, "DeleteConflict")
    ask("DeleteUserPolicy", UserName="bob", PolicyName="all")
    ask("DeleteAccessKey", UserName="bob", AccessKeyId=key["AccessKeyId"])
    ask("DeleteUser", UserName="bob")
    assert refusal(cloud, "GetUser", UserName="bob") == (
        404,
        "NoSuchEntity",
        "The user with name bob cannot be found.",
    )


def test_lists_come_in_pages(cloud: Any) -> None:
    for number in range(5):
        cloud.ask("iam", "CreateUser", UserName=f"user{number}")
    names: list[str] = []
    more: dict[str, str] = {}
    while True:
        answer = cloud.ask("iam", "ListUsers", MaxItems=2, **more)
        names += [user["UserName"] for user in answer["Users"]]
        if not answer["IsTruncated"]:
            break
        more = {"Marker": answer["Marker"]}
    assert names == [f"user{number}" for number in range(5)]


def test_without_a_name_the_caller_is_meant(cloud: Any) -> None:
    root = cloud.ask("iam", "GetUser")["User"]
    assert (root["Arn"], root["UserId"]) == ("arn:aws:iam::123456789012:root", "123456789012")
    assert refusal(cloud, "CreateAccessKey") == (
        400,
        "ValidationError",
        "Must specify userName when calling with non-User credentials",
    )
    cloud.ask("iam", "CreateUser", UserName="bob", Path="/x/")
    cloud.caller = caller_of(cloud.control.identity.user("123456789012", "bob"))
    assert cloud.ask("iam", "GetUser")["User"]["UserName"] == "bob"
    key = cloud.ask("iam", "CreateAccessKey")["AccessKey"]
    assert key["UserName"] == "bob"
    assert len(cloud.ask("iam", "ListAccessKeys")["AccessKeyMetadata"]) == 1
    cloud.ask("iam", "DeleteAccessKey", AccessKeyId=key["AccessKeyId"])


PATTERN = r"Member must satisfy regular expression pattern: [\w+=,.@-]+"
FAILED = "failed to satisfy constraint:"


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        (
            "CreateUser",
            {"UserName": "a b"},
            (
                400,
                "ValidationError",
                f"1 validation error detected: Value 'a b' at 'userName' {FAILED} {PATTERN}",
            ),
        ),
        (
            "CreateUser",
            {"UserName": "x" * 65},
            (
                400,
                "ValidationError",
                (
                    f"1 validation error detected: Value '{'x' * 65}' at 'userName' {FAILED} "
                    "Member must have length less than or equal to 64"
                ),
            ),
        ),
        (
            "PutUserPolicy",
            {"UserName": "é", "PolicyName": "é", "PolicyDocument": ALLOW_ALL},
            (
                400,
                "ValidationError",
                (
                    f"2 validation errors detected: Value 'é' at 'userName' {FAILED} {PATTERN}; "
                    f"Value 'é' at 'policyName' {FAILED} {PATTERN}"
                ),
            ),
        ),
        (
            "CreateUser",
            {},
            (
                400,
                "ValidationError",
                f"1 validation error detected: Value null at 'userName' {FAILED} Member must not be null",
            ),
        ),
        (
            "ListUsers",
            {"MaxItems": 1001},
            (
                400,
                "ValidationError",
                (
                    f"1 validation error detected: Value '1001' at 'maxItems' {FAILED} "
                    "Member must have value less than or equal to 1000"
                ),
            ),
        ),
        (
            "CreateUser",
            {"UserName": "bob", "Tags": [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]},
            (
                400,
                "InvalidParameterValue",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ),
        ),
        (
            "CreateUser",
            {"UserName": "bob", "PermissionsBoundary": "arn:aws:iam::aws:policy/NoSuchAccess"},
            (
                404,
                "NoSuchEntity",
                "Scope ARN: arn:aws:iam::aws:policy/NoSuchAccess does not exist or is not attachable.",
            ),
        ),
    ],
)
def test_refusals(cloud: Any, operation: str, parameters: dict[str, Any], expected: object) -> None:
    assert refusal(cloud, operation, **parameters) == expected


def test_statuses_are_those_of_the_service_model(cloud: Any) -> None:
    cloud.ask("iam", "CreateUser", UserName="bob")
    assert refusal(cloud, "CreateUser", UserName="bob")[:2] == (409, "EntityAlreadyExists")
    for _ in range(2):
        cloud.ask("iam", "CreateAccessKey", UserName="bob")
    assert refusal(cloud, "CreateAccessKey", UserName="bob")[:2] == (409, "LimitExceeded")
    put = {"UserName": "bob", "PolicyName": "p", "PolicyDocument": "{"}
    assert refusal(cloud, "PutUserPolicy", **put)[:2] == (400, "MalformedPolicyDocument")
