"""Why a condition holds or does not, with the value that it saw."""

from typing import Final

from qanat.core.policy.conditions import Condition
from qanat.core.policy.keys import OF_ORGANIZATIONS
from qanat.core.policy.operators import OPERATORS
from qanat.core.policy.trace.model import Seen, Tested
from qanat.core.policy.trace.words import listed
from qanat.core.policy.trace.written import WrittenCondition
from qanat.core.policy.variables import Context

_FOR_ALL: Final = "ForAllValues:"
_FOR_ANY: Final = "ForAnyValue:"
_IF_EXISTS: Final = "IfExists"
_LITERAL_WILDCARDS: Final = "StringEquals takes * and ? as they are; StringLike reads them as wildcards"
_OF_ENDPOINTS: Final = frozenset(
    {"aws:sourcevpce", "aws:sourcevpc", "aws:sourcevpcarn", "aws:vpceaccount", "aws:vpcsourceip"}
)
_OF_SESSIONS: Final = frozenset({"aws:tokenissuetime", "aws:multifactorauthpresent", "aws:sourceidentity"})
_OF_CODES: Final = "aws:multifactorauthage"
_OF_SERVICES: Final = frozenset({"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid"})
_TAGS: Final = {
    "aws:principaltag/": "the principal has no such tag",
    "aws:resourcetag/": "the resource has no such tag",
    "aws:requesttag/": "the request sets no such tag",
    "aws:tagkeys": "the request sets no tags",
}


def bare(operator: str) -> str:
    """The operator without its prefix and IfExists."""
    return operator.removeprefix(_FOR_ALL).removeprefix(_FOR_ANY).removesuffix(_IF_EXISTS)


def is_negated(operator: str) -> bool:
    name = bare(operator)
    return name in OPERATORS and OPERATORS[name].negated


def tested(condition: Condition, written: WrittenCondition, context: Context) -> Tested:
    assert condition.key == written.key.lower()
    matched = condition.holds(context)
    seen = context.get(condition.key)
    why = _why(written, seen, context, matched=matched)
    at_fault = not matched and (_lacks_set(written.operator, seen) or why == _LITERAL_WILDCARDS)
    return Tested(written.operator, written.key, matched, written.operands, seen, why, at_fault)


def _lacks_set(operator: str, seen: Seen) -> bool:
    return isinstance(seen, tuple) and operator != "Null" and not operator.startswith((_FOR_ALL, _FOR_ANY))


def _why(written: WrittenCondition, seen: Seen, context: Context, *, matched: bool) -> str:
    operator = written.operator
    if bare(operator) == "Null" and operator != "Null":
        return f"{operator} is always {'true' if matched else 'false'}, whatever the request has"
    if operator == "Null":
        return "the request has no such key" if seen is None else "the request has the key"
    if seen is None:
        return f"{_absent(written.key.lower(), context)}, and {_what_absence_does(operator)}"
    if isinstance(seen, tuple):
        if _lacks_set(operator, seen):
            return f"a key of many values needs {_FOR_ALL} or {_FOR_ANY} before the operator"
        return "" if matched else _set_missed(operator)
    return "" if matched else _missed(operator, written.operands, seen)


def _what_absence_does(operator: str) -> str:
    if operator.startswith(_FOR_ALL):
        return f"{_FOR_ALL} is true of no values"
    if operator.endswith(_IF_EXISTS):
        return f"{_IF_EXISTS} makes it true of an absent key"
    if operator.startswith(_FOR_ANY):
        return f"{_FOR_ANY} is false of no values"
    if is_negated(operator):
        return "an absent key makes a negated operator true"
    return "an absent key makes a positive operator false"


def _absent(key: str, context: Context) -> str:
    if key in _OF_ENDPOINTS:
        return "only a request through a VPC endpoint has the key"
    if key == "aws:sourceip":
        if "aws:sourcevpce" in context:
            return "a request through a VPC endpoint has no aws:SourceIp, but aws:VpcSourceIp"
        return "the request came from no address of its own"
    if key == "aws:username":
        return "only an IAM user has the key"
    if key in _OF_SESSIONS:
        return "only temporary credentials have the key"
    if key == _OF_CODES:
        return "only credentials that were given out for a code of an MFA device have the key"
    if key in OF_ORGANIZATIONS:
        return "there are no organizations here, so no request has the key"
    if key in _OF_SERVICES:
        return "only a service that acts for somebody has the key"
    for prefix, why in _TAGS.items():
        if key.startswith(prefix):
            return why
    return "the request has no such key"


def _set_missed(operator: str) -> str:
    excluded = "excluded" if is_negated(operator) else "outside the list"
    return (
        f"one of the values is {excluded}" if operator.startswith(_FOR_ALL) else f"every value is {excluded}"
    )


def _missed(operator: str, operands: tuple[str, ...], seen: str) -> str:
    name = bare(operator)
    if is_negated(operator):
        return f"{seen} is among what it excludes"
    if name == "StringEquals":
        if any(operand.lower() == seen.lower() for operand in operands):
            return "the two differ in upper and lower case; StringEqualsIgnoreCase would take them for equal"
        if any("*" in operand or "?" in operand for operand in operands):
            return _LITERAL_WILDCARDS
    if any("${" in operand for operand in operands):
        return f"{seen} is not what the policy's variables expand to"
    if name in ("StringEquals", "StringLike", "ArnEquals", "ArnLike") and len(operands) > 1:
        return f"{seen} is none of {listed(operands)}"
    return ""
