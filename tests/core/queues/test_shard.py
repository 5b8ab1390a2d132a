"""The messages of a queue: what AWS says of timeouts, deletes, purges and retention, at the edge of each."""

import pytest

from core.queues.engine import QUEUE, START_MS, Engine
from qanat.core import limits
from qanat.core.queues import commands as c
from qanat.core.queues import errors

HOURS_12_MS = 43_200_000
MINUTE_MS = 60_000


@pytest.mark.parametrize(
    ("timeout_s", "after_ms", "seen"),
    [
        (30, 0, []),
        (30, 29_999, []),
        (30, 30_000, ["m1"]),
        (0, 0, ["m1"]),
        (43_200, HOURS_12_MS - 1, []),
        (43_200, HOURS_12_MS, ["m1"]),
    ],
)
def test_developer_guide_visibility_timeout(timeout_s: int, after_ms: int, seen: list[str]) -> None:
    engine = Engine()
    engine.send("m1")
    assert engine.received(timeout_s=timeout_s) == ["m1"]
    assert engine.at(after_ms).received() == seen


@pytest.mark.parametrize(
    ("delay_s", "after_ms", "counts"),
    [
        (0, 0, (1, 0, 0)),
        (1, 999, (0, 0, 1)),
        (1, 1_000, (1, 0, 0)),
        (900, 899_999, (0, 0, 1)),
        (900, 900_000, (1, 0, 0)),
    ],
)
def test_developer_guide_delay_queues(delay_s: int, after_ms: int, counts: tuple[int, int, int]) -> None:
    engine = Engine()
    engine.send("m1", delay_s=delay_s)
    assert engine.at(after_ms).counts() == counts
    assert engine.received() == (["m1"] if counts[0] else [])


def test_a_delay_holds_only_before_the_first_receive() -> None:
    engine = Engine()
    engine.send("m1", delay_s=10)
    engine.at(10_000).take(timeout_s=5)
    assert engine.at(14_999).counts() == (0, 1, 0), "hidden after a receive is in flight, never delayed"
    assert engine.at(15_000).counts() == (1, 0, 0)


def test_api_receive_message_counts_receives_and_keeps_the_time_of_the_first() -> None:
    engine = Engine()
    engine.send("m1")
    seen = [
        (delivery.receive_count, delivery.first_received_at_ms - START_MS)
        for after_ms in (500, 1_500, 2_500)
        for delivery in engine.at(after_ms).receive(timeout_s=1)
    ]
    assert seen == [(1, 500), (2, 500), (3, 500)]


def test_a_delivery_does_not_change_with_its_message() -> None:
    engine = Engine()
    engine.send("m1")
    (first,) = engine.receive(timeout_s=0)
    engine.receive(timeout_s=0)
    assert first.receive_count == 1


def test_messages_come_in_the_order_in_which_they_became_visible() -> None:
    engine = Engine()
    engine.send("late", delay_s=2)
    engine.send("a", "b")
    assert engine.received(count=1, timeout_s=1) == ["a"]
    assert engine.at(2_000).received() == ["b", "a", "late"]


@pytest.mark.parametrize("count", [1, 3, 10])
def test_a_receive_takes_no_more_than_asked_for(count: int) -> None:
    engine = Engine()
    engine.send(*(f"m{number}" for number in range(10)))
    assert engine.received(count) == [f"m{number}" for number in range(count)]
    assert engine.counts() == (10 - count, count, 0)


# -- deleting ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after_ms", "received_again"),
    [(0, False), (30_000, False), (30_000, True)],
    ids=["in flight", "expired receipt", "stale receipt of a message received again"],
)
def test_api_delete_message_with_old_receipts(after_ms: int, received_again: bool) -> None:
    engine = Engine()
    engine.send("m1")
    receipt = engine.take()
    engine.at(after_ms)
    if received_again:
        engine.take()
    engine.delete(receipt)
    assert engine.counts() == (0, 0, 0)
    assert engine.at(HOURS_12_MS).received() == []


def test_deleting_twice_succeeds_and_writes_nothing() -> None:
    engine = Engine()
    engine.send("m1", "m2")
    receipt = c.Receipt(engine.receive(1)[0].seq, 1)
    engine.delete(receipt)
    before = len(engine.frames)
    engine.delete(receipt)
    engine.delete(receipt, receipt, c.Receipt(99, 1))
    assert (len(engine.frames), engine.counts()) == (before, (1, 0, 0))


def test_one_delete_may_name_a_message_twice() -> None:
    engine = Engine()
    engine.send("m1")
    receipt = engine.take()
    engine.delete(receipt, receipt)
    assert engine.counts() == (0, 0, 0)
    assert engine.restarted().counts() == (0, 0, 0)


