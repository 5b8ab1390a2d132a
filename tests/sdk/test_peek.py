"""PeekMessages: who may, and that nothing at all comes of it."""

import json
from hashlib import sha256
from typing import Any

import pytest

from support.policies import DENIED_BY_QUEUE, allow, deny, policy
from support.raw import Answer
from support.server import ACCOUNT, REGION, Key, Server
from support.signing import sqs as signed
from support.things import MadeQueue, MakeQueue, MakeUser


def peek(server: Server, key: Key, queue: str, **parameters: Any) -> Answer:
    given = {"QueueUrl": queue, **parameters}
    return signed(key, "PeekMessages", given, headers={"X-Amz-Target": "Qanat.PeekMessages"}).send(server)


def seen(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = json.loads(answer.body).get("Messages", [])
    return found


def message_of(answer: Answer) -> str:
    assert answer.status == 403, answer.body
    return str(json.loads(answer.body)["Message"])


def log_of(server: Server) -> list[tuple[str, int, str]]:
    """The log to the byte: no frame can be written without a change here."""
    files = sorted(server.data.glob("*.sqlite*"))
    return [(path.name, path.stat().st_size, sha256(path.read_bytes()).hexdigest()) for path in files]


def test_what_a_peek_shows(server: Server, admin: Any, queue: MadeQueue) -> None:
    attributes = {"kind": {"DataType": "String", "StringValue": "x"}}
    admin.send_message(QueueUrl=queue.url, MessageBody="first", MessageAttributes=attributes)
    admin.send_message(QueueUrl=queue.url, MessageBody="later", DelaySeconds=60)
    (received,) = admin.receive_message(QueueUrl=queue.url)["Messages"]
    first, later = seen(peek(server, server.administrator(), queue.url))
    assert (first["Body"], first["State"], first["MessageId"]) == (
        "first",
        "InFlight",
        received["MessageId"],
    )
    assert first["Attributes"]["ApproximateReceiveCount"] == "1"
    assert first["MessageAttributes"] == attributes
    assert (later["Body"], later["State"]) == ("later", "Delayed")
    assert "ReceiptHandle" not in first


def test_nothing_comes_of_it(start_server: Any) -> None:
    """On a server of its own: receive counts, times and the log stay as they were."""
    server = start_server()
    key = server.administrator()
    signed(key, "CreateQueue", {"QueueName": "q", "Attributes": {"MessageRetentionPeriod": "60"}}).send(
        server
    )
    for body in ("a", "b"):
        signed(key, "SendMessage", {"QueueUrl": "q", "MessageBody": body}).send(server)
    signed(key, "ReceiveMessage", {"QueueUrl": "q"}).send(server)
    before, log = seen(peek(server, key, "q")), log_of(server)
    assert [(message["State"], message["Attributes"]["ApproximateReceiveCount"]) for message in before] == [
        ("InFlight", "1"),
        ("Visible", "0"),
    ]
    for _ in range(20):
        assert seen(peek(server, key, "q")) == before
    assert log_of(server) == log
    assert server.stop() == 0


def test_pages_and_filters(server: Server, admin: Any, queue: MadeQueue) -> None:
    entries = [{"Id": str(number), "MessageBody": str(number)} for number in range(5)]
    admin.send_message_batch(QueueUrl=queue.url, Entries=entries)
    key = server.administrator()
    found: list[str] = []
    token: dict[str, Any] = {}
    for _ in range(3):
        answer = peek(server, key, queue.name, MaxNumberOfMessages=2, **token)
        found += [message["Body"] for message in seen(answer)]
        token = {"NextToken": json.loads(answer.body).get("NextToken")}
    assert (found, token) == (["0", "1", "2", "3", "4"], {"NextToken": None})
    wanted = seen(peek(server, key, queue.name))[3]["MessageId"]
    assert [m["Body"] for m in seen(peek(server, key, queue.name, MessageId=wanted))] == ["3"]
    assert seen(peek(server, key, queue.name, States=["InFlight", "Delayed"])) == []
    assert peek(server, key, queue.name, MaxNumberOfMessages=101).status == 400


def test_a_queue_that_is_not_there(server: Server) -> None:
    answer = peek(server, server.administrator(), "no-such-queue")
    assert (answer.status, json.loads(answer.body)["__type"]) == (400, "com.amazonaws.sqs#QueueDoesNotExist")


def test_both_permissions_are_needed(server: Server, make_user: MakeUser, queue: MadeQueue) -> None:
    for action, missing in (
        ("sqs:*", "qanat:PeekMessages"),
        ("qanat:*", "sqs:receivemessage"),
    ):
        user = make_user(policy(allow(action)))
        assert message_of(peek(server, user.key, queue.url)) == (
            f"User: {user.arn} is not authorized to perform: {missing} on resource: {queue.arn} "
            f"because no identity-based policy allows the {missing} action"
        )
    user = make_user(policy(allow(["qanat:PeekMessages", "sqs:ReceiveMessage"], queue.arn)))
    assert seen(peek(server, user.key, queue.url)) == []


@pytest.mark.parametrize("action", ["qanat:PeekMessages", "sqs:ReceiveMessage", "sqs:Receive*"])
def test_a_queue_policy_that_denies_either_wins(server: Server, guard: Any, action: str) -> None:
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:*"
    queue = guard(deny(action, arn, Principal="*"))
    assert message_of(peek(server, server.administrator(), queue.url)).endswith(DENIED_BY_QUEUE)


def test_a_queue_policy_may_allow_it_within_the_account(
    server: Server, make_user: MakeUser, guard: Any
) -> None:
    user = make_user()
    queue = guard(
        allow(["qanat:PeekMessages", "sqs:ReceiveMessage"], "*", Principal={"AWS": user.arn}),
    )
    assert seen(peek(server, user.key, queue.url)) == []


def unsigned(headers: dict[str, str]) -> None:
    del headers["Authorization"]


def test_nobody_without_a_name_peeks(server: Server, guard: Any, make_queue: MakeQueue) -> None:
    """Anonymous callers are of no account, and the permission cannot be given to other accounts."""
    queue = guard(allow("*", "*", Principal="*"))
    user_less = signed(server.administrator(), "PeekMessages", {"QueueUrl": queue.url})
    user_less.headers["X-Amz-Target"] = "Qanat.PeekMessages"
    user_less.after = unsigned
    assert "anonymous" in message_of(user_less.send(server))
