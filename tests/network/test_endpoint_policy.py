"""The endpoint's policy (SQS Developer Guide, sqs-vpc-endpoint-policy): what it denies, and that it grants nothing."""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.model import Shape
from botocore.session import Session

from network.world import NEEDS_NAMESPACES
from qanat.wire.sqs.operations import OPERATIONS
from support.clients import refusal
from support.policies import NO_IDENTITY, allow, deny, policy, send
from support.server import ACCOUNT, REGION
from support.signing import sqs as signed
from support.things import MadeQueue, MadeUser
from support.vpc import EVERYTHING, SQS, Cloud, Endpoint, Instance, private_url, wire_bytes

pytestmark = NEEDS_NAMESPACES

PAGE_POLICY = """{
   "Statement": [{
      "Action": ["sqs:SendMessage"],
      "Effect": "Allow",
      "Resource": "arn:aws:sqs:us-east-2:123456789012:MyQueue",
      "Principal": {
        "AWS": "arn:aws:iam:123456789012:user/MyUser"
      }
   }]
}"""
SEND = "the sqs:sendmessage action"
NO_ENDPOINT_POLICY = f"because no VPC endpoint policy allows {SEND}"
DENIED_BY_ENDPOINT = "with an explicit deny in a VPC endpoint policy"
DENIED_BY_QUEUE = "with an explicit deny in a resource-based policy"
ALL = allow("sqs:*", Principal="*")


@dataclass
class Place:
    cloud: Cloud
    endpoint: Endpoint
    inside: Instance
    queue: MadeQueue
    other_queue: MadeQueue
    user: MadeUser
    other_user: MadeUser

    @contextmanager
    def policy(self, *statements: dict[str, Any]) -> Iterator[None]:
        """Of the endpoint, for a while; after that, the page's."""
        self.cloud.set_policy(self.endpoint, *statements)
        try:
            yield
        finally:
            self.cloud.modify(self.endpoint, PolicyDocument=PAGE_POLICY)

    @contextmanager
    def queue_policy(self, *statements: dict[str, Any]) -> Iterator[None]:
        self.cloud.guard(self.queue, *statements)
        try:
            yield
        finally:
            self.cloud.guard(self.queue)


@pytest.fixture(scope="module")
def place(cloud: Cloud) -> Iterator[Place]:
    vpc_id = cloud.vpc()
    endpoint = cloud.endpoint(vpc_id, cloud.subnet(vpc_id), PolicyDocument=PAGE_POLICY)
    queue, other_queue = cloud.queue("MyQueue"), cloud.queue("OtherQueue")
    user, other_user = cloud.user(name="MyUser"), cloud.user(name="OtherUser")
    with cloud.instance(vpc_id) as inside:
        yield Place(cloud, endpoint, inside, queue, other_queue, user, other_user)


class TestTheExampleOfThePage:
    """ "The following are denied: other Amazon SQS API actions; other IAM users; a different Amazon SQS queue"."""

    def test_the_text_is_kept_as_it_was_given(self, place: Place) -> None:
        assert place.cloud.description(place.endpoint.endpoint_id)["PolicyDocument"] == PAGE_POLICY

    def test_my_user_sends_to_my_queue(self, place: Place) -> None:
        sent = place.inside.send(place.user, place.queue)
        assert sent.allowed
        entries = [{"Id": "a", "MessageBody": "x"}]
        batch = place.inside.call(
            place.user.key, "SendMessageBatch", QueueUrl=private_url(place.queue), Entries=entries
        )
        assert [entry["Id"] for entry in batch.output["Successful"]] == ["a"]

    @pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - {"SendMessage", "SendMessageBatch"}))
    def test_other_actions_are_denied(self, place: Place, operation: str) -> None:
        action = OPERATIONS[operation].iam_action.removeprefix("sqs:").lower()
        done = place.inside.call(place.user.key, operation, **sample(operation, place.queue))
        assert done.reason == f"because no VPC endpoint policy allows the sqs:{action} action"

    def test_an_operation_that_is_not_served_is_not_allowed_either(self, place: Place) -> None:
        for operation in sorted(set(model().operation_names) - set(OPERATIONS)):
            assert not place.inside.call(place.user.key, operation, **sample(operation, place.queue)).allowed

    def test_other_users_are_denied(self, place: Place) -> None:
        administrator = place.cloud.server.administrator()
        for key in (place.other_user.key, administrator):
            sent = place.inside.call(key, "SendMessage", QueueUrl=private_url(place.queue), MessageBody="x")
            assert (sent.status, sent.reason) == (403, NO_ENDPOINT_POLICY)

    def test_other_queues_are_denied(self, place: Place) -> None:
        sent = place.inside.send(place.user, place.other_queue)
        assert sent.message == (
            f"User: {place.user.arn} is not authorized to perform: sqs:sendmessage on resource: "
            f"{place.other_queue.arn} {NO_ENDPOINT_POLICY}"
        )

    def test_a_queue_that_does_not_exist_is_told_from_none(self, place: Place) -> None:
        none = MadeQueue("NoQueue", "", "")
        assert place.inside.send(place.user, none).reason == NO_ENDPOINT_POLICY

    def test_my_user_keeps_the_rest_outside(self, place: Place) -> None:
        sqs = place.user.sqs()
        send(place.user, place.other_queue)
        assert sqs.list_queues()["QueueUrls"]
        url = sqs.create_queue(QueueName="MadeOutside")["QueueUrl"]
        sqs.delete_queue(QueueUrl=url)
        send(place.other_user, place.queue)


