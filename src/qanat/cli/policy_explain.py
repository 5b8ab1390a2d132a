"""`qanat policy explain`: why a request was denied, or what would become of one."""

import argparse
import os
import socket
import sys
from pathlib import Path
from typing import Any, Final

from qanat.api.policy_door import ANSWER_BYTES_MAX, SOCKET_NAME, answer_of
from qanat.cli import data, doors, explanation
from qanat.cli.errors import CommandFailed
from qanat.cli.parser import USAGE
from qanat.cli.queue_output import console_of, json_line, note
from qanat.net import fds
from qanat.net.errors import NetworkUnavailable, PeerGone

ALLOWED: Final = 0
DENIED: Final = 1
_OF_QUESTIONS: Final = (
    "endpoint",
    "public",
    "source_ip",
    "http",
    "region",
    "context",
    "session_of",
    "session_policy",
)
_CHUNK: Final = 1024 * 1024


def add(parser: argparse.ArgumentParser) -> None:
    data.add_flag(parser)
    parser.add_argument(
        "--last",
        nargs="?",
        type=_count,
        const=1,
        metavar="N",
        help="the last N denied requests (1), newest first",
    )
    parser.add_argument(
        "--principal", metavar="WHO", help="an ARN (user, role, session, root), anonymous, or a service"
    )
    parser.add_argument("--action", help="such as sqs:SendMessage, or SendMessage")
    parser.add_argument("--queue", metavar="QUEUE", help="a queue's name, URL or ARN, another ARN, or *")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--endpoint", metavar="ID", help="through this VPC endpoint")
    way.add_argument("--public", action="store_true", help="by the public listener (the default)")
    parser.add_argument("--source-ip", metavar="IP", help="from this address")
    parser.add_argument("--http", action="store_true", help="by plain HTTP")
    parser.add_argument("--region", help="the Region that is asked, where the queue does not say")
    parser.add_argument(
        "--context",
        action="append",
        type=_pair,
        default=[],
        metavar="KEY=VALUE",
        help="a condition key that only a request has; twice for two values",
    )
    parser.add_argument(
        "--session-of",
        metavar="USER",
        help="of a federated user: the ARN of the user who asked for the session",
    )
    parser.add_argument(
        "--session-policy",
        action="append",
        default=[],
        metavar="FILE",
        help="a policy that was passed to the session",
    )
    parser.add_argument("--json", action="store_true", help="JSON, one line a request")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    wrong = _misused(parsed)
    if wrong:
        return _failed(f"{wrong} (see qanat policy explain --help)")
    try:
        directory = data.open_directory(parsed.data, os.environ)
        answer = _ask(directory, _wish(parsed))
    except (CommandFailed, NetworkUnavailable, PeerGone) as error:
        return _failed(str(error))
    return _show(answer["explained"], int(answer["left_out"]), as_json=parsed.json)


def _show(explained: list[dict[str, Any]], left_out: int, *, as_json: bool) -> int:
    console = console_of(sys.stdout)
    for number, one in enumerate(explained):
        if as_json:
            json_line(one)
            continue
        if number:
            console.rule()
        explanation.show(one, console)
    if not explained:
        note("no such request was denied since the server was started")
    if left_out:
        note(f"{left_out} more are too large to be shown")
    denied = any(not one["trace"]["allowed"] for one in explained)
    return DENIED if denied else ALLOWED


def _misused(parsed: argparse.Namespace) -> str:
    given = [flag for flag in ("principal", "action", "queue") if getattr(parsed, flag) is not None]
    about_way = [f"--{flag.replace('_', '-')}" for flag in _OF_QUESTIONS if getattr(parsed, flag)]
    if about_way and (parsed.last is not None or len(given) < 3):
        return f"{about_way[0]} is for a question: it takes --principal, --action and --queue, and no --last"
    return ""


def _wish(parsed: argparse.Namespace) -> dict[str, object]:
    asked = (parsed.principal, parsed.action, parsed.queue)
    if parsed.last is not None or None in asked:
        names = ("principal", "action", "resource")
        return {"last": parsed.last or 1, **dict(zip(names, asked, strict=True))}
    context: dict[str, list[str]] = {}
    for key, value in parsed.context:
        context.setdefault(key, []).append(value)
    return {
        "question": {
            "principal": parsed.principal,
            "action": parsed.action,
            "resource": parsed.queue,
            "endpoint": parsed.endpoint,
            "source_ip": parsed.source_ip,
            "secure": not parsed.http,
            "region": parsed.region,
            "context": context,
            "session_of": parsed.session_of,
            "session_policies": [_text_of(file) for file in parsed.session_policy],
        }
    }


def _text_of(file: str) -> str:
    try:
        return Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CommandFailed(f"{file} cannot be read: {reason}") from error


def _ask(directory: data.DataDirectory, wish: dict[str, object]) -> dict[str, Any]:
    with doors.connect(directory.path, SOCKET_NAME) as connection:
        fds.send(connection, wish)
        answer = answer_of(_all_of(connection))
    if "error" in answer:
        raise CommandFailed(str(answer["error"]))
    return answer


def _all_of(connection: socket.socket) -> bytes:
    found = bytearray()
    try:
        while chunk := connection.recv(_CHUNK):
            found += chunk
            if len(found) > 2 * ANSWER_BYTES_MAX:
                raise NetworkUnavailable("the server's answer is too large")
    except OSError as error:
        raise PeerGone(f"the server does not answer: {error.strerror or error}") from error
    return bytes(found)


def _failed(reason: str) -> int:
    sys.stderr.write(f"qanat: {' '.join(reason.split())}\n")
    return USAGE


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError("a number from 1 to 100")
    return int(text)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or ":" not in key:
        raise argparse.ArgumentTypeError("KEY=VALUE, such as aws:RequestTag/team=red")
    return key, value
