"""A FIFO queue: groups of messages, each in the order of sending.

A group gives its messages from the oldest on, up to the first that is not ready: one in flight holds back all behind
it, and none before it (recorded answers of AWS). Among groups, the one whose oldest message became visible first goes
first.
Invariant: of each group whose oldest message is ready, `_open` holds an entry for that message.
"""

from collections.abc import Collection
from heapq import heappop, heappush

from qanat.core.queues.line import Line
from qanat.core.queues.message import Message
from qanat.core.queues.state import SWEEP_MIN, Entry, QueueState


class FifoQueue(QueueState):
    __slots__ = ("_groups", "_in_flight_of", "_open")

    fifo = True

    def __init__(self, queue_id: int) -> None:
        super().__init__(queue_id)
        # A heap of seqs each: messages that were kept return out of order. Holds the dead until they are its head.
        self._groups: dict[str, list[int]] = {}
        self._open: Line[Entry] = Line()
        self._in_flight_of: dict[str, int] = {}

    @property
    def groups_in_flight(self) -> int:
        """How many groups have a message in flight."""
        return len(self._in_flight_of)

    def add(self, message: Message) -> None:
        heappush(self._groups.setdefault(_group(message), []), message.seq)
        super().add(message)

    def remove(self, message: Message) -> None:
        super().remove(message)
        group = _group(message)
        oldest = self._oldest(group)
        if oldest is None:
            del self._groups[group]
        elif not self.is_waiting(oldest):
            self._push(oldest)

    def take_ready(self, count: int) -> list[Message]:
        taken: list[Message] = []
        held: set[int] = set()
        while len(taken) < count and (message := self.next_ready()) is not None:
            self._open.pop()
            run = self._run(self._groups[_group(message)], count - len(taken), held)
            held.update([one.seq for one in run])
            taken += run
        return taken

    def next_ready(self) -> Message | None:
        while (entry := self._open.first()) is not None:
            message = self.message_of(entry)
            if message is not None and message is self._oldest(_group(message)):
                return message
            self._open.pop()
        return None

    def _run(self, group: list[int], count: int, held: Collection[int]) -> list[Message]:
        """The messages of one group that may be received now, those in `held` passed over."""
        run: list[Message] = []
        passed: list[int] = []
        while group and len(run) < count:
            message = self.messages.get(group[0])
            if message is not None and self.is_waiting(message):
                break
            heappop(group)
            if message is not None:
                passed.append(message.seq)
                if message.seq not in held:
                    run.append(message)
        for seq in passed:
            heappush(group, seq)
        return run

    def _oldest(self, group: str) -> Message | None:
        seqs = self._groups.get(group)
        while seqs:
            message = self.messages.get(seqs[0])
            if message is not None:
                return message
            heappop(seqs)
        return None

    def _add_ready(self, message: Message) -> None:
        if self._oldest(_group(message)) is message:
            self._push(message)

    def _drop_ready(self, message: Message) -> None:
        pass

    def _push(self, message: Message) -> None:
        look = self._open.push((message.visible_at_ms, message.seq))
        if look and len(self._open) > 2 * len(self.messages) + SWEEP_MIN:
            self._open.sweep(self.message_of)

    def _count_in_flight(self, message: Message, step: int) -> None:
        group = _group(message)
        count = self._in_flight_of.get(group, 0) + step
        if count:
            self._in_flight_of[group] = count
        else:
            del self._in_flight_of[group]


def _group(message: Message) -> str:
    group_id = message.content.group_id
    assert group_id is not None, "every message of a FIFO queue has a group"
    return group_id
