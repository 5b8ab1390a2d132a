"""The attributes of a queue: one table of what can be set, its bounds and its default (API SetQueueAttributes)."""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from qanat.core import limits
from qanat.core.limits import Bounds
from qanat.core.policy.document import PolicyKind, parse
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge
from qanat.core.policy.stored import StoredPolicy
from qanat.core.policy.syntax import decode, members
from qanat.core.queues.commands import Counts
from qanat.core.queues.errors import InvalidAttributeName, InvalidAttributeValue, OverLimit
from qanat.core.queues.model import Queue, QueueSettings
from qanat.core.queues.redrive_policies import redrive_allow_policy, redrive_policy

_INTEGER: Final = re.compile(r"[0-9]{1,9}\Z")
# The id, ARN, alias or alias ARN of a key. Whether there is one is not asked.
_KEY_ID: Final = re.compile(rf"[A-Za-z0-9:/_-]{{1,{limits.KMS_KEY_ID_LENGTH_MAX}}}\Z")


class Rule(NamedTuple):
    """`check` gives the text to keep, or raises. An empty `default` means that the attribute is absent until set."""

    default: str
    check: Callable[[str, str], str]
    fifo_only: bool = False


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


def _boolean(name: str, text: str) -> str:
    """Any case is taken (recorded: "True"), lower case is kept."""
    lowered = text.lower()
    if lowered not in ("true", "false"):
        raise InvalidAttributeValue.of(name)
    return lowered


def _fifo_queue(name: str, text: str) -> str:
    kept = _boolean(name, text)
    if kept == "false":
        raise InvalidAttributeValue.of(name, "Modifying queue type is not supported.")
    return kept


def _one_of(*values: str) -> Callable[[str, str], str]:
    def check(name: str, text: str) -> str:
        if text not in values:
            raise InvalidAttributeValue.of(name)
        return text

    return check


def _key_id(name: str, text: str) -> str:
    if not _KEY_ID.match(text):
        raise InvalidAttributeValue.of(name)
    return text


def _redrive_policy(name: str, text: str) -> str:
    redrive_policy(text)
    return text


def _redrive_allow_policy(name: str, text: str) -> str:
    redrive_allow_policy(text)
    return text


SETTABLE: Final[dict[str, Rule]] = {
    "ContentBasedDeduplication": Rule("false", _boolean, fifo_only=True),
    "DeduplicationScope": Rule("queue", _one_of("queue", "messageGroup"), fifo_only=True),
    "DelaySeconds": Rule("0", _integer(limits.DELAY_S)),
    "FifoQueue": Rule("true", _fifo_queue, fifo_only=True),
    "FifoThroughputLimit": Rule("perQueue", _one_of("perQueue", "perMessageGroupId"), fifo_only=True),
    "KmsDataKeyReusePeriodSeconds": Rule("300", _integer(limits.KMS_DATA_KEY_REUSE_S)),
    "KmsMasterKeyId": Rule("", _key_id),
    "MaximumMessageSize": Rule("1048576", _integer(limits.MAXIMUM_MESSAGE_SIZE_BYTES)),
    "MessageRetentionPeriod": Rule("345600", _integer(limits.RETENTION_S)),
    "Policy": Rule("", _policy),
    "ReceiveMessageWaitTimeSeconds": Rule("0", _integer(limits.WAIT_TIME_S)),
    "RedriveAllowPolicy": Rule("", _redrive_allow_policy),
    "RedrivePolicy": Rule("", _redrive_policy),
    "SqsManagedSseEnabled": Rule("true", _boolean),
    "VisibilityTimeout": Rule("30", _integer(limits.VISIBILITY_TIMEOUT_S)),
}

UNSET_BY_EMPTY: Final = frozenset({"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"})
"""Setting one of these to the empty string takes it away."""

# AWS says something else of these two where a queue is not FIFO (recorded answers).
_WORDED_APART: Final = frozenset({"DeduplicationScope", "FifoThroughputLimit"})
_JSON: Final = frozenset({"Policy", "RedrivePolicy", "RedriveAllowPolicy"})

