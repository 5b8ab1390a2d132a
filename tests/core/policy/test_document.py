"""The grammar of policies (IAM User Guide, reference_policies_grammar) and their sizes, kind by kind."""

import json
from contextlib import suppress

import pytest

from qanat.core.policy import errors
from qanat.core.policy.document import Document, parse
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge
from qanat.core.policy.sizes import PolicyKind, without_white_space
from support.cpu import cpu_time_below

QUEUE = "arn:aws:sqs:us-east-2:123456789012:MyQueue"
STATEMENT = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": QUEUE}


MISSING_VERSION = (
    "Missing version: We recommend that you specify the Version element "
    "to help you with debugging permission issues."
)


def text(*statements: object, **elements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **elements})


def statement(*without: str, **elements: object) -> dict[str, object]:
    return {key: value for key, value in {**STATEMENT, **elements}.items() if key not in without}


def identity(**elements: object) -> str:
    return text(statement("Principal", **elements))


def refusal(policy: str, kind: PolicyKind) -> PolicyInvalid:
    with pytest.raises(PolicyInvalid) as caught:
        parse(policy, kind)
    return caught.value


def codes(document: Document) -> list[str]:
    return [finding.code for finding in document.findings]


@pytest.mark.parametrize("kind", [PolicyKind.RESOURCE, PolicyKind.ENDPOINT])
def test_a_document_keeps_its_text_to_the_letter(kind: PolicyKind) -> None:
    policy = ' {"Version" : "2012-10-17","Id":"x", "Statement":\n[' + json.dumps(STATEMENT) + "]} \n"
    document = parse(policy, kind)
    assert document.text == policy
    assert document.kind is kind
    assert document.version == "2012-10-17"
    assert document.findings == ()
    assert [(found.index, found.sid, found.effect) for found in document.statements] == [(0, None, "Allow")]


def test_a_statement_may_stand_without_a_list_and_without_sid() -> None:
    assert (
        len(
            parse(
                json.dumps({"Version": "2012-10-17", "Statement": STATEMENT}), PolicyKind.ENDPOINT
            ).statements
        )
        == 1
    )


def test_without_a_version_it_is_2008_and_access_analyzer_recommends_one() -> None:
    document = parse(json.dumps({"Statement": STATEMENT}), PolicyKind.ENDPOINT)
    assert document.version == "2008-10-17"
    assert [(finding.code, finding.message, finding.path) for finding in document.findings] == [
        (
            "MISSING_VERSION",
            MISSING_VERSION,
            "",
        )
    ]


