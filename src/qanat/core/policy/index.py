"""Which of many statements can apply to a request, found without trying each.

Invariant: every statement that applies and names the caller is found, and what is found stands in the order of the
policies and of their documents. More than those may be found: whoever asks still tries them. Where many speak of one
resource, their conditions and principals tell them apart (`narrowing`).

A pattern is known by its head: the literal text that its last field begins with, and where that is the whole field, a
colon and the literal text that the pattern begins with. A resource turned round in the same way begins with the head of
every pattern that matches it, for its five colons can only be those of the pattern. The few patterns without a head are
known by a piece of literal text that a resource must contain.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from qanat.core.policy.decision import Named, Request
from qanat.core.policy.glob import ARN_COLONS, utf16
from qanat.core.policy.narrowing import Narrowing, places_of
from qanat.core.policy.statement import Statement
from qanat.core.policy.variables import Template

# To try so many takes no longer than to look them up, and most layers have no more.
_FEW: Final = 3

# Callers, endpoints and queues with policies of their own that are active at a time. A layer of few statements takes
# about 1.5 KiB here, one of a hundred 21.
_LAYERS_MAX: Final = 32_768
# Sessions with policies of their own that are active at a time. Whoever asks for sessions writes these policies and may
# have as many as it likes, so they have room of their own; one that is meant to take much takes 250 KiB.
_SESSIONS_MAX: Final = 1_024
# There are fewer actions than this; the bound is for callers who ask for made-up ones.
_ACTIONS_KEPT_MAX: Final = 256

Entry = tuple[Named, Statement]


class Target(Struct, frozen=True):
    """What a request is about, as an index is asked for it."""

    action: str
    """In lower case."""
    text: str
    """The resource in UTF-16 units."""
    turned: str | None
    """The last field, a colon and what stands before it. None with more colons than an ARN needs: a star may run over
    some of them, so nothing is known of where a pattern's last field begins."""


# Queues that are asked at a time. An entry takes about 500 bytes, and 4 KiB where the name is made to be long.
@lru_cache(maxsize=4_096)
def target_of(action: str, resource: str) -> Target:
    text = utf16(resource)
    if text.count(":") > ARN_COLONS:
        return Target(action.lower(), text, None)
    front, _, last = text.rpartition(":")
    return Target(action.lower(), text, f"{last}:{front}")


class Layered:
    """The policies of one layer together."""

    __slots__ = ("_by_action", "_by_statements", "_policies")

    def __init__(self, policies: tuple[Named, ...]) -> None:
        self._policies = policies
        self._by_action: dict[str, tuple[Index, Index]] = {}
        self._by_statements: dict[tuple[int, ...], tuple[Index, Index]] = {}
        """The same, by the statements that match: those about a queue mostly match many actions alike."""

    def denies(self, target: Target, request: Request) -> Sequence[Entry]:
        """The Deny statements that may apply, in their order: Action matches, and most Resources do."""
        denies, _ = self._by_action.get(target.action) or self._indexes(target.action)
        return denies.candidates(target, request)

    def allows(self, target: Target, request: Request) -> Sequence[Entry]:
        """The same of the Allow statements."""
        _, allows = self._by_action.get(target.action) or self._indexes(target.action)
        return allows.candidates(target, request)

    def _indexes(self, action: str) -> tuple["Index", "Index"]:
        denies: list[Entry] = []
        allows: list[Entry] = []
        for policy in self._policies:
            denying, allowing = policy.document.for_action(action)
            denies += ((policy, statement) for statement in denying)
            allows += ((policy, statement) for statement in allowing)
        same = tuple(id(statement) for _, statement in (*denies, *allows))
        found = self._by_statements.get(same) or (Index(tuple(denies)), Index(tuple(allows)))
        if len(self._by_action) < _ACTIONS_KEPT_MAX:
            self._by_action[action] = self._by_statements[same] = found
        return found


@lru_cache(maxsize=_LAYERS_MAX)
def layered(policies: tuple[Named, ...]) -> Layered:
    return Layered(policies)


@lru_cache(maxsize=_SESSIONS_MAX)
def layered_of_session(policies: tuple[Named, ...]) -> Layered:
    """The same of session policies."""
    return Layered(policies)


class Index:
    """Of the statements of one effect that an action matches."""

    __slots__ = ("_entries", "_few", "_found", "_heads", "_loose", "_narrowing", "_parents")

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self._entries = entries
        # Sorted. All heads that a text begins with are the last one not behind it, or parents of that one.
        self._heads: list[str] = []
        self._parents: list[int] = []
        """The longest other head that a head begins with; the empty head is the root."""
        self._found: list[int] = []
        """The set of the entries of a head and its parents."""
        self._few: list[tuple[Entry, ...] | None] = []
        """The same entries in order, where they are few."""
        self._loose: list[tuple[str, int]] = []
        """The other entries, as sets of one each, with a text that a resource contains if one matches."""
        self._narrowing: Narrowing | None = None
        """Made when it is first needed: where each statement is about an own queue it never is."""
        if len(entries) > _FEW:
            self._build()

    def candidates(self, target: Target, request: Request) -> Sequence[Entry]:
        turned = target.turned
        if turned is None or not self._heads:
            return self._entries
        at = bisect_right(self._heads, turned) - 1
        while not turned.startswith(self._heads[at]):
            at = self._parents[at]
        few = self._few[at]
        if few is not None and not self._loose:
            return few
        found = self._found[at]
        for piece, one in self._loose:
            if piece in target.text:
                found |= one
        if found.bit_count() > _FEW:
            if self._narrowing is None:
                self._narrowing = Narrowing(statement for _, statement in self._entries)
            found = self._narrowing.possible(found, request.context, request.caller)
        return self._entries_of(found)

    def _entries_of(self, found: int) -> tuple[Entry, ...]:
        entries = self._entries
        return tuple([entries[place] for place in places_of(found)])

    def _build(self) -> None:
        by_head: dict[str, int] = {"": 0}
        for place, (_, statement) in enumerate(self._entries):
            clues = _clues(statement)
            # One of several resources may match without the text of another.
            piece = clues[0][1] if len(clues) == 1 and not clues[0][0] else ""
            if piece:
                self._loose.append((piece, 1 << place))
                continue
            heads = {head for head, _ in clues}
            # Where one is not known, the statement may be about any resource.
            for head in {""} if "" in heads else heads:
                by_head[head] = by_head.get(head, 0) | 1 << place
        above: list[int] = []
        for at, head in enumerate(sorted(by_head)):
            while above and not head.startswith(self._heads[above[-1]]):
                above.pop()
            parent = above[-1] if above else 0
            inherited = self._found[parent] if above else 0
            self._heads.append(head)
            self._parents.append(parent)
            found = inherited | by_head[head]
            self._found.append(found)
            self._few.append(self._entries_of(found) if found.bit_count() <= _FEW else None)
            above.append(at)


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
