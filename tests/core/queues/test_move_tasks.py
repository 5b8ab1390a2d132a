"""Message move tasks in the log (API StartMessageMoveTask): what a moved message is, and what a task counts."""

import pytest

from core.queues.engine import QUEUE, START_MS, Engine, configuring
from core.queues.engine import content as plain
from core.queues.fifo_engine import Fifo, content
from qanat.core import limits
from qanat.core.identity.model import root_of
from qanat.core.queues import commands as c
from qanat.core.queues import errors
from qanat.core.queues.moving import MoveStatus, MoveTask

SOURCE, OTHER = 2, 3
ACCOUNT = "123456789012"
CALLER = root_of(ACCOUNT)


def arn(queue_id: int) -> str:
    return f"arn:aws:sqs:us-east-2:{ACCOUNT}:{queue_id}"


def dead(*names: str, fifo: bool = False) -> Engine:
    """QUEUE holds these as dead letters of SOURCE; OTHER is there too."""
    engine: Engine = Fifo() if fifo else Engine()
    policy = {"dead_letter_arn": arn(QUEUE), "max_receive_count": 1}
    engine.ask(configuring(SOURCE, 345_600_000, fifo=fifo, **policy))
    engine.ask(configuring(OTHER, 345_600_000, fifo=fifo))
    for name in names:
        one = content(name, f"dedup-{name}", engine.now_ms) if fifo else plain(name, engine.now_ms)
        engine.ask(c.Send(SOURCE, (c.Outgoing(one, 0),)))
    for _ in range(2):
        engine.ask(c.Receive(SOURCE, 10, 0))
    assert engine.counts().visible == len(names)
    return engine


def start(
    engine: Engine, destination: int | None = None, task_id: str = "t", queue_id: int = QUEUE
) -> MoveTask:
    destination_arn = None if destination is None else arn(destination)
    task = engine.ask(c.StartMove(queue_id, task_id, destination_arn, None, CALLER))
    assert isinstance(task, MoveTask)
    return task


def move(engine: Engine, new_id: str = "new", task_id: str = "t") -> None:
    message = engine.shard.next_message(QUEUE, engine.now_ms)
    assert message is not None
    engine.ask(c.MoveOne(QUEUE, task_id, message.seq, new_id))


def tasks(engine: Engine) -> tuple[MoveTask, ...]:
    found: tuple[MoveTask, ...] = engine.ask(c.ListMoves(QUEUE))
    return found


def received(engine: Engine, queue_id: int) -> list[c.Delivery]:
    return list(engine.ask(c.Receive(queue_id, 10, 30)))


def test_recorded_a_moved_message_counts_as_sent_anew() -> None:
    engine = dead("m")
    start(engine)
    move(engine.at(5_000))
    for one in (engine.restarted(), engine):
        (found,) = received(one, SOURCE)
        assert (found.content.message_id, found.content.sent_at_ms) == ("new", START_MS + 5_000)
        assert (found.content.body, found.content.sender_id) == ("m", "AIDA")
        assert (found.receive_count, found.first_received_at_ms, found.source_arn) == (1, one.now_ms, None)
        assert one.counts() == (0, 0, 0)


def test_recorded_in_a_fifo_queue_its_old_id_is_its_deduplication_id() -> None:
    engine = dead("g-m", fifo=True)
    start(engine, OTHER)
    move(engine)
    (found,) = received(engine, OTHER)
    assert (found.content.message_id, found.content.deduplication_id, found.content.group_id) == (
        "new",
        "id-g-m",
        "g",
    )


def test_recorded_where_its_id_is_known_it_is_dropped_and_not_counted() -> None:
    engine = dead("g-m", "g-n", fifo=True)
    known = content("g-known", "id-g-m", engine.now_ms)
    engine.ask(c.Send(OTHER, (c.Outgoing(known, 0),)))
    start(engine, OTHER)
    move(engine, "new-1")
    move(engine, "new-2")
    for one in (engine.restarted(), engine):
        assert [delivery.content.body for delivery in received(one, OTHER)] == ["g-known", "g-n"]
        assert (tasks(one)[0].moved, one.counts()) == (1, (0, 0, 0))


def test_the_order_of_a_group_is_kept() -> None:
    engine = dead("g-1", "g-2", "h-1", "g-3", fifo=True)
    start(engine)
    for number in range(4):
        move(engine, f"new-{number}")
    assert [one.content.body for one in received(engine, SOURCE)] == ["g-1", "g-2", "g-3", "h-1"]


@pytest.mark.parametrize("fifo", [False, True])
def test_retention_begins_anew(fifo: bool) -> None:
    engine = dead("g-m", fifo=fifo)
    engine.ask(configuring(OTHER, 60_000, fifo=fifo))
    start(engine, OTHER)
    move(engine.at(100_000))
    for one in (engine.restarted(), engine):
        assert one.at(159_999).ask(c.Count(OTHER)) == (1, 0, 0)
        assert one.at(160_000).ask(c.Count(OTHER)) == (0, 0, 0)


def test_what_is_not_next_is_not_moved() -> None:
    engine = dead("a", "b")
    start(engine)
    before = len(engine.frames)
    engine.ask(c.MoveOne(QUEUE, "t", 1, "new"))
    engine.receive(10)
    engine.ask(c.MoveOne(QUEUE, "t", 0, "new"))
    assert len(engine.frames) == before + 1, "the receive alone wrote something"
    assert tasks(engine)[0].moved == 0


