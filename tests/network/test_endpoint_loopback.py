"""The loopback driver: it isolates nothing and says so; policies hold all the same, and so does where one came from."""

import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from support.policies import DENIED_BY_QUEUE, allow, deny, send
from support.signing import sqs as signed
from support.things import MadeQueue, MadeUser
from support.vpc import EVERYTHING, OWN, Cloud, Endpoint, Instance, eventually, private_url, wire_bytes

NO_ENDPOINT_POLICY = "because no VPC endpoint policy allows the sqs:sendmessage action"
SAID = "qanat: the loopback driver does not isolate: this program reaches all that this machine reaches"


@dataclass
class Place:
    cloud: Cloud
    vpc_id: str
    subnets: tuple[str, str]
    endpoint: Endpoint
    inside: Instance
    queue: MadeQueue
    user: MadeUser


@pytest.fixture(scope="module")
def place(flat_cloud: Cloud) -> Iterator[Place]:
    cloud, vpc_id = flat_cloud, flat_cloud.vpc()
    subnets = (cloud.subnet(vpc_id), cloud.subnet(vpc_id, "10.0.2.0/24", "b"))
    endpoint, user = cloud.endpoint(vpc_id, subnets[0], PolicyDocument=EVERYTHING), cloud.user()
    with cloud.instance(vpc_id, "--user", user.name) as inside:
        yield Place(cloud, vpc_id, subnets, endpoint, inside, cloud.queue(), user)


def environment(place: Place, vpc_id: str | None = None) -> tuple[dict[str, str], str]:
    """What a program in the VPC finds in its environment, and what was said to its user."""
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    ran = place.cloud.ran(vpc_id or place.vpc_id, [sys.executable, "-c", show])
    assert ran.code == 0
    return json.loads(ran.out), ran.err


def host_and_port(place: Place) -> tuple[str, int]:
    """Of the endpoint, as an instance is told."""
    url = environment(place)[0]["AWS_ENDPOINT_URL_SQS"]
    host, _, port = url.removeprefix("https://").rpartition(":")
    return host, int(port)


def sent(place: Place) -> str:
    """How a send ends that follows nothing but the environment: `` for well, else the reason."""
    url = place.inside.call(OWN, "GetQueueUrl", QueueName=place.queue.name)
    assert url.allowed or url.reason
    return place.inside.call(OWN, "SendMessage", QueueUrl=private_url(place.queue), MessageBody="x").reason


def test_it_says_that_it_does_not_isolate(place: Place) -> None:
    assert place.cloud.server.started["network"] == "loopback, as asked: VPCs are not isolated"
    assert environment(place)[1] == f"{SAID}\n"


def test_a_client_with_nothing_configured_reaches_the_endpoint(place: Place) -> None:
    host, port = host_and_port(place)
    assert host.startswith("127.")
    found = place.inside.call(OWN, "GetQueueUrl", QueueName=place.queue.name)
    assert found.output["QueueUrl"] == f"https://{host}:{port}/123456789012/{place.queue.name}"
    assert sent(place) == ""


def test_the_certificate_holds_for_the_address(place: Place) -> None:
    host, port = host_and_port(place)
    assert place.inside.open("named", host, port, tls=host) == {"version": "TLSv1.3"}


