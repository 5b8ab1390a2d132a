"""Decisions over all layers and all forms of principal are those of a second, naive evaluator.

The naive one is written from the documentation's flow alone (IAM User Guide, reference_policies_evaluation-logic with
its table by form of principal, reference_policies_elements_notprincipal): sets and `any`, nothing compiled.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from qanat.core.identity.model import (
    ANONYMOUS,
    Caller,
    Role,
    Session,
    User,
    caller_of,
    federated_user,
    role_session,
    root_of,
    service_caller,
)
from qanat.core.policy.decision import Named, Policies, Request
from qanat.core.policy.document import parse
from qanat.core.policy.evaluate import authorize
from qanat.core.policy.sizes import WITHOUT_PRINCIPAL, PolicyKind

A, B = "111111111111", "222222222222"
SNS, S3 = "sns.amazonaws.com", "s3.amazonaws.com"
NOW = Session("ASIAR", 0, 1, "AROAR", "R")
USERS = {
    name: User(account, name, f"AIDA{name}", "/", 0) for name, account in (("ann", A), ("bob", A), ("ole", B))
}
ROLES = {account: Role(account, "R", f"AROA{account}", "/path/", 0, "") for account in (A, B)}


@dataclass(frozen=True)
class Who:
    """A caller as the documentation speaks of it."""

    caller: Caller
    account: str | None
    own_name: str | None
    """What names exactly this caller."""
    behind: str | None = None
    """The role or user that a session is of."""
    is_root: bool = False
    is_service: bool = False


def _user(name: str) -> Who:
    return Who(caller_of(USERS[name]), USERS[name].account, USERS[name].arn)


def _session(account: str, name: str) -> Who:
    caller = role_session(ROLES[account], name, NOW)
    return Who(caller, account, f"arn:aws:sts::{account}:assumed-role/R/{name}", ROLES[account].arn)


WHO = [
    *map(_user, USERS),
    _session(A, "one"),
    _session(A, "two"),
    _session(B, "one"),
    Who(
        federated_user(USERS["ann"], "fay", Session("ASIAF", 0, 1, USERS["ann"].user_id, "ann")),
        A,
        f"arn:aws:sts::{A}:federated-user/fay",
        USERS["ann"].arn,
    ),
    Who(root_of(A), A, None, is_root=True),
    Who(root_of(B), B, None, is_root=True),
    Who(ANONYMOUS, None, None),
    Who(service_caller(SNS), None, SNS, is_service=True),
]
SESSIONS = {who.own_name for who in WHO if who.own_name and ":assumed-role/" in who.own_name}
NAMES = [
    "*",
    A,
    B,
    SNS,
    S3,
    *sorted({str(name) for who in WHO for name in (who.own_name, who.behind) if name}),
]

QUEUES = [f"arn:aws:sqs:us-east-2:{A}:{name}" for name in ("one", "two")]
ACTIONS = ["sqs:SendMessage", "sqs:DeleteQueue"]
SHARED = {"sqs:SendMessage"}
KEY = "aws:SourceVpce"
# What each condition asks of the key, and the values (None: absent) that satisfy it.
CONDITIONS: dict[str, tuple[dict[str, Any], set[str | None]]] = {
    "none": ({}, {None, "v"}),
    "is": ({"StringEquals": {KEY: "v"}}, {"v"}),
    "is not": ({"StringNotEquals": {KEY: "v"}}, {None}),
}


@dataclass(frozen=True)
class Rule:
    allows: bool
    names: tuple[str, ...]
    not_names: bool
    action: str
    queue: str
    condition: str

    def statement(self, kind: PolicyKind) -> dict[str, Any]:
        made: dict[str, Any] = {
            "Effect": "Allow" if self.allows else "Deny",
            "Action": self.action,
            "Resource": self.queue,
            "Condition": CONDITIONS[self.condition][0],
        }
        if kind is PolicyKind.RESOURCE_CONTROL:
            made["Principal"] = "*"
        elif kind not in WITHOUT_PRINCIPAL:
            services = [name for name in self.names if name in {SNS, S3}]
            others = [name for name in self.names if name not in {SNS, S3}]
            element = {**({"Service": services} if services else {}), **({"AWS": others} if others else {})}
            made["NotPrincipal" if self.not_names else "Principal"] = element
        return made


@dataclass(frozen=True)
class Ask:
    who: Who
    action: str
    queue: str
    value: str | None
    bounded: bool


Rules = tuple[Rule, ...]
Levels = tuple[Rules, ...]


@dataclass(frozen=True)
class Layers:
    """None is the absence of a layer; no rule at all stands for a policy that allows nothing."""

    identity: Rules | None
    boundary: Rules | None
    session: Rules | None
    queue: Rules | None
    endpoint: Rules | None
    service_control: Levels
    resource_control: Levels
    own_policy_must_allow: bool


# The naive evaluator ------------------------------------------------------------------------------------------


def speaks(rule: Rule, ask: Ask) -> bool:
    return (
        rule.action in {"*", ask.action}
        and rule.queue in {"*", ask.queue}
        and ask.value in CONDITIONS[rule.condition][1]
    )


def ways_named(names: Iterable[str], who: Who) -> set[str]:
    """The ways in which a list of principals names a caller."""
    ways = set()
    for name in names:
        if name in {"*", who.own_name}:
            ways.add("itself")
        if name == who.behind:
            ways.add("by what is behind it")
        if name == who.account:
            ways.add("by its account")
    return ways


def is_spared(names: tuple[str, ...], who: Who) -> bool:
    """Whether a Deny's NotPrincipal leaves a caller out: account, role and session must all be named; a list that
    names sessions of a role means only these."""
    if "*" in names:
        return True
    if who.is_service:
        return who.own_name in names
    if who.account not in names:
        return False
    if who.is_root:
        return True
    if who.own_name in SESSIONS:
        sessions = {
            name for name in names if name in SESSIONS and name.split("/")[0] == who.own_name.split("/")[0]
        }
        return who.behind in names and (not sessions or who.own_name in sessions)
    return who.own_name in names


def applies(rule: Rule, ask: Ask) -> set[str]:
    """How a statement with principals applies to the caller; empty where it does not."""
    if not speaks(rule, ask):
        return set()
    if not rule.not_names:
        return ways_named(rule.names, ask.who)
    if rule.allows:
        return set() if ways_named(rule.names, ask.who) else {"itself"}
    return set() if is_spared(rule.names, ask.who) else {"itself"}


def denies(ask: Ask, layers: Layers) -> bool:
    who = ask.who
    plain = [layers.identity, layers.boundary, layers.session, *layers.resource_control]
    if who.account is not None:
        plain += layers.service_control
    if any(speaks(rule, ask) for rules in plain for rule in rules or () if not rule.allows):
        return True
    for rule in layers.queue or ():
        catches_bounded = ask.bounded and rule.not_names and speaks(rule, ask)
        if not rule.allows and (applies(rule, ask) or catches_bounded):
            return True
    if who.is_service:
        return False
    return any(applies(rule, ask) for rule in layers.endpoint or () if not rule.allows)


def allows(rules: Rules | None, ask: Ask) -> bool:
    """Whether a layer without principals lets it through; one that is absent does."""
    return rules is None or any(speaks(rule, ask) for rule in rules if rule.allows)


def naive(ask: Ask, layers: Layers) -> str:
    who = ask.who
    if denies(ask, layers):
        return "denied"
    if who.account is not None and not all(allows(level, ask) for level in layers.service_control):
        return "not allowed"
    through_endpoint = layers.endpoint is not None and not who.is_service
    if through_endpoint and not any(applies(rule, ask) for rule in layers.endpoint or () if rule.allows):
        return "not allowed"
    granted = set[str]().union(*(applies(rule, ask) for rule in layers.queue or () if rule.allows))
    by_own_account = who.is_root or (layers.identity is not None and allows(layers.identity, ask))
    unfiltered = allows(layers.boundary, ask) and allows(layers.session, ask)
    if who.account == A:
        limited = unfiltered and (by_own_account or "by what is behind it" in granted)
        enough = ("itself" in granted or limited) and not (layers.own_policy_must_allow and not granted)
    elif who.account is None:
        enough = bool(granted) and ask.action in SHARED
    else:
        enough = bool(granted) and ask.action in SHARED and by_own_account and unfiltered
    return "allowed" if enough else "not allowed"


# Against ours -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Draw:
    """Cases in which the layers have something to say about the caller: drawn evenly, hardly any would."""

    random: Random
    who: Who

    def case(self) -> tuple[Ask, Layers]:
        # They have no policies of their own.
        without_own = self.who.account is None or self.who.is_root
        layers = Layers(
            None if without_own else self._layer(0.5),
            None if without_own else self._layer(0.3),
            None if without_own else self._layer(0.3),
            self._layer(0.9),
            self._layer(0.2),
            self._levels(),
            self._levels(),
            self._chance(0.2),
        )
        action, queue = self.random.choice(ACTIONS), self.random.choice(QUEUES)
        value = self.random.choice([None, "v"])
        return Ask(self.who, action, queue, value, layers.boundary is not None), layers

    def _chance(self, likely: float) -> bool:
        return self.random.random() < likely

    def _layer(self, likely: float) -> Rules | None:
        return self._rules() if self._chance(likely) else None

    def _levels(self) -> Levels:
        return tuple(self._rules() for _ in range(self.random.choice([0, 0, 0, 1, 2])))

    def _rules(self) -> Rules:
        return tuple(self._rule() for _ in range(self.random.choice([1, 1, 2, 3])))

    def _rule(self) -> Rule:
        about_all = self._chance(0.7)
        allows = self._chance(0.8)
        return Rule(
            allows,
            self._names(),
            self._chance(0.2 if allows else 0.5),
            "*" if about_all else self.random.choice(ACTIONS),
            "*" if about_all else self.random.choice(QUEUES),
            "none" if about_all else self.random.choice(sorted(CONDITIONS)),
        )

    def _names(self) -> tuple[str, ...]:
        who = self.who
        its_own = [name for name in (who.own_name, who.behind, who.account) if name] or ["*"]
        its_own += [name for name in sorted(SESSIONS) if name[:-3] == (who.own_name or "")[:-3]]
        drawn = [
            self.random.choice(its_own if self._chance(0.7) else NAMES)
            for _ in range(self.random.choice([1, 1, 2, 3, 4]))
        ]
        return tuple(dict.fromkeys(drawn))


def named(kind: PolicyKind, rules: Rules | None) -> tuple[Named, ...]:
    if rules is None:
        return ()
    statements = [rule.statement(kind) for rule in rules]
    return (Named(kind, parse(json.dumps({"Version": "2012-10-17", "Statement": statements}), kind)),)


@given(st.sampled_from(WHO), st.integers(0, 2**32))
@settings(max_examples=4_000, deadline=None)
def test_decisions_over_all_layers_are_those_of_a_naive_evaluator(who: Who, seed: int) -> None:
    ask, layers = Draw(Random(seed), who).case()
    policies = Policies(
        named(PolicyKind.IDENTITY, layers.identity),
        next(iter(named(PolicyKind.RESOURCE, layers.queue)), None),
        named(PolicyKind.ENDPOINT, layers.endpoint),
        named(PolicyKind.IDENTITY, layers.boundary),
        named(PolicyKind.SESSION, layers.session),
        tuple(named(PolicyKind.SERVICE_CONTROL, level) for level in layers.service_control),
        tuple(named(PolicyKind.RESOURCE_CONTROL, level) for level in layers.resource_control),
        layers.own_policy_must_allow,
    )
    context = {} if ask.value is None else {KEY.lower(): ask.value}
    decision = authorize(Request(who.caller, ask.action, ask.queue, A, context), policies)
    assert decision.reason.startswith(naive(ask, layers)), decision
    assert decision.allowed is decision.reason.startswith("allowed")
    if not decision.allowed:
        assert (decision.statement is None) is decision.reason.startswith("not allowed")
