"""IAM's own ways to prove and read policies, as boto3 and the `aws` command use them, against a server at work."""

import csv
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sdk.test_aws_command import Aws
from support.clients import Clients, refusal
from support.policies import ROOT, allow, deny, policy, sending_refused
from support.roles import MakeRole, assumed, new_role, trust
from support.server import ACCOUNT, Server
from support.things import MadeQueue, MakeUser, StartServer


@pytest.fixture(scope="module")
def aws(server: Server) -> Aws:
    return Aws(server)


def decided(iam: Any, source: str, action: str, resource: str, **more: Any) -> str:
    (found,) = iam.simulate_principal_policy(
        PolicySourceArn=source, ActionNames=[action], ResourceArns=[resource], **more
    )["EvaluationResults"]
    decision: str = found["EvalDecision"]
    return decision


def test_what_is_simulated_happens(iam: Any, make_user: MakeUser, queue: MadeQueue) -> None:
    user = make_user(policy(allow("sqs:SendMessage", queue.arn)))
    assert decided(iam, user.arn, "sqs:SendMessage", queue.arn) == "allowed"
    user.sqs().send_message(QueueUrl=queue.url, MessageBody="x")
    tried = policy(deny("sqs:*", queue.arn, Condition={"Null": {"aws:SourceVpce": "true"}}))
    assert decided(iam, user.arn, "sqs:SendMessage", queue.arn, PolicyInputList=[tried]) == "explicitDeny"
    entries = [
        {"ContextKeyName": "aws:SourceVpce", "ContextKeyValues": ["vpce-1"], "ContextKeyType": "string"}
    ]
    assert (
        decided(
            iam,
            user.arn,
            "sqs:SendMessage",
            queue.arn,
            PolicyInputList=[tried],
            ContextEntries=entries,
        )
        == "allowed"
    )
    iam.put_user_policy(UserName=user.name, PolicyName="tried", PolicyDocument=tried)
    assert sending_refused(user, queue).code == "AccessDenied"
    without = [
        {
            "InlinePolicyIdentifier": {
                "PolicyName": "tried",
                "AttachmentType": "user",
                "AttachmentName": user.name,
            }
        }
    ]
    assert decided(iam, user.arn, "sqs:SendMessage", queue.arn, PolicyExclusionList=without) == "allowed"


def test_whoever_may_simulate_one_role_may_not_simulate_another(
    iam: Any, make_user: MakeUser, make_role: MakeRole
) -> None:
    mine, other = make_role(may=policy(allow("sqs:*"))), make_role()
    user = make_user(policy(allow(["iam:SimulatePrincipalPolicy", "iam:GetContextKeys*"], mine.arn)))
    assert decided(user.of("iam"), mine.arn, "sqs:SendMessage", "*") == "allowed"
    assert (
        user.of("iam").get_context_keys_for_principal_policy(PolicySourceArn=mine.arn)["ContextKeyNames"]
        == []
    )
    told = refusal(
        user.of("iam").simulate_principal_policy, PolicySourceArn=other.arn, ActionNames=["sqs:SendMessage"]
    )
    assert told.code == "AccessDenied"
    assert told.message == (
        f"User: {user.arn} is not authorized to perform: iam:SimulatePrincipalPolicy on resource: {other.arn} "
        "because no identity-based policy allows the iam:SimulatePrincipalPolicy action"
    )
    assert refusal(user.of("iam").get_account_authorization_details).code == "AccessDenied"
    assert refusal(user.of("iam").get_credential_report).code == "AccessDenied"
    assert (
        refusal(
            user.of("iam").simulate_custom_policy,
            PolicyInputList=[policy(allow("*"))],
            ActionNames=["a:b"],
        ).code
        == "AccessDenied"
    )


def test_paginators(iam: Any, make_user: MakeUser) -> None:
    user = make_user(policy(allow("sqs:Action1*")))
    actions = [f"sqs:Action{number}" for number in range(30)]
    asked: dict[str, Any] = {"ActionNames": actions, "PaginationConfig": {"PageSize": 7}}
    sources: dict[str, dict[str, Any]] = {
        "simulate_principal_policy": {"PolicySourceArn": user.arn},
        "simulate_custom_policy": {"PolicyInputList": [policy(allow("sqs:Action1*"))]},
    }
    for name, source in sources.items():
        pages = list(iam.get_paginator(name).paginate(**asked, **source))
        results = [one for page in pages for one in page["EvaluationResults"]]
        assert len(pages) == 5
        assert [one["EvalActionName"] for one in results] == actions
        assert sum(one["EvalDecision"] == "allowed" for one in results) == 11


def test_boto3_reads_a_whole_account(iam: Any, make_user: MakeUser, make_role: MakeRole) -> None:
    user, role = make_user(policy(allow("sqs:*"))), make_role(may=policy(deny("sqs:*")))
    paginator = iam.get_paginator("get_account_authorization_details")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 5}))
    (found,) = [one for page in pages for one in page["UserDetailList"] if one["UserName"] == user.name]
    # boto3 decodes the documents.
    assert found["UserPolicyList"][0]["PolicyDocument"]["Statement"] == [allow("sqs:*")]
    (found,) = [one for page in pages for one in page["RoleDetailList"] if one["RoleName"] == role.name]
    assert found["RolePolicyList"][0]["PolicyDocument"]["Statement"] == [deny("sqs:*")]
    assert found["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": ROOT}
    wanted = {
        one["RoleName"] for one in iam.get_paginator("list_roles").paginate().build_full_result()["Roles"]
    }
    roles = paginator.paginate(Filter=["Role"]).build_full_result()
    assert {one["RoleName"] for one in roles["RoleDetailList"]} == wanted
    assert roles["UserDetailList"] == []


