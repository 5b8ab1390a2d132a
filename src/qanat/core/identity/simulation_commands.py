"""What may be asked of IAM's policy simulator. Shapes were checked at the rim; what the texts mean is not."""

from msgspec import Struct

from qanat.core.identity.holders import HolderKind


class ContextEntry(Struct, frozen=True):
    """`kind` is a ContextKeyType: `string`, `ipList`, ..."""

    name: str
    values: tuple[str, ...]
    kind: str


class Exclusion(Struct, frozen=True):
    """Policies of a principal that are left out. Exactly one of the three ways to name them is given."""

    kind: str | None = None
    """A PolicyIdentifierPolicyType: `inline`, `aws-managed`, ..."""
    arn: str | None = None
    """Of managed policies; with wildcards in its last part."""
    inline: tuple[str, HolderKind, str] | None = None
    """Name of the policy, and whose it is by kind and name; wildcards in the latter name."""


class Simulate(Struct, frozen=True):
    """-> Page[ActionSimulated]."""

    account: str
    """The one that asks."""
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    policy_source: str | None = None
    """ARN of a user, group or role whose own policies take part."""
    policies: tuple[str, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    boundaries: tuple[str, ...] = ()
    service_control: tuple[tuple[str, ...], ...] = ()
    """Of a simulation without `policy_source`; a level each, from the organization's root down."""
    resource_policy: str | None = None
    resource_owner: str | None = None
    caller: str | None = None
    context: tuple[ContextEntry, ...] = ()
    marker: str | None = None
    max_items: int = 100


class GetContextKeys(Struct, frozen=True):
    """-> the condition keys that the policies read, tuple[str, ...]."""

    account: str
    policy_source: str | None = None
    policies: tuple[str, ...] = ()
