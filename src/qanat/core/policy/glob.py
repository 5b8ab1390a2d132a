"""Wildcard patterns: a literal compare, a prefix compare or a compiled expression.

Invariant: matching takes time at most quadratic in a short text, whatever the pattern: every star but the last commits
to its leftmost match. Long texts, and patterns with variables, which whoever asks could make another one each time, are
matched in one pass (`positions`), and so are long lists. `?` is one UTF-16 unit, so both sides are spelled in such
units.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import zip_longest
from typing import Final

from qanat.core.policy.positions import Free, Steps, matches
from qanat.core.policy.variables import Context, Literal, Template, Wild, as_literal, resolve

# The colons before an ARN's last part, which may hold more of them.
ARN_COLONS: Final = 5

# Patterns whose variables have been expanded. One costs about 1 KiB, and few are in use at a time: they differ by
# caller.
_EXPANDED_MAX: Final = 1_024
# So often one is tried before it is worth to compile it.
_TRIED_FIRST: Final = 8
# Of longer ones a regular expression may take long.
_SHORT_TEXT_MAX: Final = 256
# To compile one takes a hundred microseconds. Lists longer than this are rare, and policies of thousands meant to hurt.
_COMPILED_MAX: Final = 32

_ANY: Final = "."
_IN_FIELD: Final = "[^:]"


class Style(Enum):
    """What a wildcard may run over."""

    TEXT = "text"
    """Anything (actions, String conditions)."""
    RESOURCE = "resource"
    """One colon field, but for a star that ends its field (IAM User Guide, reference_policies_elements_resource)."""
    ARN = "arn"
    """One of the six parts, the last of which may hold colons (Arn conditions)."""


def utf16(text: str) -> str:
    """`text` with each supplementary character as two surrogates."""
    if text.isascii() or max(text) < "\U00010000":
        return text
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(chr(units[at] << 8 | units[at + 1]) for at in range(0, len(units), 2))


@dataclass(frozen=True, slots=True)
class Patterns:
    """Several patterns of one style; a text matches if any of them does."""

    everything: bool
    literals: frozenset[str]
    prefixes: tuple[str, ...]
    expressions: tuple[re.Pattern[str], ...]
    wild: tuple[Literal, ...]
    """What the expressions are made of, or would be were there not so many."""
    variable: tuple[Template, ...]
    """Those that have to be expanded for each request."""
    style: Style
    templates: tuple[Template, ...]
    """All, as they were read."""

    def match(self, text: str, context: Context) -> bool:
        if self.everything:
            return True
        if not text.isascii():
            text = utf16(text)
        if text in self.literals or text.startswith(self.prefixes):
            return True
        if self.expressions and len(text) <= _SHORT_TEXT_MAX:
            for expression in self.expressions:
                if expression.fullmatch(text):
                    return True
        elif self.wild and any(fits(one, self.style, text) for one in self.wild):
            return True
        for template in self.variable:
            tokens = resolve(template, context)
            if tokens is not None and expanded(tokens, self.style).match(text):
                return True
        return False


def patterns(templates: Sequence[Template], style: Style) -> Patterns:
    """Compiles `templates`, the values of one list of a statement."""
    everything = False
    literals: set[str] = set()
    prefixes: list[str] = []
    wild: list[Literal] = []
    variable: list[Template] = []
    for template in templates:
        literal = as_literal(template)
        if literal is None:
            variable.append(template)
        elif Wild.MANY not in literal and Wild.ONE not in literal:
            literals.add(_head(literal))
        elif _is_prefix(literal, style):
            everything = everything or not _head(literal)
            prefixes.append(_head(literal))
        else:
            wild.append(literal)
    return Patterns(
        everything,
        frozenset(literals),
        tuple(prefixes),
        _compiled(wild, style) if len(wild) <= _COMPILED_MAX else (),
        tuple(wild),
        tuple(variable),
        style,
        tuple(templates),
    )


class Expanded:
    """One pattern whose variables are expanded."""

    __slots__ = ("_compiled", "_style", "_tokens", "_tried")

    def __init__(self, tokens: Literal, style: Style) -> None:
        self._tokens = tokens
        self._style = style
        self._tried = 0
        self._compiled: Patterns | None = None

    def match(self, text: str) -> bool:
        """`text` is spelled in UTF-16 units."""
        if self._compiled is not None:
            return self._compiled.match(text, {})
        self._tried += 1
        if self._tried > _TRIED_FIRST:
            self._compiled = patterns((self._tokens,), self._style)
        return fits(self._tokens, self._style, text)


expanded = lru_cache(maxsize=_EXPANDED_MAX)(Expanded)


def _compiled(wild: Sequence[Literal], style: Style) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(_expression(literal, style), re.DOTALL) for literal in wild)


def fits(tokens: Literal, style: Style, text: str) -> bool:
    """Whether one pattern, whose variables are expanded, matches `text`, which is spelled in UTF-16 units."""
    return matches(_steps(tokens, style), text)


def _head(tokens: Literal) -> str:
    """The literal text before the first wildcard."""
    return utf16(tokens[0]) if tokens and isinstance(tokens[0], str) else ""


def _is_prefix(tokens: Literal, style: Style) -> bool:
    head = _head(tokens)
    if tokens[1 if head else 0 :] != (Wild.MANY,):
        return False
    return style is not Style.ARN or head.count(":") >= ARN_COLONS


def _expression(tokens: Literal, style: Style) -> str:
    """The regular expression of `tokens`, for `fullmatch`.

    Between two free stars (`.*`) lies a block: fixed text and stars that stay in their field. From where a block
    begins, its field stars have one best place each, the leftmost, because two places within one field lead to the
    same continuations; and the block that ends leftmost leaves most to the next free star. So all but the last block,
    and each field star but the last, are atomic groups.
    """
    segments, stars = _split(tokens, style)
    blocks: list[str] = [segments[0]]
    for index, (star, segment) in enumerate(zip(stars, segments[1:], strict=True)):
        if star == _ANY:
            blocks.append(f"{_ANY}*" + ("" if index == len(stars) - 1 else "?") + segment)
        elif index == len(stars) - 1:
            blocks[-1] += f"{_IN_FIELD}*{segment}"
        else:
            blocks[-1] += f"(?>{_IN_FIELD}*?{segment})"
    return "".join(f"(?>{block})" for block in blocks[:-1]) + blocks[-1]


def _split(tokens: Literal, style: Style) -> tuple[list[str], list[str]]:
    """Expressions of the texts between stars, and for each star the characters it may run over."""
    segments, stars = [""], list[str]()
    colons = 0
    for token, following in zip_longest(tokens, tokens[1:]):
        if isinstance(token, str):
            segments[-1] += re.escape(utf16(token))
            colons += token.count(":")
        elif token is Wild.ONE:
            segments[-1] += _one(style, colons)
        else:
            star = _many(style, colons, following)
            if stars and not segments[-1]:
                # Two stars side by side are one, as free as the freer of them.
                stars[-1] = max(star, stars[-1], key=_ANY.__eq__)
            else:
                stars.append(star)
                segments.append("")
    return segments, stars


def _one(style: Style, colons: int) -> str:
    return _ANY if style is Style.TEXT or (style is Style.ARN and colons >= ARN_COLONS) else _IN_FIELD


def _many(style: Style, colons: int, following: str | Wild | None) -> str:
    if style is not Style.RESOURCE:
        return _one(style, colons)
    ends_field = following is None or (isinstance(following, str) and following.startswith(":"))
    return _ANY if ends_field else _IN_FIELD


def _steps(tokens: Literal, style: Style) -> Steps:
    colons = 0
    for token, following in zip_longest(tokens, tokens[1:]):
        if isinstance(token, str):
            colons += token.count(":")
            yield utf16(token)
        elif token is Wild.ONE:
            yield Free(many=False, over_colons=_one(style, colons) == _ANY)
        else:
            yield Free(many=True, over_colons=_many(style, colons, following) == _ANY)
