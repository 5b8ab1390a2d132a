"""Wildcards matched without compiling them: for patterns that are another one at each request, and for long texts.

Invariant: a pattern takes one pass, whatever it is and whatever it is held against. What has been matched so far is the
set of places in the text where it may end, a bit each; a literal character moves all of them by one at a time.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, NamedTuple

# Texts of requests, of which one or two are long. One takes a few hundred bytes for each of its characters at most.
_TEXTS_KEPT_MAX: Final = 256


class Free(NamedTuple):
    """A wildcard, as its style has it."""

    many: bool
    over_colons: bool


Steps = Iterable[str | Free]


class _Text:
    __slots__ = ("_of", "end", "every", "fields", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.end = 1 << len(text)
        self.every = (self.end << 1) - 1
        """All places: before each character, and behind the last."""
        self._of: dict[str, int] = {}
        self.fields = self._where(lambda unit: unit != ":")
        """Before a character that is no colon."""

    def before(self, unit: str) -> int:
        """The places before such a character."""
        found = self._of.get(unit)
        if found is None:
            found = self._of[unit] = self._where(unit.__eq__)
        return found

    def _where(self, holds: Callable[[str], bool]) -> int:
        return int("0" + "".join("1" if holds(unit) else "0" for unit in reversed(self.text)), 2)


_text = lru_cache(maxsize=_TEXTS_KEPT_MAX)(_Text)


def matches(steps: Steps, text: str) -> bool:
    """Whether `steps` match all of `text`. Both are spelled in UTF-16 units."""
    there = _text(text)
    places = 1
    for step in steps:
        if isinstance(step, str):
            places = _literal(there, places, step)
        elif not step.many:
            places = (places & (there.end - 1 if step.over_colons else there.fields)) << 1
        elif step.over_colons:
            places = there.every & -(places & -places)
        else:
            # The carry of the sum runs on over each field in which a place is.
            places |= ((places & there.fields) + there.fields) ^ there.fields
        if not places:
            return False
    return bool(places & there.end)


def _literal(there: _Text, places: int, literal: str) -> int:
    if not places & (places - 1):
        at = places.bit_length() - 1
        return places << len(literal) if there.text.startswith(literal, at) else 0
    if literal not in there.text:
        return 0
    for unit in literal:
        places = (places & there.before(unit)) << 1
        if not places:
            break
    return places
