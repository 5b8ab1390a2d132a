"""Turns among the message groups of a standard queue, so that one that floods it holds nobody else up.

A group is noisy while it has a large share of what is in flight or of what waits (SQS Developer Guide, sqs-fair-queues:
more than a tenth, and at least thirty in flight; here the backlog counts too, so that a flood is seen before anything
of it is in flight). The quiet go first, the one that became visible first; then the noisy with fewest in flight. A
message without a group is a group of its own, which is never noisy. All this is read from what lives in the queue.
"""

from heapq import heapify, heappop, heappush
from typing import Final

from qanat.core.queues.line import Line
from qanat.core.queues.message import Message

Entry = tuple[int, int]
_GroupEntry = tuple[int, int, str]

NOISY_MIN: Final = 30
NOISY_SHARE: Final = 10
"""Noisy with more than one in so many."""
_SWEEP_MIN: Final = 64


class Group:
    __slots__ = ("head", "in_flight", "living", "ready", "ready_count")

    def __init__(self) -> None:
        self.ready: list[Entry] = []
        """A heap; what is stale is passed over."""
        self.head: Entry | None = None
        """Its entry in the line of groups; None while it has none there."""
        self.ready_count = 0
        self.in_flight = 0
        self.living = 0


class Turns:
    """`messages` is the queue's own table, read to tell what is stale."""

    def __init__(self, messages: dict[int, Message]) -> None:
        self._messages = messages
        self._groups: dict[str, Group] = {}
        self._line: Line[_GroupEntry] = Line()
        """The groups' heads; one that is not its group's `head` is stale."""
        self._aside: dict[str, Group] = {}
        """Groups that were found noisy when their turn came: not in the line. Few: each had a tenth of something."""
        self.ready_count = 0

    # -- told by the queue --------------------------------------------------------------------------------------

    def count_living(self, group_id: str, step: int) -> None:
        group = self._groups.get(group_id)
        if group is None:
            group = self._groups[group_id] = Group()
        group.living += step
        if not group.living:
            del self._groups[group_id]
            self._aside.pop(group_id, None)

    def count_in_flight(self, group_id: str, step: int) -> None:
        self._groups[group_id].in_flight += step

    def add_ready(self, group_id: str, entry: Entry) -> None:
        group = self._groups[group_id]
        group.ready_count += 1
        self.ready_count += 1
        heappush(group.ready, entry)
        if len(group.ready) > 2 * group.ready_count + _SWEEP_MIN:
            group.ready = list({one for one in group.ready if self._lives(one)})
            heapify(group.ready)
        if group_id not in self._aside and (group.head is None or entry < group.head):
            self._stand_in_line(group_id, group, entry)

    def drop_ready(self, group_id: str) -> None:
        self._groups[group_id].ready_count -= 1
        self.ready_count -= 1

    # -- asked by the queue -------------------------------------------------------------------------------------

    def next(self, waiting: int, in_flight: int) -> tuple[bool, Entry, str] | None:
        """(whether it is noisy, entry, group) of whose turn it is; the totals are the whole queue's."""
        if not self.ready_count:
            return None
        self._let_back(waiting, in_flight)
        while (first := self._line.first()) is not None:
            visible_at_ms, seq, group_id = first
            group = self._groups.get(group_id)
            if group is None or group.head != (visible_at_ms, seq):
                self._line.pop()
            elif self._top(group) != group.head:
                self._line.pop()
                self._enter(group_id, group)
            elif _is_noisy(group, waiting, in_flight):
                self._line.pop()
                group.head = None
                self._aside[group_id] = group
            else:
                return False, group.head, group_id
        noisy = [
            (group.in_flight, top, group_id)
            for group_id, group in self._aside.items()
            if (top := self._top(group)) is not None
        ]
        if not noisy:
            return None
        _, entry, group_id = min(noisy)
        return True, entry, group_id

    def take(self, group_id: str) -> None:
        """What `next` gave is taken."""
        group = self._groups[group_id]
        entry = heappop(group.ready)
        # A message moved away and back has two equal entries.
        while group.ready and group.ready[0] == entry:
            heappop(group.ready)
        if group_id not in self._aside:
            self._enter(group_id, group)

    def noisy(self, waiting: int, in_flight: int) -> list[Group]:
        """The groups that are noisy now. Looks at every group; few are large enough to be looked at twice."""
        large = [
            group
            for group in self._groups.values()
            if group.ready_count >= NOISY_MIN or group.in_flight >= NOISY_MIN
        ]
        return [group for group in large if _is_noisy(group, waiting, in_flight)]

    # -- inside -------------------------------------------------------------------------------------------------

    def _let_back(self, waiting: int, in_flight: int) -> None:
        for group_id, group in list(self._aside.items()):
            if not _is_noisy(group, waiting, in_flight):
                del self._aside[group_id]
                self._enter(group_id, group)

    def _enter(self, group_id: str, group: Group) -> None:
        top = self._top(group)
        group.head = None
        if top is not None:
            self._stand_in_line(group_id, group, top)

    def _stand_in_line(self, group_id: str, group: Group, entry: Entry) -> None:
        group.head = entry
        if self._line.push((*entry, group_id)) and len(self._line) > 2 * len(self._groups) + _SWEEP_MIN:
            self._line.sweep(self._is_head)

    def _is_head(self, entry: _GroupEntry) -> bool:
        group = self._groups.get(entry[2])
        return group is not None and group.head == entry[:2]

    def _top(self, group: Group) -> Entry | None:
        while group.ready:
            if self._lives(group.ready[0]):
                return group.ready[0]
            heappop(group.ready)
        return None

    def _lives(self, entry: Entry) -> bool:
        message = self._messages.get(entry[1])
        return message is not None and message.visible_at_ms == entry[0]


def _is_noisy(group: Group, waiting: int, in_flight: int) -> bool:
    return (group.ready_count >= NOISY_MIN and group.ready_count * NOISY_SHARE > waiting) or (
        group.in_flight >= NOISY_MIN and group.in_flight * NOISY_SHARE > in_flight
    )
