"""RedrivePolicy and RedriveAllowPolicy, the two JSON attributes about dead letters (API SetQueueAttributes).

A queue's redrive policy says where its dead letters go; the target's redrive allow policy says which queues may do so.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from qanat.core import limits
from qanat.core.errors import InvalidParameterValue
from qanat.core.names import Arn
from qanat.core.policy.errors import PolicyInvalid
from qanat.core.policy.syntax import decode
from qanat.core.queues.errors import InvalidAttributeValue
from qanat.core.queues.model import Queue, QueueKey

_COUNT: Final = re.compile(r"[0-9]{1,4}\Z")
_REDRIVE_MEMBERS: Final = frozenset({"maxReceiveCount", "deadLetterTargetArn"})
_ALLOW_MEMBERS: Final = frozenset({"redrivePermission", "sourceQueueArns"})
_PERMISSIONS: Final = ("allowAll", "denyAll", "byQueue")
# AWS writes a curly apostrophe in this one and straight ones in the rest.
_NOT_A_FORMAT: Final = (
    "Amazon SQS can't create the redrive allow policy, as it\u2019s in an unsupported format."
)
_CANNOT: Final = "Amazon SQS can't create the redrive allow policy. "
# Ten ARNs take some 1,300 characters. It bounds what the caches below keep.
_TEXT_MAX: Final = 8_192


class RedrivePolicy(NamedTuple):
    target: Arn
    max_receive_count: int


class RedriveAllowPolicy(NamedTuple):
    permission: str
    source_arns: tuple[str, ...]

    def allows(self, source_arn: str) -> bool:
        return self.permission == "allowAll" or source_arn in self.source_arns


def _object(text: str) -> dict[str, object] | None:
    if len(text) > _TEXT_MAX:
        return None
    try:
        found = decode(text)
    except PolicyInvalid:
        return None
    return found if isinstance(found, dict) else None


def _refused(name: str, text: str, reason: str) -> InvalidParameterValue:
    return InvalidParameterValue(
        f"Value {text[: limits.SHOWN_LENGTH_MAX]} for parameter {name} is invalid. Reason: {reason}"
    )


@lru_cache(maxsize=1024)
def redrive_policy(text: str) -> RedrivePolicy:
    """Raises InvalidAttributeValue where `text` is not a JSON object, InvalidParameterValue for what is in it."""
    found = _object(text)
    if found is None:
        raise InvalidAttributeValue.of("RedrivePolicy", "Redrive policy is not a valid JSON map.")
    for member in ("maxReceiveCount", "deadLetterTargetArn"):
        if member not in found:
            raise _refused(
                "RedrivePolicy", text, f"Redrive policy does not contain mandatory attribute: {member}."
            )
    count, target = found["maxReceiveCount"], found["deadLetterTargetArn"]
    # A number or a text: numbers are decoded to the text that they were written with.
    if not (isinstance(count, str) and _COUNT.match(count) and limits.MAX_RECEIVE_COUNT.hold(int(count))):
        shown = str(count)[: limits.SHOWN_LENGTH_MAX]
        raise _refused(
            "RedrivePolicy",
            text,
            f"Invalid value for maxReceiveCount: {shown}, valid values are from 1 to 1000 both inclusive.",
        )
    arn = Arn.parse(target) if isinstance(target, str) else None
    if arn is None:
        raise _refused("RedrivePolicy", text, "Dead-letter target ARN should be fully qualified ARN.")
    if arn.service != "sqs":
        raise _refused("RedrivePolicy", text, "Only SQS queues are valid resources for deadLetterTargetArn.")
    if found.keys() != _REDRIVE_MEMBERS:
        raise _refused(
            "RedrivePolicy",
            text,
            "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn].",
        )
    return RedrivePolicy(arn, int(count))


@lru_cache(maxsize=1024)
def redrive_allow_policy(text: str) -> RedriveAllowPolicy:
    """Raises InvalidAttributeValue where it is not of the documented form, InvalidParameterValue for its ARNs."""
    found = _object(text)
    # A null is what a template without source queues leaves there; AWS takes it for absent.
    sources = None if found is None else found.get("sourceQueueArns")
    sources = [] if sources is None else sources
    if (
        found is None
        or not found.keys() <= _ALLOW_MEMBERS
        or found.get("redrivePermission") not in _PERMISSIONS
        or not isinstance(sources, list)
        or not all(type(arn) is str for arn in sources)
    ):
        raise InvalidAttributeValue.of("RedriveAllowPolicy", _NOT_A_FORMAT)
    permission = str(found["redrivePermission"])
    reason = None
    if permission != "byQueue" and sources:
        reason = "To specify one or more source queue ARNs, you must set redrivePermission to byQueue."
    elif permission == "byQueue" and not sources:
        reason = (
            "When you specify the byQueue permission type, you must also specify one or more "
            "sourceQueueArns values."
        )
    elif len(sources) > limits.REDRIVE_SOURCES_MAX:
        reason = f"The maximum number of source queue ARNs you can specify is {limits.REDRIVE_SOURCES_MAX}."
    if reason is not None:
        raise _refused("RedriveAllowPolicy", text, _CANNOT + reason)
    return RedriveAllowPolicy(permission, tuple(sources))


def check_target(source: Queue, find: Callable[[QueueKey], Queue | None]) -> None:
    """Whether `source` may send its dead letters where its RedrivePolicy says. Raises InvalidParameterValue."""
    text = dict(source.attributes)["RedrivePolicy"]
    arn = redrive_policy(text).target
    target = find((arn.account, arn.region, arn.resource))
    reason = None
    if arn.region != source.region:
        reason = "Dead-letter target must be in same region as the source."
    elif arn.account != source.account:
        reason = "Dead-letter target owner should be same as the source."
    elif arn.resource.endswith(".fifo") != source.fifo:
        reason = "Dead-letter queue must be same type of queue as the source.."  # AWS's own two full stops
    elif target is None or target.arn != str(arn):
        reason = "Dead letter target does not exist."
    elif not _allows(target, source.arn):
        # Our words: AWS documents the rule and not what it says.
        reason = "The redrive allow policy of the dead-letter target does not allow this source queue."
    if reason is not None:
        raise _refused("RedrivePolicy", text, reason)


def _allows(target: Queue, source_arn: str) -> bool:
    text = dict(target.attributes).get("RedriveAllowPolicy")
    return text is None or redrive_allow_policy(text).allows(source_arn)
