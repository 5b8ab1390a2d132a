"""A policy document: its text to the letter, and its statements compiled.

Invariant: a Document exists only for text that was understood whole; everything else is PolicyInvalid or
PolicyTooLarge.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from qanat.core.policy.errors import DUPLICATE_SID, VERSION, PolicyInvalid, quoted
from qanat.core.policy.findings import MISSING_VERSION, NO_ALLOW, Finding, Reading
from qanat.core.policy.sizes import (
    CONDITIONS_MAX,
    PRINCIPALS_MAX,
    STATEMENTS_MAX,
    WITHOUT_PRINCIPAL,
    PolicyKind,
    check_count,
    check_length,
    check_size,
)
from qanat.core.policy.statement import Effect, Statement, read_statement
from qanat.core.policy.syntax import decode, each, known_members, text_of

__all__ = ["DEFAULT_VERSION", "VARIABLES_VERSION", "Document", "Finding", "PolicyKind", "parse"]

DEFAULT_VERSION: Final = "2008-10-17"
VARIABLES_VERSION: Final = "2012-10-17"

ELEMENTS: Final = frozenset({"Version", "Id", "Statement"})
# IAM's own kinds have no Id (IAM User Guide, reference_policies_elements_id).
ELEMENTS_OF: Final = {kind: ELEMENTS - {"Id"} for kind in WITHOUT_PRINCIPAL}
# IAM User Guide, reference_iam-quotas: the characters that IAM takes in a policy of its own.
_IN_IAM: Final = WITHOUT_PRINCIPAL | {PolicyKind.TRUST}
_NOT_IAM_CHARACTER: Final = re.compile("[^\t\n\r -\u00ff]")
_UNBOUND: Final[Mapping[str, str]] = MappingProxyType({})
# There are fewer actions than this; the bound is for callers who ask for made-up ones.
_ACTIONS_KEPT_MAX: Final = 256

ByEffect = tuple[tuple[Statement, ...], tuple[Statement, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    text: str
    """As it was given."""
    kind: PolicyKind
    version: str
    statements: tuple[Statement, ...]
    findings: tuple[Finding, ...]
    keys_read: frozenset[str]
    """Lower-case condition keys that conditions or policy variables read; nothing else of a context matters."""
    principal_arns: frozenset[str]
    """ARNs of the users, roles and sessions named, as they are read."""
    without_principal: bool
    """Whether its kind has no Principal, so that it speaks of whom it is attached to."""
    _by_action: dict[str, ByEffect] = field(default_factory=dict, repr=False)

    def for_action(self, action: str) -> ByEffect:
        """The Deny and the Allow statements whose Action matches `action`, which is in lower case."""
        kept = self._by_action.get(action)
        if kept is not None:
            return kept
        matching = [statement for statement in self.statements if statement.actions.match(action, _UNBOUND)]
        found = (
            tuple(statement for statement in matching if statement.effect is Effect.DENY),
            tuple(statement for statement in matching if statement.effect is Effect.ALLOW),
        )
        if len(self._by_action) < _ACTIONS_KEPT_MAX:
            self._by_action[action] = found
        return found


def parse(
    text: str, kind: PolicyKind, bound: Mapping[str, str] = _UNBOUND, *, lenient: bool = False
) -> Document:
    """Reads and compiles a policy.

    `bound` maps a principal's ARN to the unique id that it meant when the policy was saved: that ARN then matches
    only that id.

    `lenient` is for simulations and never for a policy that is stored: it reads what AWS refuses and yet can mean but
    one thing. Limits and spellings are let pass; an action, a resource or a principal that nothing can have matches
    nothing; a statement without Principal speaks of nobody in a resource's policy, and of everyone in one that
    filters; an identity policy's Principal is not looked at. Raises PolicyInvalid and PolicyTooLarge.
    """
    if lenient:
        check_length(text)
    else:
        check_size(text, kind)
        _check_characters(text, kind)
    elements = known_members(decode(text), ELEMENTS if lenient else ELEMENTS_OF.get(kind, ELEMENTS), "")
    version = _version(elements)
    reading = Reading(kind, variables=version == VARIABLES_VERSION, bound=bound, lenient=lenient)
    _note_version(elements, reading)
    statements = _statements(elements, reading)
    if not lenient:
        _check_counts(statements, reading)
    return Document(
        text=text,
        kind=kind,
        version=version,
        statements=statements,
        findings=tuple(reading.findings),
        keys_read=frozenset(reading.keys),
        principal_arns=frozenset(reading.principal_arns),
        without_principal=kind in WITHOUT_PRINCIPAL,
    )


def _check_characters(text: str, kind: PolicyKind) -> None:
    if kind in _IN_IAM and (found := _NOT_IAM_CHARACTER.search(text)):
        raise PolicyInvalid(f"{quoted(found[0])} is outside the characters that IAM takes (up to U+00FF)")


def _version(elements: dict[str, object]) -> str:
    if "Id" in elements:
        text_of(elements["Id"], "Id")
    if "Version" not in elements:
        return DEFAULT_VERSION
    version = text_of(elements["Version"], "Version")
    if version not in {DEFAULT_VERSION, VARIABLES_VERSION}:
        detail = f"must be {VARIABLES_VERSION} or {DEFAULT_VERSION}, not {quoted(version)}"
        raise PolicyInvalid(detail, "Version", VERSION)
    return version


def _note_version(elements: dict[str, object], reading: Reading) -> None:
    if "Version" not in elements:
        message = (
            "Missing version: We recommend that you specify the Version element to help you with debugging "
            "permission issues."
        )
        reading.find(MISSING_VERSION, message)


def _statements(elements: dict[str, object], reading: Reading) -> tuple[Statement, ...]:
    if "Statement" not in elements:
        raise PolicyInvalid("the policy has no Statement")
    nodes = each(elements["Statement"], "Statement")
    if not nodes and not reading.lenient:
        raise PolicyInvalid("the list of statements is empty", "Statement")
    if reading.kind is PolicyKind.RESOURCE and not reading.lenient:
        check_count(len(nodes), STATEMENTS_MAX, "statements")
    statements = tuple(read_statement(node, index, path, reading) for index, (path, node) in enumerate(nodes))
    if reading.kind in _IN_IAM and not reading.lenient:
        _check_sids(statements)
    if reading.kind is PolicyKind.ENDPOINT and all(found.effect is Effect.DENY for found in statements):
        reading.find(
            NO_ALLOW, "no statement allows anything, so every request through the endpoint is denied"
        )
    return statements


def _check_sids(statements: tuple[Statement, ...]) -> None:
    seen: set[str] = set()
    for statement in statements:
        if statement.sid and statement.sid in seen:
            raise PolicyInvalid(
                f"{quoted(statement.sid)} is used twice", f"Statement[{statement.index}].Sid", DUPLICATE_SID
            )
        seen.add(statement.sid or "")


def _check_counts(statements: tuple[Statement, ...], reading: Reading) -> None:
    if reading.kind is PolicyKind.RESOURCE:
        check_count(reading.principal_count, PRINCIPALS_MAX, "principals")
        check_count(reading.condition_count, CONDITIONS_MAX, "conditions")