COMPUTED: Final[dict[str, Callable[[Queue, Counts], str]]] = {
    "ApproximateNumberOfMessages": lambda _, counts: str(counts.visible),
    "ApproximateNumberOfMessagesDelayed": lambda _, counts: str(counts.delayed),
    "ApproximateNumberOfMessagesNotVisible": lambda _, counts: str(counts.in_flight),
    "CreatedTimestamp": lambda queue, _: str(queue.created_at_ms // 1000),
    "LastModifiedTimestamp": lambda queue, _: str(queue.modified_at_ms // 1000),
    "QueueArn": lambda queue, _: queue.arn,
}


def checked(given: Mapping[str, str], fifo: bool = False) -> dict[str, str]:
    """The attributes as they are kept; an empty text means "take it away". Raises AWS's refusals."""
    kept = {}
    for name, text in given.items():
        rule = _rule(name, fifo)
        kept[name] = "" if not text and name in UNSET_BY_EMPTY else rule.check(name, text)
    return kept


def _rule(name: str, fifo: bool) -> Rule:
    rule = SETTABLE.get(name)
    if rule is not None and rule.fifo_only and not fifo and name in _WORDED_APART:
        raise InvalidAttributeName(f"You can specify the {name} only when FifoQueue is set to true.")
    if rule is None or (rule.fifo_only and not fifo):
        raise InvalidAttributeName(f"Unknown Attribute {name}.")
    return rule


def merged(standing: tuple[tuple[str, str], ...], changes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What is kept after a change. Raises where attributes do not go together."""
    both = {**dict(standing), **changes}
    if both.get("KmsMasterKeyId"):
        if changes.get("SqsManagedSseEnabled") == "true":
            raise InvalidAttributeName(
                "You can use one type of server-side encryption (SSE) at one time. "
                "You can either enable KMS SSE or SQS SSE."
            )
        # It stays so when the key goes away again (recorded).
        both["SqsManagedSseEnabled"] = "false"
    scope = both.get("DeduplicationScope")
    if both.get("FifoThroughputLimit") == "perMessageGroupId" and scope != "messageGroup":
        # The rule is AWS's (API SetQueueAttributes), the end of the sentence from its documentation.
        raise InvalidAttributeValue.of(
            "FifoThroughputLimit",
            "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
        )
    return tuple(sorted((name, text) for name, text in both.items() if text))


def differing(queue: Queue, given: Mapping[str, str]) -> str | None:
    """The first of the given attributes that the queue has otherwise; what is not given is not compared."""
    standing = _held(queue)
    for name, text in given.items():
        if not _same(name, text, standing.get(name, "")):
            return name
    return None


def _same(name: str, one: str, other: str) -> bool:
    if one == other or not (one and other and name in _JSON):
        return one == other
    if name == "RedrivePolicy":
        return redrive_policy(one) == redrive_policy(other)
    return decode(one) == decode(other)


def _held(queue: Queue) -> dict[str, str]:
    found = {
        name: rule.default
        for name, rule in SETTABLE.items()
        if rule.default and (queue.fifo or not rule.fifo_only)
    }
    found.update(queue.attributes)
    return found


def effective(queue: Queue) -> dict[str, str]:
    """Every settable attribute that the queue has, set or by default."""
    found = _held(queue)
    if "KmsMasterKeyId" not in found:
        # Without a key AWS does not show it, whatever it was set to (recorded).
        del found["KmsDataKeyReusePeriodSeconds"]
    return found


def settings_of(queue: Queue) -> QueueSettings:
    found = effective(queue)
    text = found.get("RedrivePolicy")
    redrive = None if text is None else redrive_policy(text)
    policy = found.get("Policy")
    return QueueSettings(
        delay_s=int(found["DelaySeconds"]),
        maximum_message_size_bytes=int(found["MaximumMessageSize"]),
        retention_s=int(found["MessageRetentionPeriod"]),
        wait_time_s=int(found["ReceiveMessageWaitTimeSeconds"]),
        visibility_timeout_s=int(found["VisibilityTimeout"]),
        policy=policy,
        arn=queue.arn,
        fifo=queue.fifo,
        content_based_deduplication=found.get("ContentBasedDeduplication") == "true",
        deduplication_per_group=found.get("DeduplicationScope") == "messageGroup",
        dead_letter_arn=None if redrive is None else str(redrive.target),
        max_receive_count=0 if redrive is None else redrive.max_receive_count,
        stored_policy=None if policy is None else StoredPolicy(PolicyKind.RESOURCE, policy, queue.policy_ids),
    )


def described(queue: Queue, names: list[str], counts: Counts) -> dict[str, str]:
    """What GetQueueAttributes answers. Raises InvalidAttributeName at one that a queue of its type does not know."""
    known = {**effective(queue), **{name: compute(queue, counts) for name, compute in COMPUTED.items()}}
    if "All" in names:
        return known
    for name in names:
        rule = SETTABLE.get(name)
        if name not in COMPUTED and (rule is None or (rule.fifo_only and not queue.fifo)):
            raise InvalidAttributeName(f"Unknown Attribute {name}.")
    return {name: known[name] for name in names if name in known}
