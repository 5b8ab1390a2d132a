"""A standard queue: messages in the order in which they became visible, groups in fair turns."""

from qanat.core.queues.fair import Group, Turns
from qanat.core.queues.line import Line
from qanat.core.queues.message import Message
from qanat.core.queues.state import SWEEP_MIN, Entry, QueueState


class StandardQueue(QueueState):
    __slots__ = ("_ready", "_turns")

    fifo = False

    def __init__(self, queue_id: int) -> None:
        super().__init__(queue_id)
        self._ready: Line[Entry] = Line()
        """The messages that have no group; what is stale is passed over."""
        self._turns: Turns | None = None
        """The messages that have one; made with the first of them."""

    def add(self, message: Message) -> None:
        if (group_id := message.content.group_id) is not None:
            self._turns = self._turns or Turns(self.messages)
            self._turns.count_living(group_id, 1)
        super().add(message)

    def remove(self, message: Message) -> None:
        super().remove(message)
        if (group_id := message.content.group_id) is not None:
            assert self._turns is not None
            self._turns.count_living(group_id, -1)

    def take_ready(self, count: int) -> list[Message]:
        taken: list[Message] = []
        last: Entry | None = None
        if self._turns is None or not self._turns.ready_count:
            ready = self._ready
            while len(taken) < count and (entry := ready.first()) is not None:
                ready.pop()
                message = self.message_of(entry)
                # A message moved away and back has two equal entries.
                if message is not None and entry != last:
                    taken.append(message)
                    last = entry
            return taken
        while len(taken) < count and (found := self._next()) is not None:
            entry, group_id = found
            if group_id is None:
                self._ready.pop()
            else:
                assert self._turns is not None
                self._turns.take(group_id)
            # A message moved away and back has two equal entries.
            if entry != last:
                taken.append(self.messages[entry[1]])
                last = entry
        return taken

    def next_ready(self) -> Message | None:
        found = self._next()
        return None if found is None else self.messages[found[0][1]]

    def noisy_groups(self) -> list[Group]:
        return [] if self._turns is None else self._turns.noisy(self.ready, self._in_flight)

    def _next(self) -> tuple[Entry, str | None] | None:
        """(entry, group) of whose turn it is."""
        ready = self._ready
        while (first := ready.first()) is not None and self.message_of(first) is None:
            ready.pop()
        grouped = None if self._turns is None else self._turns.next(self.ready, self._in_flight)
        if grouped is None:
            return None if first is None else (first, None)
        noisy, entry, group_id = grouped
        if first is not None and (noisy or first < entry):
            return first, None
        return entry, group_id

    def _add_ready(self, message: Message) -> None:
        entry = (message.visible_at_ms, message.seq)
        if (group_id := message.content.group_id) is not None:
            assert self._turns is not None
            self._turns.add_ready(group_id, entry)
            return
        if self._ready.push(entry) and len(self._ready) > 2 * len(self.messages) + SWEEP_MIN:
            self._ready.sweep(self.message_of)

    def _drop_ready(self, message: Message) -> None:
        if (group_id := message.content.group_id) is not None:
            assert self._turns is not None
            self._turns.drop_ready(group_id)

    def _count_in_flight(self, message: Message, step: int) -> None:
        assert message.content.group_id is not None
        assert self._turns is not None
        self._turns.count_in_flight(message.content.group_id, step)
