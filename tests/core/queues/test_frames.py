"""The head of the log: how far nothing lives any more."""

from hypothesis import given
from hypothesis import strategies as st

from qanat.core.queues.frames import LiveFrames


def test_nothing_lives_in_an_empty_log() -> None:
    assert LiveFrames().oldest() is None


def test_a_frame_lives_as_long_as_one_thing_in_it() -> None:
    frames = LiveFrames()
    for position in (3, 3, 5):
        frames.add(position)
    frames.drop(3)
    assert frames.oldest() == 3
    frames.drop(3)
    assert frames.oldest() == 5
    frames.drop(5)
    assert frames.oldest() is None


def test_a_frame_in_which_all_died_while_it_was_gathered_may_live_again() -> None:
    frames = LiveFrames()
    for _ in range(2):
        frames.add(4)
        frames.drop(4)
        assert frames.oldest() is None
    frames.add(4)
    assert frames.oldest() == 4


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.booleans()), max_size=200))
def test_the_oldest_is_the_least_position_that_lives(steps: list[tuple[bool, int, bool]]) -> None:
    frames, living, position = LiveFrames(), list[int](), 0
    for adds, choice, looks in steps:
        if adds:
            position += choice % 3
            frames.add(position)
            living.append(position)
        elif living:
            frames.drop(living.pop(choice % len(living)))
        if looks:
            assert frames.oldest() == min(living, default=None)
    assert frames.oldest() == min(living, default=None)
