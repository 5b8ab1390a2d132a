"""A policy's text as the checks walk it, however broken it is, and the list of what they found.

Invariant: a view hands out only what has the shape that it promises; what has not is left to the grammar's checks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

from qanat.core.policy.conditions import Spelling, spelling_of
from qanat.core.policy.errors import PolicyInvalid, shown
from qanat.core.policy.lint.catalogue import CATALOGUE, Severity
from qanat.core.policy.places import Places, Spot
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.syntax import Number, each

# A list of thousands of wrong values is one mistake; nobody reads further.
FINDINGS_MAX: Final = 1_000


class Found(Struct, frozen=True):
    """One finding. Line and column count from 1; `width` characters of that line are meant."""

    severity: Severity
    code: str
    message: str
    path: str
    line: int
    column: int
    width: int
    learn_more: str


@dataclass(slots=True)
class Report:
    places: Places
    found: list[Found] = field(default_factory=list)

    def find(self, code: str, path: str, *, at_key: bool = False, **words: object) -> None:
        """`words` are what the catalogue's text leaves open; text of the policy must have gone through `shown`.

        `at_key` points at the name of the member, not at its value.
        """
        place = self.places.of(path)
        self.find_at(code, place.key if at_key and place.key else place.value, path, **words)

    def find_at(self, code: str, spot: Spot, path: str, **words: object) -> None:
        if self.full:
            return
        check = CATALOGUE[code]
        message = check.text.format(**{"hint": "", **words})
        self.found.append(
            Found(check.severity, code, message, path, spot.line, spot.column, spot.width, check.learn_more)
        )

    @property
    def full(self) -> bool:
        """Whether further findings are dropped, so that it is no use to look for them."""
        return len(self.found) >= FINDINGS_MAX

    @property
    def has_errors(self) -> bool:
        return any(found.severity is Severity.ERROR for found in self.found)


class Item(Struct, frozen=True):
    """A string, number or boolean of a list, or one that stands without a list."""

    path: str
    text: str


class Test(Struct, frozen=True):
    """One key under one operator, whose spelling is known."""

    path: str
    operator: str
    spelling: Spelling
    key: str
    """As it is written."""
    operands: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class View:
    """One statement that is an object."""

    path: str
    kind: PolicyKind
    variables: bool
    node: dict[str, object]

    @property
    def allows(self) -> bool:
        return self.node.get("Effect") == "Allow"

    @property
    def denies(self) -> bool:
        return self.node.get("Effect") == "Deny"

    def items(self, element: str) -> tuple[Item, ...]:
        """The strings under `element`."""
        if element not in self.node:
            return ()
        return tuple(texts(self.node[element], f"{self.path}.{element}"))

    def principals(self, element: str = "Principal") -> Iterator[tuple[str, Item]]:
        """(`AWS`, `Service`, ...; what is named)."""
        node, path = self.node.get(element), f"{self.path}.{element}"
        if node == "*":
            yield "AWS", Item(path, "*")
        elif isinstance(node, dict):
            for name, value in node.items():
                for item in texts(value, f"{path}.{shown(name)}"):
                    yield name, item

    def condition_keys(self) -> Iterator[Item]:
        """The condition keys, under whatever operator."""
        blocks = self.node.get("Condition")
        for operator, block in blocks.items() if isinstance(blocks, dict) else ():
            for key in block if isinstance(block, dict) else ():
                yield Item(f"{self.path}.Condition.{shown(operator)}.{shown(key)}", key)

    def tests(self) -> Iterator[Test]:
        blocks, path = self.node.get("Condition"), f"{self.path}.Condition"
        if not isinstance(blocks, dict):
            return
        for operator, block in blocks.items():
            try:
                spelling = spelling_of(operator, path)
            except PolicyInvalid:
                continue
            if not isinstance(block, dict):
                continue
            for key, value in block.items():
                where = f"{path}.{shown(operator)}.{shown(key)}"
                yield Test(where, operator, spelling, key, tuple(operands(value, where)))


def texts(node: object, path: str) -> Iterator[Item]:
    """The strings of a list, or the one string."""
    return (Item(where, value) for where, value in each(node, path) if type(value) is str)


def operands(node: object, path: str) -> Iterator[Item]:
    """As `texts`, with numbers and booleans, which conditions take too."""
    for where, value in each(node, path):
        if isinstance(value, bool):
            yield Item(where, str(value).lower())
        elif isinstance(value, str):
            yield Item(where, str(value) if isinstance(value, Number) else value)
