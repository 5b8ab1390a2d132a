"""What the way in, the address and the clock allow: no header changes any of them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from support.policies import (
    DENIED_BY_QUEUE,
    allow,
    denied,
    deny,
    send,
    sending_refused,
)
from support.raw import connect, post
from support.server import Server
from support.signing import JSON
from support.signing import sqs as signed
from support.things import MadeQueue, MakeUser


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
