"""VPCs, endpoints and instances of a real server, made as a client of EC2 makes them and used from within.

All traffic stays in the server's own namespaces, or on this machine's loopback with the loopback driver.
"""

import base64
import json
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from support import agent
from support.clients import Clients
from support.policies import allow, policy
from support.raw import request
from support.server import ACCOUNT, REGION, Key, Server, clean_environment
from support.signing import Signed
from support.things import MadeQueue, MadeUser

SQS = f"sqs.{REGION}.amazonaws.com"
DUAL_STACK = f"sqs.{REGION}.api.aws"
ALL_OF_SQS = policy(allow("sqs:*"))
EVERYTHING = policy(allow("*", Principal="*"))
OWN: list[str] = []
"""In place of a key: the instance's own, from its environment."""
WAIT_S = 60.0
EVENTUALLY_S = 60.0

_numbers = count(1)
T = TypeVar("T")


class Outcome(NamedTuple):
    """What became of one call. `status` is 0 where no answer came."""

    status: int
    code: str
    message: str
    output: dict[str, Any]

    @property
    def allowed(self) -> bool:
        return self.status == 200

    @property
    def reason(self) -> str:
        """Of a denial: all behind the resource. Of anything else: all there is."""
        if self.code != "AccessDenied":
            return self.code
        _, found, rest = self.message.partition(" on resource: ")
        return rest.partition(" ")[2] if found else self.message


class Endpoint(NamedTuple):
    endpoint_id: str
    vpc_id: str
    names: tuple[str, ...]
    """As DescribeVpcEndpoints lists them: regional, one a zone, and the private name where it is on."""
    addresses: tuple[str, ...]

    @property
    def url(self) -> str:
        return f"https://{self.names[0]}"


class Ran(NamedTuple):
    code: int
    out: str
    err: str


class Instance:
    """An agent that runs in a VPC; see `agent.py` for what it can be asked."""

    def __init__(self, process: "subprocess.Popen[str]", errors: Path) -> None:
        self.process = process
        self.errors = errors

    def ask(self, do: str, **given: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **given}) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], WAIT_S)
        line = self.process.stdout.readline() if ready else ""
        assert line, f"the instance does not answer: {do} {given}: {self.errors.read_text()[-2000:]}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def call(
        self, key: Key | list[str] | None, operation: str, url: str | None = None, **parameters: Any
    ) -> Outcome:
        """`key` is None for an anonymous caller; `url` is for `--endpoint-url`."""
        keys = None if key is None else list(key)
        found = self.ask("sqs", operation=operation, parameters=parameters, key=keys, url=url)
        return Outcome(
            found["status"], found.get("code", ""), found.get("message", ""), found.get("output", {})
        )

    def send(self, user: MadeUser | None, queue: MadeQueue, url: str | None = None) -> Outcome:
        """Anonymous where `user` is None."""
        key = None if user is None else user.key
        return self.call(key, "SendMessage", url, QueueUrl=private_url(queue), MessageBody="x")

    def open(
        self,
        name: str,
        host: str,
        port: int = 443,
        *,
        before: bytes = b"",
        tls: str | None = SQS,
        versions: Sequence[str] | None = None,
        wait_s: float = WAIT_S / 2,
    ) -> dict[str, Any]:
        return self.ask(
            "open",
            name=name,
            host=host,
            port=port,
            before=base64.b64encode(before).decode(),
            tls=tls,
            versions=versions,
            wait_s=wait_s,
        )

    def exchange(self, name: str, data: bytes) -> dict[str, Any]:
        return self.ask("exchange", name=name, data=base64.b64encode(data).decode())

    def connects(self, host: str, port: int = 443, tls: str | None = SQS, wait_s: float = WAIT_S / 2) -> str:
        """`yes`, or why not."""
        return str(self.open("probe", host, port, tls=tls, wait_s=wait_s).get("failed", "yes"))

    def look_up(self, name: str, wait_s: float = WAIT_S / 2) -> dict[str, Any]:
        return self.ask("look_up", name=name, wait_s=wait_s)

    def addresses(self, name: str) -> list[str]:
        found: list[str] = self.look_up(name)["addresses"]
        return found

    def stop(self) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            return self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process.stdout.close()


