"""Long polls: receives that wait for a message without anyone polling.

A parked receive costs its place in a line and one timer. It is woken by the send (or by a message of its queue that
becomes visible again), in the order of arrival, and vanishes when its client does.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from qanat.core.errors import QanatError
from qanat.core.queues.commands import QueueCommand, Receive, Tidy
from qanat.core.queues.shard import QueueShard
from qanat.core.way import Presence
from qanat.node import Done, Node

# A parked receive takes about 5 kB beside its connection's own memory, and connections are bounded below this; past it
# a long poll is a short one.
PARKED_MAX: Final = 32_768
_READ_TIME_S: Final = 0.001
"""Within it the loop reads what has arrived. Not 0: that would come before the loop looks at its sockets again."""


class Parked:
    """One waiting receive. `cancel` when its client has gone."""

    __slots__ = ("_parking", "command", "done", "doubted", "presence", "timer")

    def __init__(
        self, parking: "Parking", command: Receive, done: Done, presence: Callable[[], Presence]
    ) -> None:
        self._parking = parking
        self.command = command
        self.done: Done | None = done
        self.presence = presence
        self.doubted = False
        """What its client sent behind the request has been waited for, once."""
        self.timer: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        """Nobody waits any more. A message already handed to this receive comes back at its visibility timeout."""
        self._parking.leave(self)

    @property
    def waiting(self) -> bool:
        return self.timer is not None


class Parking:
    """The parked receives of one node, and the timers that wake them when a hidden message becomes visible."""

    def __init__(self, node: Node, shard: QueueShard, loop: asyncio.AbstractEventLoop) -> None:
        self._node = node
        self._shard = shard
        self._loop = loop
        self._lines: dict[int, deque[Parked]] = {}
        self._alarms: dict[int, tuple[int, asyncio.TimerHandle]] = {}
        self._tidying: set[int] = set()
        """Queues whose dead letters are on their way to the disk."""
        self._reading: set[int] = set()
        """Queues whose first in line sent something that has yet to be read."""
        self.count = 0

    def receive(
        self, command: Receive, wait_s: int, done: Done, presence: Callable[[], Presence]
    ) -> Parked | None:
        """Answers at once where there is a message or `wait_s` is 0; else parks and returns a handle to cancel by.

        `presence` is asked before a message is handed to one who waited.

        A receive that is asked for again by its attempt id has its messages already: it does not wait for others.
        """
        if (
            not wait_s
            or self.count >= PARKED_MAX
            or self._may_serve(command.queue_id)
            or self._shard.is_retry(command, self._node.clock.now_ms())
        ):
            self.submit(command, done)
            return None
        parked = Parked(self, command, done, presence)
        parked.timer = self._loop.call_later(wait_s, self._time_out, parked)
        self._lines.setdefault(command.queue_id, deque()).append(parked)
        self.count += 1
        self._set_alarm(command.queue_id)
        return parked

    def wake(self, queue_id: int) -> None:
        """Something changed in that queue: serve whoever can be served, first come first."""
        line = self._lines.get(queue_id)
        if not line or queue_id in self._reading:
            return
        while line and self._may_serve(queue_id):
            parked = line[0]
            there = parked.presence() if parked.waiting else Presence.GONE
            if there is Presence.UNREAD and not parked.doubted:
                parked.doubted = True
                self._reading.add(queue_id)
                self._loop.call_later(_READ_TIME_S, self._has_read, queue_id)
                return
            line.popleft()
            if there is Presence.GONE:
                self._forget(parked)
                continue
            done = parked.done
            self._forget(parked)
            assert done is not None
            self.submit(parked.command, done)
        if line:
            self._set_alarm(queue_id)
        else:
            self._lines.pop(queue_id, None)
            self._stop_alarm(queue_id)

    def _has_read(self, queue_id: int) -> None:
        self._reading.discard(queue_id)
        self.wake(queue_id)

    def leave(self, parked: Parked) -> None:
        if parked.waiting:
            self._forget(parked)
            self._leave_line(parked.command.queue_id)

    def end_all(self) -> None:
        """The server is draining: every parked receive ends as if its time had run out."""
        for line in list(self._lines.values()):
            for parked in list(line):
                if parked.waiting:
                    self._time_out(parked)

    def refuse(self, queue_id: int, refusal: QanatError) -> None:
        """The queue is gone: whoever waits on it is told."""
        for parked in self._lines.pop(queue_id, ()):
            if parked.waiting and parked.done is not None:
                done = parked.done
                self._forget(parked)
                done(refusal)
        self._stop_alarm(queue_id)

    def _may_serve(self, queue_id: int) -> bool:
        """Dead letters are out of the way first: a long poll does not end because of them."""
        now_ms = self._node.clock.now_ms()
        if self._shard.is_untidy(queue_id, now_ms):
            if queue_id in self._tidying:
                return False
            self._tidying.add(queue_id)
            self.submit(Tidy(queue_id), lambda refusal: self._tidied(queue_id, refusal))
            if self._shard.is_untidy(queue_id, now_ms):
                return False
        return self._shard.has_visible(queue_id, now_ms)

    def _tidied(self, queue_id: int, refusal: QanatError | None) -> None:
        """More may be left. The next follow when these are on the disk, else a frame would grow and grow."""
        self._tidying.discard(queue_id)
        if refusal is None:
            self.wake(queue_id)

    def submit(self, command: QueueCommand, done: Done) -> None:
        """To the node. A message that it puts into another queue may be what somebody waits for there."""
        self._node.submit(command, done)
        for queue_id in self._shard.take_filled():
            self.wake(queue_id)

    def _time_out(self, parked: Parked) -> None:
        done = parked.done
        self._forget(parked)
        self._leave_line(parked.command.queue_id)
        queue = self._shard.queues.get(parked.command.queue_id)
        if queue is not None:
            queue.tally.empty_receives += 1
        assert done is not None
        done(())

    def _forget(self, parked: Parked) -> None:
        if parked.timer is None:
            return
        parked.timer.cancel()
        parked.timer = None
        parked.done = None
        self.count -= 1

    def _leave_line(self, queue_id: int) -> None:
        """Those who left in the middle of the line stay in it until they reach its head."""
        line = self._lines.get(queue_id)
        while line and not line[0].waiting:
            line.popleft()
        if not line:
            self._lines.pop(queue_id, None)
            self._stop_alarm(queue_id)

    def _set_alarm(self, queue_id: int) -> None:
        at_ms = self._shard.next_visible_at_ms(queue_id)
        standing = self._alarms.get(queue_id)
        if at_ms is None or (standing is not None and standing[0] <= at_ms):
            return
        self._stop_alarm(queue_id)
        delay_ms = max(0, at_ms - self._node.clock.now_ms())
        timer = self._loop.call_later(delay_ms / 1000, self._alarm, queue_id)
        self._alarms[queue_id] = (at_ms, timer)

    def _stop_alarm(self, queue_id: int) -> None:
        standing = self._alarms.pop(queue_id, None)
        if standing is not None:
            standing[1].cancel()

    def _alarm(self, queue_id: int) -> None:
        self._alarms.pop(queue_id, None)
        self.wake(queue_id)
