"""What was worked out and may be asked for again, up to a bound.

Invariant: never more than `most` entries, and what is asked for often stays: entries age by generations, so that many
callers at once push out what nobody asks for, and not each other.
"""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    def __init__(self, most: int) -> None:
        self._half = most // 2
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.keep(key, found)
        return found

    def keep(self, key: K, value: V) -> None:
        """Where the younger half is full, it becomes the older one, which is dropped."""
        if len(self._young) >= self._half:
            self._young, self._old = {}, self._young
        self._young[key] = value

    def clear(self) -> None:
        self._young, self._old = {}, {}
