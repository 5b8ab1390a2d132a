"""`qanat queue ls`: the queues, and how many messages each holds."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Final

from qanat.cli.queue_output import Column, Rows, console_of, json_line, note
from qanat.cli.queue_target import add_flags, name_of, open_sqs
from qanat.cli.sqs import ACCESS_DENIED, QUEUE_DOES_NOT_EXIST, Refused, Sqs

_PAGE: Final = 1_000
COLUMNS: Final = (
    Column("queue"),
    Column("type"),
    Column("visible", right=True),
    Column("in flight", right=True),
    Column("delayed", right=True),
    Column("dead letters to"),
)
_COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def add(parser: argparse.ArgumentParser) -> None:
    add_flags(parser)
    parser.add_argument("--prefix", metavar="TEXT", help="only queues whose names begin so")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    sqs = open_sqs(parsed)
    found = described(sqs, parsed.prefix)
    if parsed.json:
        for url, attributes in found:
            json_line({"QueueName": name_of(url), "QueueUrl": url, "Attributes": attributes})
        return 0
    rows = [row(url, attributes) for url, attributes in found]
    if not rows:
        note(
            f"there are no queues in {sqs.region}" + (f" called {parsed.prefix}..." if parsed.prefix else "")
        )
        return 0
    Rows(COLUMNS, console_of(sys.stdout)).add(rows)
    return 0


def described(sqs: Sqs, prefix: str | None) -> Iterator[tuple[str, Mapping[str, str]]]:
    """(URL, attributes) of each queue; no attributes where the caller may not read them."""
    token = None
    while True:
        page = sqs.call("ListQueues", QueueNamePrefix=prefix, MaxResults=_PAGE, NextToken=token)
        for url in page.get("QueueUrls", ()):
            try:
                yield url, sqs.attributes(url, "All")
            except Refused as refused:
                # One that was deleted since is passed over.
                if refused.code == ACCESS_DENIED:
                    yield url, {}
                elif refused.code != QUEUE_DOES_NOT_EXIST:
                    raise
        token = page.get("NextToken")
        if token is None:
            return


def row(url: str, attributes: Mapping[str, str]) -> list[str]:
    redrive = json.loads(attributes.get("RedrivePolicy", "{}"))
    target = ""
    if redrive:
        target = f"{name_of(redrive['deadLetterTargetArn'])} after {redrive['maxReceiveCount']}"
    kind = "FIFO" if url.endswith(".fifo") else "standard"
    return [name_of(url), kind, *(attributes.get(name, "?") for name in _COUNTS), target]
