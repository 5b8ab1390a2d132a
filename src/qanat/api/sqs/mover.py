"""Carries out message move tasks: some messages at a time, at the task's rate, in the name of who started it.

A task lives in the log. What a crash interrupts goes on at the next start, from the message that comes next.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from qanat.api.authorise import Authoriser
from qanat.core import limits
from qanat.core.control import Control
from qanat.core.errors import AccessDenied, QanatError
from qanat.core.names import Arn
from qanat.core.queues import commands as c
from qanat.core.queues.errors import QueueDoesNotExist
from qanat.core.queues.model import Queue
from qanat.core.queues.moving import MoveStatus, MoveTask
from qanat.core.queues.shard import QueueShard
from qanat.node import Clock
from qanat.parking import Parking

# AWS finds a rate by itself where none is given, up to this (API StartMessageMoveTask).
_RATE_PER_S: Final = limits.MOVE_RATE_PER_S.high
_STEPS_PER_S: Final = 10
# How often a task looks whether messages in flight have come back.
_WAIT_S: Final = 1.0
# The values of FailureReason (recorded answers of AWS).
_NO_QUEUE: Final = "AWS.SimpleQueueService.NonExistentQueue"
_DENIED: Final = "AccessDenied"


class Mover:
    def __init__(
        self,
        control: Control,
        shard: QueueShard,
        parking: Parking,
        authoriser: Authoriser,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        new_id: Callable[[], str],
    ) -> None:
        self._catalogue = control.catalogue
        self._shard = shard
        self._parking = parking
        self._authoriser = authoriser
        self._clock = clock
        self._loop = loop
        self._new_id = new_id
        self._timers: dict[str, asyncio.TimerHandle] = {}
        """By task."""

    def resume(self) -> None:
        """Goes on with the tasks that the log holds."""
        for queue in self._shard.queues.values():
            for task in queue.tasks:
                if task.active:
                    self.begin(queue.queue_id, task.task_id)

    def begin(self, queue_id: int, task_id: str) -> None:
        self._step_in(0.0, queue_id, task_id)

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def task(self, queue_id: int, task_id: str) -> MoveTask | None:
        """As it is now."""
        queue = self._shard.queues.get(queue_id)
        tasks = () if queue is None else queue.tasks
        return next((task for task in tasks if task.task_id == task_id), None)

    def _step_in(self, delay_s: float, queue_id: int, task_id: str) -> None:
        self._timers[task_id] = self._loop.call_later(delay_s, self._step, queue_id, task_id)

    def _step(self, queue_id: int, task_id: str) -> None:
        del self._timers[task_id]
        task = self.task(queue_id, task_id)
        if task is None or not task.active:
            return
        rate_per_s = task.max_per_second or _RATE_PER_S
        count = max(1, rate_per_s // _STEPS_PER_S)
        end = self._move(queue_id, task_id, count)
        if end is not None:
            self._parking.submit(c.EndMove(queue_id, task_id, *end), lambda _: None)
            return
        went_on = self.task(queue_id, task_id) != task
        self._step_in(count / rate_per_s if went_on else _WAIT_S, queue_id, task_id)

    def _move(self, queue_id: int, task_id: str, count: int) -> tuple[MoveStatus, str | None] | None:
        """Moves up to `count` messages; gives how the task ended, or None where it goes on."""
        for _ in range(count):
            task = self.task(queue_id, task_id)
            now_ms = self._clock.now_ms()
            if task is None or task.status is MoveStatus.CANCELLING:
                return MoveStatus.CANCELLED, None
            if self._shard.is_untidy(queue_id, now_ms):
                self._parking.submit(c.Tidy(queue_id), lambda _: None)
            message = self._shard.next_message(queue_id, now_ms)
            if task.moved >= task.to_move or not self._shard.queues[queue_id].messages:
                return MoveStatus.COMPLETED, None
            if now_ms >= task.started_at_ms + limits.MOVE_TASK_MS:
                return MoveStatus.FAILED, "The task took longer than the 36 hours that it may take."
            if message is None or self._shard.is_untidy(queue_id, now_ms):
                # What is left is in flight, and may come back; or its turn is after dead letters of this very queue.
                return None
            try:
                self._check(queue_id, task, task.destination_arn or message.source_arn, now_ms)
            except AccessDenied:
                return MoveStatus.FAILED, _DENIED
            except QanatError:
                return MoveStatus.FAILED, _NO_QUEUE
            self._parking.submit(c.MoveOne(queue_id, task_id, message.seq, self._new_id()), lambda _: None)
        return None

    def _check(self, queue_id: int, task: MoveTask, destination_arn: str | None, now_ms: int) -> None:
        """Raises QueueDoesNotExist or AccessDenied. Asked for each message: policies change while a task runs."""
        source = self.queue_of(self._shard.queues[queue_id].config.arn)
        destination = None if destination_arn is None else self.queue_of(destination_arn)
        if source is None or destination is None or source.fifo != destination.fifo:
            raise QueueDoesNotExist
        for action, queue in (
            ("sqs:ReceiveMessage", source),
            ("sqs:DeleteMessage", source),
            ("sqs:SendMessage", destination),
        ):
            policy = self._catalogue.settings(queue).stored_policy
            self._authoriser.demand(
                task.caller,
                action,
                queue.arn,
                queue.account,
                queue.region,
                None,
                {},
                now_ms,
                policy,
                queue.tags,
            )

    def queue_of(self, arn: str) -> Queue | None:
        parsed = Arn.parse(arn)
        if parsed is None:
            return None
        queue = self._catalogue.queue(parsed.account, parsed.region, parsed.resource)
        return queue if queue is not None and queue.arn == arn else None
