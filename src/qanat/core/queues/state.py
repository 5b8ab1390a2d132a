"""The state of one queue, of either kind: its living messages, and which of them wait for their time.

Invariant: a message is waiting if it becomes visible after `_advanced_to_ms`, else it is ready. Entries of lines are
(visible_at_ms, seq); one whose message is gone or has another visible_at_ms is stale and passed over. In what order
ready messages are received is the kind's own matter, but always a function of facts: a queue rebuilt from the log
receives in the same order.
"""

from abc import ABC, abstractmethod
from itertools import dropwhile, islice
from typing import ClassVar, Final

from qanat.core.queues.attempts import Attempt, Attempts
from qanat.core.queues.commands import Counts
from qanat.core.queues.deduplication import DeduplicationWindow
from qanat.core.queues.line import Line
from qanat.core.queues.message import Message
from qanat.core.queues.model import QueueConfig
from qanat.core.queues.moving import MoveTask
from qanat.core.queues.tally import Tally

# Stale entries are swept when they outnumber the living, but not for the sake of a handful.
SWEEP_MIN: Final = 1_024
# Sequence numbers without a message that `sent_after` tries one by one: some 50 µs.
HOLE_MAX: Final = 1_000

Entry = tuple[int, int]
"""(visible_at_ms, seq)"""

_UNKNOWN: Final = QueueConfig("", 0)
"""While the log is replayed from a trimmed head, messages may come before their queue's newest record."""


