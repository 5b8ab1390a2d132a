"""The smallest statement that would allow a request, layer by layer.

Invariant: it names the caller, this action and this resource; never a principal of everyone.
"""

import json
from typing import Any, Final

from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.names import Arn
from qanat.core.policy.decision import Layer, Request
from qanat.core.policy.trace.model import LayerTrace

_WITH_PRINCIPAL: Final = frozenset({Layer.RESOURCE, Layer.TRUST, Layer.ENDPOINT})
_ON_NO_QUEUE_YET: Final = frozenset({"sqs:createqueue", "sqs:listqueues"})


def is_queue(request: Request) -> bool:
    """Whether the resource is one whose policy can speak of this action."""
    arn = Arn.parse(request.resource)
    return arn is not None and arn.service == "sqs" and request.action.lower() not in _ON_NO_QUEUE_YET


def addition(layer: Layer, request: Request) -> str | None:
    """None where only everyone could be named: a request that nobody signed."""
    statement: dict[str, Any] = {"Effect": "Allow"}
    if layer in _WITH_PRINCIPAL:
        principal = _principal(request.caller)
        if principal is None:
            return None
        statement["Principal"] = principal
    statement["Action"] = request.action
    if layer is not Layer.TRUST:
        statement["Resource"] = request.resource
    condition = _on_whose_behalf(request)
    if condition and layer in _WITH_PRINCIPAL:
        statement["Condition"] = condition
    return json.dumps(statement)


def _principal(caller: Caller) -> dict[str, str] | None:
    if caller.type is PrincipalType.ANONYMOUS:
        return None
    if caller.type is PrincipalType.SERVICE:
        return {"Service": caller.arn}
    role = caller.type is PrincipalType.ASSUMED_ROLE and caller.principal_arn
    return {"AWS": role or caller.arn}


def _on_whose_behalf(request: Request) -> dict[str, Any]:
    """A service is trusted only for whom it acts now (IAM User Guide, confused-deputy)."""
    if request.caller.type is not PrincipalType.SERVICE:
        return {}
    source = request.context.get("aws:sourcearn")
    if isinstance(source, str) and Arn.parse(source) is not None:
        return {"ArnEquals": {"aws:SourceArn": source}}
    account = request.context.get("aws:sourceaccount")
    return {"StringEquals": {"aws:SourceAccount": account}} if isinstance(account, str) else {}


def where(layer: LayerTrace, request: Request) -> str:
    """The policy that a statement is to be added to, in words."""
    names = [policy.name for policy in layer.policies]
    if layer.layer is Layer.IDENTITY:
        return f"an identity policy of {_holder(request.caller)}"
    if layer.layer is Layer.SERVICE_CONTROL:
        return f"a service control policy at level {layer.level} of account {request.caller.account}"
    if layer.layer is Layer.SESSION:
        return "the policy that is passed for a new session"
    return policy_words(layer.layer, names[0] if names else request.resource)


def _holder(caller: Caller) -> str:
    arn = caller.arn if caller.type is PrincipalType.USER else caller.principal_arn or caller.arn
    found = Arn.parse(arn)
    return arn if found is None else f"{found.resource} in account {found.account}"


def policy_words(layer: Layer, name: str) -> str:
    if layer is Layer.RESOURCE:
        arn = Arn.parse(name)
        return (
            f"the policy of the queue {arn.resource}"
            if arn and arn.service == "sqs"
            else f"the policy of {name}"
        )
    if layer is Layer.SESSION:
        return "the session policy" if name == "session policy" else f"the session policy {name}"
    return f"{_WORDS[layer]} {name}"


_WORDS: Final = {
    Layer.TRUST: "the trust policy of",
    Layer.ENDPOINT: "the policy of the VPC endpoint",
    Layer.IDENTITY: "the identity policy",
    Layer.BOUNDARY: "the permissions boundary",
    Layer.SERVICE_CONTROL: "the service control policy",
    Layer.RESOURCE_CONTROL: "the resource control policy",
}
