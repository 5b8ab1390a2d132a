"""`qanat queue` where things are odd: no leave, no messages, a poor terminal, a reader that leaves, an interrupt."""

import json
import signal
import subprocess
import sys
from typing import Any

import pytest

from support.policies import allow, policy
from support.programs import wait_for
from support.server import ACCOUNT, REGION, START_TIME_S, Server, clean_environment, run_command
from support.signing import sqs as signed
from support.things import MadeQueue, MakeQueue, MakeUser


def asked(server: Server, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return run_command(server.directory, "queue", *words, "--data", str(server.data), environment=environment)


def begun(server: Server, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "qanat.cli.main", "queue", *words, "--data", str(server.data)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=server.directory,
        env=clean_environment(server.directory),
    )


@pytest.fixture
def graves(admin: Any, make_queue: MakeQueue) -> tuple[MadeQueue, MadeQueue]:
    """(source, its dead-letter queue with thirty messages)."""
    grave = make_queue()
    source = make_queue(RedrivePolicy=json.dumps({"deadLetterTargetArn": grave.arn, "maxReceiveCount": 1}))
    for _ in range(3):
        entries = [{"Id": str(number), "MessageBody": "m"} for number in range(10)]
        admin.send_message_batch(QueueUrl=grave.url, Entries=entries)
    return source, grave


def test_who_has_no_leave(server: Server, make_user: MakeUser, queue: MadeQueue) -> None:
    user = make_user(policy(allow("sqs:*")))
    done = asked(server, "peek", queue.name, "--user", user.name)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"qanat: User: {user.arn} is not authorized to perform: qanat:PeekMessages on resource: {queue.arn} "
        "because no identity-based policy allows the qanat:PeekMessages action\n"
    )


def test_queues_whose_attributes_may_not_be_read_are_listed_all_the_same(
    server: Server, make_user: MakeUser, queue: MadeQueue
) -> None:
    user = make_user(policy(allow("sqs:ListQueues")))
    done = asked(server, "ls", "--prefix", queue.name, "--user", user.name)
    assert done.returncode == 0
    assert done.stdout.splitlines()[1].split() == [queue.name, "standard", "?", "?", "?"]


def test_an_empty_queue(server: Server, queue: MadeQueue) -> None:
    done = asked(server, "peek", queue.name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"{queue.name} is empty\n")
    done = asked(server, "peek", queue.arn, "--json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_more_than_one_page(server: Server, admin: Any, queue: MadeQueue) -> None:
    for start in range(0, 120, 10):
        entries = [{"Id": str(number), "MessageBody": f"m{number}"} for number in range(start, start + 10)]
        admin.send_message_batch(QueueUrl=queue.url, Entries=entries)
    done = asked(server, "peek", queue.name, "--all", "--json")
    assert [json.loads(line)["Body"] for line in done.stdout.splitlines()] == [f"m{n}" for n in range(120)]
    done = asked(server, "peek", queue.name, "--all")
    assert (len(done.stdout.splitlines()), done.stderr) == (121, "")
    done = asked(server, "peek", queue.name, "--max", "105")
    assert len(done.stdout.splitlines()) == 106
    assert done.stderr.startswith("105 shown")


def test_a_terminal_without_unicode(server: Server, admin: Any, queue: MadeQueue) -> None:
    admin.send_message(QueueUrl=queue.url, MessageBody="né\u202e" * 40)
    done = asked(server, "peek", queue.name, "--body-width", "12", PYTHONIOENCODING="ascii", COLUMNS="70")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert done.stdout.splitlines()[1].endswith(r"n\xe9\u20...")


def test_a_reader_that_has_enough(server: Server, admin: Any, queue: MadeQueue) -> None:
    body = "x" * 200_000
    for _ in range(3):
        admin.send_message(QueueUrl=queue.url, MessageBody=body)
    process = begun(server, "peek", queue.name, "--all", "--json")
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait(START_TIME_S) == 141


def test_bodies_that_are_sent_as_they_are(server: Server, admin: Any, queue: MadeQueue) -> None:
    command = [sys.executable, "-m", "qanat.cli.main", "queue", "send", queue.name, "-", "--json"]
    command += ["--data", str(server.data)]
    for raw, code in ((" né\n\n".encode(), 0), (b"\xff", 1), (b"", 1)):
        done = subprocess.run(
            command,
            input=raw,
            capture_output=True,
            env=clean_environment(server.directory),
            timeout=START_TIME_S,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert done.stderr.count(b"\n") == code
    (seen,) = asked(server, "peek", queue.name, "--json").stdout.splitlines()
    assert json.loads(seen)["Body"] == " né\n\n"


def test_an_interrupt_leaves_the_move_running(server: Server, graves: tuple[MadeQueue, MadeQueue]) -> None:
    source, grave = graves
    process = begun(server, "redrive", grave.name, "--to", source.name, "--rate", "1")
    wait_for(lambda: "TaskHandle" in str(_tasks(server, grave)), START_TIME_S)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=START_TIME_S)
    assert process.returncode == 130
    assert f"qanat queue redrive {grave.name} --cancel --data {server.data}" in said
    assert _tasks(server, grave)[0]["Status"] == "RUNNING"
    done = asked(server, "redrive", grave.name, "--cancel")
    assert (done.returncode, done.stdout.partition(";")[0]) == (0, "cancelled")


def test_a_move_that_fails(
    server: Server, make_user: MakeUser, iam: Any, graves: tuple[MadeQueue, MadeQueue]
) -> None:
    """Who started it loses the leave to send while it runs. (What was sent straight to it has no way back but --to.)"""
    source, grave = graves
    user = make_user(policy(allow("sqs:*")))
    process = begun(server, "redrive", grave.name, "--to", source.arn, "--rate", "1", "--user", user.name)
    wait_for(lambda: _tasks(server, grave) != [], START_TIME_S)
    others = policy(allow(["sqs:ListMessageMoveTasks", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]))
    iam.put_user_policy(UserName=user.name, PolicyName="only", PolicyDocument=others)
    _, said = process.communicate(timeout=START_TIME_S)
    assert process.returncode == 1
    assert "qanat: the move failed: AccessDenied; " in said


def test_the_command_says_what_it_can(server: Server) -> None:
    for action in ("ls", "peek", "send", "purge", "redrive"):
        done = asked(server, action, "--help")
        assert done.returncode == 0
        assert f"examples:\n  qanat queue {action}" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("odd",),
        ("peek",),
        ("peek", "q", "--max", "0"),
        ("send", "q", "x", "--attribute", "a=b"),
        ("redrive",),
    ],
)
def test_usage(server: Server, words: tuple[str, ...]) -> None:
    done = asked(server, *words)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_another_account(start_server: Any) -> None:
    server = start_server()
    run_command(server.directory, "account", "create", "210987654321", "--data", str(server.data))
    done = asked(server, "ls", "--account", "210987654321")
    assert (done.returncode, done.stderr) == (0, f"there are no queues in {REGION}\n")
    done = asked(server, "peek", f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", "--account", "210987654321")
    assert (done.returncode, "is not authorized" in done.stderr) == (1, True)
    assert server.stop() == 0


def _tasks(server: Server, grave: MadeQueue) -> list[dict[str, Any]]:
    answer = signed(server.administrator(), "ListMessageMoveTasks", {"SourceArn": grave.arn}).send(server)
    found: list[dict[str, Any]] = json.loads(answer.body).get("Results", [])
    return found
