"""Long polls (DG sqs-short-and-long-polling): a receive waits, costs nothing while it does, and loses nothing."""

from typing import Any

import pytest

from core.queues.engine import configuring
from node_rig import QUEUE, QueueRig, bodies
from qanat.core.errors import ServiceUnavailable
from qanat.core.limits import BURIED_MAX
from qanat.core.queues import commands as c
from qanat.core.queues.errors import QueueDoesNotExist
from qanat.core.way import Presence
from qanat.parking import PARKED_MAX, Parked, Parking

OTHER = 2


class Poll:
    """One client's receive and what became of it."""

    def __init__(self, world: "World", wait_s: int, queue_id: int, visibility_timeout_s: int) -> None:
        self.replies: list[Any] = []
        self.presence = Presence.HERE
        command = c.Receive(queue_id, 10, visibility_timeout_s, long_poll=wait_s > 0)
        self.parked: Parked | None = world.parking.receive(
            command, wait_s, self.replies.append, lambda: self.presence
        )

    @property
    def got(self) -> list[str] | None:
        """The bodies received, or None while it waits."""
        return bodies(self.replies[0]) if self.replies else None


class World(QueueRig):
    def __init__(self) -> None:
        super().__init__()
        self.ask(configuring(OTHER, 345_600_000))
        self.parking = Parking(self.node, self.shard, self.loop.as_loop())

    def poll(self, wait_s: int = 20, queue_id: int = QUEUE, visibility_timeout_s: int = 30) -> Poll:
        return Poll(self, wait_s, queue_id, visibility_timeout_s)

    def send(self, *sent: str, delay_s: int = 0, queue_id: int = QUEUE) -> None:
        """As the API does it: submit, then wake."""
        self.submit(self.sending(*sent, delay_s=delay_s, queue_id=queue_id))
        self.parking.wake(queue_id)
        self.settle()

    def change(self, delivery: c.Delivery, timeout_s: int) -> None:
        receipt = c.Receipt(delivery.seq, delivery.receive_count)
        self.submit(c.ChangeVisibility(QUEUE, (c.VisibilityChange("h", receipt, timeout_s),)))
        self.parking.wake(QUEUE)
        self.settle()

    def nothing_is_left(self) -> bool:
        return self.parking.count == 0 and self.loop.timers == []


# -- answered at once -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wait_s", "sent", "got"), [(0, (), []), (0, ("a",), ["a"]), (20, ("a",), ["a"])])
def test_a_receive_that_need_not_wait(wait_s: int, sent: tuple[str, ...], got: list[str]) -> None:
    world = World()
    world.send(*sent)
    poll = world.poll(wait_s)
    world.settle()
    assert (poll.got, poll.parked) == (got, None)
    assert world.nothing_is_left()


def test_a_message_that_has_expired_is_nothing_to_answer_with() -> None:
    world = World()
    world.ask(configuring(QUEUE, 60_000))
    world.send("dead")
    world.pass_ms(60_000)
    poll = world.poll()
    world.settle()
    assert poll.got is None
    world.send("alive")
    assert poll.got == ["alive"]


# -- woken ------------------------------------------------------------------------------------------------------


def test_woken_by_a_send_in_the_order_of_arrival() -> None:
    world = World()
    polls = [world.poll() for _ in range(3)]
    for body in ("a", "b"):
        world.send(body)
    assert [poll.got for poll in polls] == [["a"], ["b"], None]
    world.send("c")
    assert polls[2].got == ["c"]
    assert world.parking.count == 0


def test_who_comes_first_takes_all_it_may() -> None:
    world = World()
    first, second = world.poll(), world.poll()
    world.send("a", "b")
    assert (first.got, second.got) == (["a", "b"], None)


def test_the_answer_leaves_after_the_commit_of_both_the_send_and_the_receive() -> None:
    world = World()
    poll = world.poll()
    world.submit(world.sending("a"))
    world.parking.wake(QUEUE)
    world.loop.turn()
    assert (poll.got, len(world.worker)) == (None, 1)
    world.worker.step()
    assert poll.got == ["a"]


def test_a_send_to_another_queue_wakes_nobody_here() -> None:
    world = World()
    poll, other = world.poll(), world.poll(queue_id=OTHER)
    world.send("a", queue_id=OTHER)
    assert (poll.got, other.got, world.parking.count) == (None, ["a"], 1)


