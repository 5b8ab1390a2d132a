"""The writer of a shard: what is promised is durable, and what cannot be made durable is never promised."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from node_rig import START_MS, MemoryLog, Rig
from qanat.core.errors import InternalFailure, QanatError, ServiceUnavailable
from qanat.core.outcome import Outcome
from qanat.node import Clock, Codec


class Refused(QanatError):
    code = "Refused"


class Ledger:
    """A shard of numbers. A number is added and its sum answered; `read` answers the sum; 13 is refused."""

    def __init__(self) -> None:
        self.position = 0
        self.numbers: list[int] = []
        self.applied_at: list[int] = []

    def handle(self, command: object, now_ms: int) -> Outcome[object, int]:
        if command == "read":
            return Outcome(sum(self.numbers), [])
        if command == "raise":
            raise ZeroDivisionError
        if command == "refusal as a reply":
            return Outcome(Refused("no"), [])
        assert isinstance(command, int)
        if command == 13:
            raise Refused("13 is refused")
        self.numbers.append(command)
        return Outcome(sum(self.numbers), [command])

    def apply(self, record: int) -> None:
        self.numbers.append(record)
        self.applied_at.append(self.position)

    def trimmable(self) -> int:
        return 0


def encoded(records: Any, now_ms: int) -> bytes:
    if 666 in records:
        raise ValueError("666 cannot be written")
    return json.dumps([list(records), now_ms]).encode()


def decoded(frame: bytes) -> tuple[list[Any], int]:
    records, at_ms = json.loads(frame)
    return records, at_ms


CODEC = Codec(encoded, decoded)


def rig(log: MemoryLog | None = None, now_ms: int = START_MS) -> Rig:
    return Rig(Ledger(), CODEC, log, now_ms)


def written(log: MemoryLog) -> list[list[int]]:
    return [decoded(frame)[0] for frame in log.frames.values()]


class Only:
    """Compares by type: the errors of this program carry no state of their own."""

    def __init__(self, kind: type[QanatError]) -> None:
        self.kind = kind

    def __eq__(self, other: object) -> bool:
        return type(other) is self.kind

    def __repr__(self) -> str:
        return self.kind.__name__

    __hash__ = None  # type: ignore[assignment]  # nothing keeps it


FAILED, UNAVAILABLE, REFUSED = Only(InternalFailure), Only(ServiceUnavailable), Only(Refused)


# -- replies ----------------------------------------------------------------------------------------------------


def test_a_reply_leaves_only_after_its_commit() -> None:
    r = rig()
    replies = r.submit(5)
    assert replies == []
    r.loop.turn()
    assert (replies, len(r.worker), r.log.frames) == ([], 1, {})
    r.worker.step()
    assert (replies, written(r.log)) == ([5], [[5]])


def test_what_arrives_in_one_turn_of_the_loop_shares_a_commit() -> None:
    r = rig()
    replies = [r.submit(number) for number in (1, 2, 3)]
    r.settle()
    assert (replies, written(r.log)) == ([[1], [3], [6]], [[1, 2, 3]])


def test_what_arrives_during_a_commit_shares_the_next_one() -> None:
    r = rig()
    first = r.submit(1)
    r.loop.turn()
    later = [r.submit(number) for number in (2, 3)]
    r.loop.turn()
    assert len(r.worker) == 1, "one commit at a time"
    r.worker.step()
    assert (first, later) == ([1], [[], []])
    r.loop.turn()
    assert (later, len(r.worker)) == ([[], []], 1)
    r.worker.step()
    assert (later, written(r.log)) == ([[3], [6]], [[1], [2, 3]])


def test_replies_come_in_the_order_of_the_commands() -> None:
    r, told = rig(), list[object]()
    for command in (1, "read", 2, 13, "read", 3):
        r.node.submit(command, told.append)
    r.settle()
    assert told == [1, 1, 3, REFUSED, 3, 6]


@pytest.mark.parametrize(
    ("command", "reply"), [("read", 7), (13, REFUSED), ("refusal as a reply", REFUSED)], ids=str
)
def test_what_rests_on_nothing_new_is_answered_at_once(command: object, reply: object) -> None:
    r = rig()
    r.ask(7)
    assert r.submit(command) == [reply]


@pytest.mark.parametrize("command", ["read", 13, "refusal as a reply"], ids=str)
@pytest.mark.parametrize("committing", [False, True], ids=["gathered", "committing"])
def test_what_rests_on_uncommitted_state_waits_for_it(command: object, committing: bool) -> None:
    r = rig()
    r.submit(7)
    if committing:
        r.loop.turn()
    replies = r.submit(command)
    assert replies == []
    r.settle()
    assert replies == [7 if command == "read" else REFUSED]


def test_a_read_of_what_was_gathered_during_a_commit_waits_for_the_next_one() -> None:
    r = rig()
    r.submit(1)
    r.loop.turn()
    r.submit(2)
    replies = r.submit("read")
    r.worker.step()
    assert replies == [], "it saw 3, and only 1 is durable"
    r.settle()
    assert replies == [3]


def test_a_done_may_submit_again() -> None:
    r, told = rig(), list[object]()

    def again(reply: object) -> None:
        told.append(reply)
        r.node.submit(2, told.append)
        r.node.submit("read", told.append)

    r.node.submit(1, again)
    r.settle()
    assert (told, written(r.log)) == ([1, 3, 3], [[1], [2]])
    assert not r.node.busy


def test_an_answer_that_cannot_be_given_keeps_nobody_else_from_theirs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    r = rig()

    def broken(_: object) -> None:
        raise RuntimeError("the client is gone")

    r.node.submit(1, broken)
    later = r.submit(2)
    r.settle()
    assert (later, r.ask(3), r.failures) == ([3], 6, [])
    assert "an answer could not be given" in caplog.text
    assert stopped(r)


def test_ask_gives_the_reply_or_raises_the_refusal() -> None:
    async def run() -> None:
        r = rig()
        asked = asyncio.create_task(r.node.ask(5))
        await asyncio.sleep(0)
        r.settle()
        assert await asked == 5
        with pytest.raises(Refused):
            await r.node.ask(13)
        given_up = asyncio.create_task(r.node.ask(6))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.sleep(0)
        r.settle()
        assert await r.node.ask("read") == 11, "whoever asked may have gone; what was asked is done"

    asyncio.run(run())


# -- failures ---------------------------------------------------------------------------------------------------


def failed_append(r: Rig) -> list[list[object]]:
    """Replies of two who wait for the commit that fails, and of three who wait for the next one."""
    r.ask(1)
    r.log.failure = OSError("disk full")
    replies = [r.submit(command) for command in (2, "read")]
    r.loop.turn()
    replies += [r.submit(command) for command in (3, "read", 13)]
    r.worker.step()
    return replies


def test_a_failed_append_is_never_a_success_for_anyone() -> None:
    r = rig()
    replies = failed_append(r)
    assert replies == [[FAILED]] * 5
    assert r.failures == [r.log.failure]


def test_a_node_whose_append_failed_takes_no_more() -> None:
    r = rig()
    failed_append(r)
    r.log.failure = None
    assert [r.submit(command) for command in (4, "read", 13)] == [[UNAVAILABLE]] * 3
    r.settle()
    assert written(r.log) == [[1]], "nothing may follow a frame that may be missing"
    assert len(r.failures) == 1


@pytest.mark.parametrize("committing", [False, True], ids=["gathered", "committing"])
def test_an_exception_in_the_shard_stops_the_node(committing: bool) -> None:
    r = rig()
    before = r.submit(1)
    if committing:
        r.loop.turn()
    gathered = r.submit(2)
    assert r.submit("raise") == [FAILED]
    assert gathered == [FAILED], "its memory can be trusted no more"
    r.settle()
    assert before == ([1] if committing else [FAILED])
    assert written(r.log) == ([[1]] if committing else [])
    assert [type(failure) for failure in r.failures] == [ZeroDivisionError]
    assert r.submit("read") == [UNAVAILABLE]


def test_records_that_cannot_be_written_stop_the_node() -> None:
    r = rig()
    replies = [r.submit(command) for command in (666, 1, "read")]
    r.settle()
    assert replies == [[FAILED]] * 3
    assert (r.log.frames, [type(failure) for failure in r.failures]) == ({}, [ValueError])
    assert r.submit(1) == [UNAVAILABLE]
    assert stopped(r)


def test_who_asks_again_when_told_of_the_failure_is_told_again() -> None:
    r, told = rig(), list[object]()

    def again(reply: object) -> None:
        told.append(reply)
        r.node.submit(2, told.append)

    r.log.failure = OSError("disk full")
    r.node.submit(1, again)
    r.settle()
    assert told == [FAILED, UNAVAILABLE]


def test_housekeeping_rests_once_the_node_has_failed() -> None:
    """It would trim by a memory that no log stands behind."""
    r, calls = rig(), list[str]()
    r.node.after_commit = lambda: calls.append("after commit")
    r.ask(1)
    assert len(calls) == 1
    r.submit(2)
    r.loop.turn()
    r.submit("raise")
    r.settle()
    assert (len(calls), written(r.log)) == (1, [[1], [2]])


def test_housekeeping_that_fails_holds_nobody_up() -> None:
    r = rig()

    def broken() -> None:
        raise RuntimeError("a bug")

    r.node.after_commit = broken
    replies = r.submit(1)
    r.loop.turn()
    with pytest.raises(RuntimeError, match="a bug"):
        r.worker.step()
    assert replies == [1]
    assert stopped(r)


def test_work_beside_the_commits_that_fails_stops_the_node() -> None:
    r, told = rig(), list[str]()

    def work() -> None:
        raise OSError("cannot trim")

    r.node.run_beside(lambda: told.append("worked"), lambda: told.append("then"))
    r.node.run_beside(work, lambda: told.append("never"))
    waiting = r.submit(1)
    r.worker.step()
    r.worker.step()
    assert (told, waiting, [str(failure) for failure in r.failures]) == (
        ["worked", "then"],
        [FAILED],
        ["cannot trim"],
    )


# -- starting ---------------------------------------------------------------------------------------------------


def log_of(*frames: tuple[list[int], int], first: int = 1) -> MemoryLog:
    log = MemoryLog()
    log.before = first
    log.frames = {first + step: encoded(*frame) for step, frame in enumerate(frames)}
    return log


@pytest.mark.parametrize("first", [1, 41])
def test_start_replays_and_goes_on_at_the_next_position(first: int) -> None:
    log = log_of(([1, 2], START_MS), ([3], START_MS + 5), first=first)
    r = rig(log, START_MS + 10)
    shard = r.node.shard
    assert isinstance(shard, Ledger)
    assert (shard.numbers, shard.applied_at, shard.position) == (
        [1, 2, 3],
        [first, first, first + 1],
        first + 2,
    )
    assert r.ask(4) == 10
    assert list(log.frames) == [first, first + 1, first + 2]
    assert r.node.statistics.replayed_frames == 2


@pytest.mark.parametrize("first", [1, 41])
def test_start_with_nothing_in_the_log(first: int) -> None:
    log = log_of(first=first)
    rig(log).ask(1)
    assert list(log.frames) == [first]


def test_start_counts_what_stands_in_the_log() -> None:
    log = log_of(([1], START_MS), ([2], START_MS), first=7)
    r = rig(log)
    sizes = {position: len(frame) for position, frame in log.frames.items()}
    assert r.node.frame_sizes == sizes
    assert r.node.statistics.log_bytes == r.node.statistics.appended_bytes == sum(sizes.values())
    r.node.forget_frames(8)
    assert (list(r.node.frame_sizes), r.node.statistics.log_bytes) == ([8], sizes[8])


@pytest.mark.parametrize("wall_ms", [START_MS - 3_600_000, START_MS + 4, START_MS + 6])
def test_time_never_goes_back_not_even_over_a_restart(wall_ms: int) -> None:
    log = log_of(([1], START_MS), ([2], START_MS + 5))
    r = rig(log, wall_ms)
    assert r.clock.now_ms() == max(wall_ms, START_MS + 5)
    r.ask(3)
    assert decoded(log.frames[3])[1] >= decoded(log.frames[2])[1]


def test_the_clock_stands_while_the_wall_clock_is_set_back() -> None:
    wall = [100, 90, 99, 100, 101]
    clock = Clock(lambda: wall.pop(0))
    assert [clock.now_ms() for _ in range(5)] == [100, 100, 100, 100, 101]


def test_a_log_that_cannot_be_read_whole_is_not_served() -> None:
    log = log_of(([1], START_MS))
    log.frames[2] = b"damaged"
    with pytest.raises(json.JSONDecodeError):
        rig(log)


# -- stopping ---------------------------------------------------------------------------------------------------


def stopped(r: Rig, meanwhile: Callable[[], object] = lambda: None) -> bool:
    """Whether `stop` ends and closes the log; `meanwhile` runs while it waits."""

    async def run() -> bool:
        stopping = asyncio.create_task(r.node.stop())
        await asyncio.sleep(0)
        meanwhile()
        for _ in range(10):
            await asyncio.sleep(0)
            r.settle()
        done = stopping.done()
        stopping.cancel()
        return done

    return asyncio.run(run()) and r.log.closed


def test_stop_waits_for_what_is_under_way() -> None:
    r = rig()
    first = r.submit(1)
    r.loop.turn()
    second, read = r.submit(2), r.submit("read")

    def look() -> None:
        assert (first, second, r.log.closed) == ([], [], False)

    assert stopped(r, look)
    assert (first, second, read, written(r.log)) == ([1], [3], [3], [[1], [2]])
    assert [r.submit(3), r.submit("read")] == [[UNAVAILABLE]] * 2
    assert r.failures == [], "to be stopped is no failure"


def test_stop_waits_for_what_comes_while_it_waits() -> None:
    r = rig()
    r.submit(1)
    late: list[object] = []

    def step_and_ask_more() -> None:
        r.settle()
        r.node.submit(2, late.append)

    assert stopped(r, step_and_ask_more)
    assert (late, written(r.log)) == ([3], [[1], [2]])


@pytest.mark.parametrize("how", ["append", "raise"])
def test_stop_ends_after_a_failure(how: str) -> None:
    r = rig()
    if how == "append":
        failed_append(r)
    else:
        r.submit(1)
        r.loop.turn()
        r.submit("raise")
    assert stopped(r)