BROKEN = [
    ("", "the policy is not valid JSON", ""),
    ("[]", "must be an object, not a list", ""),
    ('"x"', "must be an object, not `x`", ""),
    ("null", "must be an object, not null", ""),
    ("NaN", "NaN is not a JSON value", ""),
    ("{}", "the policy has no Statement", ""),
    (text(), "the list of statements is empty", "Statement"),
    (text(5), "must be an object", "Statement[0]"),
    (text(STATEMENT, Version="2012-10-18"), "must be 2012-10-17 or 2008-10-17, not `2012-10-18`", "Version"),
    (text(STATEMENT, Version=20121017), "must be a string, not a number", "Version"),
    (text(STATEMENT, Id=["x"]), "must be a string, not a list", "Id"),
    (text(STATEMENT, Extra=1), "unknown element `Extra`; elements are Id, Statement, Version", ""),
    (text(statement(effect="Allow")), "unknown element `effect`", "Statement[0]"),
    (text(STATEMENT, statement("Effect")), "has no Effect", "Statement[1]"),
    (text(statement(Effect="allow")), "must be Allow or Deny, not `allow`", "Statement[0].Effect"),
    (text(statement(Effect=True)), "must be a string, not true or false", "Statement[0].Effect"),
    (text(statement(Sid=1)), "must be a string, not a number", "Statement[0].Sid"),
    (text(statement("Action")), "has neither Action nor NotAction", "Statement[0]"),
    (text(statement(NotAction="*")), "has both Action and NotAction", "Statement[0]"),
    (text(statement(Action=[])), "names no action", "Statement[0].Action"),
    (text(statement(Action=[["sqs:*"]])), "must be a string, not a list", "Statement[0].Action[0]"),
    (text(statement(Action="SendMessage")), "`SendMessage` is not an action", "Statement[0].Action[0]"),
    (text(statement("Resource")), "has neither Resource nor NotResource", "Statement[0]"),
    (text(statement(NotResource="*")), "has both Resource and NotResource", "Statement[0]"),
    (text(statement(Resource=[])), "names no resource", "Statement[0].Resource"),
    (text(statement(Resource=["*", "MyQueue"])), "`MyQueue` is neither an ARN", "Statement[0].Resource[1]"),
    (text(statement("Principal")), "has neither Principal nor NotPrincipal", "Statement[0]"),
    (text(statement(NotPrincipal="*")), "has both Principal and NotPrincipal", "Statement[0]"),
    (text(statement(Condition=[])), "must be an object, not a list", "Statement[0].Condition"),
    ('{"Statement": [], "Statement": []}', "the key `Statement` is given twice", ""),
    ('{"Statement": [{"Effect":"Deny","Effect":"Allow"}]}', "the key `Effect` is given twice", ""),
    ('{"a":"\ud800"}', "half of a surrogate pair", ""),
    (r'{"Statement":[{"\ud800":1}]}', "half of a surrogate pair", ""),
    ("[" * 8_000, "nested deeper than 8 levels", ""),
    ('{"a":' * 1_000 + "1" + "}" * 1_000, "nested deeper than 8 levels", ""),
]


@pytest.mark.parametrize("kind", [PolicyKind.RESOURCE, PolicyKind.ENDPOINT])
@pytest.mark.parametrize(("policy", "detail", "path"), BROKEN)
def test_what_cannot_be_understood_whole_is_refused(
    policy: str, detail: str, path: str, kind: PolicyKind
) -> None:
    error = refusal(policy, kind)
    assert detail in error.detail
    assert error.path == path
    assert error.message == (f"{path}: {error.detail}" if path else error.detail)
    assert error.message.isascii()
    assert "\n" not in error.message


def test_broken_json_tells_its_position() -> None:
    error = refusal('{"Statement": [\n  {"Effect" "Allow"}]}', PolicyKind.ENDPOINT)
    assert error.position == (2, 13)
    assert "line 2, column 13" in error.message


def test_what_an_error_repeats_is_cut_short_and_on_one_line() -> None:
    error = refusal(text(statement(Action="\n" + "x" * 5_000)), PolicyKind.ENDPOINT)
    assert len(error.message) < 300
    assert "\\nxxx" in error.message


