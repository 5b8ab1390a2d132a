"""The story of the AWS page "Internetwork traffic privacy" (SQS Developer Guide), told live with real processes.

Starts a server of its own on a free port with data of its own, makes a VPC with no way out, and lets the `aws` command
and boto3 try what the page says. Ends with what was checked; exit code 1 if anything differed.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from rich.console import Console
from rich.markup import escape

BIN = Path(sys.executable).parent
REGION = "us-east-2"
ACCOUNT = "123456789012"
PRIVATE_URL = f"https://sqs.{REGION}.amazonaws.com"
QUEUE_URL = f"{PRIVATE_URL}/{ACCOUNT}/MyQueue"
OTHER_QUEUE_URL = f"{PRIVATE_URL}/{ACCOUNT}/OtherQueue"
START_TIME_S = 30
COMMAND_TIME_S = 60

# To the letter as the page prints it, its ARN a colon short.
PAGE_POLICY = """{
   "Statement": [{
      "Action": ["sqs:SendMessage"],
      "Effect": "Allow",
      "Resource": "arn:aws:sqs:us-east-2:123456789012:MyQueue",
      "Principal": {
        "AWS": "arn:aws:iam:123456789012:user/MyUser"
      }
   }]
}"""
USER_POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}'

BOTO3_SEND = f"""
import boto3
client = boto3.client("sqs")
print(client.meta.endpoint_url, client.send_message(QueueUrl="{QUEUE_URL}", MessageBody="from boto3")["MessageId"])
"""
NO_WAY_OUT = """
import socket
for address in ("192.0.2.1", "198.51.100.1", "203.0.113.1"):
    try:
        socket.create_connection((address, 443), 2)
        print(address, "reached")
    except OSError as error:
        print(address, error.strerror)
"""
PLAIN_HTTP = f"""
import http.client
connection = http.client.HTTPConnection("sqs.{REGION}.amazonaws.com", 443, timeout=5)
connection.request("GET", "/")
answer = connection.getresponse()
print(answer.status, answer.read().decode().strip())
"""
LEGACY_NAMES = f"""
import dns.message, dns.query, dns.rcode
resolver = [line.split()[1] for line in open("/etc/resolv.conf") if line.startswith("nameserver")][0]
for name in ("queue.amazonaws.com", "{REGION}.queue.amazonaws.com"):
    answer = dns.query.udp(dns.message.make_query(name, "A", use_edns=0), resolver, timeout=5)
    print(name, dns.rcode.to_text(answer.rcode()), *(option.to_text() for option in answer.options))
"""


@dataclass
class Result:
    code: int
    output: str


@dataclass
class Tour:
    console: Console
    directory: Path
    differed: list[str] = field(default_factory=list)
    checked: int = 0
    vpc_id: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    server: "subprocess.Popen[str] | None" = None

    # -- telling --------------------------------------------------------------------------------------------

    def chapter(self, text: str) -> None:
        self.console.print(f"\n[bold]{text}[/bold]")

    def check(self, what: str, holds: bool, seen: str) -> None:
        self.checked += 1
        mark = "[green]yes[/green]" if holds else "[red]NO [/red]"
        self.console.print(f"  {mark}  {escape(what)}")
        if not holds:
            self.differed.append(what)
            self.console.print(f"       [red]{escape(seen)}[/red]")

    def quote(self, output: str) -> None:
        for line in output.strip().splitlines()[-3:]:
            self.console.print(f"       [dim]{escape(line)}[/dim]")

    # -- doing ----------------------------------------------------------------------------------------------

    def run(self, command: Sequence[str], shown: str, extra: dict[str, str] | None = None) -> Result:
        self.console.print(f"  $ {escape(shown)}")
        done = subprocess.run(
            command,
            env={**self.environment, **(extra or {})},
            capture_output=True,
            text=True,
            timeout=COMMAND_TIME_S,
            check=False,
        )
        result = Result(done.returncode, (done.stdout + done.stderr).strip())
        self.quote(result.output)
        return result

    def inside(self, user: str, command: Sequence[str], shown: str) -> Result:
        """In the VPC, as that user."""
        instance = [str(BIN / "qanat"), "instance", "run", "--data", str(self.directory / "data")]
        return self.run(
            [*instance, "--vpc", self.vpc_id, "--user", user, "--", *command],
            f"qanat instance run --vpc {self.vpc_id} --user {user} -- {shown}",
        )

    def aws_inside(self, user: str, *arguments: str) -> Result:
        """The `aws` command in the VPC; version 1 of it must be told the regional name, as the page asks."""
        command = ["aws", "sqs", *arguments, "--endpoint-url", PRIVATE_URL, "--output", "json"]
        return self.inside(user, [str(BIN / "aws"), *command[1:]], " ".join(command))

    def aws_outside(self, user: str, *arguments: str) -> Result:
        """The `aws` command on the public listener."""
        keys = json.loads(
            subprocess.run(
                [str(BIN / "qanat"), "env", "--data", str(self.directory / "data"), "--user", user, "--json"],
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=COMMAND_TIME_S,
                check=True,
            ).stdout
        )
        command = ["aws", "sqs", *arguments, "--endpoint-url", keys["AWS_ENDPOINT_URL"], "--output", "json"]
        return self.run(
            [str(BIN / "aws"), *command[1:]], f"({user}, outside the VPC) {' '.join(command)}", keys
        )

    def start_server(self) -> None:
        command = [str(BIN / "qanat"), "serve", "--json", "--listen", "127.0.0.1:0", "--network", "netns"]
        command += ["--data", str(self.directory / "data"), "--region", REGION, "--account", ACCOUNT]
        with (self.directory / "stderr").open("a") as errors:
            self.server = subprocess.Popen(
                command, env=self.environment, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        assert self.server.stdout is not None
        if not self.server.stdout.readline():
            raise SystemExit("the server did not start:\n" + (self.directory / "stderr").read_text())

    def end_server(self, number: signal.Signals) -> int:
        assert self.server is not None
        assert self.server.stdout is not None
        self.server.send_signal(number)
        code = self.server.wait(START_TIME_S)
        self.server.stdout.close()
        self.server = None
        return code

    def client(self, service: str) -> Any:
        """The administrator's."""
        variables = json.loads(
            subprocess.run(
                [str(BIN / "qanat"), "env", "--data", str(self.directory / "data"), "--json"],
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=COMMAND_TIME_S,
                check=True,
            ).stdout
        )
        os.environ.update(variables)
        return boto3.session.Session().client(service)


