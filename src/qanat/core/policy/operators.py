"""The condition operators: one table (IAM User Guide, reference_policies_elements_condition_operators).

Invariant: a test answers for the operator's positive form; negation, sets and missing keys are the caller's.
None means that the comparison cannot be made, so that not even the negated form holds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt
from typing import Any, Final, TypeVar

from qanat.core.policy.errors import PolicyInvalid, quoted, shown
from qanat.core.policy.findings import INVALID_ARN_OPERAND, Reading
from qanat.core.policy.glob import ARN_COLONS, Style, expanded, patterns, utf16
from qanat.core.policy.values import (
    address,
    binary,
    boolean,
    instant_ms,
    network,
    network_or_nowhere,
    number,
    within,
)
from qanat.core.policy.variables import Context, Literal, Template, as_literal, read_template, resolve

Test = Callable[[str, Context], bool | None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Site:
    """Where an operator is used: the operands with their paths, and what an operand that fails later must do."""

    operands: Sequence[tuple[str, str]]
    reading: Reading
    negated: bool
    denies: bool

    @property
    def fails_closed(self) -> bool:
        """What an operand that is no value of its operator must answer, so that it never lets a statement allow and
        yet takes part in a Deny."""
        return self.denies is not self.negated


Compile = Callable[[Site], Test]


@dataclass(frozen=True, slots=True)
class Operator:
    compile: Compile
    negated: bool = False


def _templates(site: Site, *, wildcards: bool) -> list[Template]:
    return [read_template(text, path, site.reading, wildcards=wildcards) for path, text in site.operands]


def _values(site: Site, read: Callable[[str], T | None], noun: str) -> tuple[tuple[T, ...], bool]:
    """Each operand read, as it must be where variables are not allowed; and whether all comparisons are to be true,
    because an operand is no such value and is taken all the same."""
    values, unreadable = list[T](), False
    for path, text in site.operands:
        value = read(text)
        if value is not None:
            values.append(value)
        elif site.reading.takes_any_literal:
            unreadable = True
        else:
            raise PolicyInvalid(f"{quoted(text)} is not {noun}", path)
    return tuple(values), unreadable and site.fails_closed


def _text(tokens: Literal) -> str:
    """`tokens` that were read without wildcards."""
    return "".join(token for token in tokens if isinstance(token, str))


def _equal(site: Site, read: Callable[[str], object]) -> Test:
    """Equality of texts once both are read by `read`, operands after their variables are expanded."""
    templates = _templates(site, wildcards=False)
    fixed = frozenset(read(_text(literal)) for t in templates if (literal := as_literal(t)) is not None)
    variable = tuple(t for t in templates if as_literal(t) is None)

    def test(value: str, context: Context) -> bool:
        wanted = read(value)
        if wanted in fixed:
            return True
        expansions = (resolve(template, context) for template in variable)
        return any(read(_text(tokens)) == wanted for tokens in expansions if tokens is not None)

    if variable:
        return test
    return Among(fixed) if read is str else lambda value, _: read(value) in fixed


class Among(frozenset[object]):
    """The test whether a text is one of these. It reads nothing else, so it may be asked as the set that it is."""

    def __call__(self, value: str, _: Context) -> bool:
        return value in self


def _strings(site: Site) -> Test:
    return _equal(site, str)


def _strings_ignoring_case(site: Site) -> Test:
    # Lower-cased, not case-folded: AWS holds `S` and `ſ` apart.
    return _equal(site, str.lower)


def _like(site: Site) -> Test:
    return patterns(_templates(site, wildcards=True), Style.TEXT).match


def _booleans(site: Site) -> Test:
    for (path, text), template in zip(site.operands, _templates(site, wildcards=False), strict=True):
        if as_literal(template) is not None and boolean(text) is None and not site.reading.lenient:
            raise PolicyInvalid(f"{quoted(text)} is not true or false", path)
    return _equal(site, _is_true)


def _is_true(text: str) -> bool:
    # Any other text in a request is false.
    return text.lower() == "true"


def _binaries(site: Site) -> Test:
    operands, always = _values(site, binary, "base64 text")
    return lambda value, _: always or binary(value) in operands


def _ordered(read: Callable[[str], T | None], compare: Callable[[T, T], bool], noun: str) -> Compile:
    def compiled(site: Site) -> Test:
        operands, always = _values(site, read, noun)

        def test(value: str, _: Context) -> bool:
            # Text that cannot be converted is unequal to everything.
            found = read(value)
            return always or (found is not None and any(compare(found, operand) for operand in operands))

        return test

    return compiled


def _addresses(site: Site) -> Test:
    read = network_or_nowhere if site.reading.takes_any_literal else network
    networks, always = _values(site, read, "an IP address or CIDR block")

    def test(value: str, _: Context) -> bool | None:
        found = address(value)
        return None if found is None else always or within(found, networks)

    return test


def is_arn(text: str) -> bool:
    return text.startswith("arn:") and text.count(":") >= ARN_COLONS


def _arns(site: Site) -> Test:
    fixed, variable, always = list[Template](), list[Template](), False
    for (path, text), template in zip(site.operands, _templates(site, wildcards=True), strict=True):
        if as_literal(template) is None:
            variable.append(template)
        elif is_arn(text):
            fixed.append(template)
        else:
            always = site.fails_closed
            message = f"{shown(text)} is not an ARN of six parts: it never lets the statement allow"
            site.reading.find(INVALID_ARN_OPERAND, message, path)
    literal = patterns(fixed, Style.ARN)
    if not variable and not always and not site.negated:
        # What matches an ARN is an ARN, and what is none is no match.
        return literal.match

    def test(value: str, context: Context) -> bool | None:
        if not is_arn(value):
            return None
        return always or literal.match(value, context) or _any_arn(value, context)

    def _any_arn(value: str, context: Context) -> bool:
        for template in variable:
            tokens = resolve(template, context)
            if tokens is None:
                continue
            if not is_arn("".join(token if isinstance(token, str) else token.value for token in tokens)):
                if site.fails_closed:
                    return True
                continue
            if expanded(tokens, Style.ARN).match(utf16(value)):
                return True
        return False

    return test


def _orders(family: str, read: Callable[[str], T | None], noun: str) -> dict[str, Operator]:
    orders: dict[str, tuple[Callable[[Any, Any], bool], bool]] = {
        "Equals": (eq, False),
        "NotEquals": (eq, True),
        "LessThan": (lt, False),
        "LessThanEquals": (le, False),
        "GreaterThan": (gt, False),
        "GreaterThanEquals": (ge, False),
    }
    return {
        f"{family}{name}": Operator(_ordered(read, compare, noun), negated)
        for name, (compare, negated) in orders.items()
    }


OPERATORS: Final[dict[str, Operator]] = {
    "StringEquals": Operator(_strings),
    "StringNotEquals": Operator(_strings, negated=True),
    "StringEqualsIgnoreCase": Operator(_strings_ignoring_case),
    "StringNotEqualsIgnoreCase": Operator(_strings_ignoring_case, negated=True),
    "StringLike": Operator(_like),
    "StringNotLike": Operator(_like, negated=True),
    "Bool": Operator(_booleans),
    "BinaryEquals": Operator(_binaries),
    "IpAddress": Operator(_addresses),
    "NotIpAddress": Operator(_addresses, negated=True),
    "ArnEquals": Operator(_arns),
    "ArnLike": Operator(_arns),
    "ArnNotEquals": Operator(_arns, negated=True),
    "ArnNotLike": Operator(_arns, negated=True),
    **_orders("Numeric", number, "a number"),
    **_orders("Date", instant_ms, "an ISO 8601 time with its zone, or epoch seconds"),
}
