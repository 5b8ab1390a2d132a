"""Filters and pages of the Describe operations (EC2 User Guide, Using_Filtering).

A thing passes when every filter has a value that matches one of the thing's own; matching is case-sensitive.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from qanat.core.errors import InvalidParameterValue
from qanat.core.network.commands import Describe, Filter
from qanat.core.network.model import Home, Tags
from qanat.core.page import Page, page

# EC2 refuses more than 200 values in one request.
FILTER_VALUES_MAX: Final = 200

V = TypeVar("V")
Reader = Callable[[V], Iterable[str]]

_PIECE: Final = re.compile(r"\\(.)|([*?])|(.)", re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text fits; `*` stands for any run, `?` for one character, `\\` takes the next as it is."""
    # None stands for `?`, and an empty string for `*`: neither can be mistaken for a character.
    pieces: list[str | None] = []
    for quoted, wild, plain in _PIECE.findall(pattern):
        pieces.append({"*": "", "?": None}[wild] if wild else quoted or plain)
    return _fits(pieces, text)


def _fits(pieces: list[str | None], text: str) -> bool:
    """Greedy with one way back, to the last `*`: no pattern makes it worse than pieces times characters."""
    at, position = 0, 0
    retry: tuple[int, int] | None = None
    while position < len(text):
        if at < len(pieces) and pieces[at] == "":
            retry = (at, position)
            at += 1
        elif at < len(pieces) and pieces[at] in (None, text[position]):
            at, position = at + 1, position + 1
        elif retry is not None:
            retry = (retry[0], retry[1] + 1)
            at, position = retry[0] + 1, retry[1]
        else:
            return False
    return all(piece == "" for piece in pieces[at:])


def select(
    values: Iterable[V],
    filters: Iterable[Filter],
    readers: Mapping[str, Reader[V]],
    tags: Callable[[V], Tags],
) -> list[V]:
    """Raises InvalidParameterValue for a filter that the kind of thing does not have."""
    tests = [(_reader(filter_.name, readers, tags), filter_.values) for filter_ in filters]
    if sum(len(wanted) for _, wanted in tests) > FILTER_VALUES_MAX:
        raise InvalidParameterValue(f"The maximum number of filter values is {FILTER_VALUES_MAX}.")
    return [
        value
        for value in values
        if all(any(matches(want, has) for has in read(value) for want in wanted) for read, wanted in tests)
    ]


def _reader(name: str, readers: Mapping[str, Reader[V]], tags: Callable[[V], Tags]) -> Reader[V]:
    if name in readers:
        return readers[name]
    if name == "tag-key":
        return lambda value: [key for key, _ in tags(value)]
    if name.startswith("tag:"):
        wanted = name.removeprefix("tag:")
        return lambda value: [text for key, text in tags(value) if key == wanted]
    raise InvalidParameterValue(f"The filter '{name}' is invalid")


def describe(
    command: Describe,
    owned: Iterable[V],
    named: Callable[[Home, str], V],
    thing_id: Callable[[V], str],
    readers: Mapping[str, Reader[V]],
    tags: Callable[[V], Tags],
) -> Page[V]:
    """`named(home, id)` raises for an id that is not of that home; `owned` are all things there."""
    values: Iterable[V] = owned
    if command.ids:
        values = [named(command.home, one) for one in sorted(set(command.ids))]
    selected = select(values, command.filters, readers, tags)
    return page(selected, thing_id, command.next_token, command.max_results)
