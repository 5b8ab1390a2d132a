"""The text of a denial (IAM User Guide, troubleshoot_access-denied; recorded for SQS in both protocols).

Invariant: one policy type is named, the one that decided.
"""

from typing import Final

from qanat.core.identity.model import PrincipalType
from qanat.core.policy.decision import Decision, Layer, Reason, Request

# As AWS writes them, with article: a role has one trust policy.
_ARTICLES: Final = {Layer.IDENTITY: "an", Layer.TRUST: "the"}
_LAYERS: Final = {
    reason: Layer[reason.name.removeprefix("EXPLICIT_DENY_").removeprefix("IMPLICIT_DENY_")]
    for reason in Reason
    if not reason.name.startswith("ALLOWED_")
}


def denial_text(request: Request, decision: Decision) -> str:
    """AWS's AccessDenied message for a denied `request`."""
    assert not decision.allowed
    caller = request.caller
    user = "anonymous" if caller.type is PrincipalType.ANONYMOUS else caller.arn
    action = _shown_action(request.action)
    return (
        f"User: {user} is not authorized to perform: {action} on resource: {request.resource} "
        f"{_clause(decision.reason, action)}"
    )


def _clause(reason: Reason, action: str) -> str:
    layer = _LAYERS[reason]
    if reason.name.startswith("EXPLICIT_"):
        return f"with an explicit deny in {_ARTICLES.get(layer, 'a')} {layer}"
    return f"because no {layer} allows the {action} action"


def _shown_action(action: str) -> str:
    # SQS lower-cases the action in its texts; EC2, IAM and STS keep it.
    return action.lower() if action.lower().startswith("sqs:") else action
