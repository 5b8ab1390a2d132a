"""Encryption at rest as an operator meets it: the files, a key that is gone or wrong, and `qanat key rotate`."""

import json
import shutil
import signal
import sqlite3
import stat
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from support.clients import Clients
from support.server import Server, run_command
from support.things import StartServer

BODY = "the body of a message that nobody may read"
ATTRIBUTE = "what an attribute of it says"
POLICY = {
    "Statement": {"Sid": "SecretOfAPolicy", "Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}
}
KEYS = [b64encode(bytes([number]) * 32).decode() for number in (1, 2, 3)]


def refused(done: Any) -> str:
    """The one line that says why."""
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert done.stderr.startswith("qanat: ")
    assert done.stderr.count("\n") == 1
    return str(done.stderr)


def served(directory: Path, *flags: str, environment: dict[str, str] | None = None) -> Any:
    """What becomes of a server that is not to start."""
    flags = ("serve", "--network", "loopback", "--listen", "127.0.0.1:0", *flags)
    return run_command(directory, *flags, environment=environment)


def send(server: Server, body: str = BODY) -> str:
    """The secret of an access key that was made besides."""
    clients = Clients(server)
    url = clients.of("sqs").create_queue(QueueName="jobs")["QueueUrl"]
    attributes = {"a": {"DataType": "String", "StringValue": ATTRIBUTE}}
    clients.of("sqs").send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
    iam = clients.of("iam")
    iam.create_user(UserName="bob")
    secret: str = iam.create_access_key(UserName="bob")["AccessKey"]["SecretAccessKey"]
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=json.dumps(POLICY))
    clients.close()
    return secret


def received(server: Server) -> list[str]:
    clients = Clients(server)
    sqs = clients.of("sqs")
    url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
    clients.close()
    return [message["Body"] for message in found]


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """The directory of a server that was stopped, with a message in its queue."""
    server = Server.start(tmp_path)
    send(server)
    assert server.stop() == 0
    return tmp_path


def starts(directory: Path, *flags: str, environment: dict[str, str] | None = None) -> list[str]:
    """What the queue holds when a server starts there."""
    server = Server.start(directory, *flags, environment=environment)
    found = received(server)
    assert server.stop() == 0
    return found


def test_nothing_of_a_message_or_a_key_is_in_the_files(tmp_path: Path) -> None:
    server = Server.start(tmp_path)
    secret = send(server)
    running = contents(server.data)
    assert len(running["queues-0.sqlite-wal"]) > 0
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    assert server.process.stdout is not None
    server.process.stdout.close()
    killed = contents(server.data)
    server = Server.start(tmp_path)
    assert received(server) == [BODY]
    administrator = server.administrator()
    assert server.stop() == 0
    stopped = contents(server.data)
    # What a management call said is in the audit log too, but for secrets.
    told = ("SecretOfAPolicy", "jobs", "bob")
    words = (BODY, ATTRIBUTE, secret, administrator.secret, *told)
    for files in (running, killed, stopped):
        assert {"control.sqlite", "queues-0.sqlite", "master.key"} <= files.keys()
        for name, content in files.items():
            for word in words:
                # What AWS SDKs read, and no other file, holds the administrator's key.
                allowed = (name, word) == ("credentials", administrator.secret)
                allowed = allowed or (name == "audit.jsonl" and word in told)
                assert allowed or word.encode() not in content, (name, word)
    assert stat.S_IMODE((server.data / "master.key").stat().st_mode) == 0o600


def test_without_its_key_a_server_does_not_start_and_makes_none(stopped: Path) -> None:
    key = stopped / "data" / "master.key"
    kept = key.read_bytes()
    key.unlink()
    said = refused(served(stopped, "--data", "data"))
    assert f"{key} is not there" in said
    assert "cannot be read without it" in said
    assert not key.exists()
    refused(run_command(stopped, "key", "rotate", "--data", "data"))
    assert not key.exists()
    key.write_bytes(kept)
    key.chmod(0o600)
    assert starts(stopped) == [BODY]


def test_with_another_key_it_does_not_start_and_says_whose_is_needed(stopped: Path) -> None:
    key = stopped / "data" / "master.key"
    kept = key.read_text()
    for flags, environment in (([], {"QANAT_MASTER_KEY": KEYS[0]}), (["--master-key-file", "other"], {})):
        (stopped / "other").write_text(KEYS[0])
        (stopped / "other").chmod(0o600)
        said = refused(served(stopped, "--data", "data", *flags, environment=environment))
        assert "control.sqlite cannot be read with the master key of" in said
        assert KEYS[0] not in said
    assert key.read_text() == kept
    assert starts(stopped) == [BODY]


def test_a_damaged_frame_is_told_apart_from_a_wrong_key(stopped: Path) -> None:
    path = stopped / "data" / "queues-0.sqlite"
    content = bytearray(path.read_bytes())
    at = content.rindex(b"QF\x02")
    content[at + 40] ^= 1
    path.write_bytes(bytes(content))
    said = refused(served(stopped, "--data", "data"))
    assert "of the log" in said
    assert "is damaged" in said
    assert "master key" not in said


def test_a_key_that_is_open_to_others_is_refused(stopped: Path) -> None:
    (stopped / "data" / "master.key").chmod(0o640)
    said = refused(served(stopped, "--data", "data"))
    assert "mode 0640" in said
    assert "chmod 600" in said


def test_an_old_log_that_was_not_encrypted_is_refused(stopped: Path) -> None:
    path = stopped / "data" / "control.sqlite"
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE log (position INTEGER PRIMARY KEY, frame BLOB NOT NULL)")
    connection.close()
    assert "was written before logs were encrypted" in refused(served(stopped, "--data", "data"))


