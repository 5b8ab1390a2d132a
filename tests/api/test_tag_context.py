"""Condition keys about tags (IAM User Guide, reference_policies_condition-keys; access_tags)."""

from qanat.api.context import tag_context


def test_keys_are_in_lower_case_and_values_as_they_are() -> None:
    assert tag_context((("Team", "Red"),), {"Cost/Centre": "X", "team": ""}) == (
        {
            "aws:resourcetag/team": "Red",
            "aws:requesttag/cost/centre": "X",
            "aws:requesttag/team": "",
            "aws:tagkeys": ("Cost/Centre", "team"),
        },
        frozenset(),
    )


def test_what_does_not_apply_is_absent() -> None:
    assert tag_context((), {}) == ({}, frozenset())


def test_what_is_taken_away_has_keys_and_no_values() -> None:
    assert tag_context((), {"a": None, "A": None}) == ({"aws:tagkeys": ("a", "A")}, frozenset())


def test_tags_that_differ_by_case_alone_are_unclear() -> None:
    twins = (("a", "1"), ("A", "2"), ("b", "3"))
    assert tag_context(twins, {})[1] == frozenset({"aws:resourcetag/a"})
    assert tag_context((), dict(twins))[1] == frozenset({"aws:requesttag/a"})
