"""Scalar parameters and batches, checked in AWS's order and words."""

import re
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

from qanat.core import limits
from qanat.core.errors import InvalidParameterValue, MissingParameter
from qanat.core.limits import Bounds
from qanat.core.queues import errors

_BATCH_ID: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{limits.BATCH_ID_LENGTH_MAX}}}\Z")

# parameter -> (bounds, the end of AWS's sentence). The wording differs from one to the next on AWS too.
_INTEGERS: Final = {
    "DelaySeconds": (limits.DELAY_S, "DelaySeconds must be >= 0 and <= 900."),
    "VisibilityTimeout": (limits.VISIBILITY_TIMEOUT_S, "Must be >= 0 and <= 43200, if provided."),
    "WaitTimeSeconds": (limits.WAIT_TIME_S, "Must be >= 0 and <= 20, if provided."),
    "MaxNumberOfMessages": (limits.MAX_MESSAGES, "Must be between 1 and 10, if provided."),
    "MaxNumberOfMessagesPerSecond": (limits.MOVE_RATE_PER_S, "Must be between 1 and 500, if provided."),
    "MaxResults": (limits.LIST_RESULTS, "Must be between 1 and 1000, if provided."),
}

Value = TypeVar("Value")


def required(value: Value | None, name: str) -> Value:
    """Raises MissingParameter; an empty string counts as missing, as on AWS."""
    if value is None or value == "":
        raise MissingParameter(name)
    return value


def integer(value: int | None, name: str, default: int) -> int:
    """Raises InvalidParameterValue out of the parameter's bounds."""
    if value is None:
        return default
    bounds: Bounds
    bounds, reason = _INTEGERS[name]
    if not bounds.hold(value):
        raise InvalidParameterValue(f"Value {value} for parameter {name} is invalid. Reason: {reason}")
    return value


class Entry(Protocol):
    @property
    def Id(self) -> str | None: ...  # noqa: N802 - AWS's name


E = TypeVar("E", bound=Entry)


def batch(entries: Sequence[E] | None, entry_type: str) -> list[tuple[str, E]]:
    """The entries with their ids. Raises one of the four errors that fail a batch as a whole."""
    if not entries:
        raise errors.EmptyBatchRequest(entry_type)
    if len(entries) > limits.BATCH_ENTRIES_MAX:
        raise errors.TooManyEntriesInBatchRequest(len(entries))
    named = [(entry.Id or "", entry) for entry in entries]
    if not all(_BATCH_ID.match(entry_id) for entry_id, _ in named):
        raise errors.InvalidBatchEntryId
    seen: set[str] = set()
    for entry_id, _ in named:
        if entry_id in seen:
            raise errors.BatchEntryIdsNotDistinct(entry_id)
        seen.add(entry_id)
    return named
