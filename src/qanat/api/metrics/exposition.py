"""The text format of Prometheus, version 0.0.4 (prometheus.io, exposition_formats)."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"


class Family(NamedTuple):
    """All samples of one name stand together, under what is said of them."""

    name: str
    kind: Kind
    help: str

    def head(self) -> str:
        said = self.help.replace("\\", "\\\\").replace("\n", "\\n")
        return f"# HELP {self.name} {said}\n# TYPE {self.name} {self.kind}\n"


class Sample(NamedTuple):
    value: float
    labels: str = ""
    """As `labels` gives them."""
    suffix: str = ""
    """What the name has behind the family's: `_sum`, `_count`, `_bucket`."""


def labels(**values: str) -> str:
    """`a="b",c="d"`"""
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in values.items())


def text(family: Family, samples: Iterable[Sample]) -> str:
    lines = [line(family.name + sample.suffix, sample.labels, sample.value) for sample in samples]
    return family.head() + "".join(lines)


def line(name: str, labels: str, value: float) -> str:
    return f"{name}{{{labels}}} {value}\n" if labels else f"{name} {value}\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
