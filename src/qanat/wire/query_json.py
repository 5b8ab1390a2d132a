"""The Query protocol answered in JSON: what AWS does for `Accept: application/json`.

Shapes from recorded answers of SQS and STS: names in order, absent members null, instants in seconds.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from qanat.wire.xml import Dialect, Entries, Fault, Flat, Timestamp

_encoder = msgspec.json.Encoder(order="sorted")


def is_wanted(accept: bytes) -> bool:
    """Whether an Accept header asks for JSON."""
    return b"application/json" in accept.lower()


def _response(operation: str, output: Mapping[str, object] | None, xmlns: str, request_id: str) -> bytes:
    said: dict[str, object] = {"ResponseMetadata": {"RequestId": request_id}}
    if output is not None:
        said[f"{operation}Result"] = _plain(output)
    return _encoder.encode({f"{operation}Response": said})


def _error(fault: Fault, xmlns: str, request_id: str) -> bytes:
    error = {"Code": fault.code, "Message": fault.message, "Type": fault.type}
    return _encoder.encode({"Error": error, "RequestId": request_id})


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, Entries):
        return _plain(value.values)
    if isinstance(value, Flat):
        return [_plain(one) for one in value.elements]
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.at_ms / 1000 if isinstance(value, Timestamp) else value


QUERY_JSON: Final = Dialect(_response, _error, b"application/json")
