"""`qanat queue send`: one message, its body from the command line or from standard input."""

import argparse
import base64
import binascii
import sys
from typing import Any, Final

from qanat.cli.errors import CommandFailed
from qanat.cli.queue_output import json_line
from qanat.cli.queue_target import add_flags, add_queue, name_of, open_sqs

_STDIN: Final = "-"
# Far more than a message may hold, so that it is the server that refuses; and no more, whatever is piped in.
_BODY_BYTES_MAX: Final = 4 * 1024 * 1024


def add(parser: argparse.ArgumentParser) -> None:
    add_flags(parser)
    add_queue(parser)
    parser.add_argument(
        "body",
        metavar="BODY",
        nargs="?",
        default=_STDIN,
        help="the text; - or nothing for standard input, every byte of it",
    )
    parser.add_argument("--group", metavar="G", help="MessageGroupId")
    parser.add_argument("--dedup", metavar="D", help="MessageDeduplicationId")
    parser.add_argument("--delay", type=int, metavar="S", help="seconds until it becomes visible")
    parser.add_argument(
        "--attribute",
        type=attribute,
        action="append",
        default=[],
        metavar="NAME=TYPE:VALUE",
        help="TYPE is String, Number or Binary (VALUE in base64); may be given again",
    )
    parser.set_defaults(run=run)


def attribute(text: str) -> tuple[str, dict[str, str]]:
    """A flag's value: (name, a member of MessageAttributes)."""
    name, equals, typed = text.partition("=")
    data_type, colon, value = typed.partition(":")
    kind = data_type.partition(".")[0]
    if not name or not equals or not colon or kind not in ("String", "Number", "Binary"):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=TYPE:VALUE, such as kind=String:order")
    if kind != "Binary":
        return name, {"DataType": data_type, "StringValue": value}
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise argparse.ArgumentTypeError(f"the value of {name} is not base64") from None
    return name, {"DataType": data_type, "BinaryValue": value}


def run(parsed: argparse.Namespace) -> int:
    if parsed.body == _STDIN and sys.stdin.isatty():
        sys.stderr.write("the body, then Ctrl-D:\n")
    body = _standard_input() if parsed.body == _STDIN else parsed.body
    sqs = open_sqs(parsed, parsed.queue)
    sent: dict[str, Any] = sqs.call(
        "SendMessage",
        QueueUrl=sqs.url_of(parsed.queue),
        MessageBody=body,
        MessageGroupId=parsed.group,
        MessageDeduplicationId=parsed.dedup,
        DelaySeconds=parsed.delay,
        MessageAttributes=dict(parsed.attribute) or None,
    )
    if parsed.json:
        json_line(sent)
        return 0
    number = sent.get("SequenceNumber")
    sys.stdout.write(
        f"sent {sent['MessageId']} to {name_of(parsed.queue)}"
        + (f" with sequence number {number}\n" if number else "\n")
    )
    return 0


def _standard_input() -> str:
    raw = sys.stdin.buffer.read(_BODY_BYTES_MAX + 1)
    if len(raw) > _BODY_BYTES_MAX:
        raise CommandFailed("standard input holds more than any message may: 1 MiB is the most")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise CommandFailed(
            "standard input is not UTF-8: send it in base64, or as a Binary attribute"
        ) from None
