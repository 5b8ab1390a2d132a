"""The `aws` command, as it is installed: round trips through sqs, sts, iam and ec2."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.clients import Clients
from support.programs import RUN_TIME_S
from support.server import ACCOUNT, Server, clean_environment
from support.things import MadeQueue

AWS = Path(sys.executable).with_name("aws")


class Aws:
    """`aws(...)` with the variables that `qanat env` prints; `--endpoint-url` too, which version 1 needs for SQS."""

    def __init__(self, server: Server) -> None:
        self._server = server
        printed = server.command("env", "--data", str(server.data), "--json")
        assert printed.returncode == 0, printed.stderr
        self.variables: dict[str, str] = json.loads(printed.stdout)

    def run(self, *arguments: str, endpoint: bool = True) -> "subprocess.CompletedProcess[str]":
        where = ["--endpoint-url", self._server.url()] if endpoint else []
        return subprocess.run(
            [sys.executable, str(AWS), *where, "--output", "json", *arguments],
            capture_output=True,
            text=True,
            env={**clean_environment(self._server.directory), **self.variables, "AWS_PAGER": ""},
            timeout=RUN_TIME_S,
            check=False,
        )

    def __call__(self, *arguments: str, endpoint: bool = True) -> dict[str, Any]:
        done = self.run(*arguments, endpoint=endpoint)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout or "{}")
        return found


@pytest.fixture(scope="module")
def aws(server: Server) -> Aws:
    return Aws(server)


def test_sqs(aws: Aws, name: str, clients: Clients, server: Server) -> None:
    url = aws("sqs", "create-queue", "--queue-name", name, "--attributes", "VisibilityTimeout=45")["QueueUrl"]
    assert url == f"{server.url()}/{ACCOUNT}/{name}"
    sent = aws("sqs", "send-message", "--queue-url", url, "--message-body", "hello ä")
    received = aws("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "1")["Messages"][0]
    assert (received["Body"], received["MessageId"]) == ("hello ä", sent["MessageId"])
    handle = received["ReceiptHandle"]
    aws("sqs", "delete-message", "--queue-url", url, "--receipt-handle", handle)
    found = aws("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "All")["Attributes"]
    assert (found["VisibilityTimeout"], found["ApproximateNumberOfMessagesNotVisible"]) == ("45", "0")
    aws("sqs", "delete-queue", "--queue-url", url)
    refused = aws.run("sqs", "get-queue-url", "--queue-name", name)
    assert refused.returncode in (254, 255)
    assert "(AWS.SimpleQueueService.NonExistentQueue)" in refused.stderr
    assert "The specified queue does not exist." in refused.stderr


def test_sts_and_iam_by_the_environment_alone(aws: Aws, name: str) -> None:
    me = aws("sts", "get-caller-identity", endpoint=False)
    assert me["Account"] == ACCOUNT
    assert me["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/admin"
    made = aws("iam", "create-user", "--user-name", name, endpoint=False)["User"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{name}"
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    refused = aws.run(
        "iam", "put-user-policy", "--user-name", name, "--policy-name", "p", "--policy-document", document
    )
    assert "(MalformedPolicyDocument)" in refused.stderr
    aws("iam", "delete-user", "--user-name", name, endpoint=False)


def test_ec2_with_an_endpoint(aws: Aws, queue: MadeQueue) -> None:
    vpc = aws("ec2", "create-vpc", "--cidr-block", "10.77.0.0/16")["Vpc"]["VpcId"]
    aws("ec2", "modify-vpc-attribute", "--vpc-id", vpc, "--enable-dns-hostnames")
    subnet = aws("ec2", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.77.1.0/24")["Subnet"][
        "SubnetId"
    ]
    document = {
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue.arn}
        ]
    }
    made = aws(
        "ec2",
        "create-vpc-endpoint",
        "--vpc-id",
        vpc,
        "--vpc-endpoint-type",
        "Interface",
        "--service-name",
        "com.amazonaws.us-east-2.sqs",
        "--subnet-ids",
        subnet,
        "--policy-document",
        json.dumps(document),
    )["VpcEndpoint"]
    endpoint = made["VpcEndpointId"]
    aws("ec2", "wait", "vpc-available", "--vpc-ids", vpc)
    (found,) = aws("ec2", "describe-vpc-endpoints", "--vpc-endpoint-ids", endpoint)["VpcEndpoints"]
    assert json.loads(found["PolicyDocument"]) == document
    assert found["SubnetIds"] == [subnet]
    assert aws("ec2", "delete-vpc-endpoints", "--vpc-endpoint-ids", endpoint) == {"Unsuccessful": []}
    gone = aws.run("ec2", "describe-vpc-endpoints", "--vpc-endpoint-ids", endpoint)
    assert "(InvalidVpcEndpointId.NotFound)" in gone.stderr
    aws("ec2", "delete-subnet", "--subnet-id", subnet)
    aws("ec2", "delete-vpc", "--vpc-id", vpc)


def test_the_keys_of_a_user_are_made_once_and_kept(server: Server, name: str, iam: Any, sts: Any) -> None:
    iam.create_user(UserName=name)
    flags = ("env", "--data", str(server.data), "--user", name, "--json")
    first, second = (json.loads(server.command(*flags).stdout) for _ in range(2))
    assert first["AWS_ACCESS_KEY_ID"] == second["AWS_ACCESS_KEY_ID"]
    keys = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
    assert [one["AccessKeyId"] for one in keys] == [first["AWS_ACCESS_KEY_ID"]]


def test_a_user_called_default_is_not_given_the_administrators_key(server: Server, iam: Any) -> None:
    """The administrator's profile in the credentials file is called default."""
    flags = ("env", "--data", str(server.data), "--user", "default", "--json")
    assert server.command(*flags).returncode == 1
    iam.create_user(UserName="default")
    found = json.loads(server.command(*flags).stdout)
    assert found["AWS_ACCESS_KEY_ID"] != server.administrator().access_key_id
    iam.delete_access_key(UserName="default", AccessKeyId=found["AWS_ACCESS_KEY_ID"])
    iam.delete_user(UserName="default")


@pytest.mark.parametrize("user", ["nobody", "", "a b", "x]\n[default"])
def test_a_user_who_does_not_exist(server: Server, user: str) -> None:
    done = server.command("env", "--data", str(server.data), "--user", user)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("qanat: ")
    assert done.stderr.count("\n") == 1


def test_export_lines_can_be_read_by_a_shell(server: Server) -> None:
    done = server.command("env", "--data", str(server.data))
    wanted = '"$AWS_ENDPOINT_URL${AWS_PROFILE-}${AWS_SESSION_TOKEN-}"'
    script = f"AWS_SESSION_TOKEN=x AWS_PROFILE=y\n{done.stdout}\necho {wanted}"
    shell = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=True)
    assert shell.stdout.strip() == server.url()
