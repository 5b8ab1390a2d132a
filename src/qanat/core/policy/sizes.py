"""How large a policy may be, kind by kind.

Invariant: everything that grows with a document is bounded before it is read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from qanat.core.policy.errors import PolicyTooLarge


class PolicyKind(StrEnum):
    """Where a document is attached, which decides its grammar and its limits."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    ENDPOINT = "endpoint"


# The API model's longest PolicyDocument of IAM. It bounds the white space that the quota below does not count.
_IDENTITY_TEXT_MAX: Final = 131_072

# SQS Developer Guide, quotas-policies.
STATEMENTS_MAX: Final = 20
ACTIONS_MAX: Final = 7
PRINCIPALS_MAX: Final = 50
CONDITIONS_MAX: Final = 10


def _without_white_space(text: str) -> int:
    return len("".join(text.split()))


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Size:
    measure: Callable[[str], int]
    max: int
    text: str
    """AWS's words where they are known."""


SIZES: Final = {
    # IAM User Guide, reference_iam-quotas: one user's inline policies together, white space not counted.
    PolicyKind.IDENTITY: Size(_without_white_space, 2_048, "Maximum policy size of 2048 bytes exceeded."),
    PolicyKind.RESOURCE: Size(_bytes, 8_192, "Submitted policy is over max allowed size."),
    # AWS PrivateLink Guide, vpc-endpoints-access: characters, white space included.
    PolicyKind.ENDPOINT: Size(len, 20_480, "Maximum policy size of 20480 characters exceeded."),
}


def counted_size(text: str, kind: PolicyKind) -> int:
    """The size of `text` as AWS counts it for `kind`; a user's inline policies share one quota, so callers may add."""
    return SIZES[kind].measure(text)


def check_size(text: str, kind: PolicyKind) -> None:
    """Raises PolicyTooLarge."""
    size = SIZES[kind]
    if len(text) > _IDENTITY_TEXT_MAX or size.measure(text) > size.max:
        raise PolicyTooLarge(size.text)


def check_count(found: int, limit: int, noun: str, where: str = "in the submitted policy") -> None:
    """Raises PolicyTooLarge in the words of SQS's OverLimit."""
    if found > limit:
        raise PolicyTooLarge(f"{found} {noun} were found {where}, max allowed is {limit}")
