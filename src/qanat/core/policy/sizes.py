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
    """Of a user, group or role, inline or managed, or a permissions boundary; the quota is its holder's to check."""
    SESSION = "session"
    """Passed with AssumeRole or GetFederationToken."""
    SERVICE_CONTROL = "service control"
    RESOURCE_CONTROL = "resource control"
    RESOURCE = "resource"
    """Of a queue."""
    TRUST = "trust"
    """Of a role: who may assume it. It names no resource."""
    ENDPOINT = "endpoint"
    OTHER_RESOURCE = "other resource"
    """Of a thing of another service, as a simulation may have it."""


WITHOUT_PRINCIPAL: Final = frozenset({PolicyKind.IDENTITY, PolicyKind.SESSION, PolicyKind.SERVICE_CONTROL})
"""Kinds that speak of whom they are attached to."""


# The API model's longest PolicyDocument of IAM. It bounds the white space that quotas do not count.
_TEXT_MAX: Final = 131_072

# SQS Developer Guide, quotas-policies.
STATEMENTS_MAX: Final = 20
ACTIONS_MAX: Final = 7
PRINCIPALS_MAX: Final = 50
CONDITIONS_MAX: Final = 10


# Texts are kept to the letter, and nobody may fill memory with blanks.
_BLANKS_FREE: Final = 7


def without_white_space(*texts: str) -> int:
    """Characters as IAM counts them for a quota of `texts` together. Of ours: white space is free up to seven times the
    quota."""
    counted = sum(len(word) for text in texts for word in text.split())
    return max(counted, -(-sum(map(len, texts)) // (_BLANKS_FREE + 1)))


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Size:
    measure: Callable[[str], int]
    max: int
    text: str
    """AWS's words where they are known."""


SIZES: Final = {
    PolicyKind.IDENTITY: Size(len, _TEXT_MAX, f"Maximum policy size of {_TEXT_MAX} bytes exceeded."),
    # STS API reference, AssumeRole: the inline session policy and the managed ones' ARNs.
    PolicyKind.SESSION: Size(len, 2_048, "Maximum policy size of 2048 bytes exceeded."),
    # Organizations User Guide, orgs_reference_limits.
    PolicyKind.SERVICE_CONTROL: Size(_bytes, 10_240, "Maximum policy size of 10240 bytes exceeded."),
    PolicyKind.RESOURCE_CONTROL: Size(_bytes, 5_120, "Maximum policy size of 5120 bytes exceeded."),
    # IAM User Guide, reference_iam-quotas: 2,048, which AWS raises on request to what stands here.
    PolicyKind.TRUST: Size(without_white_space, 4_096, "Cannot exceed quota for ACLSizePerRole: 4096"),
    PolicyKind.OTHER_RESOURCE: Size(len, _TEXT_MAX, f"Maximum policy size of {_TEXT_MAX} bytes exceeded."),
    PolicyKind.RESOURCE: Size(_bytes, 8_192, "Submitted policy is over max allowed size."),
    # AWS PrivateLink Guide, vpc-endpoints-access: characters, white space included.
    PolicyKind.ENDPOINT: Size(len, 20_480, "Maximum policy size of 20480 characters exceeded."),
}


def check_size(text: str, kind: PolicyKind) -> None:
    """Raises PolicyTooLarge."""
    size = SIZES[kind]
    if len(text) > _TEXT_MAX or size.measure(text) > size.max:
        raise PolicyTooLarge(size.text)


def check_length(text: str) -> None:
    """The bound that holds whatever the kind. Raises PolicyTooLarge."""
    if len(text) > _TEXT_MAX:
        raise PolicyTooLarge(f"Maximum policy size of {_TEXT_MAX} bytes exceeded.")


def check_count(found: int, limit: int, noun: str, where: str = "in the submitted policy") -> None:
    """Raises PolicyTooLarge in the words of SQS's OverLimit."""
    if found > limit:
        raise PolicyTooLarge(f"{found} {noun} were found {where}, max allowed is {limit}")
