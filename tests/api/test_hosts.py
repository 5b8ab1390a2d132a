"""The host of a QueueUrl: the one by which a client came in, and never another than ours."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.api.hosts import Hosts
from qanat.core.network.model import VpcEndpoint
from qanat.core.way import WayIn

REGION, FAR = "us-east-2", "eu-west-1"
ENDPOINT = "vpce-0123456789abcdef0"
OWN = f"{ENDPOINT}-abcdefgh"
SUFFIX = f".sqs.{REGION}.vpce.amazonaws.com"


class OneEndpoint:
    def endpoint(self, vpc_endpoint_id: str) -> VpcEndpoint | None:
        if vpc_endpoint_id != ENDPOINT:
            return None
        fields = dict.fromkeys(VpcEndpoint.__struct_fields__)
        return VpcEndpoint(**{**fields, "vpc_endpoint_id": ENDPOINT, "dns_suffix": "abcdefgh"})  # type: ignore[arg-type]  # only these two are read


HOSTS = Hosts([REGION, FAR], OneEndpoint(), "127.0.0.1:9324", ["localhost", "[::1]", "my.host"])
PUBLIC = WayIn(secure=True, client_address="192.0.2.1")
PRIVATE = WayIn(True, "10.0.0.1", ENDPOINT, "vpc-1", "123456789012", REGION)


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ("localhost:9324", "https://localhost:9324"),
        ("LOCALHOST", "https://localhost"),
        ("[::1]:1", "https://[::1]:1"),
        ("my.host:443", "https://my.host:443"),
        (f"sqs.{REGION}.amazonaws.com", f"https://sqs.{REGION}.amazonaws.com"),
        (f"sqs.{REGION}.api.aws:8443", f"https://sqs.{REGION}.api.aws:8443"),
        ("", "https://127.0.0.1:9324"),
        ("evil.example", "https://127.0.0.1:9324"),
        ("localhost:", "https://127.0.0.1:9324"),
        ("localhost:x", "https://127.0.0.1:9324"),
        ("localhost:1/evil", "https://127.0.0.1:9324"),
        ("localhost:@evil.example", "https://127.0.0.1:9324"),
        ("localhost:\u0661", "https://127.0.0.1:9324"),
        (f"{OWN}{SUFFIX}", "https://127.0.0.1:9324"),
    ],
)
def test_public(header: str, url: str) -> None:
    assert HOSTS.base_url(PUBLIC, header.encode()) == url


@pytest.mark.parametrize(
    ("header", "host"),
    [
        (f"sqs.{REGION}.amazonaws.com", f"sqs.{REGION}.amazonaws.com"),
        (f"sqs.{REGION}.amazonaws.com:443", f"sqs.{REGION}.amazonaws.com:443"),
        (f"{OWN}{SUFFIX}", f"{OWN}{SUFFIX}"),
        (f"{OWN}-us-east-2a{SUFFIX}", f"{OWN}-us-east-2a{SUFFIX}"),
        ("127.0.1.1:9325", "127.0.1.1:9325"),
        ("127.0.1.1:x", None),
        ("10.0.0.1:9325", None),
        ("localhost", None),
        (f"sqs.{REGION}.amazonaws.com:9324", None),
        (f"{ENDPOINT}-zzzzzzzz{SUFFIX}", None),
        (f"{OWN}evil{SUFFIX}", None),
        (f"{OWN}-a.evil.example/{SUFFIX}", None),
        (f"{OWN}-a@evil{SUFFIX}", None),
        (f"{OWN}-us-east-2a.evil.example", None),
    ],
)
def test_private(header: str, host: str | None) -> None:
    assert HOSTS.base_url(PRIVATE, header.encode()) == f"https://{host or f'sqs.{REGION}.amazonaws.com'}"


def test_an_endpoint_that_is_gone() -> None:
    gone = WayIn(True, "10.0.0.1", "vpce-gone", "vpc-1", "123456789012", REGION)
    assert HOSTS.base_url(gone, f"{OWN}{SUFFIX}".encode()) == f"https://sqs.{REGION}.amazonaws.com"


def test_plain_http_says_so() -> None:
    assert HOSTS.base_url(WayIn(False, "192.0.2.1"), b"localhost:1") == "http://localhost:1"


@given(
    st.binary(max_size=40), st.sampled_from([b"", b"localhost:", b"localhost", OWN.encode(), b"127.0.0.1:"])
)
def test_whatever_the_header_the_host_is_ours(garbage: bytes, begin: bytes) -> None:
    for way in (PUBLIC, PRIVATE):
        found = urlsplit(HOSTS.base_url(way, begin + garbage))
        assert found.path == "" or found.path == "/"
        assert "@" not in found.netloc
        assert (
            found.hostname in ("localhost", "::1", "my.host")
            or (found.hostname or "").endswith(
                ("127.0.0.1", f"sqs.{REGION}.amazonaws.com", f"sqs.{REGION}.api.aws", SUFFIX)
            )
            or (found.hostname or "").startswith("127.")
        )
