"""Wildcards, against a matcher that tries everything, and within a time that no pattern can stretch."""

from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qanat.core.policy.glob import ARN_COLONS, Style, fits, patterns, utf16
from qanat.core.policy.variables import Variable, pieces
from support.cpu import cpu_time_below

Allowed = Callable[[str, int, str], bool]
"""(pattern, index of a wildcard in it, character) to whether that wildcard may stand for the character."""


def _text(pattern: str, at: int, character: str) -> bool:
    return True


def _resource(pattern: str, at: int, character: str) -> bool:
    return character != ":" or (pattern[at] == "*" and pattern[at + 1 : at + 2] in {"", ":"})


def _arn(pattern: str, at: int, character: str) -> bool:
    return character != ":" or pattern[:at].count(":") >= ARN_COLONS


ALLOWED = {Style.TEXT: _text, Style.RESOURCE: _resource, Style.ARN: _arn}


def naive(pattern: str, text: str, allowed: Allowed) -> bool:
    @cache
    def matches(at: int, start: int) -> bool:
        if at == len(pattern):
            return start == len(text)
        fits = start < len(text) and allowed(pattern, at, text[start])
        if pattern[at] == "*":
            return matches(at + 1, start) or (fits and matches(at, start + 1))
        if pattern[at] == "?":
            return fits and matches(at + 1, start + 1)
        return start < len(text) and pattern[at] == text[start] and matches(at + 1, start + 1)

    return matches(0, 0)


@pytest.mark.parametrize("style", list(Style))
@given(pattern=st.text("ab:*?", max_size=14), text=st.text("ab:", max_size=14))
@example(pattern="?*", text="")
@example(pattern="**", text="a:b")
@example(pattern="a*:b?*b*", text="ab:bb:ab")
@example(pattern="*:a*b*:", text="a:a:ab::")
@example(pattern=":*a*b*:*b?", text="::ab:abb")
def test_patterns_match_what_an_exhaustive_matcher_matches(style: Style, pattern: str, text: str) -> None:
    compiled = patterns([pieces(pattern, wildcards=True)], style)
    assert compiled.match(text, {}) == naive(pattern, text, ALLOWED[style])
    assert fits(pieces(pattern, wildcards=True), style, text) == naive(pattern, text, ALLOWED[style])


@pytest.mark.parametrize("style", list(Style))
@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 40 + "*b", "a" * 4_000),
        ("arn:aws:sqs:*:*:" + "a*" * 40 + "b", "arn:aws:sqs:::" + "a" * 4_000),
        ("*:a" * 20 + "*b", ":a" * 1_000),
        ("*?" * 40 + "b", "a" * 4_000),
        ("a*:b*c" * 12 + "d", "aa:bbc" * 300),
    ],
)
def test_no_pattern_takes_long(pattern: str, text: str, style: Style) -> None:
    compiled = patterns([pieces(pattern, wildcards=True)], style)
    # Some milliseconds; a matcher that backtracks into every star would not return at all.
    with cpu_time_below(2):
        assert not compiled.match(text, {})


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("?", "é", True),
        ("?", "𐐀", False),
        ("??", "𐐀", True),
        ("*", "𐐀", True),
        ("𐐀", "𐐀", True),
        ("x𐐀*", "x𐐀y", True),
        ("x?𐐀", "xy𐐀", True),
        ("x?𐐀", "x𐐀𐐀", False),
        ("x*z", "x\n/z", True),
        ("[x]\\*", "[x]\\y", True),
    ],
)
def test_a_question_mark_is_one_utf16_unit(pattern: str, text: str, expected: bool) -> None:
    assert patterns([pieces(pattern, wildcards=True)], Style.TEXT).match(text, {}) is expected


@given(st.text())
def test_utf16_is_reversible(text: str) -> None:
    assert utf16(text).encode("utf-16-le", "surrogatepass").decode("utf-16-le") == text


UNLIKE = [f"a{number}?b*c{number}*?d" for number in range(2_000)]


def test_long_lists_are_read_and_matched_in_time() -> None:
    with cpu_time_below(0.2):
        compiled = patterns([pieces(pattern, wildcards=True) for pattern in UNLIKE], Style.TEXT)
    assert compiled.match("a7xbbbc7xd", {})
    assert not compiled.match("a7xbbbc8xd", {})


def test_variables_are_expanded_to_other_patterns_in_time() -> None:
    """Whoever asks may have another user agent each time."""
    templates = [(*pieces(pattern, wildcards=True), Variable("aws:useragent", None)) for pattern in UNLIKE]
    compiled = patterns(templates, Style.TEXT)
    # To compile each would take two seconds.
    with cpu_time_below(1):
        for number in range(5):
            assert not compiled.match("a7xbbbc8xd", {"aws:useragent": f"{number}"})
            assert compiled.match(f"a7xbbbc7xd{number}", {"aws:useragent": f"{number}"})


@pytest.mark.parametrize("length", [200, 300])
def test_long_texts_are_matched_as_short_ones_are(length: int) -> None:
    compiled = patterns([pieces("a*b?c*", wildcards=True)], Style.TEXT)
    assert compiled.match("a" * length + "bxc", {})
    assert not compiled.match("a" * length + "bc", {})
