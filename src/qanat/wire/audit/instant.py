"""A time as CloudTrail writes it: UTC, to the second."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=64)
def instant(at_s: int) -> str:
    """`2013-11-02T01:06:28Z`"""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
