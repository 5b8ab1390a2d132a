"""Message move tasks by boto3 (DG sqs-configure-dead-letter-queue-redrive): whose leave they need, and when it ends."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.clients import Clients
from support.policies import allow, policy
from support.programs import wait_for
from support.things import MadeQueue, MakeQueue, MakeUser

NEEDED = ["sqs:StartMessageMoveTask", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]


def with_dead_letters(admin: Any, make_queue: MakeQueue, count: int) -> tuple[MadeQueue, MadeQueue]:
    """(source, dead-letter queue with so many messages)."""
    grave = make_queue()
    redrive = json.dumps({"deadLetterTargetArn": grave.arn, "maxReceiveCount": 1})
    source = make_queue(RedrivePolicy=redrive, VisibilityTimeout="0")
    for number in range(count):
        admin.send_message(QueueUrl=source.url, MessageBody=str(number))
    received = 0
    while received < count:
        answer = admin.receive_message(QueueUrl=source.url, MaxNumberOfMessages=10)
        received += len(answer.get("Messages", []))
    assert "Messages" not in admin.receive_message(QueueUrl=source.url)
    return source, grave


def ended(admin: Any, grave: MadeQueue) -> dict[str, Any]:
    def newest() -> dict[str, Any]:
        task: dict[str, Any] = admin.list_message_move_tasks(SourceArn=grave.arn)["Results"][0]
        return task

    wait_for(lambda: newest()["Status"] not in ("RUNNING", "CANCELLING"), 60, newest)
    return newest()


@pytest.mark.parametrize("missing", [*NEEDED, "sqs:SendMessage"])
def test_starting_needs_leave_for_all_that_it_does(
    admin: Any, clients: Clients, make_queue: MakeQueue, make_user: MakeUser, missing: str
) -> None:
    _, grave = with_dead_letters(admin, make_queue, 1)
    actions = [action for action in (*NEEDED, "sqs:SendMessage") if action != missing]
    user = make_user(policy(allow(actions, "*")))
    with pytest.raises(ClientError, match=missing.lower()):
        user.sqs().start_message_move_task(SourceArn=grave.arn)


def test_leave_that_ends_midway_ends_the_task(admin: Any, make_queue: MakeQueue, make_user: MakeUser) -> None:
    source, grave = with_dead_letters(admin, make_queue, 20)
    user = make_user(policy(allow([*NEEDED, "sqs:SendMessage"], "*")))
    user.sqs().start_message_move_task(SourceArn=grave.arn, MaxNumberOfMessagesPerSecond=1)
    denied = {"Effect": "Deny", "Principal": {"AWS": user.arn}, "Action": "sqs:SendMessage", "Resource": "*"}
    admin.set_queue_attributes(QueueUrl=source.url, Attributes={"Policy": policy(denied)})
    task = ended(admin, grave)
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "AccessDenied")
    assert task["ApproximateNumberOfMessagesMoved"] < 20


def test_a_policy_may_tell_a_redrive_from_a_direct_call(
    admin: Any, make_queue: MakeQueue, make_user: MakeUser
) -> None:
    """The execution goes by SQS on the starter's behalf: `aws:CalledViaLast` is there, and only there."""
    source, grave = with_dead_letters(admin, make_queue, 3)
    user = make_user(policy(allow([*NEEDED, "sqs:SendMessage"], "*")))
    via_sqs = {
        "Effect": "Deny",
        "Principal": {"AWS": user.arn},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:CalledViaLast": "sqs.amazonaws.com"}},
    }
    admin.set_queue_attributes(QueueUrl=source.url, Attributes={"Policy": policy(via_sqs)})
    user.sqs().send_message(QueueUrl=source.url, MessageBody="directly")
    user.sqs().start_message_move_task(SourceArn=grave.arn)
    task = ended(admin, grave)
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "AccessDenied")
    assert task["ApproximateNumberOfMessagesMoved"] == 0
