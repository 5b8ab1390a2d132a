"""The flags that every `qanat queue` command has: which server, whose name, which region, which queue."""

import argparse
import os
from typing import Final

from qanat.cli import data, doors
from qanat.cli.errors import CommandFailed
from qanat.cli.sqs import Sqs
from qanat.core.names import Arn

# The shortest that there is: one command uses it once or twice.
_ROOT_S: Final = 900


def add_flags(parser: argparse.ArgumentParser) -> None:
    data.add_flag(parser)
    parser.add_argument("--user", metavar="NAME", help="ask in this user's name, not the administrator's")
    data.add_account_flag(parser)
    parser.add_argument("--region", metavar="NAME", help="the region of the queue, if not the server's own")
    parser.add_argument("--json", action="store_true", help="JSON instead of text")


def add_queue(parser: argparse.ArgumentParser, name: str = "queue") -> None:
    parser.add_argument(name, metavar=name.upper(), help="its name, its URL or its ARN")


def count(text: str) -> int:
    """A flag's value: 1 or more."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number from 1 on")
    return int(text)


def open_sqs(parsed: argparse.Namespace, queue: str | None = None, *, root: bool = False) -> Sqs:
    """`queue` as it was given: an ARN names its region. As root of the account where `root`. Raises CommandFailed."""
    directory = data.open_directory(parsed.data, os.environ)
    arn = None if queue is None else Arn.parse(queue)
    region = parsed.region or (None if arn is None else arn.region)
    if root:
        if parsed.user is not None:
            raise CommandFailed("--root and --user are two callers: name one")
        account = parsed.account or directory.account
        key_id, secret, token = doors.root_credentials(directory.path, account, _ROOT_S)
        return Sqs(directory, (key_id, secret), region, token)
    return Sqs(directory, directory.key_of(parsed.user, parsed.account), region)


def name_of(queue: str) -> str:
    """The name alone, of a queue's name, URL or ARN."""
    arn = Arn.parse(queue)
    return queue.rstrip("/").rpartition("/")[2] if arn is None else arn.resource
