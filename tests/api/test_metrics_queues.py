"""The figures of one queue: what each counts and, as much, what it does not."""

from typing import Any

import pytest

from core.queues.engine import QUEUE, RETENTION_S, Engine, configuring
from qanat.api.metrics import queues
from qanat.api.metrics.queues import Quiet, Reading
from qanat.core.identity.model import ANONYMOUS
from qanat.core.queues import commands as c
from qanat.core.queues.message import Content
from qanat.core.queues.model import Queue
from qanat.core.queues.moving import MoveStatus

GRAVE, FIFO = 2, 3
GRAVE_ARN = "arn:aws:sqs:us-east-2:123456789012:2"


def reading(engine: Engine, queue_id: int = QUEUE) -> Reading:
    found = queues.read(engine.shard, queue_id, engine.now_ms)
    assert found is not None
    return found


def send(engine: Engine, queue_id: int, group: str | None, *bodies: str, delay_s: int = 0) -> None:
    for body in bodies:
        ids = (body, group, engine.now_ms, body if queue_id == FIFO else None)
        content = Content(f"id-{body}", body, "md5", (), None, "AIDA", *ids[1:])
        engine.ask(c.Send(queue_id, (c.Outgoing(content, delay_s, len(body)),)))


def tally(engine: Engine, queue_id: int = QUEUE) -> dict[str, Any]:
    """What is not nought."""
    found = reading(engine, queue_id).tally
    return {name: value for name in found.__struct_fields__ if (value := getattr(found, name))}


def test_gauges_are_of_this_time_though_nobody_asked_the_queue() -> None:
    engine = Engine()
    engine.send("delayed", delay_s=10)
    engine.at(4_000).send("a", "b")
    engine.take(timeout_s=3)
    now = reading(engine)
    assert (now.visible, now.not_visible, now.delayed, now.age_s) == (1, 1, 1, 4.0)
    later = reading(engine.at(10_500))
    assert (later.visible, later.not_visible, later.delayed, later.age_s) == (3, 0, 0, 10.5)


def test_an_empty_queue_has_no_age() -> None:
    engine = Engine()
    engine.send("a")
    engine.delete(engine.take())
    assert reading(engine.at(5_000)).age_s is None


def test_a_queue_that_is_gone_has_no_figures() -> None:
    engine = Engine()
    engine.ask(c.DropQueue(QUEUE))
    assert queues.read(engine.shard, QUEUE, engine.now_ms) is None


def test_developer_guide_counts() -> None:
    engine = Engine()
    send(engine, QUEUE, None, "four", "fives")
    receipt = engine.take()
    engine.delete(receipt)
    engine.delete(receipt)
    assert engine.received() == ["fives"]
    assert engine.received() == []
    assert tally(engine) == {
        "sent": 2,
        "sent_bytes": 9,
        "received": 2,
        "deleted": 2,  # one repeated with a valid handle counts again
        "empty_receives": 1,
    }


def test_a_message_sent_again_to_a_fifo_queue_is_not_added() -> None:
    engine = Engine()
    engine.ask(configuring(FIFO, RETENTION_S * 1000, fifo=True))
    send(engine, FIFO, "g", "four", "four", "fives")
    assert tally(engine, FIFO) == {"sent": 2, "sent_bytes": 9, "deduplicated": 1}


def test_groups_of_a_fifo_queue() -> None:
    engine = Engine()
    engine.ask(configuring(FIFO, RETENTION_S * 1000, fifo=True))
    send(engine, FIFO, "g", "a", "b")
    send(engine, FIFO, "h", "c")
    engine.ask(c.Receive(FIFO, 2, 30))
    assert (reading(engine, FIFO).groups_in_flight, reading(engine, FIFO).quiet) == (1, None)
    assert reading(engine).groups_in_flight is None


def test_quiet_groups() -> None:
    engine = Engine()
    send(engine, QUEUE, "flood", *[f"f{number}" for number in range(40)])
    send(engine, QUEUE, "flood", "late", delay_s=5)
    send(engine, QUEUE, "calm", "c1", "c2")
    send(engine, QUEUE, "calm", "c3", delay_s=5)
    send(engine, QUEUE, None, "alone")
    assert reading(engine).quiet == Quiet(1, visible=3, not_visible=0, delayed=1)
    assert engine.received(4) == ["c1", "c2", "alone", "f0"]
    assert reading(engine).quiet == Quiet(1, visible=0, not_visible=3, delayed=1)


@pytest.mark.parametrize("count", [0, 29])
def test_without_a_noisy_group_all_is_quiet(count: int) -> None:
    engine = Engine()
    send(engine, QUEUE, "g", *[f"m{number}" for number in range(count)])
    assert reading(engine).quiet == Quiet(0, visible=count, not_visible=0, delayed=0)


def test_expired() -> None:
    engine = Engine(retention_s=60)
    engine.send("a", "b")
    engine.at(60_000).ask(c.Tidy(QUEUE))
    assert tally(engine)["expired"] == 2


def test_dead_letters_are_not_counted_as_sent() -> None:
    engine = Engine()
    engine.ask(configuring(GRAVE, RETENTION_S * 1000))
    engine.ask(configuring(QUEUE, RETENTION_S * 1000, dead_letter_arn=GRAVE_ARN, max_receive_count=1))
    engine.send("a")
    assert engine.received(timeout_s=0) == ["a"]
    assert engine.received() == []
    assert tally(engine) == {"sent": 1, "received": 1, "empty_receives": 1, "dead_lettered": 1}
    assert (tally(engine, GRAVE), reading(engine, GRAVE).visible) == ({}, 1)


def test_move_tasks() -> None:
    engine = Engine()
    engine.ask(configuring(GRAVE, RETENTION_S * 1000))
    send(engine, GRAVE, None, "a", "b")
    home = "arn:aws:sqs:us-east-2:123456789012:1"
    engine.ask(c.StartMove(GRAVE, "task", home, None, ANONYMOUS))
    engine.ask(c.MoveOne(GRAVE, "task", 0, "id-new"))
    assert (reading(engine, GRAVE).running_moves, tally(engine, GRAVE)["moved"]) == (1, 1)
    assert tally(engine) == {}
    engine.ask(c.EndMove(GRAVE, "task", MoveStatus.FAILED, "AccessDenied"))
    engine.ask(c.EndMove(GRAVE, "task", MoveStatus.FAILED, "AccessDenied"))
    assert (reading(engine, GRAVE).running_moves, tally(engine, GRAVE)["failed_move_tasks"]) == (0, 1)


def test_each_row_has_a_line_or_none_where_it_does_not_apply() -> None:
    engine = Engine()
    queue = Queue(QUEUE, "123456789012", "us-east-2", "jobs", (), (), 0, 0)
    made = dict(zip(queues.ROWS, queues.lines(queue, reading(engine)), strict=True))
    absent = {row.family.name for row, line in made.items() if not line}
    assert absent == {
        "qanat_sqs_approximate_age_of_oldest_message_seconds",
        "qanat_sqs_approximate_number_of_groups_with_inflight_messages",
        "qanat_sqs_number_of_deduplicated_sent_messages_total",
    }
    assert (
        'qanat_sqs_number_of_messages_sent_total{account="123456789012",region="us-east-2",queue="jobs"} 0\n'
        in made.values()
    )
