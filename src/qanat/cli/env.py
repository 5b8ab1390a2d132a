"""`qanat env`: export lines that aim the AWS tools of a shell at the server: `eval "$(qanat env)"`."""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from qanat.cli import data, doors
from qanat.cli.errors import CommandFailed
from qanat.credentials import CredentialsUnreadable
from qanat.net.errors import NetworkUnavailable, PeerGone

EXPECTED: Final = (CommandFailed, CredentialsUnreadable, NetworkUnavailable, PeerGone)

SESSION: Final = "AWS_SESSION_TOKEN"
KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
# Each of these would win over the files, or lead elsewhere.
UNSET: Final[tuple[str, ...]] = (
    SESSION,
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ENDPOINT_URL_SQS",
    "AWS_ENDPOINT_URL_EC2",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)
_PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_NO_PROXY: Final = "NO_PROXY"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "env",
        help="print export lines for a shell",
        description='Prints lines that aim the AWS tools of a POSIX shell at the server: eval "$(qanat env)".',
    )
    data.add_flag(parser)
    parser.add_argument("--user", metavar="NAME", help="with this user's keys, made if it has none yet")
    parser.add_argument(
        "--root",
        action="store_true",
        help="with temporary credentials of the account's root, who can always mend a queue policy",
    )
    parser.add_argument(
        "--duration",
        type=int,
        default=3_600,
        metavar="SECONDS",
        help="how long root's credentials last (900 to 3600)",
    )
    data.add_account_flag(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of export lines")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    directory = data.open_directory(parsed.data, os.environ)
    variables = {
        "AWS_SHARED_CREDENTIALS_FILE": str(directory.credentials_file),
        "AWS_CONFIG_FILE": str(directory.config_file),
        "AWS_REGION": directory.region,
        "AWS_DEFAULT_REGION": directory.region,
        "AWS_ENDPOINT_URL": directory.endpoint_url,
        "AWS_CA_BUNDLE": str(directory.ca_bundle),
        "NODE_EXTRA_CA_CERTS": str(directory.ca_bundle),
        **past_proxies(os.environ, directory.endpoint_url),
    }
    with_key = parsed.root or parsed.user is not None or parsed.account is not None
    unset = UNSET
    if parsed.root:
        if parsed.user is not None:
            raise CommandFailed("--root and --user are two callers: name one")
        account = parsed.account or directory.account
        found = doors.root_credentials(directory.path, account, parsed.duration)
        variables |= zip((*KEYS, SESSION), found, strict=True)
        unset = tuple(name for name in UNSET if name != SESSION)
    elif with_key:
        variables |= zip(KEYS, directory.key_of(parsed.user, parsed.account), strict=True)
    if parsed.json:
        sys.stdout.write(json.dumps(variables) + "\n")
        return 0
    unset = unset if with_key else (*KEYS, *UNSET)
    sys.stdout.write(f"unset {' '.join(unset)}\n")
    for name, value in variables.items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
    return 0


def past_proxies(environment: Mapping[str, str], endpoint_url: str) -> dict[str, str]:
    """Where a proxy is set, the variables that keep the server's own host from it; both spellings are read."""
    if not any(environment.get(name) or environment.get(name.lower()) for name in _PROXIES):
        return {}
    host = urlsplit(endpoint_url).hostname or ""
    found = {}
    for name in (_NO_PROXY, _NO_PROXY.lower()):
        hosts = [one for one in environment.get(name, "").split(",") if one]
        found[name] = ",".join(hosts if host in hosts else [*hosts, host])
    return found
