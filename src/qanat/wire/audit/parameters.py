"""`requestParameters` and `responseElements`: what was asked and answered, without secrets and without messages.

Names begin in lower case, as CloudTrail writes them (`queueUrl`, `aWSAccountIds`); the keys of maps that a client
fills, such as tags and attributes of a queue, stay as they are.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from qanat.wire.audit.instant import instant
from qanat.wire.xml import Flat, Timestamp

HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"
"""CloudTrail's own words."""

SECRET_NAMES: Final = frozenset(
    {
        "Body",
        "MessageAttributes",
        "MessageBody",
        "MessageSystemAttributes",
        "NewPassword",
        "OldPassword",
        "Password",
        "SAMLAssertion",
        "SecretAccessKey",
        "SessionToken",
        "TokenCode",
        "WebIdentityToken",
    }
)
"""Never written, whatever is in them."""

# The digest of a short message tells the message to who can guess it.
_DIGEST_PREFIX: Final = "MD5Of"

# CloudTrail's bound of either element.
ELEMENT_BYTES_MAX: Final = 100_000

# A parameter that was not sent, or a list of which nothing was.
_NOTHING: Final[tuple[object, ...]] = (None, [], ())

_encoder: Final = msgspec.json.Encoder()


def elements(found: object, name: str) -> Raw | None:
    """None where there is nothing to write."""
    # EC2, IAM and STS answer with maps of AWS's names; a map within an input or an answer of SQS is the client's own.
    reduced = _reduced(found, maps_are_named=isinstance(found, Mapping))
    if not reduced:
        return None
    encoded = _encoder.encode(reduced)
    if len(encoded) > ELEMENT_BYTES_MAX:
        omitted = {"omitted": True, "originalSize": len(encoded), "reason": f"{name} too large"}
        return Raw(_encoder.encode(omitted))
    return Raw(encoded)


def _reduced(value: object, *, maps_are_named: bool) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Flat):
        value = value.elements
    if isinstance(value, list | tuple):
        return [_reduced(one, maps_are_named=maps_are_named) for one in value]
    if isinstance(value, Struct):
        kind = type(value)
        names = zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True)
        return _members(((name, getattr(value, field)) for name, field in names), maps_are_named)
    if isinstance(value, Mapping):
        if maps_are_named:
            return _members(value.items(), maps_are_named)
        return {str(key): _reduced(one, maps_are_named=False) for key, one in value.items()}
    if isinstance(value, Timestamp):
        return instant(value.at_ms // 1000)
    return HIDDEN


def _members(found: Iterable[tuple[str, object]], maps_are_named: bool) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in found:
        if value in _NOTHING or name.startswith(_DIGEST_PREFIX):
            continue
        secret = name in SECRET_NAMES
        members[name[:1].lower() + name[1:]] = (
            HIDDEN if secret else _reduced(value, maps_are_named=maps_are_named)
        )
    return members
