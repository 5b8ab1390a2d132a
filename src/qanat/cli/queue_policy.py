"""`qanat queue policy`: show, set or take away the policy of a queue, as root of the account if need be."""

import argparse
import sys
from pathlib import Path

from qanat.cli.errors import CommandFailed
from qanat.cli.queue_output import json_line
from qanat.cli.queue_target import add_flags, add_queue, name_of, open_sqs

_STDIN = "-"


def add(parser: argparse.ArgumentParser) -> None:
    add_flags(parser)
    add_queue(parser)
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--set", metavar="FILE", dest="file", help="the new policy, or - for standard input")
    change.add_argument("--remove", action="store_true", help="the queue has no policy any more")
    parser.add_argument(
        "--root",
        action="store_true",
        help="as root of the account, to whom the queue's policy does not apply here",
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    text = "" if parsed.remove else None if parsed.file is None else _read(parsed.file)
    sqs = open_sqs(parsed, parsed.queue, root=parsed.root)
    if text is None:
        policy = sqs.attributes(parsed.queue, "Policy").get("Policy", "")
        if parsed.json:
            json_line({"QueueName": name_of(parsed.queue), "Policy": policy or None})
        else:
            sys.stdout.write(policy + "\n" if policy else f"{name_of(parsed.queue)} has no policy\n")
        return 0
    sqs.call("SetQueueAttributes", QueueUrl=sqs.url_of(parsed.queue), Attributes={"Policy": text})
    if parsed.json:
        json_line({"QueueName": name_of(parsed.queue), "Policy": text or None, "Findings": sqs.findings})
        return 0
    done = "taken away" if parsed.remove else "set"
    sys.stdout.write(f"the policy of {name_of(parsed.queue)} is {done}\n")
    for finding in sqs.findings:
        sys.stderr.write(f"warning: {finding}\n")
    return 0


def _read(name: str) -> str:
    try:
        text = sys.stdin.read() if name == _STDIN else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{name} cannot be read: {error}") from None
    if not text.strip():
        raise CommandFailed(f"{name} is empty; --remove takes a policy away")
    return text
