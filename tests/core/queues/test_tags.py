"""Limits of tags (SQS Developer Guide, sqs-queue-tags)."""

import pytest

from qanat.core.errors import InvalidParameterValue
from qanat.core.queues.tags import tagged, untagged

FIFTY = tuple((f"key{number:02}", "") for number in range(50))
KEY_TEXT = "Tag keys must be between 1 and 128 characters in length."


def test_keys_tell_upper_from_lower_case_and_values_are_replaced() -> None:
    assert tagged("q", (("a", "1"), ("b", "2")), (("A", "3"), ("a", ""))) == (
        ("A", "3"),
        ("a", ""),
        ("b", "2"),
    )


@pytest.mark.parametrize("tag", [("k" * 128, "v" * 256), ("é", ""), (" ", " "), ("aw", "s:")])
def test_tags_that_are_taken(tag: tuple[str, str]) -> None:
    assert tagged("q", (), (tag,)) == (tag,)


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        (("", "v"), KEY_TEXT),
        (("k" * 129, "v"), KEY_TEXT),
        (("k", "v" * 257), "Tag values must be between 0 and 256 characters in length."),
        (("aws:x", "v"), "The tag key aws:x is invalid. Reason: the prefix aws: is reserved for AWS use."),
        (("AWS:", "v"), "The tag key AWS: is invalid. Reason: the prefix aws: is reserved for AWS use."),
    ],
)
def test_tags_that_are_not(tag: tuple[str, str], message: str) -> None:
    with pytest.raises(InvalidParameterValue) as refusal:
        tagged("q", (), (tag,))
    assert refusal.value.message == message


def test_there_may_be_fifty_in_all() -> None:
    assert tagged("q", (), FIFTY) == FIFTY
    assert len(tagged("q", FIFTY, (("key07", "again"),))) == 50
    for standing, given in ((FIFTY, (("more", ""),)), ((), (*FIFTY, ("more", "")))):
        with pytest.raises(InvalidParameterValue) as refusal:
            tagged("jobs", standing, given)
        assert refusal.value.message == "Too many tags added for queue jobs."


def test_untagging() -> None:
    assert untagged((("a", "1"), ("b", "2")), ["b", "B", "b"]) == (("a", "1"),)
    for key in ("", "k" * 129):
        with pytest.raises(InvalidParameterValue) as refusal:
            untagged((), [key])
        assert refusal.value.message == KEY_TEXT
