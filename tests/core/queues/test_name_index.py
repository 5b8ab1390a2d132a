"""Pages of sorted names."""

from hypothesis import given
from hypothesis import strategies as st

from qanat.core.queues.name_index import NameIndex

NAMES = st.lists(st.text("aAb-", max_size=3))


@given(NAMES, NAMES, st.text("aAb", max_size=2), st.text("aAb-", max_size=3), st.integers(1, 4))
def test_a_page_is_what_sorting_everything_gives(
    added: list[str], dropped: list[str], prefix: str, after: str, size: int
) -> None:
    index: NameIndex[str] = NameIndex()
    for name in added:
        index.add("here", name)
        index.add("there", name)
    for name in dropped:
        index.discard("here", name)
    left = sorted(set(added) - set(dropped))
    # An empty `after` asks from the start; no queue has an empty name.
    fitting = [name for name in left if name.startswith(prefix) and (name > after)]
    page = index.page("here", prefix, after, size)
    assert page.names == tuple(fitting[:size])
    assert page.more == (len(fitting) > size)
    assert index.names("here") == tuple(left)
    assert index.names("there") == tuple(sorted(set(added)))


def test_a_key_without_names_is_forgotten() -> None:
    index: NameIndex[str] = NameIndex()
    index.add("here", "a")
    index.discard("here", "a")
    index.discard("here", "a")
    assert index.names("here") == ()
    assert not index._names
