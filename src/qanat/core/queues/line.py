"""A priority queue that costs next to nothing as long as things come in order, as in a queue they mostly do.

A heap of a million entries touches twenty places of memory for each that leaves it; here what comes in order stands in
order, and only the rest is a heap. So a long queue is served as fast as an empty one.
"""

from collections import deque
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Final, Generic, TypeVar

_LOOK_MASK: Final = 0x3F

E = TypeVar("E", tuple[int, int], tuple[int, int, str])


class Line(Generic[E]):
    __slots__ = ("_in_order", "_pushed", "_rest")

    def __init__(self) -> None:
        self._in_order: deque[E] = deque()
        self._rest: list[E] | None = None
        """A heap; None as long as all has come in order, which spares a look into far memory."""
        self._pushed = 0

    def __len__(self) -> int:
        return len(self._in_order) + len(self._rest or ())

    def push(self, entry: E) -> bool:
        """True now and then: time to see whether the line is to be swept."""
        in_order = self._in_order
        if not in_order or entry >= in_order[-1]:
            in_order.append(entry)
        elif self._rest is None:
            self._rest = [entry]
        else:
            heappush(self._rest, entry)
        self._pushed += 1
        return not self._pushed & _LOOK_MASK

    def first(self) -> E | None:
        """The least entry; None of an empty line."""
        in_order, rest = self._in_order, self._rest
        if not rest:
            return in_order[0] if in_order else None
        return in_order[0] if in_order and in_order[0] <= rest[0] else rest[0]

    def pop(self) -> E:
        """Takes out what `first` gives. The line must not be empty."""
        in_order, rest = self._in_order, self._rest
        if not rest or (in_order and in_order[0] <= rest[0]):
            return in_order.popleft()
        return heappop(rest)

    def sweep(self, lives: Callable[[E], object]) -> None:
        """Leaves out what lives no more, and what is there twice."""
        self._in_order = deque(dict.fromkeys(entry for entry in self._in_order if lives(entry)))
        if self._rest:
            self._rest = list({entry for entry in self._rest if lives(entry)}.difference(self._in_order))
            heapify(self._rest)
