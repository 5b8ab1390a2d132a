"""`qanat policy simulate`, one case at a time: what it decides, what it shows, what it cannot decide."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.core.policy.simulate import Case, Decided, Failed, Simulator

A, B = "111122223333", "444455556666"
QUEUE = f"arn:aws:sqs:us-east-2:{A}:orders"
ANN = f"arn:aws:iam::{A}:user/Ann"
ROLE = f"arn:aws:iam::{A}:role/app/Worker"
SESSION = f"arn:aws:sts::{A}:assumed-role/Worker/one"
ALLOW = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
DENY = {**ALLOW, "Effect": "Deny"}

TRAPS = (Path(__file__).parents[2] / "data" / "policy-traps.jsonl").read_text().splitlines()


def document(*statements: object, version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def line(**members: Any) -> bytes:
    case = {"id": "c", "principal": ANN, "action": "sqs:SendMessage", "resource": QUEUE, **members}
    return json.dumps({name: value for name, value in case.items() if value is not ...}).encode()


def run(**members: Any) -> Decided:
    answer = Simulator().run(line(**members))
    assert isinstance(answer, Decided), answer
    return answer


def error(**members: Any) -> str:
    answer = Simulator().run(line(**members))
    assert isinstance(answer, Failed), answer
    assert answer.error.isascii()
    assert "\n" not in answer.error
    return answer.error


@pytest.mark.parametrize("case", TRAPS, ids=lambda case: json.loads(case)["id"])
def test_traps(case: str) -> None:
    answer = Simulator().run(case.encode())
    assert isinstance(answer, Decided)
    assert answer.ok, answer


def test_the_policies_of_one_case_do_not_reach_the_next() -> None:
    simulator = Simulator()
    for _ in range(2):
        for case in TRAPS:
            answer = simulator.run(case.encode())
            assert isinstance(answer, Decided)
            assert answer.ok, answer


def test_a_decision_shows_each_statement_that_it_rests_on() -> None:
    answer = run(
        principal=f"arn:aws:iam::{B}:user/Ole",
        identity_policies=[document(DENY | {"Action": "s3:*"}), document(ALLOW | {"Sid": "All"})],
        resource_policy=document(ALLOW | {"Principal": {"AWS": B}}),
        endpoint_policies=[document(ALLOW | {"Principal": "*"})],
        permissions_boundaries=[document(ALLOW)],
        service_control_policies=[[document(ALLOW)], [document(DENY | {"Action": "s3:*"}), document(ALLOW)]],
    )
    assert (answer.decision, answer.reason) == (
        "allowed",
        "allowed by a resource-based and an identity-based policy, which both had to",
    )
    assert [(shown.layer, shown.policy, shown.index, shown.sid) for shown in answer.statements] == [
        ("resource-based policy", "resource_policy", 0, None),
        ("identity-based policy", "identity_policies[1]", 0, "All"),
        ("permissions boundary", "permissions_boundaries[0]", 0, None),
        ("service control policy", "service_control_policies[0][0]", 0, None),
        ("service control policy", "service_control_policies[1][1]", 0, None),
        ("VPC endpoint policy", "endpoint_policies[0]", 0, None),
    ]
    assert {shown.effect for shown in answer.statements} == {"Allow"}


def test_a_denial_shows_the_statement_that_denied() -> None:
    answer = run(
        identity_policies=[document(ALLOW)], session_policy=document(ALLOW, DENY | {"Sid": "No"}), expect=...
    )
    assert (answer.decision, answer.reason) == ("explicit_deny", "denied by a session policy")
    (shown,) = answer.statements
    assert (shown.policy, shown.index, shown.sid, shown.effect) == ("session_policy", 1, "No", "Deny")
    assert run().statements == ()


@pytest.mark.parametrize(
    ("expect", "ok"), [(..., None), (None, None), ("allowed", False), ("implicit_deny", True)]
)
def test_what_is_expected_is_repeated_and_judged(expect: object, ok: bool | None) -> None:
    answer = run(expect=expect)
    assert answer.expected == (None if expect is ... else expect)
    assert answer.ok is ok


@pytest.mark.parametrize(
    ("resource", "principal", "owner"),
    [
        (QUEUE, f"arn:aws:iam::{B}:root", A),
        ("arn:aws:s3:::bucket/key", ANN, A),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", ANN, A),
        ("*", f"arn:aws:iam::{B}:user/Ole", B),
    ],
)
def test_whose_the_resource_is_unless_the_case_says_so(resource: str, principal: str, owner: str) -> None:
    policy = document({**ALLOW, "Action": "*", "Condition": {"StringEquals": {"aws:ResourceAccount": owner}}})
    asked = {"action": "x:Get", "resource": resource, "principal": principal, "identity_policies": [policy]}
    by_all = document({**ALLOW, "Action": "*", "Principal": "*"})
    assert run(resource_policy=by_all, **asked).decision == "allowed"
    elsewhere = run(resource_policy=by_all, resource_account="999999999999", **asked)
    assert elsewhere.decision == ("implicit_deny" if principal != f"arn:aws:iam::{B}:root" else "allowed")


@pytest.mark.parametrize("principal", ["anonymous", "s3.amazonaws.com"])
def test_who_has_no_account_does_not_tell_whose_the_resource_is(principal: str) -> None:
    absent = {
        **ALLOW,
        "Action": "s3:*",
        "Principal": "*",
        "Condition": {"Null": {"aws:ResourceAccount": "true"}},
    }
    asked = {"principal": principal, "action": "s3:GetObject", "resource": "arn:aws:s3:::bucket/key"}
    assert run(resource_policy=document(absent), **asked).decision == "allowed"


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["*", ANN, QUEUE]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=8,
)


@given(st.sampled_from(TRAPS), st.sampled_from(Case.__struct_fields__), ANYTHING)
def test_any_case_is_answered(trap: str, member: str, value: object) -> None:
    whole = {**json.loads(trap), member: value}
    for case in (whole, {**whole, member: [value]}, {**whole, member: document(value)}):
        answer = Simulator().run(json.dumps(case).encode())
        assert isinstance(answer, Decided | Failed)


PRINCIPALS = [
    # principal, what the context then holds without the case saying so
    (ANN, {"aws:username": "Ann", "aws:PrincipalType": "User", "aws:PrincipalArn": ANN}),
    (f"arn:aws:iam::{A}:user/path/Ann", {"aws:username": "Ann"}),
    (f"arn:aws-us-gov:iam::{A}:user/Ann", {"aws:PrincipalArn": f"arn:aws-us-gov:iam::{A}:user/Ann"}),
    (A, {"aws:PrincipalType": "Account", "aws:userid": A, "aws:PrincipalArn": f"arn:aws:iam::{A}:root"}),
    (f"arn:aws:iam::{A}:root", {"aws:PrincipalType": "Account", "aws:userid": A}),
    (ROLE, {"aws:PrincipalArn": ROLE, "aws:PrincipalType": "AssumedRole", "aws:PrincipalAccount": A}),
    (SESSION, {"aws:PrincipalArn": f"arn:aws:iam::{A}:role/Worker", "aws:PrincipalIsAWSService": "false"}),
    (
        f"arn:aws:sts::{A}:assumed-role/AWSReservedSSO_Ops_0123456789abcdef/ann@example.com",
        {"aws:PrincipalArn": f"arn:aws:iam::{A}:role/AWSReservedSSO_Ops_0123456789abcdef"},
    ),
    (
        f"arn:aws:sts::{A}:federated-user/Fay",
        {"aws:PrincipalType": "FederatedUser", "aws:userid": f"{A}:Fay"},
    ),
    ("anonymous", {"aws:PrincipalType": "Anonymous", "aws:PrincipalAccount": "anonymous"}),
    (
        "sns.amazonaws.com",
        {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": "sns.amazonaws.com"},
    ),
]


@pytest.mark.parametrize(("principal", "context"), PRINCIPALS)
def test_what_the_principal_fixes_is_in_the_context(principal: str, context: dict[str, str]) -> None:
    whose = {**DENY, "Principal": "*", "Condition": {"StringEquals": context}}
    assert run(principal=principal, resource_policy=document(whose)).decision == "explicit_deny"
    for key in context:
        told = run(principal=principal, resource_policy=document(whose), context={key: "x"})
        assert told.decision != "explicit_deny"


@pytest.mark.parametrize("key", ["aws:PrincipalArn", "aws:userid", "aws:username", "aws:PrincipalType"])
def test_a_service_has_no_identity_in_the_context(key: str) -> None:
    absent = {**ALLOW, "Principal": "*", "Condition": {"Null": {key: "true"}}}
    assert run(principal="sns.amazonaws.com", resource_policy=document(absent)).decision == "allowed"


def test_what_no_case_can_fix_stays_absent() -> None:
    for key in (
        "aws:SecureTransport",
        "aws:SourceIp",
        "aws:CurrentTime",
        "aws:userid",
        "aws:RequestedRegion",
    ):
        absent = {**ALLOW, "Condition": {"Null": {key: "true"}}}
        assert run(identity_policies=[document(absent)]).decision == "allowed", key


def test_the_path_of_a_sessions_role_is_told_by_a_policy_or_by_the_context() -> None:
    by_role = document(ALLOW | {"Principal": {"AWS": ROLE}})
    assert run(principal=SESSION, resource_policy=by_role).decision == "allowed"
    elsewhere = {"aws:PrincipalArn": f"arn:aws:iam::{A}:role/other/Worker"}
    assert run(principal=SESSION, resource_policy=by_role, context=elsewhere).decision == "implicit_deny"
    other = document(ALLOW | {"Principal": {"AWS": ROLE.replace("Worker", "Porter")}})
    assert run(principal=SESSION, resource_policy=other).decision == "implicit_deny"


AS_IT_MEANS = [
    # a policy that AWS refuses, and the decision that it can only mean
    ("identity_policies", {**ALLOW, "Principal": "*"}, "allowed", "has no Principal"),
    ("identity_policies", {**ALLOW, "Action": "sqs: SendMessage"}, "implicit_deny", "is not an action"),
    ("identity_policies", {**ALLOW, "Resource": "orders"}, "implicit_deny", "neither an ARN"),
    ("identity_policies", {**ALLOW, "Sid": "not-plain"}, "allowed", "letters and digits"),
    (
        "identity_policies",
        {**ALLOW, "Condition": {"NumericEquals": {"s3:max-keys": "many"}}},
        "implicit_deny",
        "not a number",
    ),
    ("resource_policy", {**ALLOW, "Principal": ANN}, "allowed", 'must be "*"'),
    ("resource_policy", ALLOW, "implicit_deny", "neither Principal"),
    ("resource_policy", {**ALLOW, "Principal": {"AWS": ANN[:-3] + "*"}}, "implicit_deny", "wildcard"),
    (
        "resource_policy",
        {**ALLOW, "Principal": "*", "Action": ["sqs:SendMessageBatch"]},
        "implicit_deny",
        "not an action of SQS",
    ),
    ("resource_policy", {**ALLOW, "Principal": "*", "Action": ["sqs:Send*"] * 8}, "allowed", "8 actions"),
    (
        "resource_policy",
        {**ALLOW, "Principal": "*", "Resource": "arn:aws:sqs"},
        "implicit_deny",
        "six fields",
    ),
]


@pytest.mark.parametrize(("member", "statement", "decision", "message"), AS_IT_MEANS)
def test_a_policy_that_aws_refuses_is_read_as_it_means_with_a_finding(
    member: str, statement: object, decision: str, message: str
) -> None:
    given = document(statement)
    answer = run(**{member: given if member == "resource_policy" else [given]})
    assert answer.decision == decision
    (finding,) = answer.findings
    assert finding.policy.startswith(member)
    assert message in finding.message


def test_a_statement_without_resource_is_about_the_thing_that_has_the_policy() -> None:
    trusting = document({"Effect": "Allow", "Principal": {"AWS": ANN}, "Action": "*"})
    topic = run(action="sns:Publish", resource=f"arn:aws:sns:us-east-2:{A}:t", resource_policy=trusting)
    assert (topic.decision, topic.findings) == ("allowed", ())
    queue = run(resource_policy=trusting)
    assert queue.decision == "allowed"
    # SQS takes no such policy.
    assert [finding.policy for finding in queue.findings] == ["resource_policy"]
    assert "neither Resource nor NotResource" in error(
        identity_policies=[document({"Effect": "Allow", "Action": "*"})]
    )


def test_policies_that_filter_speak_of_everyone_where_they_name_nobody() -> None:
    allowed = run(
        identity_policies=[document(ALLOW)],
        endpoint_policies=[document(ALLOW)],
        resource_control_policies=[[document(ALLOW)]],
    )
    assert allowed.decision == "allowed"
    assert [finding.policy for finding in allowed.findings] == [
        "endpoint_policies[0]",
        "resource_control_policies[0][0]",
    ]
    denied = run(identity_policies=[document(ALLOW)], resource_control_policies=[[document(DENY)]])
    assert denied.decision == "explicit_deny"


def test_a_list_without_statements_allows_nothing() -> None:
    levels = [[document(ALLOW)], [document()]]
    answer = run(identity_policies=[document(ALLOW)], service_control_policies=levels)
    assert answer.reason == "not allowed by the service control policies"


def test_a_policy_may_be_a_string_that_holds_one() -> None:
    assert run(identity_policies=[json.dumps(document(ALLOW))]).decision == "allowed"


@pytest.mark.parametrize(
    "member",
    ["resource_policy", "session_policy", "endpoint_policies", "context", "expect", "resource_account"],
)
def test_null_is_as_good_as_absent(member: str) -> None:
    assert run(identity_policies=[document(ALLOW)], **{member: None}).decision == "allowed"


@pytest.mark.parametrize(
    ("action", "resource", "decision"),
    [
        ("iam:AttachRolePolicy", f"arn:aws:iam::{A}:role/aws-reserved/sso.amazonaws.com/R", "implicit_deny"),
        ("iam:GetRole", f"arn:aws:iam::{A}:role/aws-reserved/sso.amazonaws.com/R", "allowed"),
        ("iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess", "implicit_deny"),
        ("iam:ListPolicyVersions", "arn:aws:iam::aws:policy/ReadOnlyAccess", "allowed"),
        ("iam:DeletePolicy", f"arn:aws:iam::{A}:policy/Mine", "allowed"),
        ("kms:DeleteAlias", f"arn:aws:kms:us-east-2:{A}:alias/aws/s3", "implicit_deny"),
        ("kms:DeleteAlias", f"arn:aws:kms:us-east-2:{A}:alias/mine", "allowed"),
        ("kms:Decrypt", f"arn:aws:kms:us-east-2:{A}:key/1", "implicit_deny"),
        ("sts:AssumeRole", ROLE, "implicit_deny"),
        ("sts:GetSessionToken", "*", "allowed"),
    ],
)
def test_what_aws_decides_apart_from_identity_policies(action: str, resource: str, decision: str) -> None:
    anything = document({**ALLOW, "Action": "*"})
    found = run(action=action, resource=resource, identity_policies=[anything])
    assert found.decision == decision
    denied = run(action=action, resource=resource, identity_policies=[document({**DENY, "Action": "*"})])
    assert denied.decision == "explicit_deny"


ERRORS = [
    ({"principal": "Ann"}, "principal: `Ann` is neither"),
    ({"principal": f"arn:aws:iam::{A}:group/g"}, "is neither the ARN of a user"),
    ({"principal": f"arn:aws:iam::{A}:user/"}, "is neither the ARN of a user"),
    ({"principal": f"arn:aws:sts::{A}:assumed-role/Worker"}, "is neither the ARN of a user"),
    ({"principal": f"arn:aws:sts::{A}:federated-user/a/b"}, "is neither the ARN of a user"),
    ({"principal": "arn:aws:iam::12:user/Ann"}, "is neither the ARN of a user"),
    ({"principal": QUEUE}, "is neither the ARN of a user"),
    ({"action": "SendMessage"}, "action: `SendMessage` is not an action"),
    ({"action": "sqs:"}, "is not an action"),
    ({"resource": "orders"}, "resource: `orders` is neither an ARN nor `*`"),
    ({"resource_account": "12"}, "resource_account: `12` is not an account"),
    ({"context": {"aws:SourceIp": "x", "AWS:sourceip": "y"}}, "is given twice"),
    ({"context": {"aws:SourceIp": [None]}}, "context: the value of `aws:SourceIp` must be text"),
    ({"context": {"aws:SourceIp": {"a": 1}}}, "or a list of the first four, not an object"),
    ({"action": "sqs:*"}, "action: `sqs:*` is a pattern; a request is for one action"),
    ({"action": "sqs:Send?essage"}, "is a pattern"),
    ({"action": "sqs: SendMessage"}, "is not an action"),
    ({"identity_policies": ["{"]}, "identity_policies[0]: the policy is not valid JSON"),
    ({"identity_policies": [{}]}, "identity_policies[0]: the policy has no Statement"),
    ({"identity_policies": [None]}, "identity_policies[0]: must be an object"),
    ({"identity_policies": {}}, "Expected `array"),
    ({"session_policy": document({**ALLOW, "Efect": "Allow"})}, "unknown element `Efect`"),
    ({"session_policy": document(ALLOW, version="2020-01-01")}, "session_policy: Version: must be"),
    (
        {
            "service_control_policies": [
                [document(ALLOW)],
                [document({**ALLOW, "Condition": {"Sounds": {"a:b": "c"}}})],
            ]
        },
        "service_control_policies[1][0]: Statement[0].Condition: `Sounds` is not a condition operator",
    ),
    ({"resource_policy": document({**ALLOW, "Principal": {}})}, "names no principal"),
    ({"expect": "denied"}, "expect: `denied` is none of allowed, implicit_deny, explicit_deny"),
    ({"boundary": []}, "unknown field `boundary`"),
    ({"principal": ...}, "missing required field `principal`"),
]


@pytest.mark.parametrize(("members", "message"), ERRORS)
def test_cases_that_cannot_be_decided(members: dict[str, Any], message: str) -> None:
    assert message in error(**members)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[", "a case is one object on one line, not a list"),
        (b"{", "the JSON does not end on this line; a case is one object on one line"),
        (b'[{"id":"a"}]', "a case is one object on one line, not a list"),
        (b'"id"', "a case is one object on one line, not a string"),
        (b"7", "a case is one object on one line, not a number"),
        (b"null", "a case is one object on one line, not null"),
    ],
)
def test_a_file_that_is_not_one_case_a_line_is_told_so(text: bytes, message: str) -> None:
    assert Simulator().run(text) == Failed(None, message)


@pytest.mark.parametrize(
    ("batch", "single"),
    [
        ("sqs:SendMessageBatch", "sqs:SendMessage"),
        ("sqs:DeleteMessageBatch", "sqs:DeleteMessage"),
        ("SQS:changemessagevisibilitybatch", "sqs:ChangeMessageVisibility"),
    ],
)
def test_a_batch_is_judged_as_its_single_action(batch: str, single: str) -> None:
    granted = [document({**ALLOW, "Action": single})]
    assert run(action=batch, identity_policies=granted).decision == "allowed"
    assert run(action=batch, identity_policies=[document({**ALLOW, "Action": batch})]).decision != "allowed"


def test_null_says_that_the_request_has_no_such_key() -> None:
    named = [document({**ALLOW, "Condition": {"StringLike": {"aws:username": "*"}}})]
    assert run(identity_policies=named).decision == "allowed"
    assert run(identity_policies=named, context={"AWS:UserName": None}).decision == "implicit_deny"


def test_a_star_in_a_resource_is_text_and_said_to_be() -> None:
    found = run(resource=f"{QUEUE}*", identity_policies=[document({**ALLOW, "Resource": QUEUE})])
    assert found.decision == "implicit_deny"
    (finding,) = found.findings
    assert finding.policy == "resource"
    assert "not a pattern" in finding.message
    assert not run(resource="*").findings


def test_a_comment_is_for_who_reads_the_case() -> None:
    for comment in ("why", ["a", {"b": None}]):
        assert run(comment=comment).decision == "implicit_deny"


@pytest.mark.parametrize(
    ("text", "case_id"),
    [
        (b"", None),
        (b"case", None),
        (b"[]", None),
        (b'{"id":"a"', None),
        (b'{"id":"a"}', "a"),
        (b'{"id":7,"x":1}', 7),
        (b'{"id":"\xff"}', None),
        (b'{"id":"\\ud800"}', None),
        (b"[" * 100_000, None),
        (
            b'{"id":"a","principal":"x","action":"a:b","resource":"*","identity_policies":' + b"[" * 100_000,
            None,
        ),
    ],
)
def test_lines_that_are_no_case(text: bytes, case_id: object) -> None:
    answer = Simulator().run(text)
    assert isinstance(answer, Failed)
    assert answer.id == case_id


def test_policies_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qanat.core.policy.simulate._DOCUMENTS_MAX", 2)
    simulator = Simulator()
    for number in range(7):
        answer = simulator.run(line(identity_policies=[document({**ALLOW, "Sid": f"n{number}"})]))
        assert isinstance(answer, Decided)
        assert answer.statements[0].sid == f"n{number}"
