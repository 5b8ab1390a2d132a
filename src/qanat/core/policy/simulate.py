"""`qanat policy simulate`: one case in JSON, decided by the same evaluation that guards the server.

Invariant: a case is decided whole or answered with an error; it never raises and never touches another case.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal, get_args

import msgspec
from msgspec import Raw, Struct

from qanat.core.identity.model import Caller
from qanat.core.names import ACCOUNT_ID, Arn
from qanat.core.policy.actions import permission_of
from qanat.core.policy.decision import Decision, Level, Named, Policies, Request, StatementRef
from qanat.core.policy.document import Document, parse
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge, quoted
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.simulate_aws import (
    ALWAYS_ALLOWED,
    Answer,
    answer_of_aws,
    is_service_linked,
    is_trusting,
    needs_own_policy,
)
from qanat.core.policy.simulate_caller import (
    CaseInvalid,
    caller_named,
    context_filled,
    context_given,
)
from qanat.core.policy.sizes import PolicyKind

# Policies of earlier cases that are kept compiled; a file of cases mostly varies the request.
_DOCUMENTS_MAX: Final = 4_096

Expect = Literal["allowed", "implicit_deny", "explicit_deny"]
_DECISIONS: Final[tuple[Expect, ...]] = get_args(Expect)
_NOTHING: Final = Raw()
_BLANK: Final = re.compile(r"\s")
_STAR_IS_TEXT: Final = (
    "a request names one resource: a star or question mark in it is text here, not a pattern"
)
_NO_OBJECT: Final = re.compile(r"Expected `object`, got `(\w+)`\Z")
_ARTICLED: Final = {
    "array": "a list",
    "int": "a number",
    "float": "a number",
    "str": "a string",
    "bool": "true or false",
}


class Case(Struct, frozen=True, forbid_unknown_fields=True):
    """One line. A policy is an object, or a string that holds one."""

    id: str | int
    principal: str
    action: str
    resource: str
    resource_account: str | None = None
    context: dict[str, object] | None = None
    identity_policies: list[Raw] | None = None
    resource_policy: Raw = _NOTHING
    endpoint_policies: list[Raw] | None = None
    permissions_boundaries: list[Raw] | None = None
    session_policy: Raw = _NOTHING
    service_control_policies: list[list[Raw]] | None = None
    resource_control_policies: list[list[Raw]] | None = None
    expect: str | None = None
    comment: Raw = _NOTHING
    """For whoever reads the cases; anything."""


class _Id(Struct, frozen=True):
    id: str | int | None = None


class Shown(Struct, frozen=True):
    """A statement that the decision rests on."""

    layer: str
    policy: str
    """Where the case has it: `identity_policies[0]`."""
    index: int
    sid: str | None
    effect: Literal["Allow", "Deny"]


class Finding(Struct, frozen=True):
    """Why AWS would refuse a policy of the case that could be read all the same; or how else the case may mislead."""

    policy: str
    """The member of the case that it is about."""
    message: str


class Decided(Struct, frozen=True, omit_defaults=True):
    id: str | int
    decision: Expect
    reason: str
    statements: tuple[Shown, ...]
    findings: tuple[Finding, ...] = ()
    expected: Expect | None = None
    ok: bool | None = None
    """Whether it is as expected; absent where nothing was expected."""


class Failed(Struct, frozen=True):
    """A case that could not be decided."""

    id: str | int | None
    error: str


class Simulator:
    """Decides cases one by one and keeps their policies, compiled, for the next."""

    def __init__(self) -> None:
        self._documents: dict[tuple[PolicyKind, str], tuple[Document, str | None]] = {}
        self._decode = msgspec.json.Decoder(Case).decode

    def run(self, line: bytes) -> Decided | Failed:
        """The answer to one line of JSON."""
        try:
            case = self._decode(line)
        except msgspec.DecodeError as error:
            return Failed(_id_of(line), _told(error))
        except UnicodeDecodeError:
            return Failed(None, "the line is not UTF-8")
        except RecursionError:
            return Failed(None, "the case is nested too deep")
        try:
            return self._decide(case)
        except (CaseInvalid, PolicyInvalid, PolicyTooLarge) as error:
            return Failed(case.id, str(error))

    def _decide(self, case: Case) -> Decided:
        _check_request(case)
        expected = _expected(case)
        found: list[Finding] = []
        if case.resource != "*" and ("*" in case.resource or "?" in case.resource):
            found.append(Finding("resource", _STAR_IS_TEXT))
        action = permission_of(case.action)
        policies = self._policies(case, found)
        context = context_given(case.context or {})
        caller = caller_named(case.principal, context, _named_in(policies))
        if is_service_linked(caller):
            policies = msgspec.structs.replace(policies, service_control=(), resource_control=())
        account = _resource_account(case, caller)
        request = Request(caller, action, case.resource, account, context_filled(context, caller, account))
        answer = answer_of_aws(action, case.resource, caller)
        if answer is not ALWAYS_ALLOWED:
            answer = _overruled(authorize(request, policies), answer)
        return Decided(
            case.id,
            answer.decision,
            answer.reason,
            tuple(_shown(ref, answer.decision) for ref in answer.statements),
            tuple(found),
            expected,
            None if expected is None else expected == answer.decision,
        )

    def _policies(self, case: Case, found: list[Finding]) -> Policies:
        resource = None
        if _given(case.resource_policy):
            kind = _kind_of_resource(case)
            resource = self._read(case.resource_policy, kind, "resource_policy", found)
        session: Level = ()
        if _given(case.session_policy):
            session = (self._read(case.session_policy, PolicyKind.SESSION, "session_policy", found),)

        def level(documents: list[Raw] | None, kind: PolicyKind, member: str) -> Level:
            return tuple(
                self._read(raw, kind, f"{member}[{index}]", found)
                for index, raw in enumerate(documents or ())
            )

        def levels(documents: list[list[Raw]] | None, kind: PolicyKind, member: str) -> tuple[Level, ...]:
            return tuple(
                level(raws, kind, f"{member}[{index}]") for index, raws in enumerate(documents or ())
            )

        return Policies(
            identity=level(case.identity_policies, PolicyKind.IDENTITY, "identity_policies"),
            resource=resource,
            endpoints=level(case.endpoint_policies, PolicyKind.ENDPOINT, "endpoint_policies"),
            boundaries=level(case.permissions_boundaries, PolicyKind.IDENTITY, "permissions_boundaries"),
            session=session,
            service_control=levels(
                case.service_control_policies, PolicyKind.SERVICE_CONTROL, "service_control_policies"
            ),
            resource_control=levels(
                case.resource_control_policies, PolicyKind.RESOURCE_CONTROL, "resource_control_policies"
            ),
            resource_must_allow=needs_own_policy(case.action, case.resource),
        )

    def _read(self, raw: Raw, kind: PolicyKind, member: str, found: list[Finding]) -> Named:
        text = _text_of(raw)
        kept = self._documents.get((kind, text))
        if kept is None:
            kept = _parsed(text, kind, member)
            if len(self._documents) >= _DOCUMENTS_MAX:
                self._documents.clear()
            self._documents[kind, text] = kept
        document, refusal = kept
        if refusal is not None:
            found.append(Finding(member, refusal))
        return Named(member, document)


def _parsed(text: str, kind: PolicyKind, member: str) -> tuple[Document, str | None]:
    """The policy, and why AWS would refuse it."""
    try:
        return parse(text, kind), None
    except (PolicyInvalid, PolicyTooLarge) as error:
        refusal = str(error)
    # A queue's policy names queues' actions only; what it means is the same.
    try:
        return parse(text, kind, lenient=True), refusal
    except (PolicyInvalid, PolicyTooLarge) as error:
        raise CaseInvalid(f"{member}: {error}") from None


def _overruled(decision: Decision, answer: Answer | None) -> Answer:
    """What was decided, unless it was allowed and `answer` is AWS's own no."""
    if answer is not None and decision.allowed:
        return answer
    refs = decision.others if decision.statement is None else (decision.statement, *decision.others)
    if decision.allowed:
        return Answer("allowed", decision.reason, refs)
    explicit = decision.reason.name.startswith("EXPLICIT_")
    return Answer("explicit_deny" if explicit else "implicit_deny", decision.reason, refs)


