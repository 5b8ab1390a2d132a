"""The Condition element: which keys must hold what (IAM User Guide, reference_policies_elements_condition).

Invariant: a statement applies only if every condition holds; the values of one key are alternatives. A key that is
absent makes a positive operator false and a negated one true.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from qanat.core.policy.endpoint_rules import note_condition
from qanat.core.policy.errors import NO_VENDOR, PolicyInvalid, quoted, shown
from qanat.core.policy.findings import EMPTY_CONDITION, Reading
from qanat.core.policy.operators import OPERATORS, Among, Site, Test
from qanat.core.policy.syntax import Number, each, members
from qanat.core.policy.values import boolean
from qanat.core.policy.variables import Context

Holds = Callable[[Context], bool]

FOR_ALL: Final = "ForAllValues:"
FOR_ANY: Final = "ForAnyValue:"
_IF_EXISTS: Final = "IfExists"
_NAMES: Final = {name.lower(): name for name in (*OPERATORS, "Null")}
# The vendor of an identity provider's keys is its address: `token.actions.githubusercontent.com:sub`.
_KEY: Final = re.compile(r"[A-Za-z0-9._/-]+:[^*?${}]+\Z")


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator."""

    operator: str
    key: str
    """Lower-case."""
    holds: Holds
    reads_one_key: bool
    """Whether nothing but the value of `key`, or its absence, decides: true of all without policy variables."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """An operator's name taken apart."""

    prefix: str
    """`ForAllValues:`, `ForAnyValue:` or nothing."""
    name: str
    if_exists: bool


def read_conditions(node: object, path: str, reading: Reading, *, denies: bool) -> tuple[Condition, ...]:
    """`node` is what stands under Condition. Raises PolicyInvalid."""
    found = []
    for operator, block in members(node, path).items():
        spelling = spelling_of(operator, path)
        for key, value in members(block, f"{path}.{shown(operator)}").items():
            where = f"{path}.{shown(operator)}.{shown(key)}"
            if not _KEY.match(key):
                raise PolicyInvalid(
                    f"{quoted(key)} is not a condition key such as aws:SourceVpce", where, NO_VENDOR
                )
            operands = [(at, _operand(item, at)) for at, item in each(value, where)]
            if not operands:
                raise PolicyInvalid("has no values to compare with", where)
            reading.keys.add(key.lower())
            reading.condition_count += 1
            note_condition(spelling.name, key.lower(), operands, reading)
            holds = _compiled(spelling, key.lower(), operands, reading, denies)
            # What only looks like a variable is taken for one.
            reads_one_key = not any("${" in text for _, text in operands)
            found.append(Condition(operator, key.lower(), holds, reads_one_key))
    if not found:
        reading.find(EMPTY_CONDITION, "the condition names no key, so it restricts nothing", path)
    return tuple(found)


def spelling_of(operator: str, path: str) -> Spelling:
    """Raises PolicyInvalid, and says which operator was probably meant."""
    prefix = next((prefix for prefix in (FOR_ALL, FOR_ANY) if operator.startswith(prefix)), "")
    rest = operator[len(prefix) :]
    if rest == "Null":
        return Spelling(prefix, "Null", if_exists=False)
    name = rest.removesuffix(_IF_EXISTS)
    if name in OPERATORS:
        return Spelling(prefix, name, if_exists=name != rest)
    meant = _NAMES.get(name.lower())
    hint = f"; did you mean {meant}?" if meant else ""
    raise PolicyInvalid(f"{quoted(operator)} is not a condition operator{hint}", path)


def _operand(value: object, path: str) -> str:
    """One value as text: IAM takes numbers and booleans wherever it takes strings."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return value
    raise PolicyInvalid(f"must be a string, a number, true or false, not {quoted(value)}", path)


def _compiled(
    spelling: Spelling, key: str, operands: list[tuple[str, str]], reading: Reading, denies: bool
) -> Holds:
    if spelling.name == "Null":
        return _null(spelling.prefix, key, operands)
    operator = OPERATORS[spelling.name]
    test = operator.compile(Site(operands, reading, operator.negated, denies))
    if spelling.prefix == FOR_ALL:
        return _for_all(key, test, operator.negated)
    if spelling.prefix == FOR_ANY:
        return _for_any(key, test, operator.negated, spelling.if_exists)
    return _single(key, test, operator.negated, spelling.if_exists)


def _null(prefix: str, key: str, operands: list[tuple[str, str]]) -> Holds:
    wanted = set()
    for path, text in operands:
        absent = boolean(text)
        if absent is None:
            raise PolicyInvalid(f"{quoted(text)} is not true or false", path)
        wanted.add(absent)
    if prefix:
        # IAM User Guide, access-analyzer-reference-policy-checks, "Null with qualifier": they always return true or
        # false respectively.
        always = prefix == FOR_ALL
        return lambda _: always
    return lambda context: (key not in context) in wanted


def _single(key: str, test: Test, negated: bool, if_exists: bool) -> Holds:
    if isinstance(test, Among) and not if_exists:
        return _single_text(key, test, negated)
    when_missing = negated or if_exists

    def holds(context: Context) -> bool:
        value = context.get(key)
        if value is None:
            return when_missing
        if isinstance(value, tuple):
            # Without a set operator a multivalued key never matches, not even negated and however few its values.
            return False
        outcome = test(value, context)
        return outcome is not None and outcome is not negated

    return holds


def _single_text(key: str, texts: Among, negated: bool) -> Holds:
    """The same for equal texts, in fewer steps: an absent key and a multivalued one are in no set of texts."""
    if negated:
        return lambda context: (value := context.get(key)) not in texts and not isinstance(value, tuple)
    return lambda context: context.get(key) in texts


def _for_all(key: str, test: Test, negated: bool) -> Holds:
    def holds(context: Context) -> bool:
        values = context.get(key, ())
        for value in values if isinstance(values, tuple) else (values,):
            outcome = test(value, context)
            if outcome is None or outcome is negated:
                return False
        return True

    return holds


def _for_any(key: str, test: Test, negated: bool, if_exists: bool) -> Holds:
    def holds(context: Context) -> bool:
        values = context.get(key)
        if values is None:
            return if_exists
        for value in values if isinstance(values, tuple) else (values,):
            outcome = test(value, context)
            if outcome is not None and outcome is not negated:
                return True
        return False

    return holds