@pytest.mark.parametrize("parked_first", [False, True], ids=["hidden, then parked", "parked, then hidden"])
def test_woken_when_a_visibility_timeout_ends(parked_first: bool) -> None:
    world = World()
    if parked_first:
        taker, poll = world.poll(visibility_timeout_s=5), world.poll()
        world.send("a")
    else:
        world.send("a")
        taker, poll = world.poll(visibility_timeout_s=5), world.poll()
    world.pass_ms(4_999)
    assert (taker.got, poll.got) == (["a"], None)
    world.pass_ms(1)
    assert poll.got == ["a"]
    assert world.nothing_is_left()


@pytest.mark.parametrize("parked_first", [False, True], ids=["sent, then parked", "parked, then sent"])
def test_woken_when_a_delay_ends(parked_first: bool) -> None:
    world = World()
    if parked_first:
        poll = world.poll()
        world.send("a", delay_s=5)
    else:
        world.send("a", delay_s=5)
        poll = world.poll()
    world.pass_ms(4_999)
    assert poll.got is None
    world.pass_ms(1)
    assert poll.got == ["a"]


@pytest.mark.parametrize(("timeout_s", "after_ms"), [(0, 0), (3, 3_000)])
def test_woken_when_a_visibility_timeout_is_made_shorter(timeout_s: int, after_ms: int) -> None:
    world = World()
    world.send("a")
    taker = world.poll(visibility_timeout_s=15)
    world.settle()
    poll = world.poll()
    world.change(taker.replies[0][0], timeout_s)
    if after_ms:
        world.pass_ms(after_ms - 1)
        assert poll.got is None
        world.pass_ms(1)
    assert poll.got == ["a"]


def test_woken_at_the_right_time_when_a_visibility_timeout_is_made_longer() -> None:
    world = World()
    world.send("a")
    taker = world.poll(visibility_timeout_s=5)
    world.settle()
    poll = world.poll()
    world.change(taker.replies[0][0], 10)
    world.pass_ms(9_999)
    assert poll.got is None
    world.pass_ms(1)
    assert poll.got == ["a"]


def test_a_message_deleted_before_its_timeout_ends_wakes_nobody() -> None:
    world = World()
    world.send("a", "b")
    (first, second) = world.ask(c.Receive(QUEUE, 10, 5))
    world.change(second, 10)
    poll = world.poll()
    world.ask(c.Delete(QUEUE, (c.Receipt(first.seq, 1),)))
    world.pass_ms(9_999)
    assert poll.got is None
    world.pass_ms(1)
    assert poll.got == ["b"]


def test_several_messages_wake_several_at_their_own_times() -> None:
    world = World()
    polls = [world.poll() for _ in range(3)]
    for delay_s in (3, 1, 2):
        world.send(f"after {delay_s}", delay_s=delay_s)
    for count in range(1, 4):
        world.pass_ms(1_000)
        assert [poll.got for poll in polls] == [
            [f"after {number}"] if number <= count else None for number in (1, 2, 3)
        ]


def test_a_clock_that_lags_behind_the_timer_is_waited_for() -> None:
    """The loop's timers and the wall clock are two clocks."""
    world = World()
    world.send("a", delay_s=5)
    poll = world.poll()
    world.clock.floor_ms = 0
    wall_lag_ms = 3
    world.node.clock.wall_ms = lambda: world.loop.now_ms - wall_lag_ms
    world.pass_ms(5_000)
    assert poll.got is None
    world.pass_ms(wall_lag_ms)
    assert poll.got == ["a"]


# -- ended ------------------------------------------------------------------------------------------------------


def test_time_out_answers_empty() -> None:
    world = World()
    polls = [world.poll(wait_s) for wait_s in (2, 1, 2)]
    world.pass_ms(999)
    assert [poll.got for poll in polls] == [None, None, None]
    world.pass_ms(1)
    assert [poll.got for poll in polls] == [None, [], None]
    world.pass_ms(1_000)
    assert [poll.got for poll in polls] == [[], [], []]
    assert world.nothing_is_left()
    world.send("a")
    assert world.ask(c.Count(QUEUE)) == (1, 0, 0), "nobody is there to take it"


def test_the_alarm_goes_with_the_last_who_waits() -> None:
    world = World()
    world.send("a", delay_s=900)
    first, second = world.poll(1), world.poll(1)
    assert len(world.loop.timers) == 3
    world.pass_ms(1_000)
    assert (first.got, second.got, world.loop.timers) == ([], [], [])


def test_the_alarm_goes_with_the_last_who_leaves() -> None:
    world = World()
    world.send("a", delay_s=900)
    for poll in (world.poll(), world.poll()):
        assert len(world.loop.timers) >= 2
        assert poll.parked is not None
        poll.parked.cancel()
    assert world.nothing_is_left()


