"""Callers without a signature, and who may do what in EC2, IAM and STS."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from support.clients import refusal
from support.policies import (
    ROOT,
    allow,
    deny,
    policy,
)
from support.raw import connect, post, request
from support.server import ACCOUNT, Server
from support.signing import FORM, JSON, Signed
from support.signing import sqs as signed
from support.things import MadeQueue, MakeUser


class TestAnonymous:
    HEADERS = {"Host": "x", "X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": JSON}  # noqa: RUF012

    def test_without_a_grant(self, queue: MadeQueue, server: Server, scheme: str) -> None:
        body = json.dumps({"QueueUrl": queue.url, "MessageBody": "x"}).encode()
        answer = post(server, body, self.HEADERS, scheme=scheme)
        assert (answer.status, answer.headers["x-amzn-query-error"]) == (403, "AccessDenied;Sender")
        assert json.loads(answer.body)["Message"] == (
            f"User: anonymous is not authorized to perform: sqs:sendmessage on resource: {queue.arn} "
            "because no resource-based policy allows the sqs:sendmessage action"
        )

    def test_with_one(self, guard: Callable[..., MadeQueue], server: Server, scheme: str, admin: Any) -> None:
        queue = guard(allow(["sqs:SendMessage", "sqs:CreateQueue"], Principal="*"))
        body = json.dumps({"QueueUrl": queue.url, "MessageBody": "x"}).encode()
        assert post(server, body, self.HEADERS, scheme=scheme).status == 200
        found = admin.receive_message(QueueUrl=queue.url, MessageSystemAttributeNames=["SenderId"])
        assert found["Messages"][0]["Attributes"]["SenderId"] == "127.0.0.1"
        headers = {**self.HEADERS, "X-Amz-Target": "AmazonSQS.ReceiveMessage"}
        assert post(server, body, headers, scheme=scheme).status == 403

    @pytest.mark.parametrize("principal", [ROOT, ACCOUNT])
    def test_the_account_is_not_everyone(
        self, guard: Callable[..., MadeQueue], server: Server, principal: str
    ) -> None:
        queue = guard(allow("sqs:SendMessage", Principal={"AWS": principal}))
        body = json.dumps({"QueueUrl": queue.url, "MessageBody": "x"}).encode()
        assert post(server, body, self.HEADERS).status == 403

    def test_by_a_bare_name_nobody_has_a_queue(self, guard: Callable[..., MadeQueue], server: Server) -> None:
        queue = guard(allow("sqs:SendMessage", Principal="*"))
        body = json.dumps({"QueueUrl": queue.name, "MessageBody": "x"}).encode()
        assert post(server, body, self.HEADERS).status == 403

    @pytest.mark.parametrize("operation", ["ListQueues", "CreateQueue"])
    def test_account_operations(self, server: Server, operation: str) -> None:
        headers = {**self.HEADERS, "X-Amz-Target": f"AmazonSQS.{operation}"}
        assert post(server, b'{"QueueName":"x"}', headers).status == 403

    def test_actions_that_cannot_be_shared(self, guard: Callable[..., MadeQueue], server: Server) -> None:
        """DG sqs-limitations-of-custom-policies."""
        queue = guard(allow("sqs:*", Principal="*"))
        body = json.dumps({"QueueUrl": queue.url, "Attributes": {"Policy": ""}}).encode()
        for operation in ("SetQueueAttributes", "DeleteQueue"):
            headers = {**self.HEADERS, "X-Amz-Target": f"AmazonSQS.{operation}"}
            assert post(server, body, headers).status == 403
        headers = {**self.HEADERS, "X-Amz-Target": "AmazonSQS.GetQueueAttributes"}
        assert post(server, body, headers).status == 200


class TestControlServices:
    def test_ec2(self, make_user: MakeUser, ec2: Any) -> None:
        user = make_user()
        found = refusal(user.of("ec2").create_vpc, CidrBlock="10.0.0.0/16")
        assert found[:2] == (403, "UnauthorizedOperation")
        assert found.message == (
            f"You are not authorized to perform this operation. User: {user.arn} is not authorized to perform: "
            f"ec2:CreateVpc on resource: arn:aws:ec2:us-east-2:{ACCOUNT}:vpc/* "
            "because no identity-based policy allows the ec2:CreateVpc action"
        )
        assert refusal(user.of("ec2").describe_vpcs)[:2] == (403, "UnauthorizedOperation")

    def test_iam(self, make_user: MakeUser) -> None:
        user, other = make_user(), make_user()
        found = refusal(user.of("iam").create_access_key, UserName=other.name)
        assert found[:3] == (
            403,
            "AccessDenied",
            (
                f"User: {user.arn} is not authorized to perform: iam:CreateAccessKey on resource: {other.arn} "
                "because no identity-based policy allows the iam:CreateAccessKey action"
            ),
        )
        document = policy(allow("*"))
        assert (
            refusal(
                user.of("iam").put_user_policy,
                UserName=user.name,
                PolicyName="up",
                PolicyDocument=document,
            ).status
            == 403
        )

    def test_sts_needs_no_leave_and_none_can_be_taken_away(self, make_user: MakeUser) -> None:
        user = make_user(policy(deny("*")))
        found = user.of("sts").get_caller_identity()
        assert (found["Arn"], found["UserId"], found["Account"]) == (user.arn, user.user_id, ACCOUNT)

    def test_leave_for_one_user_is_not_leave_for_another(self, make_user: MakeUser) -> None:
        other = make_user()
        user = make_user(policy(allow("iam:*", f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}")))
        own = user.of("iam").list_access_keys(UserName=user.name)["AccessKeyMetadata"]
        assert [one["AccessKeyId"] for one in own] == [user.key.access_key_id]
        assert refusal(user.of("iam").list_access_keys, UserName=other.name).status == 403

    def test_an_endpoint_may_not_be_made_on_subnets_one_may_not_use(
        self, make_user: MakeUser, ec2: Any
    ) -> None:
        user = make_user(policy(allow("ec2:CreateVpcEndpoint", f"arn:aws:ec2:*:{ACCOUNT}:vpc-endpoint/*")))
        found = refusal(
            user.of("ec2").create_vpc_endpoint,
            VpcId="vpc-0123456789abcdef0",
            ServiceName="com.amazonaws.us-east-2.sqs",
            VpcEndpointType="Interface",
        )
        assert found[:2] == (403, "UnauthorizedOperation")
        assert "vpc/vpc-0123456789abcdef0" in found.message

    def test_a_signature_for_another_service_does_not_carry_over(
        self, server: Server, queue: MadeQueue
    ) -> None:
        key = server.administrator()
        as_sqs = Signed(key, b"Action=ListUsers&Version=2010-05-08", {"Content-Type": FORM})
        assert b"The action ListUsers is not valid for this endpoint" in as_sqs.send(server).body
        body = {"QueueUrl": queue.url, "MessageBody": "x"}
        assert signed(key, "SendMessage", body, service="iam").send(server).status == 403


def test_many_requests_of_two_callers_on_one_connection(
    guard: Callable[..., MadeQueue], server: Server, make_user: MakeUser
) -> None:
    """Whoever called before on a connection is nobody to the next request."""
    may, may_not = make_user(), make_user()
    queue = guard(allow("sqs:SendMessage", Principal={"AWS": may.arn}))
    parameters = {"QueueUrl": queue.url, "MessageBody": "x"}
    host = f"{server.host}:{server.port}"
    with connect(server) as connection:
        for user, status in ((may, 200), (may_not, 403), (may, 200), (None, 403)) * 2:
            if user is None:
                headers = {"Host": host, "X-Amz-Target": "AmazonSQS.SendMessage"}
                body = json.dumps(parameters).encode()
            else:
                one = signed(user.key, "SendMessage", parameters)
                headers, body = one.headers_for(host), one.body
            connection.send(request(body, headers))
            assert connection.answer().status == status
