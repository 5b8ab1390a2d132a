"""Values by key, with further indexes kept in step.

Invariant: an index holds exactly the keys of the values now in the table, and iteration is in key order, so two
tables with equal contents answer equally whatever their history.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", str, tuple[str, str])
V = TypeVar("V")


class Table(Generic[K, V]):
    """`indexes` name functions from a value to the index entries under which it is found."""

    def __init__(self, key: Callable[[V], K], **indexes: Callable[[V], Iterable[str]]) -> None:
        self._key: Callable[[V], K] = key
        self._entries_of = indexes
        self._values: dict[K, V] = {}
        self._found: dict[str, dict[str, set[K]]] = {name: {} for name in indexes}

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[V]:
        return (self._values[key] for key in sorted(self._values))

    def get(self, key: K) -> V | None:
        return self._values.get(key)

    def where(self, index: str, entry: str) -> list[V]:
        """The values under one entry of an index, in key order."""
        return [self._values[key] for key in sorted(self._found[index].get(entry, ()))]

    def count(self, index: str, entry: str) -> int:
        return len(self._found[index].get(entry, ()))

    def put(self, value: V) -> V | None:
        """Adds or replaces; returns the value that stood there before."""
        key = self._key(value)
        before = self.remove(key) if key in self._values else None
        self._values[key] = value
        for name, entries_of in self._entries_of.items():
            for entry in entries_of(value):
                self._found[name].setdefault(entry, set()).add(key)
        return before

    def remove(self, key: K) -> V:
        """Raises KeyError where nothing stands: a record never removes what is not there."""
        value = self._values.pop(key)
        for name, entries_of in self._entries_of.items():
            found = self._found[name]
            for entry in entries_of(value):
                found[entry].discard(key)
                if not found[entry]:
                    del found[entry]
        return value

    def fill(self, values: Iterable[V]) -> None:
        """Replaces all that is there."""
        self.clear()
        for value in values:
            self.put(value)

    def clear(self) -> None:
        self._values.clear()
        for found in self._found.values():
            found.clear()