def test_who_has_gone_is_not_served() -> None:
    world = World()
    polls = [world.poll() for _ in range(4)]
    for gone in (polls[0], polls[2]):
        assert gone.parked is not None
        gone.parked.cancel()
        gone.parked.cancel()
        assert not gone.parked.waiting
    for body in ("a", "b"):
        world.send(body)
    assert [poll.got for poll in polls] == [None, ["a"], None, ["b"]]
    assert world.nothing_is_left()


def test_who_is_found_gone_is_not_served() -> None:
    """Its goodbye has arrived and was not read yet."""
    world = World()
    gone, living = world.poll(), world.poll()
    gone.presence = Presence.GONE
    world.send("a")
    assert (gone.replies, living.got) == ([], ["a"])
    assert world.nothing_is_left()


def test_a_message_waits_for_the_next_where_all_are_found_gone() -> None:
    world = World()
    for poll in (world.poll(), world.poll()):
        poll.presence = Presence.GONE
    world.send("a")
    assert world.ask(c.Count(QUEUE)) == (1, 0, 0)
    assert world.nothing_is_left()
    assert world.poll().parked is None


def test_what_a_client_sent_is_read_before_it_is_served() -> None:
    """Over TLS it may be a goodbye: two sends in one turn of the loop do not outrun it."""
    world = World()
    first, second = world.poll(), world.poll()
    first.presence = Presence.UNREAD
    world.send("a")
    world.send("b")
    assert (first.replies, second.replies) == ([], [])
    assert first.parked is not None
    first.parked.cancel()
    world.pass_ms(1)
    assert (first.replies, second.got) == ([], ["a", "b"])
    assert world.nothing_is_left()


def test_who_sent_its_next_request_already_is_served() -> None:
    world = World()
    poll = world.poll()
    poll.presence = Presence.UNREAD
    world.send("a")
    world.pass_ms(1)
    assert poll.got == ["a"]
    assert world.nothing_is_left()


def test_a_receive_that_vanishes_swallows_no_message() -> None:
    world = World()
    poll = world.poll()
    assert poll.parked is not None
    poll.parked.cancel()
    world.send("a")
    assert world.ask(c.Count(QUEUE)) == (1, 0, 0)
    assert world.nothing_is_left()


def test_a_receive_that_vanishes_once_it_was_served_gives_its_message_back_in_time() -> None:
    world = World()
    poll = world.poll(visibility_timeout_s=5)
    world.submit(world.sending("a"))
    world.parking.wake(QUEUE)
    assert poll.parked is not None
    poll.parked.cancel()
    world.settle()
    assert world.ask(c.Count(QUEUE)) == (0, 1, 0), "it was handed out before its client went"
    again = world.poll()
    world.pass_ms(5_000)
    assert again.got == ["a"]


def test_end_all_answers_everyone_empty() -> None:
    world = World()
    world.send("later", delay_s=10)
    polls = [world.poll(), world.poll(), world.poll(queue_id=OTHER)]
    gone = world.poll()
    assert gone.parked is not None
    gone.parked.cancel()
    world.parking.end_all()
    assert [poll.got for poll in (*polls, gone)] == [[], [], [], None]
    assert world.nothing_is_left()


def test_refuse_tells_those_of_one_queue() -> None:
    world = World()
    world.send("later", delay_s=10)
    first, second, other = world.poll(), world.poll(), world.poll(queue_id=OTHER)
    gone = world.poll()
    assert gone.parked is not None
    gone.parked.cancel()
    world.parking.refuse(QUEUE, QueueDoesNotExist())
    world.parking.refuse(99, QueueDoesNotExist())
    assert [type(poll.replies[0]) for poll in (first, second)] == [QueueDoesNotExist] * 2
    assert (other.got, gone.replies, world.parking.count, len(world.loop.timers)) == (None, [], 1, 1)


def test_a_stopped_node_turns_away_who_is_woken() -> None:
    world = World()
    poll = world.poll()
    world.submit(world.sending("a"))
    world.log.failure = OSError("disk full")
    world.settle()
    world.parking.wake(QUEUE)
    assert [type(reply) for reply in poll.replies] == [ServiceUnavailable]


# -- cost -------------------------------------------------------------------------------------------------------


