"""Tags of IAM's things: their bounds (IAM User Guide, reference_iam-quotas) and how they are written."""

from typing import Final, Protocol

from msgspec import Struct

from qanat.core.errors import InvalidParameterValue
from qanat.core.identity.errors import InvalidInput, LimitExceeded, ValidationError
from qanat.core.identity.tags import TAGS_MAX

TAG_KEY_LENGTH_MAX: Final = 128
TAG_VALUE_LENGTH_MAX: Final = 256


class TagInput(Struct, frozen=True, rename="pascal"):
    key: str
    value: str


def read_tags(given: tuple[TagInput, ...]) -> tuple[tuple[str, str], ...]:
    """Sorted by key. Raises LimitExceeded, InvalidParameterValue, ValidationError and InvalidInput."""
    if len(given) > TAGS_MAX:
        raise LimitExceeded("The number of tags has reached the maximum limit.")
    if len({tag.key.lower() for tag in given}) < len(given):
        raise InvalidParameterValue(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    for tag in given:
        if not 1 <= len(tag.key) <= TAG_KEY_LENGTH_MAX or len(tag.value) > TAG_VALUE_LENGTH_MAX:
            raise ValidationError(
                f"A tag key has 1 to {TAG_KEY_LENGTH_MAX} characters, a value up to {TAG_VALUE_LENGTH_MAX}."
            )
        if tag.key.lower().startswith("aws:"):
            raise InvalidInput("Tag keys beginning with aws: are reserved for system use.")
    return tuple(sorted((tag.key, tag.value) for tag in given))


def shown_tags(tags: tuple[tuple[str, str], ...]) -> list[dict[str, object]]:
    return [{"Key": key, "Value": value} for key, value in tags]


def read_tag_keys(given: tuple[str, ...]) -> tuple[str, ...]:
    """Raises ValidationError."""
    if len(given) > TAGS_MAX or not all(1 <= len(key) <= TAG_KEY_LENGTH_MAX for key in given):
        raise ValidationError(
            f"Up to {TAGS_MAX} tag keys are taken at once, each of 1 to {TAG_KEY_LENGTH_MAX} characters."
        )
    return given


class Tagging(Protocol):
    @property
    def tags(self) -> tuple[TagInput, ...]: ...


class Untagging(Protocol):
    @property
    def tag_keys(self) -> tuple[str, ...]: ...


def tags_set(given: Tagging) -> dict[str, str | None]:
    """`aws:RequestTag` and `aws:TagKeys` of a request with tags."""
    return {tag.key: tag.value for tag in given.tags}


def tags_taken(given: Untagging) -> dict[str, str | None]:
    return dict.fromkeys(given.tag_keys)
