"""Pages: every item once, in order, whatever the size of a page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.core.errors import InvalidParameterValue
from qanat.core.page import page


@given(st.sets(st.text(min_size=1)), st.integers(min_value=1, max_value=5))
def test_pages_put_together_are_the_list(names: set[str], size: int) -> None:
    items, token, seen = sorted(names), None, list[str]()
    while True:
        got = page(items, str, token, size)
        assert len(got.items) <= size
        seen += got.items
        token = got.next_token
        if token is None:
            break
    assert seen == items


@pytest.mark.parametrize("token", ["é", "a", "////", "gICA"])
def test_a_token_that_is_not_ours_is_refused(token: str) -> None:
    with pytest.raises(InvalidParameterValue):
        page(["a"], str, token, 1)
