"""IAM's policy simulator: which policies, whose caller and what context a simulation has, and its answer page by page.

Invariant: nothing that is given here is kept, and what one call costs is bounded whatever it holds.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from qanat.core.identity.attached import Attached, Exclusions, attached_to, managed
from qanat.core.identity.errors import InvalidInput, NoSuchEntity
from qanat.core.identity.holders import HolderKind, existing_holder
from qanat.core.identity.model import Caller, Group, PrincipalType, caller_of
from qanat.core.identity.simulation_commands import GetContextKeys, Simulate
from qanat.core.identity.simulation_context import Context, context_of_entries, facts_of
from qanat.core.identity.simulation_names import account_of, check_asked, entity_of, owner_of, unclear
from qanat.core.identity.store import Holder, IdentityStore
from qanat.core.page import Page, page
from qanat.core.part import Handlers
from qanat.core.policy.context_keys import context_keys
from qanat.core.policy.document import Document, PolicyKind, parse
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge
from qanat.core.policy.simulate_aws import needs_own_policy
from qanat.core.policy.simulate_caller import CaseInvalid, caller_named
from qanat.core.policy.simulator import (
    Asked,
    Layers,
    Matched,
    Simulated,
    Source,
    SourceType,
    Verdict,
    severest,
    simulate,
    source,
    weight,
    wildcards,
)

# Of ours. Four users with all that their policies and their groups' may hold.
_CHARACTERS_MAX: Final = 524_288
# Of ours: reading one takes some 20 microseconds where they stand close, and real policies have them sparsely.
_WILDCARDS_MAX: Final = 10_000
# Of ours: characters of statements tried and of answers. They take some milliseconds as a rule, and a second where
# policies were written to hurt.
_WEIGHT_MAX: Final = 2_000_000
# What an answer holds for a resource apart from names and statements.
_RESULT_CHARACTERS: Final = 300


class ActionSimulated(Struct, frozen=True):
    """What became of one action. `missing` are the context keys that its policies read and nothing gave."""

    action: str
    resources: tuple[Simulated, ...]
    missing: tuple[str, ...]

    @property
    def on_everything(self) -> bool:
        """Whether no resource was named."""
        return [one.resource for one in self.resources] == ["*"]

    @property
    def verdict(self) -> Verdict:
        """The severest of its resources."""
        return severest(one.verdict for one in self.resources)

    @property
    def matched(self) -> tuple[Matched, ...]:
        """Of all resources, those that brought the verdict about; each once."""
        verdict = self.verdict
        if verdict is Verdict.IMPLICIT_DENY:
            return ()
        return tuple(
            dict.fromkeys(m for one in self.resources if one.verdict is verdict for m in one.matched)
        )


class _Subject(Struct, frozen=True):
    """Whose policies take part: of nobody where all are given as texts."""

    account: str
    policies: tuple[Attached, ...] = ()
    boundary: Attached | None = None
    service_control: tuple[tuple[str, ...], ...] = ()


class Simulations:
    def __init__(self, store: IdentityStore) -> None:
        self._store = store
        self.handlers: Handlers = {Simulate: self._simulate, GetContextKeys: self._context_keys}

    def _context_keys(self, command: GetContextKeys, now_ms: int) -> tuple[str, ...]:
        texts = list(command.policies)
        if command.policy_source is not None:
            holder = self._policy_source(command.account, command.policy_source)
            texts = [one.text for one in attached_to(holder, self._store)] + texts
        _check_length(tuple(texts))
        for number, text in enumerate(command.policies, start=1):
            _read(text, PolicyKind.IDENTITY, f"PolicyInputList.{number}")
        return context_keys(texts)

    def _simulate(self, command: Simulate, now_ms: int) -> Page[ActionSimulated]:
        check_asked(command)
        subject = self._subject(command)
        caller = self._caller(command)
        layers = _layers(command, subject)
        owner = owner_of(command, command.account if caller is None else caller.account)
        given = {**self._facts(caller, command.policy_source), **context_of_entries(command.context)}
        asked = {
            resource: _Target(resource, caller, account_of(resource, owner), given)
            for resource in command.resources
        }
        keys = context_keys(one.document.text for one in (*layers.identity, *_optional(layers.resource)))
        some = next(iter(asked.values()))
        missing = tuple(key for key in keys if key.lower() not in some.context)
        answered = sum(len(resource) + _RESULT_CHARACTERS for resource in command.resources)
        answered += len(command.resources) * sum(map(len, missing))
        numbered = list(enumerate(command.actions))
        wanted = page(numbered, lambda one: f"{one[0]:06d}", command.marker, command.max_items).items
        fitting = _fitting(command, [action for _, action in wanted], layers, answered)
        found = page(numbered, lambda one: f"{one[0]:06d}", command.marker, fitting)
        return Page(
            tuple(
                ActionSimulated(
                    action,
                    tuple(asked[one].simulated(action, layers, command) for one in command.resources),
                    missing,
                )
                for _, action in found.items
            ),
            found.next_token,
        )

    def _subject(self, command: Simulate) -> _Subject:
        exclusions = Exclusions(command.exclusions)
        if command.policy_source is None:
            return _Subject(command.account, service_control=command.service_control)
        holder = self._policy_source(command.account, command.policy_source)
        policies = tuple(one for one in attached_to(holder, self._store) if not exclusions.leave_out(one))
        boundary = None
        if not isinstance(holder, Group) and holder.boundary is not None:
            boundary = managed(holder.boundary, self._store)
            if exclusions.leave_out_boundary(boundary):
                boundary = None
        kept = self._store.control_policies.get(holder.account)
        levels = () if kept is None or exclusions.leave_out_service_control() else kept.service
        return _Subject(holder.account, policies, boundary, levels)

    def _policy_source(self, account: str, text: str) -> Holder:
        """Raises InvalidInput, in AWS's words as they were recorded, and NoSuchEntity."""
        arn, kind, name = entity_of(text)
        if arn.account != account:
            raise InvalidInput(
                f"Invalid Policy Source Arn: caller's account {account} does not have access to policies in "
                f"account {arn.account}"
            )
        holder = existing_holder(self._store, kind, account, name)
        # Leave was asked for on this ARN, path included: nobody else may be meant by it.
        if holder.arn != text:
            raise NoSuchEntity(f"The {kind} with name {name} cannot be found.")
        return holder

    def _caller(self, command: Simulate) -> Caller | None:
        """Who is to make the requests; nobody in particular where that is not said. Raises InvalidInput."""
        text = command.caller or command.policy_source
        kind = None if text is None else entity_of(text)[1]
        if command.resource_policy is not None and kind is not HolderKind.USER:
            raise InvalidInput("Invalid caller - Caller must be an IAM user in this context.")
        if text is None:
            return None
        arn, kind, name = entity_of(text)
        if kind is HolderKind.GROUP:
            return _nobody(arn.account)
        if kind is HolderKind.USER and text == command.policy_source:
            return caller_of(self._store.existing_user(arn.account, name))
        try:
            return caller_named(text, {}, ())
        except CaseInvalid as error:
            raise unclear(text) from error

    def _facts(self, caller: Caller | None, policy_source: str | None) -> Context:
        """What is known of the caller. Its tags only where there is leave to look at it: others are but names."""
        if caller is None or not caller.arn:
            return {}
        arn = caller.principal_arn or caller.arn
        return facts_of(caller, self._store.tags_of(arn) if arn == policy_source else ())