def test_boto3_reads_a_credential_report(start_server: StartServer) -> None:
    clients = Clients(start_server())
    iam = clients.of("iam")
    told = refusal(iam.get_credential_report)
    assert (told.status, told.code) == (410, "ReportNotPresent")
    while iam.generate_credential_report()["State"] != "COMPLETE":
        pass
    answer = iam.get_credential_report()
    rows = {row["user"]: row for row in csv.DictReader(answer["Content"].decode().splitlines())}
    assert set(rows) == {"<root_account>", "admin"}
    assert rows["admin"]["access_key_1_active"] == "true"
    assert rows["admin"]["mfa_active"] == "false"
    assert datetime.now(UTC) - answer["GeneratedTime"] < timedelta(minutes=5)
    clients.close()


def test_the_last_use_of_a_role_outlives_a_clean_stop(start_server: StartServer) -> None:
    server = start_server()
    clients = Clients(server)
    iam = clients.of("iam")
    used, idle = (new_role(iam, name, trust(ROOT)) for name in ("used", "idle"))
    key = assumed(clients.of("sts"), used)
    assumed(clients.of("sts"), idle)
    assert refusal(clients.of("sqs", key).list_queues).code.endswith("AccessDenied"), "refused, and a use"
    clients.close()
    assert server.stop() == 0

    server = start_server(directory=server.directory)
    clients = Clients(server)
    iam = clients.of("iam")
    last = iam.get_role(RoleName="used")["Role"]["RoleLastUsed"]
    assert last["Region"] == "us-east-2"
    assert datetime.now(UTC) - last["LastUsedDate"] < timedelta(minutes=5)
    assert iam.get_role(RoleName="idle")["Role"]["RoleLastUsed"] == {}
    details = iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]
    assert [one["RoleLastUsed"] for one in details] == [{}, last]
    clients.close()
    assert server.stop() == 0


def test_the_aws_command(aws: Aws, make_user: MakeUser, queue: MadeQueue) -> None:
    """The examples of its manual, with names that are there."""
    dated = policy(
        allow("dynamodb:*", Condition={"DateGreaterThan": {"aws:CurrentTime": "2018-08-16T12:00:00Z"}})
    )
    (found,) = aws(
        "iam",
        "simulate-custom-policy",
        "--policy-input-list",
        dated,
        "--action-names",
        "dynamodb:CreateBackup",
        "--context-entries",
        "ContextKeyName='aws:CurrentTime',ContextKeyValues='2019-04-25T11:00:00Z',ContextKeyType=date",
    )["EvaluationResults"]
    assert (found["EvalResourceName"], found["EvalDecision"]) == ("*", "allowed")
    keys = aws("iam", "get-context-keys-for-custom-policy", "--policy-input-list", dated)
    assert keys["ContextKeyNames"] == ["aws:CurrentTime"]
    user = make_user(policy(allow("sqs:SendMessage", queue.arn)))
    asked = ("--policy-source-arn", user.arn, "--action-names", "sqs:SendMessage", "sqs:DeleteQueue")
    results = aws("iam", "simulate-principal-policy", *asked, "--resource-arns", queue.arn)[
        "EvaluationResults"
    ]
    assert [one["EvalDecision"] for one in results] == ["allowed", "implicitDeny"]
    assert results[0]["MatchedStatements"][0]["SourcePolicyId"] == f"user_{user.name}_only"
    assert aws("iam", "get-context-keys-for-principal-policy", "--policy-source-arn", user.arn) == {
        "ContextKeyNames": []
    }
    details = aws("iam", "get-account-authorization-details", "--filter", "User")
    assert user.name in [one["UserName"] for one in details["UserDetailList"]]
    assert aws("iam", "generate-credential-report")["State"] in ("STARTED", "COMPLETE")
    assert aws("iam", "get-credential-report")["ReportFormat"] == "text/csv"


def test_a_simulation_of_another_account_s_user(aws: Aws) -> None:
    done = aws.run(
        "iam",
        "simulate-principal-policy",
        "--policy-source-arn",
        "arn:aws:iam::999999999999:user/eve",
        "--action-names",
        "sqs:SendMessage",
    )
    assert done.returncode != 0
    assert (
        f"Invalid Policy Source Arn: caller's account {ACCOUNT} does not have access to policies in account "
        "999999999999" in done.stderr
    )


def test_terraform_s_data_source(iam: Any, make_user: MakeUser, queue: MadeQueue) -> None:
    """The call of `aws_iam_principal_policy_simulation`: 1,000 items a page, and all that it then reads."""
    user = make_user(policy(allow("sqs:*", queue.arn)))
    answer = iam.simulate_principal_policy(
        PolicySourceArn=user.arn,
        ActionNames=["sqs:SendMessage", "sqs:DeleteQueue"],
        ResourceArns=[queue.arn, f"{queue.arn}-dlq"],
        MaxItems=1000,
    )
    assert answer["IsTruncated"] is False
    read = [
        (
            one["EvalActionName"],
            one["EvalDecision"],
            one["EvalResourceName"],
            one["MissingContextValues"],
            one["EvalDecisionDetails"],
            json.dumps(one["MatchedStatements"]),
        )
        for one in answer["EvaluationResults"]
    ]
    # All of them are allowed only where each resource is.
    assert read == [
        ("sqs:SendMessage", "implicitDeny", "*", [], {}, "[]"),
        ("sqs:DeleteQueue", "implicitDeny", "*", [], {}, "[]"),
    ]
