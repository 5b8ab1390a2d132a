"""Where the statements of a policy begin and end, as AWS's policy simulator tells it.

Invariant: there is a span for each statement of a text that was understood, in their order.

AWS documents nothing; recorded answers agree in this: lines and columns count from 1, and a position is that of the
character after. A statement begins after what stands before it in the list, which is the bracket or the statement
before; one without a list begins after its own brace. It ends after its closing brace.
"""

import json

from msgspec import Struct

from qanat.core.policy.places import TOKEN


class Position(Struct, frozen=True):
    line: int
    column: int


class Span(Struct, frozen=True):
    start: Position
    end: Position
    characters: int


def statement_spans(text: str) -> tuple[Span, ...]:
    """`text` must be a policy that was understood."""
    found: list[Span] = []
    depth = 0
    key = ""
    after_colon = in_list = False
    start = 0
    for token in TOKEN.finditer(text):
        mark = token[0]
        if mark in "{[":
            if depth == 1 and after_colon and key == "Statement":
                in_list = mark == "["
                start = token.end()
            depth += 1
        elif mark in "}]":
            depth -= 1
            if key == "Statement" and mark == "}" and depth == (2 if in_list else 1):
                found.append(_span(text, start, token.end()))
                start = token.end()
        elif depth == 1 and mark.startswith('"') and not after_colon:
            key = json.loads(mark)
        if depth == 1 and mark in ":,}]":
            after_colon = mark == ":"
    return tuple(found)


def _span(text: str, start: int, end: int) -> Span:
    return Span(_position(text, start), _position(text, end), end - start)


def _position(text: str, offset: int) -> Position:
    return Position(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
