"""`qanat env`: export lines that aim the AWS tools of a shell at the server: `eval "$(qanat env)"`."""

import argparse
import json
import os
import shlex
import sys
from typing import Final

from qanat.cli import data
from qanat.cli.errors import CommandFailed
from qanat.credentials import CredentialsUnreadable

EXPECTED: Final = (CommandFailed, CredentialsUnreadable)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("env", help="print export lines for a shell", description=__doc__)
    data.add_flag(parser)
    parser.add_argument("--user", metavar="NAME", help="with this user's keys, made if it has none yet")
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
    }
    if parsed.user is not None:
        variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"] = directory.key_of(parsed.user)
    if parsed.json:
        sys.stdout.write(json.dumps(variables) + "\n")
    else:
        # Keys of another account that the shell may hold would win over the files.
        if parsed.user is None:
            sys.stdout.write("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY\n")
        sys.stdout.write("unset AWS_SESSION_TOKEN AWS_PROFILE\n")
        for name, value in variables.items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
    return 0
