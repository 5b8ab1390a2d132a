"""Whether a policy fits where it is to be attached, and whether it soon will not.

Invariant: sizes are counted as AWS counts them for that kind.
"""

from typing import Final

from qanat.core.policy.lint.view import Report
from qanat.core.policy.sizes import SIZES, PolicyKind, without_white_space

TEXT_MAX: Final = 131_072
"""Characters of a text that is looked into at all."""

# IAM User Guide, reference_iam-quotas: a managed policy.
_MANAGED_MAX: Final = 6_144
# From here on a policy is worth a word: a statement more may be one too many.
_NEAR: Final = 0.9


def check_sizes(text: str, kind: PolicyKind, report: Report) -> None:
    size = SIZES[kind]
    found = size.measure(text)
    if kind is PolicyKind.IDENTITY and found <= size.max:
        found, quota, unit = without_white_space(text), _MANAGED_MAX, "characters of a managed policy"
        if found > quota:
            report.find("POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", "", size=found, quota=quota)
            return
    else:
        quota, unit = size.max, "bytes" if kind is PolicyKind.RESOURCE else "characters"
    if found > quota:
        code = "POLICY_OVER_QUOTA"
        if kind is PolicyKind.RESOURCE:
            code = "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA"
        report.find(code, "", size=found, quota=quota, detail=size.text)
    elif found >= quota * _NEAR:
        report.find("POLICY_SIZE_NEAR_QUOTA", "", size=found, quota=quota, unit=unit)
