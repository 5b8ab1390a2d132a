"""Which policies speak of a user or a role: its own, those attached to it, those of its groups, its boundary.

Invariant: a policy that is attached but gone is never passed over, because what it denied must stay denied.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from qanat.core.errors import QanatError
from qanat.core.identity.model import Group, ManagedPolicy, Role, User


class PolicyMissing(QanatError):
    """A policy or a group that a principal refers to is not there: a bug of ours, and nothing can be judged."""

    code = "InternalFailure"


class Identity(Protocol):
    """What is read of the identity state."""

    def group(self, account: str, name: str) -> Group | None: ...

    def managed_policy(self, arn: str) -> ManagedPolicy | None: ...


class NamedText(NamedTuple):
    name: str
    """For messages: a managed policy's ARN, or `user/bob inline NAME`."""
    text: str


class EffectivePolicies(NamedTuple):
    identity: tuple[NamedText, ...]
    """Each once, in a fixed order: inline, attached, then group by group."""
    boundary: NamedText | None


def policies_of(principal: User | Role, identity: Identity) -> EffectivePolicies:
    """Raises PolicyMissing."""
    found = dict(_own(principal, identity))
    if isinstance(principal, User):
        for name in principal.groups:
            found.update(_own(_group(principal.account, name, identity), identity))
    boundary = None if principal.boundary is None else _managed(principal.boundary, identity)
    return EffectivePolicies(tuple(NamedText(name, text) for name, text in found.items()), boundary)


def _own(holder: User | Group | Role, identity: Identity) -> Iterator[NamedText]:
    for name, text in holder.policies:
        yield NamedText(f"{type(holder).__name__.lower()}/{holder.name} inline {name}", text)
    for arn in holder.attached:
        yield _managed(arn, identity)


def _group(account: str, name: str, identity: Identity) -> Group:
    group = identity.group(account, name)
    if group is None:
        raise PolicyMissing(f"The group {name}, which a user is in, cannot be found.")
    return group


def _managed(arn: str, identity: Identity) -> NamedText:
    policy = identity.managed_policy(arn)
    if policy is None:
        raise PolicyMissing(f"The policy {arn}, which is in use, cannot be found.")
    return NamedText(arn, policy.document)
