"""Why an Action or a Resource does not match."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from qanat.core.names import Arn
from qanat.core.policy.actions import BATCHES
from qanat.core.policy.glob import Style, patterns
from qanat.core.policy.match import Selector
from qanat.core.policy.statement import Statement
from qanat.core.policy.trace.model import Element
from qanat.core.policy.variables import Context, pieces

_FIFO: Final = ".fifo"
# Alike enough to be a slip of the pen.
_ALIKE: Final = 0.9


def action_element(selector: Selector, name: str, texts: Sequence[str], action: str) -> Element:
    matched = selector.match(action.lower(), {})
    why, near = "", False
    if not matched:
        why, near = (f"it names {action}", False) if selector.negated else _action_missed(texts, action)
    return Element(name, matched, tuple(texts), action, why, near)


def is_of_its_service(name: str, texts: Sequence[str], action: str) -> bool:
    """Whether a statement is about the service at all: those of others have nothing to do with the request."""
    if name == "NotAction":
        return True
    service = action.lower().partition(":")[0]
    return any(_matches(text.lower().partition(":")[0], service) for text in texts)


def _action_missed(texts: Sequence[str], action: str) -> tuple[str, bool]:
    for text in texts:
        judged_as = BATCHES.get(text.lower())
        if judged_as is not None and judged_as.lower() == action.lower():
            return f"{text} is no action: batch calls are judged as {judged_as}", True
    alike = get_close_matches(action.lower(), [text.lower() for text in texts], 1, _ALIKE)
    if alike:
        text = next(text for text in texts if text.lower() == alike[0])
        return f"{text} is not {action}, though nearly", True
    return f"it does not name {action}", False


def resource_element(
    statement: Statement, name: str, texts: Sequence[str], resource: str, context: Context
) -> Element:
    selector = statement.resources
    matched = selector.match(resource, context)
    why, near = "", False
    if not matched:
        why, near = (f"it names {resource}", False) if selector.negated else _resource_missed(texts, resource)
    return Element(name, matched, tuple(texts), resource, why, near)


def _resource_missed(texts: Sequence[str], resource: str) -> tuple[str, bool]:
    if resource == "*":
        return "the action is on no one resource, so that only a Resource of * matches", True
    for text in texts:
        why = _near_miss(text, resource)
        if why:
            return why, True
    if any("${" in text for text in texts):
        return f"it does not match {resource}, its variables expanded", False
    return f"it does not name {resource}", False


def _near_miss(text: str, resource: str) -> str:
    named, asked = Arn.parse(text), Arn.parse(resource)
    if named is None or asked is None or named.service != asked.service:
        return ""
    region, account, rest = (
        _matches(named.region, asked.region),
        _matches(named.account, asked.account),
        _matches(named.resource, asked.resource),
    )
    if rest and region and not account:
        return f"{text} is of account {named.account or 'none'}, the resource of {asked.account}"
    if rest and account and not region:
        return f"{text} is in Region {named.region or 'none'}, the resource in {asked.region}"
    if not (region and account):
        return ""
    if named.resource.lower() == asked.resource.lower():
        return f"{text} differs from {resource} in upper and lower case"
    if named.resource in (f"{asked.resource}/*", f"{asked.resource}:*"):
        return f"{text} is what lies below {resource}, and not that itself"
    if named.resource + _FIFO == asked.resource:
        return f"{text} lacks the {_FIFO} that is part of the queue's name"
    return ""


def _matches(pattern: str, text: str) -> bool:
    return patterns([pieces(pattern, wildcards=True)], Style.TEXT).match(text, {})
