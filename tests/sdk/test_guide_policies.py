"""The policies of AWS's guides that people copy most, through boto3, with real users, groups, roles and sessions.

SQS Developer Guide: sqs-basic-examples-of-iam-policies, sqs-creating-custom-policies-access-policy-examples,
sqs-abac-creating-queues, sqs-configure-dead-letter-queue-redrive, sqs-least-privilege-policy. IAM User Guide:
reference_policies_variables, id_credentials_temp_control-access_getfederationtoken.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from support.clients import Clients, refusal
from support.policies import (
    DENIED_BY_QUEUE,
    NO_IDENTITY,
    ROOT,
    allow,
    denied,
    deny,
    policy,
    send,
    sending_refused,
)
from support.server import ACCOUNT, REGION, Key
from support.things import MadeQueue, MakeQueue, MakeUser

TAG = "${aws:PrincipalTag/environment}"


def key_of(answer: dict[str, Any]) -> Key:
    given = answer["Credentials"]
    return Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def test_every_action_on_queues_with_a_prefix(make_user: MakeUser, name: str) -> None:
    sqs = make_user(policy(allow("sqs:*", f"arn:aws:sqs:*:{ACCOUNT}:{name}_alice_queue_*"))).sqs()
    url = sqs.create_queue(QueueName=f"{name}_alice_queue_1")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    sqs.delete_queue(QueueUrl=url)
    assert refusal(sqs.create_queue, QueueName=f"{name}_bob_queue_1").code == "AccessDenied"
    assert refusal(sqs.list_queues).code == "AccessDenied"


def test_one_group_policy_gives_each_user_the_queue_of_its_name(
    iam: Any, make_user: MakeUser, name: str
) -> None:
    iam.create_group(GroupName=name)
    own = policy(
        {"Sid": "ListForConsole", **allow("sqs:ListQueues", "*")},
        {"Sid": "AllQueueActions", **allow("sqs:*", f"arn:aws:sqs:{REGION}:*:${{aws:username}}-queue")},
    )
    iam.put_group_policy(GroupName=name, PolicyName="own", PolicyDocument=own)
    users = [make_user(), make_user()]
    for user in users:
        iam.add_user_to_group(GroupName=name, UserName=user.name)
    for user, other in (users, users[::-1]):
        sqs = user.sqs()
        url = sqs.create_queue(QueueName=f"{user.name}-queue")["QueueUrl"]
        assert url in sqs.list_queues()["QueueUrls"]
        assert refusal(sqs.create_queue, QueueName=f"{other.name}-queue").code == "AccessDenied"
        sqs.delete_queue(QueueUrl=url)


def test_tags_of_the_user_and_of_the_queue(
    iam: Any, admin: Any, make_user: MakeUser, make_queue: MakeQueue, name: str
) -> None:
    user = make_user(
        policy(
            allow(
                ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"],
                Condition={"StringEquals": {"aws:ResourceTag/environment": TAG}},
            ),
            allow(
                ["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:tagqueue"],
                Condition={"StringEquals": {"aws:RequestTag/environment": TAG}},
            ),
            deny("sqs:*", Condition={"StringEquals": {"aws:ResourceTag/stage": "prod"}}),
        )
    )
    iam.tag_user(UserName=user.name, Tags=[{"Key": "environment", "Value": "beta"}])
    sqs = user.sqs()
    assert refusal(sqs.create_queue, QueueName=name).code == "AccessDenied"
    assert refusal(sqs.create_queue, QueueName=name, tags={"environment": "prod"}).code == "AccessDenied"
    url = sqs.create_queue(QueueName=name, tags={"environment": "beta"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    other = make_queue()
    admin.tag_queue(QueueUrl=other.url, Tags={"environment": "gamma"})
    assert sending_refused(user, other) == denied(user.arn, other, NO_IDENTITY)
    admin.tag_queue(QueueUrl=url, Tags={"stage": "prod"})
    assert refusal(sqs.send_message, QueueUrl=url, MessageBody="m").message.endswith(
        "with an explicit deny in an identity-based policy"
    )
    admin.delete_queue(QueueUrl=url)


def test_nothing_but_through_the_endpoint(
    guard: Callable[..., MadeQueue], admin: Any, make_user: MakeUser, queue: MadeQueue
) -> None:
    both = ["sqs:SendMessage", "sqs:ReceiveMessage"]
    elsewhere = {"StringNotEquals": {"aws:sourceVpce": "vpce-1a2b3c4d"}}
    guard(
        allow(both, queue.arn, Principal={"AWS": [ACCOUNT]}),
        deny(both, queue.arn, Principal="*", Condition=elsewhere),
    )
    user = make_user(policy(allow("sqs:*")))
    assert sending_refused(user, queue) == denied(user.arn, queue, DENIED_BY_QUEUE)
    assert user.sqs().get_queue_attributes(QueueUrl=queue.url, AttributeNames=["Policy"])["Attributes"]
    # What is not denied stays as it was: the policy can be taken off again from here.
    admin.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": ""})
    send(user, queue)


def test_redrive_with_tags_at_both_ends(admin: Any, make_user: MakeUser, make_queue: MakeQueue) -> None:
    grave, destination = make_queue(), make_queue()
    of_tasks = ["sqs:StartMessageMoveTask", "sqs:CancelMessageMoveTask", "sqs:ListMessageMoveTasks"]
    of_messages = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    source, target = (
        {"StringEquals": {"aws:ResourceTag/QueueRole": role}} for role in ("source", "destination")
    )
    user = make_user(
        policy(
            allow([*of_tasks, *of_messages, "sqs:ListDeadLetterSourceQueues"], grave.arn, Condition=source),
            allow("sqs:SendMessage", destination.arn, Condition=target),
        )
    )
    redrive = json.dumps({"deadLetterTargetArn": grave.arn, "maxReceiveCount": 1})
    admin.set_queue_attributes(QueueUrl=destination.url, Attributes={"RedrivePolicy": redrive})
    admin.send_message(QueueUrl=grave.url, MessageBody="dead")
    asked = {"SourceArn": grave.arn, "DestinationArn": destination.arn}
    start = user.sqs().start_message_move_task
    assert "sqs:startmessagemovetask" in refusal(start, **asked).message
    admin.tag_queue(QueueUrl=grave.url, Tags={"QueueRole": "source"})
    assert "sqs:sendmessage" in refusal(start, **asked).message
    admin.tag_queue(QueueUrl=destination.url, Tags={"QueueRole": "destination"})
    start(**asked)
    moved = admin.receive_message(QueueUrl=destination.url, WaitTimeSeconds=5)["Messages"]
    assert [message["Body"] for message in moved] == ["dead"]


@pytest.fixture
def consumer(iam: Any, name: str) -> str:
    """The ARN of a role without policies that the account may assume."""
    trust = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ROOT}})
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    return arn


def test_one_role_receives_and_nobody_else(
    guard: Callable[..., MadeQueue],
    consumer: str,
    make_user: MakeUser,
    clients: Clients,
    queue: MadeQueue,
    admin: Any,
) -> None:
    receiving = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
    guard(
        allow([*receiving, "sqs:GetQueueAttributes"], queue.arn, Principal={"AWS": consumer}),
        deny(
            receiving,
            queue.arn,
            Principal={"AWS": "*"},
            Condition={"StringNotLike": {"aws:PrincipalARN": consumer}},
        ),
        deny(
            ["sqs:ReceiveMessage", "sqs:SendMessage"],
            queue.arn,
            Principal={"AWS": "*"},
            Condition={"Bool": {"aws:SecureTransport": "false"}},
        ),
    )
    user = make_user(policy(allow("sqs:*"), allow("sts:AssumeRole", consumer)))
    send(user, queue)
    assert refusal(user.sqs().receive_message, QueueUrl=queue.url).message.endswith(DENIED_BY_QUEUE)
    assert refusal(admin.receive_message, QueueUrl=queue.url).message.endswith(DENIED_BY_QUEUE)
    assert sending_refused(user, queue, "http") == denied(user.arn, queue, DENIED_BY_QUEUE)
    session = key_of(user.of("sts").assume_role(RoleArn=consumer, RoleSessionName="work"))
    sqs = clients.of("sqs", session)
    (message,) = sqs.receive_message(QueueUrl=queue.url)["Messages"]
    sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
    assert refusal(sqs.send_message, QueueUrl=queue.url, MessageBody="m").code == "AccessDenied"


def test_a_federated_user_that_the_queue_names(
    guard: Callable[..., MadeQueue], make_user: MakeUser, clients: Clients, queue: MadeQueue
) -> None:
    app = make_user(policy(allow("sts:GetFederationToken"), allow("sqs:ReceiveMessage")))
    carol = f"arn:aws:sts::{ACCOUNT}:federated-user/Carol"
    guard(allow("sqs:SendMessage", queue.arn, Principal={"AWS": carol}))

    def sqs(name: str, **more: str) -> Any:
        return clients.of("sqs", key_of(app.of("sts").get_federation_token(Name=name, **more)))

    # Without a session policy: nothing of the user's, only what the queue's policy grants by name.
    sqs("Carol").send_message(QueueUrl=queue.url, MessageBody="m")
    assert refusal(sqs("Carol").receive_message, QueueUrl=queue.url).code == "AccessDenied"
    assert refusal(sqs("Dora").send_message, QueueUrl=queue.url, MessageBody="m").code == "AccessDenied"
    # With one: what both allow.
    passed = policy(allow(["sqs:ReceiveMessage", "sqs:PurgeQueue"], queue.arn))
    assert sqs("Dora", Policy=passed).receive_message(QueueUrl=queue.url)["Messages"]
    assert refusal(sqs("Dora", Policy=passed).purge_queue, QueueUrl=queue.url).code == "AccessDenied"
