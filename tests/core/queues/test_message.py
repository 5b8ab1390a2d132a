"""What a message weighs: close to what it takes in the log, or housekeeping would rewrite the living for ever."""

import pytest

from qanat.core.queues import records as r
from qanat.core.queues.message import Content, Message, MessageAttribute

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
NUMBER = MessageAttribute("number", "Number", "1")
BINARY = MessageAttribute("binary", "Binary", None, b"x" * 100_000)
TEXT = MessageAttribute("text", "String", "水" * 1_000)


@pytest.mark.parametrize(
    ("body", "attributes", "trace", "group"),
    [
        ("x", (), None, None),
        ("x" * 1_000_000, (), None, None),
        ("水" * 10_000, (), None, None),
        ("x", (), TRACE, "g" * 128),
        ("x", (NUMBER,) * 10, None, None),
        ("x", (BINARY, TEXT), TRACE, None),
    ],
    ids=["small", "large", "not ASCII", "trace and group", "many attributes", "large attributes"],
)
def test_the_weight_of_a_message(
    body: str, attributes: tuple[MessageAttribute, ...], trace: str | None, group: str | None
) -> None:
    content = Content("a" * 36, body, "d" * 32, attributes, trace, "A" * 21, group, 1_753_264_000_000)
    kept = r.Kept(1, 1_000, content, 1_753_264_000_000, 1, 1_753_264_000_000, 1_753_264_000_000)
    weight = Message(1_000, content, 0, 0).size_bytes / len(r.encode([kept]))
    assert 0.8 < weight < 1.2


def test_equality_is_what_a_client_can_see() -> None:
    content = Content("id", "body", "md5", (), None, "AIDA", None, 1)
    one, two = Message(1, content, 5, position=1), Message(1, content, 5, position=9)
    assert one == two
    two.receive_count = 1
    assert one != two
    assert one != content