IAM_REASONS = [
    ("{", "Syntax errors in policy."),
    (identity(Effect="Permit"), "Syntax errors in policy."),
    (identity(Effect="allow"), "The policy failed legacy parsing"),
    (identity(Action="sqs_:SendMessage"), "Vendor sqs_ is not valid"),
    (text(statement("Principal"), Version="2000-01-01"), errors.VERSION),
    (text(STATEMENT), "Policy document should not specify a principal."),
    (text(statement("Principal", NotPrincipal="*")), errors.PRINCIPAL),
    (text(*[statement("Principal", Sid="A")] * 2), "Statement IDs (SID) in a single policy must be unique."),
    (text({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
    (identity(Action=[]), "Policy statement must contain actions."),
    (text({"Effect": "Allow", "Action": "*"}), "Policy statement must contain resources."),
    (identity(Resource=[]), "Policy statement must contain resources."),
    (identity(Action="SendMessage"), errors.NO_VENDOR),
    (identity(Action="sqs:Send:Message"), "Actions/Condition can contain only one colon."),
    (identity(Resource="MyQueue"), 'Resource MyQueue must be in ARN format or "*".'),
    (identity(Resource="arn:aws"), 'Resource arn:aws must be in ARN format or "*".'),
    (
        identity(Resource="arn:azure:sqs:::q"),
        'Partition "azure" is not valid for resource "arn:azure:sqs:::q".',
    ),
    (identity(Condition={"StringEquals": {"username": "x"}}), errors.NO_VENDOR),
    (identity(Sid="a-b"), "Syntax errors in policy."),
    (text(statement("Principal"), Id="x"), "Syntax errors in policy."),
    (identity(Condition={"StringEquals": {"aws:username": "Ā"}}).replace("\\u0100", "Ā"), errors.SYNTAX),
]


@pytest.mark.parametrize(("policy", "reason"), IAM_REASONS)
def test_identity_policies_fail_with_iams_reason(policy: str, reason: str) -> None:
    assert refusal(policy, PolicyKind.IDENTITY).reason == reason


def test_sids_that_sqs_takes_and_iam_does_not() -> None:
    for kind in (PolicyKind.RESOURCE, PolicyKind.ENDPOINT):
        assert [
            s.sid for s in parse(text(statement(Sid="__a-b"), statement(Sid="__a-b")), kind).statements
        ] == [
            "__a-b",
            "__a-b",
        ]
    both = [statement("Principal"), statement("Principal", Sid=""), statement("Principal", Sid="")]
    assert len(parse(text(*both), PolicyKind.IDENTITY).statements) == 3


@pytest.mark.parametrize("action", ["sqs:Fly", "sqs:SendMessageBatch", "s3:GetObject", "sns:*"])
def test_a_queue_policy_names_only_actions_of_sqs(action: str) -> None:
    error = refusal(text(statement(Action=["SQS:sendmessage", action])), PolicyKind.RESOURCE)
    assert error.path == "Statement[0].Action[1]"
    assert len(parse(text(statement(Action=action)), PolicyKind.ENDPOINT).statements) == 1


@pytest.mark.parametrize(
    "action", ["*", "sqs:*", "SQS:SendMessage", "sqs:*Message*", "sqs:Get?ueueUrl", "*:Tag*", "s?s:*"]
)
def test_a_queue_policy_may_use_wildcards_in_actions(action: str) -> None:
    assert len(parse(text(statement(Action=action)), PolicyKind.RESOURCE).statements) == 1


CONDITIONS = {f"aws:RequestTag/{index}": "x" for index in range(11)}
OVER_LIMIT = [
    (text(STATEMENT).ljust(8_193), "Submitted policy is over max allowed size."),
    (text(*[STATEMENT] * 21), "21 statements were found in the submitted policy, max allowed is 20"),
    (
        text(statement(Action=["sqs:SendMessage"] * 10)),
        "10 actions were found in a statement from the submitted policy, max allowed is 7",
    ),
    (
        text(statement(Principal={"AWS": [f"{account:012}" for account in range(51)]})),
        "51 principals were found in the submitted policy, max allowed is 50",
    ),
    (
        text(statement(Condition={"StringEquals": CONDITIONS})),
        "11 conditions were found in the submitted policy, max allowed is 10",
    ),
]


@pytest.mark.parametrize(("policy", "message"), OVER_LIMIT)
def test_quotas_policies_of_sqs(policy: str, message: str) -> None:
    with pytest.raises(PolicyTooLarge) as caught:
        parse(policy, PolicyKind.RESOURCE)
    assert caught.value.message == message
    assert parse(policy, PolicyKind.ENDPOINT).text == policy


def test_quotas_policies_of_sqs_are_met_exactly() -> None:
    at_limit = [
        text(STATEMENT).ljust(8_192),
        text(*[STATEMENT] * 20),
        text(statement(Action=["sqs:SendMessage"] * 7)),
        text(statement(Principal={"AWS": [f"{account:012}" for account in range(50)]})),
        text(statement(Condition={"StringEquals": dict(list(CONDITIONS.items())[:10])})),
    ]
    for policy in at_limit:
        assert parse(policy, PolicyKind.RESOURCE).text == policy


def test_a_queue_policy_is_measured_in_bytes() -> None:
    policy = text(statement(Condition={"StringEquals": {"aws:RequestTag/a": "é" * 4_100}})).replace(
        "\\u00e9", "é"
    )
    assert len(policy) < 8_192
    with pytest.raises(PolicyTooLarge):
        parse(policy, PolicyKind.RESOURCE)


def test_an_endpoint_policy_is_measured_in_characters_with_white_space() -> None:
    assert parse(text(STATEMENT).ljust(20_480), PolicyKind.ENDPOINT).statements
    with pytest.raises(PolicyTooLarge):
        parse(text(STATEMENT).ljust(20_481), PolicyKind.ENDPOINT)


def test_iam_counts_without_white_space_and_bounds_the_text() -> None:
    policy = identity(Sid="x" * 1_950)
    assert without_white_space(policy) == len(policy.replace(" ", ""))
    assert parse(identity().ljust(131_072, "\n"), PolicyKind.IDENTITY).statements
    with pytest.raises(PolicyTooLarge):
        parse(identity().ljust(131_073, "\n"), PolicyKind.IDENTITY)


def test_a_session_policy_has_2048_characters_with_white_space() -> None:
    assert parse(identity().ljust(2_048), PolicyKind.SESSION).statements
    with pytest.raises(PolicyTooLarge):
        parse(identity().ljust(2_049), PolicyKind.SESSION)


TRUSTING = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}


def test_a_trust_policy_names_principals_and_no_resource() -> None:
    (trusting,) = parse(text(TRUSTING), PolicyKind.TRUST).statements
    assert trusting.resources.match("arn:aws:iam::123456789012:role/R", {})
    with pytest.raises(PolicyInvalid, match="names no resource") as refused:
        parse(text({**TRUSTING, "Resource": "*"}), PolicyKind.TRUST)
    assert refused.value.reason == "Has prohibited field Resource"
    with pytest.raises(PolicyInvalid):
        parse(text({key: value for key, value in TRUSTING.items() if key != "Principal"}), PolicyKind.TRUST)


def test_keys_read_are_those_of_conditions_and_of_variables() -> None:
    conditions = {
        "StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"},
        "StringLike": {"AWS:UserAgent": "${aws:PrincipalTag/Team, 'none'}*${*}"},
        "Null": {"aws:TokenIssueTime": "true"},
    }
    resource = "arn:aws:sqs:us-east-2:123456789012:${aws:username}"
    document = parse(identity(Condition=conditions, Resource=resource), PolicyKind.IDENTITY)
    assert document.keys_read == {
        "aws:sourcevpce",
        "aws:useragent",
        "aws:principaltag/team",
        "aws:tokenissuetime",
        "aws:username",
    }


def test_variables_of_a_2008_policy_are_text_and_read_nothing() -> None:
    resource = "arn:aws:sqs:us-east-2:123456789012:${aws:username}"
    document = parse(text(statement(Resource=resource), Version="2008-10-17"), PolicyKind.RESOURCE)
    assert document.keys_read == frozenset()
    assert codes(document) == ["VARIABLE_IS_LITERAL"]


FINDINGS = [
    (statement("Principal", NotPrincipal="*"), "ALLOW_WITH_NOT_PRINCIPAL", "Statement[0].NotPrincipal"),
    (statement(Resource="arn:aws:sqs:*"), "MISSING_ARN_FIELD", "Statement[0].Resource[0]"),
    (statement(Condition={}), "EMPTY_CONDITION", "Statement[0].Condition"),
    (
        statement(Condition={"ArnLike": {"aws:SourceArn": ["arn:aws:sns:*:*:*", "topic"]}}),
        "INVALID_ARN_OPERAND",
        "Statement[0].Condition.ArnLike.aws:SourceArn[1]",
    ),
    (statement(Condition={"Bool": {}}), "EMPTY_CONDITION", "Statement[0].Condition"),
]


@pytest.mark.parametrize(("element", "code", "path"), FINDINGS)
def test_findings(element: dict[str, object], code: str, path: str) -> None:
    document = parse(text(element), PolicyKind.RESOURCE)
    assert [(finding.code, finding.path) for finding in document.findings] == [(code, path)]


def test_an_endpoint_policy_of_denies_alone_is_remarked_on() -> None:
    assert codes(parse(text(statement(Effect="Deny")), PolicyKind.ENDPOINT)) == ["NO_ALLOW"]
    assert codes(parse(text(statement(Effect="Deny")), PolicyKind.RESOURCE)) == []


@pytest.mark.parametrize(
    ("element", "path"),
    [
        (
            {"Condition": {"StringLike": {"aws:SourceVpc": "vpc-12345*"}}},
            "Condition.StringLike.aws:SourceVpc[0]",
        ),
        (
            {"Condition": {"NumericEquals": {"aws:PrincipalAccount": 123456789012}}},
            "Condition.NumericEquals.aws:PrincipalAccount[0]",
        ),
        ({"Condition": {"StringLike": {"aws:UserAgent": "curl*"}}}, "Condition.StringLike.aws:UserAgent[0]"),
        (
            {"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::12345*:user/x"}}},
            "Condition.ArnLike.aws:PrincipalArn[0]",
        ),
        ({"Resource": "arn:aws:sqs:*:1234567890??:MyQueue"}, "Resource[0]"),
    ],
)
def test_vpc_endpoints_access_considerations(element: dict[str, object], path: str) -> None:
    document = parse(text(statement(**element)), PolicyKind.ENDPOINT)
    assert [(finding.code, finding.path) for finding in document.findings] == [
        ("ENDPOINT_WILDCARD", f"Statement[0].{path}")
    ]
    assert codes(parse(text(statement(**element)), PolicyKind.RESOURCE)) == []


