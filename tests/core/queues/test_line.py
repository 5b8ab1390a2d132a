"""A line gives its entries in order, whatever the order in which they came, and forgets what lives no more."""

from heapq import heappop, heappush

from hypothesis import given
from hypothesis import strategies as st

from qanat.core.queues.line import Line

entries = st.tuples(st.integers(0, 20), st.integers(0, 20))


@given(st.lists(entries | st.none(), max_size=60))
def test_a_line_is_a_priority_queue(steps: list[tuple[int, int] | None]) -> None:
    """None takes one out."""
    line: Line[tuple[int, int]] = Line()
    heap: list[tuple[int, int]] = []
    for entry in steps:
        if entry is not None:
            line.push(entry)
            heappush(heap, entry)
        elif heap:
            assert line.pop() == heappop(heap)
        assert line.first() == (heap[0] if heap else None)
        assert len(line) == len(heap)


@given(st.lists(entries, max_size=60))
def test_a_swept_line_holds_each_living_entry_once(came: list[tuple[int, int]]) -> None:
    line: Line[tuple[int, int]] = Line()
    for entry in came:
        line.push(entry)
    line.sweep(lambda entry: entry[0] % 2)
    left = [line.pop() for _ in range(len(line))]
    assert left == sorted({entry for entry in came if entry[0] % 2})
