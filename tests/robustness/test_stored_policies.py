"""A policy that was taken must be readable for ever after: one that is not locks everyone out of its queue."""

import pytest

from qanat.core.policy.document import PolicyKind, parse
from qanat.core.queues.attributes import checked

STATEMENT = '{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"%s}'
NUMBER = ',"Condition":{"NumericLessThan":{"aws:EpochTime":%s}}'


EXTRAS = [
    "",
    NUMBER % "1",
    NUMBER % "1.50",
    NUMBER % "123456789012345678901234567890",
    NUMBER % '"1e400"',
    ',"Sid":"\\u00e4\\n"',
]


def kept(text: str) -> str:
    """The text as the queue keeps it, which can be read."""
    found = checked({"Policy": text})["Policy"]
    parse(found, PolicyKind.RESOURCE)
    return found


@pytest.mark.parametrize("extra", [*EXTRAS, NUMBER % "1e400"])
def test_with_a_version_it_is_kept_to_the_letter(extra: str) -> None:
    text = '{"Version":"2012-10-17","Statement":[' + STATEMENT % extra + "]}"
    assert kept(text) == text


@pytest.mark.parametrize("extra", EXTRAS)
def test_without_one_it_is_given_one(extra: str) -> None:
    assert "2008-10-17" in kept('{"Statement":[' + STATEMENT % extra + "]}")


def test_without_one_its_numbers_stay_what_they_were() -> None:
    kept('{"Statement":[' + STATEMENT % (NUMBER % "1e400") + "]}")