# -- changing the visibility timeout ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after_ms", "timeout_s", "visible_after_ms"),
    [
        (0, 0, 0),
        (10_000, 0, 10_000),
        (10_000, 5, 15_000),
        (10_000, 60, 70_000),
        (29_999, 30, 59_999),
        (0, 43_200, HOURS_12_MS),
        (1_000, 43_199, HOURS_12_MS),
    ],
)
def test_api_change_message_visibility(after_ms: int, timeout_s: int, visible_after_ms: int) -> None:
    engine = Engine()
    engine.send("m1")
    receipt = engine.take()
    assert engine.at(after_ms).change(receipt, timeout_s) is None
    if visible_after_ms > after_ms:
        assert engine.at(visible_after_ms - 1).counts() == (0, 1, 0)
    assert engine.at(visible_after_ms).counts() == (1, 0, 0)


@pytest.mark.parametrize(("after_ms", "timeout_s"), [(1_000, 43_200), (1, 43_200), (20_000, 43_181)])
def test_api_change_message_visibility_beyond_twelve_hours(after_ms: int, timeout_s: int) -> None:
    engine = Engine()
    engine.send("m1")
    receipt = engine.take()
    refusal = engine.at(after_ms).change(receipt, timeout_s)
    assert isinstance(refusal, errors.VisibilityTooLong)
    assert refusal.message == (
        f"Value {timeout_s} for parameter VisibilityTimeout is invalid. "
        "Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]."
    )
    assert engine.at(30_000).counts() == (1, 0, 0), "the old timeout stands"


def test_the_twelve_hours_count_from_the_newest_receive() -> None:
    engine = Engine()
    engine.send("m1")
    engine.take()
    receipt = engine.at(30_000).take()
    assert engine.change(receipt, 43_200) is None
    assert engine.at(30_000 + HOURS_12_MS - 1).counts() == (0, 1, 0)


def test_the_twelve_hours_hold_over_many_changes() -> None:
    engine = Engine()
    engine.send("m1")
    receipt = engine.take(timeout_s=43_200)
    for hour in range(11):
        assert engine.at(hour * 3_600_000).change(receipt, 3_601) is None
    assert isinstance(engine.at(11 * 3_600_000).change(receipt, 3_601), errors.VisibilityTooLong)
    assert engine.change(receipt, 3_600) is None
    assert engine.at(HOURS_12_MS - 1).counts() == (0, 1, 0)


@pytest.mark.parametrize(("timeout_s", "visible_at_ms"), [(0, 30_000), (60, 90_000)])
def test_an_old_receipt_changes_a_message_that_is_in_flight_again(timeout_s: int, visible_at_ms: int) -> None:
    engine = Engine()
    engine.send("m1")
    old = engine.take()
    engine.at(30_000).take()
    assert engine.change(old, timeout_s) is None
    if visible_at_ms > 30_000:
        assert engine.at(visible_at_ms - 1).counts() == (0, 1, 0)
    assert engine.at(visible_at_ms).counts() == (1, 0, 0)


def test_an_expired_receipt_changes_nothing_and_is_no_error() -> None:
    engine = Engine()
    engine.send("m1")
    receipt = engine.take()
    engine.at(30_000)
    before = engine.counts(), len(engine.frames)
    assert engine.change(receipt, 0) is None
    assert engine.change(receipt, 43_200) is None, "not even a refusal of what would be too long"
    assert (engine.counts(), len(engine.frames)) == before


@pytest.mark.parametrize("how", ["deleted", "purged", "expired"])
def test_changing_a_message_that_is_gone(how: str) -> None:
    engine = Engine(retention_s=60)
    engine.send("m1")
    receipt = engine.take()
    if how == "deleted":
        engine.delete(receipt)
    elif how == "purged":
        engine.purge()
    else:
        engine.at(MINUTE_MS)
    refusal = engine.change(receipt, 5)
    assert isinstance(refusal, errors.MessageNotAvailable)
    assert refusal.message == (
        "Value handle for parameter ReceiptHandle is invalid. "
        "Reason: Message does not exist or is not available for visibility timeout change."
    )


def test_a_batch_of_changes_may_fail_in_part() -> None:
    engine = Engine()
    engine.send("m1", "m2", "m3")
    receipts = [c.Receipt(delivery.seq, delivery.receive_count) for delivery in engine.receive()]
    engine.delete(receipts[1])
    timeouts_s = (0, 0, 43_200)
    engine.at(1)
    answers = engine.ask(
        c.ChangeVisibility(
            QUEUE,
            tuple(c.VisibilityChange("h", *pair) for pair in zip(receipts, timeouts_s, strict=True)),
        )
    )
    assert [type(answer) for answer in answers] == [
        type(None),
        errors.MessageNotAvailable,
        errors.VisibilityTooLong,
    ]
    assert engine.counts() == (1, 1, 0)


# -- purging ----------------------------------------------------------------------------------------------------


def test_api_purge_queue_takes_visible_delayed_and_in_flight() -> None:
    engine = Engine()
    engine.send("flying", "visible")
    receipt = c.Receipt(engine.receive(1)[0].seq, 1)
    engine.send("delayed", delay_s=60)
    engine.purge()
    engine.send("after")
    engine.delete(receipt)
    assert engine.at(MINUTE_MS).received() == ["after"]