def model() -> Any:
    return Session().get_service_model("sqs")


def sample(operation: str, queue: MadeQueue) -> dict[str, Any]:
    """Parameters that are complete, about the queue, and would do something if they were allowed."""
    url = private_url(queue)
    handle = b64encode(json.dumps({"taskId": "x", "sourceArn": queue.arn}).encode()).decode()
    known = {
        "QueueUrl": url,
        "QueueName": queue.name,
        "SourceArn": queue.arn,
        "TaskHandle": handle,
        "Attributes": {},
    }
    shape: Shape = model().operation_model(operation).input_shape
    return {name: known.get(name, _sample(shape.members[name])) for name in shape.required_members}


def _sample(shape: Any) -> Any:
    if shape.type_name == "structure":
        return {name: _sample(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [_sample(shape.member)]
    return {"map": {"x": "y"}, "integer": 1}.get(shape.type_name, "x")


class TestChangesWhileInUse:
    def test_a_change_counts_for_the_next_request_of_a_standing_connection(self, place: Place) -> None:
        inside, cloud = place.inside, place.cloud
        assert inside.open("standing", SQS)["version"] == "TLSv1.3"

        def status(user: MadeUser) -> int:
            asked = signed(
                user.key, "SendMessage", {"QueueUrl": private_url(place.queue), "MessageBody": "x"}
            )
            return int(inside.exchange("standing", wire_bytes(asked))["status"])

        assert (status(place.user), status(place.other_user)) == (200, 403)
        with place.policy(allow("sqs:SendMessage", Principal={"AWS": place.other_user.arn})):
            assert (status(place.user), status(place.other_user)) == (403, 200)
        assert (status(place.user), status(place.other_user)) == (200, 403)
        cloud.modify(place.endpoint, ResetPolicy=True)
        assert (status(place.user), status(place.other_user)) == (200, 200)
        full_access = json.loads(cloud.description(place.endpoint.endpoint_id)["PolicyDocument"])
        assert full_access["Statement"] == [
            {"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}
        ]
        cloud.modify(place.endpoint, PolicyDocument=PAGE_POLICY)
        assert (status(place.user), status(place.other_user)) == (200, 403)

    def test_a_policy_that_cannot_be_understood_changes_nothing(self, place: Place) -> None:
        for text in ("{", '{"Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}'):
            refused = refusal(
                place.cloud.ec2.modify_vpc_endpoint,
                VpcEndpointId=place.endpoint.endpoint_id,
                PolicyDocument=text,
            )
            assert (refused.status, refused.code) == (400, "InvalidPolicyDocument")
        assert place.inside.send(place.user, place.queue).allowed
        assert not place.inside.send(place.other_user, place.queue).allowed


class TestItNeverGrants:
    """VPC guide, vpc-endpoints-access: "does not override or replace" the other policies."""

    def test_a_user_without_a_policy(self, place: Place) -> None:
        powerless = place.cloud.user(None)
        with place.policy(ALL):
            assert place.inside.send(powerless, place.queue).reason == NO_IDENTITY

    def test_nobody(self, place: Place) -> None:
        with place.policy(ALL):
            refused = place.inside.send(None, place.queue)
            assert (refused.status, refused.code) == (403, "AccessDenied")

    def test_where_the_queue_grants_it_still_filters(self, place: Place) -> None:
        powerless = place.cloud.user(None)
        with place.queue_policy(allow("sqs:SendMessage", place.queue.arn, Principal="*")):
            with place.policy(ALL):
                assert place.inside.send(powerless, place.queue).allowed
                assert place.inside.send(None, place.queue).allowed
            for user in (powerless, None):
                assert place.inside.send(user, place.queue).reason == NO_ENDPOINT_POLICY

    def test_only_denials_deny_everything(self, place: Place) -> None:
        with place.policy(deny("sqs:ReceiveMessage", Principal="*")):
            assert place.inside.send(place.user, place.queue).reason == NO_ENDPOINT_POLICY

    def test_an_explicit_denial_wins(self, place: Place) -> None:
        with place.policy(ALL, deny("sqs:Send*", place.queue.arn, Principal="*")):
            assert place.inside.send(place.user, place.queue).reason == DENIED_BY_ENDPOINT
            assert place.inside.send(place.user, place.other_queue).allowed
            send(place.user, place.queue)


# VPC, endpoint, user and address are put in where they are named in capitals.
CONDITIONS = [
    ("aws:SourceVpce", {"StringEquals": {"aws:SourceVpce": "ENDPOINT"}}, True),
    ("aws:sourceVpce, any case", {"StringEquals": {"AWS:SOURCEVPCE": "ENDPOINT"}}, True),
    ("another aws:SourceVpce", {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}, False),
    ("aws:SourceVpc", {"StringEquals": {"aws:SourceVpc": "THE-VPC"}}, True),
    ("another aws:SourceVpc", {"StringEquals": {"aws:SourceVpc": "vpc-1a2b3c4d"}}, False),
    (
        "aws:SourceVpcArn",
        {"ArnEquals": {"aws:SourceVpcArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/THE-VPC"}},
        True,
    ),
    ("aws:VpcSourceIp", {"IpAddress": {"aws:VpcSourceIp": "10.0.1.0/24"}}, True),
    ("aws:VpcSourceIp, to the address", {"IpAddress": {"aws:VpcSourceIp": "ADDRESS/32"}}, True),
    ("aws:VpcSourceIp elsewhere", {"IpAddress": {"aws:VpcSourceIp": "10.0.2.0/24"}}, False),
    ("aws:SourceIp is absent", {"Null": {"aws:SourceIp": "true"}}, True),
    ("aws:SourceIp never fits", {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, False),
    ("aws:SecureTransport", {"Bool": {"aws:SecureTransport": "true"}}, True),
    ("not aws:SecureTransport", {"Bool": {"aws:SecureTransport": "false"}}, False),
    ("aws:PrincipalArn", {"ArnEquals": {"aws:PrincipalArn": "USER"}}, True),
    (
        "another aws:PrincipalArn",
        {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/OtherUser"}},
        False,
    ),
    ("aws:VpceAccount", {"StringEquals": {"aws:VpceAccount": ACCOUNT}}, True),
    ("aws:username", {"StringEquals": {"aws:username": "MyUser"}}, True),
]


@pytest.mark.parametrize(
    ("condition", "fits"), [row[1:] for row in CONDITIONS], ids=[row[0] for row in CONDITIONS]
)
def test_conditions_on_where_the_caller_is(place: Place, condition: dict[str, Any], fits: bool) -> None:
    """IAM User Guide, reference_policies_condition-keys: in the endpoint's policy and in the queue's alike."""
    (address,) = place.inside.ask("about")["addresses"]
    text = json.dumps(condition)
    for name, value in (
        ("ENDPOINT", place.endpoint.endpoint_id),
        ("THE-VPC", place.endpoint.vpc_id),
        ("ADDRESS", address),
        ("USER", place.user.arn),
    ):
        text = text.replace(name, value)
    found = json.loads(text)
    with place.policy(allow("sqs:*", Principal="*", Condition=found)):
        reason = place.inside.send(place.user, place.queue).reason
        assert reason == ("" if fits else NO_ENDPOINT_POLICY)
    with (
        place.policy(ALL),
        place.queue_policy(deny("sqs:SendMessage", place.queue.arn, Principal="*", Condition=found)),
    ):
        reason = place.inside.send(place.user, place.queue).reason
        assert reason == (DENIED_BY_QUEUE if fits else "")


def test_an_identity_policy_reads_the_same_keys(place: Place) -> None:
    only_inside = policy(
        allow("sqs:*"),
        deny("sqs:*", Condition={"StringNotEquals": {"aws:SourceVpc": place.endpoint.vpc_id}}),
    )
    user = place.cloud.user(only_inside)
    refused = refusal(user.sqs().send_message, QueueUrl=place.queue.url, MessageBody="x")
    assert refused.message.endswith("with an explicit deny in an identity-based policy")
    with place.policy(ALL):
        assert place.inside.send(user, place.queue).allowed


def test_two_endpoints_of_one_vpc_have_a_policy_each(place: Place) -> None:
    cloud = place.cloud
    subnet_id = cloud.subnet(place.endpoint.vpc_id, "10.0.2.0/24", "b")
    open_to_all = cloud.endpoint(
        place.endpoint.vpc_id, subnet_id, private_dns=False, PolicyDocument=EVERYTHING
    )
    assert place.inside.send(place.other_user, place.queue).reason == NO_ENDPOINT_POLICY
    assert place.inside.send(place.other_user, place.queue, open_to_all.url).allowed
    cloud.delete(open_to_all)