def test_plain_http_is_refused(place: Place) -> None:
    host, port = host_and_port(place)
    place.inside.open("plain", host, port, tls=None)
    found = place.inside.exchange("plain", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (found["status"], found["body"]) == (400, "This VPC endpoint speaks HTTPS only.\n")


def test_the_endpoints_policy_decides(place: Place) -> None:
    place.cloud.set_policy(place.endpoint, allow("sqs:Get*", Principal="*"))
    assert sent(place) == NO_ENDPOINT_POLICY
    send(place.user, place.queue)
    place.cloud.modify(place.endpoint, PolicyDocument=EVERYTHING)
    assert sent(place) == ""


def test_an_endpoint_carries_no_operation_of_our_own(place: Place) -> None:
    host, port = host_and_port(place)
    place.inside.open("peeking", host, port, tls=host)
    peek = signed(place.cloud.server.administrator(), "PeekMessages", {"QueueUrl": private_url(place.queue)})
    peek.headers["X-Amz-Target"] = "Qanat.PeekMessages"
    found = place.inside.exchange("peeking", wire_bytes(peek))
    assert found["status"] == 403
    assert "This VPC endpoint serves SQS only, not qanat:PeekMessages." in found["body"]


def test_the_source_is_the_endpoint(place: Place) -> None:
    condition = {"StringNotEquals": {"aws:sourceVpce": place.endpoint.endpoint_id}}
    place.cloud.guard(
        place.queue, deny("sqs:SendMessage", place.queue.arn, Principal="*", Condition=condition)
    )
    assert sent(place) == ""
    with pytest.raises(Exception, match=DENIED_BY_QUEUE):
        send(place.user, place.queue)
    place.cloud.guard(place.queue)


def test_another_vpc_is_another_address_and_another_source(place: Place) -> None:
    cloud, vpc_id = place.cloud, place.cloud.vpc()
    other = cloud.endpoint(vpc_id, cloud.subnet(vpc_id))
    queue = cloud.queue()
    condition = {"StringNotEquals": {"aws:SourceVpc": vpc_id}}
    cloud.guard(queue, deny("sqs:SendMessage", queue.arn, Principal="*", Condition=condition))
    with cloud.instance(vpc_id, "--user", place.user.name) as inside:
        assert inside.call(OWN, "SendMessage", QueueUrl=private_url(queue), MessageBody="x").allowed
    # Without isolation anybody reaches any endpoint; which one it was is known all the same.
    host, port = host_and_port(place)
    place.inside.open("asked", host, port, tls=host)
    asked = signed(place.user.key, "SendMessage", {"QueueUrl": private_url(queue), "MessageBody": "x"})
    assert DENIED_BY_QUEUE in place.inside.exchange("asked", wire_bytes(asked))["body"]
    cloud.delete(other)


def test_without_an_endpoint_a_client_is_led_nowhere_rather_than_to_aws(place: Place) -> None:
    vpc_id = place.cloud.vpc()
    place.cloud.subnet(vpc_id)
    found, said = environment(place, vpc_id)
    assert found["AWS_ENDPOINT_URL_SQS"] == "https://no-vpc-endpoint.invalid"
    assert said == f"{SAID}; SQS is out of its reach, since this VPC has no endpoint with private DNS\n"
    with place.cloud.instance(vpc_id, "--user", place.user.name) as inside:
        refused = inside.call(OWN, "SendMessage", QueueUrl=private_url(place.queue), MessageBody="x")
        assert (refused.status, refused.code) == (0, "EndpointConnectionError")


def test_an_endpoint_that_cannot_be_placed_says_why_and_is_tried_again(place: Place) -> None:
    """DescribeVpcEndpoints: state failed, with the reason."""
    cloud = place.cloud
    host, port = host_and_port(place)
    octets = host.split(".")
    with socket.create_server((f"{octets[0]}.{octets[1]}.2.77", port)):
        wish = [{"SubnetId": place.subnets[1], "Ipv4": "10.0.2.77"}]
        endpoint = cloud.endpoint(place.vpc_id, private_dns=False, state="failed", SubnetConfigurations=wish)
        found = cloud.description(endpoint.endpoint_id)
        assert found["FailureReason"] == found["LastError"]["Message"]
        assert found["FailureReason"].startswith(f"cannot listen on {octets[0]}.{octets[1]}.2.77 port {port}")
        cloud.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint.endpoint_id, PolicyDocument=EVERYTHING)
        assert cloud.description(endpoint.endpoint_id)["State"] == "failed"
        assert sent(place) == ""
    # Any change in the network is an occasion, and be it in another VPC.
    cloud.vpc()
    eventually(lambda: cloud.description(endpoint.endpoint_id)["State"], lambda state: state == "available")
    assert "FailureReason" not in cloud.description(endpoint.endpoint_id)
    cloud.delete(endpoint)


def test_connections_end_with_the_endpoint(place: Place) -> None:
    cloud = place.cloud
    vpc_id = cloud.vpc()
    endpoint = cloud.endpoint(vpc_id, cloud.subnet(vpc_id))
    host, port = host_and_port(
        Place(cloud, vpc_id, place.subnets, endpoint, place.inside, place.queue, place.user)
    )
    place.inside.open("standing", host, port, tls=host)
    place.inside.open("in the handshake", host, port, tls=None, before=bytes.fromhex("160301020001"))
    place.inside.open("silent", host, port, tls=None)
    cloud.delete(endpoint)
    for name in ("standing", "in the handshake", "silent"):
        assert place.inside.ask("ended", name=name) == {"ended": True}, name
    eventually(lambda: place.inside.connects(host, port, tls=None), lambda found: found == "ECONNREFUSED")
