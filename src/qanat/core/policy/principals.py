"""The Principal and NotPrincipal elements (IAM User Guide, reference_policies_elements_principal).

Invariant: a principal names exactly one account, user, role, session or service, or everyone; never a pattern.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.names import ACCOUNT_ID, PARTITION, PARTITIONS, Arn, root_arn
from qanat.core.policy.errors import PolicyInvalid, quoted, shown
from qanat.core.policy.findings import PRINCIPAL_ARN_REPAIRED, Reading
from qanat.core.policy.syntax import known_members, texts_of

KINDS: Final = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_NAME: Final = r"[A-Za-z0-9_+=,.@-]+"
_USER: Final = re.compile(rf"user/(?:[!-~]+/)?{_NAME}\Z")
_ROLE: Final = re.compile(rf"role/(?:[!-~]+/)?{_NAME}\Z")
_SESSION: Final = re.compile(rf"assumed-role/(?P<role>{_NAME})/{_NAME}\Z")
_FEDERATED_USER: Final = re.compile(rf"federated-user/{_NAME}\Z")
# Printable, without white space and wildcards.
_FOREIGN: Final = re.compile(r"[!-)+->@-~]+\Z")


class Grade(IntEnum):
    """How a caller matches, which matters where a queue policy allows (IAM User Guide, evaluation logic)."""

    NONE = 0
    DELEGATED = 1
    """By its account: that account's own policies still have to allow."""
    LIMITED = 2
    """A session by the ARN of its role or user: the statement grants, as far as boundary and session policy allow."""
    DIRECT = 3
    """By name, or as everyone: the statement grants by itself."""


# Bound once: before Python 3.12 it takes ten times as long to find a member in its enum as a name.
_ACCOUNT: Final = PrincipalType.ACCOUNT
_ASSUMED_ROLE: Final = PrincipalType.ASSUMED_ROLE
_FEDERATED_USER_TYPE: Final = PrincipalType.FEDERATED_USER
_PROVIDER: Final = PrincipalType.PROVIDER
_SERVICE: Final = PrincipalType.SERVICE
_NONE: Final = Grade.NONE
_DELEGATED: Final = Grade.DELEGATED
_LIMITED: Final = Grade.LIMITED
_DIRECT: Final = Grade.DIRECT


@dataclass(slots=True)
class Principals:
    """One Principal or NotPrincipal element, compiled."""

    negated: bool
    denies: bool
    everyone: bool = False
    accounts: set[str] = field(default_factory=set)
    exact: set[str] = field(default_factory=set)
    """ARNs of users, role sessions and federated users."""
    roles: set[str] = field(default_factory=set)
    """ARNs of roles."""
    services: set[str] = field(default_factory=set)
    """Names such as `sns.amazonaws.com`."""
    providers: set[str] = field(default_factory=set)
    """What Federated names: ARNs of identity providers and names such as `accounts.google.com`."""
    sessions_of: set[tuple[str, str]] = field(default_factory=set)
    """(account, role name) of the sessions in `exact`."""
    ids: dict[str, str] = field(default_factory=dict)
    """ARN to the unique id that it meant when the policy was saved: the id is meant since then, whatever its ARN is
    now, and a namesake made later is not."""
    bound: set[str] = field(default_factory=set)
    """The unique ids in `ids`."""

    def match(self, caller: Caller) -> Grade:
        if self.negated:
            return _NONE if self._excepted(caller) else _DIRECT
        if self.everyone or self._named(caller):
            return _DIRECT
        if self._issuer_named(caller):
            return _LIMITED
        return _DELEGATED if caller.account in self.accounts else _NONE

    def _named(self, caller: Caller) -> bool:
        if caller.type is _SERVICE:
            return caller.arn in self.services
        if caller.type is _PROVIDER:
            return caller.arn in self.providers
        return self.names(caller.arn, caller.unique_id)

    def _issuer_named(self, caller: Caller) -> bool:
        """Whether the role that a session is of is named, or the user who asked for a federated session."""
        arn = caller.principal_arn
        if not arn:
            return False
        if caller.type is _ASSUMED_ROLE:
            # A session's id is its role's, a colon and the session's name.
            return self.names(arn, caller.unique_id.partition(":")[0])
        if caller.type is _FEDERATED_USER_TYPE and caller.session is not None:
            return self.names(arn, caller.session.issuer_id)
        return False

    def names(self, arn: str, unique_id: str) -> bool:
        """Whether the user, role or session that has this ARN and this id now is among those named."""
        return unique_id in self.bound or ((arn in self.exact or arn in self.roles) and arn not in self.ids)

    def all_names(self) -> frozenset[str] | None:
        """Every caller that `match` is not NONE of has one of these among its `names_of`. None: it may be anyone."""
        if self.negated or self.everyone:
            return None
        return frozenset().union(
            self.accounts, self.exact, self.roles, self.services, self.providers, self.bound
        )

    def _excepted(self, caller: Caller) -> bool:
        """Whether NotPrincipal names the caller: any of its principals suffices to withhold an Allow, but only all
        of them, the account among them, escape a Deny."""
        if self.everyone:
            return True
        if caller.type in (_SERVICE, _PROVIDER):
            return self._named(caller)
        account = caller.account in self.accounts
        if not self.denies:
            return account or self._named(caller) or self._issuer_named(caller)
        if not account or caller.type is _ACCOUNT:
            return account
        if caller.type is _ASSUMED_ROLE:
            session = caller.arn in self.exact or _role_of(caller) not in self.sessions_of
            return session and self._issuer_named(caller)
        return self._named(caller)


