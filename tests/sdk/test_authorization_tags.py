"""aws:RequestTag, aws:TagKeys and aws:ResourceTag (service authorization reference of SQS), by boto3."""

import json
from typing import Any

import pytest

from support.clients import refusal
from support.policies import allow, deny, policy, send, sending_refused
from support.things import MadeQueue, MakeQueue, MakeUser


def test_who_may_make_queues_of_a_team_only(make_user: MakeUser, name: str) -> None:
    team = {"StringEquals": {"aws:RequestTag/Team": "red"}}
    sqs = make_user(policy(allow(["sqs:CreateQueue", "sqs:TagQueue"], Condition=team))).sqs()
    tags: dict[str, str]
    for tags in ({}, {"team": "blue"}, {"team": "red", "TEAM": "red"}):
        assert refusal(sqs.create_queue, QueueName=name, tags=tags)[:2] == (403, "AccessDenied")
    assert sqs.create_queue(QueueName=name, tags={"team": "red"})["QueueUrl"]


def test_another_spelling_hides_no_tag_from_a_deny(admin: Any, make_user: MakeUser, name: str) -> None:
    prod = {"StringEquals": {"aws:RequestTag/env": "prod"}}
    sqs = make_user(policy(allow("sqs:*"), deny("sqs:*", Condition=prod))).sqs()
    for tags in ({"env": "prod"}, {"env": "prod", "ENV": "x"}, {"ENV": "x", "env": "prod"}):
        assert refusal(sqs.create_queue, QueueName=name, tags=tags)[:2] == (403, "AccessDenied")
    assert sqs.create_queue(QueueName=name, tags={"env": "test"})["QueueUrl"]
    # Whom no policy asks about it may have both.
    url = admin.create_queue(QueueName=f"{name}-twins", tags={"env": "prod", "ENV": "x"})["QueueUrl"]
    assert len(admin.list_queue_tags(QueueUrl=url)["Tags"]) == 2


def test_tags_at_creation_ask_for_leave_to_tag(make_user: MakeUser, name: str) -> None:
    sqs = make_user(policy(allow("sqs:CreateQueue"))).sqs()
    found = refusal(sqs.create_queue, QueueName=name, tags={"team": "red"})
    assert "sqs:tagqueue" in found.message
    assert sqs.create_queue(QueueName=name)["QueueUrl"]


def test_keys_that_may_be_used(queue: MadeQueue, make_user: MakeUser) -> None:
    keys = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]}}
    sqs = make_user(policy(allow(["sqs:TagQueue", "sqs:UntagQueue"], queue.arn, Condition=keys))).sqs()
    sqs.tag_queue(QueueUrl=queue.url, Tags={"team": "red", "cost": ""})
    sqs.untag_queue(QueueUrl=queue.url, TagKeys=["team"])
    for call, parameters in (
        (sqs.tag_queue, {"Tags": {"team": "red", "owner": ""}}),
        (sqs.untag_queue, {"TagKeys": ["owner"]}),
    ):
        assert refusal(call, QueueUrl=queue.url, **parameters)[:2] == (403, "AccessDenied")


@pytest.mark.parametrize("in_queue_policy", [False, True])
def test_a_decision_follows_the_tags_of_the_queue(
    admin: Any, queue: MadeQueue, make_user: MakeUser, in_queue_policy: bool
) -> None:
    red = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    statement = allow("sqs:SendMessage", queue.arn, Condition=red)
    if in_queue_policy:
        user = make_user()
        text = policy({**statement, "Principal": {"AWS": user.arn}})
        admin.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": text})
    else:
        user = make_user(policy(statement))
    assert sending_refused(user, queue).code == "AccessDenied"
    admin.tag_queue(QueueUrl=queue.url, Tags={"Team": "red"})
    send(user, queue)
    admin.tag_queue(QueueUrl=queue.url, Tags={"Team": "blue"})
    assert sending_refused(user, queue).code == "AccessDenied"
    admin.untag_queue(QueueUrl=queue.url, TagKeys=["Team"])
    assert sending_refused(user, queue).code == "AccessDenied"


def test_a_move_task_reads_the_tags_of_its_queues(
    admin: Any, queue: MadeQueue, make_queue: MakeQueue, make_user: MakeUser
) -> None:
    source = make_queue(RedrivePolicy=json.dumps({"deadLetterTargetArn": queue.arn, "maxReceiveCount": 1}))
    red = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    sqs = make_user(policy(allow("sqs:*", Condition=red))).sqs()
    for tagged in (queue, source):
        assert refusal(sqs.start_message_move_task, SourceArn=queue.arn)[:2] == (403, "AccessDenied")
        admin.tag_queue(QueueUrl=tagged.url, Tags={"team": "red"})
    assert sqs.start_message_move_task(SourceArn=queue.arn)["TaskHandle"]
