"""The writer of a shard when something fails, and when it is stopped: nothing is promised that may not be kept."""

import pytest

from ledger import FAILED, UNAVAILABLE, rig, stopped, written
from node_rig import Rig

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


# -- stopping ---------------------------------------------------------------------------------------------------


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
