"""Policy text as tokens: literal pieces, wildcards and policy variables (IAM User Guide, reference_policies_variables).

Invariant: what a variable expands to is literal; a `*` in it is never a wildcard.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Final, TypeVar

from msgspec import Struct

from qanat.core.policy.errors import PolicyInvalid, shown
from qanat.core.policy.findings import VARIABLE_IS_LITERAL, Reading

Context = Mapping[str, str | tuple[str, ...]]
"""Lower-case condition key to its value; a tuple is a multivalued key, even with one element."""


T = TypeVar("T")


class Wild(Enum):
    MANY = "*"
    ONE = "?"


class Variable(Struct, frozen=True):
    key: str
    default: str | None


Literal = tuple[str | Wild, ...]
Template = tuple[str | Wild | Variable, ...]

_WILDS: Final = {"*": Wild.MANY, "?": Wild.ONE}
# Possessive throughout: a variable that does not close costs one pass, not one for each of its characters.
_VARIABLE: Final = re.compile(
    r"""\$\{(?:(?P<special>[*?$])|\s*+(?P<key>[^\s'{},$*?:]++:[^'{},$*?]*+)(?:,\s*+'(?P<default>[^'{}]*+)'\s*+)?)\}"""
)


def read_template(text: str, path: str, reading: Reading, *, wildcards: bool) -> Template:
    """The tokens of `text`, adjacent literals joined. Raises PolicyInvalid for a variable that cannot be read."""
    if not reading.variables:
        if "${" in text:
            message = "${...} is a policy variable only with Version 2012-10-17; here it is literal text"
            reading.find(VARIABLE_IS_LITERAL, message, path)
        return pieces(text, wildcards=wildcards)
    tokens: list[str | Wild | Variable] = []
    at = 0
    while (start := text.find("${", at)) >= 0:
        found = _VARIABLE.match(text, start)
        if found is None or (found["key"] or "").rstrip().endswith(":"):
            raise PolicyInvalid(f"`{shown(text[start:])}` is not a policy variable", path)
        tokens += pieces(text[at:start], wildcards=wildcards)
        tokens.append(found["special"] or _variable(found, reading))
        at = found.end()
    tokens += pieces(text[at:], wildcards=wildcards)
    return _joined(tokens)


def variables_in(text: str) -> Iterator[str]:
    """The keys of the policy variables in `text`, as it writes them."""
    for found in _VARIABLE.finditer(text):
        if found["key"]:
            yield found["key"].rstrip()


def _variable(found: re.Match[str], reading: Reading) -> Variable:
    key = found["key"].rstrip().lower()
    reading.keys.add(key)
    return Variable(key, found["default"])


def pieces(text: str, *, wildcards: bool) -> Literal:
    """`text` without variables as tokens."""
    if not wildcards:
        return (text,) if text else ()
    return tuple(_WILDS.get(piece, piece) for piece in re.split(r"([*?])", text) if piece)


def _joined(tokens: Iterable[T]) -> tuple[T | str, ...]:
    joined: list[T | str] = []
    for token in tokens:
        last = joined[-1] if joined else None
        if isinstance(token, str) and isinstance(last, str):
            joined[-1] = last + token
        else:
            joined.append(token)
    return tuple(joined)


def as_literal(template: Template) -> Literal | None:
    """`template` if it has no variables and so need not be resolved for each request."""
    if any(isinstance(token, Variable) for token in template):
        return None
    return tuple(token for token in template if not isinstance(token, Variable))


def resolve(template: Template, context: Context) -> Literal | None:
    """`template` with its variables expanded; None where one has no value or many: then it matches nothing."""
    tokens: list[str | Wild] = []
    for token in template:
        if not isinstance(token, Variable):
            tokens.append(token)
            continue
        value = context.get(token.key, token.default)
        # A multivalued key cannot expand, even where there is a default.
        if not isinstance(value, str):
            return None
        if value:
            tokens.append(value)
    return _joined(tokens)
