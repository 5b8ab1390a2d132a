"""Ids in the forms that AWS gives them, and unlike each other."""

import re
from uuid import UUID

import pytest

from qanat.api.ids import RandomIds, uuid


def test_uuids_are_of_version_four() -> None:
    drawn = {uuid() for _ in range(1_000)}
    assert len(drawn) == 1_000
    for text in drawn:
        assert str(UUID(text)) == text
        assert (UUID(text).version, UUID(text).variant) == (4, "specified in RFC 4122")


@pytest.mark.parametrize(
    ("draw", "form"),
    [
        (lambda ids: ids.ec2("vpce"), r"vpce-[0-9a-f]{17}"),
        (lambda ids: ids.iam("AIDA"), r"AIDA[A-Z2-7]{17}"),
        (lambda ids: ids.access_key(), r"AKIA[A-Z2-7]{16}"),
        (lambda ids: ids.secret(), r"[A-Za-z0-9+/]{40}"),
        (lambda ids: ids.suffix(), r"[a-z0-9]{8}"),
    ],
)
def test_forms(draw: object, form: str) -> None:
    assert callable(draw)
    drawn = {draw(RandomIds()) for _ in range(200)}
    assert len(drawn) == 200
    assert all(re.fullmatch(form, one) for one in drawn)
