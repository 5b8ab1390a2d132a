"""The MD5 digests that SDKs check (DG sqs-message-metadata, "Calculating the MD5 message digest")."""

from collections.abc import Iterable
from hashlib import md5

from qanat.core.queues.message import MessageAttribute

_STRING = b"\x01"
_BINARY = b"\x02"


def md5_of_body(body: bytes) -> str:
    return md5(body, usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: Iterable[MessageAttribute]) -> str | None:
    """None where there are no attributes: AWS leaves the member out then."""
    parts: list[bytes] = []
    for attribute in sorted(attributes, key=lambda attribute: attribute.name):
        parts += _lengthed(attribute.name.encode()), _lengthed(attribute.data_type.encode())
        if attribute.binary_value is not None:
            parts += _BINARY, _lengthed(attribute.binary_value)
        else:
            parts += _STRING, _lengthed((attribute.string_value or "").encode())
    return md5(b"".join(parts), usedforsecurity=False).hexdigest() if parts else None


def _lengthed(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data
