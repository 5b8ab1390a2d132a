"""A message as it is received (API ReceiveMessage): what was asked for of its attributes, and no more."""

import pytest

from qanat.core.queues.errors import InvalidAttributeName
from qanat.wire.sqs.delivery import SYSTEM_ATTRIBUTES, system_names, user_filter


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ((None, None), ()),
        (([], []), ()),
        ((["SenderId"], None), ("SenderId",)),
        ((["SenderId"], ["SentTimestamp", "SenderId"]), ("SenderId", "SentTimestamp")),
        ((None, ["All"]), tuple(SYSTEM_ATTRIBUTES)),
        ((["All", "SenderId"], ["SenderId"]), tuple(SYSTEM_ATTRIBUTES)),
        (
            (["MessageDeduplicationId", "DeadLetterQueueSourceArn"], None),
            ("MessageDeduplicationId", "DeadLetterQueueSourceArn"),
        ),
    ],
)
def test_system_names(given: tuple[list[str] | None, list[str] | None], wanted: tuple[str, ...]) -> None:
    assert tuple(system_names(*given)) == wanted


@pytest.mark.parametrize("name", ["", "all", "senderid", "Policy", "SenderId "])
def test_unknown_system_names(name: str) -> None:
    with pytest.raises(InvalidAttributeName, match=f"^Unknown Attribute {name}.$"):
        system_names([name], None)


@pytest.mark.parametrize(
    ("names", "matching"),
    [
        (None, None),
        ([], None),
        (["All"], {"a", "a.b", "ab", "A"}),
        ([".*"], {"a", "a.b", "ab", "A"}),
        (["*"], {"a", "a.b", "ab", "A"}),
        (["a"], {"a"}),
        (["a.*"], {"a", "a.b", "ab"}),
        (["a.b", "A"], {"a.b", "A"}),
        (["x.*", "A"], {"A"}),
    ],
)
def test_user_filter(names: list[str] | None, matching: set[str] | None) -> None:
    """`prefix.*` is every name that begins with `prefix`."""
    found = user_filter(names)
    if matching is None:
        assert found is None
    else:
        assert found is not None
        assert {name for name in ("a", "a.b", "ab", "A") if found(name)} == matching
