"""Endpoints that go, come again, cannot be placed, and outlive the server."""

import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from network.world import NEEDS_NAMESPACES
from support.clients import refusal
from support.metrics import scrape
from support.server import Server, traces_of_bugs
from support.things import MadeQueue, MadeUser
from support.vpc import SQS, WAIT_S, Cloud, Instance, Outcome, eventually, private_url

pytestmark = NEEDS_NAMESPACES

ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HANDSHAKE_BEGUN = bytes.fromhex("160301020001")
"""The first bytes of a TLS handshake, after which the server waits for the rest."""


@dataclass
class Place:
    cloud: Cloud
    vpc_id: str
    subnet_id: str
    inside: Instance
    queue: MadeQueue
    user: MadeUser


@pytest.fixture(scope="module")
def place(cloud: Cloud) -> Iterator[Place]:
    vpc_id = cloud.vpc()
    subnet_id = cloud.subnet(vpc_id)
    with cloud.instance(vpc_id) as inside:
        yield Place(cloud, vpc_id, subnet_id, inside, cloud.queue(), cloud.user())


class TestDeletion:
    def test_connections_end_and_names_vanish(self, place: Place) -> None:
        cloud, inside = place.cloud, place.inside
        endpoint = cloud.endpoint(place.vpc_id, place.subnet_id)
        (address,) = endpoint.addresses
        assert inside.send(place.user, place.queue).allowed
        inside.open("standing", SQS)
        assert inside.exchange("standing", ASKED)["status"] == 404
        inside.open("in the handshake", SQS, tls=None, before=HANDSHAKE_BEGUN)
        inside.open("silent", SQS, tls=None)
        cloud.delete(endpoint)
        for name in ("standing", "in the handshake", "silent"):
            assert inside.ask("ended", name=name) == {"ended": True}, name
        for name in (SQS, *endpoint.names):
            eventually(partial(inside.look_up, name), lambda found: found["code"] == "NXDOMAIN")
        assert inside.send(place.user, place.queue).status == 0
        assert inside.connects(address, wait_s=1) == "no answer"
        assert cloud.interfaces("description", f"VPC Endpoint Interface {endpoint.endpoint_id}") == []
        refused = refusal(cloud.ec2.describe_vpc_endpoints, VpcEndpointIds=[endpoint.endpoint_id])
        assert refused.code == "InvalidVpcEndpointId.NotFound"

    def test_a_long_poll_through_it_ends_with_it(self, place: Place) -> None:
        cloud = place.cloud
        endpoint = cloud.endpoint(place.vpc_id, place.subnet_id)
        queue = cloud.queue()
        assert place.inside.send(place.user, queue).allowed
        found: list[Outcome] = []

        def poll() -> None:
            url = private_url(queue)
            found.extend(
                place.inside.call(place.user.key, "ReceiveMessage", QueueUrl=url, WaitTimeSeconds=20)
                for _ in range(2)
            )

        polling = threading.Thread(target=poll)
        polling.start()
        parked = "qanat_parked_receives"
        eventually(lambda: scrape(cloud.server).of(parked), lambda number: number == 1)
        cloud.delete(endpoint)
        polling.join()
        assert [outcome.status for outcome in found] == [200, 0]

    def test_its_address_is_free_again(self, place: Place) -> None:
        cloud = place.cloud
        wish = [{"SubnetId": place.subnet_id, "Ipv4": "10.0.1.77"}]
        for _ in range(3):
            endpoint = cloud.endpoint(place.vpc_id, SubnetConfigurations=wish)
            assert endpoint.addresses == ("10.0.1.77",)
            assert place.inside.send(place.user, place.queue).allowed
            cloud.delete(endpoint)
        eventually(partial(place.inside.look_up, SQS), lambda found: found["code"] == "NXDOMAIN")
        assert place.inside.send(place.user, place.queue).status == 0

    def test_an_instance_may_have_the_address_next(self, place: Place) -> None:
        cloud = place.cloud
        vpc_id = cloud.vpc()
        subnet_id = cloud.subnet(vpc_id, "10.0.3.0/28")
        for _ in range(3):
            endpoint = cloud.endpoint(vpc_id, subnet_id)
            cloud.delete(endpoint)
            with cloud.instance(vpc_id) as inside:
                assert tuple(inside.ask("about")["addresses"]) == endpoint.addresses


def test_a_vpc_with_all_that_is_in_it_goes_and_comes(place: Place) -> None:
    cloud = place.cloud
    for _ in range(2):
        vpc_id = cloud.vpc("172.31.0.0/24")
        subnet_id = cloud.subnet(vpc_id, "172.31.0.0/28")
        endpoint = cloud.endpoint(vpc_id, subnet_id)
        with cloud.instance(vpc_id) as inside:
            assert inside.send(place.user, place.queue).allowed
            for call, given in (
                (cloud.ec2.delete_subnet, {"SubnetId": subnet_id}),
                (cloud.ec2.delete_vpc, {"VpcId": vpc_id}),
            ):
                assert refusal(call, **given).code == "DependencyViolation"
        cloud.delete(endpoint)
        eventually(partial(cloud.interfaces, "vpc-id", vpc_id), lambda found: found == [])
        cloud.ec2.delete_subnet(SubnetId=subnet_id)
        cloud.ec2.delete_vpc(VpcId=vpc_id)


class TestRestart:
    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
    def test_everything_is_back_when_the_server_says_that_it_is_ready(
        self, tmp_path: Path, how: signal.Signals
    ) -> None:
        first = Cloud(Server.start(tmp_path, "--network", "netns", "--cooldown-s", "0"))
        vpc_id = first.vpc()
        subnets = [first.subnet(vpc_id), first.subnet(vpc_id, "10.0.2.0/24", "b")]
        endpoint = first.endpoint(vpc_id, *subnets)
        queue, user = first.queue(), first.user()
        old = Instance(first.run(vpc_id, ["sleep", "600"]), tmp_path / "stderr")
        eventually(lambda: first.interfaces("interface-type", "interface"), lambda found: len(found) == 1)
        first.close()
        first.server.process.send_signal(how)
        assert first.server.process.wait(WAIT_S) == (0 if how is signal.SIGTERM else -signal.SIGKILL)
        assert first.server.process.stdout is not None
        first.server.process.stdout.close()

        cloud = Cloud(Server.start(tmp_path, "--network", "netns", "--cooldown-s", "0"))
        try:
            found = cloud.description(endpoint.endpoint_id)
            assert found["State"] == "available"
            assert cloud.described(endpoint.endpoint_id) == endpoint
            assert cloud.interfaces("interface-type", "interface") == []
            with cloud.instance(vpc_id) as inside:
                assert sorted(inside.addresses(SQS)) == sorted(endpoint.addresses)
                assert inside.send(user, queue).allowed
        finally:
            cloud.close()
            old.process.terminate()
            old.process.wait(WAIT_S)
            for stream in (old.process.stdin, old.process.stdout, old.process.stderr):
                assert stream is not None
                stream.close()
            assert cloud.server.stop() == 0
        assert traces_of_bugs(cloud.server.log) == []
