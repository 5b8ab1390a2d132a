"""STS API reference: every operation through botocore's own serializer and parser."""

import json
import random
from typing import Any

import pytest

from qanat.core.identity.model import Role, Session, User, caller_of, role_session
from qanat.core.identity.records import RolePut, UserPut
from qanat.core.identity.session_tokens import SessionKind, opened
from qanat.wire.sts import STS

ACCOUNT = "123456789012"
NOW_MS = 1_700_000_000_000
BOB = User(ACCOUNT, "bob", "AIDABOB", "/team/", 0)
TRUST = '{"Version":"2012-10-17","Statement":[]}'
ROLE = Role(ACCOUNT, "R", "AROAR", "/app/", 0, TRUST, max_session_s=7_200)
ASSUME = {"RoleArn": ROLE.arn, "RoleSessionName": "one"}
SESSION_POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}'


@pytest.fixture
def sts(cloud: Any) -> Any:
    cloud.control.apply(UserPut(BOB))
    cloud.control.apply(RolePut(ROLE))
    cloud.caller = caller_of(BOB)
    return cloud


def credentials(answer: dict[str, Any]) -> Any:
    given = answer["Credentials"]
    found = opened(b"k" * 32, given["SessionToken"].encode())
    assert found is not None
    assert (found.access_key_id, found.secret) == (given["AccessKeyId"], given["SecretAccessKey"])
    assert given["AccessKeyId"].startswith("ASIA")
    assert found.session.expires_at_ms == given["Expiration"].timestamp() * 1000
    assert found.session.issued_at_ms == NOW_MS
    return found


def test_get_caller_identity(cloud: Any) -> None:
    answer = cloud.ask("sts", "GetCallerIdentity")
    assert (answer["Account"], answer["UserId"], answer["Arn"]) == (
        ACCOUNT,
        ACCOUNT,
        f"arn:aws:iam::{ACCOUNT}:root",
    )
    cloud.caller = caller_of(BOB)
    answer = cloud.ask("sts", "GetCallerIdentity")
    assert (answer["UserId"], answer["Arn"]) == ("AIDABOB", f"arn:aws:iam::{ACCOUNT}:user/team/bob")
    assert STS.operations["GetCallerIdentity"].action is None


def test_assume_role(sts: Any) -> None:
    tags = [{"Key": "team", "Value": "blue"}]
    answer = sts.ask(
        "sts",
        "AssumeRole",
        **ASSUME,
        Policy=SESSION_POLICY,
        PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AmazonSQSFullAccess"}],
        DurationSeconds=900,
        Tags=tags,
        TransitiveTagKeys=["team"],
        ExternalId="x1",
        SourceIdentity="bob@example.com",
    )
    assert answer["AssumedRoleUser"] == {
        "AssumedRoleId": "AROAR:one",
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/R/one",
    }
    assert 0 < answer["PackedPolicySize"] <= 100
    assert answer["SourceIdentity"] == "bob@example.com"
    found = credentials(answer)
    assert (found.kind, found.account, found.name) == (SessionKind.ROLE, ACCOUNT, "one")
    session = found.session
    assert session.expires_at_ms - NOW_MS == 900_000
    assert (session.issuer_id, session.issuer_name) == ("AROAR", "R")
    assert session.policies == (SESSION_POLICY,)
    assert session.policy_arns == ("arn:aws:iam::aws:policy/AmazonSQSFullAccess",)
    assert (session.tags, session.transitive_tag_keys) == ((("team", "blue"),), ("team",))


def test_a_role_session_lasts_an_hour_unless_asked_otherwise(sts: Any) -> None:
    answer = sts.ask("sts", "AssumeRole", **ASSUME)
    assert credentials(answer).session.expires_at_ms - NOW_MS == 3_600_000
    assert "PackedPolicySize" not in answer
    assert sts.refusal("sts", "AssumeRole", **ASSUME, DurationSeconds=7_201) == (
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    sts.caller = role_session(ROLE, "two", Session("ASIAX", 0, 1, "AROAR", "R"))
    assert sts.refusal("sts", "AssumeRole", **ASSUME, DurationSeconds=3_601)[1:] == (
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    )


def test_transitive_tags_and_the_source_identity_go_along_a_chain(sts: Any) -> None:
    tags = (("env", "prod"), ("team", "blue"))
    session = Session(
        "ASIAX", 0, 1, "AROAR", "R", tags=tags, transitive_tag_keys=("team",), source_identity="bo"
    )
    sts.caller = role_session(ROLE, "two", session)
    chained = credentials(sts.ask("sts", "AssumeRole", **ASSUME)).session
    assert (chained.tags, chained.transitive_tag_keys) == ((("team", "blue"),), ("team",))
    assert chained.source_identity == "bo"


def test_what_a_chain_hands_on_cannot_be_changed(sts: Any) -> None:
    """Recorded answers of AWS."""
    session = Session(
        "ASIAX",
        0,
        1,
        "AROAR",
        "R",
        tags=(("team", "blue"),),
        transitive_tag_keys=("team",),
        source_identity="bo",
    )
    sts.caller = role_session(ROLE, "two", session)
    again = {**ASSUME, "Tags": [{"Key": "Team", "Value": "red"}]}
    assert sts.refusal("sts", "AssumeRole", **again) == (
        400,
        "InvalidParameterValue",
        (
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session."
        ),
    )
    unasked = {**ASSUME, "TransitiveTagKeys": ["team"]}
    assert sts.refusal("sts", "AssumeRole", **unasked) == (
        400,
        "InvalidParameterValue",
        "The specified transitive tag key must be included in the requested tags.",
    )
    assert sts.refusal("sts", "AssumeRole", **ASSUME, SourceIdentity="other") == (
        400,
        "ValidationError",
        "The source identity is already set for this assume role session",
    )
    assert (
        credentials(sts.ask("sts", "AssumeRole", **ASSUME, SourceIdentity="bo")).session.source_identity
        == "bo"
    )


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (
            {"RoleSessionName": "a:b"},
            "ValidationError",
            (
                r"1 validation error detected: Value 'a:b' at 'roleSessionName' failed to satisfy constraint: "
                r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
            ),
        ),
        ({"RoleArn": "nothing-valid-in-here"}, "ValidationError", "nothing-valid-in-here is invalid"),
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:user/bob"}, "ValidationError", None),
        ({"DurationSeconds": 899}, "ValidationError", None),
        ({"Policy": "{"}, "MalformedPolicyDocument", None),
        ({"Policy": SESSION_POLICY + " " * 2_048}, "PackedPolicyTooLarge", None),
        (
            {"PolicyArns": [{"arn": f"arn:aws:iam::aws:policy/p{n}"} for n in range(11)]},
            "ValidationError",
            None,
        ),
        ({"TransitiveTagKeys": ["a"]}, "InvalidParameterValue", None),
    ],
)
def test_what_assume_role_refuses(sts: Any, change: dict[str, Any], code: str, message: str | None) -> None:
    refused = sts.refusal("sts", "AssumeRole", **{**ASSUME, **change})
    assert refused[1] == code
    assert message is None or refused[2] == message


