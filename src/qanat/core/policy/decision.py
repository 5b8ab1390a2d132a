"""What is asked of policy and what it answers, as values.

Invariant: a decision names its reason, and each statement that it rests on.
"""

from enum import StrEnum

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


class Named(Struct, frozen=True):
    """A policy with the name that decisions call it by."""

    name: str
    document: Document


class Policies(Struct, frozen=True):
    """All that applies to one request. `endpoint` is given exactly when the request came through an endpoint."""

    identity: tuple[Named, ...] = ()
    resource: Named | None = None
    endpoint: Named | None = None

    def __post_init__(self) -> None:
        # A document read without principals, taken for one with them, would speak of everyone.
        for named in self.identity:
            assert named.document.kind is PolicyKind.IDENTITY
        assert self.resource is None or self.resource.document.kind is PolicyKind.RESOURCE
        assert self.endpoint is None or self.endpoint.document.kind is PolicyKind.ENDPOINT


class Layer(StrEnum):
    """A kind of policy, as AWS's denial texts call it."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    ENDPOINT = "VPC endpoint policy"


class Reason(StrEnum):
    ALLOWED_BY_IDENTITY = "allowed by an identity-based policy"
    ALLOWED_BY_RESOURCE = "allowed by a resource-based policy"
    ALLOWED_BY_BOTH = "allowed across accounts by a resource-based and an identity-based policy"
    ALLOWED_AS_ROOT = "allowed as root of its own account"
    EXPLICIT_DENY_ENDPOINT = "denied by a VPC endpoint policy"
    EXPLICIT_DENY_RESOURCE = "denied by a resource-based policy"
    EXPLICIT_DENY_IDENTITY = "denied by an identity-based policy"
    IMPLICIT_DENY_ENDPOINT = "not allowed by the VPC endpoint policy"
    IMPLICIT_DENY_RESOURCE = "not allowed by a resource-based policy"
    IMPLICIT_DENY_IDENTITY = "not allowed by an identity-based policy"


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
    """Further statements an allow rests on: the identity policy's across accounts, the endpoint policy's."""
