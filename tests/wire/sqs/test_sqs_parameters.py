"""Scalar parameters and batches, in AWS's order and words."""

from typing import Any

import pytest

from qanat.core.errors import InvalidParameterValue, MissingParameter
from qanat.core.queues import errors
from qanat.wire.sqs.inputs import DeleteEntry
from qanat.wire.sqs.parameters import batch, integer, required


def entries(*ids: str | None) -> list[DeleteEntry]:
    return [DeleteEntry(one) for one in ids]


@pytest.mark.parametrize("value", [None, ""])
def test_required(value: Any) -> None:
    with pytest.raises(MissingParameter, match=r"^The request must contain the parameter X\.$"):
        required(value, "X")


@pytest.mark.parametrize("value", [0, "x", [], {}])
def test_what_is_there(value: Any) -> None:
    assert required(value, "X") == value


@pytest.mark.parametrize(
    "name", ["DelaySeconds", "VisibilityTimeout", "WaitTimeSeconds", "MaxNumberOfMessages", "MaxResults"]
)
def test_integers(name: str) -> None:
    assert integer(None, name, 7) == 7
    assert integer(1, name, 7) == 1
    for value in (-1, 10**6, -(10**30)):
        with pytest.raises(
            InvalidParameterValue, match=f"^Value {value} for parameter {name} is invalid. Reason: "
        ):
            integer(value, name, 7)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (None, errors.EmptyBatchRequest),
        ([], errors.EmptyBatchRequest),
        (entries(*map(str, range(11))), errors.TooManyEntriesInBatchRequest),
        (entries(*["a"] * 11), errors.TooManyEntriesInBatchRequest),
        (entries("a", "a", "b c"), errors.InvalidBatchEntryId),
        (entries(None), errors.InvalidBatchEntryId),
        (entries("a", "b", "a"), errors.BatchEntryIdsNotDistinct),
    ],
)
def test_batches_that_fail_as_a_whole(given: list[DeleteEntry] | None, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        batch(given, "Entry")


def test_a_batch() -> None:
    given = entries("a", "A", "-_9", "x" * 80)
    assert batch(given, "Entry") == [(one.Id, one) for one in given]
