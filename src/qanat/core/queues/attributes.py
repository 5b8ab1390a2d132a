"""The attributes of a queue: one table of what can be set, its bounds and its default (API SetQueueAttributes)."""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from qanat.core import limits
from qanat.core.errors import UnsupportedOperation
from qanat.core.limits import Bounds
from qanat.core.policy.document import PolicyKind, parse
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge
from qanat.core.policy.syntax import decode, members
from qanat.core.queues.commands import Counts
from qanat.core.queues.errors import InvalidAttributeName, InvalidAttributeValue, OverLimit
from qanat.core.queues.model import Queue, QueueSettings

_INTEGER: Final = re.compile(r"[0-9]{1,9}\Z")


class Rule(NamedTuple):
    """`check` gives the text to keep, or raises. An empty `default` means that the attribute is absent until set."""

    default: str
    check: Callable[[str, str], str]


def _integer(bounds: Bounds) -> Callable[[str, str], str]:
    def check(name: str, text: str) -> str:
        if not _INTEGER.match(text) or not bounds.hold(int(text)):
            raise InvalidAttributeValue.of(name)
        return str(int(text))

    return check


def _policy(name: str, text: str) -> str:
    try:
        parse(text, PolicyKind.RESOURCE)
        kept = _with_version(text)
        if kept is not text:
            # What is kept must be readable too: a Version more may be over the size limit.
            parse(kept, PolicyKind.RESOURCE)
    except PolicyTooLarge as error:
        raise OverLimit(error.message) from None
    except PolicyInvalid as error:
        # AWS's whole text is the first sentence; the rest is ours and says where to look.
        raise InvalidAttributeValue(f"Invalid value for the parameter {name}. {error.message}") from None
    return kept


def _with_version(text: str) -> str:
    """AWS gives a policy without Version back with the default one; Terraform waits for that.

    The rest stays to the letter: written anew, a number such as 1e400 would become something else.
    """
    # Not json.loads: it refuses numbers of thousands of digits, which a policy may hold.
    if "Version" in members(decode(text), ""):
        return text
    return '{"Version":"2008-10-17",' + text.lstrip().removeprefix("{")


def _only(allowed: str, what: str) -> Callable[[str, str], str]:
    def check(name: str, text: str) -> str:
        if text.lower() != allowed:
            raise UnsupportedOperation(f"{what} not supported yet, so {name} cannot be {text}.")
        return allowed

    return check


def _never(what: str) -> Callable[[str, str], str]:
    def check(name: str, text: str) -> str:
        raise UnsupportedOperation(f"{what} not supported yet, so {name} cannot be set.")

    return check


SETTABLE: Final[dict[str, Rule]] = {
    "DelaySeconds": Rule("0", _integer(limits.DELAY_S)),
    "KmsMasterKeyId": Rule("", _never("Encryption with a KMS key is")),
    "KmsDataKeyReusePeriodSeconds": Rule("", _never("Encryption with a KMS key is")),
    "MaximumMessageSize": Rule("1048576", _integer(limits.MAXIMUM_MESSAGE_SIZE_BYTES)),
    "MessageRetentionPeriod": Rule("345600", _integer(limits.RETENTION_S)),
    "Policy": Rule("", _policy),
    "ReceiveMessageWaitTimeSeconds": Rule("0", _integer(limits.WAIT_TIME_S)),
    "RedriveAllowPolicy": Rule("", _never("Dead-letter queues are")),
    "RedrivePolicy": Rule("", _never("Dead-letter queues are")),
    "SqsManagedSseEnabled": Rule("false", _only("false", "Encryption at rest is")),
    "VisibilityTimeout": Rule("30", _integer(limits.VISIBILITY_TIMEOUT_S)),
}

UNSET_BY_EMPTY: Final = frozenset({"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"})
"""Setting one of these to the empty string takes it away."""

# On AWS these exist on FIFO queues only.
FIFO_ONLY: Final = frozenset(
    {"ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit"}
)

COMPUTED: Final[dict[str, Callable[[Queue, Counts], str]]] = {
    "ApproximateNumberOfMessages": lambda _, counts: str(counts.visible),
    "ApproximateNumberOfMessagesDelayed": lambda _, counts: str(counts.delayed),
    "ApproximateNumberOfMessagesNotVisible": lambda _, counts: str(counts.in_flight),
    "CreatedTimestamp": lambda queue, _: str(queue.created_at_ms // 1000),
    "LastModifiedTimestamp": lambda queue, _: str(queue.modified_at_ms // 1000),
    "QueueArn": lambda queue, _: queue.arn,
}


def checked(given: Mapping[str, str]) -> dict[str, str]:
    """The attributes as they are kept; an empty text means "take it away". Raises AWS's refusals."""
    kept = {}
    for name, text in given.items():
        rule = SETTABLE.get(name)
        if rule is None:
            raise InvalidAttributeName(f"Unknown Attribute {name}.")
        kept[name] = "" if not text and name in UNSET_BY_EMPTY else rule.check(name, text)
    return kept


def merged(standing: tuple[tuple[str, str], ...], changes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    both = {**dict(standing), **changes}
    return tuple(sorted((name, text) for name, text in both.items() if text))


def effective(queue: Queue) -> dict[str, str]:
    """Every settable attribute that the queue has, set or by default."""
    found = {name: rule.default for name, rule in SETTABLE.items() if rule.default}
    found.update(queue.attributes)
    return found


def settings_of(queue: Queue) -> QueueSettings:
    found = effective(queue)
    return QueueSettings(
        delay_s=int(found["DelaySeconds"]),
        maximum_message_size_bytes=int(found["MaximumMessageSize"]),
        retention_s=int(found["MessageRetentionPeriod"]),
        wait_time_s=int(found["ReceiveMessageWaitTimeSeconds"]),
        visibility_timeout_s=int(found["VisibilityTimeout"]),
        policy=found.get("Policy"),
        arn=queue.arn,
    )


def described(queue: Queue, names: list[str], counts: Counts) -> dict[str, str]:
    """What GetQueueAttributes answers. Raises InvalidAttributeName at a name that a standard queue does not know."""
    known = {**effective(queue), **{name: compute(queue, counts) for name, compute in COMPUTED.items()}}
    if "All" in names:
        return known
    for name in names:
        if name not in SETTABLE and name not in COMPUTED:
            raise InvalidAttributeName(f"Unknown Attribute {name}.")
    return {name: known[name] for name in names if name in known}
