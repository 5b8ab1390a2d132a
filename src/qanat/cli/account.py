"""`qanat account`: make and list the accounts of a running server."""

import argparse
import json
import os
import shlex
import sys
from datetime import UTC, datetime
from typing import Final

from qanat import credentials
from qanat.cli import account_policies, data, doors
from qanat.cli.errors import CommandFailed
from qanat.net.errors import NetworkUnavailable, PeerGone

EXPECTED: Final = (CommandFailed, credentials.CredentialsUnreadable, NetworkUnavailable, PeerGone)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    group = commands.add_parser("account", help="accounts of a running server", description=__doc__)
    actions = group.add_subparsers(title="actions", metavar="ACTION", required=True)
    create = actions.add_parser(
        "create",
        help="make an account",
        description="Makes an account with an administrator, whose key goes to the credentials file.",
    )
    create.add_argument("account", type=data.account_id, metavar="ID", help="twelve digits")
    create.set_defaults(run=_create)
    listing = actions.add_parser(
        "ls", help="list the accounts", description="Lists the accounts of a server."
    )
    listing.set_defaults(run=_list)
    account_policies.add_parser(actions)
    for parser in (create, listing):
        data.add_flag(parser)
        parser.add_argument("--json", action="store_true", help="JSON")


def _create(parsed: argparse.Namespace) -> int:
    directory = data.open_directory(parsed.data, os.environ)
    profile = credentials.profile_of_account(parsed.account)
    with directory.alone():
        key = doors.administrator_key(directory.path, "create", parsed.account)
        credentials.write_key(directory.path, profile, key)
    if parsed.json:
        found = {"account": parsed.account, "profile": profile, "access_key_id": key[0]}
        sys.stdout.write(json.dumps(found) + "\n")
        return 0
    aim = f"qanat env --data {shlex.quote(str(directory.path))} --account {parsed.account}"
    sys.stdout.write(
        f"Account {parsed.account} is made. Its administrator's key is the profile {profile} in "
        f'{directory.credentials_file}\nFor a shell: eval "$({aim})"\n'
    )
    return 0


def _list(parsed: argparse.Namespace) -> int:
    directory = data.open_directory(parsed.data, os.environ)
    found = [
        {
            "account": one["account"],
            "created_at": _instant(one["created_at_ms"]),
            "profile": credentials.DEFAULT
            if one["account"] == directory.account
            else credentials.profile_of_account(one["account"]),
        }
        for one in doors.all_accounts(directory.path)
    ]
    if parsed.json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.writelines("  ".join(one.values()) + "\n" for one in found)
    return 0


def _instant(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
