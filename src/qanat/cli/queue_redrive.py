"""`qanat queue redrive`: the messages of a dead-letter queue go back, as a move task that the server runs."""

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from qanat.cli.errors import CommandFailed
from qanat.cli.queue_output import json_line, note
from qanat.cli.queue_target import add_flags, add_queue, count, name_of, open_sqs
from qanat.cli.sqs import Sqs

_INTERRUPTED: Final = 130
_POLL_EVERY_S: Final = 0.5
_LINE_EVERY_S: Final = 5.0
_ACTIVE: Final = ("RUNNING", "CANCELLING")
_LISTED: Final = 10
Task = Mapping[str, Any]
"""An entry of ListMessageMoveTasks."""


def add(parser: argparse.ArgumentParser) -> None:
    add_flags(parser)
    add_queue(parser, "dlq")
    parser.add_argument("--to", metavar="QUEUE", help="to this queue, not to where each message came from")
    parser.add_argument("--rate", type=count, metavar="N", help="messages a second at most (500)")
    parser.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="show how far it is until it ends (this is the default)",
    )
    parser.add_argument(
        "--cancel", action="store_true", help="end the task that is running; what moved stays"
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    sqs = open_sqs(parsed, parsed.dlq)
    source_arn = sqs.arn_of(parsed.dlq)
    if parsed.cancel:
        return _cancel(sqs, source_arn, as_json=parsed.json)
    destination_arn = None if parsed.to is None else sqs.arn_of(parsed.to)
    began = False
    try:
        started = sqs.call(
            "StartMessageMoveTask",
            SourceArn=source_arn,
            DestinationArn=destination_arn,
            MaxNumberOfMessagesPerSecond=parsed.rate,
        )
        began = True
        if not parsed.wait:
            return _left_alone(parsed, started, source_arn)
        with _progress(name_of(parsed.dlq), Console(stderr=True)) as show:
            task = followed(lambda: _tasks(sqs, source_arn), started["TaskHandle"], show, time.sleep)
    except KeyboardInterrupt:
        # While its answer is on the way, nobody here knows whether it has begun.
        which = "the move" if began else "a move that has begun"
        note(f"\n{which} goes on without you; `{_again(parsed)}` ends it")
        return _INTERRUPTED
    return _told(task, name_of(parsed.dlq), as_json=parsed.json)


def _left_alone(parsed: argparse.Namespace, started: Mapping[str, Any], source_arn: str) -> int:
    if parsed.json:
        json_line({**started, "SourceArn": source_arn})
    else:
        sys.stdout.write(f"started; `{_again(parsed)}` ends it\n")
    return 0


def followed(
    tasks: Callable[[], list[Task]],
    handle: str,
    show: Callable[[Task], None],
    sleep: Callable[[float], None],
) -> Task:
    """The task as it ended. `tasks` gives those of the source, the newest first; only a running one has its handle."""
    started_at: int | None = None
    while True:
        found = tasks()
        if started_at is None:
            ours = [task for task in found if task.get("TaskHandle") == handle] or found[:1]
        else:
            ours = [task for task in found if task["StartedTimestamp"] == started_at]
        if not ours:
            raise CommandFailed("the task is no longer listed: `qanat queue peek` shows what is left")
        task = ours[0]
        started_at = task["StartedTimestamp"]
        show(task)
        if task["Status"] not in _ACTIVE:
            return task
        sleep(_POLL_EVERY_S)


def _tasks(sqs: Sqs, source_arn: str) -> list[Task]:
    found: list[Task] = sqs.call("ListMessageMoveTasks", SourceArn=source_arn, MaxResults=_LISTED).get(
        "Results", []
    )
    return found


def _told(task: Task, name: str, *, as_json: bool) -> int:
    if as_json:
        json_line(task)
    moved = task["ApproximateNumberOfMessagesMoved"]
    if task["Status"] == "FAILED":
        reason = task.get("FailureReason", "no reason given")
        raise CommandFailed(f"the move failed: {reason}; {moved} moved, the rest is still in {name}")
    if task["Status"] == "CANCELLED":
        raise CommandFailed(f"the move was cancelled; {moved} moved, the rest is still in {name}")
    if not as_json:
        sys.stdout.write(f"moved {moved} from {name}\n")
    return 0


def _cancel(sqs: Sqs, source_arn: str, *, as_json: bool) -> int:
    running = [task for task in _tasks(sqs, source_arn) if task.get("TaskHandle")]
    if not running:
        raise CommandFailed(f"no move from {name_of(source_arn)} is running")
    answer = sqs.call("CancelMessageMoveTask", TaskHandle=running[0]["TaskHandle"])
    if as_json:
        json_line(answer)
    else:
        sys.stdout.write(f"cancelled; {answer['ApproximateNumberOfMessagesMoved']} had moved\n")
    return 0


def _again(parsed: argparse.Namespace) -> str:
    """The command that cancels, for the same server, region and caller."""
    words = ["qanat", "queue", "redrive", parsed.dlq, "--cancel"]
    for flag in ("data", "region", "user", "account"):
        if (value := getattr(parsed, flag)) is not None:
            words += [f"--{flag}", value]
    return shlex.join(words)


@contextmanager
def _progress(name: str, console: Console) -> Iterator[Callable[[Task], None]]:
    """A bar on a terminal, else a line every few seconds; on standard error, since it is no result."""
    if not console.is_terminal:
        yield lines(note, time.monotonic)
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(name, total=None)
        yield lambda task: progress.update(
            bar,
            total=max(task["ApproximateNumberOfMessagesToMove"], task["ApproximateNumberOfMessagesMoved"]),
            completed=task["ApproximateNumberOfMessagesMoved"],
        )


def lines(say: Callable[[str], None], clock_s: Callable[[], float]) -> Callable[[Task], None]:
    """Says how far a task is, not more often than every few seconds."""
    next_at_s = clock_s() + _LINE_EVERY_S

    def show(task: Task) -> None:
        nonlocal next_at_s
        if clock_s() >= next_at_s:
            next_at_s = clock_s() + _LINE_EVERY_S
            moved, to_move = (
                task["ApproximateNumberOfMessagesMoved"],
                task["ApproximateNumberOfMessagesToMove"],
            )
            say(f"moved {moved} of {to_move}")

    return show
