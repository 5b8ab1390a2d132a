"""Callers, ways in and circumstances to try a queue policy with: those that it names, and ordinary ones beside them.

Invariant: nothing is tried that cannot be: an address outside an endpoint comes without the endpoint's keys, and the
keys of calls by services are never there.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from math import prod
from typing import Final, TypeVar

from msgspec import Struct

from qanat.core.identity.model import Caller, PrincipalType, root_of
from qanat.core.names import Arn, ec2_arn, user_arn
from qanat.core.policy.document import Document
from qanat.core.policy.errors import shown
from qanat.core.policy.keys import OF_ORGANIZATIONS, THROUGH_ENDPOINT, global_key
from qanat.core.policy.statement import Statement
from qanat.core.policy.syntax import decode, each
from qanat.core.policy.values import instant_ms, number

# Values of one key that are tried.
_VALUES_MAX: Final = 12
# In no policy: reserved by IANA, and ids that EC2 does not make.
ANY_ADDRESS: Final = "240.77.77.77"
ANY_ENDPOINT: Final = "vpce-00000000000000000"
ANY_VPC: Final = "vpc-00000000000000000"
_ANY_ORGANIZATION: Final = "o-0000000000"
# Of calls by services, which no administrator makes, and of requests with tags.
_ABSENT: Final = (
    "aws:calledvia",
    "aws:principalservicename",
    "aws:requesttag/",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorg",
    "aws:tagkeys",
)
# Set by the way in, by the caller or by the queue.
_SET: Final = THROUGH_ENDPOINT | {
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principaltype",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:securetransport",
    "aws:sourceip",
    "aws:userid",
    "aws:username",
    "aws:viaawsservice",
}
_ALWAYS: Final = frozenset({"aws:currenttime", "aws:epochtime"})

# Ways in, and circumstances, that are made of what statements name.
_COMBINATIONS_MAX: Final = 1_024

# A try of this weight takes some ten microseconds at worst.
_WEIGHT: Final = 4_096
# What it weighs to read a pattern anew, which those with variables may need in each try: so much, and for a character.
_PATTERN_WEIGHT: Final = 40_000
_PATTERN_CHARACTER_WEIGHT: Final = 2_000
# Of values that no policy names, such as tried ARNs.
_VALUE_LENGTH: Final = 128

_OUTSIDE: Final = "outside"
_INSIDE: Final = "inside"

T = TypeVar("T")
Values = dict[str, str | tuple[str, ...]]


class TooMany(Exception):
    """The policy names more than is tried."""


class Way(Struct, frozen=True):
    """A way in, with the keys that a request has by it."""

    text: str
    said: frozenset[str]
    """On which side of an endpoint it is, and what it has of what the policy names."""
    context: Values


class Samples:
    def __init__(
        self, document: Document, denies: Iterable[Statement], queue: Arn, *, organizations: bool = True
    ) -> None:
        """What `denies`, statements of `document`, name. `organizations`: whether anybody may be of one."""
        self._organizations = organizations
        self._document = document
        self._queue = queue
        denies = tuple(denies)
        written = _named(document, {statement.index for statement in denies})
        self._named = {key: list(dict.fromkeys(values)) for key, values in written.items()}
        self.tries_of_one = _tries_of_one(written, denies)
        """How many ordinary tries one may take as long as."""
        self.fixed: Values = {
            "aws:principalaccount": queue.account,
            "aws:principalisawsservice": "false",
            "aws:requestedregion": queue.region,
            "aws:resourceaccount": queue.account,
            "aws:securetransport": "true",
            "aws:viaawsservice": "false",
        }

    def administrator(self) -> Caller:
        """A user whom the policy does not name."""
        return _user("administrator-of-everything", self._queue.account)

    def callers(self) -> Iterator[Caller]:
        """Of the queue's account: only they can change the policy."""
        account = self._queue.account
        yield self.administrator()
        yield root_of(account)
        named = [*sorted(self._document.principal_arns), *self._values("aws:principalarn")]
        for text in dict.fromkeys(named):
            caller = _caller(text, account)
            if caller is not None:
                yield caller
        for name in self._values("aws:username"):
            yield _user(name, account)
        for unique_id in self._values("aws:userid"):
            yield _user("named", account, unique_id)

    def outside(self) -> Iterator[Way]:
        """Ways in over the public listener: the ordinary one first."""
        yield Way("from anywhere", frozenset({_OUTSIDE}), {"aws:sourceip": ANY_ADDRESS})
        for text in self._values("aws:sourceip"):
            yield Way(
                f"from {shown(text)}", frozenset({_OUTSIDE, text}), {"aws:sourceip": text.partition("/")[0]}
            )

    def through(self) -> Iterator[Way]:
        """Ways in through VPC endpoints: those named, together and apart, and another."""
        ordinary = {
            "aws:sourcevpce": ANY_ENDPOINT,
            "aws:sourcevpc": ANY_VPC,
            "aws:vpcsourceip": ANY_ADDRESS,
            "aws:vpceaccount": self._queue.account,
            "aws:sourcevpcarn": ec2_arn(self._queue.region, self._queue.account, "vpc", ANY_VPC),
        }
        if self._organizations:
            ordinary["aws:vpceorgid"] = _ANY_ORGANIZATION
        choices = [
            [(key, "", value), *((key, text, text) for text in self._values(key))]
            for key, value in ordinary.items()
        ]
        for chosen in _combinations(choices):
            said = tuple(text for _, text, _ in chosen if text)
            context: Values = {key: value for key, _, value in chosen}
            context["aws:vpcsourceip"] = str(context["aws:vpcsourceip"]).partition("/")[0]
            yield Way(
                f"through {' and '.join(map(shown, said)) or 'any VPC endpoint'}",
                frozenset({_INSIDE, *said}),
                context,
            )

    def circumstances(self) -> Iterator[Values]:
        """What a caller may have besides: tags, an organization, a second factor, a time of day."""
        choices: list[list[tuple[str, str | tuple[str, ...] | None]]] = []
        for key, values in self._named.items():
            if (
                key in _SET
                or key.startswith(_ABSENT)
                or (key in OF_ORGANIZATIONS and not self._organizations)
            ):
                continue
            known = global_key(key)
            around = dict.fromkeys(other for value in values[:_VALUES_MAX] for other in _around(value))
            sampled: list[str | tuple[str, ...] | None] = [] if key in _ALWAYS else [None]
            sampled += [(value,) if known is not None and known.many else value for value in around]
            choices.append([(key, value) for value in sampled])
        for chosen in _combinations(choices):
            yield {key: value for key, value in chosen if value is not None}

    def _values(self, key: str) -> list[str]:
        return [_filled(value) for value in self._named.get(key, [])[:_VALUES_MAX]]


