"""Lists and names as sentences have them."""

from collections.abc import Sequence
from typing import Final

from qanat.core.policy.trace.model import Seen, StatementTrace

# How many of a list's values a sentence repeats; the trace itself has them all.
_SHOWN_MAX: Final = 4


def listed(values: Sequence[str], conjunction: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`, `a, b, c, d or 7 more`."""
    shown = list(values[:_SHOWN_MAX])
    if len(values) > _SHOWN_MAX:
        shown.append(f"{len(values) - _SHOWN_MAX} more")
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} {conjunction} {shown[-1]}"


def had(seen: Seen) -> str:
    """After `the request had`."""
    if seen is None:
        return "none"
    if isinstance(seen, tuple):
        return f"the values {listed(seen, 'and')}" if seen else "an empty list"
    return seen or "an empty text"


def called(statement: StatementTrace) -> str:
    return f"statement {statement.sid}" if statement.sid else f"Statement[{statement.index}]"
