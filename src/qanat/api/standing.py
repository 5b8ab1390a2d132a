"""The policies that come with a caller: its identity's, its boundary, its session's, its account's.

Invariant: nothing that cannot be found is passed over: whatever it denied must stay denied, and what it alone
allowed is not allowed.
"""

from collections.abc import Callable, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from qanat.api.context import depends_on, principal_tags
from qanat.core.errors import AccessDenied
from qanat.core.identity.aws_managed import AWS
from qanat.core.identity.effective import PolicyMissing, policies_of
from qanat.core.identity.model import Caller, PrincipalType, Role, Session, User
from qanat.core.identity.state import IdentityState
from qanat.core.policy.decision import Level, Named
from qanat.core.policy.document import Document, PolicyKind
from qanat.core.policy.full_access import NO_ACCESS

Read = Callable[[PolicyKind, str], Document]
"""A document compiled; raises AccessDenied where it cannot be read."""

Tags = tuple[tuple[str, str], ...]


class Standing(Struct, frozen=True):
    """As in `decision.Policies`, with what follows from them and from the caller's tags."""

    identity: tuple[Named, ...] = ()
    boundaries: tuple[Named, ...] = ()
    session: tuple[Named, ...] = ()
    service_control: tuple[Level, ...] = ()
    tag_context: Mapping[str, str] = MappingProxyType({})
    """`aws:PrincipalTag/...`"""
    unclear: frozenset[str] = frozenset()
    """Those of its keys that are there in two spellings."""
    depends_on: int = 0
    """What else the keys that these policies read follow from."""


_NONE: Final = Standing()
_NO_PERMISSIONS: Final = (Named("no session policy", NO_ACCESS),)
_GONE: Final = "The caller no longer exists."


def standing_of(caller: Caller, identity: IdentityState, read: Read) -> Standing:
    """Raises AccessDenied where it cannot be told."""
    if caller.type in (PrincipalType.ANONYMOUS, PrincipalType.SERVICE):
        return _NONE
    try:
        own, boundaries, tags = _own(caller, identity, read)
    except PolicyMissing as error:
        raise AccessDenied(error.message) from error
    session = caller.session
    passed = () if session is None else _session_policies(caller, session, identity, read)
    levels = control_levels(identity, caller.account, read).service
    context, unclear = principal_tags(tags if session is None else _overlaid(tags, session.tags))
    applying = (*own, *boundaries, *passed, *chain.from_iterable(levels))
    keys = frozenset[str]().union(*(named.document.keys_read for named in applying))
    return Standing(own, boundaries, passed, levels, context, unclear, depends_on(keys))


def _own(
    caller: Caller, identity: IdentityState, read: Read
) -> tuple[tuple[Named, ...], tuple[Named, ...], Tags]:
    holder = _holder(caller, identity)
    if holder is None:
        return (), (), ()
    found = policies_of(holder, identity)
    own = tuple(Named(name, read(PolicyKind.IDENTITY, text)) for name, text in found.identity)
    boundary = found.boundary
    boundaries = () if boundary is None else (Named(boundary.name, read(PolicyKind.IDENTITY, boundary.text)),)
    return own, boundaries, holder.tags


def _holder(caller: Caller, identity: IdentityState) -> User | Role | None:
    """Whose policies the caller has; None for root. By unique id: a namesake made later is somebody else."""
    found: User | Role | None
    if caller.type is PrincipalType.ACCOUNT:
        return None
    if caller.type is PrincipalType.ASSUMED_ROLE:
        found = identity.role_of_id(caller.unique_id.partition(":")[0])
    elif caller.type is PrincipalType.FEDERATED_USER:
        found = None if caller.session is None else identity.user_of_id(caller.session.issuer_id)
    else:
        found = identity.user_of_id(caller.unique_id)
    if found is None:
        raise AccessDenied(_GONE)
    return found


def _session_policies(
    caller: Caller, session: Session, identity: IdentityState, read: Read
) -> tuple[Named, ...]:
    if session.policies is None:
        # STS API reference, GetFederationToken: without a session policy its user's permissions are not its own; only a
        # resource's policy that names the session itself grants. What its user is denied, it is denied all the same.
        return _NO_PERMISSIONS if caller.type is PrincipalType.FEDERATED_USER else ()
    passed = [Named("session policy", read(PolicyKind.SESSION, text)) for text in session.policies]
    for arn in session.policy_arns:
        policy = identity.managed_policy(arn)
        if policy is None or policy.account not in (caller.account, AWS):
            raise AccessDenied(f"The session policy {arn} cannot be found.")
        passed.append(Named(arn, read(PolicyKind.IDENTITY, policy.document)))
    return tuple(passed)


def _overlaid(tags: Tags, session_tags: Tags) -> Tags:
    """Session tags win over those of role or user, whatever the case of their keys."""
    if not session_tags:
        return tags
    taken = {key.lower() for key, _ in session_tags}
    return (*(tag for tag in tags if tag[0].lower() not in taken), *session_tags)


class ControlLevels(Struct, frozen=True):
    service: tuple[Level, ...] = ()
    resource: tuple[Level, ...] = ()


_NO_LEVELS: Final = ControlLevels()


def control_levels(identity: IdentityState, account: str, read: Read) -> ControlLevels:
    """Service and resource control policies of `account`."""
    kept = identity.control_policies(account)
    if kept is None:
        return _NO_LEVELS
    return ControlLevels(
        _levels("SCP", kept.service, PolicyKind.SERVICE_CONTROL, read),
        _levels("RCP", kept.resource, PolicyKind.RESOURCE_CONTROL, read),
    )


def _levels(
    name: str, levels: tuple[tuple[str, ...], ...], kind: PolicyKind, read: Read
) -> tuple[Level, ...]:
    return tuple(
        tuple(
            Named(f"{name} {height}.{number}", read(kind, text)) for number, text in enumerate(level, start=1)
        )
        for height, level in enumerate(levels, start=1)
    )
