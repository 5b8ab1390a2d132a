"""A command with actions under it (`qanat queue ls`): one row of a table each, with help and examples."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

PIPE_CLOSED: Final = 141
"""What a shell makes of a program that SIGPIPE ended."""


class Action(NamedTuple):
    add: Callable[[argparse.ArgumentParser], None]
    """Adds the flags, and `run` as a default."""
    summary: str
    description: str
    examples: tuple[str, ...]


def add_actions(group: argparse.ArgumentParser, table: Mapping[str, Action]) -> None:
    actions = group.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, action in table.items():
        parser = actions.add_parser(
            name,
            help=action.summary,
            description=action.description,
            epilog="\n  ".join(("examples:", *action.examples)),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        action.add(parser)
        parser.set_defaults(run=_quiet_when_nobody_reads(parser.get_default("run")))


Run = Callable[[argparse.Namespace], int]


def _quiet_when_nobody_reads(run: Run) -> Run:
    """`qanat queue peek jobs --all | head` ends without a word when head has enough."""

    def quiet(parsed: argparse.Namespace) -> int:
        try:
            code = run(parsed)
            sys.stdout.flush()
        except BrokenPipeError:
            # What is still to be flushed at the end goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return PIPE_CLOSED
        return code

    return quiet