def main() -> int:
    console = Console(highlight=False, soft_wrap=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="qanat-tour-") as directory:
        tour = Tour(console, Path(directory))
        tour.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "QANAT_"))
        }
        tour.environment["PYTHONWARNINGS"] = "ignore"
        try:
            tour.start_server()
            tell(tour)
        finally:
            if tour.server is not None:
                code = tour.end_server(signal.SIGTERM)
                tour.check("the server stopped cleanly when told to", code == 0, f"exit code {code}")
    seconds = time.monotonic() - started
    console.print(f"\n{tour.checked} things checked in {seconds:.0f} s.", end=" ")
    if tour.differed:
        console.print(f"[red]{len(tour.differed)} differed:[/red]")
        for what in tour.differed:
            console.print(f"  {escape(what)}")
        return 1
    console.print("[green]All as the page says.[/green]")
    return 0


def tell(tour: Tour) -> None:
    sqs, ec2, iam = tour.client("sqs"), tour.client("ec2"), tour.client("iam")
    set_the_scene(tour, sqs, ec2, iam)
    without_an_endpoint(tour)
    endpoint_id = make_the_endpoint(tour, ec2)
    through_the_endpoint(tour, sqs)
    what_is_denied(tour)
    important_notes(tour)
    outside_the_vpc(tour)
    deny_if_not_from_the_endpoint(tour, sqs, endpoint_id)
    after_a_crash(tour)


def set_the_scene(tour: Tour, sqs: Any, ec2: Any, iam: Any) -> None:
    tour.chapter("Two queues, two users who may do everything with SQS, and a VPC with no way out")
    for name in ("MyQueue", "OtherQueue"):
        sqs.create_queue(QueueName=name)
    for name in ("MyUser", "OtherUser"):
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="sqs", PolicyDocument=USER_POLICY)
    tour.vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=tour.vpc_id, EnableDnsHostnames={"Value": True})
    ec2.create_subnet(VpcId=tour.vpc_id, CidrBlock="10.0.1.0/24")
    result = tour.inside(
        "MyUser", [sys.executable, "-c", NO_WAY_OUT], "python -c '(connect to three addresses)'"
    )
    refused = result.output.count("unreachable")
    tour.check("an instance in the VPC reaches nothing outside it", refused == 3, result.output)


def without_an_endpoint(tour: Tour) -> None:
    tour.chapter("Without an endpoint the send fails")
    result = tour.aws_inside("MyUser", "send-message", "--queue-url", QUEUE_URL, "--message-body", "hello")
    failed = result.code != 0 and "Could not connect" in result.output
    tour.check("the aws command cannot connect", failed, result.output)


def make_the_endpoint(tour: Tour, ec2: Any) -> str:
    tour.chapter("An interface endpoint with private DNS and the page's policy, as printed")
    subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [tour.vpc_id]}])["Subnets"][0]
    group_id = ec2.create_security_group(
        GroupName="endpoint", Description="https from the VPC", VpcId=tour.vpc_id
    )["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group_id, IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp="10.0.0.0/16"
    )
    endpoint = ec2.create_vpc_endpoint(
        VpcId=tour.vpc_id,
        VpcEndpointType="Interface",
        ServiceName=f"com.amazonaws.{REGION}.sqs",
        SubnetIds=[subnet["SubnetId"]],
        SecurityGroupIds=[group_id],
        PrivateDnsEnabled=True,
        PolicyDocument=PAGE_POLICY,
    )["VpcEndpoint"]
    endpoint_id: str = endpoint["VpcEndpointId"]
    for _ in range(100):
        endpoint = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]
        if endpoint["State"] != "pending":
            break
        time.sleep(0.1)
    tour.check(f"{endpoint_id} is available", endpoint["State"] == "available", str(endpoint))
    kept = endpoint["PolicyDocument"] == PAGE_POLICY
    tour.check("its policy is kept to the letter", kept, endpoint["PolicyDocument"])
    return endpoint_id


