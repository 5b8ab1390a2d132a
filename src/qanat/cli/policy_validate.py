"""`qanat policy validate`: what is wrong in a policy, and where."""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from qanat.cli import data
from qanat.cli.parser import USAGE
from qanat.cli.queue_output import json_line, printable
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.validate import Found, Severity, guessed_kind, validate

FOUND: Final = 1
"""Exit code where a finding is as severe as --fail-on."""
_STDIN: Final = "-"
# Some times what the largest policy takes, so that it is its size that is told of and not the reading.
_BYTES_MAX: Final = 1024 * 1024
_SHOWN_BEFORE: Final = 40
"""Characters of a long line that are shown before what is meant."""
TYPES: Final = {
    "identity": PolicyKind.IDENTITY,
    "resource": PolicyKind.RESOURCE,
    "endpoint": PolicyKind.ENDPOINT,
    "trust": PolicyKind.TRUST,
    "session": PolicyKind.SESSION,
    "scp": PolicyKind.SERVICE_CONTROL,
    "rcp": PolicyKind.RESOURCE_CONTROL,
    "other": PolicyKind.OTHER_RESOURCE,
}
_NOUNS: Final = {
    "identity": "an identity policy",
    "resource": "a queue policy",
    "endpoint": "an endpoint policy",
    "trust": "a role's trust policy",
    "session": "a session policy",
    "scp": "a service control policy",
    "rcp": "a resource control policy",
    "other": "a policy of another service's resource",
}
_STYLES: Final = {
    Severity.ERROR: "bold red",
    Severity.SECURITY_WARNING: "bold magenta",
    Severity.WARNING: "yellow",
    Severity.SUGGESTION: "cyan",
}


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the policy, or - for standard input")
    parser.add_argument(
        "--type",
        choices=list(TYPES),
        help="where it is attached; by default what it looks like: with principals a queue policy (resource), or that "
        "of another service's resource (other); with principals and no resources trust, else identity",
    )
    parser.add_argument(
        "--account",
        type=data.account_id,
        metavar="ID",
        help="whose the queue is; by default the account in the policy's own resources",
    )
    parser.add_argument(
        "--fail-on",
        type=Severity,
        choices=list(Severity),
        default=Severity.SECURITY_WARNING,
        metavar="SEVERITY",
        help="exit code 1 from this severity on: error, security-warning (the default), warning, suggestion",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    name = "<stdin>" if parsed.file == _STDIN else parsed.file
    try:
        text = _text(parsed.file)
    except (OSError, UnicodeDecodeError, _TooLong) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        sys.stderr.write(f"qanat: {name}: {' '.join(reason.split())}\n")
        return USAGE
    kind = TYPES[parsed.type] if parsed.type else guessed_kind(text)
    assumed = next(word for word, one in TYPES.items() if one is kind)
    findings = validate(text, kind, parsed.account)
    if parsed.json:
        json_line(_described(name, assumed, findings, assumed=parsed.type is None))
    else:
        _show(name, assumed, text, findings, assumed=parsed.type is None)
    return FOUND if any(found.severity.reaches(parsed.fail_on) for found in findings) else 0


class _TooLong(Exception):
    """More than any policy."""


def _text(file: str) -> str:
    if file == _STDIN:
        found = sys.stdin.buffer.read(_BYTES_MAX + 1)
    else:
        with Path(file).open("rb") as opened:
            found = opened.read(_BYTES_MAX + 1)
    if len(found) > _BYTES_MAX:
        raise _TooLong(f"more than {_BYTES_MAX} bytes are not a policy")
    return found.decode("utf-8-sig")


def _described(name: str, kind: str, findings: tuple[Found, ...], *, assumed: bool) -> dict[str, object]:
    return {
        "file": name,
        "type": kind,
        "assumed": assumed,
        "findings": [
            {
                "severity": found.severity.value,
                "code": found.code,
                "message": found.message,
                "path": found.path,
                "line": found.line,
                "column": found.column,
                "learn_more": found.learn_more,
            }
            for found in findings
        ],
    }


def _show(name: str, kind: str, text: str, findings: tuple[Found, ...], *, assumed: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    lines = text.split("\n")
    for found in findings:
        place = f"{name}:{found.line}:{found.column}: "
        console.print(
            Text(printable(place, console.encoding))
            + Text(found.severity.value.replace("-", " "), _STYLES[found.severity])
            + Text(f" {found.code}")
        )
        for row in _quoted(lines[found.line - 1], found, console):
            console.print(row)
        console.print(Text(f"    {found.message}"))
        console.print(Text(f"    {found.learn_more}", "dim"))
        console.print()
    counts = Counter(found.severity for found in findings)
    said = ", ".join(_counted(counts[severity], severity) for severity in Severity if counts[severity])
    console.print(
        Text(f"{printable(name, console.encoding)}: {said or 'nothing found'}, {_as(kind, assumed)}")
    )


def _as(kind: str, assumed: bool) -> str:
    return f"as {_NOUNS[kind]}" + (" (assumed from its elements; --type says otherwise)" if assumed else "")


def _counted(count: int, severity: Severity) -> str:
    return f"{count} {severity.value.replace('-', ' ')}{'' if count == 1 else 's'}"


def _quoted(line: str, found: Found, console: Console) -> tuple[Text, Text]:
    """The line and what is meant underlined, both cut to the width of the terminal."""
    margin = f"{found.line:>5} | "
    room = max(console.width - len(margin), _SHOWN_BEFORE * 2)
    start = 0 if len(line) <= room else max(found.column - 1 - _SHOWN_BEFORE, 0)
    before = printable(line[start : found.column - 1], console.encoding)
    meant = printable(line[found.column - 1 : found.column - 1 + found.width], console.encoding)
    after = printable(line[found.column - 1 + found.width :], console.encoding)
    shown = Text(before + meant + after)
    shown.truncate(room)
    indent = Text(before).cell_len
    marks = Text("^" * max(min(Text(meant).cell_len, room - indent), 1), _STYLES[found.severity])
    return Text(margin, "dim") + shown, Text(" " * (len(margin) - 2) + "| ", "dim") + Text(
        " " * indent
    ) + marks
