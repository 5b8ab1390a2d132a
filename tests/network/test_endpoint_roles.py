"""Sessions of roles through an endpoint: whom its policy names, and queues that want the endpoint (loopback driver)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.policies import DENIED_BY_QUEUE, ROOT, allow, deny, policy
from support.roles import MadeRole, assumed, new_role, remove_role, sent, tags, trust
from support.server import ACCOUNT, Key
from support.things import MadeQueue
from support.vpc import EVERYTHING, Cloud, Endpoint, Instance, private_url

NO_ENDPOINT_POLICY = "because no VPC endpoint policy allows the sqs:sendmessage action"
SENDING = policy(allow("sqs:SendMessage"))


class Place:
    def __init__(self, cloud: Cloud, endpoint: Endpoint, inside: Instance) -> None:
        self.cloud, self.endpoint, self.inside = cloud, endpoint, inside
        self.queue: MadeQueue = cloud.queue()

    def role(self, name: str, *trusted: dict[str, Any], **more: Any) -> MadeRole:
        statements = trusted or (trust(ROOT, ["sts:AssumeRole", "sts:TagSession"]),)
        return new_role(self.cloud.iam, name, *statements, may=SENDING, **more)

    def session(self, role: MadeRole, name: str = "work", **more: Any) -> Key:
        return assumed(self.cloud.clients.of("sts"), role, name, **more)

    def sent(self, key: Key | None) -> str:
        """Through the endpoint: `` for well, else why not."""
        done = self.inside.call(key, "SendMessage", QueueUrl=private_url(self.queue), MessageBody="x")
        return done.reason

    def sent_outside(self, key: Key) -> str:
        return sent(self.cloud.clients, key, self.queue)


@pytest.fixture(scope="module")
def shared_place(flat_cloud: Cloud) -> Iterator[Place]:
    cloud, vpc_id = flat_cloud, flat_cloud.vpc()
    endpoint = cloud.endpoint(vpc_id, cloud.subnet(vpc_id), PolicyDocument=EVERYTHING)
    with cloud.instance(vpc_id) as inside:
        yield Place(cloud, endpoint, inside)


@pytest.fixture
def place(shared_place: Place) -> Iterator[Place]:
    yield shared_place
    shared_place.cloud.modify(shared_place.endpoint, PolicyDocument=EVERYTHING)
    shared_place.cloud.guard(shared_place.queue)


def test_a_role_s_arn_means_its_sessions(place: Place) -> None:
    """Of an interface endpoint; a session's ARN means that session alone."""
    role, other = place.role("Named"), place.role("Other")
    one, two, stranger = place.session(role, "one"), place.session(role, "two"), place.session(other)
    place.cloud.set_policy(place.endpoint, allow("sqs:*", Principal={"AWS": role.arn}))
    assert [place.sent(key) for key in (one, two, stranger)] == ["", "", NO_ENDPOINT_POLICY]
    assert place.sent(None) == NO_ENDPOINT_POLICY
    assert place.sent_outside(stranger) == ""
    place.cloud.set_policy(place.endpoint, allow("sqs:*", Principal={"AWS": role.session_arn("one")}))
    assert [place.sent(key) for key in (one, two, stranger)] == ["", NO_ENDPOINT_POLICY, NO_ENDPOINT_POLICY]
    by_key = {"ArnLike": {"aws:PrincipalArn": role.arn}}
    place.cloud.set_policy(place.endpoint, allow("sqs:*", Principal="*", Condition=by_key))
    assert [place.sent(key) for key in (one, two, stranger)] == ["", "", NO_ENDPOINT_POLICY]


def test_it_means_the_role_by_its_unique_id(place: Place) -> None:
    role = place.role("Again")
    place.cloud.set_policy(place.endpoint, allow("sqs:*", Principal={"AWS": role.arn}))
    assert place.sent(place.session(role)) == ""
    remove_role(place.cloud.iam, role)
    again = place.role("Again")
    assert again.arn == role.arn
    assert place.sent(place.session(again)) == NO_ENDPOINT_POLICY

    def principal() -> Any:
        text = place.cloud.description(place.endpoint.endpoint_id)["PolicyDocument"]
        return json.loads(text)["Statement"][0]["Principal"]["AWS"]

    assert principal() == role.role_id
    place.cloud.set_policy(place.endpoint, allow("sqs:*", Principal={"AWS": again.arn}))
    assert (principal(), place.sent(place.session(again))) == (again.arn, "")


def test_it_follows_a_user_that_is_renamed(place: Place) -> None:
    user = place.cloud.user()
    place.cloud.set_policy(place.endpoint, allow("sqs:*", Principal={"AWS": user.arn}))
    place.cloud.iam.update_user(UserName=user.name, NewUserName=f"{user.name}-new")
    assert place.sent(user.key) == ""
    shown = json.loads(place.cloud.description(place.endpoint.endpoint_id)["PolicyDocument"])
    assert shown["Statement"][0]["Principal"] == {"AWS": f"{user.arn}-new"}


def test_a_queue_that_wants_the_endpoint(place: Place) -> None:
    """The deny holds for a role's session as for everybody, and the endpoint never grants."""
    role, silent = place.role("Inside"), new_role(place.cloud.iam, "Silent", trust(ACCOUNT))
    key = place.session(role)
    elsewhere = {"StringNotEquals": {"aws:SourceVpce": place.endpoint.endpoint_id}}
    place.cloud.guard(place.queue, deny("sqs:SendMessage", Principal="*", Condition=elsewhere))
    assert (place.sent(key), place.sent_outside(key)) == ("", DENIED_BY_QUEUE)
    assert (
        place.sent(place.session(silent))
        == "because no identity-based policy allows the sqs:sendmessage action"
    )
    but_role = {**elsewhere, "ArnNotEquals": {"aws:PrincipalArn": role.arn}}
    place.cloud.guard(place.queue, deny("sqs:SendMessage", Principal="*", Condition=but_role))
    assert place.sent_outside(key) == ""


def test_tags_of_the_session_in_the_endpoint_s_policy(place: Place) -> None:
    role = place.role("Tagged", Tags=tags(team="red"))
    blue = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    place.cloud.set_policy(place.endpoint, allow("sqs:*", Principal="*", Condition=blue))
    assert place.sent(place.session(role)) == NO_ENDPOINT_POLICY
    assert place.sent(place.session(role, Tags=tags(team="blue"))) == ""


def test_a_boundary_and_the_endpoint_must_both_allow(place: Place) -> None:
    role = place.role("Bounded")
    key = place.session(role, Policy=policy(allow("sqs:ReceiveMessage")))
    assert place.sent(key) == "because no session policy allows the sqs:sendmessage action"
    place.cloud.guard(place.queue, allow("sqs:SendMessage", Principal={"AWS": role.session_arn("work")}))
    assert place.sent(key) == ""
    place.cloud.set_policy(place.endpoint, allow("sqs:ReceiveMessage", Principal="*"))
    assert place.sent(key) == NO_ENDPOINT_POLICY
