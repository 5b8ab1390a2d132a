"""Whether a queue policy shuts out those who look after the queue.

Invariant: it is tried and not read. Administrators of the queue's account, and every principal, address, endpoint and
tag that the policy names, ask for sqs:SetQueueAttributes, and the policy's own Deny statements answer.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from qanat.core.identity.model import Caller
from qanat.core.names import Arn
from qanat.core.policy.document import Document
from qanat.core.policy.samples import Samples, TooMany, Values, Way
from qanat.core.policy.statement import Statement

ACTION: Final = "sqs:setqueueattributes"

# One ordinary try is some ten microseconds. A policy that needs more is judged statement by statement.
_TRIES_MAX: Final = 2_048

# They go into a header.
_WAYS_TOLD_MAX: Final = 5


class Lockout(Struct, frozen=True):
    statement: int
    """Counted from 0: the Deny that an administrator meets."""
    ways: tuple[str, ...]
    """How those who are let in come: `through vpce-1a2b3c4d`. Empty where nobody is, from nowhere."""

    @property
    def everywhere(self) -> bool:
        return not self.ways

    @property
    def text(self) -> str:
        """What the Deny does, in one line of ASCII without a full stop, whatever the policy holds."""
        where = ", wherever they call from"
        if self.ways:
            more = len(self.ways) - _WAYS_TOLD_MAX
            told = [*self.ways[:_WAYS_TOLD_MAX], *([f"by {more} other ways"] if more > 0 else [])]
            where = f" but those who come {' or '.join(told)}"
        return f"it refuses sqs:SetQueueAttributes to everyone in the queue's account{where}"


def locks_out_administrators(
    document: Document, queue_arn: str, *, organizations: bool = True
) -> Lockout | None:
    """None where someone of the queue's account can still change the policy, on the public listener, over TLS.

    `organizations` is false where there are none: then nobody has the keys that their members have.

    A user who may do everything is tried, root, and whom the policy names. Root is tried as anyone is: that root may
    mend a policy all the same is not the policy's doing.
    """
    arn = Arn.parse(queue_arn)
    denies = document.for_action(ACTION)[0]
    if arn is None or not denies:
        return None
    try:
        samples = Samples(document, denies, arn, organizations=organizations)
        return _judged(_Trial(denies, queue_arn, samples, _Tries()))
    except TooMany:
        pass
    # Together they say too much to be tried; one of them alone may already be enough.
    tries = _Tries()
    for statement in denies:
        try:
            samples = Samples(document, (statement,), arn, organizations=organizations)
            found = _judged(_Trial((statement,), queue_arn, samples, tries))
        except TooMany:
            continue
        if found is not None:
            return found
    return None


def _judged(trial: "_Trial") -> Lockout | None:
    """Raises TooMany."""
    samples = trial.samples
    ordinary, *named = samples.outside()
    refusal = trial.refusal(samples.administrator(), {**samples.fixed, **ordinary.context})
    if refusal is None or trial.lets_in(ordinary):
        return None
    return Lockout(refusal.index, trial.ways([*named, *samples.through()]))


class _Tries:
    """How many are left, as ordinary ones: nobody may hold up the server with patterns that are slow to try."""

    def __init__(self) -> None:
        self._left = _TRIES_MAX

    def take(self, tries: int) -> None:
        """Raises TooMany."""
        if self._left < tries:
            raise TooMany
        self._left -= tries


class _Trial:
    def __init__(
        self, denies: tuple[Statement, ...], queue_arn: str, samples: Samples, tries: _Tries
    ) -> None:
        self.samples = samples
        self._denies = denies
        self._queue_arn = queue_arn
        self._callers = tuple(samples.callers())
        self._tries = tries
        self._tries_of_one = samples.tries_of_one

    def refusal(self, caller: Caller, context: Values) -> Statement | None:
        """The Deny that `caller` meets, if one. Raises TooMany."""
        self._tries.take(self._tries_of_one)
        for statement in self._denies:
            if statement.principals is not None and not statement.principals.match(caller):
                continue
            if statement.applies(self._queue_arn, {**context, **_of(caller)}):
                return statement
        return None

    def lets_in(self, way: Way) -> bool:
        """Whether someone is not refused who comes by `way`."""
        return any(
            self.refusal(caller, {**self.samples.fixed, **rest, **way.context}) is None
            for rest in self.samples.circumstances()
            for caller in self._callers
        )

    def ways(self, ways: Iterable[Way]) -> tuple[str, ...]:
        """The ways in by which someone is not refused, without those that only say more than another."""
        found: list[Way] = []
        for way in sorted(ways, key=lambda way: len(way.said)):
            if not any(other.said <= way.said for other in found) and self.lets_in(way):
                found.append(way)
        return tuple(way.text for way in found)


def _of(caller: Caller) -> Values:
    """The keys about a caller."""
    context: Values = {
        "aws:principalarn": caller.principal_arn or caller.arn,
        "aws:principaltype": caller.type.value,
        "aws:userid": caller.unique_id,
    }
    if caller.user_name is not None:
        context["aws:username"] = caller.user_name
    return context