def test_five_thousand_parked_cost_no_work_while_they_wait() -> None:
    world = World()
    world.send("later", delay_s=900)
    polls = [world.poll(20) for _ in range(5_000)]
    assert world.loop.timers_set == 5_000 + 1, "one each, and one alarm for the queue"
    looked: list[int] = []
    may_serve = world.shard.has_visible

    def counting(queue_id: int, now_ms: int) -> bool:
        looked.append(queue_id)
        return may_serve(queue_id, now_ms)

    world.shard.has_visible = counting  # type: ignore[method-assign]  # counts the calls and changes nothing
    run_before = world.loop.callbacks_run
    world.pass_ms(19_999)
    assert (world.loop.callbacks_run - run_before, looked) == (0, [])
    world.send("a")
    assert (polls[0].got, world.parking.count) == (["a"], 4_999)
    assert len(looked) <= 3, "a send looks at the head of the line and not at the line"


def test_past_the_limit_a_long_poll_is_a_short_one() -> None:
    world = World()
    world.parking.count = PARKED_MAX
    poll = world.poll()
    world.settle()
    assert (poll.got, poll.parked) == ([], None)


# -- dead letters and groups ------------------------------------------------------------------------------------


def with_grave() -> World:
    """QUEUE's messages go to OTHER after one receive."""
    world = World()
    grave = world.shard.queues[OTHER].config.arn
    world.ask(configuring(QUEUE, 345_600_000, dead_letter_arn=grave, max_receive_count=1))
    world.send("a")
    world.poll(0, visibility_timeout_s=0)
    world.settle()
    return world


def test_a_dead_letter_does_not_end_a_long_poll() -> None:
    world = with_grave()
    waiting = world.poll()
    world.settle()
    assert waiting.got is None
    world.send("b")
    assert waiting.got == ["b"]


def test_very_many_dead_letters_do_not_end_a_long_poll_nor_make_one_frame() -> None:
    world = with_grave()
    count = 2 * BURIED_MAX + 3
    world.send(*map(str, range(count)))
    while world.ask(c.Receive(QUEUE, 1_000, 1)):
        pass
    world.pass_ms(1_000)
    world.send("alive", delay_s=1)
    before = len(world.log.frames)
    waiting = world.poll()
    world.settle()
    assert (waiting.got, len(world.shard.queues[OTHER].messages)) == (None, count + 1)
    assert len(world.log.frames) - before == 3
    world.pass_ms(1_000)
    assert waiting.got == ["alive"]
    assert world.nothing_is_left()


def test_dead_letters_of_two_queues_at_once_end_no_long_poll() -> None:
    """Those of one fill the frame; the other's come after."""
    world, another = with_grave(), 9
    grave = world.shard.queues[OTHER].config.arn
    world.ask(configuring(another, 345_600_000, dead_letter_arn=grave, max_receive_count=1))
    count = BURIED_MAX + 3
    for queue_id in (QUEUE, another):
        world.ask(world.sending(*map(str, range(count)), queue_id=queue_id))
        world.ask(c.Receive(queue_id, count, 1))
    world.pass_ms(1_000)
    before = len(world.log.frames)
    polls = [world.poll(queue_id=queue_id) for queue_id in (QUEUE, another)]
    world.settle()
    assert ([poll.got for poll in polls], len(world.shard.queues[OTHER].messages)) == (
        [None, None],
        2 * count + 1,
    )
    assert len(world.log.frames) - before == 3
    for queue_id in (QUEUE, another):
        world.ask(world.sending("alive", queue_id=queue_id))
        world.parking.wake(queue_id)
    world.settle()
    assert [poll.got for poll in polls] == [["alive"], ["alive"]]
    assert world.nothing_is_left()


def test_a_node_that_failed_tidies_no_more() -> None:
    world = with_grave()
    world.send("b")
    world.ask(c.Receive(QUEUE, 10, 0))
    waiting = world.poll()
    world.log.failure = OSError("the disk is full")
    world.settle()
    world.parking.wake(QUEUE)
    assert waiting.got is None
    world.pass_ms(20_000)
    assert waiting.got == []


def test_a_dead_letter_wakes_who_waits_for_it() -> None:
    world = with_grave()
    waiting = world.poll(queue_id=OTHER)
    world.poll(0)
    world.settle()
    assert waiting.got == ["a"]
    assert world.nothing_is_left()


def test_empty_receives_are_counted_whether_they_waited_or_not() -> None:
    world = World()
    world.poll(0)
    world.poll(5)
    world.settle()
    assert world.shard.queues[QUEUE].tally.empty_receives == 1
    world.pass_ms(5_000)
    assert world.shard.queues[QUEUE].tally.empty_receives == 2
