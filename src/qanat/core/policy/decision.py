"""What is asked of policy and what it answers, as values.

Invariant: a decision names its reason, and each statement that it rests on.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from msgspec import Struct

from qanat.core.identity.model import Caller
from qanat.core.policy.document import Document
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.variables import Context


class Request(Struct, frozen=True):
    """One action on one resource, with its context."""

    caller: Caller
    action: str
    """As AWS writes it: `sqs:SendMessage`."""
    resource: str
    """An ARN, or `*` for actions that name none."""
    resource_account: str
    """Twelve digits: whose the resource is, or where the action takes place."""
    context: Context
    """Keys in lower case; a tuple is a multivalued key."""


class Named(Struct, frozen=True, cache_hash=True):
    """A policy with the name that decisions call it by."""

    name: str
    document: Document


Level = tuple[Named, ...]

# Bound once: before Python 3.12 it takes ten times as long to find a member in its enum as a name.
_ENDPOINT: Final = PolicyKind.ENDPOINT


class Policies(Struct, frozen=True):
    """All that applies to one request.

    An empty tuple is the absence of that layer, which then neither filters nor grants; within a layer any of its
    policies may allow.
    """

    identity: tuple[Named, ...] = ()
    """The caller's own and its groups'."""
    resource: Named | None = None
    """The queue's policy, or the trust policy of the role that is to be assumed."""
    endpoints: tuple[Named, ...] = ()
    """Of the VPC endpoint that the request came through."""
    boundaries: tuple[Named, ...] = ()
    session: tuple[Named, ...] = ()
    """What was passed when the session was made."""
    service_control: tuple[Level, ...] = ()
    """Of the caller's account: every level, from the organization's root down, must allow."""
    resource_control: tuple[Level, ...] = ()
    """Of the resource's account. AWS keeps RCPFullAWSAccess attached to every level, so they only deny."""
    resource_must_allow: bool = False
    """Identity policies count only where the resource's own policy lets them: a role's trust policy, a KMS key."""

    def __post_init__(self) -> None:
        # A document read without principals, taken for one with them, would speak of everyone.
        for named in (*self.identity, *self.boundaries, *self.session):
            assert named.document.without_principal
        assert self.resource is None or self.resource.document.kind in _OF_RESOURCES
        for named in self.endpoints:
            assert named.document.kind is _ENDPOINT

    def all(self) -> Iterator[Named]:
        yield from self.identity
        yield from self.boundaries
        yield from self.session
        for level in self.service_control:
            yield from level
        yield from self.beside_the_caller()

    def beside_the_caller(self) -> Iterator[Named]:
        """Those that do not come with the caller."""
        if self.resource is not None:
            yield self.resource
        yield from self.endpoints
        for level in self.resource_control:
            yield from level


_OF_RESOURCES: Final = frozenset({PolicyKind.RESOURCE, PolicyKind.TRUST, PolicyKind.OTHER_RESOURCE})


class Layer(StrEnum):
    """A kind of policy, as AWS's denial texts call it."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    TRUST = "role trust policy"
    ENDPOINT = "VPC endpoint policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    SERVICE_CONTROL = "service control policy"
    RESOURCE_CONTROL = "resource control policy"


class Reason(StrEnum):
    ALLOWED_BY_IDENTITY = "allowed by an identity-based policy"
    ALLOWED_BY_RESOURCE = "allowed by a resource-based policy"
    ALLOWED_BY_BOTH = "allowed by a resource-based and an identity-based policy, which both had to"
    ALLOWED_AS_ROOT = "allowed as root of its own account"
    EXPLICIT_DENY_SERVICE_CONTROL = "denied by a service control policy"
    EXPLICIT_DENY_RESOURCE_CONTROL = "denied by a resource control policy"
    EXPLICIT_DENY_ENDPOINT = "denied by a VPC endpoint policy"
    EXPLICIT_DENY_RESOURCE = "denied by a resource-based policy"
    EXPLICIT_DENY_TRUST = "denied by the role trust policy"
    EXPLICIT_DENY_IDENTITY = "denied by an identity-based policy"
    EXPLICIT_DENY_BOUNDARY = "denied by a permissions boundary"
    EXPLICIT_DENY_SESSION = "denied by a session policy"
    IMPLICIT_DENY_SERVICE_CONTROL = "not allowed by the service control policies"
    IMPLICIT_DENY_ENDPOINT = "not allowed by the VPC endpoint policy"
    IMPLICIT_DENY_RESOURCE = "not allowed by a resource-based policy"
    IMPLICIT_DENY_TRUST = "not allowed by the role trust policy"
    IMPLICIT_DENY_IDENTITY = "not allowed by an identity-based policy"
    IMPLICIT_DENY_BOUNDARY = "not allowed by the permissions boundary"
    IMPLICIT_DENY_SESSION = "not allowed by the session policy"


class StatementRef(Struct, frozen=True):
    """Where to find one statement; `index` counts from 0."""

    layer: Layer
    policy: str
    index: int
    sid: str | None


class Decision(Struct, frozen=True):
    """`statement` decided: it denied, or it granted; None where no statement allowed, or root needed none."""

    allowed: bool
    reason: Reason
    statement: StatementRef | None = None
    others: tuple[StatementRef, ...] = ()
    """Further statements an allow rests on: the identity policy's where both must, and of every layer that
    filters."""
