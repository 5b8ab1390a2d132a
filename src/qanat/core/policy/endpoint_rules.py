"""What the PrivateLink guide asks of endpoint policies beyond IAM's grammar (vpc-endpoints-access, Considerations).

Invariant: these are findings and refuse nothing: whether EC2 holds a policy to them when it is written is not known.
"""

import re
from itertools import pairwise
from typing import Final

from qanat.core.policy.findings import ENDPOINT_WILDCARD, Reading
from qanat.core.policy.glob import ARN_COLONS
from qanat.core.policy.sizes import PolicyKind

# Global condition keys whose values AWS generates.
_GENERATED: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:resourceaccount",
        "aws:resourceorgid",
        "aws:sourceaccount",
        "aws:sourceorgid",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:vpceaccount",
        "aws:vpceorgid",
    }
)
_WILDCARD: Final = re.compile(r"[*?]")
_LITERAL_MIN: Final = 6


def note_condition(operator: str, key: str, operands: list[tuple[str, str]], reading: Reading) -> None:
    """`operator` without set prefix and IfExists; `key` in lower case; operands as (path, text)."""
    if reading.kind is not PolicyKind.ENDPOINT:
        return
    if key in _GENERATED and operator.startswith("Numeric"):
        message = (
            f"an endpoint policy cannot use numeric operators with {key}, an identifier that AWS generates"
        )
        reading.find(ENDPOINT_WILDCARD, message, operands[0][0])
    if operator.startswith("Arn"):
        for path, text in operands:
            note_arn(text, path, reading)
    if operator in {"StringLike", "StringNotLike"}:
        for path, text in operands:
            _note_wildcards(key, text, path, reading)


def _note_wildcards(key: str, text: str, path: str, reading: Reading) -> None:
    pieces = _WILDCARD.split(text)
    if len(pieces) > 1 and key in _GENERATED:
        message = f"an endpoint policy cannot use wildcards with {key}, an identifier that AWS generates"
        reading.find(ENDPOINT_WILDCARD, message, path)
    elif any(max(len(before), len(after)) < _LITERAL_MIN for before, after in pairwise(pieces)):
        message = f"an endpoint policy needs {_LITERAL_MIN} characters in a row before or after each wildcard"
        reading.find(ENDPOINT_WILDCARD, message, path)


def note_arn(text: str, path: str, reading: Reading) -> None:
    """An ARN of a Resource or of a condition."""
    fields = text.split(":", ARN_COLONS)
    if reading.kind is not PolicyKind.ENDPOINT or len(fields) <= ARN_COLONS:
        return
    if _WILDCARD.search(fields[4]) and re.search("[0-9]", fields[4]):
        message = "in an endpoint policy the account of an ARN is an account id or a wildcard, not both"
        reading.find(ENDPOINT_WILDCARD, message, path)
