"""Recorded answers of AWS: how the groups of a FIFO queue hold their messages, and in what order they come."""

import pytest

from qanat.core.queues import errors
from recorded.fifo_queue import DEAD, Fifo, receipt


class TestOneGroup:
    def test_released_while_the_next_is_in_flight(self) -> None:
        queue = Fifo()
        queue.send("g1-m1", "g1-m2", "g2-m1")
        first, _ = queue.after(1).take(2)
        assert queue.change(first, 0) is None
        assert queue.receive(3) == ["g2-m1", "g1-m1"]

    def test_a_shorter_timeout_while_the_next_is_in_flight(self) -> None:
        queue = Fifo()
        queue.send("g1-m1", "g1-m2", "g2-m1")
        first, _ = queue.take(2)
        queue.change(first, 1)
        assert queue.after(2).receive(3) == ["g2-m1", "g1-m1"]

    @pytest.mark.parametrize(("extended", "given"), [(0, []), (1, ["g-foo"]), (2, ["g-foo", "g-bar"])])
    def test_what_is_extended_holds_back_what_is_behind_it(self, extended: int, given: list[str]) -> None:
        queue = Fifo()
        queue.send("g-foo", "g-bar", "g-baz")
        receipts = queue.take(5, timeout_s=1)
        queue.change(receipts[extended], 4)
        assert queue.after(2.5).receive(5) == given

    def test_a_timeout_keeps_the_order(self) -> None:
        queue = Fifo()
        queue.send("g-0", "g-1", "g-2")
        assert queue.receive(timeout_s=1) == ["g-0", "g-1", "g-2"]
        assert queue.after(2).receive() == ["g-0", "g-1", "g-2"]

    def test_one_of_two_deleted(self) -> None:
        queue = Fifo()
        queue.send("g1-m1", "g2-m1", "g1-m2", "g2-m2", "g1-m3", "g1-m4", "g3-m1")
        first, _ = queue.take(2)
        queue.delete(first)
        assert queue.receive() == ["g2-m1", "g2-m2", "g3-m1"]

    def test_both_deleted(self) -> None:
        """AWS gave g1 before g3; that the groups come in another order is taken as good by who recorded it."""
        queue = Fifo()
        queue.send("g1-m1", "g2-m1", "g1-m2", "g2-m2", "g1-m3", "g1-m4", "g3-m1")
        queue.delete(*queue.take(2))
        assert sorted(queue.receive()) == ["g1-m3", "g1-m4", "g2-m1", "g2-m2", "g3-m1"]

    def test_emptied_and_filled_again(self) -> None:
        queue = Fifo()
        queue.send("g-1")
        queue.delete(*queue.take())
        assert queue.receive() == []
        queue.send("g-2")
        assert queue.receive() == ["g-2"]

    def test_a_delay_holds_the_group(self) -> None:
        queue = Fifo()
        queue.send("g-1", "g-2", "g-3", delay_s=2)
        assert queue.after(1).receive() == []
        assert queue.after(2).receive() == ["g-1", "g-2", "g-3"]


class TestManyGroups:
    def test_all_of_one_group_before_the_next(self) -> None:
        queue = Fifo()
        queue.send("g1-m1", "g2-m1", "g1-m2", "g1-m3")
        assert queue.receive() == ["g1-m1", "g1-m2", "g1-m3", "g2-m1"]

    def test_a_group_that_was_received_goes_to_the_back(self) -> None:
        queue = Fifo()
        queue.send("g1-m1", "g2-m1", "g2-m2", "g3-m1", "g1-m2")
        assert queue.after(1).receive(3, timeout_s=0) == ["g1-m1", "g1-m2", "g2-m1"]
        assert queue.receive(10, timeout_s=0) == ["g3-m1", "g1-m1", "g1-m2", "g2-m1", "g2-m2"]

    def test_those_whose_timeout_passed_come_as_they_were_received(self) -> None:
        queue = Fifo()
        queue.send("g1-m1", "g1-m2", "g1-m3", "g1-m4", "g2-m1", "g3-m1")
        assert queue.receive(2, timeout_s=1) == ["g1-m1", "g1-m2"]
        assert queue.after(0.05).receive(1, timeout_s=1) == ["g2-m1"]
        found = queue.after(2).receive(timeout_s=0)
        assert found == ["g3-m1", "g1-m1", "g1-m2", "g1-m3", "g1-m4", "g2-m1"]

    def test_only_what_was_received_counts_as_in_flight(self) -> None:
        queue = Fifo()
        queue.send("g1-1", "g1-2", "g2-1", "g2-2", "g3-1", "g3-2")
        assert (queue.receive(1, timeout_s=60), queue.receive(1, timeout_s=60)) == (["g1-1"], ["g2-1"])
        assert queue.counts() == (4, 2, 0)
        assert queue.after(60).counts() == (6, 0, 0)


