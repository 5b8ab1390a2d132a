"""Names as AWS writes them."""

import pytest

from qanat.core.names import region_of_host


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("sqs.us-east-2.amazonaws.com", "us-east-2"),
        ("SQS.us-east-2.amazonaws.com:9324", "us-east-2"),
        ("sqs.eu-west-1.api.aws", "eu-west-1"),
        ("vpce-1-abc-us-east-2a.sqs.us-east-2.vpce.amazonaws.com", "us-east-2"),
        ("eu-west-1.queue.amazonaws.com", "eu-west-1"),
        ("queue.amazonaws.com", None),
        ("localhost:9324", None),
        ("", None),
        ("x.sqs.us-east-2.amazonaws.com", None),
        ("sqs.us-east-2.amazonaws.com.evil.example", None),
        ("sqs.us-east-2.amazonaws.com:", None),
        ("user@sqs.us-east-2.amazonaws.com", None),
        ("sqs." + "a" * 300 + ".amazonaws.com", None),
    ],
)
def test_the_region_in_a_host(host: str, region: str | None) -> None:
    assert region_of_host(host) == region
