"""Why a Principal or NotPrincipal does not name the caller, or names it where that surprises."""

from collections.abc import Sequence
from typing import Final

from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.names import Arn, root_arn
from qanat.core.policy.principals import Grade, Principals
from qanat.core.policy.trace.model import Element
from qanat.core.policy.trace.words import listed

_ACCOUNTLESS: Final = frozenset({PrincipalType.ANONYMOUS, PrincipalType.SERVICE})


def seen_as(caller: Caller) -> str:
    return "anonymous" if caller.type is PrincipalType.ANONYMOUS else caller.arn


def principal_element(
    principals: Principals, name: str, texts: Sequence[str], caller: Caller, *, matched: bool
) -> Element:
    """`matched` as the evaluation has it: a NotPrincipal of a Deny may match whoever has a boundary."""
    why, near = "", False
    if principals.negated:
        why = _of_complement(principals, caller, matched=matched)
    elif matched:
        if principals.match(caller) is Grade.DELEGATED:
            why = "it names the account, which leaves it to the account's own policies"
        elif not principals.everyone:
            why = _renamed(principals, caller)
    else:
        why, near = _missed(principals, texts, caller)
    return Element(name, matched, tuple(texts), seen_as(caller), why, near)


def _of_complement(principals: Principals, caller: Caller, *, matched: bool) -> str:
    if not matched:
        return "it names the caller, so the statement does not speak of it"
    if not principals.denies or caller.type in _ACCOUNTLESS:
        return ""
    if principals.match(caller) is Grade.NONE:
        return "whoever has a permissions boundary is denied, though it is named"
    missing = unexcepted(principals, caller)
    named = caller.account in principals.accounts or any(
        principals.names(*one) for one in _identities(caller)
    )
    return f"to be left out of a Deny, {listed(missing, 'and')} would have to be named too" if named else ""


def unexcepted(principals: Principals, caller: Caller) -> list[str]:
    """What the NotPrincipal of a Deny does not name and would have to, so that it leaves the caller out."""
    wanted = [root_arn(caller.account)] if caller.account not in principals.accounts else []
    if caller.type is PrincipalType.ASSUMED_ROLE:
        wanted += [
            arn for arn, unique_id in reversed(_identities(caller)) if not principals.names(arn, unique_id)
        ]
    elif caller.type is not PrincipalType.ACCOUNT and not principals.names(caller.arn, caller.unique_id):
        wanted.append(caller.arn)
    return wanted


def _renamed(principals: Principals, caller: Caller) -> str:
    """Of a caller who is named by an ARN that it had before."""
    for arn, unique_id in _identities(caller):
        for before, bound in principals.ids.items():
            if bound == unique_id and before != arn:
                return f"{before} was saved as {bound}, which is {arn} now"
    return ""


def _missed(principals: Principals, texts: Sequence[str], caller: Caller) -> tuple[str, bool]:
    if caller.type is PrincipalType.ANONYMOUS:
        return "the request is not signed, and this names only those who sign", False
    if caller.type is PrincipalType.SERVICE:
        return f"it does not name the service {caller.arn}", False
    for arn, unique_id in _identities(caller):
        bound = principals.ids.get(arn)
        if arn in principals.exact | principals.roles and bound not in (None, unique_id):
            why = (
                f"{arn} was deleted and made again: the policy means {bound}, whom it had when it was saved, and the "
                f"caller is {unique_id}; save the policy again"
            )
            return why, True
    for text in texts:
        why = _near_miss(text, caller)
        if why:
            return why, True
    return f"it does not name {caller.arn}", False


def _identities(caller: Caller) -> list[tuple[str, str]]:
    """The ARNs by which the caller may be named, with their unique ids."""
    found = [(caller.arn, caller.unique_id)]
    if caller.type is PrincipalType.ASSUMED_ROLE:
        found.append((caller.principal_arn, caller.unique_id.partition(":")[0]))
    elif caller.principal_arn and caller.session is not None:
        found.append((caller.principal_arn, caller.session.issuer_id))
    return found


def _near_miss(text: str, caller: Caller) -> str:
    """Why `text` means somebody else, where the two look alike."""
    named = Arn.parse(text)
    for arn in filter(None, (caller.arn, caller.principal_arn)):
        own = Arn.parse(arn)
        if named is None or own is None or own.service != named.service:
            continue
        if text.lower() == arn.lower():
            return f"{text} differs from {arn} in upper and lower case"
        if named.account != own.account and named.resource == own.resource:
            return f"{text} is of account {named.account}, the caller of {own.account}"
        if named.account == own.account:
            why = _alike_within_account(named.resource, own.resource)
            if why:
                return f"{text} {why}"
    return ""


def _alike_within_account(named: str, own: str) -> str:
    kind, _, rest = own.partition("/")
    named_kind, _, named_rest = named.partition("/")
    if kind != named_kind:
        return ""
    if kind == "assumed-role":
        if named_rest.partition("/")[0] == rest.partition("/")[0]:
            return "is another session of that role; the role's own ARN names every session"
        return ""
    if named_rest.rpartition("/")[2].lower() == rest.rpartition("/")[2].lower():
        return f"differs from {own} in its path"
    return ""
