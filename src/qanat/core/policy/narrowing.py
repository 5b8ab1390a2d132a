"""Of many statements about one resource, those that the request's context and caller leave possible.

Invariant: a statement whose conditions hold and whose principals match is possible. More than those may be: whoever
asks still tries them.

A condition without policy variables reads one key, so whether it holds follows from the value of that key, or from its
absence, and from nothing else. So which statements a value leaves possible is found once, by trying their conditions on
that key, and kept; no operator is known here. Sets of statements are numbers, a bit for each statement.
"""

from collections.abc import Iterable
from itertools import count
from typing import Final

from qanat.core.identity.model import Caller
from qanat.core.kept import Kept
from qanat.core.policy.conditions import Holds
from qanat.core.policy.principals import names_of
from qanat.core.policy.statement import Statement
from qanat.core.policy.variables import Context

# Values of keys, of all policies that are in use together. An entry takes about 300 bytes, 600 at the most.
_VALUES_MAX: Final = 65_536
# Clients choose some values, and nobody may fill memory with long ones. Few ARNs are longer.
_VALUE_LENGTH_MAX: Final = 256

# No other Narrowing ever has the number of one that is gone, so what was kept of that is merely forgotten in time.
_numbers: Final = count()
_left_by_value: Final[Kept[tuple[int, int, str, str | None], int]] = Kept(_VALUES_MAX)

_OnKey = tuple[list[int], list[Holds]]
"""The conditions on one key, each with the statement that has it. Two lists take a quarter of one of pairs."""


class Narrowing:
    """The conditions and principals of some statements; the first is the lowest bit."""

    __slots__ = ("_anyone", "_by_key", "_by_name", "_number")

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._number = next(_numbers)
        self._anyone = 0
        """Those that may be about callers whom they do not name."""
        self._by_name: dict[str, int] = {}
        by_key: dict[str, _OnKey] = {}
        for place, statement in enumerate(statements):
            bit = 1 << place
            for condition in statement.conditions:
                if condition.reads_one_key:
                    bits, holding = by_key.setdefault(condition.key, ([], []))
                    bits.append(bit)
                    holding.append(condition.holds)
            names = None if statement.principals is None else statement.principals.all_names()
            if names is None:
                self._anyone |= bit
            for name in names or ():
                self._by_name[name] = self._by_name.get(name, 0) | bit
        # The key that most statements read probably tells most of them apart.
        self._by_key = sorted(by_key.items(), key=lambda item: len(item[1][0]), reverse=True)

    def possible(self, among: int, context: Context, caller: Caller) -> int:
        """Those of the statements `among` that may apply."""
        left = among
        if self._by_name:
            left &= self._naming(caller)
        for key, conditions in self._by_key:
            if not left & (left - 1):
                break  # one at most
            value = context.get(key)
            if value is None or (isinstance(value, str) and len(value) <= _VALUE_LENGTH_MAX):
                asked = (self._number, among, key, value)
                holding = _left_by_value.get(asked)
                if holding is None:
                    holding = _holding(among, conditions, {} if value is None else {key: value})
                    _left_by_value.keep(asked, holding)
                left &= holding
        return left

    def _naming(self, caller: Caller) -> int:
        found = self._anyone
        for name in names_of(caller):
            found |= self._by_name.get(name, 0)
        return found


def _holding(among: int, conditions: _OnKey, context: Context) -> int:
    """Those of `among` none of whose `conditions` fails."""
    failing = 0
    for bit, holds in zip(*conditions, strict=True):
        if bit & among and not holds(context):
            failing |= bit
    return among & ~failing


def places_of(statements: int) -> list[int]:
    """Where the statements of a set stand, in order."""
    places = []
    while statements:
        lowest = statements & -statements
        places.append(lowest.bit_length() - 1)
        statements ^= lowest
    return places