def _shown(ref: StatementRef, decision: Expect) -> Shown:
    effect: Literal["Allow", "Deny"] = "Allow" if decision == "allowed" else "Deny"
    return Shown(ref.layer, ref.policy, ref.index, ref.sid, effect)


def _check_request(case: Case) -> None:
    service, colon, name = case.action.partition(":")
    if not colon or not service or not name or _BLANK.search(case.action):
        raise CaseInvalid(f"action: {quoted(case.action)} is not an action such as sqs:SendMessage")
    if "*" in case.action or "?" in case.action:
        raise CaseInvalid(f"action: {quoted(case.action)} is a pattern; a request is for one action")
    if case.resource != "*" and Arn.parse(case.resource) is None:
        raise CaseInvalid(f"resource: {quoted(case.resource)} is neither an ARN nor `*`")
    if case.resource_account is not None and not ACCOUNT_ID.match(case.resource_account):
        raise CaseInvalid(f"resource_account: {quoted(case.resource_account)} is not an account of 12 digits")


def _expected(case: Case) -> Expect | None:
    if case.expect is None:
        return None
    for decision in _DECISIONS:
        if case.expect == decision:
            return decision
    raise CaseInvalid(f"expect: {quoted(case.expect)} is none of {', '.join(_DECISIONS)}")


def _resource_account(case: Case, caller: Caller) -> str:
    """Empty where nothing tells it."""
    if case.resource_account is not None:
        return case.resource_account
    arn = Arn.parse(case.resource)
    # S3's ARNs have no account, and that of IAM's own policies is `aws`: they are everybody's.
    own = arn is not None and ACCOUNT_ID.match(arn.account)
    account = arn.account if arn is not None and own else caller.account
    # Whoever has no account of its own says nothing of whose the resource is.
    return account if ACCOUNT_ID.match(account) else ""


def _kind_of_resource(case: Case) -> PolicyKind:
    if is_trusting(case.action, case.resource):
        return PolicyKind.TRUST
    arn = Arn.parse(case.resource)
    return PolicyKind.RESOURCE if arn is not None and arn.service == "sqs" else PolicyKind.OTHER_RESOURCE


def _named_in(policies: Policies) -> Iterator[str]:
    for policy in policies.all():
        yield from sorted(policy.document.principal_arns)


def _given(raw: Raw) -> bool:
    return bytes(raw) not in {b"", b"null"}


def _text_of(raw: Raw) -> str:
    data = bytes(raw)
    return msgspec.json.decode(data, type=str) if data.startswith(b'"') else data.decode()


def _told(error: msgspec.DecodeError) -> str:
    """What is wrong with a line that is no case, for whoever wrote it."""
    text = str(error)
    if text == "Input data was truncated":
        return "the JSON does not end on this line; a case is one object on one line"
    if found := _NO_OBJECT.match(text):
        return f"a case is one object on one line, not {_ARTICLED.get(found[1], found[1])}"
    return text


def _id_of(line: bytes) -> str | int | None:
    """The id of a line that is no case, where it has one."""
    try:
        return msgspec.json.decode(line, type=_Id).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
