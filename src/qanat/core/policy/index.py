"""Which of many statements can speak of a resource, found without trying each.

Invariant: every statement whose Resource or NotResource matches is found, and what is found stands in the order of the
document. More than those may be found: whoever asks still tries them.

A pattern is known by its head: the literal text that its last field begins with, and where that is the whole field, a
colon and the literal text that the pattern begins with. A resource turned round in the same way begins with the head of
every pattern that matches it, for its five colons can only be those of the pattern. The few patterns without a head are
known by a piece of literal text that a resource must contain.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from qanat.core.policy.glob import ARN_COLONS, utf16
from qanat.core.policy.statement import Statement
from qanat.core.policy.variables import Template

# To try so many takes no longer than to look them up, and most policies have no more.
_FEW: Final = 3


class Target(Struct, frozen=True):
    """What a request is about, as an index is asked for it."""

    action: str
    """In lower case."""
    text: str
    """In UTF-16 units."""
    turned: str | None
    """The last field, a colon and what stands before it. None with more colons than an ARN needs: a star may run over
    some of them, so nothing is known of where a pattern's last field begins."""


def target_of(action: str, resource: str) -> Target:
    text = utf16(resource)
    if text.count(":") > ARN_COLONS:
        return Target(action.lower(), text, None)
    front, _, last = text.rpartition(":")
    return Target(action.lower(), text, f"{last}:{front}")


class Index:
    """Of the statements of one effect that an action matches."""

    __slots__ = ("_found", "_heads", "_loose", "_parents", "statements")

    def __init__(self, statements: tuple[Statement, ...]) -> None:
        self.statements = statements
        """In the document's order."""
        # Sorted. All heads that a text begins with are the last one not behind it, or parents of that one.
        self._heads: list[str] = []
        self._parents: list[int] = []
        """The longest other head that a head begins with; the empty head is the root."""
        self._found: list[tuple[Statement, ...]] = []
        """The statements of a head and its parents."""
        self._loose: list[tuple[str, Statement]] = []
        """Statements without a head, each with a text that a resource contains if it matches."""
        if len(statements) > _FEW:
            self._build()

    def candidates(self, target: Target) -> Sequence[Statement]:
        turned = target.turned
        if turned is None or not self._heads:
            return self.statements
        at = bisect_right(self._heads, turned) - 1
        while not turned.startswith(self._heads[at]):
            at = self._parents[at]
        found = self._found[at]
        if not self._loose:
            return found
        text = target.text
        loose = [statement for piece, statement in self._loose if piece in text]
        return _in_order((*found, *loose)) if found and loose else found or loose

    def _build(self) -> None:
        by_head: dict[str, list[Statement]] = {"": []}
        for statement in self.statements:
            clues = _clues(statement)
            if all(head for head, _ in clues):
                for head, _ in clues:
                    by_head.setdefault(head, []).append(statement)
            else:
                # One of several resources may match without the text of another.
                self._loose.append((clues[0][1] if len(clues) == 1 else "", statement))
        above: list[int] = []
        for at, head in enumerate(sorted(by_head)):
            while above and not head.startswith(self._heads[above[-1]]):
                above.pop()
            parent = above[-1] if above else 0
            inherited = self._found[parent] if above else ()
            self._heads.append(head)
            self._parents.append(parent)
            self._found.append(_in_order((*inherited, *by_head[head])))
            above.append(at)


def _in_order(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    by_index = {statement.index: statement for statement in statements}
    return tuple(by_index[index] for index in sorted(by_index))


def _clues(statement: Statement) -> list[tuple[str, str]]:
    """Of each resource its head and a text that what matches contains; of a complement neither is known."""
    resources = statement.resources
    return [("", "")] if resources.negated else [_clue(template) for template in resources.patterns.templates]


def _clue(template: Template) -> tuple[str, str]:
    colons = 0
    for at, token in enumerate(template):
        if not isinstance(token, str):
            continue
        fields = token.split(":", ARN_COLONS - colons)
        colons += len(fields) - 1
        if colons == ARN_COLONS:
            last = (fields[-1], *template[at + 1 :])
            head = utf16(fields[-1])
            if len(last) == 1:
                # Nothing comes after the name, so what the resource begins with comes next when it is turned.
                first = template[0] if at else ":".join(fields[:-1])
                head += f":{utf16(first) if isinstance(first, str) else ''}"
            return head, _longest(last)
    return "", _longest(template)


def _longest(tokens: Template) -> str:
    """The longest literal text of `tokens`."""
    return max((utf16(token) for token in tokens if isinstance(token, str)), key=len, default="")