def test_the_key_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    server = Server.start(tmp_path, "--master-key-file", "disk/key")
    send(server)
    assert server.stop() == 0
    assert not (tmp_path / "data" / "master.key").exists()
    done = run_command(tmp_path, "key", "rotate", "--data", "data", "--master-key-file", "disk/key", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["master_key"] == str(tmp_path / "disk" / "key")
    shutil.move(tmp_path / "disk" / "key", tmp_path / "disk" / "moved")
    assert "disk/key is not there" in refused(
        served(tmp_path, "--data", "data", "--master-key-file", "disk/key")
    )
    assert not (tmp_path / "disk" / "key").exists()
    assert starts(tmp_path, environment={"QANAT_MASTER_KEY_FILE": "disk/moved"}) == [BODY]


# -- the key in the environment ---------------------------------------------------------------------------------


def test_a_key_in_the_environment_is_used_and_shown_nowhere(tmp_path: Path) -> None:
    environment = {"QANAT_MASTER_KEY": KEYS[0]}
    server = Server.start(tmp_path, "--log-level", "debug", environment=environment)
    send(server)
    assert server.stop() == 0
    assert not (tmp_path / "data" / "master.key").exists()
    assert KEYS[0] not in server.log
    for name, content in contents(tmp_path).items():
        assert KEYS[0].encode() not in content, name
        assert bytes([1]) * 32 not in content, name
    assert "master.key is not there" in refused(served(tmp_path, "--data", "data"))
    assert starts(tmp_path, environment=environment) == [BODY]


def test_rotation_with_keys_in_the_environment(tmp_path: Path) -> None:
    server = Server.start(tmp_path, environment={"QANAT_MASTER_KEY": KEYS[0]})
    send(server)
    assert server.stop() == 0
    both = {"QANAT_MASTER_KEY": KEYS[0], "QANAT_NEW_MASTER_KEY": KEYS[1]}
    for environment in ({"QANAT_MASTER_KEY": KEYS[0]}, {"QANAT_NEW_MASTER_KEY": KEYS[1]}):
        assert "give both" in refused(
            run_command(tmp_path, "key", "rotate", "--data", "data", environment=environment)
        )
    for _ in range(2):  # once more does no harm, should it have been cut off
        done = run_command(tmp_path, "key", "rotate", "--data", "data", environment=both)
        assert done.returncode == 0, done.stderr
        assert not any(key in done.stdout + done.stderr for key in KEYS)
    said = refused(served(tmp_path, "--data", "data", environment={"QANAT_MASTER_KEY": KEYS[0]}))
    assert "cannot be read with the master key of QANAT_MASTER_KEY" in said
    assert starts(tmp_path, environment={"QANAT_MASTER_KEY": KEYS[1]}) == [BODY]


@pytest.mark.parametrize("text", ["", "secret-but-no-key", KEYS[0][:-4], KEYS[0] * 2])
def test_a_key_in_the_environment_that_is_none(tmp_path: Path, text: str) -> None:
    for arguments in (["serve"], ["key", "rotate"]):
        done = run_command(tmp_path, *arguments, environment={"QANAT_MASTER_KEY": text})
        assert "QANAT_MASTER_KEY is not base64 of 32 bytes" in refused(done)
        assert not text or text not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_and_a_variable_are_one_too_many(tmp_path: Path) -> None:
    done = served(tmp_path, "--master-key-file", "k", environment={"QANAT_MASTER_KEY": KEYS[0]})
    assert done.returncode == 2
    assert "both given" in done.stderr
    assert KEYS[0] not in done.stderr


# -- qanat key rotate -------------------------------------------------------------------------------------------


def test_rotation_changes_the_key_and_nothing_else(stopped: Path) -> None:
    key = stopped / "data" / "master.key"
    old = key.read_text()
    done = run_command(stopped, "key", "rotate", "--data", "data", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert said["master_key"] == str(key)
    assert said["data_keys"] == {"control": 1, "queues-0": 1}
    assert said["old_id"] != said["new_id"]
    assert key.read_text() != old
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    done = run_command(stopped, "key", "rotate", "--data", "data")
    assert done.returncode == 0
    assert "Back it up" in done.stdout
    for secret in (old, key.read_text()):
        assert secret.strip() not in done.stdout
    (stopped / "old").write_text(old)
    (stopped / "old").chmod(0o600)
    assert "written under another" in refused(served(stopped, "--data", "data", "--master-key-file", "old"))
    assert starts(stopped) == [BODY]


def test_rotation_needs_the_server_stopped(start_server: StartServer) -> None:
    server = start_server()
    send(server)
    said = refused(run_command(server.directory, "key", "rotate", "--data", str(server.data)))
    assert "stop it first" in said
    assert received(server) == [BODY]
    assert server.stop() == 0
    assert starts(server.directory) == [BODY]


def test_rotation_where_no_server_ran(tmp_path: Path) -> None:
    assert "no server has run with" in refused(run_command(tmp_path, "key", "rotate"))
    assert list(tmp_path.iterdir()) == []


def test_rotation_that_cannot_write_a_new_key_changes_nothing(stopped: Path) -> None:
    (stopped / "data" / "master.key.new").mkdir()
    assert "master.key.new" in refused(run_command(stopped, "key", "rotate", "--data", "data"))
    assert starts(stopped) == [BODY]


@pytest.mark.parametrize("arguments", [["key"], ["key", "odd"], ["key", "rotate", "--odd"]])
def test_usage(tmp_path: Path, arguments: list[str]) -> None:
    assert run_command(tmp_path, *arguments).returncode == 2


def test_help(tmp_path: Path) -> None:
    done = run_command(tmp_path, "key", "rotate", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "QANAT_NEW_MASTER_KEY" in done.stdout