def test_root_assumes_no_role(cloud: Any) -> None:
    assert cloud.refusal("sts", "AssumeRole", **ASSUME)[1:] == (
        "AccessDenied",
        "Roles may not be assumed by root accounts.",
    )


def test_tags_over_the_packed_size_are_refused(sts: Any) -> None:
    noise = random.Random(1)
    tags = [{"Key": f"k{n}", "Value": noise.randbytes(120).hex()} for n in range(50)]
    status, code, message = sts.refusal("sts", "AssumeRole", **ASSUME, Tags=tags)
    assert (status, code) == (400, "PackedPolicyTooLarge")
    assert "% of allotted space" in message


def test_each_action_that_a_request_needs_is_asked_for(sts: Any) -> None:
    def actions(**more: Any) -> list[str]:
        operation = STS.operations["AssumeRole"]
        given = operation.input(role_arn=ROLE.arn, role_session_name="one", **more)
        return [one.action for one in operation.permissions(given, sts.call())]

    assert actions() == ["sts:AssumeRole"]
    assert actions(source_identity="x") == ["sts:AssumeRole", "sts:SetSourceIdentity"]
    operation = STS.operations["AssumeRole"]
    given = operation.input(role_arn=ROLE.arn, role_session_name="one", external_id="e")
    (permission,) = operation.permissions(given, sts.call())
    assert permission.account == ACCOUNT
    assert permission.context == {"sts:rolesessionname": "one", "sts:externalid": "e"}
    assert permission.trust is not None
    assert permission.trust.text == TRUST
    given = operation.input(role_arn=f"arn:aws:iam::{ACCOUNT}:role/R", role_session_name="one")
    (permission,) = operation.permissions(given, sts.call())
    assert permission.trust is not None
    assert permission.trust.text == "", "the path is part of the name"


def test_get_session_token(sts: Any) -> None:
    found = credentials(sts.ask("sts", "GetSessionToken"))
    assert (found.kind, found.name, found.session.issuer_id) == (SessionKind.USER, "", "AIDABOB")
    assert found.session.expires_at_ms - NOW_MS == 43_200_000
    assert found.session.policies is None
    short = credentials(sts.ask("sts", "GetSessionToken", DurationSeconds=900))
    assert short.session.expires_at_ms - NOW_MS == 900_000
    assert sts.refusal("sts", "GetSessionToken", DurationSeconds=129_601)[1] == "ValidationError"
    sts.caller = caller_of(BOB, short.session)
    assert sts.refusal("sts", "GetSessionToken")[1:] == (
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
    )


def test_get_federation_token(sts: Any) -> None:
    answer = sts.ask("sts", "GetFederationToken", Name="fay", Policy=SESSION_POLICY)
    assert answer["FederatedUser"] == {
        "FederatedUserId": f"{ACCOUNT}:fay",
        "Arn": f"arn:aws:sts::{ACCOUNT}:federated-user/fay",
    }
    found = credentials(answer)
    assert (found.kind, found.name, found.session.policies) == (
        SessionKind.FEDERATED,
        "fay",
        (SESSION_POLICY,),
    )
    without = credentials(sts.ask("sts", "GetFederationToken", Name="fay"))
    assert without.session.policies is None
    sts.caller = caller_of(BOB, found.session)
    assert sts.refusal("sts", "GetFederationToken", Name="fay")[1] == "AccessDenied"


def test_every_operation_is_tried_here(sts: Any) -> None:
    for operation, given in (("GetCallerIdentity", {}), ("GetSessionToken", {}), ("AssumeRole", ASSUME)):
        sts.ask("sts", operation, **given)
    sts.ask("sts", "GetFederationToken", Name="fay")
    assert {name for _, name in sts.called} == set(STS.operations)
    assert json.loads(TRUST)["Statement"] == []
