"""How a simulation is refused, and that whatever it is given, it is simulated or refused as the client's own fault."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qanat.core.identity.commands import CreateUser
from qanat.wire.iam import IAM
from wire.conftest import ACCOUNT, Cloud
from wire.iam.test_iam_simulations import ANN, MATEO, QUEUE, ROLE, TRUST, A, allow, document, entry

POLICIES = [
    "{}",
    '{"Statement":[]}',
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
    json.dumps(
        {
            "Version": "2012-10-17",
            "Id": "x",
            "Statement": [
                {
                    "Sid": '"}],{[\\',
                    "Effect": "Deny",
                    "Principal": "*",
                    "NotAction": "a:b",
                    "NotResource": "arn:aws:sqs:*:${aws:username}:x",
                    "Condition": {"ForAllValues:StringLike": {"a:b": ["${*}", "${a:c, 'd'}"]}},
                }
            ],
        }
    ),
    '{"Version":"2012-10-17",\r\n"Statement":[{"Effect":"Allow","NotAction":"a:b","Resource":"${aws:userid}"}]}',
]
NAMES = [
    "*",
    "a:b",
    "a:*",
    ":",
    "a:",
    "sqs:SendMessage",
    "arn:aws:sqs:us-east-2:123456789012:q",
    "arn:::::",
    "arn:aws:iam::123456789012:user/bob",
    "arn:aws:iam::123456789012:user/",
    "arn:aws:iam::123456789012:group/g",
    "arn:aws:iam::123456789012:role/a/b",
    "arn:aws:iam::123456789012:root",
    "arn:aws:kms:us-east-2:210987654321:key/k",
]
texts = st.sampled_from(NAMES) | st.text(st.characters(codec="utf-8"), max_size=12)
policies = st.sampled_from(POLICIES) | st.sampled_from(POLICIES).map(lambda text: text[:-3]) | texts
kinds = st.sampled_from(["string", "stringList", "numeric", "ip", "ipList", "date", "binary", "boolean", "x"])


@st.composite
def forms(draw: st.DrawFn) -> dict[str, str]:
    form: dict[str, str] = {}

    def fill(name: str, values: st.SearchStrategy[str], most: int) -> None:
        for number, value in enumerate(draw(st.lists(values, max_size=most)), start=1):
            form[f"{name}.member.{number}"] = value

    operation = draw(st.sampled_from(["SimulateCustomPolicy", "SimulatePrincipalPolicy"]))
    form["Action"] = operation
    fill("PolicyInputList", policies, 3)
    fill("ActionNames", st.sampled_from(["sqs:SendMessage", "a:b"]) | texts, 2)
    fill("ResourceArns", texts, 2)
    fill("PermissionsBoundaryPolicyInputList", policies, 1)
    for number in range(1, draw(st.integers(0, 2)) + 1):
        entry = f"ContextEntries.member.{number}"
        form[f"{entry}.ContextKeyName"] = draw(
            st.sampled_from(["aws:userid", "aws:TagKeys", "a:b:c"]) | texts
        )
        form[f"{entry}.ContextKeyType"] = draw(kinds)
        fill(f"{entry}.ContextKeyValues", texts, 2)
    for name in ("ResourceOwner", "CallerArn", "ResourceHandlingOption", "Marker"):
        if draw(st.integers(0, 3)) == 0:
            form[name] = draw(texts)
    if draw(st.booleans()):
        form["ResourcePolicy"] = draw(policies)
    if operation == "SimulatePrincipalPolicy":
        form["PolicySourceArn"] = draw(texts)
        if draw(st.booleans()):
            form["PolicyExclusionList.member.1.PolicyArn"] = draw(texts)
    return form


CLOUD = Cloud()
CLOUD.control.handle(CreateUser(ACCOUNT, "bob", "/", "AIDABOB"), 0)


def sent(form: dict[str, str]) -> int:
    return CLOUD.send(IAM, urlencode(form).encode())[0]


@given(forms())
@settings(max_examples=250, deadline=None)
def test_any_simulation(form: dict[str, str]) -> None:
    assert sent(form) in (200, 400, 404)


@given(policies)
@settings(max_examples=100, deadline=None)
def test_context_keys_of_anything(text: str) -> None:
    assert sent({"Action": "GetContextKeysForCustomPolicy", "PolicyInputList.member.1": text}) in (200, 400)


# Refusals

ALLOWED = document(allow("*"))
UNCLEAR = "Invalid Entity Arn: {} does not clearly define entity type and name."
NO_USER = "Invalid caller - Caller must be an IAM user in this context."


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"ActionNames": ["sqs:*"]}, "Invalid Input Action: sqs:* is not an action"),
        ({"ActionNames": ["SendMessage"]}, "Invalid Input Action: SendMessage is not an action"),
        ({"ResourceArns": ["orders"]}, "Invalid Input Resource: orders is neither an ARN nor *."),
        ({"PolicyInputList": ["{"]}, "Invalid Input Policy: PolicyInputList.1: Syntax errors in policy."),
        ({"PolicyInputList": [ALLOWED, '{"Statement":[]}']}, "Invalid Input Policy: PolicyInputList.2: "),
        ({"PolicyInputList": [document({**allow("*"), "Principal": "*"})]}, "should not specify a principal"),
        ({"PermissionsBoundaryPolicyInputList": [ALLOWED, ALLOWED]}, "Only one permissions boundary policy"),
        ({"ResourceOwner": ACCOUNT}, f"'{ACCOUNT}' is not a valid as a Resource Owner."),
        ({"ResourceOwner": ROLE}, f"'{ROLE}' is not a valid as a Resource Owner."),
        ({"CallerArn": "arn:aws:sts::1:x"}, UNCLEAR.format("arn:aws:sts::1:x")),
        ({"CallerArn": f"arn:aws:iam::{A}:root"}, UNCLEAR.format(f"arn:aws:iam::{A}:root")),
        ({"ResourcePolicy": document(allow("*", Principal="*"))}, NO_USER),
        ({"ResourcePolicy": document(allow("*", Principal="*")), "CallerArn": ROLE}, NO_USER),
        (
            {"ResourcePolicy": TRUST, "CallerArn": MATEO, "ResourceArns": [ROLE]},
            "Simulation of resource-based policies isn't supported for IAM roles.",
        ),
        ({"ResourcePolicy": ALLOWED, "CallerArn": MATEO}, "Invalid Input Policy: ResourcePolicy: "),
        ({"ContextEntries": [entry("a:key", "1"), entry("A:KEY", "2")]}, "given twice"),
        ({"ContextEntries": [entry("a:key", "1"), entry("a:key", "2")]}, "given twice"),
        (
            {"OrderedOrganizationPolicyInputList": [{"ServiceControlPolicyInputList": [ALLOWED]}] * 8},
            "has 7 levels at most",
        ),
        ({"PolicyInputList": [ALLOWED + " " * 110_000] * 5}, "have 524288 characters at most"),
        (
            {"PolicyInputList": [ALLOWED.replace("*", "*" * 5_000)] * 2},
            "have 10000 wildcards and variables at",
        ),
        ({"PolicyInputList": [ALLOWED.replace("*", "\\u002a" * 5_000)] * 3}, "have 10000 wildcards and var"),
        (
            {"ResourceArns": [f"{QUEUE}-{'x' * 1_900}{number}" for number in range(1_200)]},
            "too large for one call",
        ),
    ],
)
def test_refusals_of_custom_simulations(cloud: Any, parameters: dict[str, Any], told: str) -> None:
    asked = {"PolicyInputList": [ALLOWED], "ActionNames": ["sqs:SendMessage"], **parameters}
    status, code, message = cloud.refusal("iam", "SimulateCustomPolicy", **asked)
    assert (status, code) == (400, "InvalidInput")
    assert told in message


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"ActionNames": ["s3"]}, "at 'actionNames.1.member'"),
        ({"PolicyInputList": ["\N{SNOWMAN}"]}, "at 'policyInputList.1.member'"),
        ({"ContextEntries": [entry("key")]}, "at 'contextEntries.1.member.contextKeyName'"),
        ({"ContextEntries": [entry("a:key", kind="text")]}, "at 'contextEntries.1.member.contextKeyType'"),
        ({"MaxItems": 1_001}, "at 'maxItems'"),
    ],
)
def test_bounds_of_the_service_model(cloud: Any, parameters: dict[str, Any], told: str) -> None:
    asked = {"PolicyInputList": [ALLOWED], "ActionNames": ["sqs:SendMessage"], **parameters}
    status, code, message = cloud.refusal("iam", "SimulateCustomPolicy", **asked)
    assert (status, code) == (400, "ValidationError")
    assert told in message


SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/s"


@pytest.mark.parametrize(
    ("source", "status", "code", "told"),
    [
        (
            f"arn:aws:iam::{ACCOUNT}:user/none",
            404,
            "NoSuchEntity",
            "The user with name none cannot be found.",
        ),
        (
            f"arn:aws:iam::{ACCOUNT}:role/none",
            404,
            "NoSuchEntity",
            "The role with name none cannot be found.",
        ),
        (f"arn:aws:iam::{ACCOUNT}:group/no", 404, "NoSuchEntity", "The group with name no cannot be found."),
        # Leave for a path is no leave for a namesake elsewhere.
        (
            f"arn:aws:iam::{ACCOUNT}:user/mine/ann",
            404,
            "NoSuchEntity",
            "The user with name ann cannot be found.",
        ),
        (SESSION, 400, "InvalidInput", UNCLEAR.format(SESSION)),
        (
            MATEO,
            400,
            "InvalidInput",
            f"Invalid Policy Source Arn: caller's account {ACCOUNT} does not have access to policies in account {A}",
        ),
    ],
)
@pytest.mark.parametrize("operation", ["SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy"])
def test_policy_sources_that_are_none(
    cloud: Any, operation: str, source: str, status: int, code: str, told: str
) -> None:
    cloud.ask("iam", "CreateUser", UserName="ann")
    actions = {"ActionNames": ["sqs:SendMessage"]} if operation.startswith("Sim") else {}
    assert cloud.refusal("iam", operation, PolicySourceArn=source, **actions) == (status, code, told)


@pytest.mark.parametrize(
    ("excluded", "told"),
    [
        (
            {"PolicyType": "scp", "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/p"},
            "exactly one of PolicyType, PolicyArn",
        ),
        ({"PolicyArn": f"arn:aws:iam::{ACCOUNT}:user/bob"}, "is not the ARN of a managed policy"),
        ({"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/**"}, "may have wildcards in its name, `*` once"),
        ({"PolicyArn": "arn:aws:iam::*:policy/policy"}, "may have wildcards in its name, `*` once"),
    ],
)
def test_exclusions_that_name_nothing(cloud: Any, excluded: dict[str, str], told: str) -> None:
    cloud.ask("iam", "CreateUser", UserName="ann")
    status, code, message = cloud.refusal(
        "iam",
        "SimulatePrincipalPolicy",
        PolicySourceArn=ANN,
        ActionNames=["sqs:SendMessage"],
        PolicyExclusionList=[excluded],
    )
    assert (status, code) == (400, "InvalidInput")
    assert told in message
