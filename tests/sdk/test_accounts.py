"""Several accounts of one server: who makes them, what keeps them apart, and what a queue policy lets across."""

import configparser
import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.clients import Clients, refusal
from support.policies import allow, policy
from support.server import ACCOUNT, REGION, Key, Server, run_command
from support.things import StartServer

OTHER, THIRD = "210987654321", "333333333333"


@pytest.fixture(scope="module")
def shared(start_server: StartServer) -> Server:
    """A server with a second account."""
    server = start_server("--cooldown-s", "0")
    assert server.command("account", "create", OTHER, "--data", str(server.data)).returncode == 0
    return server


@pytest.fixture(scope="module")
def of(shared: Server) -> Iterator[Clients]:
    found = Clients(shared)
    yield found
    found.close()


def profile(server: Server, name: str) -> Key:
    parser = configparser.ConfigParser()
    parser.read(server.data / "credentials")
    return Key(parser[name]["aws_access_key_id"], parser[name]["aws_secret_access_key"])


def qanat(server: Server, *words: str) -> Any:
    """What a command prints as JSON."""
    done = server.command(*words, "--data", str(server.data), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def environment_key(server: Server, *flags: str) -> Key:
    variables = qanat(server, "env", *flags)
    return Key(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])


@pytest.fixture
def stranger(shared: Server, of: Clients) -> Any:
    """SQS of the other account's administrator."""
    return of.of("sqs", profile(shared, f"account/{OTHER}"))


class TestCommands:
    def test_an_account_is_made_once_and_listed(self, shared: Server) -> None:
        made = shared.command("account", "create", THIRD, "--data", str(shared.data))
        assert made.returncode == 0
        assert f"qanat env --data {shared.data} --account {THIRD}" in made.stdout
        key = profile(shared, f"account/{THIRD}")
        assert key.secret not in made.stdout
        again = shared.command("account", "create", THIRD, "--data", str(shared.data))
        assert (again.returncode, again.stderr) == (1, f"qanat: Account {THIRD} already exists.\n")
        assert profile(shared, f"account/{THIRD}") == key
        first = shared.command("account", "create", ACCOUNT, "--data", str(shared.data))
        assert first.returncode == 1
        listed = qanat(shared, "account", "ls")
        assert [(one["account"], one["profile"]) for one in listed] == [
            (ACCOUNT, "default"),
            (OTHER, f"account/{OTHER}"),
            (THIRD, f"account/{THIRD}"),
        ]
        printed = shared.command("account", "ls", "--data", str(shared.data)).stdout
        assert [line.split()[0] for line in printed.splitlines()] == [ACCOUNT, OTHER, THIRD]

    def test_its_key_is_for_the_operator_alone(self, shared: Server) -> None:
        for name in ("credentials", "accounts.sock"):
            assert stat.S_IMODE((shared.data / name).stat().st_mode) == 0o600

    @pytest.mark.parametrize("account", ["1", "12345678901x", "١٢٣٤٥٦٧٨٩٠١٢", ""])
    def test_an_id_is_twelve_digits(self, shared: Server, account: str) -> None:
        for words in (["account", "create", account], ["env", "--account", account]):
            assert shared.command(*words, "--data", str(shared.data)).returncode == 2

    def test_env_gives_its_keys(self, shared: Server, of: Clients) -> None:
        assert environment_key(shared, "--account", OTHER) == profile(shared, f"account/{OTHER}")
        assert environment_key(shared, "--account", ACCOUNT) == shared.administrator()
        done = shared.command("env", "--account", "444444444444", "--data", str(shared.data))
        assert (done.returncode, done.stderr) == (1, "qanat: Account 444444444444 cannot be found.\n")

    def test_env_gives_its_users_keys(self, shared: Server, of: Clients) -> None:
        """A user of the same name in the first account is another user."""
        of.of("iam").create_user(UserName="bob")
        of.of("iam", profile(shared, f"account/{OTHER}")).create_user(UserName="bob")
        keys = [environment_key(shared, "--user", "bob", *more) for more in ([], ["--account", OTHER])]
        arns = [of.of("sts", key).get_caller_identity()["Arn"] for key in keys]
        assert arns == [f"arn:aws:iam::{account}:user/bob" for account in (ACCOUNT, OTHER)]
        assert environment_key(shared, "--user", "bob", "--account", OTHER) == keys[1]

    def test_a_lost_key_is_made_anew(self, start_server: StartServer) -> None:
        server = start_server()
        qanat(server, "account", "create", OTHER)
        lost, first = profile(server, f"account/{OTHER}"), server.administrator()
        text = (server.data / "credentials").read_text()
        (server.data / "credentials").write_text(text.replace(f"[account/{OTHER}]", "[lost]"))
        found = environment_key(server, "--account", OTHER)
        assert found not in (lost, first)
        clients = Clients(server)
        assert clients.of("sts", found).get_caller_identity()["Account"] == OTHER
        assert server.administrator() == first
        clients.close()
        assert server.stop() == 0

    def test_without_a_server(self, tmp_path: Path, start_server: StartServer) -> None:
        server = start_server()
        assert server.stop() == 0
        for words in (["create", OTHER], ["ls"]):
            done = run_command(tmp_path, "account", *words, "--data", str(server.data))
            assert done.returncode == 1
            assert done.stderr.startswith(f"qanat: no server is running with {server.data}")

    @pytest.mark.parametrize(
        "sent", [b"garbage\n", b"{}\n", b'{"do":"key"}\n', b'{"do":"create","account":"1"}\n', b""]
    )
    def test_garbage_at_the_door(self, shared: Server, sent: bytes) -> None:
        with socket.socket(socket.AF_UNIX) as door:
            fd = os.open(shared.data, os.O_RDONLY)
            door.connect(f"/proc/self/fd/{fd}/accounts.sock")
            os.close(fd)
            door.sendall(sent)
            door.shutdown(socket.SHUT_WR)
            answer = door.makefile().read()
        assert not sent or "error" in json.loads(answer)
        assert qanat(shared, "account", "ls")


