"""The tags of a queue (SQS Developer Guide, sqs-queue-tags): keys tell upper from lower case, values may be empty."""

from collections.abc import Iterable

from qanat.core import limits
from qanat.core.errors import InvalidParameterValue

Tags = tuple[tuple[str, str], ...]


def tagged(queue_name: str, standing: Tags, given: Tags) -> Tags:
    """The standing tags with the given ones added or put in their place, by key. Raises InvalidParameterValue."""
    for key, value in given:
        _check_key(key)
        if key.lower().startswith("aws:"):
            raise InvalidParameterValue(
                f"The tag key {key} is invalid. Reason: the prefix aws: is reserved for AWS use."
            )
        if len(value) > limits.TAG_VALUE_LENGTH_MAX:
            raise InvalidParameterValue("Tag values must be between 0 and 256 characters in length.")
    both = {**dict(standing), **dict(given)}
    if len(both) > limits.QUEUE_TAGS_MAX:
        raise InvalidParameterValue(f"Too many tags added for queue {queue_name}.")
    return tuple(sorted(both.items()))


def untagged(standing: Tags, keys: Iterable[str]) -> Tags:
    """Keys that are not there are no matter. Raises InvalidParameterValue."""
    going = set(keys)
    for key in going:
        _check_key(key)
    return tuple((key, value) for key, value in standing if key not in going)


def _check_key(key: str) -> None:
    if not 1 <= len(key) <= limits.TAG_KEY_LENGTH_MAX:
        raise InvalidParameterValue("Tag keys must be between 1 and 128 characters in length.")
