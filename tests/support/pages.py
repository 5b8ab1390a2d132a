"""Policies as AWS's pages print them, and what is decided of a request under them.

Every document is read as strictly as the server reads one that is to be stored.
"""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from qanat.core.names import Arn
from qanat.core.policy.decision import Named, Policies, Request
from qanat.core.policy.document import parse
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.simulate_aws import is_trusting, needs_own_policy
from qanat.core.policy.simulate_caller import caller_named, context_filled, context_given
from qanat.core.policy.sizes import PolicyKind

ALLOWED, IMPLICIT, EXPLICIT = "allowed", "implicit deny", "explicit deny"

Json = Mapping[str, object]
Given = Mapping[str, str | bool | int | float | list[str] | list[bool] | list[int]]

ADMINISTRATOR: Json = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}
"""AdministratorAccess: so that only the other policies decide."""


class Ask(NamedTuple):
    """A request: the principal is an ARN, an account, a service or `anonymous`."""

    principal: str
    action: str
    resource: str
    context: Given = MappingProxyType({})


def of(*statements: Json) -> Json:
    """A policy of statements that a page prints one by one."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def decision(
    ask: Ask,
    *,
    identity: Sequence[Json] = (),
    resource: Json | None = None,
    endpoint: Json | None = None,
    boundary: Json | None = None,
    session: Json | None = None,
    account: str | None = None,
) -> str:
    """ALLOWED, IMPLICIT or EXPLICIT. `account` is whose the resource is, where its ARN does not tell."""
    arn = Arn.parse(ask.resource)
    owner = account or ("" if arn is None else arn.account)
    given = context_given(ask.context)
    policies = Policies(
        tuple(_named(PolicyKind.IDENTITY, one) for one in identity),
        None if resource is None else _named(_kind_of_resource(ask, arn), resource),
        () if endpoint is None else (_named(PolicyKind.ENDPOINT, endpoint),),
        () if boundary is None else (_named(PolicyKind.IDENTITY, boundary),),
        () if session is None else (_named(PolicyKind.SESSION, session),),
        resource_must_allow=resource is not None and needs_own_policy(ask.action, ask.resource),
    )
    named = [arn for policy in policies.all() for arn in policy.document.principal_arns]
    caller = caller_named(ask.principal, given, named)
    request = Request(caller, ask.action, ask.resource, owner, context_filled(given, caller, owner))
    decided = authorize(request, policies)
    if decided.allowed:
        return ALLOWED
    return EXPLICIT if decided.reason.name.startswith("EXPLICIT_") else IMPLICIT


def _kind_of_resource(ask: Ask, arn: Arn | None) -> PolicyKind:
    if is_trusting(ask.action, ask.resource):
        return PolicyKind.TRUST
    return PolicyKind.RESOURCE if arn is not None and arn.service == "sqs" else PolicyKind.OTHER_RESOURCE


def _named(kind: PolicyKind, policy: Json) -> Named:
    return Named(kind.value, parse(json.dumps(policy), kind))
