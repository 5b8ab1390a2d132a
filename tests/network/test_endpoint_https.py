"""What an endpoint speaks: HTTPS, TLS 1.2 and later, a certificate that is verified by name, and SQS alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from network.world import NEEDS_NAMESPACES
from support.raw import request
from support.server import REGION
from support.signing import FORM, Signed
from support.things import MadeQueue
from support.vpc import DUAL_STACK, OWN, SQS, Cloud, Endpoint, Instance, private_url

pytestmark = NEEDS_NAMESPACES


@dataclass
class Place:
    cloud: Cloud
    endpoint: Endpoint
    inside: Instance
    queue: MadeQueue


@pytest.fixture(scope="module")
def place(cloud: Cloud) -> Iterator[Place]:
    vpc_id = cloud.vpc()
    endpoint = cloud.endpoint(vpc_id, cloud.subnet(vpc_id))
    user = cloud.user()
    with cloud.instance(vpc_id, "--user", user.name) as inside:
        yield Place(cloud, endpoint, inside, cloud.queue())


class TestHttpsOnly:
    """SQS Developer Guide, sqs-vpc-endpoints: "only with HTTPS Amazon SQS endpoints"."""

    def test_plain_http_is_told_so(self, place: Place) -> None:
        asked = request(b"", {"Host": SQS}, method="GET")
        place.inside.open("plain", SQS, tls=None)
        found = place.inside.exchange("plain", asked)
        assert (found["status"], found["body"]) == (400, "This VPC endpoint speaks HTTPS only.\n")
        assert place.inside.ask("ended", name="plain") == {"ended": True}

    def test_a_client_that_is_aimed_at_http(self, place: Place) -> None:
        sent = place.inside.call(
            OWN, "SendMessage", f"http://{SQS}:443", QueueUrl=private_url(place.queue), MessageBody="x"
        )
        assert sent.status == 400

    @pytest.mark.parametrize("port", [80, 8080, 53, 22, 444])
    def test_there_is_no_other_port(self, place: Place, port: int) -> None:
        assert place.inside.connects(SQS, port, tls=None) == "ECONNREFUSED"

    def test_the_servers_other_ports_are_not_in_the_vpc(self, place: Place) -> None:
        for address in (place.endpoint.addresses[0], "10.0.0.2"):
            assert place.inside.connects(address, place.cloud.server.port, tls=None) == "ECONNREFUSED"
        assert place.inside.connects("127.0.0.1", place.cloud.server.port, tls=None) == "ECONNREFUSED"


class TestTls:
    def test_the_certificate_is_verified_by_each_name(self, place: Place) -> None:
        own = set(place.endpoint.names) | {SQS, DUAL_STACK}
        assert len(own) == 4
        for name in own:
            found = place.inside.ask("certificate", host=name)
            assert (found["names"], found["version"]) == (
                [SQS, f"*.sqs.{REGION}.vpce.amazonaws.com", DUAL_STACK],
                "TLSv1.3",
            )

    def test_it_does_not_hold_for_an_address(self, place: Place) -> None:
        found = place.inside.ask("certificate", host=place.endpoint.addresses[0])
        assert found == {"failed": "ssl: CERTIFICATE_VERIFY_FAILED"}

    def test_an_unmodified_client_takes_it(self, place: Place) -> None:
        sent = place.inside.call(OWN, "SendMessage", QueueUrl=private_url(place.queue), MessageBody="x")
        assert sent.allowed

    @pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
    def test_versions_that_are_spoken(self, place: Place, version: str) -> None:
        opened = place.inside.open("tls", SQS, versions=(version, version))
        assert opened == {"version": version.replace("_", ".")}

    @pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
    def test_versions_that_are_not(self, place: Place, version: str) -> None:
        opened = place.inside.open("tls", SQS, versions=(version, version))
        # The event loop ends a handshake that fails without sending the alert that says why.
        assert opened.keys() == {"failed"}
        assert opened["failed"].startswith("ssl: ")
        assert "EOF" in opened["failed"]

    def test_bytes_that_only_begin_like_tls(self, place: Place) -> None:
        place.inside.open("garbage", SQS, tls=None)
        found = place.inside.exchange("garbage", b"\x16\x03\x01\x00\x05hello")
        assert "failed" in found
        assert place.inside.ask("certificate", host=SQS)["version"] == "TLSv1.3"


OTHER_SERVICES = [
    ("ec2", "Action=DescribeVpcs&Version=2016-11-15"),
    ("iam", "Action=ListUsers&Version=2010-05-08"),
    ("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
]


class TestSqsOnly:
    def asked(self, place: Place, signed: Signed, host: str = SQS) -> dict[str, Any]:
        place.inside.open("asked", SQS)
        data = request(signed.body, signed.headers_for(host), signed.path, signed.method)
        return place.inside.exchange("asked", data)

    @pytest.mark.parametrize(("service", "form"), OTHER_SERVICES)
    def test_other_services_are_refused_with_the_reason(self, place: Place, service: str, form: str) -> None:
        key = place.cloud.server.administrator()
        right = Signed(key, form.encode(), {"Content-Type": FORM}, service=service)
        assert right.send(place.cloud.server, "https").status == 200
        for host in (SQS, f"{service}.{REGION}.amazonaws.com"):
            found = self.asked(place, right, host)
            assert found["status"] == 403
            assert f"This VPC endpoint serves SQS only, not {service}." in found["body"]

    @pytest.mark.parametrize(("service", "form"), OTHER_SERVICES)
    def test_a_scope_of_sqs_opens_no_other_service(self, place: Place, service: str, form: str) -> None:
        """The API version in the form names the service where the signature does not."""
        key = place.cloud.server.administrator()
        found = self.asked(place, Signed(key, form.encode(), {"Content-Type": FORM}))
        assert found["status"] == 400
        assert "<Code>InvalidAction</Code>" in found["body"]
        unsigned = request(form.encode(), {"Host": SQS, "Content-Type": FORM})
        place.inside.open("unsigned", SQS)
        assert place.inside.exchange("unsigned", unsigned)["status"] in (400, 403)

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
    def test_health_is_not_there(self, place: Place, method: str) -> None:
        place.inside.open("health", SQS)
        data = request(b"", {"Host": SQS}, "/health", method)
        found = place.inside.exchange("health", data)
        assert 400 <= found.get("status", 400) < 500
        assert "ready" not in found.get("body", "")
