"""Where a request came from is read from the socket that it came through, and from nothing that a client can send."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from network.world import NEEDS_NAMESPACES
from support.policies import DENIED_BY_QUEUE, deny, send
from support.signing import Signed
from support.signing import sqs as signed
from support.things import MadeQueue, MadeUser
from support.vpc import SQS, Cloud, Endpoint, Instance, private_url, wire_bytes

pytestmark = NEEDS_NAMESPACES


@dataclass
class Place:
    """Two VPCs with an endpoint each, and a queue that takes messages through the first endpoint alone."""

    cloud: Cloud
    first: Endpoint
    second: Endpoint
    in_first: Instance
    in_second: Instance
    queue: MadeQueue
    user: MadeUser


@pytest.fixture(scope="module")
def place(cloud: Cloud) -> Iterator[Place]:
    vpcs = [cloud.vpc(), cloud.vpc()]
    first, second = (cloud.endpoint(vpc_id, cloud.subnet(vpc_id)) for vpc_id in vpcs)
    queue, user = cloud.queue(), cloud.user()
    cloud.guard(queue, unless("aws:sourceVpce", first.endpoint_id, queue))
    with cloud.instance(first.vpc_id) as in_first, cloud.instance(second.vpc_id) as in_second:
        yield Place(cloud, first, second, in_first, in_second, queue, user)


def unless(key: str, value: str, queue: MadeQueue) -> dict[str, Any]:
    """SQS Developer Guide, sqs-creating-custom-policies-access-policy-examples, example 5."""
    condition = {"StringNotEquals": {key: value}}
    return deny("sqs:SendMessage", queue.arn, Principal="*", Condition=condition)


class TestDenyUnlessFromTheEndpoint:
    def test_through_the_endpoint(self, place: Place) -> None:
        assert place.in_first.send(place.user, place.queue).allowed
        assert place.in_first.send(place.user, place.queue, place.first.url).allowed

    def test_through_another_vpcs_endpoint(self, place: Place) -> None:
        refused = place.in_second.send(place.user, place.queue)
        assert (refused.status, refused.reason) == (403, DENIED_BY_QUEUE)

    def test_from_the_public_listener(self, place: Place) -> None:
        with pytest.raises(Exception, match=DENIED_BY_QUEUE):
            send(place.user, place.queue)

    def test_the_administrator_too(self, place: Place) -> None:
        administrator = place.cloud.clients.of("sqs")
        with pytest.raises(Exception, match=DENIED_BY_QUEUE):
            administrator.send_message(QueueUrl=place.queue.url, MessageBody="x")

    def test_by_vpc(self, place: Place) -> None:
        queue = place.cloud.queue()
        place.cloud.guard(queue, unless("aws:SourceVpc", place.second.vpc_id, queue))
        assert place.in_second.send(place.user, queue).allowed
        assert place.in_first.send(place.user, queue).reason == DENIED_BY_QUEUE
        with pytest.raises(Exception, match=DENIED_BY_QUEUE):
            send(place.user, queue)

    def test_each_request_is_judged_by_its_own_way(self, place: Place) -> None:
        """The decisions of one way must not be remembered for another."""
        for _ in range(3):
            assert place.in_first.send(place.user, place.queue).allowed
            assert place.in_second.send(place.user, place.queue).reason == DENIED_BY_QUEUE

    def test_not_from_a_denied_address_holds_for_every_endpoint(self, place: Place) -> None:
        """IAM User Guide, condition keys: aws:SourceIp is absent there, so a negated condition on it is true."""
        queue = place.cloud.queue()
        condition = {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
        place.cloud.guard(queue, deny("sqs:SendMessage", queue.arn, Principal="*", Condition=condition))
        send(place.user, queue)
        assert place.in_first.send(place.user, queue).reason == DENIED_BY_QUEUE


# What a proxy in front would say, and names and ids of the endpoint that would be let in. FIRST is its id.
FORGED_HEADERS: list[dict[str, str]] = [
    {"X-Amz-Source-Vpce": "FIRST"},
    {"X-Amz-Source-Vpc": "VPC"},
    {"X-Amz-Vpce-Id": "FIRST", "X-Amzn-Vpce-Id": "FIRST"},
    {"aws-SourceVpce": "FIRST", "SourceVpce": "FIRST"},
    {"X-Forwarded-For": "10.0.1.4", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "ENDPOINT-NAME"},
    {"Forwarded": 'for=10.0.1.4;proto=http;host="ENDPOINT-NAME"'},
    {"X-Real-IP": "10.0.1.4", "True-Client-IP": "10.0.1.4", "X-Client-IP": "10.0.1.4"},
    {"Via": "1.1 FIRST", "Origin": "https://ENDPOINT-NAME", "Referer": "https://ENDPOINT-NAME/"},
]


def with_names(headers: dict[str, str], endpoint: Endpoint) -> dict[str, str]:
    names = {"FIRST": endpoint.endpoint_id, "VPC": endpoint.vpc_id, "ENDPOINT-NAME": endpoint.names[0]}
    found = headers
    for name, value in names.items():
        found = {header: text.replace(name, value) for header, text in found.items()}
    return found


def sending(place: Place, **fields: Any) -> Signed:
    parameters = {"QueueUrl": private_url(place.queue), "MessageBody": "x"}
    return signed(place.user.key, "SendMessage", parameters, **fields)


def answer(inside: Instance, data: bytes, tls: str = SQS, before: bytes = b"") -> tuple[int, str]:
    """The status, and what was said, of a request on a connection of its own."""
    opened = inside.open("forged", SQS, tls=tls, before=before)
    if "failed" in opened:
        return 0, str(opened["failed"])
    found = inside.exchange("forged", data)
    return int(found.get("status", 0)), str(found.get("body", found.get("failed")))


class TestNothingThatAClientSendsChangesIt:
    @pytest.mark.parametrize("headers", FORGED_HEADERS, ids=lambda headers: next(iter(headers)))
    @pytest.mark.parametrize("is_signed", [True, False], ids=["signed", "unsigned"])
    def test_headers(self, place: Place, headers: dict[str, str], is_signed: bool) -> None:
        right, wrong = (with_names(headers, one) for one in (place.first, place.second))
        assert self.status(place.in_second, place, right, is_signed) == 403
        assert self.status(place.in_first, place, wrong, is_signed) == 200

    def status(self, inside: Instance, place: Place, headers: dict[str, str], is_signed: bool) -> int:
        request = sending(place, headers=headers if is_signed else {})
        data = wire_bytes(request, SQS, **({} if is_signed else headers))
        status, body = answer(inside, data)
        assert status != 403 or DENIED_BY_QUEUE in body
        return status

    def test_the_host(self, place: Place) -> None:
        public = f"{place.cloud.server.host}:{place.cloud.server.port}"
        for host in (place.first.names[0], place.first.addresses[0], public, "example.com"):
            status, body = answer(place.in_second, wire_bytes(sending(place), host))
            assert (status, DENIED_BY_QUEUE in body) == (403, True)
        for host in (place.second.names[0], public, "example.com"):
            assert answer(place.in_first, wire_bytes(sending(place), host))[0] == 200

    def test_a_target_in_absolute_form(self, place: Place) -> None:
        """RFC 9112, 3.2.2. It may be taken or refused; it must not be taken for another way in."""
        url = f"https://{place.first.names[0]}/"
        for path_signed in ("/", url):
            request = sending(place, path=path_signed, path_sent=url)
            assert answer(place.in_second, wire_bytes(request))[0] == 403

    def test_the_server_name_of_tls(self, place: Place) -> None:
        status, body = answer(place.in_second, wire_bytes(sending(place)), tls=place.first.names[0])
        assert (status, DENIED_BY_QUEUE in body) == (403, True)
        for name in (place.second.names[0], "example.com"):
            assert answer(place.in_first, wire_bytes(sending(place)), tls=name)[0] == 200

    @pytest.mark.parametrize("where", ["before the handshake", "within TLS"])
    def test_a_proxy_protocol_header(self, place: Place, where: str) -> None:
        """NLB guide, load-balancer-target-groups: AWS's own names the endpoint in type 0xEA. No client may."""
        line = b"PROXY TCP4 10.0.1.4 10.0.1.4 56324 443\r\n"
        for header in (line, proxy_v2(place.first.endpoint_id)):
            data = wire_bytes(sending(place))
            for inside in (place.in_second, place.in_first):
                if where == "within TLS":
                    assert answer(inside, header + data)[0] == 400
                else:
                    assert answer(inside, data, before=header)[0] == 0
        assert place.in_first.send(place.user, place.queue).allowed

    def test_a_queue_url_that_names_another_way(self, place: Place) -> None:
        for host in (place.first.names[0], f"{place.cloud.server.host}:{place.cloud.server.port}"):
            url = private_url(place.queue).replace(SQS, host)
            parameters = {"QueueUrl": url, "MessageBody": "x"}
            asked = signed(place.user.key, "SendMessage", parameters)
            status, body = answer(place.in_second, wire_bytes(asked))
            assert (status, DENIED_BY_QUEUE in body) == (403, True)


def proxy_v2(endpoint_id: str) -> bytes:
    """PROXY protocol version 2 over TCP/IPv4 with AWS's TLV: type 0xEA, subtype 1, the endpoint's id."""
    value = b"\x01" + endpoint_id.encode()
    addresses = bytes([10, 0, 1, 4, 10, 0, 1, 4]) + struct.pack("!HH", 56324, 443)
    body = addresses + struct.pack("!BH", 0xEA, len(value)) + value
    return b"\r\n\r\n\x00\r\nQUIT\n\x21\x11" + struct.pack("!H", len(body)) + body


def test_the_public_listener_takes_no_such_word_either(place: Place) -> None:
    for headers in FORGED_HEADERS:
        request = sending(place, headers=with_names(headers, place.first))
        status, _, body = request.send(place.cloud.server, "https")
        assert (status, DENIED_BY_QUEUE in body.decode()) == (403, True)
    status, _, _ = sending(place).send(place.cloud.server, before=proxy_v2(place.first.endpoint_id))
    assert status == 400
