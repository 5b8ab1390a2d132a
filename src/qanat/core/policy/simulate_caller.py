"""Who makes the request of a simulation, and what of the context follows from the case itself.

Invariant: nothing is guessed that AWS would know and the case does not say: unique ids, tags, times and addresses stay
absent unless the context gives them.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from qanat.core.errors import QanatError
from qanat.core.identity.model import (
    ANONYMOUS,
    Caller,
    PrincipalType,
    Session,
    provider_caller,
    root_of,
    service_caller,
)
from qanat.core.names import ACCOUNT_ID, PARTITIONS, Arn
from qanat.core.policy.errors import quoted
from qanat.core.policy.keys import global_key
from qanat.core.policy.variables import Context

Given = Mapping[str, object]
Told = Mapping[str, str | tuple[str, ...] | None]
"""A context as a case tells it: keys in lower case, a tuple where one is multivalued, None where it is absent."""

_ANONYMOUS: Final = "anonymous"
# Names that could be services' and are identity providers' (IAM User Guide, reference_policies_elements_principal).
_WEB_PROVIDERS: Final = frozenset({"cognito-identity.amazonaws.com", "www.amazon.com"})
_OF_SERVICES: Final = (".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal")
_DOTTED: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+\Z")
# Of a session whose name the case does not give. No policy can name it.
_UNNAMED: Final = "?"
_UNKNOWN_SESSION: Final = Session("", 0, 0, "", "")


class CaseInvalid(QanatError):
    """A case that nothing can be decided about; the message says why, in one line of ASCII."""

    code = "CaseInvalid"


def context_given(given: Given) -> Told:
    """The context as the case writes it.

    AWS's global keys are what AWS says they are, so that a list of one is one value where a key has but one. Any other
    key is multivalued where the case gives a list. Raises CaseInvalid.
    """
    context: dict[str, str | tuple[str, ...] | None] = {}
    for name, value in given.items():
        key = name.lower()
        if key in context:
            raise CaseInvalid(f"context: the key {quoted(name)} is given twice, in two spellings")
        if value is None:
            context[key] = None
            continue
        values = tuple(_text(one, name) for one in (value if isinstance(value, list) else [value]))
        known = global_key(name)
        multivalued = isinstance(value, list) if known is None else known.many
        context[key] = values[0] if len(values) == 1 and not multivalued else values
    return context


def _text(value: object, key: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise CaseInvalid(
        f"context: the value of {quoted(key)} must be text, a number, true, false, null or a list of the first four, "
        f"not {quoted(value)}"
    )


def context_filled(given: Told, caller: Caller, resource_account: str) -> Context:
    """`given` with what the case's principal and account fix; what the case gives itself stays, absence too."""
    context = {**_fixed(caller, resource_account), **given}
    return {key: value for key, value in context.items() if value is not None}


def _fixed(caller: Caller, resource_account: str) -> dict[str, str]:
    fixed = {}
    if resource_account:
        fixed["aws:resourceaccount"] = resource_account
    if caller.type is PrincipalType.PROVIDER:
        return fixed
    if caller.type is PrincipalType.SERVICE:
        fixed["aws:principalisawsservice"] = "true"
        fixed["aws:principalservicename"] = caller.arn
        return fixed
    fixed["aws:principalaccount"] = caller.account
    fixed["aws:principaltype"] = caller.type.value
    if caller.type is not PrincipalType.ANONYMOUS:
        session = caller.type is PrincipalType.ASSUMED_ROLE
        fixed["aws:principalarn"] = caller.principal_arn if session else caller.arn
        fixed["aws:principalisawsservice"] = "false"
    if caller.unique_id:
        fixed["aws:userid"] = caller.unique_id
    if caller.user_name is not None:
        fixed["aws:username"] = caller.user_name
    return fixed


def caller_named(principal: str, context: Told, named: Iterable[str]) -> Caller:
    """The caller that a case names.

    `named` are the principals' ARNs in its policies. A session's ARN lacks the path of its role: the context's
    aws:PrincipalArn gives it, or else a policy that names the account's role of that name. Raises CaseInvalid.
    """
    if principal == _ANONYMOUS:
        return ANONYMOUS
    if ACCOUNT_ID.match(principal):
        return root_of(principal)
    if _DOTTED.match(principal):
        service = principal.endswith(_OF_SERVICES) and principal not in _WEB_PROVIDERS
        return service_caller(principal) if service else provider_caller(principal)
    arn = Arn.parse(principal)
    if arn is None or arn.partition not in PARTITIONS or arn.region or not ACCOUNT_ID.match(arn.account):
        raise _no_principal(principal)
    if arn.service == "iam":
        return _of_iam(arn)
    if arn.service == "sts":
        told = context.get("aws:principalarn")
        return _of_sts(arn, (told if isinstance(told, str) else "", *named))
    raise _no_principal(principal)


def _no_principal(principal: str) -> CaseInvalid:
    return CaseInvalid(
        f"principal: {quoted(principal)} is neither the ARN of a user, a role, a session or an account's root, nor "
        "`anonymous`, nor a service such as sns.amazonaws.com"
    )


def _of_iam(arn: Arn) -> Caller:
    kind, _, rest = arn.resource.partition("/")
    name = rest.rpartition("/")[2]
    if arn.resource == "root":
        return Caller(PrincipalType.ACCOUNT, arn.account, str(arn), arn.account)
    if kind in ("saml-provider", "oidc-provider") and name:
        return provider_caller(str(arn))
    if kind == "user" and name:
        return Caller(PrincipalType.USER, arn.account, str(arn), "", name)
    if kind == "role" and name:
        session = _sts(arn, f"assumed-role/{name}/{_UNNAMED}")
        return _session(session, str(arn))
    raise _no_principal(str(arn))


def _of_sts(arn: Arn, candidates: Iterable[str]) -> Caller:
    kind, _, rest = arn.resource.partition("/")
    name, slash, session_name = rest.partition("/")
    if kind == "assumed-role" and name and session_name:
        return _session(arn, _entity(arn, "role", name, candidates))
    if kind == "federated-user" and name and not slash:
        # No case says which user asked for the session: one of that name.
        return Caller(
            PrincipalType.FEDERATED_USER,
            arn.account,
            str(arn),
            f"{arn.account}:{name}",
            principal_arn=_entity(arn, "user", name, candidates),
            session=_UNKNOWN_SESSION,
        )
    raise _no_principal(str(arn))


def _entity(session: Arn, kind: str, name: str, candidates: Iterable[str]) -> str:
    """The ARN of the role or user called `name`, of which an account has one whatever its path."""
    head = f"arn:{session.partition}:iam::{session.account}:{kind}/"
    for candidate in candidates:
        if candidate.startswith(head) and candidate.rpartition("/")[2] == name:
            return candidate
    return head + name


def _session(arn: Arn, role: str) -> Caller:
    return Caller(
        PrincipalType.ASSUMED_ROLE, arn.account, str(arn), "", principal_arn=role, session=_UNKNOWN_SESSION
    )


def _sts(arn: Arn, resource: str) -> Arn:
    return Arn(arn.partition, "sts", "", arn.account, resource)
