"""`qanat account policies`: the service and resource control policies that stand above an account.

Without flags it shows them. `--scp` and `--rcp` each give one level, from the organization's root down: the files of
one level are alternatives, and every level must allow.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from qanat.cli import data, doors
from qanat.cli.errors import CommandFailed


def add_parser(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = actions.add_parser(
        "policies",
        help="show or set what restricts an account from above (SCPs and RCPs)",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("account", type=data.account_id, metavar="ID", help="twelve digits")
    for flag, kind in (("--scp", "service"), ("--rcp", "resource")):
        parser.add_argument(
            flag,
            action="append",
            nargs="+",
            metavar="FILE",
            dest=kind,
            help=f"a level of {kind} control policies; all levels that were there go",
        )
    parser.add_argument("--clear", action="store_true", help="nothing restricts the account any more")
    data.add_flag(parser)
    parser.add_argument("--json", action="store_true", help="JSON")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    directory = data.open_directory(parsed.data, os.environ)
    standing = doors.control_policies(directory.path, parsed.account)
    if parsed.clear and (parsed.service or parsed.resource):
        raise CommandFailed("--clear takes no policies beside it")
    if parsed.clear:
        standing = doors.set_control_policies(directory.path, parsed.account, [], [])
    elif parsed.service or parsed.resource:
        # A kind that is not named stays as it is.
        service, resource = (
            [[_text(name) for name in level] for level in getattr(parsed, kind)]
            if getattr(parsed, kind)
            else standing[kind]
            for kind in ("service", "resource")
        )
        standing = doors.set_control_policies(directory.path, parsed.account, service, resource)
    if parsed.json:
        sys.stdout.write(json.dumps(standing) + "\n")
        return 0
    for kind, name in (("service", "SCP"), ("resource", "RCP")):
        if not standing[kind]:
            sys.stdout.write(f"{name}: none\n")
        for height, level in enumerate(standing[kind], start=1):
            for number, text in enumerate(level, start=1):
                sys.stdout.write(f"{name} {height}.{number}:\n{text.rstrip()}\n")
    return 0


def _text(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{name} cannot be read: {error}") from None
