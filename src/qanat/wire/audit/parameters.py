"""`requestParameters` and `responseElements`: what was asked and answered, without secrets and without messages.

Names begin in lower case, as CloudTrail writes them (`queueUrl`, `aWSAccountIds`); the keys of maps that a client
fills, such as tags and attributes of a queue, stay as they are.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from qanat.wire.audit.instant import instant
from qanat.wire.xml import Flat, Timestamp

HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"
"""CloudTrail's own words."""

SECRET_NAMES: Final = frozenset(
    {
        "AuthenticationCode1",
        "AuthenticationCode2",
        "Base32StringSeed",
        "Body",
        "MessageAttributes",
        "MessageBody",
        "MessageSystemAttributes",
        "NewPassword",
        "OldPassword",
        "Password",
        "QRCodePNG",
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

_SCALARS: Final = (str, int, float)
_LISTS: Final = (list, tuple)

_encoder: Final = msgspec.json.Encoder()


def elements(found: object, name: str) -> Raw | None:
    """None where there is nothing to write: what was not sent, or a list of which nothing was."""
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
    if value is None or isinstance(value, _SCALARS):
        return value
    if isinstance(value, Struct):
        return _of_struct(value)
    if isinstance(value, Flat):
        value = value.elements
    if isinstance(value, _LISTS):
        return [_reduced(one, maps_are_named=maps_are_named) for one in value]
    if isinstance(value, Mapping):
        return _of_map(value) if maps_are_named else _of_texts(value)
    if isinstance(value, Timestamp):
        return instant(value.at_ms // 1000)
    return HIDDEN


def _of_struct(value: Struct) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for field, key, secret in _members(type(value)):
        found = getattr(value, field)
        if found is not None and found != [] and found != ():
            members[key] = HIDDEN if secret else _reduced(found, maps_are_named=False)
    return members


def _of_map(value: Mapping[str, object]) -> dict[str, Any]:
    return {
        _key(name): HIDDEN if name in SECRET_NAMES else _reduced(found, maps_are_named=True)
        for name, found in value.items()
        if found is not None and found != [] and found != ()
    }


def _of_texts(value: Mapping[str, object]) -> dict[str, str]:
    return {key: found if isinstance(found, str) else HIDDEN for key, found in value.items()}


@cache
def _members(kind: type[Struct]) -> tuple[tuple[str, str, bool], ...]:
    """(attribute, key, whether it is a secret) of what is written."""
    return tuple(
        (field, _key(name), name in SECRET_NAMES)
        for field, name in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
        if not name.startswith(_DIGEST_PREFIX)
    )


def _key(name: str) -> str:
    return name[:1].lower() + name[1:]
