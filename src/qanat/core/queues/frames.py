"""How much still lives in each frame of the log, so that its head can be dropped.

Invariant: a frame's count is the number of messages, memories and queues whose newest whole record lies in it.
"""

from collections import deque


class LiveFrames:
    def __init__(self) -> None:
        self._living: dict[int, int] = {}
        self._positions: deque[int] = deque()

    def add(self, position: int) -> None:
        """Something lives in this frame. Positions first come in rising order, as the log is written and read."""
        if position in self._living:
            self._living[position] += 1
            return
        self._living[position] = 1
        if not self._positions or position > self._positions[-1]:
            self._positions.append(position)

    def drop(self, position: int) -> None:
        self._living[position] -= 1
        if not self._living[position]:
            del self._living[position]

    def oldest(self) -> int | None:
        """The oldest frame in which something lives; None if nothing lives anywhere."""
        positions = self._positions
        while positions and positions[0] not in self._living:
            positions.popleft()
        return positions[0] if positions else None
