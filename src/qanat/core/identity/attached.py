"""The policies of a user, group or role one by one, as the policy simulator tells them apart and leaves some out."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from qanat.core.identity.aws_managed import AWS
from qanat.core.identity.effective import PolicyMissing
from qanat.core.identity.errors import InvalidInput
from qanat.core.identity.holders import HolderKind, existing_holder
from qanat.core.identity.model import User
from qanat.core.identity.simulation_commands import Exclusion
from qanat.core.identity.store import Holder, IdentityStore
from qanat.core.names import Arn
from qanat.core.policy.glob import Style, fits
from qanat.core.policy.variables import pieces

_INLINE: Final = "inline"
_BOUNDARY: Final = "permission-boundary"
_SERVICE_CONTROL: Final = "scp"


class Attached(Struct, frozen=True):
    """`arn` of a managed policy; `holder` of an inline one."""

    source_id: str
    """As AWS's simulator calls it."""
    text: str
    kind: str
    name: str
    arn: str | None = None
    holder: tuple[HolderKind, str] | None = None


def attached_to(holder: Holder, store: IdentityStore) -> Iterator[Attached]:
    """All that speak of it, each once: of a user, those of its groups too. Raises PolicyMissing."""
    holders = [holder]
    if isinstance(holder, User):
        holders += [existing_holder(store, HolderKind.GROUP, holder.account, name) for name in holder.groups]
    seen: set[str] = set()
    for one in holders:
        kind = HolderKind(type(one).__name__.lower())
        for name, text in one.policies:
            yield Attached(f"{kind}_{one.name}_{name}", text, _INLINE, name, holder=(kind, one.name))
        for arn in one.attached:
            if arn not in seen:
                seen.add(arn)
                yield managed(arn, store)


def managed(arn: str, store: IdentityStore) -> Attached:
    """Raises PolicyMissing."""
    policy = store.managed_policy(arn)
    if policy is None:
        raise PolicyMissing(f"The policy {arn}, which is in use, cannot be found.")
    kind = "aws-managed" if policy.account == AWS else "user-managed"
    return Attached(policy.name, policy.document, kind, policy.name, arn)


class Exclusions:
    """Raises InvalidInput where an ARN is none, or has wildcards where it may not."""

    def __init__(self, given: tuple[Exclusion, ...]) -> None:
        self._kinds = {one.kind for one in given if one.kind is not None}
        self._arns = [_arn_pattern(one.arn) for one in given if one.arn is not None]
        self._inline = [one.inline for one in given if one.inline is not None]

    def leave_out_boundary(self, one: Attached) -> bool:
        return _BOUNDARY in self._kinds or self._by_arn(one)

    def leave_out_service_control(self) -> bool:
        return _SERVICE_CONTROL in self._kinds

    def leave_out(self, one: Attached) -> bool:
        if one.kind in self._kinds or self._by_arn(one):
            return True
        if one.holder is None:
            return False
        kind, holder = one.holder
        return any((name, of) == (one.name, kind) and _fits(wild, holder) for name, of, wild in self._inline)

    def _by_arn(self, one: Attached) -> bool:
        return one.arn is not None and any(_fits(wild, one.arn) for wild in self._arns)


def _arn_pattern(text: str) -> str:
    arn = Arn.parse(text)
    if arn is None or arn.service != "iam" or not arn.resource.startswith("policy/"):
        raise InvalidInput(f"Invalid policy identifier: {text} is not the ARN of a managed policy.")
    head, _, name = text.rpartition("/")
    if name.count("*") > 1 or "*" in head or "?" in head:
        raise InvalidInput(f"Invalid policy identifier: {text} may have wildcards in its name, `*` once.")
    return text


def _fits(wild: str, text: str) -> bool:
    return fits(pieces(wild, wildcards=True), Style.TEXT, text)
