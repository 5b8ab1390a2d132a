"""`qanat queue` as a person and a script meet it: tables, JSON, exit codes, and a peek that touches nothing."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.server import Server, run_command
from support.things import MadeQueue, MakeQueue


def asked(server: Server, *words: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    return run_command(server.directory, "queue", *words, "--data", str(server.data), **more)


def lines(done: "subprocess.CompletedProcess[str]") -> list[Any]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_send_and_peek(server: Server, queue: MadeQueue) -> None:
    sent = lines(asked(server, "send", queue.name, "hello", "--attribute", "kind=String:order", "--json"))
    table = asked(server, "peek", queue.name)
    assert table.returncode == 0
    assert "hello" in table.stdout
    assert "\x1b" not in table.stdout, "no colours where there is no terminal"
    (seen,) = lines(asked(server, "peek", queue.url, "--json"))
    assert (seen["MessageId"], seen["Body"], seen["State"]) == (sent[0]["MessageId"], "hello", "Visible")
    assert seen["MessageAttributes"] == {"kind": {"DataType": "String", "StringValue": "order"}}
    assert seen["Attributes"]["ApproximateReceiveCount"] == "0"


def test_a_peek_leaves_the_message_as_it_was(server: Server, admin: Any, queue: MadeQueue) -> None:
    admin.send_message(QueueUrl=queue.url, MessageBody="m")
    admin.receive_message(QueueUrl=queue.url, VisibilityTimeout=600)
    first = lines(asked(server, "peek", queue.name, "--json"))
    assert lines(asked(server, "peek", queue.name, "--json")) == first
    assert (first[0]["State"], first[0]["Attributes"]["ApproximateReceiveCount"]) == ("InFlight", "1")
    assert lines(asked(server, "peek", queue.name, "--state", "visible", "--json")) == []


def test_ls(server: Server, admin: Any, make_queue: MakeQueue) -> None:
    queue = make_queue()
    admin.send_message(QueueUrl=queue.url, MessageBody="m", DelaySeconds=900)
    (seen,) = lines(asked(server, "ls", "--prefix", queue.name, "--json"))
    assert seen["QueueName"] == queue.name
    assert seen["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"
    assert queue.name in asked(server, "ls").stdout


def test_purge_asks_first(server: Server, admin: Any, queue: MadeQueue) -> None:
    admin.send_message(QueueUrl=queue.url, MessageBody="m")
    refused = asked(server, "purge", queue.name)
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert len(lines(asked(server, "peek", queue.name, "--json"))) == 1
    assert asked(server, "purge", queue.name, "--yes").returncode == 0
    assert lines(asked(server, "peek", queue.name, "--json")) == []


def test_redrive(server: Server, admin: Any, make_queue: MakeQueue) -> None:
    grave = make_queue()
    policy = json.dumps({"deadLetterTargetArn": grave.arn, "maxReceiveCount": 1})
    source = make_queue(RedrivePolicy=policy, VisibilityTimeout="0")
    for body in ("a", "b"):
        admin.send_message(QueueUrl=source.url, MessageBody=body)
    assert len(admin.receive_message(QueueUrl=source.url, MaxNumberOfMessages=10)["Messages"]) == 2
    assert "Messages" not in admin.receive_message(QueueUrl=source.url)
    (task,) = lines(asked(server, "redrive", grave.name, "--json"))
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 2)
    back = lines(asked(server, "peek", source.name, "--json"))
    assert [message["Body"] for message in back] == ["a", "b"]
    told = asked(server, "redrive", source.name)
    assert told.returncode == 1
    assert "Dead Letter Queue" in told.stderr


@pytest.mark.parametrize("words", [("peek", "nosuch"), ("send", "nosuch", "x"), ("purge", "nosuch", "--yes")])
def test_a_queue_that_is_not_there(server: Server, words: tuple[str, ...]) -> None:
    done = asked(server, *words)
    assert done.returncode == 1
    assert done.stderr.startswith("qanat: ")
    assert done.stderr.count("\n") == 1


def test_no_server(tmp_path: Path) -> None:
    done = run_command(tmp_path, "queue", "ls", "--data", str(tmp_path / "none"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
