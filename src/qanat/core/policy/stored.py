"""A policy as it is kept: its text, and whom the names in it meant when it was saved.

AWS turns the ARN of a user or role into its unique id when a policy is saved, and back when it is shown (IAM User
Guide, reference_policies_elements_principal): a user that was renamed goes on to be meant, and is shown by its new
ARN; once the principal is deleted the policy shows the id, and a namesake made later is not meant. A name that nobody
had when the policy was saved means whoever comes to have it.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from qanat.core.policy.document import parse
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.syntax import decode, encode

Ids = tuple[tuple[str, str], ...]
"""(principal ARN, unique id), sorted."""
UniqueIdOf = Callable[[str], str | None]
"""The unique id of the user or role that has this ARN now."""
ArnOf = Callable[[str], str | None]
"""The ARN that the user or role of this unique id has now; None where it is gone."""


class StoredPolicy(Struct, frozen=True, cache_hash=True):
    kind: PolicyKind
    text: str
    ids: Ids = ()


def bound_ids(text: str, kind: PolicyKind, unique_id_of: UniqueIdOf, before: Ids = ()) -> Ids:
    """Whom the names in `text` mean; those of `before` go on to mean whom they meant. Raises as `parse` does."""
    kept = dict(before)
    found: dict[str, str] = {}
    for arn in parse(text, kind).principal_arns:
        unique_id = kept.get(arn) or unique_id_of(arn)
        if unique_id is not None:
            found[arn] = unique_id
    return tuple(sorted(found.items()))


def shown(text: str, ids: Ids, arn_of: ArnOf) -> str:
    """`text` to the letter, unless somebody whom it names has another ARN now or is gone.

    Then the new ARN stands in the old one's place, or the unique id.
    """
    now = {arn: arn_of(unique_id) or unique_id for arn, unique_id in ids}
    if all(arn == called for arn, called in now.items()):
        return text
    tree = decode(text)
    assert isinstance(tree, dict), "it was understood when it was saved"
    statements = tree["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            principal = statement.get(element)
            if isinstance(principal, dict) and "AWS" in principal:
                principal["AWS"] = _replaced(principal["AWS"], now)
    return encode(tree)


def _replaced(node: object, now: Mapping[str, str]) -> object:
    if isinstance(node, list):
        return [_replaced(one, now) for one in node]
    return now.get(node, node) if isinstance(node, str) else node
