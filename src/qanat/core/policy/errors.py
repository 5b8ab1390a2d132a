"""Why a policy document is refused.

Invariant: each refusal says what is wrong and where, in one line of ASCII, whatever the document held.
"""

import json
from typing import Final

from qanat.core.errors import QanatError

# How much of the user's own text one error repeats.
_SHOWN_MAX: Final = 120

# IAM's own words for MalformedPolicyDocument. Other services answer with a fixed text and need none of these.
SYNTAX: Final = "Syntax errors in policy."
VERSION: Final = "Policy document must be version 2012-10-17 or greater."
PRINCIPAL: Final = "Policy document should not specify a principal."
RESOURCE: Final = "Has prohibited field Resource"
DUPLICATE_SID: Final = "Statement IDs (SID) in a single policy must be unique."
NO_ACTIONS: Final = "Policy statement must contain actions."
NO_RESOURCES: Final = "Policy statement must contain resources."
NO_VENDOR: Final = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
LEGACY: Final = "The policy failed legacy parsing"
COLONS: Final = "Actions/Condition can contain only one colon."


class PolicyInvalid(QanatError):
    """A document that cannot be understood whole.

    `message` is ours: what is wrong and where. `reason` is IAM's text for MalformedPolicyDocument. `position` is the
    (line, column), from 1, of broken JSON, as EC2 tells it in InvalidPolicyDocument. SQS's InvalidAttributeValue has
    one text for everything.
    """

    code = "MalformedPolicyDocument"

    def __init__(
        self,
        detail: str,
        path: str = "",
        reason: str = SYNTAX,
        position: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(f"{path}: {detail}" if path else detail)
        self.detail = detail
        self.path = path
        self.reason = reason
        self.position = position


class PolicyTooLarge(QanatError):
    """A document over one of its kind's limits."""

    code = "OverLimit"


def shown(text: str) -> str:
    """`text` as an error may repeat it: cut short, escaped to one line of ASCII."""
    cut = text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "..."
    return json.dumps(cut)[1:-1]


def quoted(value: object) -> str:
    """Any JSON value as an error may repeat it."""
    if isinstance(value, str):
        return f"`{shown(value)}`"
    names = {dict: "an object", list: "a list", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a value")
