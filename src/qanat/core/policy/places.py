"""Where in a policy's text each of its values stands.

Invariant: paths are those that `parse` names in its errors and findings; any text is scanned once, whatever it holds.
"""

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

from qanat.core.policy.errors import shown
from qanat.core.policy.syntax import DEPTH_MAX

TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{},:]|[^\s\[\]{},:"]++', re.DOTALL)


class Spot(Struct, frozen=True):
    """A piece of the text: line and column of its first character, both from 1, and how many of it are on that line."""

    line: int
    column: int
    width: int


class Place(Struct, frozen=True):
    value: Spot
    key: Spot | None = None
    """Of the value's name, where it is the member of an object."""


_START: Final = Place(Spot(1, 1, 1))


@dataclass(frozen=True, slots=True)
class Places:
    by_path: dict[str, Place]
    twice: Spot | None
    """The first key that its object has already."""

    def of(self, path: str) -> Place:
        """The place of `path`, or of the nearest thing around it that there is.

        `Action[0]` is also a value that stands without a list, as IAM reads it.
        """
        while path not in self.by_path:
            cut = max(path.rfind("."), path.rfind("["))
            if cut <= 0:
                return self.by_path.get("", _START)
            path = path[:cut]
        return self.by_path[path]


@dataclass(slots=True)
class _Open:
    """An object or list that has begun and not ended."""

    path: str
    is_object: bool
    key: tuple[str, Spot] | None = None
    count: int = 0


@dataclass(slots=True)
class _Scan:
    text: str
    lines: list[int]
    """The offset at which each line begins."""
    stack: list[_Open] = field(default_factory=list)
    by_path: dict[str, Place] = field(default_factory=dict)
    twice: Spot | None = None

    def spot(self, start: int, end: int) -> Spot:
        number = bisect_right(self.lines, start)
        begins = self.lines[number - 1]
        line_ends = self.text.find("\n", start)
        stop = end if line_ends < 0 else min(end, line_ends)
        return Spot(number, start - begins + 1, max(stop - start, 1))

    def value(self, spot: Spot) -> str:
        """Notes a value that begins there, and gives its path."""
        if not self.stack:
            self.by_path.setdefault("", Place(spot))
            return ""
        within = self.stack[-1]
        if not within.is_object:
            path = f"{within.path}[{within.count}]"
            self.by_path.setdefault(path, Place(spot))
            within.count += 1
            return path
        name, key = within.key or ("", spot)
        within.key = None
        path = f"{within.path}.{name}" if within.path else name
        if path in self.by_path:
            self.twice = self.twice or key
        else:
            self.by_path[path] = Place(spot, key)
        return path

    def open(self, path: str, spot: Spot, *, is_object: bool) -> None:
        if path == "Statement" and is_object:
            # One statement may stand without a list; its path is the same as in a list.
            path = "Statement[0]"
            self.by_path.setdefault(path, Place(spot))
        self.stack.append(_Open(path, is_object))


def locate(text: str) -> Places:
    """The places of all values of `text`. Never raises: what is no JSON has the places that can be made out."""
    scan = _Scan(text, [0, *(found.end() for found in re.finditer("\n", text))])
    for token in TOKEN.finditer(text):
        mark = token[0]
        if mark in ("}", "]"):
            if scan.stack:
                scan.stack.pop()
        elif mark in (",", ":"):
            continue
        elif mark in ("{", "["):
            spot = scan.spot(token.start(), token.end())
            scan.open(scan.value(spot), spot, is_object=mark == "{")
            if len(scan.stack) > DEPTH_MAX:
                break
        elif scan.stack and scan.stack[-1].is_object and scan.stack[-1].key is None:
            scan.stack[-1].key = (_name(mark), scan.spot(token.start(), token.end()))
        else:
            scan.value(scan.spot(token.start(), token.end()))
    return Places(scan.by_path, scan.twice)


def _name(token: str) -> str:
    try:
        name = json.loads(token)
    except ValueError:
        return shown(token)
    return shown(name) if isinstance(name, str) else shown(token)