class TestReceipts:
    def test_a_delete_after_the_timeout(self) -> None:
        queue = Fifo()
        queue.send("g-1")
        (late,) = queue.take(timeout_s=1)
        assert queue.after(1).delete(late) == (0,)
        assert queue.counts() == (1, 0, 0)

    def test_a_delete_within_the_extended_timeout(self) -> None:
        queue = Fifo()
        queue.send("g-1")
        (held,) = queue.take(timeout_s=1)
        queue.change(held, 5)
        assert queue.after(1.5).delete(held) == ()
        assert queue.counts() == (0, 0, 0)

    def test_the_words(self) -> None:
        assert errors.ReceiptHandleExpired("handle").message == (
            "Value handle for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
        )

    def test_the_same_attempt_again(self) -> None:
        """AWS gives new handles then, but takes the old ones too; here they are the same."""
        queue = Fifo()
        queue.send("g-0", "g-1")
        first = queue.deliveries(timeout_s=180, attempt_id="attempt")
        again = queue.deliveries(timeout_s=180, attempt_id="attempt")
        assert [one.content.body for one in again] == ["g-0", "g-1"]
        assert queue.delete(*map(receipt, first)) == ()
        assert queue.counts() == (0, 0, 0)


class TestDeduplication:
    def test_a_repeat_is_answered_with_the_first(self) -> None:
        queue = Fifo()
        (first,) = queue.send("g-original", deduplication_id="d")
        assert queue.send("g-different", deduplication_id="d") == [first]
        assert queue.receive() == ["g-original"]

    def test_after_it_was_deleted_too(self) -> None:
        queue = Fifo()
        queue.send("g-x", deduplication_id="d")
        queue.delete(*queue.take())
        queue.send("g-x", deduplication_id="d")
        assert queue.receive() == []

    def test_within_one_batch(self) -> None:
        queue = Fifo()
        queue.send("g-original")
        repeated, new, same, last = queue.send("g-original", "g-a", "g-a", "g-b")
        assert (repeated.seq, same) == (0, new)
        assert last.seq == new.seq + 1

    @pytest.mark.parametrize(("per_group", "second"), [(False, []), (True, ["g2-x"])])
    def test_the_scope(self, per_group: bool, second: list[str]) -> None:
        queue = Fifo(per_group=per_group)
        queue.send("g1-x", deduplication_id="d")
        queue.delete(*queue.take())
        queue.send("g2-x", deduplication_id="d")
        assert queue.receive() == second

    @pytest.mark.parametrize(("after_s", "new"), [(299, False), (318, True)])
    def test_five_minutes_from_the_first(self, after_s: int, new: bool) -> None:
        """Recorded at 318 s; a repeat on the way does not make it longer."""
        queue = Fifo()
        (first,) = queue.send("g-x", deduplication_id="d")
        queue.after(200).send("g-x", deduplication_id="d")
        (again,) = queue.after(after_s).send("g-x", deduplication_id="d")
        assert (again != first) == new

    def test_a_purge_forgets(self) -> None:
        queue = Fifo()
        queue.send("g-1", deduplication_id="d")
        queue.purge()
        queue.send("g-2", deduplication_id="d")
        assert queue.receive() == ["g-2"]


def test_the_group_goes_on_when_a_message_went_to_the_dead() -> None:
    queue = Fifo(max_receive_count=2)
    (sent,) = queue.send("1-foobar", deduplication_id="d")
    assert [queue.receive(timeout_s=0) for _ in range(3)] == [["1-foobar"], ["1-foobar"], []]
    (dead,) = queue.deliveries(queue=DEAD)
    assert dead.content.message_id == sent.message_id
    assert (dead.receive_count, dead.content.deduplication_id) == (3, sent.message_id)
    queue.send("1-foobar2")
    assert queue.receive() == ["1-foobar2"]
