"""A statement's elements as they are written, which compiled ones no longer tell.

Invariant: the conditions come in the order in which they were compiled.
"""

from typing import Any, NamedTuple

from qanat.core.policy.document import Document
from qanat.core.policy.syntax import decode


class WrittenCondition(NamedTuple):
    operator: str
    key: str
    operands: tuple[str, ...]


class Written(NamedTuple):
    """Names and values of a statement; no principal, or no resource, where its kind has none."""

    principal: tuple[str, tuple[str, ...]] | None
    action: tuple[str, tuple[str, ...]]
    resource: tuple[str, tuple[str, ...]] | None
    conditions: tuple[WrittenCondition, ...]


def written(document: Document) -> tuple[Written, ...]:
    """Of each statement."""
    tree = decode(document.text)
    assert isinstance(tree, dict), "it was understood when it was parsed"
    return tuple(_statement(node) for node in _each(tree["Statement"]))


def _statement(node: Any) -> Written:
    action = _element(node, "Action")
    assert action is not None
    conditions = tuple(
        WrittenCondition(operator, key, _texts(value))
        for operator, block in node.get("Condition", {}).items()
        for key, value in block.items()
    )
    return Written(_principal(node), action, _element(node, "Resource"), conditions)


def _element(node: Any, name: str) -> tuple[str, tuple[str, ...]] | None:
    found = next((one for one in (name, f"Not{name}") if one in node), None)
    return None if found is None else (found, _texts(node[found]))


def _principal(node: Any) -> tuple[str, tuple[str, ...]] | None:
    """Principals of AWS as they are, others with their kind: `Service: sns.amazonaws.com`."""
    name = next((one for one in ("Principal", "NotPrincipal") if one in node), None)
    if name is None:
        return None
    value = node[name]
    if not isinstance(value, dict):
        return name, _texts(value)
    texts = [
        text if kind == "AWS" else f"{kind}: {text}"
        for kind, named in value.items()
        for text in _texts(named)
    ]
    return name, tuple(texts)


def _texts(node: object) -> tuple[str, ...]:
    return tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in _each(node))


def _each(node: object) -> list[Any]:
    return node if isinstance(node, list) else [node]