def names_of(caller: Caller) -> tuple[str, ...]:
    """All by which `match` finds a caller named: its account, its ARNs and ids, and those that it is a session of."""
    issuer_id = "" if caller.session is None else caller.session.issuer_id
    role_id = caller.unique_id.partition(":")[0]
    return caller.account, caller.arn, caller.principal_arn, caller.unique_id, role_id, issuer_id


def _role_of(caller: Caller) -> tuple[str, str]:
    # `assumed-role/ROLE/SESSION`; of a simulated session not even the name need be known.
    return caller.account, (*caller.arn.split("/"), "")[1]


def read_principals(node: object, path: str, reading: Reading, *, negated: bool, denies: bool) -> Principals:
    """`node` is what stands under Principal or NotPrincipal. Raises PolicyInvalid."""
    found = Principals(negated, denies)
    before = reading.principal_count
    if node == "*" or (reading.lenient and isinstance(node, str)):
        node = {"AWS": node}
    if not isinstance(node, dict):
        raise PolicyInvalid(f'must be "*" or an object such as {{"AWS": "*"}}, not {quoted(node)}', path)
    for kind, value in known_members(node, KINDS, path).items():
        for where, text in texts_of(value, f"{path}.{kind}"):
            reading.principal_count += 1
            try:
                _read(kind, text, where, found, reading)
            except PolicyInvalid:
                # Nobody is called so.
                if not reading.lenient:
                    raise
    if reading.principal_count == before:
        raise PolicyInvalid("names no principal", path)
    return found


def _read(kind: str, text: str, path: str, found: Principals, reading: Reading) -> None:
    if kind != "AWS":
        if not _FOREIGN.match(text):
            raise PolicyInvalid(f"{quoted(text)} is not the name of a {kind} principal", path)
        if kind == "Service":
            found.services.add(text)
        elif kind == "Federated":
            found.providers.add(text)
    elif text == "*":
        found.everyone = True
    elif ACCOUNT_ID.match(text):
        found.accounts.add(text)
    else:
        _read_arn(_repaired(text, path, reading), path, found, reading)


def _repaired(text: str, path: str, reading: Reading) -> str:
    """`arn:aws:iam:123456789012:user/MyUser`, as SQS's own documentation prints it, with the missing colon added."""
    parts = text.split(":")
    if (
        len(parts) != 5
        or parts[:2] != ["arn", PARTITION]
        or parts[2] not in _FORMS
        or not ACCOUNT_ID.match(parts[3])
    ):
        return text
    arn = str(Arn(PARTITION, parts[2], "", parts[3], parts[4]))
    message = (
        f"the principal {shown(text)} lacks the colon of the empty Region field; it is read as {shown(arn)}"
    )
    reading.find(PRINCIPAL_ARN_REPAIRED, message, path)
    return arn


def _read_arn(text: str, path: str, found: Principals, reading: Reading) -> None:
    if "*" in text or "?" in text:
        raise PolicyInvalid(f"{quoted(text)} has a wildcard; a principal is named whole, or is `*`", path)
    arn = Arn.parse(text)
    partitions = PARTITIONS if reading.lenient else {PARTITION}
    if arn is None or arn.partition not in partitions or arn.region or not ACCOUNT_ID.match(arn.account):
        raise PolicyInvalid(f"{quoted(text)} is not an account, a principal ARN or `*`", path)
    for form, add in _FORMS.get(arn.service, ()):
        if matched := form.match(arn.resource):
            add(found, arn, matched)
            break
    else:
        raise PolicyInvalid(f"{quoted(text)} is not the ARN of an account, user, role or session", path)
    if text != root_arn(arn.account):
        reading.principal_arns.add(text)
        if text in reading.bound:
            found.ids[text] = reading.bound[text]
            found.bound.add(reading.bound[text])


def _add_account(found: Principals, arn: Arn, _: re.Match[str]) -> None:
    found.accounts.add(arn.account)


def _add_exact(found: Principals, arn: Arn, _: re.Match[str]) -> None:
    found.exact.add(str(arn))


def _add_role(found: Principals, arn: Arn, _: re.Match[str]) -> None:
    found.roles.add(str(arn))


def _add_session(found: Principals, arn: Arn, matched: re.Match[str]) -> None:
    found.exact.add(str(arn))
    found.sessions_of.add((arn.account, matched["role"]))


_Form = tuple[re.Pattern[str], Callable[[Principals, Arn, re.Match[str]], None]]
_FORMS: Final[Mapping[str, tuple[_Form, ...]]] = {
    "iam": ((re.compile(r"root\Z"), _add_account), (_USER, _add_exact), (_ROLE, _add_role)),
    "sts": ((_SESSION, _add_session), (_FEDERATED_USER, _add_exact)),
}
