"""Who may do what from the public listener: identity and queue policies through real clients."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from support.clients import Refusal, refusal
from support.raw import connect, post, request
from support.server import ACCOUNT, Key, Server
from support.signing import FORM, JSON, Signed
from support.signing import sqs as signed
from support.things import MadeQueue, MadeUser, MakeUser

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


@pytest.fixture
def guard(admin: Any, queue: MadeQueue) -> Callable[..., MadeQueue]:
    """`guard(*statements)`: the queue, with a policy of these."""

    def set_policy(*statements: dict[str, Any]) -> MadeQueue:
        admin.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy(*statements)})
        return queue

    return set_policy


def send(user: MadeUser, queue: MadeQueue, scheme: str = "https") -> None:
    user.sqs(scheme).send_message(QueueUrl=queue.url, MessageBody="x")


def sending_refused(user: MadeUser, queue: MadeQueue, scheme: str = "https") -> Refusal:
    return refusal(user.sqs(scheme).send_message, QueueUrl=queue.url, MessageBody="x")


def denied(user: str, queue: MadeQueue, reason: str, action: str = "sqs:sendmessage") -> Refusal:
    message = f"User: {user} is not authorized to perform: {action} on resource: {queue.arn} {reason}"
    return Refusal(403, "AccessDenied", message, "ClientError")


NO_IDENTITY = "because no identity-based policy allows the sqs:sendmessage action"
DENIED_BY_QUEUE = "with an explicit deny in a resource-based policy"


class TestIdentityPolicies:
    def test_a_user_without_policies(self, queue: MadeQueue, make_user: MakeUser) -> None:
        user = make_user()
        assert sending_refused(user, queue) == denied(user.arn, queue, NO_IDENTITY)

    def test_the_path_is_part_of_the_arn(self, queue: MadeQueue, make_user: MakeUser) -> None:
        user = make_user(path="/team/")
        assert user.arn == f"arn:aws:iam::{ACCOUNT}:user/team/{user.name}"
        assert sending_refused(user, queue) == denied(user.arn, queue, NO_IDENTITY)

    @pytest.mark.parametrize("action", ["sqs:SendMessage", "SQS:sendmessage", "sqs:Send*", "sqs:*", "*"])
    def test_allow(self, queue: MadeQueue, make_user: MakeUser, action: str) -> None:
        send(make_user(policy(allow(action, queue.arn))), queue)

    def test_another_queue_and_another_action_stay_denied(
        self, queue: MadeQueue, make_user: MakeUser
    ) -> None:
        user = make_user(
            policy(allow("sqs:SendMessage", queue.arn + "x"), allow("sqs:ReceiveMessage", queue.arn))
        )
        assert sending_refused(user, queue) == denied(user.arn, queue, NO_IDENTITY)

    def test_a_batch_is_judged_as_its_single_action(self, queue: MadeQueue, make_user: MakeUser) -> None:
        may = make_user(policy(allow("sqs:SendMessage")))
        may.sqs().send_message_batch(QueueUrl=queue.url, Entries=[{"Id": "a", "MessageBody": "x"}])
        may_not = make_user(policy(allow("sqs:SendMessageBatch")))
        assert refusal(may_not.sqs().send_message_batch, QueueUrl=queue.url, Entries=[]) == denied(
            may_not.arn, queue, NO_IDENTITY
        )

    def test_an_explicit_deny_wins(self, queue: MadeQueue, make_user: MakeUser) -> None:
        user = make_user(policy(allow("sqs:*"), deny("sqs:SendMessage")))
        assert sending_refused(user, queue) == denied(
            user.arn, queue, "with an explicit deny in an identity-based policy"
        )

    def test_who_may_not_ask_is_not_told_whether_a_queue_exists(
        self, make_user: MakeUser, queue: MadeQueue
    ) -> None:
        user = make_user()
        none = MadeQueue("none", f"{queue.url}-none", f"{queue.arn}-none")
        for one in (queue, none):
            assert sending_refused(user, one) == denied(user.arn, one, NO_IDENTITY)

    def test_account_operations(self, make_user: MakeUser, name: str) -> None:
        user = make_user()
        assert refusal(user.sqs().list_queues).message == (
            f"User: {user.arn} is not authorized to perform: sqs:listqueues on resource: * "
            "because no identity-based policy allows the sqs:listqueues action"
        )
        assert refusal(user.sqs().create_queue, QueueName=name).message == (
            f"User: {user.arn} is not authorized to perform: sqs:createqueue on resource: "
            f"arn:aws:sqs:us-east-2:{ACCOUNT}:{name} "
            "because no identity-based policy allows the sqs:createqueue action"
        )

    def test_a_changed_policy_counts_from_the_next_request_on(
        self, queue: MadeQueue, make_user: MakeUser, iam: Any
    ) -> None:
        user = make_user()
        for _ in range(2):
            for _ in range(2):
                assert sending_refused(user, queue).status == 403
            iam.put_user_policy(
                UserName=user.name, PolicyName="only", PolicyDocument=policy(allow("sqs:SendMessage"))
            )
            for _ in range(2):
                send(user, queue)
            iam.delete_user_policy(UserName=user.name, PolicyName="only")

    def test_variables(self, make_user: MakeUser, admin: Any) -> None:
        user = make_user(policy(allow("sqs:*", f"arn:aws:sqs:*:{ACCOUNT}:${{aws:username}}-*")))
        other = make_user(policy(allow("sqs:*", f"arn:aws:sqs:*:{ACCOUNT}:${{aws:username}}-*")))
        url = user.sqs().create_queue(QueueName=f"{user.name}-own")["QueueUrl"]
        user.sqs().send_message(QueueUrl=url, MessageBody="x")
        assert refusal(other.sqs().send_message, QueueUrl=url, MessageBody="x").status == 403
        admin.delete_queue(QueueUrl=url)


class TestDeletedIdentities:
    def test_a_deleted_key_and_user(self, queue: MadeQueue, make_user: MakeUser, iam: Any) -> None:
        user = make_user(policy(allow("sqs:*")))
        send(user, queue)
        iam.delete_access_key(UserName=user.name, AccessKeyId=user.key.access_key_id)
        assert sending_refused(user, queue)[:2] == (403, "InvalidClientTokenId")
        iam.delete_user_policy(UserName=user.name, PolicyName="only")
        iam.delete_user(UserName=user.name)
        assert sending_refused(user, queue)[:2] == (403, "InvalidClientTokenId")

    def test_a_namesake_has_nothing_of_the_first(
        self, queue: MadeQueue, make_user: MakeUser, iam: Any, clients: Any
    ) -> None:
        user = make_user(policy(allow("sqs:*")))
        iam.delete_access_key(UserName=user.name, AccessKeyId=user.key.access_key_id)
        iam.delete_user_policy(UserName=user.name, PolicyName="only")
        iam.delete_user(UserName=user.name)
        made = iam.create_user(UserName=user.name)["User"]
        assert made["UserId"] != user.user_id
        key = iam.create_access_key(UserName=user.name)["AccessKey"]
        again = MadeUser(
            user.name, made["Arn"], made["UserId"], Key(key["AccessKeyId"], key["SecretAccessKey"]), clients
        )
        assert sending_refused(again, queue).status == 403


class TestQueuePolicies:
    def test_a_user_by_arn(self, guard: Callable[..., MadeQueue], make_user: MakeUser) -> None:
        named, other = make_user(), make_user()
        queue = guard(allow("sqs:SendMessage", Principal={"AWS": named.arn}))
        send(named, queue)
        assert sending_refused(other, queue) == denied(other.arn, queue, NO_IDENTITY)
        assert refusal(named.sqs().receive_message, QueueUrl=queue.url).status == 403

    def test_the_arn_as_the_documentation_misprints_it(
        self, guard: Callable[..., MadeQueue], make_user: MakeUser
    ) -> None:
        named = make_user()
        queue = guard(allow("sqs:SendMessage", Principal={"AWS": f"arn:aws:iam:{ACCOUNT}:user/{named.name}"}))
        send(named, queue)

    @pytest.mark.parametrize("principal", ["*", {"AWS": "*"}])
    def test_everyone(self, guard: Callable[..., MadeQueue], make_user: MakeUser, principal: Any) -> None:
        send(make_user(), guard(allow("sqs:SendMessage", Principal=principal)))

    @pytest.mark.parametrize("principal", [ROOT, ACCOUNT])
    def test_the_account_only_delegates(
        self, guard: Callable[..., MadeQueue], make_user: MakeUser, principal: str
    ) -> None:
        queue = guard(allow("sqs:SendMessage", Principal={"AWS": principal}))
        user = make_user()
        assert sending_refused(user, queue) == denied(user.arn, queue, NO_IDENTITY)
        send(make_user(policy(allow("sqs:SendMessage"))), queue)

    def test_an_explicit_deny_wins_over_the_administrator(
        self, guard: Callable[..., MadeQueue], admin: Any, sts: Any
    ) -> None:
        queue = guard(
            allow("sqs:SendMessage", Principal="*"), deny("sqs:SendMessage", Principal="*", Sid="Nobody")
        )
        me = sts.get_caller_identity()["Arn"]
        found = refusal(admin.send_message, QueueUrl=queue.url, MessageBody="x")
        assert found == denied(me, queue, DENIED_BY_QUEUE)

    def test_actions_that_a_queue_policy_cannot_share_are_still_given_within_the_account(
        self, guard: Callable[..., MadeQueue], make_user: MakeUser
    ) -> None:
        user = make_user()
        queue = guard(allow("sqs:SetQueueAttributes", Principal={"AWS": user.arn}))
        user.sqs().set_queue_attributes(QueueUrl=queue.url, Attributes={"DelaySeconds": "0"})

    def test_a_changed_policy_counts_from_the_next_request_on(
        self, guard: Callable[..., MadeQueue], make_user: MakeUser
    ) -> None:
        user = make_user()
        for _ in range(2):
            queue = guard(allow("sqs:SendMessage", Principal={"AWS": user.arn}))
            for _ in range(2):
                send(user, queue)
            guard(deny("sqs:SendMessage", Principal={"AWS": user.arn}))
            for _ in range(2):
                assert sending_refused(user, queue) == denied(user.arn, queue, DENIED_BY_QUEUE)

    def test_a_queue_made_again_has_none_of_its_old_policy(
        self, guard: Callable[..., MadeQueue], make_user: MakeUser, admin: Any
    ) -> None:
        user = make_user()
        queue = guard(allow("sqs:SendMessage", Principal="*"))
        send(user, queue)
        admin.delete_queue(QueueUrl=queue.url)
        admin.create_queue(QueueName=queue.name)
        assert sending_refused(user, queue) == denied(user.arn, queue, NO_IDENTITY)


FORGERIES: list[dict[str, str]] = [
    {},
    {"Host": "sqs.us-east-2.amazonaws.com"},
    {"Host": "vpce-1a2b3c4d-abcdefgh.sqs.us-east-2.vpce.amazonaws.com"},
    {"X-Forwarded-For": "10.0.0.1"},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Host": "sqs.us-east-2.amazonaws.com"},
    {"Forwarded": "for=10.0.0.1;proto=https;host=sqs.us-east-2.amazonaws.com"},
    {"X-Real-IP": "10.0.0.1"},
    {"X-Amz-Source-Vpce": "vpce-1a2b3c4d"},
    {"X-Amz-Source-Vpc": "vpc-1a2b3c4d"},
    {"X-Amzn-Vpce-Id": "vpce-1a2b3c4d"},
    {"X-Amzn-Vpce-Config": "1", "X-Amzn-Vpc-Id": "vpc-1a2b3c4d"},
    {"aws-SourceVpce": "vpce-1a2b3c4d"},
    {"User-Agent": "vpce-1a2b3c4d"},
    {"Via": "1.1 vpce-1a2b3c4d"},
    {"Authorization2": "aws:sourceVpce=vpce-1a2b3c4d"},
]


def names_of(forgery: dict[str, str]) -> str:
    return ",".join(forgery) or "none"


def unless_through_the_endpoint() -> tuple[dict[str, Any], dict[str, Any]]:
    """DG sqs-creating-custom-policies-access-policy-examples, example 5."""
    return (
        allow("sqs:*", Principal="*"),
        deny(
            ["sqs:SendMessage", "sqs:ReceiveMessage"],
            Principal="*",
            Condition={"StringNotEquals": {"aws:sourceVpce": "vpce-1a2b3c4d"}},
        ),
    )


class TestOnlyThroughTheEndpoint:
    """From the public listener nobody gets past it, whatever the request says of itself."""

    @pytest.mark.parametrize("forgery", FORGERIES, ids=names_of)
    def test_deny_unless_source_vpce(
        self, guard: Callable[..., MadeQueue], server: Server, scheme: str, forgery: dict[str, str]
    ) -> None:
        queue = guard(*unless_through_the_endpoint())
        parameters = {"QueueUrl": queue.url, "MessageBody": "x"}
        answer = signed(server.administrator(), "SendMessage", parameters, headers=forgery).send(
            server, scheme
        )
        assert answer.status == 403
        assert DENIED_BY_QUEUE in json.loads(answer.body)["Message"]
        unsigned = {"Host": "x", "X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": JSON, **forgery}
        answer = post(server, json.dumps(parameters).encode(), unsigned, scheme=scheme)
        assert answer.status == 403
        assert DENIED_BY_QUEUE in json.loads(answer.body)["Message"]

    @pytest.mark.parametrize("forgery", FORGERIES, ids=names_of)
    @pytest.mark.parametrize(
        "condition",
        [
            {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}},
            {"StringLike": {"aws:SourceVpce": "*"}},
            {"StringLike": {"aws:SourceVpc": "*"}},
            {"StringLike": {"aws:SourceVpcArn": "*"}},
            {"Null": {"aws:SourceVpce": "false"}},
            {"IpAddress": {"aws:VpcSourceIp": "0.0.0.0/0"}},
            {"StringLike": {"aws:VpceAccount": "*"}},
        ],
        ids=str,
    )
    def test_allow_only_through_one(
        self,
        guard: Callable[..., MadeQueue],
        server: Server,
        condition: dict[str, Any],
        forgery: dict[str, str],
    ) -> None:
        queue = guard(allow("sqs:SendMessage", Principal="*", Condition=condition))
        unsigned = {"Host": "x", "X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": JSON, **forgery}
        body = json.dumps({"QueueUrl": queue.url, "MessageBody": "x"}).encode()
        assert post(server, body, unsigned).status == 403

    @pytest.mark.parametrize(
        "line",
        [
            b"PROXY TCP4 10.0.0.1 10.0.0.2 5000 443\r\n",
            b"PROXY UNKNOWN\r\n",
            b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes([10, 0, 0, 1, 10, 0, 0, 2, 19, 136, 1, 187]),
        ],
        ids=["v1", "v1 unknown", "v2"],
    )
    def test_a_proxy_line_is_no_http(
        self, guard: Callable[..., MadeQueue], server: Server, scheme: str, line: bytes
    ) -> None:
        queue = guard(*unless_through_the_endpoint())
        parameters = {"QueueUrl": queue.url, "MessageBody": "x"}
        answer = signed(server.administrator(), "SendMessage", parameters).send(server, scheme, before=line)
        assert answer.status == 400

    def test_a_proxy_line_before_tls(self, server: Server) -> None:
        with connect(server) as connection:
            connection.send(b"PROXY TCP4 10.0.0.1 10.0.0.2 5000 443\r\n\x16\x03\x01\x02\x00\x01")
            assert connection.answer().status == 400

    def test_the_administrator_gets_out_again(self, guard: Callable[..., MadeQueue], admin: Any) -> None:
        queue = guard(*unless_through_the_endpoint())
        admin.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": ""})
        admin.send_message(QueueUrl=queue.url, MessageBody="x")


class TestConditions:
    def test_secure_transport(self, guard: Callable[..., MadeQueue], make_user: MakeUser) -> None:
        queue = guard(
            allow("sqs:SendMessage", Principal="*"),
            deny("*", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
        )
        user = make_user()
        for _ in range(2):  # the decision about one way in must not be taken for the other's
            send(user, queue, "https")
            assert sending_refused(user, queue, "http") == denied(user.arn, queue, DENIED_BY_QUEUE)

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Forwarded-Proto": "https"},
            {"X-Forwarded-Ssl": "on"},
            {"Forwarded": "proto=https"},
            {"Front-End-Https": "on"},
            {"X-Url-Scheme": "https"},
        ],
        ids=names_of,
    )
    def test_no_header_makes_it_secure(
        self, guard: Callable[..., MadeQueue], server: Server, headers: dict[str, str]
    ) -> None:
        queue = guard(deny("sqs:*", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}))
        parameters = {"QueueUrl": queue.url, "MessageBody": "x"}
        request = signed(server.administrator(), "SendMessage", parameters, headers=headers)
        assert request.send(server, "http").status == 403
        assert request.send(server, "https").status == 200

    @pytest.mark.parametrize(
        ("network", "allowed"),
        [("127.0.0.0/8", True), ("127.0.0.1", True), ("10.0.0.0/8", False), ("::1", False)],
    )
    @pytest.mark.parametrize(
        "header", [{}, {"X-Forwarded-For": "10.0.0.1"}, {"X-Real-IP": "10.0.0.1"}], ids=names_of
    )
    def test_source_ip(
        self,
        guard: Callable[..., MadeQueue],
        server: Server,
        make_user: MakeUser,
        network: str,
        allowed: bool,
        header: dict[str, str],
    ) -> None:
        queue = guard(
            allow("sqs:SendMessage", Principal="*", Condition={"IpAddress": {"aws:SourceIp": network}})
        )
        parameters = {"QueueUrl": queue.url, "MessageBody": "x"}
        answer = signed(make_user().key, "SendMessage", parameters, headers=header).send(server)
        assert answer.status == (200 if allowed else 403)

    def test_user_agent_is_what_the_client_says_each_time(
        self, guard: Callable[..., MadeQueue], server: Server, make_user: MakeUser
    ) -> None:
        """Read at every request: a decision that rests on it is not kept."""
        queue = guard(
            allow("sqs:SendMessage", Principal="*", Condition={"StringLike": {"aws:UserAgent": "good*"}})
        )
        user = make_user()
        parameters = {"QueueUrl": queue.url, "MessageBody": "x"}
        for agent, status in (("good/1", 200), ("bad/1", 403), ("good/2", 200)):
            request = signed(user.key, "SendMessage", parameters, headers={"User-Agent": agent})
            assert request.send(server).status == status

    def test_principal_keys(self, guard: Callable[..., MadeQueue], make_user: MakeUser) -> None:
        one, other = make_user(), make_user()
        queue = guard(
            allow("sqs:SendMessage", Principal="*", Condition={"ArnEquals": {"aws:PrincipalArn": one.arn}})
        )
        send(one, queue)
        assert sending_refused(other, queue).status == 403

    def test_time(self, guard: Callable[..., MadeQueue], make_user: MakeUser) -> None:
        user = make_user()
        for moment, status in (("2001-01-01T00:00:00Z", 403), ("2999-01-01T00:00:00Z", 200)):
            queue = guard(
                allow(
                    "sqs:SendMessage", Principal="*", Condition={"DateLessThan": {"aws:CurrentTime": moment}}
                )
            )
            if status == 200:
                send(user, queue)
            else:
                assert sending_refused(user, queue).status == status


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
        assert b"query protocol of SQS" in as_sqs.send(server).body
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