@pytest.mark.parametrize("destination", [None, OTHER])
def test_a_destination_that_is_not_there(destination: int | None) -> None:
    engine = dead("m")
    start(engine, destination)
    engine.ask(c.DropQueue(destination or SOURCE))
    with pytest.raises(errors.QueueDoesNotExist):
        move(engine)
    assert (engine.counts(), tasks(engine)[0].moved) == ((1, 0, 0), 0)


def test_what_was_sent_there_directly_has_no_way_back() -> None:
    engine = dead()
    engine.send("direct")
    start(engine)
    with pytest.raises(errors.QueueDoesNotExist):
        move(engine)


def test_a_task_of_another_type_of_queue_moves_nothing() -> None:
    engine = dead("m")
    engine.ask(c.DropQueue(OTHER))
    engine.ask(c.ConfigureQueue(9, configuring(OTHER, 345_600_000, fifo=True).config))
    start(engine, OTHER)
    with pytest.raises(errors.QueueDoesNotExist):
        move(engine)


# -- the life of a task -----------------------------------------------------------------------------------------


def test_recorded_it_counts_what_was_there_when_it_started_in_flight_or_not() -> None:
    engine = dead("a", "b", "c")
    engine.receive(1)
    assert (start(engine).to_move, start_again(engine)) == (3, errors.MoveTaskRunning)
    move(engine)
    (task,) = tasks(engine)
    assert (task.to_move, task.moved, task.status) == (3, 1, MoveStatus.RUNNING)


def start_again(engine: Engine) -> type[Exception] | None:
    try:
        start(engine, task_id="u")
    except errors.MoveTaskRunning as refusal:
        return type(refusal)
    return None


@pytest.mark.parametrize(
    ("status", "active"),
    [
        (MoveStatus.CANCELLING, True),
        (MoveStatus.CANCELLED, False),
        (MoveStatus.COMPLETED, False),
        (MoveStatus.FAILED, False),
    ],
)
def test_one_active_task_a_source(status: MoveStatus, active: bool) -> None:
    engine = dead("a")
    start(engine)
    assert engine.ask(c.EndMove(QUEUE, "t", status, "why")).failure_reason == "why"
    for one in (engine.restarted(), engine):
        assert (start_again(one) is not None) == active


def test_what_has_ended_stays_as_it_ended() -> None:
    engine = dead("a")
    start(engine)
    ended = engine.ask(c.EndMove(QUEUE, "t", MoveStatus.FAILED, "why"))
    assert engine.ask(c.EndMove(QUEUE, "t", MoveStatus.CANCELLING)) == ended
    move(engine)
    assert tasks(engine) == (ended,)
    assert engine.counts() == (1, 0, 0), "and moves nothing more"


def test_a_task_that_is_being_cancelled_may_move_some_more() -> None:
    engine = dead("a")
    start(engine)
    engine.ask(c.EndMove(QUEUE, "t", MoveStatus.CANCELLING))
    move(engine)
    assert tasks(engine)[0].moved == 1


def test_no_task_of_that_id() -> None:
    engine = dead("a")
    for command in (c.MoveOne(QUEUE, "never", 0, "new"), c.EndMove(QUEUE, "never", MoveStatus.CANCELLED)):
        with pytest.raises(errors.ResourceNotFound, match="Task does not exist"):
            engine.ask(command)


def test_the_ten_newest_are_listed_the_newest_first() -> None:
    engine = dead("a")
    for number in range(12):
        start(engine, task_id=f"t{number}")
        engine.ask(c.EndMove(QUEUE, f"t{number}", MoveStatus.COMPLETED))
    newest = [f"t{number}" for number in range(11, 1, -1)]
    assert [task.task_id for task in tasks(engine)] == newest
    assert [task.task_id for task in tasks(engine.restarted())] == newest


def test_quotas_active_tasks_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOVE_TASKS_PER_ACCOUNT_MAX", 2)
    engine = dead("a")
    start(engine, queue_id=SOURCE, task_id="a")
    start(engine, queue_id=OTHER, task_id="b")
    with pytest.raises(errors.TooManyMoveTasks):
        start(engine)
    other = root_of("999999999999")
    engine.ask(c.StartMove(QUEUE, "c", None, None, other))
    engine.ask(c.EndMove(QUEUE, "c", MoveStatus.COMPLETED))
    engine.ask(c.EndMove(OTHER, "b", MoveStatus.COMPLETED))
    start(engine)


@pytest.mark.parametrize("fifo", [False, True])
def test_a_rewritten_log_knows_the_task_and_its_count(fifo: bool) -> None:
    engine = dead("g-1", "g-2", "g-3", fifo=fifo)
    start(engine, OTHER)
    move(engine, "new-1")
    last, _ = engine.frames[-1]
    for position, _ in list(engine.frames):
        engine.keep(position)
    before = engine.shard.trimmable()
    assert before > last
    move(engine, "new-2")
    engine.frames = [(position, frame) for position, frame in engine.frames if position >= before]
    again = engine.restarted()
    assert tasks(again) == tasks(engine)
    assert tasks(again)[0].moved == 2
    assert [one.content.body for one in received(again, OTHER)] == ["g-1", "g-2"]
