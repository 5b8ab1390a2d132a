"""SQS's answers in the Query protocol: XML, or JSON to those who ask for it (recorded answers of AWS)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec
from msgspec import Struct

from qanat.core.errors import QanatError, UnknownOperation
from qanat.wire.json10 import ErrorAnswer
from qanat.wire.query_json import QUERY_JSON
from qanat.wire.service import ErrorRow, Service
from qanat.wire.sqs.errors import SHAPES
from qanat.wire.sqs.operations import Operation
from qanat.wire.sqs.outputs import Empty
from qanat.wire.sqs.query import LISTS, MAPS, VERSIONS
from qanat.wire.xml import SQS, Flat

# One sentence differs between the protocols (recorded answers of AWS).
_OWN_WORDS: Final = {"QueueDoesNotExist": "The specified queue does not exist for this wsdl version."}
# What has no operation has no version either, and so no namespace.
_UNKNOWN_OPERATION: Final = ErrorAnswer(404, b"text/xml", b"", b"<UnknownOperationException/>\n")
# JSON shows the names that these lists have inside AWS; it flattens nothing.
_JSON_NAMES: Final = {"Messages": "messages", "QueueUrls": "queueUrls"}

SQS_QUERY: Final = Service(
    "sqs",
    VERSIONS[0],
    f"http://queue.amazonaws.com/doc/{VERSIONS[0]}/",
    SQS,
    {},
    {code: ErrorRow(shape.status, shape.query_code, _OWN_WORDS.get(code)) for code, shape in SHAPES.items()},
)
_BY_VERSION: Final = {
    version: replace(SQS_QUERY, version=version, xmlns=f"http://queue.amazonaws.com/doc/{version}/")
    for version in VERSIONS
}
_JSON: Final = replace(SQS_QUERY, dialect=QUERY_JSON)


class QueryTongue:
    """Answers of one request. `operation` is to be set once it is known; before that there are errors only."""

    def __init__(self, version: str = VERSIONS[0], *, in_json: bool = False) -> None:
        self._service = _JSON if in_json else _BY_VERSION.get(version, SQS_QUERY)
        self.operation: Operation | None = None

    @property
    def content_type(self) -> bytes:
        return self._service.dialect.content_type

    def encode(self, output: Any, request_id: str) -> bytes:
        assert self.operation is not None
        name = self.operation.name
        # An operation that answers nothing has no Result element; an empty answer has an empty one.
        members: Mapping[str, object] | None = None
        if not isinstance(output, Empty):
            in_json = self._service is _JSON
            members = _json_members(output) if in_json else _xml_members(msgspec.to_builtins(output), name)
        return self._service.dialect.response(name, members, self._service.xmlns, request_id)

    def error(self, error: QanatError, request_id: str) -> ErrorAnswer:
        if isinstance(error, UnknownOperation):
            return _UNKNOWN_OPERATION
        status, body = self._service.render_error(error, request_id)
        return ErrorAnswer(status, self.content_type, b"", body)


def _xml_members(members: Mapping[str, Any], operation: str) -> dict[str, object]:
    """The same members under their names in XML."""
    found: dict[str, object] = {}
    for name, value in members.items():
        if name == "Successful":
            found[f"{operation}ResultEntry"] = Flat(tuple(value))
        elif name == "Messages":
            found["Message"] = Flat(tuple(_xml_members(message, operation) for message in value))
        elif name in LISTS:
            found[LISTS[name]] = Flat(tuple(value))
        elif name in MAPS:
            wrapper, key, inner = MAPS[name]
            found[wrapper] = Flat(tuple({key: one, inner: what} for one, what in value.items()))
        else:
            found[name] = value
    return found


def _json_members(output: Struct) -> dict[str, object]:
    """The members in the shape of JSON: those that are absent are null, and maps are lists of pairs."""
    found: dict[str, object] = {}
    for field in msgspec.structs.fields(output):
        name, value = field.encode_name, getattr(output, field.name)
        if isinstance(value, dict):
            _, key, inner = MAPS[name]
            value = [{key: one, inner: _json_value(what)} for one, what in value.items()]
        found[_JSON_NAMES.get(name, name)] = _json_value(value)
    return found


def _json_value(value: Any) -> object:
    if isinstance(value, Struct):
        return _json_members(value)
    return [_json_value(one) for one in value] if isinstance(value, list) else value
