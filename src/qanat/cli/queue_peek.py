"""`qanat queue peek`: messages as they lie in the queue, touched by nobody."""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from qanat.cli.queue_output import Column, Rows, console_of, duration, json_line, note, size
from qanat.cli.queue_target import add_flags, add_queue, count, name_of, open_sqs
from qanat.cli.sqs import Sqs

_PAGE: Final = 100
_MAX_DEFAULT: Final = 10
# No more of a body is ever shown in a table, so no more of it need be made printable.
_BODY_SHOWN: Final = 2_000
# On a narrower terminal a whole id would leave no room for the body.
_WHOLE_IDS_FROM_WIDTH: Final = 120
_SHORT_ID: Final = 8
STATES: Final = {"visible": "Visible", "in-flight": "InFlight", "delayed": "Delayed"}
Message = Mapping[str, Any]


def add(parser: argparse.ArgumentParser) -> None:
    add_flags(parser)
    add_queue(parser)
    many = parser.add_mutually_exclusive_group()
    many.add_argument(
        "--max", type=count, default=_MAX_DEFAULT, metavar="N", help=f"so many at most ({_MAX_DEFAULT})"
    )
    many.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument(
        "--state", choices=STATES, action="append", help="only messages in this state; may be given again"
    )
    parser.add_argument("--id", metavar="ID", help="only the message with this id")
    parser.add_argument(
        "--body-width", type=count, metavar="N", help="columns for the body (what is left of the line)"
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    sqs = open_sqs(parsed, parsed.queue)
    wanted = {
        "QueueUrl": sqs.url_of(parsed.queue),
        "States": None if parsed.state is None else [STATES[state] for state in parsed.state],
        "MessageId": parsed.id,
    }
    limit = None if parsed.all else parsed.max
    shown, more = 0, False
    table: Rows | None = None
    for messages, more in pages(sqs, wanted, limit):  # noqa: B007 - the last one is read below
        shown += len(messages)
        if parsed.json:
            for message in messages:
                json_line(message)
        elif messages:
            console = console_of(sys.stdout)
            table = table or Rows(COLUMNS, console, parsed.body_width)
            short, now_ms = console.width < _WHOLE_IDS_FROM_WIDTH, time.time_ns() // 1_000_000
            table.add([row(message, now_ms, short_id=short) for message in messages])
        sys.stdout.flush()
    if not parsed.json:
        _say_what_is_left(name_of(parsed.queue), shown, more=more, filtered=bool(parsed.state or parsed.id))
    return 0


def _say_what_is_left(queue: str, shown: int, *, more: bool, filtered: bool) -> None:
    if more:
        note(f"{shown} shown, and there may be more: --max N or --all shows them")
    elif not shown:
        note(f"{queue} holds no such message" if filtered else f"{queue} is empty")


def pages(sqs: Sqs, wanted: Mapping[str, Any], limit: int | None) -> Iterator[tuple[list[Message], bool]]:
    """(messages, whether there may be more after them); at most `limit` in all, None for all that there are."""
    token, left = None, limit
    while True:
        count_now = _PAGE if left is None else min(left, _PAGE)
        answer = sqs.peek(**wanted, MaxNumberOfMessages=count_now, NextToken=token)
        messages, token = answer.get("Messages", []), answer.get("NextToken")
        yield messages, token is not None
        if left is not None:
            left -= len(messages)
        if token is None or left == 0:
            return


COLUMNS: Final = (
    Column("seq", right=True),
    Column("id"),
    Column("state"),
    Column("recv", right=True),
    Column("sent", right=True),
    Column("group"),
    Column("size", right=True),
    Column("body"),
)


def row(message: Message, now_ms: int, *, short_id: bool = False) -> Sequence[str]:
    attributes = message["Attributes"]
    body = message["Body"]
    return [
        str(message["Sequence"]),
        message["MessageId"][:_SHORT_ID] if short_id else message["MessageId"],
        state(message, now_ms),
        attributes["ApproximateReceiveCount"],
        f"{duration(now_ms - int(attributes['SentTimestamp']))} ago",
        attributes.get("MessageGroupId", ""),
        size(len(body.encode())),
        body[:_BODY_SHOWN],
    ]


def state(message: Message, now_ms: int) -> str:
    """`visible`, or for how long it is not."""
    left = duration(message["VisibleTimestamp"] - now_ms)
    if message["State"] == STATES["visible"]:
        return "visible"
    return f"in flight, {left} left" if message["State"] == STATES["in-flight"] else f"delayed, {left} left"
