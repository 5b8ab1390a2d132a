"""The text of a denial (IAM User Guide, troubleshoot_access-denied; recorded for SQS in both protocols).

Invariant: one policy type is named, the one that decided.
"""

from typing import Final

from qanat.core.identity.model import PrincipalType
from qanat.core.policy.decision import Decision, Layer, Reason, Request

_EXPLICIT: Final = {
    Reason.EXPLICIT_DENY_ENDPOINT: Layer.ENDPOINT,
    Reason.EXPLICIT_DENY_RESOURCE: Layer.RESOURCE,
    Reason.EXPLICIT_DENY_IDENTITY: Layer.IDENTITY,
}
_IMPLICIT: Final = {
    Reason.IMPLICIT_DENY_ENDPOINT: Layer.ENDPOINT,
    Reason.IMPLICIT_DENY_RESOURCE: Layer.RESOURCE,
    Reason.IMPLICIT_DENY_IDENTITY: Layer.IDENTITY,
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
    if reason in _EXPLICIT:
        layer = _EXPLICIT[reason]
        article = "an" if layer is Layer.IDENTITY else "a"
        return f"with an explicit deny in {article} {layer}"
    return f"because no {_IMPLICIT[reason]} allows the {action} action"


def _shown_action(action: str) -> str:
    # SQS lower-cases the action in its texts; EC2, IAM and STS keep it.
    return action.lower() if action.lower().startswith("sqs:") else action
