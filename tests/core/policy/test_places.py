"""Places in a policy's text: where a finding's path leads."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.core.policy.errors import PolicyInvalid, shown
from qanat.core.policy.places import Spot, locate
from qanat.core.policy.syntax import decode

TEXT = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["sqs:A",
      "sqs:B"], "Condition": {"StringEquals": {"aws:RequestTag/a.b[0]": 5}}}
  ]
}"""


@pytest.mark.parametrize(
    ("path", "line", "column", "width"),
    [
        ("", 1, 1, 1),
        ("Version", 2, 14, 12),
        ("Statement", 3, 16, 1),
        ("Statement[0]", 4, 5, 1),
        ("Statement[0].Effect", 4, 16, 7),
        ("Statement[0].Action[0]", 4, 36, 7),
        ("Statement[0].Action[1]", 5, 7, 7),
        ("Statement[0].Condition.StringEquals.aws:RequestTag/a.b[0]", 5, 73, 1),
        # A value without a list is its own first member, and what is not there is where it should be.
        ("Statement[0].Effect[0]", 4, 16, 7),
        ("Statement[0].Condition.StringEquals.aws:RequestTag/a.b[0][0]", 5, 73, 1),
        ("Statement[0].Sid", 4, 5, 1),
        ("Statement[7].Sid", 3, 16, 1),
        ("Id", 1, 1, 1),
    ],
)
def test_places(path: str, line: int, column: int, width: int) -> None:
    assert locate(TEXT).of(path).value == Spot(line, column, width)


def test_the_place_of_a_name() -> None:
    assert locate(TEXT).of("Statement[0].Effect").key == Spot(4, 6, 8)
    assert locate(TEXT).of("Statement[0].Action[0]").key is None


def test_one_statement_without_a_list_has_the_same_paths() -> None:
    places = locate('{"Statement": {"Effect": "Allow"}}')
    assert places.of("Statement[0].Effect").value == Spot(1, 26, 7)
    assert places.of("Statement[0]").value == places.of("Statement").value == Spot(1, 15, 1)


def test_a_key_given_twice() -> None:
    assert locate('{"a": 1,\n "b": {"a": 1}, "a": 2}').twice == Spot(2, 17, 3)
    assert locate(TEXT).twice is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def walk(node: object, path: str) -> Iterator[tuple[str, object]]:
    yield path, node
    if isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{path}[{index}]")
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, f"{path}.{shown(key)}" if path else shown(key))


@given(values, st.sampled_from([None, 0, 2]), st.booleans())
def test_the_text_at_a_place_is_the_value_at_its_path(
    tree: object, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(tree, indent=indent, ensure_ascii=ascii_only)
    try:
        decode(text)
    except PolicyInvalid:
        return
    places = locate(text)
    lines = text.split("\n")
    seen: set[str] = set()
    for path, value in walk(tree, ""):
        # Two names may be told alike, as `a.b` is; the first has the place.
        if path in seen or (path == "Statement" and isinstance(value, dict)) or path.startswith("Statement"):
            continue
        seen.add(path)
        spot = places.of(path).value
        rest = "\n".join([lines[spot.line - 1][spot.column - 1 :], *lines[spot.line :]])
        assert json.JSONDecoder().raw_decode(rest)[0] == value


@given(st.text() | st.text(alphabet='[]{}",:\\n 1a'))
def test_any_text_has_places(text: str) -> None:
    lines = text.split("\n")
    for place in locate(text).by_path.values():
        assert 1 <= place.value.line <= len(lines)
        assert 1 <= place.value.column <= len(lines[place.value.line - 1])
