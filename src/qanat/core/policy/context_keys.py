"""The condition keys that a policy reads, as it writes them (IAM API reference, GetContextKeysForCustomPolicy)."""

from collections.abc import Iterable, Iterator
from typing import Any

from qanat.core.policy.document import VARIABLES_VERSION
from qanat.core.policy.syntax import decode
from qanat.core.policy.variables import variables_in


def context_keys(texts: Iterable[str]) -> tuple[str, ...]:
    """Each once, in the spelling and order in which it is first read. The texts must have been understood."""
    found: dict[str, str] = {}
    for text in texts:
        for key in _keys(text):
            found.setdefault(key.lower(), key)
    return tuple(found.values())


def _keys(text: str) -> Iterator[str]:
    tree: Any = decode(text)
    variables = tree.get("Version") == VARIABLES_VERSION
    for statement in _each(tree["Statement"]):
        for element, node in statement.items():
            if element == "Condition":
                for block in node.values():
                    for key, operands in block.items():
                        yield key
                        if variables:
                            yield from _variables(operands)
            elif variables and element in ("Resource", "NotResource"):
                yield from _variables(node)


def _variables(node: object) -> Iterator[str]:
    for value in _each(node):
        if isinstance(value, str):
            yield from variables_in(value)


def _each(node: object) -> list[Any]:
    return node if isinstance(node, list) else [node]
