"""Message move tasks: dead letters go back, one record each, so that a crash neither loses nor doubles one.

A moved message counts as sent anew: another id, another time, no receives (DG sqs-configure-dead-letter-queue-redrive).
"""

from msgspec.structs import replace

from qanat.core import limits
from qanat.core.part import Handlers
from qanat.core.queues import commands as c
from qanat.core.queues import errors
from qanat.core.queues import records as r
from qanat.core.queues.fold import Queue
from qanat.core.queues.lifecycle import configured
from qanat.core.queues.message import Content
from qanat.core.queues.moving import MoveStatus, MoveTask
from qanat.core.queues.writer import Writer


class Moves:
    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.handlers: Handlers = {
            c.StartMove: self._start,
            c.MoveOne: self._move,
            c.EndMove: self._end,
            c.ListMoves: self._list,
        }

    def _start(self, command: c.StartMove, now_ms: int) -> MoveTask:
        queue = self._writer.queue(command.queue_id, now_ms)
        if any(task.active for task in queue.tasks):
            raise errors.MoveTaskRunning
        if self._active_in(command.caller.account) >= limits.MOVE_TASKS_PER_ACCOUNT_MAX:
            raise errors.TooManyMoveTasks
        task = MoveTask(
            command.task_id,
            command.destination_arn,
            command.max_per_second,
            now_ms,
            len(queue.messages),
            command.caller,
        )
        newest = (*queue.tasks, task)[-limits.MOVE_TASKS_LISTED.high :]
        self._writer.emit(replace(configured(queue), tasks=newest))
        return task

    def _active_in(self, account: str) -> int:
        queues = self._writer.fold.queues.values()
        return sum(task.active and task.caller.account == account for queue in queues for task in queue.tasks)

    def _move(self, command: c.MoveOne, now_ms: int) -> None:
        queue = self._writer.queue(command.queue_id, now_ms)
        task, message = _task(queue, command.task_id), queue.next_ready()
        if message is None or message.seq != command.seq or not task.active:
            return
        fold = self._writer.fold
        destination = fold.queues.get(fold.by_arn.get(task.destination_arn or message.source_arn or "", -1))
        if destination is None or destination.fifo != queue.fifo:
            raise errors.QueueDoesNotExist
        content = replace(message.content, message_id=command.message_id, sent_at_ms=now_ms)
        if queue.fifo:
            content = replace(content, deduplication_id=message.content.message_id)
            if self._is_known(destination, content, now_ms):
                self._writer.emit(r.Deleted(queue.queue_id, (message.seq,)))
                return
        kept = r.Kept(
            destination.queue_id,
            destination.next_seq,
            content,
            now_ms,
            0,
            0,
            0,
        )
        self._writer.emit(r.Moved(queue.queue_id, message.seq, kept, command.task_id))
        self._writer.filled.add(destination.queue_id)
        queue.tally.moved += 1

    def _is_known(self, destination: Queue, content: Content, now_ms: int) -> bool:
        """Sent there already under this id: then it is dropped, and not counted as moved (recorded answers of AWS)."""
        assert content.deduplication_id is not None
        assert content.group_id is not None
        per_group = destination.config.deduplication_per_group
        found = destination.window.find(
            content.deduplication_id, content.group_id, now_ms, per_group=per_group
        )
        return found is not None

    def _end(self, command: c.EndMove, now_ms: int) -> MoveTask:
        queue = self._writer.queue(command.queue_id, now_ms)
        task = _task(queue, command.task_id)
        if not task.active:
            return task
        queue.tally.failed_move_tasks += command.status is MoveStatus.FAILED
        ended = replace(task, status=command.status, failure_reason=command.failure_reason)
        tasks = tuple(ended if one is task else one for one in queue.tasks)
        self._writer.emit(replace(configured(queue), tasks=tasks))
        return ended

    def _list(self, command: c.ListMoves, now_ms: int) -> tuple[MoveTask, ...]:
        return self._writer.queue(command.queue_id, now_ms).tasks[::-1]


def _task(queue: Queue, task_id: str) -> MoveTask:
    for task in queue.tasks:
        if task.task_id == task_id:
            return task
    raise errors.ResourceNotFound("Task does not exist.")
