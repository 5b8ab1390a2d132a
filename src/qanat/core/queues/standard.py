"""A standard queue: its living messages and the order in which they become receivable.

Invariant: a message is in `_waiting` if it becomes visible after `_advanced_to_ms`, else in `_ready`; both are heaps by
(visible_at_ms, seq). A heap entry whose message is gone or has another visible_at_ms is stale and passed over.
The order is therefore a function of facts alone: a queue rebuilt from the log receives in the same order.
"""

from heapq import heapify, heappop, heappush

from qanat.core.queues.commands import Counts
from qanat.core.queues.message import Message

# Stale entries are swept when they outnumber the living, but not for the sake of a handful.
_SWEEP_MIN = 1_024

_Entry = tuple[int, int]


class StandardQueue:
    """The state of one queue. Messages change only through its methods."""

    def __init__(self, queue_id: int) -> None:
        self.queue_id = queue_id
        self.retention_ms = 0
        self.position: int | None = None
        """The frame that holds the newest QueueConfigured of this queue; None until one was applied."""
        self.next_seq = 0
        self.purged_at_ms = 0
        self.messages: dict[int, Message] = {}
        self._ready: list[_Entry] = []
        self._waiting: list[_Entry] = []
        self._advanced_to_ms = 0
        self._in_flight = 0
        self._delayed = 0
        # A heap by time of sending (a message that was kept returns out of order). Holds the dead until swept.
        self._by_age: list[_Entry] = []

    def add(self, message: Message) -> None:
        self.messages[message.seq] = message
        if message.seq >= self.next_seq:
            self.next_seq = message.seq + 1
        heappush(self._by_age, (message.content.sent_at_ms, message.seq))
        if len(self._by_age) > 2 * len(self.messages) + _SWEEP_MIN:
            self._by_age = [entry for entry in self._by_age if entry[1] in self.messages]
            heapify(self._by_age)
        self._schedule(message)

    def remove(self, message: Message) -> None:
        self._unschedule(message)
        del self.messages[message.seq]

    def reschedule(self, message: Message, visible_at_ms: int) -> None:
        """The message becomes visible at another time."""
        self._unschedule(message)
        message.visible_at_ms = visible_at_ms
        self._schedule(message)

    def count_receive(self, message: Message, at_ms: int, visible_at_ms: int) -> None:
        """The message was handed out and is hidden until `visible_at_ms`."""
        self._unschedule(message)
        message.receive_count += 1
        message.received_at_ms = at_ms
        message.first_received_at_ms = message.first_received_at_ms or at_ms
        message.visible_at_ms = visible_at_ms
        self._schedule(message)

    def advance(self, now_ms: int) -> None:
        """Time has passed: what was waiting until now is ready. Derived state only; needs no record."""
        if now_ms <= self._advanced_to_ms:
            return
        self._advanced_to_ms = now_ms
        waiting = self._waiting
        last: _Entry | None = None
        while waiting and waiting[0][0] <= now_ms:
            entry = heappop(waiting)
            message = self._message_of(entry)
            # A message moved away and back has two equal entries, which leave the heap one after the other.
            if message is not None and entry != last:
                self._count_waiting(message, -1)
                heappush(self._ready, entry)
                last = entry

    def take_expired(self, now_ms: int) -> list[int]:
        """The seqs of messages that have outlived the retention period; the caller must remove each of them."""
        by_age, before_ms = self._by_age, now_ms - self.retention_ms
        taken: list[int] = []
        while by_age and (by_age[0][0] <= before_ms or by_age[0][1] not in self.messages):
            seq = heappop(by_age)[1]
            if seq in self.messages:
                taken.append(seq)
        return taken

    def holds_expired(self, now_ms: int) -> bool:
        """Whether `take_expired` has anything to do."""
        return bool(self._by_age) and self._by_age[0][0] <= now_ms - self.retention_ms

    def take_ready(self, count: int) -> list[Message]:
        """Up to `count` messages that are visible, in order; the caller must reschedule each of them."""
        taken: list[Message] = []
        ready = self._ready
        last: _Entry | None = None
        while ready and len(taken) < count:
            entry = heappop(ready)
            message = self._message_of(entry)
            if message is not None and entry != last:
                taken.append(message)
                last = entry
        return taken

    def has_ready(self) -> bool:
        """Whether a receive at the time last advanced to would find a message."""
        ready, before_ms = self._ready, self._advanced_to_ms - self.retention_ms
        while ready:
            message = self._message_of(ready[0])
            # Who has outlived the retention period is never received again, whatever the period becomes later.
            if message is not None and message.content.sent_at_ms > before_ms:
                return True
            heappop(ready)
        return False

    def next_visible_at_ms(self) -> int | None:
        """When the next waiting message becomes visible; None if none is waiting."""
        waiting = self._waiting
        while waiting and self._message_of(waiting[0]) is None:
            heappop(waiting)
        return waiting[0][0] if waiting else None

    @property
    def in_flight(self) -> int:
        return self._in_flight

    def counts(self) -> Counts:
        hidden = self._in_flight + self._delayed
        return Counts(len(self.messages) - hidden, self._in_flight, self._delayed)

    def _is_waiting(self, message: Message) -> bool:
        return message.visible_at_ms > self._advanced_to_ms

    def _schedule(self, message: Message) -> None:
        entry = (message.visible_at_ms, message.seq)
        if self._is_waiting(message):
            self._count_waiting(message, 1)
            heappush(self._waiting, entry)
            if len(self._waiting) > 2 * (self._in_flight + self._delayed) + _SWEEP_MIN:
                self._waiting = self._swept(self._waiting)
        else:
            heappush(self._ready, entry)
            if len(self._ready) > 2 * len(self.messages) + _SWEEP_MIN:
                self._ready = self._swept(self._ready)

    def _unschedule(self, message: Message) -> None:
        """The entry itself stays behind, stale as soon as the message's time changes or it is removed."""
        if self._is_waiting(message):
            self._count_waiting(message, -1)

    def _count_waiting(self, message: Message, step: int) -> None:
        if message.receive_count:
            self._in_flight += step
        else:
            self._delayed += step

    def _message_of(self, entry: _Entry) -> Message | None:
        message = self.messages.get(entry[1])
        return message if message is not None and message.visible_at_ms == entry[0] else None

    def _swept(self, entries: list[_Entry]) -> list[_Entry]:
        living = list({entry for entry in entries if self._message_of(entry) is not None})
        heapify(living)
        return living