@pytest.mark.parametrize(
    "element",
    [
        {"Condition": {"StringLike": {"aws:UserAgent": ["aws-sdk-*", "*python"]}}},
        {"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}},
        {"Condition": {"NumericEquals": {"aws:MultiFactorAuthAge": 1}}},
        {"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/x"}}},
        {"Resource": "arn:aws:sqs:*:*:*"},
        {"Resource": "*"},
    ],
)
def test_endpoint_policies_without_findings(element: dict[str, object]) -> None:
    assert codes(parse(text(statement(**element)), PolicyKind.ENDPOINT)) == []


def test_more_actions_than_are_kept_are_still_answered() -> None:
    document = parse(text(statement("Principal", Action="*")), PolicyKind.IDENTITY)
    for index in range(300):
        assert document.for_action(f"made:up{index}") == ((), document.statements)


@pytest.mark.parametrize(
    "hostile",
    [
        '"\\\\' * 6_000,
        "[" * 20_000,
        '{"a":' * 4_000,
        text(statement(Resource="arn:aws:sqs:::${a:" + " " * 20_000)),
        text(statement(Resource="arn:aws:sqs:::" + "${a:b" * 4_000)),
        text(statement(Resource="arn:aws:sqs:::" + "a*" * 10_000)),
        text(statement(Resource="arn:aws:sqs:::" + "*a:" * 6_500)),
        text(statement(Resource="arn:aws:sqs:::" + "?" * 20_000)),
        text(statement(Action=[f"a:*{index}*b" for index in range(1_200)])),
        text(statement(Condition={"NumericEquals": {"a:b": "1" * 20_000}})),
        text(statement(Condition={"ArnLike": {"a:b": "arn:" + ":*?" * 6_500}})),
    ],
    ids=lambda policy: policy[:20] + policy[-40:],
)
def test_a_hostile_document_is_dealt_with_at_once(hostile: str) -> None:
    assert len(hostile) <= 20_480
    # Tenths of a second; quadratic reading would take many.
    with cpu_time_below(3), suppress(PolicyInvalid):
        document = parse(hostile, PolicyKind.ENDPOINT)
        document.statements[0].applies("arn:aws:sqs:::" + "a:" * 200 + "b", {"a:b": "arn:" + ":" * 200})
