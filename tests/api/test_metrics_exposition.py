"""The text format, held against the parser of Prometheus' own library."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from qanat.api.authorise import Authoriser
from qanat.api.metrics.exposition import Family, Kind, Sample, labels, text
from qanat.api.metrics.page import FAMILIES
from qanat.api.metrics.server import words_of
from qanat.core.control import Control
from qanat.core.policy.decision import Reason


@pytest.mark.parametrize("value", ["", "plain", 'a"b', "a\\b", "a\nb", "\\n", '\\"', "é", "a}b,c=d"])
def test_any_label_value_comes_back(value: str) -> None:
    family = Family("a_total", Kind.COUNTER, "x")
    (found,) = text_string_to_metric_families(text(family, [Sample(1, labels(one=value, two="2"))]))
    assert [(sample.name, sample.labels, sample.value) for sample in found.samples] == [
        ("a_total", {"one": value, "two": "2"}, 1.0)
    ]


def test_the_words_to_the_letter() -> None:
    family = Family("a_seconds", Kind.SUMMARY, "Back\\slash and\nline.")
    samples = [Sample(1.5, "", "_sum"), Sample(3, labels(b="c"), "_count")]
    assert text(family, samples) == (
        "# HELP a_seconds Back\\\\slash and\\nline.\n"
        "# TYPE a_seconds summary\n"
        "a_seconds_sum 1.5\n"
        'a_seconds_count{b="c"} 3\n'
    )


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: str(family.name))
def test_names_follow_the_customs_of_prometheus(family: Family) -> None:
    assert re.fullmatch(r"(qanat|process)_[a-z_]+[a-z]", family.name)
    assert family.name.endswith("_total") == (family.kind is Kind.COUNTER)
    assert family.help.endswith(".")


def test_each_name_stands_once() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


def test_each_reason_of_a_decision_has_words_of_its_own() -> None:
    words = [words_of(reason) for reason in Reason]
    assert len(set(words)) == len(words)
    assert {decision for decision, _ in words} == {"allowed", "explicit_deny", "implicit_deny"}
    assert words_of(Reason.EXPLICIT_DENY_ENDPOINT) == ("explicit_deny", "endpoint")
    assert Authoriser(Control()).counts.keys() == set(Reason)
