"""Counts under bounds."""

from qanat.core.histogram import Histogram


def test_a_value_is_under_the_bound_that_it_equals() -> None:
    histogram = Histogram((1.0, 2.0, 5.0))
    for value in (0.5, 1.0, 1.5, 5.0, 5.1, 99.0):
        histogram.add(value)
    assert list(histogram.cumulative()) == [(1.0, 2), (2.0, 3), (5.0, 4)]
    assert (histogram.count, histogram.total) == (6, 112.1)


def test_without_values() -> None:
    histogram = Histogram((1.0,))
    assert (list(histogram.cumulative()), histogram.count, histogram.total) == ([(1.0, 0)], 0, 0.0)
