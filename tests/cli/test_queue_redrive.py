"""Following a move task to its end, with the clock and the answers given."""

import argparse
from typing import Any

import pytest

from qanat.cli import queue_redrive
from qanat.cli.errors import CommandFailed
from qanat.cli.queue_redrive import followed, lines


def task(status: str, moved: int, started: int = 5, handle: str | None = None) -> dict[str, Any]:
    found = {
        "Status": status,
        "StartedTimestamp": started,
        "ApproximateNumberOfMessagesToMove": 9,
        "ApproximateNumberOfMessagesMoved": moved,
    }
    return found if handle is None else {**found, "TaskHandle": handle}


def follow(*answers: list[dict[str, Any]]) -> tuple[dict[str, Any], list[int], int]:
    """(the task as it ended, what was shown, how often was waited)."""
    left = list(answers)
    shown: list[int] = []
    waits: list[float] = []
    end = followed(
        lambda: list(left.pop(0)),
        "mine",
        lambda one: shown.append(one["ApproximateNumberOfMessagesMoved"]),
        waits.append,
    )
    assert left == []
    return dict(end), shown, len(waits)


def test_to_its_end() -> None:
    earlier = task("COMPLETED", 1, started=1)
    end, shown, waits = follow(
        [task("RUNNING", 2, handle="mine"), earlier],
        [task("CANCELLING", 4), earlier],
        [task("CANCELLED", 5), earlier],
    )
    assert (end["Status"], shown, waits) == ("CANCELLED", [2, 4, 5], 2)


def test_it_may_have_ended_before_it_was_first_seen() -> None:
    assert follow([task("COMPLETED", 9), task("FAILED", 1, started=1)])[0]["Status"] == "COMPLETED"


def test_a_task_of_somebody_else_that_came_after_it() -> None:
    end, _, _ = follow(
        [task("RUNNING", 2, handle="mine")],
        [task("RUNNING", 0, started=8, handle="other"), task("FAILED", 3)],
    )
    assert end["Status"] == "FAILED"


def test_a_task_that_is_gone() -> None:
    with pytest.raises(CommandFailed):
        follow([])


def test_lines_come_every_few_seconds() -> None:
    said: list[str] = []
    times = iter([0.0, 1.0, 5.0, 5.0, 9.9, 10.0, 10.0])
    show = lines(said.append, lambda: next(times))
    for moved in (1, 2, 3, 4):
        show(task("RUNNING", moved))
    assert said == ["moved 2 of 9", "moved 4 of 9"]


@pytest.mark.parametrize(
    ("at", "said"), [("StartMessageMoveTask", "a move that has begun"), ("ListMessageMoveTasks", "the move")]
)
def test_an_interrupt_at_any_moment_tells_how_the_move_is_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], at: str, said: str
) -> None:
    class Interrupted:
        def arn_of(self, queue: str) -> str:
            return queue

        def call(self, operation: str, **_: Any) -> dict[str, Any]:
            if operation == at:
                raise KeyboardInterrupt
            return {"TaskHandle": "mine"}

    monkeypatch.setattr(queue_redrive, "open_sqs", lambda *_: Interrupted())
    parser = argparse.ArgumentParser()
    queue_redrive.add(parser)
    assert queue_redrive.run(parser.parse_args(["jobs-dead"])) == 130
    assert capsys.readouterr().err == (
        f"\n{said} goes on without you; `qanat queue redrive jobs-dead --cancel` ends it\n"
    )
