"""`qanat instance run`: start a program as a host in a VPC, with an address, a resolver and no way out of its own."""

import argparse
import os
import sys
from collections.abc import Mapping
from typing import Final

from qanat.api.instances import SOCKET_NAME
from qanat.cli import data, doors
from qanat.cli.errors import CommandFailed
from qanat.net import fds
from qanat.net.errors import NetworkUnavailable, PeerGone
from qanat.net.instance import receive_network
from qanat.net.instance import run as run_in
from qanat.net.instance_environment import instance_environment

EXPECTED: Final = (CommandFailed, NetworkUnavailable, PeerGone)
NOWHERE: Final = "https://no-vpc-endpoint.invalid"
"""A name that never exists (RFC 6761). Left to itself, an AWS client would go to AWS."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    group = commands.add_parser("instance", help="programs that run in a VPC", description=__doc__)
    actions = group.add_subparsers(title="actions", metavar="ACTION", required=True)
    parser = actions.add_parser("run", help="run a program as a host in a VPC", description=__doc__)
    data.add_flag(parser)
    parser.add_argument("--vpc", metavar="ID", required=True)
    parser.add_argument(
        "--subnet", metavar="ID", help="the first of the VPC with a free address, if not given"
    )
    parser.add_argument(
        "--security-group",
        metavar="ID",
        action="append",
        default=[],
        help="may be given again; default: the VPC's own",
    )
    parser.add_argument("--user", metavar="NAME", help="run with this user's keys, made if it has none yet")
    data.add_account_flag(parser)
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD …", help="the program")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    command = parsed.command[1:] if parsed.command[:1] == ["--"] else parsed.command
    if not command:
        raise CommandFailed("name the program to run: qanat instance run --vpc ID -- CMD ...")
    directory = data.open_directory(parsed.data, os.environ)
    with_key = parsed.user is not None or parsed.account is not None
    key = directory.key_of(parsed.user, parsed.account) if with_key else None
    connection = doors.connect(directory.path, SOCKET_NAME)
    fds.send(
        connection,
        {
            "vpc_id": parsed.vpc,
            "subnet_id": parsed.subnet,
            "security_group_ids": parsed.security_group,
        },
    )
    network, details = receive_network(connection)
    # From here on the open connection is what keeps the address; the program itself must not hold it.
    connection.set_inheritable(False)
    endpoint_url = None if details.get("isolates") else _aim(details)
    environment = instance_environment(
        os.environ, str(details["region"]), directory.ca_bundle, key, endpoint_url
    )
    try:
        return run_in(network, command, environment, directory.ca_bundle)
    finally:
        network.close()
        connection.close()


def _aim(details: Mapping[str, object]) -> str:
    """Where SQS is for a program that nothing isolates; said, so that nobody takes it for isolated."""
    said = "the loopback driver does not isolate: this program reaches all that this machine reaches"
    endpoint_url = details.get("endpoint_url")
    if endpoint_url is None:
        said += "; SQS is out of its reach, since this VPC has no endpoint with private DNS"
    sys.stderr.write(f"qanat: {said}\n")
    return NOWHERE if endpoint_url is None else str(endpoint_url)
