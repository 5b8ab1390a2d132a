"""Which regions a request may be signed for, and which one it is for."""

import pytest

from qanat.api.regions import Regions
from qanat.core.sigv4 import Claim, Scope
from qanat.core.way import WayIn

HERE, THERE, ELSEWHERE = "us-east-2", "eu-west-1", "ap-south-1"
REGIONS = Regions((HERE, THERE))
PUBLIC = WayIn(True, "192.0.2.1")


def through(region: str) -> WayIn:
    return WayIn(True, "10.0.0.1", "vpce-1", "vpc-1", "123456789012", region)


def signed_for(region: str, service: str = "sqs") -> Claim:
    return Claim("AKIA", Scope("20260101", region, service), (), "", "20260101T000000Z")


@pytest.mark.parametrize(
    ("way", "host", "service", "regions"),
    [
        (PUBLIC, b"localhost:9324", "sqs", {HERE, THERE}),
        (PUBLIC, b"", "ec2", {HERE, THERE}),
        (PUBLIC, b"SQS.eu-west-1.amazonaws.com:9324", "sqs", {THERE}),
        (PUBLIC, b"sqs.ap-south-1.amazonaws.com", "sqs", {HERE, THERE}),
        (through(THERE), b"sqs.us-east-2.amazonaws.com", "sqs", {THERE}),
        (through(ELSEWHERE), b"", "sqs", set()),
        (PUBLIC, b"", "iam", {HERE, THERE, "us-east-1"}),
        (PUBLIC, b"", "sts", {HERE, THERE, "us-east-1"}),
    ],
)
def test_what_a_signature_may_name(way: WayIn, host: bytes, service: str, regions: set[str]) -> None:
    assert set(REGIONS.signable(way, host, service)) == regions


@pytest.mark.parametrize(("service", "region"), [("sqs", THERE), ("sts", THERE), ("iam", "us-east-1")])
def test_a_signed_request_is_for_the_region_of_its_scope_and_iam_for_its_own(
    service: str, region: str
) -> None:
    claim = signed_for(THERE, service)
    assert REGIONS.meant(PUBLIC, b"sqs.us-east-2.amazonaws.com", service, claim) == region


@pytest.mark.parametrize(
    ("way", "host", "queue_url", "region"),
    [
        (PUBLIC, b"x", None, HERE),
        (PUBLIC, b"x", "jobs", HERE),
        (PUBLIC, b"sqs.eu-west-1.api.aws", None, THERE),
        (PUBLIC, b"x", "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs", THERE),
        (PUBLIC, b"x", "https://sqs.ap-south-1.amazonaws.com/123456789012/jobs", HERE),
        (
            PUBLIC,
            b"sqs.us-east-2.amazonaws.com",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs",
            HERE,
        ),
        (through(THERE), b"sqs.us-east-2.amazonaws.com", None, THERE),
        (
            through(THERE),
            b"sqs.eu-west-1.amazonaws.com",
            "https://sqs.us-east-2.amazonaws.com/123456789012/jobs",
            THERE,
        ),
    ],
)
def test_an_anonymous_request_is_for_the_region_of_the_name_it_uses(
    way: WayIn, host: bytes, queue_url: str | None, region: str
) -> None:
    assert REGIONS.meant(way, host, "sqs", None, queue_url) == region
