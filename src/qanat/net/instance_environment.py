"""The environment of a program in a VPC: AWS clients find the region, the keys and our authority, and nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

# Each of these would aim a client elsewhere, give it an identity that is not ours, or tell it a secret of the server's.
REMOVED: Final = frozenset(
    {
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_USE_FIPS_ENDPOINT",
        "QANAT_MASTER_KEY",
        "QANAT_NEW_MASTER_KEY",
    }
)
REMOVED_PREFIXES: Final = ("AWS_ENDPOINT_URL", "AWS_CONTAINER_")
REMOVED_SUFFIXES: Final = ("_PROXY",)
KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


def instance_environment(
    base: Mapping[str, str],
    region: str,
    ca_file: Path,
    access_key: tuple[str, str] | None = None,
    endpoint_url: str | None = None,
) -> dict[str, str]:
    """`base` with what an instance needs. `access_key` is (id, secret); without one, keys in `base` stay.

    `endpoint_url` is for a driver that does not isolate: the client is aimed there, since no private DNS serves it,
    and only AWS clients are told of our authority, since other programs still reach the world.
    """
    found = {name: value for name, value in base.items() if not _is_removed(name)}
    if access_key is not None:
        found = {name: value for name, value in found.items() if name not in KEYS}
        found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"] = access_key
    found |= {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_CA_BUNDLE": str(ca_file),
        "NODE_EXTRA_CA_CERTS": str(ca_file),
    }
    if endpoint_url is not None:
        found["AWS_ENDPOINT_URL_SQS"] = endpoint_url
    else:
        found["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
        found["REQUESTS_CA_BUNDLE"] = found["SSL_CERT_FILE"] = str(ca_file)
    return found


def _is_removed(name: str) -> bool:
    upper = name.upper()
    return upper in REMOVED or upper.startswith(REMOVED_PREFIXES) or upper.endswith(REMOVED_SUFFIXES)