def _combinations(choices: list[list[T]]) -> Iterator[tuple[T, ...]]:
    """One of each list. Raises TooMany."""
    if prod(map(len, choices)) > _COMBINATIONS_MAX:
        raise TooMany
    return product(*choices)


def _named(document: Document, indexes: set[int]) -> dict[str, list[str]]:
    """Lower-case key to the values that conditions of those statements compare it with."""
    found: dict[str, list[str]] = {}
    tree = decode(document.text)
    assert isinstance(tree, dict)
    for index, (_, statement) in enumerate(each(tree["Statement"], "")):
        assert isinstance(statement, dict)
        if index not in indexes:
            continue
        for block in statement.get("Condition", {}).values():
            for key, value in block.items():
                texts = [_text(one) for _, one in each(value, "")]
                found.setdefault(key.lower(), []).extend(texts)
    return found


def _tries_of_one(written: dict[str, list[str]], denies: Iterable[Statement]) -> int:
    weight = 0
    longest = _VALUE_LENGTH
    for texts in written.values():
        of_key = max(_VALUE_LENGTH, *map(len, texts))
        # Each character of a pattern may be held against each of a value.
        weight += of_key * sum(len(text) for text in texts if "*" in text or "?" in text)
        longest = max(longest, of_key)
    variables = sum(text.count("${") for texts in written.values() for text in texts)
    variables += sum(len(statement.resources.patterns.variable) for statement in denies)
    weight += variables * (_PATTERN_WEIGHT + _PATTERN_CHARACTER_WEIGHT * longest)
    return 1 + weight // _WEIGHT


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _filled(text: str) -> str:
    """A value that the pattern `text` matches."""
    return text.replace("*", "x").replace("?", "x")


def _around(text: str) -> Iterator[str]:
    """Values that a comparison with `text` may tell apart."""
    if text in ("true", "false"):
        yield from ("true", "false")
    elif (value := number(text)) is not None:
        yield from (str(value - 1), str(value), str(value + 1))
    elif (at_ms := instant_ms(text)) is not None:
        yield from (str(at_ms // 1_000 + shift) for shift in (-1, 0, 1))
    else:
        yield _filled(text)


def _user(name: str, account: str, unique_id: str = "AIDA0000000000000000") -> Caller:
    return Caller(PrincipalType.USER, account, user_arn(account, name), unique_id, name)


def _caller(text: str, account: str) -> Caller | None:
    """Whoever has that ARN, if they are of `account`."""
    arn = Arn.parse(text)
    # The account of a pattern may be a star.
    if arn is None or arn.account not in (account, _filled("*")):
        return None
    arn = Arn(arn.partition, arn.service, arn.region, account, arn.resource)
    kind, _, name = arn.resource.partition("/")
    short = name.rpartition("/")[2] or "x"
    if kind == "root":
        return root_of(account)
    if kind == "federated-user":
        return Caller(PrincipalType.FEDERATED_USER, account, str(arn), f"{account}:{short}")
    if kind == "role":
        return _session(f"arn:aws:sts::{account}:assumed-role/{short}/session", str(arn))
    if kind == "assumed-role":
        return _session(str(arn), f"arn:aws:iam::{account}:role/{name.partition('/')[0]}")
    return Caller(PrincipalType.USER, account, str(arn), "AIDA0000000000000000", short)


def _session(arn: str, role_arn: str) -> Caller:
    unique_id = f"AROA0000000000000000:{arn.rpartition('/')[2]}"
    account = role_arn.split(":")[4]
    return Caller(PrincipalType.ASSUMED_ROLE, account, arn, unique_id, principal_arn=role_arn)
