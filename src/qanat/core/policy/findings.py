"""What is worth telling the author of a policy that is accepted all the same, and what is gathered while reading.

Invariant: a finding never changes what a policy means.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

from qanat.core.policy.sizes import PolicyKind

MISSING_VERSION: Final = "MISSING_VERSION"
PRINCIPAL_ARN_REPAIRED: Final = "PRINCIPAL_ARN_REPAIRED"
ALLOW_WITH_NOT_PRINCIPAL: Final = "ALLOW_WITH_NOT_PRINCIPAL"
VARIABLE_IS_LITERAL: Final = "VARIABLE_IS_LITERAL"
MISSING_ARN_FIELD: Final = "MISSING_ARN_FIELD"
NO_ALLOW: Final = "NO_ALLOW"
EMPTY_CONDITION: Final = "EMPTY_CONDITION"
ENDPOINT_WILDCARD: Final = "ENDPOINT_WILDCARD"
INVALID_ARN_OPERAND: Final = "INVALID_ARN_OPERAND"


class Finding(Struct, frozen=True):
    """`path` is of the form `Statement[0].Principal.AWS[0]`, empty for the whole document."""

    code: str
    message: str
    path: str


@dataclass(slots=True)
class Reading:
    """One document being read: its settings, and what its parts add to the whole."""

    kind: PolicyKind
    variables: bool
    """Whether `${...}` is a policy variable: only with Version 2012-10-17."""
    bound: Mapping[str, str]
    """Principal ARN to the unique id that it meant when the policy was saved."""
    lenient: bool = False
    """Whether what AWS refuses, and could only match nothing, is read as that."""
    findings: list[Finding] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    principal_arns: set[str] = field(default_factory=set)
    principal_count: int = 0
    condition_count: int = 0

    @property
    def takes_any_literal(self) -> bool:
        """Whether a condition's number, date, address or base64 text may be none: STS was seen to take such session
        policies, which IAM refuses to keep."""
        return self.lenient or self.kind is PolicyKind.SESSION

    def find(self, code: str, message: str, path: str = "") -> None:
        self.findings.append(Finding(code, message, path))