class _Target:
    """A resource that is asked about, with what all actions on it have in common."""

    def __init__(self, resource: str, caller: Caller | None, account: str, given: Context) -> None:
        self._resource = resource
        # Whoever is nobody in particular is of the account whose the resource is.
        self._caller = _nobody(account) if caller is None else caller
        self._account = account
        self.context = {"aws:resourceaccount": account, **given}

    def simulated(self, action: str, layers: Layers, command: Simulate) -> Simulated:
        if command.resource_policy is not None and needs_own_policy(action, self._resource):
            layers = replace(layers, resource_must_allow=True)
        return simulate(Asked(self._caller, action, self._resource, self._account, self.context), layers)


def _nobody(account: str) -> Caller:
    return Caller(PrincipalType.USER, account, "", "")


def _layers(command: Simulate, subject: _Subject) -> Layers:
    """Raises InvalidInput where a policy cannot be understood."""
    if len(command.boundaries) > 1:
        raise InvalidInput("Only one permissions boundary policy can be simulated.")
    given = [*command.policies, *command.boundaries, command.resource_policy or ""]
    scps = [text for level in subject.service_control for text in level]
    boundary = [] if subject.boundary is None else [subject.boundary.text]
    _check_length((*given, *scps, *boundary, *(one.text for one in subject.policies)))
    identity = [
        source(one.source_id, SourceType.IDENTITY, _read(one.text, PolicyKind.IDENTITY, one.source_id))
        for one in subject.policies
    ]
    for number, text in enumerate(command.policies, start=1):
        name = f"PolicyInputList.{number}"
        identity.append(source(name, SourceType.IDENTITY, _read(text, PolicyKind.IDENTITY, name)))
    bounding = next(iter((*command.boundaries, *boundary)), None)
    resource = None
    if command.resource_policy is not None:
        document = _read(command.resource_policy, PolicyKind.OTHER_RESOURCE, "ResourcePolicy")
        resource = source("ResourcePolicy", SourceType.RESOURCE, document)
    return Layers(
        tuple(identity),
        None
        if bounding is None
        else _read(bounding, PolicyKind.IDENTITY, "PermissionsBoundaryPolicyInputList.1"),
        tuple(
            tuple(_read(text, PolicyKind.SERVICE_CONTROL, "ServiceControlPolicyInputList") for text in level)
            for level in subject.service_control
        ),
        resource,
    )


def _optional(resource: Source | None) -> tuple[Source, ...]:
    return () if resource is None else (resource,)


def _read(text: str, kind: PolicyKind, name: str) -> Document:
    try:
        return parse(text, kind)
    except PolicyInvalid as error:
        raise InvalidInput(f"Invalid Input Policy: {name}: {error.reason} ({error.message})") from error
    except PolicyTooLarge as error:
        raise InvalidInput(f"Invalid Input Policy: {name}: {error.message}") from error


def _check_length(texts: tuple[str, ...]) -> None:
    if sum(map(len, texts)) > _CHARACTERS_MAX:
        raise InvalidInput(f"The policies of a simulation have {_CHARACTERS_MAX} characters at most.")
    if sum(map(wildcards, texts)) > _WILDCARDS_MAX:
        raise InvalidInput(
            f"The policies of a simulation have {_WILDCARDS_MAX} wildcards and variables at most."
        )


def _fitting(command: Simulate, actions: list[str], layers: Layers, answered: int) -> int:
    """How many of `actions` one answer has room for, one at least. Raises InvalidInput where it has not even that."""
    whole = sum(len(one.document.text) for one in layers.identity)
    total = 0
    for count, action in enumerate(actions):
        total += whole + answered + len(command.resources) * weight(layers, action)
        if total > _WEIGHT_MAX:
            if not count:
                raise InvalidInput("The simulation is too large for one call: give fewer ResourceArns.")
            return count
    return max(1, len(actions))
