"""Policies as they are shown: whom they name under the ARN that it has now (reference_policies_elements_principal)."""

import json

import pytest

from qanat.core.policy.stored import shown

ANN, BOB, NEW = (f"arn:aws:iam::123456789012:user/{name}" for name in ("ann", "bob", "new"))
IDS = ((ANN, "AIDAANN"), (BOB, "AIDABOB"))


def text(*principals: object) -> str:
    """In a spelling that no encoder has."""
    statements = [
        {"Effect": "Allow", "Principal": one, "Action": "sqs:*", "Resource": "*"} for one in principals
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=3)


def test_to_the_letter_while_nothing_has_changed() -> None:
    given = text({"AWS": [ANN, BOB]})
    assert shown(given, IDS, {"AIDAANN": ANN, "AIDABOB": BOB}.get) == given
    assert shown(given, (), lambda _: None) == given


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"AIDAANN": NEW, "AIDABOB": BOB}, [NEW, BOB]),
        ({"AIDABOB": BOB}, ["AIDAANN", BOB]),
        # The one took the other's name.
        ({"AIDAANN": BOB}, [BOB, "AIDABOB"]),
    ],
)
def test_renamed_and_gone(now: dict[str, str], expected: list[str]) -> None:
    found = json.loads(shown(text({"AWS": [ANN, BOB]}, {"AWS": ANN}, "*"), IDS, now.get))["Statement"]
    assert [one["Principal"] for one in found] == [{"AWS": expected}, {"AWS": expected[0]}, "*"]
