"""`qanat queue purge`: every message of a queue goes, whoever holds it."""

import argparse
import sys

from qanat.cli.errors import CommandFailed
from qanat.cli.queue_output import json_line
from qanat.cli.queue_target import add_flags, add_queue, name_of, open_sqs
from qanat.cli.sqs import Sqs


def add(parser: argparse.ArgumentParser) -> None:
    add_flags(parser)
    add_queue(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask; needed where nobody can be asked")
    parser.set_defaults(run=run, refuse=parser.error)


def run(parsed: argparse.Namespace) -> int:
    if not parsed.yes and not sys.stdin.isatty():
        parsed.refuse("give --yes: there is no terminal to ask at")
    sqs, name = open_sqs(parsed, parsed.queue), name_of(parsed.queue)
    if not parsed.yes and not _agreed(sqs, parsed.queue, name):
        raise CommandFailed(f"{name} was not purged")
    sqs.call("PurgeQueue", QueueUrl=sqs.url_of(parsed.queue))
    if parsed.json:
        json_line({"QueueName": name, "Purged": True})
    else:
        sys.stdout.write(f"purged {name}\n")
    return 0


def _agreed(sqs: Sqs, queue: str, name: str) -> bool:
    found = sqs.attributes(queue, "All")
    visible, in_flight, delayed = (
        found[f"ApproximateNumberOfMessages{kind}"] for kind in ("", "NotVisible", "Delayed")
    )
    sys.stderr.write(
        f"Delete all messages of {name} for ever ({visible} visible, {in_flight} in flight, {delayed} delayed)? [y/N] "
    )
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
