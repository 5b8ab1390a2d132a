"""EC2 User Guide, Using_Filtering."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.core.errors import InvalidParameterValue
from qanat.core.network.commands import Filter
from qanat.core.network.filters import FILTER_VALUES_MAX, matches, select


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("web", "web", True),
        ("web", "Web", False),
        ("web", "webs", False),
        ("w*b", "wb", True),
        ("*", "", True),
        ("?", "", False),
        ("d?v", "dev", True),
        ("*database*", "my-database-1", True),
        (r"\*amazon\?\\", "*amazon?\\", True),
        (r"\*", "x", False),
        ("[a-z]", "b", False),
        ("\\", "\\", True),
        ("", "", True),
        ("", "x", False),
    ],
)
def test_wildcards(pattern: str, text: str, *, fits: bool) -> None:
    assert matches(pattern, text) is fits


@given(st.text("ab*?\\"), st.text("ab*?\\"))
def test_wildcards_against_a_regular_expression(pattern: str, text: str) -> None:
    parts = re.findall(r"\\.|.", pattern)
    spelt = "".join({"*": ".*", "?": "."}.get(part, re.escape(part[-1])) for part in parts)
    assert matches(pattern, text) is bool(re.fullmatch(spelt, text))


def test_many_stars_take_no_longer_than_few() -> None:
    assert not matches("*a" * 100 + "b", "a" * 2_000)


THINGS = [("one", (("Name", "a"), ("Team", "x"))), ("two", (("Name", "b"),)), ("three", ())]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ((), ["one", "two", "three"]),
        ((Filter("name", ("t*",)),), ["two", "three"]),
        ((Filter("name", ("one", "two")),), ["one", "two"]),
        ((Filter("name", ("t*",)), Filter("tag:Name", ("b",))), ["two"]),
        ((Filter("tag-key", ("Team",)),), ["one"]),
        ((Filter("tag:name", ("a",)),), []),
        ((Filter("name", ()),), []),
    ],
)
def test_filters_are_ands_of_ors(filters: tuple[Filter, ...], found: list[str]) -> None:
    readers = {"name": lambda thing: (thing[0],)}
    assert [thing[0] for thing in select(THINGS, filters, readers, lambda thing: thing[1])] == found


@pytest.mark.parametrize(
    "one", [Filter("colour", ("red",)), Filter("name", ("x",) * (FILTER_VALUES_MAX + 1))]
)
def test_a_filter_that_cannot_be_meant_is_refused(one: Filter) -> None:
    with pytest.raises(InvalidParameterValue):
        select(THINGS, (one,), {"name": lambda thing: (thing[0],)}, lambda thing: thing[1])