def through_the_endpoint(tour: Tour, sqs: Any) -> None:
    tour.chapter("The same command now succeeds")
    result = tour.aws_inside("MyUser", "send-message", "--queue-url", QUEUE_URL, "--message-body", "hello")
    tour.check("the aws command sends", result.code == 0 and "MessageId" in result.output, result.output)
    result = tour.inside("MyUser", [sys.executable, "-c", BOTO3_SEND], "python -c '(boto3: send_message)'")
    tour.check(
        "boto3, with nothing configured, sends",
        result.code == 0 and PRIVATE_URL in result.output,
        result.output,
    )
    counts = sqs.get_queue_attributes(
        QueueUrl=f"/{ACCOUNT}/MyQueue", AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]
    tour.check("both messages are in MyQueue", counts["ApproximateNumberOfMessages"] == "2", str(counts))


def what_is_denied(tour: Tour) -> None:
    tour.chapter("What the page says is denied, is denied, with the reason")
    reason = "because no VPC endpoint policy allows the sqs:{} action"
    cases = (
        ("another action: CreateQueue", "MyUser", ("create-queue", "--queue-name", "New"), "createqueue"),
        ("another action: DeleteQueue", "MyUser", ("delete-queue", "--queue-url", QUEUE_URL), "deletequeue"),
        (
            "another user",
            "OtherUser",
            ("send-message", "--queue-url", QUEUE_URL, "--message-body", "no"),
            "sendmessage",
        ),
        (
            "another queue",
            "MyUser",
            ("send-message", "--queue-url", OTHER_QUEUE_URL, "--message-body", "no"),
            "sendmessage",
        ),
    )
    for what, user, arguments, action in cases:
        result = tour.aws_inside(user, *arguments)
        denied = (
            result.code != 0 and "AccessDenied" in result.output and reason.format(action) in result.output
        )
        tour.check(f"{what} is refused", denied, result.output)


def important_notes(tour: Tour) -> None:
    tour.chapter("The page's Important notes")
    result = tour.inside(
        "MyUser", [sys.executable, "-c", PLAIN_HTTP], "python -c '(plain HTTP to the endpoint)'"
    )
    tour.check(
        "the endpoint speaks HTTPS only",
        "400 This VPC endpoint speaks HTTPS only" in result.output,
        result.output,
    )
    result = tour.inside(
        "MyUser", [sys.executable, "-c", LEGACY_NAMES], "python -c '(look up the legacy names)'"
    )
    refused = result.output.count("NXDOMAIN") == 2 and "private DNS does not cover" in result.output
    tour.check("private DNS has no legacy names, and says why", refused, result.output)


def outside_the_vpc(tour: Tour) -> None:
    tour.chapter("From outside the VPC, MyUser still has every other right")
    result = tour.aws_outside("MyUser", "create-queue", "--queue-name", "Outside")
    tour.check("MyUser creates a queue", result.code == 0, result.output)
    result = tour.aws_outside("MyUser", "list-queues")
    tour.check("MyUser lists the queues", result.code == 0 and "OtherQueue" in result.output, result.output)


def deny_if_not_from_the_endpoint(tour: Tour, sqs: Any, endpoint_id: str) -> None:
    tour.chapter(
        "A queue policy that denies sending unless aws:sourceVpce is the endpoint (the guide's example 5)"
    )
    statement = {
        "Sid": "NotFromTheEndpoint",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:MyQueue",
        "Condition": {"StringNotEquals": {"aws:sourceVpce": endpoint_id}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=f"/{ACCOUNT}/MyQueue", Attributes={"Policy": policy})
    arguments = ("send-message", "--queue-url", QUEUE_URL, "--message-body", "after")
    result = tour.aws_outside("MyUser", *arguments)
    denied = result.code != 0 and "with an explicit deny in a resource-based policy" in result.output
    tour.check("the public way is refused", denied, result.output)
    result = tour.aws_inside("MyUser", *arguments)
    tour.check("the endpoint's way is not", result.code == 0, result.output)


def after_a_crash(tour: Tour) -> None:
    tour.chapter("The server is killed (kill -9) and started again")
    tour.end_server(signal.SIGKILL)
    tour.start_server()
    sqs = tour.client("sqs")
    messages = sqs.receive_message(QueueUrl=f"/{ACCOUNT}/MyQueue", MaxNumberOfMessages=10).get("Messages", [])
    bodies = sorted(message["Body"] for message in messages)
    tour.check("no acknowledged message is lost", bodies == ["after", "from boto3", "hello"], str(bodies))
    result = tour.aws_inside("MyUser", "send-message", "--queue-url", QUEUE_URL, "--message-body", "again")
    tour.check("the VPC and its endpoint are back", result.code == 0, result.output)


if __name__ == "__main__":
    sys.exit(main())
