"""Receives of a FIFO queue that may be asked for again, by their ReceiveRequestAttemptId (API ReceiveMessage).

Five minutes long, and while nothing happens to any of their messages: a delete, another visibility timeout or another
receive of one of them makes the attempt void.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from qanat.core import limits
from qanat.core.queues.line import Line

# Numbers and a frame in the log.
_OVERHEAD_BYTES: Final = 64
_SEQ_BYTES: Final = 5


class Attempt(NamedTuple):
    attempt_id: str
    at_ms: int
    """When its messages were received first."""
    seqs: tuple[int, ...]
    """In the order in which they were handed out; never empty."""
    position: int
    """The frame that holds the newest record of it."""

    @property
    def size_bytes(self) -> int:
        """About what it takes in the log."""
        return _OVERHEAD_BYTES + len(self.attempt_id) + _SEQ_BYTES * len(self.seqs)


class Attempts:
    def __init__(self) -> None:
        self._by_id: dict[str, Attempt] = {}
        self._of_message: dict[int, str] = {}
        """Which attempt hides a message, by its seq: at most one."""
        # (at_ms, the first seq, id). What was replaced or void stays until its time is over.
        self._line: Line[tuple[int, int, str]] = Line()

    def get(self, attempt_id: str, now_ms: int) -> Attempt | None:
        attempt = self._by_id.get(attempt_id)
        return attempt if attempt is not None and now_ms < attempt.at_ms + limits.ATTEMPT_MS else None

    def at(self, attempt_id: str) -> Attempt | None:
        """Whether or not its time is over."""
        return self._by_id.get(attempt_id)

    def put(self, attempt: Attempt) -> Attempt | None:
        """Adds it; returns what it replaces."""
        replaced = self._by_id.get(attempt.attempt_id)
        if replaced is not None:
            self._take(replaced)
        if replaced is None or _age(replaced) != _age(attempt):
            self._line.push(_age(attempt))
        self._by_id[attempt.attempt_id] = attempt
        self._of_message.update(dict.fromkeys(attempt.seqs, attempt.attempt_id))
        return replaced

    def void(self, seq: int) -> Attempt | None:
        """Something happened to that message. Takes out, and returns, the attempt that hid it."""
        attempt_id = self._of_message.get(seq)
        if attempt_id is None:
            return None
        attempt = self._by_id[attempt_id]
        self._take(attempt)
        return attempt

    def forget(self, now_ms: int) -> Iterator[Attempt]:
        """Takes out, and yields, those whose time is over."""
        line, before_ms = self._line, now_ms - limits.ATTEMPT_MS
        while (first := line.first()) is not None and first[0] <= before_ms:
            line.pop()
            attempt = self._by_id.get(first[2])
            if attempt is not None and _age(attempt) == first:
                self._take(attempt)
                yield attempt

    def holds_forgotten(self, now_ms: int) -> bool:
        """Whether `forget` has anything to do."""
        first = self._line.first()
        return first is not None and first[0] <= now_ms - limits.ATTEMPT_MS

    def clear(self) -> list[Attempt]:
        """Takes out all, and returns it."""
        all_of_it = list(self._by_id.values())
        self._by_id.clear()
        self._of_message.clear()
        self._line = Line()
        return all_of_it

    def _take(self, attempt: Attempt) -> None:
        del self._by_id[attempt.attempt_id]
        for seq in attempt.seqs:
            del self._of_message[seq]


def _age(attempt: Attempt) -> tuple[int, int, str]:
    return attempt.at_ms, attempt.seqs[0], attempt.attempt_id
