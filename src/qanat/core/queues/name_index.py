"""Sorted names under a key, so that a page of a listing costs the page and not the whole.

Invariant: each list is sorted and holds a name once; a key without names is absent.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable
from typing import Generic, TypeVar

from msgspec import Struct

K = TypeVar("K", bound=Hashable)


class NamePage(Struct, frozen=True):
    names: tuple[str, ...]
    more: bool


class NameIndex(Generic[K]):
    def __init__(self) -> None:
        self._names: dict[K, list[str]] = {}

    def add(self, key: K, name: str) -> None:
        names = self._names.setdefault(key, [])
        place = bisect_left(names, name)
        if place == len(names) or names[place] != name:
            insort(names, name)

    def discard(self, key: K, name: str) -> None:
        names = self._names.get(key, [])
        place = bisect_left(names, name)
        if place < len(names) and names[place] == name:
            del names[place]
            if not names:
                del self._names[key]

    def names(self, key: K) -> tuple[str, ...]:
        return tuple(self._names.get(key, ()))

    def page(self, key: K, prefix: str, after: str, size: int) -> NamePage:
        """The first `size` names that begin with `prefix` and come after `after`; empty texts ask for all."""
        names = self._names.get(key, [])
        start = max(bisect_left(names, prefix), bisect_right(names, after))
        # One beyond the page says whether there is more.
        found = [name for name in names[start : start + size + 1] if name.startswith(prefix)]
        return NamePage(tuple(found[:size]), len(found) > size)

    def clear(self) -> None:
        self._names.clear()
