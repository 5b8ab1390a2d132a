"""What the request context says of each kind of caller, and of every request on the public listener.

IAM User Guide, reference_policies_variables (the table of principals), reference_policies_condition-keys. Each is
tried by an Allow for everybody whose conditions must all hold at once.
"""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from support.clients import Clients
from support.policies import allow, policy
from support.raw import post
from support.roles import MakeRole, assumed, key_of, sent
from support.server import ACCOUNT, REGION, Key, Server, run_command
from support.signing import JSON
from support.things import MadeQueue, MakeUser

Guard = Callable[..., MadeQueue]
# Of services, of organizations, of VPC endpoints, of requests that SQS makes for somebody, and of what sets tags.
NEVER = [
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:MultiFactorAuthAge",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:RequestTag/team",
    "aws:ResourceOrgID",
    "aws:ResourceTag/team",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIdentity",
    "aws:SourceOrgID",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:TagKeys",
    "aws:VpcSourceIp",
    "aws:VpceAccount",
    "aws:VpceOrgID",
]


def holding(**said: str | None) -> list[dict[str, Any]]:
    """Conditions that hold where the request has these keys, and lacks those that are None.

    A queue's policy has ten at most, so they come in several lots.
    """
    keys = {f"aws:{name}": value for name, value in said.items()}
    absent = [*NEVER, *(key for key, value in keys.items() if value is None)]
    now = time.time()
    conditions: list[tuple[str, str, str]] = [
        *(("StringEquals", key, value) for key, value in keys.items() if value is not None),
        ("StringEquals", "aws:RequestedRegion", REGION),
        ("StringEquals", "aws:ResourceAccount", ACCOUNT),
        ("Bool", "aws:SecureTransport", "true"),
        ("Bool", "aws:ViaAWSService", "false"),
        ("IpAddress", "aws:SourceIp", "127.0.0.0/8"),
        # A day to either side: that they are there and of this time, not how fast the test is.
        ("NumericGreaterThan", "aws:EpochTime", str(int(now - 86_400))),
        ("NumericLessThan", "aws:EpochTime", str(int(now + 86_400))),
        ("DateGreaterThan", "aws:CurrentTime", str(int(now - 86_400))),
        ("DateLessThan", "aws:CurrentTime", str(int(now + 86_400))),
        *(("Null", key, "true") for key in absent),
        ("Null", "aws:UserAgent", "false"),
    ]
    lots = []
    for start in range(0, len(conditions), 10):
        lot: dict[str, Any] = {}
        for operator, key, value in conditions[start : start + 10]:
            lot.setdefault(operator, {})[key] = value
        lots.append(lot)
    return lots


def judged(guard: Guard, clients: Clients, key: Key, **said: str | None) -> list[str]:
    """How a send ends under each of the lots; `` for well."""
    return [
        sent(clients, key, guard(allow("sqs:SendMessage", Principal="*", Condition=lot)))
        for lot in holding(**said)
    ]


def all_well(found: list[str]) -> bool:
    return found == [""] * len(found)


NO_SESSION = {"TokenIssueTime": None, "MultiFactorAuthPresent": None}


class TestPrincipals:
    def test_a_user(self, guard: Guard, clients: Clients, make_user: MakeUser) -> None:
        user = make_user()
        about = {
            "username": user.name,
            "userid": user.user_id,
            "PrincipalType": "User",
            "PrincipalArn": user.arn,
            "PrincipalAccount": ACCOUNT,
            "PrincipalIsAWSService": "false",
        }
        assert all_well(judged(guard, clients, user.key, **about, **NO_SESSION))
        # Of another user it does not hold.
        assert not all_well(judged(guard, clients, make_user().key, **about, **NO_SESSION))

    def test_a_session_of_a_user(self, guard: Guard, clients: Clients, make_user: MakeUser) -> None:
        user = make_user()
        found = judged(
            guard,
            clients,
            key_of(user.of("sts").get_session_token()),
            username=user.name,
            userid=user.user_id,
            PrincipalType="User",
            PrincipalArn=user.arn,
            PrincipalAccount=ACCOUNT,
            MultiFactorAuthPresent="false",
        )
        assert all_well(found)

    def test_a_session_of_a_role(
        self, guard: Guard, clients: Clients, make_role: MakeRole, make_user: MakeUser
    ) -> None:
        role = make_role()
        key = assumed(make_user(policy(allow("sts:*"))).of("sts"), role, "one")
        found = judged(
            guard,
            clients,
            key,
            username=None,
            userid=f"{role.role_id}:one",
            PrincipalType="AssumedRole",
            PrincipalArn=role.arn,
            PrincipalAccount=ACCOUNT,
            PrincipalIsAWSService="false",
            MultiFactorAuthPresent="false",
        )
        assert all_well(found)

    def test_a_federated_user(self, guard: Guard, clients: Clients, make_user: MakeUser) -> None:
        key = key_of(make_user(policy(allow("sts:*"))).of("sts").get_federation_token(Name="fay"))
        found = judged(
            guard,
            clients,
            key,
            username=None,
            userid=f"{ACCOUNT}:fay",
            PrincipalType="FederatedUser",
            PrincipalArn=f"arn:aws:sts::{ACCOUNT}:federated-user/fay",
            PrincipalAccount=ACCOUNT,
            PrincipalIsAWSService="false",
            MultiFactorAuthPresent="false",
        )
        assert all_well(found)

    def test_root(self, guard: Guard, clients: Clients, server: Server, admin: Any) -> None:
        told = run_command(server.directory, "env", "--root", "--json", "--data", str(server.data)).stdout
        given = json.loads(told)
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        key = Key(*(given[name] for name in names))
        about = {
            "username": None,
            "userid": ACCOUNT,
            "PrincipalType": "Account",
            "PrincipalArn": f"arn:aws:iam::{ACCOUNT}:root",
            "PrincipalAccount": ACCOUNT,
        }
        # Root is allowed everything, so it takes a Deny to see its context.
        deny = {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
        for lot in holding(**about):
            queue = guard({**deny, "Condition": lot})
            assert sent(clients, key, queue) == "with an explicit deny in a resource-based policy"
        admin.send_message(QueueUrl=queue.url, MessageBody="x")

    @pytest.mark.parametrize(("account", "status"), [("anonymous", 200), (ACCOUNT, 403)])
    def test_nobody(self, guard: Guard, server: Server, account: str, status: int) -> None:
        about = {
            "username": None,
            "userid": "anonymous",
            "PrincipalType": "Anonymous",
            "PrincipalArn": None,
            "PrincipalAccount": account,
            "PrincipalIsAWSService": None,
        }
        headers = {
            "Host": "x",
            "X-Amz-Target": "AmazonSQS.SendMessage",
            "Content-Type": JSON,
            "User-Agent": "t",
        }
        found = set()
        for lot in holding(**about, **NO_SESSION):
            queue = guard(allow("sqs:SendMessage", Principal="*", Condition=lot))
            body = json.dumps({"QueueUrl": queue.url, "MessageBody": "x"}).encode()
            found.add(post(server, body, headers, scheme="https").status)
        assert max(found) == status
