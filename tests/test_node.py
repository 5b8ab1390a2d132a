"""The writer of a shard: a reply leaves when what it rests on is durable, and a restart goes on from there."""

import asyncio
import json

import pytest

from ledger import REFUSED, Ledger, Refused, decoded, encoded, rig, stopped, written
from node_rig import START_MS, MemoryLog
from qanat.node import Clock

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


# -- figures ----------------------------------------------------------------------------------------------------


def test_the_time_of_each_commit_is_counted() -> None:
    r = rig()
    for duration_ms in (4, 300):
        r.submit(1)
        r.loop.turn()
        r.loop.now_ms += duration_ms
        r.worker.step()
    commit_s = r.node.statistics.commit_s
    assert (commit_s.count, round(commit_s.total, 6)) == (2, 0.304)
    assert dict(commit_s.cumulative())[0.005] == 1
