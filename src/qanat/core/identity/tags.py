"""Tags of IAM's things, as they change (IAM User Guide, id_tags and reference_iam-quotas)."""

from collections.abc import Iterable
from typing import Final

from qanat.core.identity.errors import LimitExceeded
from qanat.core.identity.model import Texts

TAGS_MAX: Final = 50


def tagged(tags: Texts, added: Texts) -> Texts:
    """A key that differs by case alone from one that is there takes its place. Raises LimitExceeded."""
    by_key = {key.lower(): (key, value) for key, value in (*tags, *added)}
    if len(by_key) > TAGS_MAX:
        raise LimitExceeded("The number of tags has reached the maximum limit.")
    return tuple(sorted(by_key.values()))


def untagged(tags: Texts, keys: Iterable[str]) -> Texts:
    """Without those keys, in whatever case; a key that is not there is no error."""
    removed = {key.lower() for key in keys}
    return tuple(tag for tag in tags if tag[0].lower() not in removed)
