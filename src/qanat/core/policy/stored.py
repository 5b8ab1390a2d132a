"""A policy as it is kept: its text, and whom the names in it meant when it was saved.

AWS turns the ARN of a user or role into its unique id when a policy is saved (IAM User Guide,
reference_policies_elements_principal): once the principal is deleted the policy shows the id, and a namesake made
later is not meant. A name that nobody had when the policy was saved means whoever comes to have it.
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


class StoredPolicy(Struct, frozen=True):
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


def shown(text: str, ids: Ids, unique_id_of: UniqueIdOf) -> str:
    """`text` to the letter, unless somebody whom it names is gone: then with the unique id in that name's place."""
    gone = {arn: unique_id for arn, unique_id in ids if unique_id_of(arn) != unique_id}
    if not gone:
        return text
    tree = decode(text)
    assert isinstance(tree, dict), "it was understood when it was saved"
    statements = tree["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            principal = statement.get(element)
            if isinstance(principal, dict) and "AWS" in principal:
                principal["AWS"] = _replaced(principal["AWS"], gone)
    return encode(tree)


def _replaced(node: object, gone: Mapping[str, str]) -> object:
    if isinstance(node, list):
        return [_replaced(one, gone) for one in node]
    return gone.get(node, node) if isinstance(node, str) else node
