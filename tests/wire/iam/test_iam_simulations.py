"""IAM's policy simulator through botocore's own serializer and parser: the worked examples of the API reference and of
the `aws` command's manual, and what answers hold."""

import json
from typing import Any

import pytest

from qanat.core.identity.commands import SetControlPolicies
from qanat.wire.iam import IAM
from qanat.wire.iam.simulations import SIMULATION_OPERATIONS
from wire.iam.test_iam_shapes import assert_whole

ACCOUNT = "123456789012"
A, B = "111122223333", "444455556666"
MATEO = f"arn:aws:iam::{A}:user/mateo"
ANN = f"arn:aws:iam::{ACCOUNT}:user/ann"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app/worker"
QUEUE = f"arn:aws:sqs:us-east-2:{ACCOUNT}:orders"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
    }
)
# Of the manual of `aws iam simulate-custom-policy`.
DATED = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":'
    '{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def entry(name: str, *values: str, kind: str = "string") -> dict[str, Any]:
    return {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": kind}


def results(cloud: Any, operation: str, **parameters: Any) -> list[dict[str, Any]]:
    answer = cloud.ask("iam", operation, **parameters)
    assert_whole(operation, answer)
    found: list[dict[str, Any]] = answer["EvaluationResults"]
    return found


def custom(cloud: Any, *policies: str, action: str = "sqs:SendMessage", **parameters: Any) -> dict[str, Any]:
    (found,) = results(
        cloud, "SimulateCustomPolicy", PolicyInputList=list(policies), ActionNames=[action], **parameters
    )
    return found


def decision(cloud: Any, *policies: str, **parameters: Any) -> str:
    found: str = custom(cloud, *policies, **parameters)["EvalDecision"]
    return found


def principal(cloud: Any, source: str = ANN, action: str = "sqs:SendMessage", **more: Any) -> dict[str, Any]:
    (found,) = results(cloud, "SimulatePrincipalPolicy", PolicySourceArn=source, ActionNames=[action], **more)
    return found


@pytest.fixture
def ann(cloud: Any) -> Any:
    """With an inline policy, a managed one, a group with one of each, and a namesake's group of another policy."""
    ask = cloud.ask
    ask("iam", "CreateUser", UserName="ann", Tags=[{"Key": "Team", "Value": "blue"}])
    ask("iam", "CreateGroup", GroupName="staff")
    ask("iam", "AddUserToGroup", GroupName="staff", UserName="ann")
    ask("iam", "CreateRole", RoleName="worker", Path="/app/", AssumeRolePolicyDocument=TRUST)
    ask("iam", "CreatePolicy", PolicyName="reads", PolicyDocument=document(allow("sqs:Get*")))
    ask("iam", "AttachUserPolicy", UserName="ann", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/reads")
    ask("iam", "AttachGroupPolicy", GroupName="staff", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    sends, receives = document(allow("sqs:SendMessage")), document(allow("sqs:ReceiveMessage"))
    ask("iam", "PutUserPolicy", UserName="ann", PolicyName="sends", PolicyDocument=sends)
    ask("iam", "PutGroupPolicy", GroupName="staff", PolicyName="receives", PolicyDocument=receives)
    ask("iam", "PutRolePolicy", RoleName="worker", PolicyName="sends", PolicyDocument=sends)
    return cloud


def sources(found: dict[str, Any]) -> list[str]:
    return [matched["SourcePolicyId"] for matched in found["MatchedStatements"]]


# IAM API reference and AWS CLI command reference, worked examples


@pytest.mark.parametrize(("year", "expected"), [("2019", "allowed"), ("2014", "implicitDeny")])
def test_the_manual_s_dates(cloud: Any, year: str, expected: str) -> None:
    when = entry("aws:CurrentTime", f"{year}-04-25T11:00:00Z", kind="date")
    found = custom(cloud, DATED, action="dynamodb:CreateBackup", ContextEntries=[when])
    matched = {
        "SourcePolicyId": "PolicyInputList.1",
        "SourcePolicyType": "IAM Policy",
        "StartPosition": {"Line": 1, "Column": 38},
        "EndPosition": {"Line": 1, "Column": 167},
    }
    assert found == {
        "EvalActionName": "dynamodb:CreateBackup",
        "EvalResourceName": "*",
        "EvalDecision": expected,
        "MatchedStatements": [matched] if expected == "allowed" else [],
        "MissingContextValues": [],
    }


def test_the_reference_s_context_key(cloud: Any) -> None:
    bucket = "arn:aws:s3:::teambucket"
    found = custom(
        cloud,
        document(allow("s3:ListBucket", bucket, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
        action="s3:ListBucket",
        ResourceArns=[bucket],
        ContextEntries=[entry("aws:MultiFactorAuthPresent", "true", kind="boolean")],
    )
    assert (found["EvalResourceName"], found["EvalDecision"]) == (bucket, "allowed")
    assert (sources(found), found["MissingContextValues"]) == (["PolicyInputList.1"], [])


def test_the_reference_s_production_bucket(cloud: Any) -> None:
    """A queue's or a bucket's policy that names a user grants whatever the user's boundary says."""
    iam_only = document(allow(["iam:*"]))
    thing = "arn:aws:s3:::production/Test"
    own = document(
        allow(["s3:List*", "s3:Put*"], ["arn:aws:s3:::production/*"], Principal={"AWS": MATEO}),
    )
    found = custom(
        cloud,
        iam_only,
        action="s3:PutObject",
        CallerArn=MATEO,
        ResourceArns=[thing],
        ResourceOwner=f"arn:aws:iam::{A}:root",
        PermissionsBoundaryPolicyInputList=[iam_only],
        ResourcePolicy=own,
    )
    matched = [
        {
            "SourcePolicyId": "ResourcePolicy",
            "SourcePolicyType": "Resource Policy",
            "StartPosition": {"Line": 1, "Column": 38},
            "EndPosition": {"Line": 1, "Column": len(own) - 1},
        }
    ]
    boundary = {"AllowedByPermissionsBoundary": False}
    assert found == {
        "EvalActionName": "s3:PutObject",
        "EvalResourceName": thing,
        "EvalDecision": "allowed",
        "MatchedStatements": matched,
        "MissingContextValues": [],
        "PermissionsBoundaryDecisionDetail": boundary,
        "EvalDecisionDetails": {},
        "ResourceSpecificResults": [
            {
                "EvalResourceName": thing,
                "EvalResourceDecision": "allowed",
                "MatchedStatements": matched,
                "MissingContextValues": [],
                "PermissionsBoundaryDecisionDetail": boundary,
            }
        ],
    }


def test_the_reference_s_bucket_of_another_account(ann: Any) -> None:
    found = principal(
        ann,
        action="s3:PutObject",
        ResourceArns=["arn:aws:s3:::mary/Test"],
        ResourceOwner=f"arn:aws:iam::{B}:root",
        PermissionsBoundaryPolicyInputList=[document(allow("iam:*"))],
        ResourcePolicy=document(
            allow(["s3:List*", "s3:Put*"], "arn:aws:s3:::mary/*", Principal={"AWS": ANN})
        ),
    )
    details = {
        "IAM Policy": "implicitDeny",
        "Resource Policy": "allowed",
        "Permissions Boundary Policy": "implicitDeny",
    }
    assert (found["EvalDecision"], found["MatchedStatements"]) == ("implicitDeny", [])
    assert found["EvalDecisionDetails"] == details
    (one,) = found["ResourceSpecificResults"]
    assert (one["EvalResourceDecision"], one["EvalDecisionDetails"]) == ("implicitDeny", details)
    assert sources(one) == ["ResourcePolicy"]


def test_the_reference_s_three_actions(ann: Any) -> None:
    """Each by the policy that allows it, and one by none."""
    found = results(
        ann,
        "SimulatePrincipalPolicy",
        PolicySourceArn=ANN,
        ActionNames=["sqs:PurgeQueue", "sqs:GetQueueUrl", "sqs:DeleteMessage"],
        ResourceArns=[QUEUE],
        PolicyInputList=[document(allow("sqs:PurgeQueue", QUEUE))],
    )
    assert [(one["EvalActionName"], one["EvalDecision"], sources(one)) for one in found] == [
        ("sqs:PurgeQueue", "allowed", ["PolicyInputList.1"]),
        ("sqs:GetQueueUrl", "allowed", ["reads"]),
        ("sqs:DeleteMessage", "implicitDeny", []),
    ]


def test_the_manual_s_context_keys(cloud: Any) -> None:
    text = DATED.replace('"*","Cond', '"arn:aws:dynamodb:us-west-2:123456789012:table/${aws:username}","Cond')
    answer = cloud.ask(
        "iam", "GetContextKeysForCustomPolicy", PolicyInputList=[text, text.lower()[:0] or text]
    )
    assert answer["ContextKeyNames"] == ["aws:username", "aws:CurrentTime"]


# Whose policies take part


def test_a_user_has_its_own_policies_and_its_groups_(ann: Any) -> None:
    assert sources(principal(ann)) == ["user_ann_sends"]
    assert sources(principal(ann, action="sqs:ReceiveMessage")) == ["group_staff_receives"]
    assert sources(principal(ann, action="iam:GetUser")) == ["IAMReadOnlyAccess"]
    group = f"arn:aws:iam::{ACCOUNT}:group/staff"
    assert principal(ann, group)["EvalDecision"] == "implicitDeny"
    assert sources(principal(ann, group, "sqs:ReceiveMessage")) == ["group_staff_receives"]
    assert sources(principal(ann, f"arn:aws:iam::{ACCOUNT}:role/app/worker")) == ["role_worker_sends"]


def test_a_boundary_that_is_attached_and_one_that_is_tried_in_its_place(ann: Any) -> None:
    boundary = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    ann.ask("iam", "PutUserPermissionsBoundary", UserName="ann", PermissionsBoundary=boundary)
    found = principal(ann)
    assert found["EvalDecision"] == "implicitDeny"
    assert found["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    found = principal(ann, PermissionsBoundaryPolicyInputList=[document(allow("sqs:*"))])
    assert found["EvalDecision"] == "allowed"
    assert found["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}
    for excluded in ({"PolicyType": "permission-boundary"}, {"PolicyArn": boundary}):
        found = principal(ann, PolicyExclusionList=[excluded])
        assert (found["EvalDecision"], "PermissionsBoundaryDecisionDetail" in found) == ("allowed", False)


def test_the_account_s_service_control_policies(ann: Any) -> None:
    assert "OrganizationsDecisionDetail" not in principal(ann)
    full, only_iam = document(allow("*")), document(allow("iam:*"))
    ann.control.handle(SetControlPolicies(ACCOUNT, ((full,), (only_iam,))), 0)
    found = principal(ann, ResourceArns=[QUEUE])
    assert found["EvalDecision"] == "implicitDeny"
    assert found["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": False}
    assert principal(ann, action="iam:GetUser")["OrganizationsDecisionDetail"] == {
        "AllowedByOrganizations": True
    }
    ann.control.handle(SetControlPolicies(ACCOUNT, ((full,), (full, document(deny("sqs:*"))))), 0)
    found = principal(ann)
    assert (found["EvalDecision"], found["MatchedStatements"]) == ("explicitDeny", [])
    assert principal(ann, PolicyExclusionList=[{"PolicyType": "scp"}])["EvalDecision"] == "allowed"
    # Policies that are all given as texts are judged by themselves.
    assert decision(ann, document(allow("sqs:*"))) == "allowed"
    levels = [{"ServiceControlPolicyInputList": [one]} for one in (full, only_iam)]
    found = custom(ann, document(allow("sqs:*")), OrderedOrganizationPolicyInputList=levels)
    assert found["EvalDecision"] == "implicitDeny"
    assert found["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": False}


@pytest.mark.parametrize(
    ("action", "excluded", "expected"),
    [
        ("sqs:SendMessage", {"PolicyType": "inline"}, "implicitDeny"),
        ("sqs:SendMessage", {"PolicyType": "user-managed"}, "allowed"),
        ("sqs:GetQueueUrl", {"PolicyType": "user-managed"}, "implicitDeny"),
        ("sqs:GetQueueUrl", {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/r*s"}, "implicitDeny"),
        ("sqs:GetQueueUrl", {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/read?"}, "implicitDeny"),
        ("sqs:GetQueueUrl", {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/other"}, "allowed"),
        ("iam:GetUser", {"PolicyType": "aws-managed"}, "implicitDeny"),
        ("iam:GetUser", {"PolicyType": "rcp"}, "allowed"),
    ],
)
def test_policies_are_left_out(ann: Any, action: str, excluded: dict[str, str], expected: str) -> None:
    assert principal(ann, action=action, PolicyExclusionList=[excluded])["EvalDecision"] == expected


@pytest.mark.parametrize(
    ("kind", "holder", "expected"),
    [("group", "staff", "implicitDeny"), ("group", "s*f", "implicitDeny"), ("user", "*", "allowed")],
)
def test_an_inline_policy_is_left_out(ann: Any, kind: str, holder: str, expected: str) -> None:
    inline = {"PolicyName": "receives", "AttachmentType": kind, "AttachmentName": holder}
    excluded = [{"InlinePolicyIdentifier": inline}]
    found = principal(ann, action="sqs:ReceiveMessage", PolicyExclusionList=excluded)
    assert found["EvalDecision"] == expected


def test_context_keys_of_a_user(ann: Any) -> None:
    boundary = document(allow("*", Condition={"Null": {"aws:SourceVpce": "false"}}))
    ann.ask("iam", "CreatePolicy", PolicyName="bounds", PolicyDocument=boundary)
    arn = f"arn:aws:iam::{ACCOUNT}:policy/bounds"
    ann.ask("iam", "PutUserPermissionsBoundary", UserName="ann", PermissionsBoundary=arn)
    own = document(
        allow("*", Condition={"StringEquals": {"aws:ResourceTag/a": "${aws:PrincipalTag/b, 'c'}"}})
    )
    ann.ask("iam", "PutGroupPolicy", GroupName="staff", PolicyName="receives", PolicyDocument=own)
    more = document(
        deny("*", Condition={"Bool": {"AWS:resourcetag/A": "true", "aws:SecureTransport": False}})
    )
    answer = ann.ask("iam", "GetContextKeysForPrincipalPolicy", PolicySourceArn=ANN, PolicyInputList=[more])
    assert answer["ContextKeyNames"] == ["aws:ResourceTag/a", "aws:PrincipalTag/b", "aws:SecureTransport"]


# What answers hold


def test_without_resources_statements_about_some_do_not_count(cloud: Any) -> None:
    """It is `*` that is asked about, which is no queue."""
    text = document(allow("sqs:SendMessage", QUEUE), deny("sqs:DeleteQueue", QUEUE))
    assert decision(cloud, text) == "implicitDeny"
    assert decision(cloud, text, ResourceArns=[QUEUE]) == "allowed"
    assert decision(cloud, text, action="sqs:deletequeue", ResourceArns=[QUEUE]) == "explicitDeny"
    assert decision(cloud, document(allow("sqs:*", "*"))) == "allowed"


def test_several_resources(cloud: Any) -> None:
    other, third = f"{QUEUE}-2", f"{QUEUE}-3"
    text = document(allow("sqs:*", QUEUE), allow("sqs:*", other), deny("sqs:*", third))
    found = custom(cloud, text, ResourceArns=[QUEUE, other])
    assert (found["EvalResourceName"], found["EvalDecision"]) == ("*", "allowed")
    assert len(found["MatchedStatements"]) == 2
    assert [len(one["MatchedStatements"]) for one in found["ResourceSpecificResults"]] == [1, 1]
    found = custom(cloud, text, ResourceArns=[QUEUE, f"{QUEUE}-4"])
    assert (found["EvalDecision"], found["MatchedStatements"]) == ("implicitDeny", [])
    found = custom(cloud, text, ResourceArns=[QUEUE, third, f"{QUEUE}-4"])
    assert found["EvalDecision"] == "explicitDeny"
    assert [one["EvalResourceDecision"] for one in found["ResourceSpecificResults"]] == [
        "allowed",
        "explicitDeny",
        "implicitDeny",
    ]
    assert len(found["MatchedStatements"]) == 1


def test_only_the_denial_is_named(cloud: Any) -> None:
    text = '{"Version":"2012-10-17",\n"Statement":[\n' + ",\n".join(
        json.dumps(one) for one in (allow("sqs:*"), deny("sqs:Send*"))
    )
    (matched,) = custom(cloud, text + "\n]}", ResourceArns=[QUEUE])["MatchedStatements"]
    assert (matched["StartPosition"]["Line"], matched["EndPosition"]["Line"]) == (3, 4)
    assert matched["EndPosition"]["Column"] == len(json.dumps(deny("sqs:Send*"))) + 1


def test_missing_context_values(ann: Any) -> None:
    text = document(
        allow("sqs:*", QUEUE, Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
        allow("s3:*", "arn:aws:s3:::${aws:username}", Condition={"Null": {"aws:PrincipalTag/Team": "true"}}),
    )
    vpce = [entry("AWS:sourceVPCE", "vpce-1")]
    everything = ["aws:SourceVpce", "aws:username", "aws:PrincipalTag/Team"]
    assert custom(ann, text)["MissingContextValues"] == everything
    found = custom(ann, text, ResourceArns=[QUEUE], ContextEntries=vpce)
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("allowed", everything[1:])
    # A user has its name and its tags.
    assert principal(ann, PolicyInputList=[text])["MissingContextValues"] == ["aws:SourceVpce"]
    # Of any other caller its name is all that there is: whoever may not look at it learns nothing.
    for named in (ANN, MATEO):
        assert custom(ann, text, CallerArn=named)["MissingContextValues"] == [everything[0], everything[2]]
    other = principal(ann, ROLE, PolicyInputList=[text], CallerArn=ANN)
    assert other["MissingContextValues"] == [everything[0], everything[2]]


def test_a_caller_with_somebody_else_s_policies(ann: Any) -> None:
    """IAM API reference: as if Bob had David's policies."""
    own = document(allow("sqs:*", QUEUE, Principal={"AWS": MATEO}))
    queue: dict[str, Any] = {
        "ResourceArns": [QUEUE.replace(ACCOUNT, A)],
        "ResourcePolicy": own.replace(ACCOUNT, A),
    }
    assert principal(ann, action="sqs:PurgeQueue", CallerArn=MATEO, **queue)["EvalDecision"] == "allowed"
    assert principal(ann, action="sqs:PurgeQueue", **queue)["EvalDecision"] == "implicitDeny"
    text = document(allow("*", Condition={"StringEquals": {"aws:PrincipalArn": MATEO}}))
    assert decision(ann, text, CallerArn=MATEO) == "allowed"
    assert decision(ann, text, CallerArn=ANN) == "implicitDeny"


def test_a_queue_of_another_account_needs_its_policy_too(ann: Any) -> None:
    far = QUEUE.replace(ACCOUNT, B)
    found = principal(ann, ResourceArns=[far])
    assert found["EvalDecision"] == "implicitDeny"
    assert found["EvalDecisionDetails"] == {"IAM Policy": "allowed", "Resource Policy": "implicitDeny"}
    own = document(allow("sqs:SendMessage", far, Principal={"AWS": ACCOUNT}))
    found = principal(ann, ResourceArns=[far], ResourcePolicy=own)
    assert found["EvalDecision"] == "allowed"
    assert sources(found) == ["user_ann_sends", "ResourcePolicy"]


KINDS = [
    ("string", {"StringEquals": {"x:key": "a"}}, ["a"]),
    ("numeric", {"NumericLessThan": {"x:key": "9"}}, ["8"]),
    ("boolean", {"Bool": {"x:key": "true"}}, ["true"]),
    ("ip", {"IpAddress": {"x:key": "10.0.0.0/8"}}, ["10.1.2.3"]),
    ("binary", {"BinaryEquals": {"x:key": "YQ=="}}, ["YQ=="]),
    ("date", {"DateLessThan": {"x:key": "2026-01-01T00:00:00Z"}}, ["2025-01-01T00:00:00Z"]),
]


@pytest.mark.parametrize(("kind", "condition", "values"), KINDS)
def test_types_of_context_keys(
    cloud: Any, kind: str, condition: dict[str, dict[str, str]], values: list[str]
) -> None:
    text = document(allow("*", Condition=condition))
    assert decision(cloud, text, ContextEntries=[entry("x:key", *values, kind=kind)]) == "allowed"
    # A list is for set operators, however short it is.
    many = [entry("x:key", *values, kind=f"{kind}List")]
    assert decision(cloud, text, ContextEntries=many) == "implicitDeny"
    ((operator, block),) = condition.items()
    text = document(allow("*", Condition={f"ForAnyValue:{operator}": block}))
    assert decision(cloud, text, ContextEntries=many) == "allowed"
    if kind != "string":
        wrong = [entry("x:key", "no such value", kind=kind)]
        status, code, _ = cloud.refusal(
            "iam",
            "SimulateCustomPolicy",
            PolicyInputList=[text],
            ActionNames=["a:b"],
            ContextEntries=wrong,
        )
        assert (status, code) == (400, "InvalidInput")


def test_pages(cloud: Any) -> None:
    actions = [f"sqs:Action{number}" for number in range(250)]
    asked = {"PolicyInputList": [document(allow("sqs:*"))], "ActionNames": actions}
    found: list[str] = []
    sizes = []
    more: dict[str, Any] = {}
    while True:
        answer = cloud.ask("iam", "SimulateCustomPolicy", **asked, **more)
        sizes.append(len(answer["EvaluationResults"]))
        found += [one["EvalActionName"] for one in answer["EvaluationResults"]]
        if not answer["IsTruncated"]:
            break
        more = {"Marker": answer["Marker"]}
    assert (found, sizes) == (actions, [100, 100, 50])


def test_a_page_is_shorter_where_each_result_is_long(cloud: Any) -> None:
    queues = [f"{QUEUE}-{number:0>60}" for number in range(400)]
    answer = cloud.ask(
        "iam",
        "SimulateCustomPolicy",
        PolicyInputList=[document(allow("sqs:*"))],
        ActionNames=[f"sqs:Action{number}" for number in range(100)],
        ResourceArns=queues,
    )
    assert answer["IsTruncated"]
    assert 1 <= len(answer["EvaluationResults"]) < 100
    assert all(len(one["ResourceSpecificResults"]) == 400 for one in answer["EvaluationResults"])


# Service Authorization Reference


@pytest.mark.parametrize(
    ("form", "resource"),
    [
        ("Action=SimulateCustomPolicy&PolicyInputList.member.1=x&ActionNames.member.1=a:b", "*"),
        (f"Action=SimulatePrincipalPolicy&PolicySourceArn={ANN}&ActionNames.member.1=a:b", ANN),
        ("Action=GetContextKeysForCustomPolicy&PolicyInputList.member.1=x", "*"),
        (f"Action=GetContextKeysForPrincipalPolicy&PolicySourceArn={ROLE}", ROLE),
    ],
)
def test_permissions(cloud: Any, form: str, resource: str) -> None:
    operation, given = IAM.parse(form.encode())
    (needed,) = operation.permissions(given, cloud.call())
    assert (needed.action, needed.resource) == (f"iam:{operation.name}", resource)
    assert operation.name in SIMULATION_OPERATIONS
