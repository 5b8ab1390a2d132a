"""What AWS clients read from the environment (AWS SDKs and Tools Reference Guide), as an instance must have it."""

from pathlib import Path

import pytest

from qanat.net.instance_environment import instance_environment

CA = Path("/data/ca.pem")


@pytest.mark.parametrize(
    "name",
    [
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_SQS",
        "AWS_ENDPOINT_URL_DYNAMODB",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "http_proxy",
        "https_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "no_proxy",
        "QANAT_MASTER_KEY",
        "QANAT_NEW_MASTER_KEY",
    ],
)
def test_what_would_lead_elsewhere_or_is_secret_is_removed(name: str) -> None:
    assert name not in instance_environment({name: "x"}, "us-east-2", CA, ("AKID", "secret"))


def test_an_instance_in_a_vpc_needs_no_more_than_its_command() -> None:
    base = {"PATH": "/bin", "AWS_ACCESS_KEY_ID": "old", "AWS_REGION": "eu-west-1", "AWS_CA_BUNDLE": "/old"}
    assert instance_environment(base, "us-east-2", CA, ("AKID", "secret")) == {
        "PATH": "/bin",
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-2",
        "AWS_DEFAULT_REGION": "us-east-2",
        "AWS_CA_BUNDLE": "/data/ca.pem",
        "SSL_CERT_FILE": "/data/ca.pem",
        "REQUESTS_CA_BUNDLE": "/data/ca.pem",
        "NODE_EXTRA_CA_CERTS": "/data/ca.pem",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


def test_without_isolation_the_client_is_aimed_at_the_endpoint() -> None:
    base = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    made = instance_environment(base, "us-east-2", CA, endpoint_url="https://127.64.1.37:9325")
    assert made["AWS_ENDPOINT_URL_SQS"] == "https://127.64.1.37:9325"
    assert "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" not in made
    assert "SSL_CERT_FILE" not in made


def test_without_a_key_the_callers_own_stays_whole() -> None:
    own = {"AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
    assert own.items() <= instance_environment(own, "us-east-2", CA).items()