class Cloud:
    """One server's account, to make things in. The clients are the administrator's, on the public listener."""

    def __init__(self, server: Server, region: str = REGION) -> None:
        self.server = server
        self.region = region
        self.clients = Clients(server)
        self.sqs, self.ec2, self.iam = (
            self.clients.of(service, region=region) for service in ("sqs", "ec2", "iam")
        )

    def queue(self, name: str | None = None, **attributes: str) -> MadeQueue:
        name = name or f"Queue-{next(_numbers)}"
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return MadeQueue(name, url, f"arn:aws:sqs:{self.region}:{ACCOUNT}:{name}")

    def guard(self, queue: MadeQueue, *statements: dict[str, Any]) -> None:
        """Replaces the queue's policy; without statements there is none."""
        text = policy(*statements) if statements else ""
        self.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": text})

    def user(self, identity_policy: str | None = ALL_OF_SQS, name: str | None = None) -> MadeUser:
        name = name or f"User-{next(_numbers)}"
        made = self.iam.create_user(UserName=name)["User"]
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        if identity_policy is not None:
            self.iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=identity_policy)
        keys = Key(key["AccessKeyId"], key["SecretAccessKey"])
        return MadeUser(name, made["Arn"], made["UserId"], keys, self.clients)

    def vpc(self, cidr: str = "10.0.0.0/16", *, hostnames: bool = True) -> str:
        vpc_id: str = self.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        if hostnames:
            self.ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
        return vpc_id

    def subnet(self, vpc_id: str, cidr: str = "10.0.1.0/24", zone: str = "a") -> str:
        made = self.ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr, AvailabilityZone=self.region + zone)
        subnet_id: str = made["Subnet"]["SubnetId"]
        return subnet_id

    def group(self, vpc_id: str, *permissions: dict[str, Any]) -> str:
        """A security group with these ingress permissions, in EC2's own form."""
        made = self.ec2.create_security_group(
            GroupName=f"group-{next(_numbers)}", Description="x", VpcId=vpc_id
        )
        group_id: str = made["GroupId"]
        if permissions:
            self.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=list(permissions))
        return group_id

    def endpoint(
        self, vpc_id: str, *subnet_ids: str, private_dns: bool = True, state: str = "available", **more: Any
    ) -> Endpoint:
        """Made, and waited for until it has that state. `more` is CreateVpcEndpoint's own."""
        made = self.ec2.create_vpc_endpoint(
            VpcId=vpc_id,
            VpcEndpointType="Interface",
            ServiceName=f"com.amazonaws.{self.region}.sqs",
            SubnetIds=list(subnet_ids),
            PrivateDnsEnabled=private_dns,
            **more,
        )["VpcEndpoint"]
        return self.described(made["VpcEndpointId"], state)

    def description(self, endpoint_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][
            0
        ]
        return found

    def described(self, endpoint_id: str, state: str = "available") -> Endpoint:
        found = eventually(lambda: self.description(endpoint_id), lambda one: one["State"] == state)
        interface_ids = found["NetworkInterfaceIds"]
        interfaces = self.interfaces("network-interface-id", *interface_ids) if interface_ids else []
        return Endpoint(
            endpoint_id,
            found["VpcId"],
            tuple(entry["DnsName"] for entry in found["DnsEntries"]),
            tuple(interface["PrivateIpAddress"] for interface in interfaces),
        )

    def modify(self, endpoint: Endpoint, **more: Any) -> Endpoint:
        """ModifyVpcEndpoint, and the endpoint as it is once it is available again."""
        self.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint.endpoint_id, **more)
        return self.described(endpoint.endpoint_id)

    def set_policy(self, endpoint: Endpoint, *statements: dict[str, Any]) -> None:
        self.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint.endpoint_id, PolicyDocument=policy(*statements))

    def delete(self, *endpoints: Endpoint) -> None:
        ids = [endpoint.endpoint_id for endpoint in endpoints]
        assert self.ec2.delete_vpc_endpoints(VpcEndpointIds=ids)["Unsuccessful"] == []

    def interfaces(self, name: str, *values: str) -> list[dict[str, Any]]:
        """DescribeNetworkInterfaces with one filter."""
        filters = [{"Name": name, "Values": list(values)}]
        found: list[dict[str, Any]] = self.ec2.describe_network_interfaces(Filters=filters)[
            "NetworkInterfaces"
        ]
        return found

    def attribute(self, vpc_id: str, name: str, value: bool) -> None:
        self.ec2.modify_vpc_attribute(VpcId=vpc_id, **{name: {"Value": value}})

    @contextmanager
    def instance(self, vpc_id: str, *flags: str) -> Iterator[Instance]:
        """An agent in the VPC, which must end well."""
        errors = self.server.directory / f"instance-{next(_numbers)}"
        with errors.open("w") as stderr:
            process = self.run(vpc_id, [sys.executable, agent.__file__], *flags, stderr=stderr)
        instance = Instance(process, errors)
        try:
            yield instance
        finally:
            code = instance.stop()
        assert code == 0

    def run(
        self, vpc_id: str, command: Sequence[str], *flags: str, stderr: Any = subprocess.PIPE
    ) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            run_in(self.server.data, vpc_id, command, *flags),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=self.server.directory,
            env=clean_environment(self.server.directory),
        )

    def ran(
        self, vpc_id: str, command: Sequence[str], *flags: str, given: str = "", data: Path | None = None
    ) -> Ran:
        """`qanat instance run` to its end, `given` on its standard input."""
        done = subprocess.run(
            run_in(data or self.server.data, vpc_id, command, *flags),
            input=given,
            capture_output=True,
            text=True,
            cwd=self.server.directory,
            env=clean_environment(self.server.directory),
            timeout=WAIT_S,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def close(self) -> None:
        self.clients.close()


def run_in(data: Path, vpc_id: str, command: Sequence[str], *flags: str) -> list[str]:
    """`qanat instance run`, as words."""
    qanat = [sys.executable, "-m", "qanat.cli.main", "instance", "run", "--data", str(data), "--vpc", vpc_id]
    return [*qanat, *flags, "--", *command]


def private_url(queue: MadeQueue) -> str:
    return f"https://{SQS}/{ACCOUNT}/{queue.name}"


def wire_bytes(signed: Signed, host: str = SQS, **sent: str) -> bytes:
    """The request as it goes over the wire, signed for `host`. `sent` replaces or adds headers after signing."""
    headers = {**signed.headers_for(host), **{name.replace("_", "-"): value for name, value in sent.items()}}
    return request(signed.body, headers, signed.path_sent or signed.path, signed.method)


def https_from(cidr: str, port: int = 443) -> dict[str, Any]:
    """A permission of a security group."""
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}


def https_from_group(group_id: str) -> dict[str, Any]:
    return {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "UserIdGroupPairs": [{"GroupId": group_id}],
    }


def eventually(look: Callable[[], T], holds: Callable[[T], bool]) -> T:
    """What `look` finds once it is as wanted: sockets and names follow a change within moments, not at once."""
    until = time.monotonic() + EVENTUALLY_S
    while True:
        found = look()
        if holds(found):
            return found
        assert time.monotonic() < until, f"still {found}"
        time.sleep(0.02)