class QueueState(ABC):
    """Messages change only through its methods. Slots: with thousands of queues, each is looked for in cold memory."""

    __slots__ = (
        "_advanced_to_ms",
        "_by_age",
        "_delayed",
        "_in_flight",
        "_in_order",
        "_waiting",
        "attempts",
        "config",
        "definition_bytes",
        "looked_at_ms",
        "messages",
        "next_seq",
        "position",
        "purged_at_ms",
        "queue_id",
        "tally",
        "tasks",
        "window",
    )

    fifo: ClassVar[bool]

    def __init__(self, queue_id: int) -> None:
        self.queue_id = queue_id
        self.config = _UNKNOWN
        self.position: int | None = None
        """The frame that holds the newest QueueConfigured of this queue; None until one was applied."""
        self.definition_bytes = 0
        """What that record takes in the log."""
        self.next_seq = 0
        self.purged_at_ms = 0
        self.tasks: tuple[MoveTask, ...] = ()
        self.tally = Tally()
        self.looked_at_ms = 0
        """When time was last let pass: what had expired by then is gone."""
        self.messages: dict[int, Message] = {}
        self._in_order = True
        """Whether `messages` stand in the order of sending: all do but those that a replay finds written again."""
        self.window = DeduplicationWindow()
        """Used by FIFO queues only, as are the attempts."""
        self.attempts = Attempts()
        self._waiting: Line[Entry] = Line()
        self._advanced_to_ms = 0
        self._in_flight = 0
        self._delayed = 0
        # By the beginning of retention. Holds the dead until swept.
        self._by_age: Line[Entry] = Line()

    # -- the order of ready messages, each kind's own -----------------------------------------------------------

    @abstractmethod
    def _add_ready(self, message: Message) -> None:
        """It is ready from now on."""

    @abstractmethod
    def _drop_ready(self, message: Message) -> None:
        """It is ready no more; what was noted of it may stay behind as stale."""

    @abstractmethod
    def _count_in_flight(self, message: Message, step: int) -> None:
        """One more or one less of its group is in flight."""

    @abstractmethod
    def take_ready(self, count: int) -> list[Message]:
        """Up to `count` messages, in order. The caller must reschedule, remove or put back each of them."""

    @abstractmethod
    def next_ready(self) -> Message | None:
        """What `take_ready` would take first, at the time last advanced to."""

    # -- change -------------------------------------------------------------------------------------------------

    def add(self, message: Message) -> None:
        self.messages[message.seq] = message
        if message.seq >= self.next_seq:
            self.next_seq = message.seq + 1
        else:
            self._in_order = False
        look = self._by_age.push((message.retained_from_ms, message.seq))
        if look and len(self._by_age) > 2 * len(self.messages) + SWEEP_MIN:
            self._by_age.sweep(lambda entry: entry[1] in self.messages)
        self._schedule(message)

    def remove(self, message: Message) -> None:
        del self.messages[message.seq]
        self._unschedule(message)

    def reschedule(self, message: Message, visible_at_ms: int) -> None:
        """The message becomes visible at another time."""
        self._unschedule(message)
        message.visible_at_ms = visible_at_ms
        self._schedule(message)

    def put_back(self, message: Message) -> None:
        """It was taken, and stays as it was."""
        self.reschedule(message, message.visible_at_ms)

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
        last: Entry | None = None
        while (entry := waiting.first()) is not None and entry[0] <= now_ms:
            waiting.pop()
            message = self.message_of(entry)
            # A message moved away and back has two equal entries, which leave the heap one after the other.
            if message is not None and entry != last:
                self._count_waiting(message, -1)
                self._add_ready(message)
                last = entry

    def take_expired(self, now_ms: int) -> list[int]:
        """The seqs of messages that have outlived the retention period; the caller must remove each of them."""
        by_age, before_ms = self._by_age, now_ms - self.config.retention_ms
        taken: list[int] = []
        while (entry := by_age.first()) is not None and (
            entry[0] <= before_ms or entry[1] not in self.messages
        ):
            by_age.pop()
            if entry[1] in self.messages:
                taken.append(entry[1])
        return taken

    # -- questions ----------------------------------------------------------------------------------------------

    def holds_expired(self, now_ms: int) -> bool:
        """Whether `take_expired` has anything to do."""
        oldest_at_ms = self.oldest_at_ms()
        return oldest_at_ms is not None and oldest_at_ms <= now_ms - self.config.retention_ms

    def holds_forgotten(self, now_ms: int) -> bool:
        """Whether something that it remembers of messages is over."""
        return self.window.holds_forgotten(now_ms) or self.attempts.holds_forgotten(now_ms)

    def oldest_at_ms(self) -> int | None:
        """When the retention of the oldest living message began; None of an empty queue."""
        by_age = self._by_age
        while (entry := by_age.first()) is not None and entry[1] not in self.messages:
            by_age.pop()
        return None if entry is None else entry[0]

    def next_visible_at_ms(self) -> int | None:
        """When the next waiting message becomes visible; None if none is waiting."""
        waiting = self._waiting
        while (entry := waiting.first()) is not None and self.message_of(entry) is None:
            waiting.pop()
        return None if entry is None else entry[0]

    @property
    def in_flight(self) -> int:
        return self._in_flight

    @property
    def ready(self) -> int:
        return len(self.messages) - self._in_flight - self._delayed

    def counts(self) -> Counts:
        return Counts(self.ready, self._in_flight, self._delayed)

    def is_waiting(self, message: Message) -> bool:
        return message.visible_at_ms > self._advanced_to_ms

    def message_of(self, entry: Entry) -> Message | None:
        message = self.messages.get(entry[1])
        return message if message is not None and message.visible_at_ms == entry[0] else None

    def attempted(self, attempt_id: str, now_ms: int) -> Attempt | None:
        """The receive to be repeated, if all its messages are hidden by it still."""
        attempt = self.attempts.get(attempt_id, now_ms)
        # One time hides them all, else the attempt were void.
        if attempt is None or self.messages[attempt.seqs[0]].visible_at_ms <= now_ms:
            return None
        return attempt

    def sent_after(self, seq: int, count: int) -> list[Message]:
        """The next `count` messages in the order of sending. It costs the same in a short queue and in a long one."""
        messages = self.messages
        if not self._in_order:
            in_order = sorted(messages.items())
            messages.clear()
            messages.update(in_order)
            self._in_order = True
        found: list[Message] = []
        until = seq + 1 + count + HOLE_MAX
        for candidate in range(seq + 1, min(until, self.next_seq)):
            if (message := messages.get(candidate)) is not None:
                found.append(message)
                if len(found) == count:
                    return found
        if until >= self.next_seq:
            return found
        # So many are gone here that it is quicker to pass over all that stand before.
        return [messages[living] for living in islice(dropwhile(seq.__ge__, messages), count)]

    # -- inside -------------------------------------------------------------------------------------------------

    def _schedule(self, message: Message) -> None:
        if message.visible_at_ms > self._advanced_to_ms:
            self._count_waiting(message, 1)
            look = self._waiting.push((message.visible_at_ms, message.seq))
            if look and len(self._waiting) > 2 * (self._in_flight + self._delayed) + SWEEP_MIN:
                self._waiting.sweep(self.message_of)
        else:
            self._add_ready(message)

    def _unschedule(self, message: Message) -> None:
        """The entry itself stays behind, stale as soon as the message's time changes or it is removed."""
        if message.visible_at_ms > self._advanced_to_ms:
            self._count_waiting(message, -1)
        else:
            self._drop_ready(message)

    def _count_waiting(self, message: Message, step: int) -> None:
        if message.receive_count:
            self._in_flight += step
            if message.content.group_id is not None:
                self._count_in_flight(message, step)
        else:
            self._delayed += step