class TestApart:
    def test_one_name_is_two_queues(self, of: Clients, stranger: Any, name: str) -> None:
        own = of.of("sqs")
        urls = [client.create_queue(QueueName=name)["QueueUrl"] for client in (own, stranger)]
        assert [url.split("/")[-2] for url in urls] == [ACCOUNT, OTHER]
        own.send_message(QueueUrl=name, MessageBody="own")
        assert "Messages" not in stranger.receive_message(QueueUrl=name)
        assert stranger.list_queues(QueueNamePrefix=name)["QueueUrls"] == urls[1:]
        assert refusal(stranger.receive_message, QueueUrl=urls[0]).code == "AccessDenied"
        assert own.receive_message(QueueUrl=urls[0])["Messages"][0]["Body"] == "own"

    def test_vpcs_and_users(self, shared: Server, of: Clients) -> None:
        key = profile(shared, f"account/{OTHER}")
        vpc_id = of.of("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        assert of.of("ec2", key).describe_vpcs()["Vpcs"] == []
        assert refusal(of.of("ec2", key).delete_vpc, VpcId=vpc_id).code == "InvalidVpcID.NotFound"
        of.of("iam").create_user(UserName="alone")
        assert refusal(of.of("iam", key).get_user, UserName="alone").code == "NoSuchEntity"


class TestAcross:
    """SQS Developer Guide, sqs-creating-custom-policies: both accounts must allow."""

    def user(self, shared: Server, of: Clients, name: str, *statements: dict[str, Any]) -> Any:
        iam = of.of("iam", profile(shared, f"account/{OTHER}"))
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=policy(*statements))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return of.of("sqs", Key(made["AccessKeyId"], made["SecretAccessKey"]))

    def test_both_accounts_must_allow(self, shared: Server, of: Clients, name: str) -> None:
        own, arn = of.of("sqs"), f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        url = own.create_queue(QueueName=name)["QueueUrl"]
        with_leave = self.user(shared, of, f"{name}-may", allow("sqs:SendMessage", arn))
        without = self.user(shared, of, f"{name}-may-not")
        send = {"QueueUrl": url, "MessageBody": "x"}
        found = refusal(with_leave.send_message, **send)
        assert found.message.endswith("because no resource-based policy allows the sqs:sendmessage action")
        grant = allow(["sqs:SendMessage", "sqs:GetQueueUrl"], arn, Principal={"AWS": OTHER})
        own.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(grant)})
        with_leave.send_message(**send)
        found = refusal(without.send_message, **send)
        assert found.message.endswith("because no identity-based policy allows the sqs:sendmessage action")
        assert refusal(with_leave.receive_message, QueueUrl=url).code == "AccessDenied"

    def test_the_owners_account_in_get_queue_url(self, of: Clients, stranger: Any, name: str) -> None:
        own, arn = of.of("sqs"), f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        url = own.create_queue(QueueName=name)["QueueUrl"]
        asked = {"QueueName": name, "QueueOwnerAWSAccountId": ACCOUNT}
        assert refusal(stranger.get_queue_url, **asked).code == "AccessDenied"
        grant = allow(["sqs:GetQueueUrl", "sqs:SendMessage"], arn, Principal={"AWS": OTHER})
        own.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(grant)})
        assert stranger.get_queue_url(**asked)["QueueUrl"] == url
        assert refusal(stranger.get_queue_url, QueueName=name).exception == "QueueDoesNotExist"
        assert stranger.send_message(QueueUrl=url, MessageBody="x")["MessageId"]

    def test_what_is_never_granted_across(self, of: Clients, stranger: Any, name: str) -> None:
        """SQS Developer Guide, sqs-limitations-of-custom-policies."""
        own, arn = of.of("sqs"), f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        url = own.create_queue(QueueName=name)["QueueUrl"]
        grant = allow("sqs:*", arn, Principal={"AWS": OTHER})
        own.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(grant)})
        assert stranger.send_message(QueueUrl=url, MessageBody="x")["MessageId"]
        assert refusal(stranger.delete_queue, QueueUrl=url).code == "AccessDenied"
        refused = refusal(stranger.set_queue_attributes, QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
        assert refused.code == "AccessDenied"


class TestRestart:
    def test_accounts_and_their_queues_are_there_again(
        self, start_server: StartServer, tmp_path: Path
    ) -> None:
        first = start_server(directory=tmp_path)
        qanat(first, "account", "create", OTHER)
        clients = Clients(first)
        key = profile(first, f"account/{OTHER}")
        clients.of("sqs", key).create_queue(QueueName="jobs")
        clients.of("sqs", key).send_message(QueueUrl="jobs", MessageBody="x")
        clients.close()
        assert first.stop() == 0
        again = start_server(directory=tmp_path)
        assert again.administrator() == first.administrator()
        clients = Clients(again)
        (message,) = clients.of("sqs", key).receive_message(QueueUrl="jobs")["Messages"]
        assert message["Body"] == "x"
        clients.close()
        assert again.stop() == 0

    def test_the_default_profile_follows_the_first_account(
        self, start_server: StartServer, tmp_path: Path
    ) -> None:
        for account in (ACCOUNT, OTHER, ACCOUNT):
            server = start_server("--account", account, directory=tmp_path)
            clients = Clients(server)
            assert clients.of("sts").get_caller_identity()["Account"] == account
            clients.close()
            assert server.stop() == 0
