"""`qanat policy explain` against a running server: why boto3 was denied, and what would become of other requests."""

import json
import stat
from collections.abc import Callable
from typing import Any

import pytest

from support.policies import allow, deny, sending_refused
from support.server import ACCOUNT, Server, run_command
from support.things import MadeQueue, MakeQueue, MakeUser

ONLY_BY_ENDPOINT = {"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}
Guard = Callable[..., MadeQueue]


def explain(server: Server, *words: str, code: int = 1) -> list[dict[str, Any]]:
    """The traces that it prints."""
    done = server.command("policy", "explain", *words, "--data", str(server.data), "--json")
    assert (done.returncode, done.stderr) == (code, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def told(server: Server, *words: str) -> str:
    """What people read of a denial, on 80 columns."""
    done = run_command(
        server.directory,
        *("policy", "explain", *words, "--data", str(server.data)),
        environment={"COLUMNS": "80"},
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    assert not any(line.endswith(" ") for line in done.stdout.splitlines())
    return " ".join(done.stdout.split())


def refused(server: Server, *words: str) -> str:
    done = server.command("policy", "explain", *words, "--data", str(server.data))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def statements(explained: dict[str, Any], layer: str) -> dict[str, dict[str, Any]]:
    """Of a layer, by Sid."""
    found = next(one for one in explained["trace"]["layers"] if one["layer"] == layer)
    return {one["sid"]: one for policy in found["policies"] for one in policy["statements"]}


def verdicts(explained: dict[str, Any]) -> dict[str, str]:
    return {one["layer"]: one["verdict"] for one in explained["trace"]["layers"]}


def ask(who: str, queue: MadeQueue, action: str = "SendMessage") -> tuple[str, ...]:
    return ("--principal", who, "--action", action, "--queue", queue.name)


def test_the_last_denial_names_statement_condition_and_value(
    server: Server, guard: Guard, make_user: MakeUser
) -> None:
    user = make_user()
    queue = guard(
        {**deny("sqs:SendMessage", Principal="*", Condition=ONLY_BY_ENDPOINT), "Sid": "OnlyByEndpoint"},
        {**allow("sqs:ReceiveMessage", Principal={"AWS": user.arn}), "Sid": "AllowReceive"},
    )
    message = sending_refused(user, queue).message
    (found,) = explain(server)
    trace = found["trace"]
    assert (trace["principal"], trace["action"], trace["resource"]) == (
        user.arn,
        "sqs:SendMessage",
        queue.arn,
    )
    assert (trace["allowed"], trace["message"]) == (False, message)
    denying = statements(found, "resource-based policy")["OnlyByEndpoint"]
    assert (denying["effect"], denying["applies"]) == ("Deny", True)
    (condition,) = denying["conditions"]
    assert (condition["operator"], condition["key"]) == ("StringNotEquals", "aws:SourceVpce")
    assert (condition["written"], condition["seen"], condition["matched"]) == (["vpce-1a2b3c4d"], None, True)
    assert not statements(found, "resource-based policy")["AllowReceive"]["applies"]
    assert "come through the VPC endpoint vpce-1a2b3c4d" in trace["advice"][0]["text"]
    text = told(server)
    for part in (
        message,
        "Denied by a resource-based policy",
        "x Deny OnlyByEndpoint: applies",
        "StringNotEquals aws:SourceVpce = vpce-1a2b3c4d holds, the request has none: only a request",
        "through a VPC endpoint has the key, and an absent key makes a negated operator true",
        "To change it 1. Statement OnlyByEndpoint of the policy of the queue",
    ):
        assert part in text


def test_denials_are_found_by_who_what_and_where(
    server: Server, make_user: MakeUser, make_queue: MakeQueue
) -> None:
    first, second = make_user(None), make_user(None)
    queue, other = make_queue(), make_queue()
    for user, one in ((first, queue), (second, queue), (first, other)):
        sending_refused(user, one)
    newest_first = [
        (one["trace"]["principal"], one["trace"]["resource"]) for one in explain(server, "--last", "3")
    ]
    assert newest_first == [(first.arn, other.arn), (second.arn, queue.arn), (first.arn, queue.arn)]
    for words, wanted in (
        (("--last", "9", "--principal", first.arn), [other.arn, queue.arn]),
        (("--principal", first.user_id), [other.arn]),
        (("--principal", first.arn, "--queue", queue.name), [queue.arn]),
        (("--principal", first.arn, "--queue", queue.url), [queue.arn]),
    ):
        assert [one["trace"]["resource"] for one in explain(server, *words)] == wanted
    assert [one["trace"]["resource"] for one in explain(server, "--last", "2", *ask(first.arn, queue))] == [
        queue.arn
    ]
    none = server.command("policy", "explain", "--queue", "no-such", "--data", str(server.data))
    assert (none.returncode, none.stdout) == (0, "")
    assert "no such request was denied" in none.stderr


def test_what_would_become_of_a_request(server: Server, guard: Guard, make_user: MakeUser) -> None:
    user = make_user(None)
    queue = guard(
        {
            **allow(
                "sqs:SendMessage",
                Principal={"AWS": user.arn},
                Condition={"Bool": {"aws:SecureTransport": True}},
            ),
            "Sid": "AllowSend",
        }
    )
    (allowed,) = explain(server, *ask(user.arn, queue), code=0)
    assert allowed["trace"]["reason"] == "allowed by a resource-based policy"
    (batch,) = explain(server, *ask(user.arn, queue, "sqs:sendmessagebatch"), code=0)
    assert batch["notes"][0].endswith("batch calls are judged as sqs:SendMessage")
    (plain,) = explain(server, *ask(user.arn, queue), "--http")
    statement = statements(plain, "resource-based policy")["AllowSend"]
    (condition,) = statement["conditions"]
    assert (statement["near"], condition["seen"], condition["matched"]) == (True, "false", False)
    assert "use HTTPS" in plain["trace"]["advice"][0]["text"]
    (unsigned,) = explain(server, *ask("anonymous", queue))
    assert unsigned["trace"]["principal"] == "anonymous"
    (service,) = explain(
        server, *ask("sns.amazonaws.com", queue), "--context", "aws:SourceAccount=" + ACCOUNT
    )
    assert service["trace"]["context"]["aws:principalservicename"] == "sns.amazonaws.com"
    (root,) = explain(server, *ask(f"arn:aws:iam::{ACCOUNT}:root", queue, "PurgeQueue"), code=0)
    assert root["trace"]["reason"] == "allowed as root of its own account"


def test_the_suggested_statement_is_enough(
    server: Server, guard: Guard, make_user: MakeUser, queue: MadeQueue
) -> None:
    user = make_user(None)
    (found,) = explain(server, *ask(user.arn, queue))
    (added,) = [one["add"] for one in found["trace"]["advice"] if one["layer"] == "resource-based policy"]
    guard(json.loads(added))
    user.sqs().send_message(QueueUrl=queue.url, MessageBody="x")
    explain(server, *ask(user.arn, queue), code=0)


def test_a_question_leaves_no_trace(server: Server, make_user: MakeUser, make_queue: MakeQueue) -> None:
    user, queue = make_user(None), make_queue()
    explain(server, *ask(user.arn, queue))
    found = server.command("policy", "explain", "--principal", user.arn, "--data", str(server.data))
    assert (found.returncode, found.stdout) == (0, "")


def test_bodies_and_keys_never_appear(server: Server, make_user: MakeUser, make_queue: MakeQueue) -> None:
    user, queue = make_user(None), make_queue()
    with pytest.raises(Exception, match="AccessDenied"):
        user.sqs().send_message(QueueUrl=queue.url, MessageBody="a-body-that-nobody-sees")
    done = server.command("policy", "explain", "--json", "--data", str(server.data))
    for secret in ("a-body-that-nobody-sees", user.key.access_key_id, user.key.secret):
        assert secret not in done.stdout + done.stderr + server.log


def test_questions_that_cannot_be_answered(server: Server, queue: MadeQueue, tmp_path: Any) -> None:
    nobody = f"arn:aws:iam::{ACCOUNT}:user/nobody"
    admin = f"arn:aws:iam::{ACCOUNT}:user/admin"
    for words, said in (
        (ask(nobody, queue), f"there is no {nobody} here"),
        (ask("arn:aws:iam::999999999999:root", queue), "there is no account 999999999999 here"),
        (ask("Ann", queue), "a principal is a user's, role's or root's ARN"),
        (ask(admin, queue, "sqs:Send Message"), "is no action such as sqs:SendMessage"),
        ((*ask(admin, queue), "--endpoint", "vpce-0"), "there is no VPC endpoint vpce-0 here"),
        ((*ask(admin, queue), "--source-ip", "here"), "here is no IP address"),
        ((*ask(admin, queue), "--context", "aws:SourceVpce=vpce-1"), "say it by those"),
        (("--http",), "--http is for a question"),
        (("--last", "0"), "a number from 1 to 100"),
    ):
        assert said in refused(server, *words)
    elsewhere = server.command("policy", "explain", "--data", str(tmp_path))
    assert (elsewhere.returncode, elsewhere.stdout) == (2, "")


def test_only_the_owner_of_the_data_may_ask(server: Server) -> None:
    assert stat.S_IMODE((server.data / "policy.sock").stat().st_mode) == 0o600


def test_a_role_that_is_not_there_trusts_nobody(server: Server, make_user: MakeUser) -> None:
    user = make_user(None)
    role = f"arn:aws:iam::{ACCOUNT}:role/no-such"
    (found,) = explain(server, "--principal", user.arn, "--action", "sts:AssumeRole", "--queue", role)
    assert found["trace"]["allowed"] is False
    assert found["notes"][-1] == f"there is no role {role}"
