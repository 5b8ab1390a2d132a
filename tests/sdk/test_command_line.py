"""`qanat serve` and `qanat env` as a user meets them: exit codes, one line an error, files, restarts."""

import json
import signal
import socket
import stat
from pathlib import Path

import pytest

from support.clients import Clients
from support.server import STOP_TIME_S, Key, Server, run_command
from support.signing import sqs as signed
from support.things import StartServer


def is_one_line(text: str) -> None:
    assert text.startswith("qanat: ")
    assert text.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "environment"),
    [
        (["--listen", "nowhere"], {}),
        (["--metrics-listen", "nowhere"], {}),
        (["--account", "1"], {}),
        (["--region", "x"], {}),
        (["--regions", "eu-west-1,x"], {}),
        ([], {"QANAT_REGIONS": "eu-west-1,"}),
        (["--cooldown-s", "-1"], {}),
        (["--certificate", "x.pem"], {}),
        ([], {"QANAT_UNKNOWN": "1"}),
    ],
)
def test_settings_that_are_wrong(tmp_path: Path, flags: list[str], environment: dict[str, str]) -> None:
    done = run_command(tmp_path, "serve", *flags, environment=environment)
    assert done.returncode == 2
    is_one_line(done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_is_taken(tmp_path: Path, server: Server) -> None:
    done = run_command(tmp_path, "serve", "--listen", f"127.0.0.1:{server.port}")
    assert done.returncode == 1
    is_one_line(done.stderr)


def test_a_data_directory_that_is_in_use(tmp_path: Path, server: Server) -> None:
    done = run_command(tmp_path, "serve", "--listen", "127.0.0.1:0", "--data", str(server.data))
    assert done.returncode == 1
    is_one_line(done.stderr)


def test_files_that_are_damaged(tmp_path: Path, start_server: StartServer) -> None:
    server = start_server()
    assert server.stop() == 0
    for name, commands in (("credentials", [["serve", "--listen", "127.0.0.1:0"]]), ("config", [["env"]])):
        path = server.data / name
        kept = path.read_bytes()
        path.write_bytes(b"\xff garbage")
        for command in commands:
            done = run_command(tmp_path, *command, "--data", str(server.data))
            assert done.returncode == 1
            is_one_line(done.stderr)
        path.write_bytes(kept)
    (server.data / "receipt.key").write_bytes(b"short")
    done = run_command(tmp_path, "serve", "--listen", "127.0.0.1:0", "--data", str(server.data))
    assert done.returncode == 1
    is_one_line(done.stderr)


def test_env_where_no_server_ever_ran(tmp_path: Path) -> None:
    done = run_command(tmp_path, "env")
    assert (done.returncode, done.stdout) == (1, "")
    is_one_line(done.stderr)


@pytest.mark.parametrize("arguments", [[], ["odd"], ["serve", "--odd"], ["env", "extra"]])
def test_usage(tmp_path: Path, arguments: list[str]) -> None:
    assert run_command(tmp_path, *arguments).returncode == 2


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["env", "--help"], ["--version"]])
def test_help(tmp_path: Path, arguments: list[str]) -> None:
    done = run_command(tmp_path, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "qanat" in done.stdout


def test_nothing_that_is_kept_can_be_read_by_others(server: Server) -> None:
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    for path in server.data.rglob("*"):
        if path.is_file() and path.name in ("credentials", "config", "ca.pem", "receipt.key"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_lost_key_of_the_administrator_is_replaced_at_the_next_start(start_server: StartServer) -> None:
    server = start_server()
    lost = server.administrator()
    assert server.stop() == 0
    (server.data / "credentials").unlink()
    server = start_server(directory=server.directory)
    assert server.administrator() != lost
    assert signed(server.administrator(), "ListQueues").send(server).status == 200
    assert server.stop() == 0


def test_what_was_changed_outlives_the_server(start_server: StartServer) -> None:
    server = start_server()
    clients = Clients(server)
    iam = clients.of("iam")
    iam.create_user(UserName="bob")
    made = iam.create_access_key(UserName="bob")["AccessKey"]
    document = {"Statement": {"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}}
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=json.dumps(document))
    clients.close()
    assert server.stop() == 0
    server = start_server(directory=server.directory)
    key = Key(made["AccessKeyId"], made["SecretAccessKey"])
    assert signed(key, "ListQueues").send(server).status == 200
    assert signed(key, "CreateQueue", {"QueueName": "x"}).send(server).status == 403
    assert server.stop() == 0


def test_the_interrupt_key_stops_it_as_well(start_server: StartServer) -> None:
    server = start_server()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(STOP_TIME_S) == 0
    assert server.process.stdout is not None
    server.process.stdout.close()


def test_secrets_are_not_logged(start_server: StartServer) -> None:
    server = start_server("--log-level", "debug")
    key = server.administrator()
    signed(key, "CreateQueue", {"QueueName": "x"}).send(server)
    signed(key, "SendMessage", {"QueueUrl": "x", "MessageBody": "confidential"}).send(server)
    signed(Key(key.access_key_id, "wrong-secret"), "ListQueues").send(server)
    assert server.stop() == 0
    for text in (key.secret, "confidential", "wrong-secret", "Signature="):
        assert text not in server.log


def test_idle_connections_do_not_hold_up_the_end(start_server: StartServer) -> None:
    """SDKs keep theirs open; over TLS a goodbye would wait for an answer that an idle client never gives."""
    server = start_server()
    clients = Clients(server)
    clients.of("sqs", scheme="https").list_queues()
    clients.of("sqs", scheme="http").list_queues()
    with socket.create_connection(server.address):
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(9) == 0  # before the time is over that others are given
    assert server.process.stdout is not None
    server.process.stdout.close()
    clients.close()
