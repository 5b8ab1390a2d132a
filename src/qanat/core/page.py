"""One page of a list that is sorted by a text, and the token that says where the next one begins.

A token names the last thing shown, so nothing is skipped or shown twice when things come and go between pages.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from qanat.core.errors import InvalidParameterValue

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: tuple[T, ...]
    next_token: str | None = None


def page(items: Sequence[T], name: Callable[[T], str], token: str | None, size: int | None) -> Page[T]:
    """`items` must be in the order of their names; raises InvalidParameterValue for a token that is not ours."""
    after = None if token is None else _name_in(token)
    rest = [item for item in items if after is None or name(item) > after]
    if size is None or len(rest) <= size:
        return Page(tuple(rest))
    return Page(tuple(rest[:size]), urlsafe_b64encode(name(rest[size - 1]).encode()).decode())


def _name_in(token: str) -> str:
    try:
        return urlsafe_b64decode(token.encode("ascii")).decode()
    except (UnicodeError, binascii.Error) as error:
        raise InvalidParameterValue(f"Invalid token: '{token}'") from error
