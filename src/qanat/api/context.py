"""The request context that conditions read (IAM User Guide, reference_policies_condition-keys).

It is filled from sockets, keys, clocks and what is asked for. The one value that a client chooses freely is
`aws:UserAgent`, as on AWS.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.names import ec2_arn
from qanat.core.way import WayIn

FIXED_KEYS: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principaltype",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:securetransport",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:userid",
        "aws:username",
        "aws:viaawsservice",
        "aws:vpceaccount",
    }
)
"""Keys whose values follow from the caller, the resource, the region that is asked and the socket: between two such
requests they are equal."""
# These follow from the session, and so from the caller; `qanat policy explain` may be told them, for it knows of none.
_SESSION_KEYS: Final = frozenset({"aws:multifactorauthpresent", "aws:sourceidentity", "aws:tokenissuetime"})
_ADDRESS_KEYS: Final = frozenset({"aws:sourceip", "aws:vpcsourceip"})

# What the values of condition keys follow from besides, as bits.
ON_ADDRESS: Final = 1
"""The client's."""
ON_RESOURCE_TAGS: Final = 2
ON_ANYTHING: Final = 4
"""The time, what a client says, or it is not known: such values are worth nothing at the next request."""

_SQS: Final = "sqs.amazonaws.com"
# Bound once: before Python 3.12 it takes ten times as long to find a member in its enum as a name.
_ANONYMOUS: Final = PrincipalType.ANONYMOUS
_ASSUMED_ROLE: Final = PrincipalType.ASSUMED_ROLE
_SERVICE: Final = PrincipalType.SERVICE


# What stands before a tag's key in a condition key, in lower case.
PRINCIPAL_TAG: Final = "aws:principaltag/"
RESOURCE_TAG: Final = "aws:resourcetag/"
REQUEST_TAG: Final = "aws:requesttag/"
TAG_KEYS: Final = "aws:tagkeys"


# As many as policies that are in use are likely to differ in what they read.
@lru_cache(maxsize=1_024)
def depends_on(keys: frozenset[str]) -> int:
    """What the values of `keys` follow from besides what those of FIXED_KEYS do, until the control state changes, where
    a request has no tags and no context of its own."""
    found = 0
    for key in keys - FIXED_KEYS - _SESSION_KEYS:
        if key in _ADDRESS_KEYS:
            found |= ON_ADDRESS
        elif key.startswith(RESOURCE_TAG):
            found |= ON_RESOURCE_TAGS
        elif not key.startswith(PRINCIPAL_TAG):
            found |= ON_ANYTHING
    return found


def tag_context(
    resource_tags: Iterable[tuple[str, str]], request_tags: Mapping[str, str | None]
) -> tuple[dict[str, str | tuple[str, ...]], frozenset[str]]:
    """The context's keys about tags, in lower case, and those of them that are unclear.

    `request_tags` holds what is set, and None for what is taken away. A condition key is not case-sensitive and a
    tag's key is: of two tags whose keys differ in nothing else neither is the one that is meant.
    """
    context: dict[str, str | tuple[str, ...]] = {}
    unclear = set()
    given = [(key, value) for key, value in request_tags.items() if value is not None]
    for prefix, tags in ((RESOURCE_TAG, resource_tags), (REQUEST_TAG, given)):
        for key, value in tags:
            name = prefix + key.lower()
            if name in context:
                unclear.add(name)
            context[name] = value
    if request_tags:
        context[TAG_KEYS] = tuple(request_tags)
    return context, frozenset(unclear)


def principal_tags(tags: Iterable[tuple[str, str]]) -> tuple[dict[str, str], frozenset[str]]:
    """`aws:PrincipalTag/...` as in `tag_context`, with those that are unclear."""
    context: dict[str, str] = {}
    unclear = set()
    for key, value in tags:
        name = PRINCIPAL_TAG + key.lower()
        if name in context:
            unclear.add(name)
        context[name] = value
    return context, frozenset(unclear)


def instant(at_ms: int) -> str:
    return _second(at_ms // 1000)


# Requests of one second come one after another, so few are kept.
@lru_cache(maxsize=64)
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def mfa_context(mfa_at_ms: int | None, now_ms: int) -> dict[str, str]:
    """Of temporary credentials."""
    if mfa_at_ms is None:
        return {"aws:multifactorauthpresent": "false"}
    age_s = max(0, now_ms - mfa_at_ms) // 1000
    return {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": str(age_s)}


def context_of(
    caller: Caller, way: WayIn | None, region: str, resource_account: str, user_agent: str | None, now_ms: int
) -> dict[str, str | tuple[str, ...]]:
    """Keys in lower case. A key that does not apply is absent, never empty.

    No way in: SQS acts on the caller's behalf, as a redrive does (IAM User Guide, access_forward_access_sessions).
    """
    principal_type = caller.type
    if principal_type is _SERVICE:
        return _context_of_service(caller, region, resource_account, now_ms)
    context: dict[str, str | tuple[str, ...]] = {
        "aws:currenttime": instant(now_ms),
        "aws:epochtime": str(now_ms // 1000),
        "aws:principalaccount": caller.account,
        "aws:principaltype": principal_type.value,
        "aws:requestedregion": region,
        "aws:resourceaccount": resource_account,
        "aws:securetransport": "true" if way is None or way.secure else "false",
        "aws:userid": caller.unique_id,
        "aws:viaawsservice": "false",
    }
    if principal_type is not _ANONYMOUS:
        role = principal_type is _ASSUMED_ROLE
        context["aws:principalarn"] = caller.principal_arn if role else caller.arn
        context["aws:principalisawsservice"] = "false"
    if caller.user_name is not None:
        context["aws:username"] = caller.user_name
    if caller.session is not None:
        # Temporary credentials alone have these.
        context["aws:tokenissuetime"] = instant(caller.session.issued_at_ms)
        context.update(mfa_context(caller.session.mfa_at_ms, now_ms))
        if caller.session.source_identity is not None:
            context["aws:sourceidentity"] = caller.session.source_identity
    if user_agent:
        context["aws:useragent"] = user_agent
    if way is None:
        context["aws:viaawsservice"] = "true"
        context["aws:calledvia"] = (_SQS,)
        context["aws:calledviafirst"] = context["aws:calledvialast"] = _SQS
    elif way.vpc_endpoint_id is None:
        context["aws:sourceip"] = way.client_address
    else:
        assert way.vpc_id is not None
        assert way.vpc_endpoint_account is not None
        context["aws:sourcevpce"] = way.vpc_endpoint_id
        context["aws:sourcevpc"] = way.vpc_id
        context["aws:sourcevpcarn"] = ec2_arn(region, way.vpc_endpoint_account, "vpc", way.vpc_id)
        context["aws:vpceaccount"] = way.vpc_endpoint_account
        context["aws:vpcsourceip"] = way.client_address
    return context


def _context_of_service(
    caller: Caller, region: str, resource_account: str, now_ms: int
) -> dict[str, str | tuple[str, ...]]:
    """Of a service that acts on its own behalf: it has no account, and comes from no address that is told."""
    return {
        "aws:currenttime": instant(now_ms),
        "aws:epochtime": str(now_ms // 1000),
        "aws:principalisawsservice": "true",
        "aws:principalservicename": caller.arn,
        "aws:requestedregion": region,
        "aws:resourceaccount": resource_account,
        "aws:securetransport": "true",
        "aws:viaawsservice": "false",
    }