@pytest.mark.parametrize(
    ("interval_ms", "after_ms", "refused"),
    [(60_000, 0, True), (60_000, 59_999, True), (60_000, 60_000, False), (0, 0, False)],
)
def test_api_purge_queue_once_in_sixty_seconds(interval_ms: int, after_ms: int, refused: bool) -> None:
    engine = Engine()
    engine.purge()
    for one in (engine, engine.restarted()):
        one.at(after_ms).send("m1")
        if refused:
            with pytest.raises(
                errors.PurgeQueueInProgress, match=r"^Only one PurgeQueue operation on jobs is"
            ):
                one.purge(interval_ms)
        else:
            one.purge(interval_ms)
        assert one.counts() == (1 if refused else 0, 0, 0)


# -- retention --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after_ms", "seen"), [(59_999, ["m1"]), (60_000, []), (600_000, [])])
def test_developer_guide_message_retention_period(after_ms: int, seen: list[str]) -> None:
    engine = Engine(retention_s=60)
    engine.send("m1")
    assert engine.at(after_ms).received() == seen
    assert sum(engine.counts()) == len(seen)


def test_retention_counts_from_the_send_also_in_flight_and_delayed() -> None:
    engine = Engine(retention_s=60)
    engine.send("flying")
    engine.at(50_000).receive(timeout_s=30)
    engine.at(0).send("delayed", delay_s=900)
    assert engine.at(MINUTE_MS).counts() == (0, 0, 0)


@pytest.mark.parametrize(
    ("first_s", "second_s", "changed_at_ms", "seen_at_ms", "seen"),
    [
        (60, 1_209_600, 59_999, 120_000, ["m1"]),
        (60, 1_209_600, 60_000, 60_000, []),
        (1_209_600, 60, 60_000, 60_000, []),
        (1_209_600, 60, 10_000, 59_999, ["m1"]),
    ],
    ids=["longer in time", "longer too late raises no dead", "shorter kills at once", "shorter but in time"],
)
def test_a_changed_retention_period(
    first_s: int, second_s: int, changed_at_ms: int, seen_at_ms: int, seen: list[str]
) -> None:
    engine = Engine(first_s)
    engine.send("m1")
    engine.at(changed_at_ms).configure(second_s)
    restarted = engine.restarted()
    assert engine.at(seen_at_ms).received() == seen
    assert restarted.at(seen_at_ms).received() == seen


def test_configuring_alike_writes_nothing() -> None:
    engine = Engine()
    engine.configure(345_600)
    assert len(engine.frames) == 1


def test_what_a_refused_command_noticed_of_time_is_written() -> None:
    engine = Engine(retention_s=60)
    engine.purge(0)
    engine.send("m1")
    engine.at(MINUTE_MS)
    with pytest.raises(errors.PurgeQueueInProgress):
        engine.purge(MINUTE_MS + 1)
    assert engine.restarted().shard.queues[QUEUE].messages == {}


def test_an_expired_message_is_not_there_to_be_served() -> None:
    """A parked receive must not be woken, or a new one turned away empty, for the sake of the dead."""
    engine = Engine(retention_s=60)
    engine.send("dead")
    engine.at(30_000).send("alive")
    assert engine.shard.has_visible(QUEUE, START_MS + 59_999)
    assert engine.shard.has_visible(QUEUE, START_MS + MINUTE_MS)
    assert not engine.shard.is_untidy(QUEUE, START_MS + 59_999)
    assert engine.shard.is_untidy(QUEUE, START_MS + 90_000)
    engine.at(90_000).ask(c.Tidy(QUEUE))
    assert not engine.shard.has_visible(QUEUE, START_MS + 90_000)
    assert engine.received() == []


# -- limits and counts ------------------------------------------------------------------------------------------


def test_quotas_messages_in_flight() -> None:
    engine = Engine()
    engine.send(*("m" for _ in range(limits.IN_FLIGHT_STANDARD_MAX + 5)))
    first = engine.receive(limits.IN_FLIGHT_STANDARD_MAX - 1)
    assert len(engine.receive(10)) == 1, "as many as there is room for"
    assert engine.counts() == (5, limits.IN_FLIGHT_STANDARD_MAX, 0)
    with pytest.raises(errors.OverLimit):
        engine.receive(1)
    assert engine.ask(c.Receive(QUEUE, 1, 30, long_poll=True)) == ()
    engine.delete(c.Receipt(first[0].seq, 1))
    assert len(engine.receive(10)) == 1


def test_api_get_queue_attributes_counts_each_message_once() -> None:
    engine = Engine()
    engine.send("a", "b", "c")
    engine.send("d", delay_s=10)
    first, second, third = (c.Receipt(d.seq, 1) for d in engine.receive(3))
    assert engine.counts() == (0, 3, 1)
    engine.change(first, 0)
    engine.delete(second)
    assert engine.counts() == (1, 1, 1)
    engine.change(third, 5)
    assert engine.at(5_000).counts() == (2, 0, 1)
    assert engine.at(10_000).counts() == (3, 0, 0)
