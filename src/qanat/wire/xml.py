"""XML answers in the two dialects that AWS's query protocols speak.

Invariant: whatever the values hold, what comes out is well-formed XML 1.0.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SQS_HEAD: Final = '<?xml version="1.0"?>'
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#xD;"}
_ESCAPED: Final = re.compile(r'[&<>"\r]')
# Characters that XML 1.0 cannot hold, not even as a reference (https://www.w3.org/TR/xml/#charsets).
_IMPOSSIBLE: Final = re.compile(r"[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Milliseconds since the epoch, written as ISO 8601."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Flat:
    """A list whose elements stand side by side under the list's own name, without a wrapper."""

    elements: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """A map whose keys are data, not names of the service model: a list of `entry` with `key` and `value`."""

    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Fault:
    """One error as it goes on the wire."""

    code: str
    message: str
    sender: bool

    @property
    def type(self) -> str:
        return "Sender" if self.sender else "Receiver"


@dataclass(frozen=True, slots=True)
class Dialect:
    """`response(operation, output, xmlns, request_id)` and `error(fault, xmlns, request_id)` write a whole body."""

    response: Callable[[str, Mapping[str, object] | None, str, str], bytes]
    error: Callable[[Fault, str, str], bytes]
    content_type: bytes = b"text/xml;charset=UTF-8"


def escape(text: str) -> str:
    """Text between tags or quotes; what XML cannot hold becomes the replacement character."""
    possible = _IMPOSSIBLE.sub(_REPLACEMENT, text)
    return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], possible)


def element(name: str, value: object, item: str) -> str:
    """One element; None is no element at all. `item` names the elements of lists."""
    if value is None:
        return ""
    if isinstance(value, Flat):
        return "".join(element(name, one, item) for one in value.elements)
    inside = _inside(value, item)
    return f"<{name}>{inside}</{name}>" if inside else f"<{name}/>"


def _inside(value: object, item: str) -> str:
    if isinstance(value, Entries):
        pairs = ({"key": key, "value": one} for key, one in value.values.items())
        return "".join(element("entry", pair, item) for pair in pairs)
    if isinstance(value, Mapping):
        return "".join(element(name, one, item) for name, one in value.items())
    if isinstance(value, list | tuple):
        return "".join(element(item, one, item) for one in value)
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Timestamp):
        instant = datetime.fromtimestamp(value.at_ms / 1000, UTC)
        return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, str | int):
        return escape(str(value))
    raise TypeError(f"cannot be written as XML: {type(value).__name__}")


def _document(name: str, xmlns: str | None, inside: Iterable[str], head: str = _HEAD) -> bytes:
    namespace = f' xmlns="{escape(xmlns)}"' if xmlns else ""
    return f"{head}<{name}{namespace}>{''.join(inside)}</{name}>".encode()


def _query_response(
    operation: str, output: Mapping[str, object] | None, xmlns: str, request_id: str, head: str = _HEAD
) -> bytes:
    result = element(f"{operation}Result", output, "member")
    metadata = element("ResponseMetadata", {"RequestId": request_id}, "member")
    return _document(f"{operation}Response", xmlns, (result, metadata), head)


def _query_error(fault: Fault, xmlns: str, request_id: str) -> bytes:
    return _error_document(fault, {}, xmlns, request_id, _HEAD)


def _error_document(
    fault: Fault, detail: Mapping[str, object], xmlns: str, request_id: str, head: str
) -> bytes:
    error = {"Type": fault.type, "Code": fault.code, "Message": fault.message, **detail}
    inside = (element("Error", error, "member"), element("RequestId", request_id, "member"))
    return _document("ErrorResponse", xmlns, inside, head)


def _sqs_response(operation: str, output: Mapping[str, object] | None, xmlns: str, request_id: str) -> bytes:
    return _query_response(operation, output, xmlns, request_id, _SQS_HEAD)


def _sqs_error(fault: Fault, xmlns: str, request_id: str) -> bytes:
    return _error_document(fault, {"Detail": {}}, xmlns, request_id, _SQS_HEAD)


def _ec2_response(operation: str, output: Mapping[str, object] | None, xmlns: str, request_id: str) -> bytes:
    return _document(
        f"{operation}Response", xmlns, (_inside({"requestId": request_id, **(output or {})}, "item"),)
    )


def _ec2_error(fault: Fault, xmlns: str, request_id: str) -> bytes:
    errors = {"Errors": {"Error": {"Code": fault.code, "Message": fault.message}}, "RequestID": request_id}
    return _document("Response", None, (_inside(errors, "item"),))


QUERY: Final = Dialect(_query_response, _query_error)
"""IAM, STS and their like."""

SQS: Final = Dialect(_sqs_response, _sqs_error, b"text/xml")
"""SQS has a head of its own, and an empty Detail in its errors (recorded answers of AWS)."""

EC2: Final = Dialect(_ec2_response, _ec2_error)
