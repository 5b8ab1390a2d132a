"""From text to a JSON tree that is safe to walk.

Invariant: a tree returned from here is shallow, has no duplicate keys and holds only text that can be encoded;
numbers keep the spelling they were written with.
"""

import json
import re
from typing import Final, Never

from qanat.core.policy.errors import PolicyInvalid, quoted, shown

# document > Statement > statement > Condition > operator > values is six; nothing deeper can be a policy.
DEPTH_MAX: Final = 8

_STRING_OR_BRACKET: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")


class Number(str):
    """The text of a JSON number, as it was written."""

    __slots__ = ()


def decode(text: str) -> object:
    """The JSON value of `text`. Raises PolicyInvalid."""
    if _SURROGATE.search(text):
        raise PolicyInvalid("the policy holds half of a surrogate pair")
    _check_depth(text)
    try:
        tree: object = json.loads(
            text, object_pairs_hook=_unique, parse_int=Number, parse_float=Number, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        position = (error.lineno, error.colno)
        detail = f"the policy is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise PolicyInvalid(detail, position=position) from None
    if _SURROGATE_ESCAPE.search(text) and _SURROGATE.search(json.dumps(tree, ensure_ascii=False)):
        raise PolicyInvalid("an escape in the policy makes half of a surrogate pair")
    return tree


def encode(tree: object) -> str:
    """`tree` as JSON without white space; numbers that `decode` read come out as they were written."""
    if isinstance(tree, Number):
        return str(tree)
    if isinstance(tree, dict):
        pairs = (f"{json.dumps(key, ensure_ascii=False)}:{encode(value)}" for key, value in tree.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(map(encode, tree)) + "]"
    return json.dumps(tree, ensure_ascii=False)


def _check_depth(text: str) -> None:
    # Before the JSON parser sees it: that one recurses.
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        if found[0] in "[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise PolicyInvalid(f"the policy is nested deeper than {DEPTH_MAX} levels")
        elif found[0] in "]}":
            depth -= 1


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise PolicyInvalid(f"the key `{shown(twice)}` is given twice in one object")
    return members


def _no_constant(name: str) -> Never:
    raise PolicyInvalid(f"{name} is not a JSON value")


def members(node: object, path: str) -> dict[str, object]:
    """`node`, which must be an object."""
    if not isinstance(node, dict):
        raise PolicyInvalid(f"must be an object, not {quoted(node)}", path)
    return node


def known_members(node: object, known: frozenset[str], path: str) -> dict[str, object]:
    """`node`, which must be an object with no other keys than `known`."""
    found = members(node, path)
    for key in found:
        if key not in known:
            raise PolicyInvalid(
                f"unknown element `{shown(key)}`; elements are {', '.join(sorted(known))}", path
            )
    return found


def text_of(node: object, path: str) -> str:
    """`node`, which must be a string."""
    if type(node) is not str:
        kind = "a number" if isinstance(node, Number) else quoted(node)
        raise PolicyInvalid(f"must be a string, not {kind}", path)
    return node


def each(node: object, path: str) -> list[tuple[str, object]]:
    """One value or a list of them, as (path, value): IAM takes either wherever a list may stand."""
    values = node if isinstance(node, list) else [node]
    return [(f"{path}[{index}]", value) for index, value in enumerate(values)]


def texts_of(node: object, path: str) -> list[tuple[str, str]]:
    """One string or a list of strings, as (path, text)."""
    return [(where, text_of(value, where)) for where, value in each(node, path)]
