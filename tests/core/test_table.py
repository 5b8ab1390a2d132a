"""The indexed table against a plain list."""

from hypothesis import given
from hypothesis import strategies as st

from qanat.core.table import Table

Row = tuple[str, str]
changes = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["", "x", "y", "xy"])))


@given(changes)
def test_indexes_follow_every_change(rows: list[Row]) -> None:
    table: Table[str, Row] = Table(lambda row: row[0], letter=lambda row: row[1])
    model: dict[str, Row] = {}
    for key, letters in rows:
        if letters == "" and key in model:
            assert table.remove(key) == model.pop(key)
        else:
            assert table.put((key, letters)) == model.get(key)
            model[key] = (key, letters)
        assert list(table) == [model[one] for one in sorted(model)]
        for letter in "xy":
            expected = [model[one] for one in sorted(model) if letter in model[one][1]]
            assert table.where("letter", letter) == expected
            assert table.count("letter", letter) == len(expected)
    table.clear()
    assert (len(table), table.where("letter", "x")) == (0, [])
