"""One statement of a policy, read and compiled.

Invariant: it names exactly one of each element and its complement, and principals exactly where its kind has them.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from qanat.core.policy.conditions import Condition, read_conditions
from qanat.core.policy.errors import (
    LEGACY,
    NO_ACTIONS,
    NO_RESOURCES,
    PRINCIPAL,
    RESOURCE,
    SYNTAX,
    PolicyInvalid,
    quoted,
)
from qanat.core.policy.findings import ALLOW_WITH_NOT_PRINCIPAL, Reading
from qanat.core.policy.match import EVERY_RESOURCE, Selector, read_actions, read_resources
from qanat.core.policy.principals import Principals, read_principals
from qanat.core.policy.sizes import WITHOUT_PRINCIPAL, PolicyKind
from qanat.core.policy.syntax import known_members, text_of
from qanat.core.policy.variables import Context

ELEMENTS: Final = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
_PLAIN_SIDS: Final = WITHOUT_PRINCIPAL | {PolicyKind.TRUST}
_IDENTITY_SID: Final = re.compile(r"[A-Za-z0-9]*\Z")


class Effect(StrEnum):
    """Written exactly so in a policy."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Statement:
    index: int
    sid: str | None
    effect: Effect
    principals: Principals | None
    """None in an identity policy, whose principal is who has it, and where a lenient reading found none."""
    actions: Selector
    resources: Selector
    conditions: tuple[Condition, ...]

    def applies(self, resource: str, context: Context) -> bool:
        """Whether resource and conditions match; actions and principals are asked apart."""
        # Conditions first, for a document's index mostly knows already that the resource matches.
        for condition in self.conditions:
            if not condition.holds(context):
                return False
        return self.resources.match(resource, context)


def read_statement(node: object, index: int, path: str, reading: Reading) -> Statement:
    """Raises PolicyInvalid and PolicyTooLarge."""
    elements = known_members(node, ELEMENTS, path)
    effect = _effect(elements, path)
    denies = effect is Effect.DENY
    action, not_action = _one_of(elements, "Action", path, NO_ACTIONS)
    conditions: tuple[Condition, ...] = ()
    if "Condition" in elements:
        conditions = read_conditions(elements["Condition"], f"{path}.Condition", reading, denies=denies)
    return Statement(
        index=index,
        sid=_sid(elements, path, reading),
        effect=effect,
        principals=_principals(elements, path, reading, denies=denies),
        actions=read_actions(elements[action], f"{path}.{action}", reading, negated=not_action),
        resources=_resources(elements, path, reading),
        conditions=conditions,
    )


def _effect(elements: dict[str, object], path: str) -> Effect:
    if "Effect" not in elements:
        raise PolicyInvalid("has no Effect", path)
    text = text_of(elements["Effect"], f"{path}.Effect")
    if text not in {"Allow", "Deny"}:
        reason = LEGACY if text.capitalize() in {"Allow", "Deny"} else SYNTAX
        raise PolicyInvalid(f"must be Allow or Deny, not {quoted(text)}", f"{path}.Effect", reason)
    return Effect(text)


def _sid(elements: dict[str, object], path: str, reading: Reading) -> str | None:
    if "Sid" not in elements:
        return None
    sid = text_of(elements["Sid"], f"{path}.Sid")
    # SQS takes any text: its own AddPermission writes labels with dashes here.
    if reading.kind in _PLAIN_SIDS and not reading.lenient and not _IDENTITY_SID.match(sid):
        raise PolicyInvalid(f"{quoted(sid)} may hold only letters and digits", f"{path}.Sid")
    return sid


def _one_of(elements: dict[str, object], name: str, path: str, reason: str) -> tuple[str, bool]:
    """The name of the element present, `name` or its complement, and whether it is the complement."""
    complement = f"Not{name}"
    if name in elements and complement in elements:
        raise PolicyInvalid(f"has both {name} and {complement}", path, SYNTAX)
    if name not in elements and complement not in elements:
        raise PolicyInvalid(f"has neither {name} nor {complement}", path, reason)
    return (name, False) if name in elements else (complement, True)


def _resources(elements: dict[str, object], path: str, reading: Reading) -> Selector:
    given = "Resource" in elements or "NotResource" in elements
    if reading.kind is PolicyKind.TRUST and not (given and reading.lenient):
        if given:
            raise PolicyInvalid("a trust policy names no resource: it is its role's", path, RESOURCE)
        return EVERY_RESOURCE
    if not given and may_lack_resource(reading.kind, lenient=reading.lenient):
        return EVERY_RESOURCE
    name, negated = _one_of(elements, "Resource", path, NO_RESOURCES)
    return read_resources(elements[name], f"{path}.{name}", reading, negated=negated)


def may_lack_resource(kind: PolicyKind, *, lenient: bool = False) -> bool:
    """Whether a statement without Resource and NotResource is about the thing that has the policy.

    So it is with several services (topics of SNS, repositories of ECR); of a queue it could mean nothing else.
    """
    return kind is PolicyKind.OTHER_RESOURCE or (lenient and kind is PolicyKind.RESOURCE)


def _principals(
    elements: dict[str, object], path: str, reading: Reading, *, denies: bool
) -> Principals | None:
    given = "Principal" in elements or "NotPrincipal" in elements
    if reading.kind in WITHOUT_PRINCIPAL:
        if given and not reading.lenient:
            raise PolicyInvalid(
                "an identity policy has no Principal: it speaks of whom it belongs to", path, PRINCIPAL
            )
        return None
    if reading.lenient and not given:
        return None
    name, negated = _one_of(elements, "Principal", path, SYNTAX)
    where = f"{path}.{name}"
    if negated and reading.kind is PolicyKind.TRUST and not reading.lenient:
        raise PolicyInvalid("a trust policy says whom it trusts: it has no NotPrincipal", where)
    if negated and not denies:
        message = (
            "Allow with NotPrincipal allows everyone not named, anonymous callers too; use Principal instead"
        )
        reading.find(ALLOW_WITH_NOT_PRINCIPAL, message, where)
    return read_principals(elements[name], where, reading, negated=negated, denies=denies)
