"""SQS in the Query protocol, which SDKs older than November 2023 speak: forms to inputs, outputs to XML.

Both protocols share inputs, outputs and their checks. This module only renames: lists and maps are flattened under
singular names (botocore 1.29's model of SQS, the last one of the Query protocol).
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from qanat.core.errors import InvalidAction, MalformedInput, MissingParameter, QanatError
from qanat.wire.json10 import ErrorAnswer
from qanat.wire.query import numbered, parse_form
from qanat.wire.service import ErrorRow, Service
from qanat.wire.sqs.errors import SHAPES
from qanat.wire.sqs.operations import OPERATIONS, Operation
from qanat.wire.sqs.outputs import Empty
from qanat.wire.xml import QUERY_WITH_DETAIL, Flat

# Member of an input or output -> its name in a form or in XML.
_LISTS: Final = {
    "AttributeNames": "AttributeName",
    "MessageAttributeNames": "MessageAttributeName",
    "MessageSystemAttributeNames": "MessageSystemAttributeName",
    "QueueUrls": "QueueUrl",
    "queueUrls": "QueueUrl",
    "AWSAccountIds": "AWSAccountId",
    "Actions": "ActionName",
    "TagKeys": "TagKey",
    "Messages": "Message",
    "Failed": "BatchResultErrorEntry",
    "Results": "ListMessageMoveTasksResultEntry",
}
# Member -> (name, what its keys are called, what its values are called).
_MAPS: Final = {
    "Attributes": ("Attribute", "Name", "Value"),
    "MessageAttributes": ("MessageAttribute", "Name", "Value"),
    "MessageSystemAttributes": ("MessageSystemAttribute", "Name", "Value"),
    "tags": ("Tag", "Key", "Value"),
    "Tags": ("Tag", "Key", "Value"),
}

# One sentence differs between the protocols (recorded answers of AWS).
_OWN_WORDS: Final = {"QueueDoesNotExist": "The specified queue does not exist for this wsdl version."}

SQS_QUERY: Final = Service(
    "sqs",
    "2012-11-05",
    "http://queue.amazonaws.com/doc/2012-11-05/",
    QUERY_WITH_DETAIL,
    {},
    {code: ErrorRow(shape.status, shape.query_code, _OWN_WORDS.get(code)) for code, shape in SHAPES.items()},
)

Tree = Mapping[str, Any]


def read(form: bytes) -> tuple[Operation, Any]:
    """The operation that a form names, and its input. Raises InvalidAction, MalformedInput, MissingParameter."""
    tree = parse_form(form)
    action = tree.get("Action")
    if action is None:
        raise MissingParameter("Action")
    operation = OPERATIONS.get(action) if isinstance(action, str) else None
    if operation is None:
        raise InvalidAction(action if isinstance(action, str) else "Action")
    members = _members(tree, operation.input, f"{operation.name}RequestEntry")
    try:
        return operation, msgspec.convert(members, operation.input, strict=False)
    except msgspec.ValidationError as error:
        raise MalformedInput(f"The form cannot be read as the input of {operation.name}: {error}") from None


def _members(tree: Tree, into: type[Struct], entry_name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(into):
        name = field.encode_name
        if name in _MAPS:
            found[name] = _map(tree, *_MAPS[name])
        elif name in _LISTS:
            found[name] = _numbered(tree, _LISTS[name])
        elif name == "Entries":
            found[name] = [_entry(node, entry_name) for node in _numbered(tree, entry_name) or ()]
        else:
            found[name] = tree.get(name)
    return {name: value for name, value in found.items() if value is not None}


def _entry(node: Any, entry_name: str) -> dict[str, Any]:
    """An entry of a batch has the members of the single operation, some of them maps."""
    if not isinstance(node, Mapping):
        raise MalformedInput(f"{entry_name} has no members.")
    found: dict[str, Any] = {name: value for name, value in node.items() if isinstance(value, str)}
    for member, (name, *parts) in _MAPS.items():
        if (values := _map(node, name, *parts)) is not None:
            found[member] = values
    return found


def _numbered(tree: Tree, name: str) -> list[Any] | None:
    """`Name.1`, `Name.2`, ... in order; a single `Name` is a list of one, as some SDKs send it."""
    node = tree.get(name)
    if node is None:
        return None
    return [node] if isinstance(node, str) else [element for _, element in numbered(node, name)]


def _map(tree: Tree, name: str, key: str, value: str) -> dict[str, Any] | None:
    nodes = _numbered(tree, name)
    if nodes is None:
        return None
    found = {}
    for node in nodes:
        if not isinstance(node, Mapping) or not isinstance(node.get(key), str) or value not in node:
            raise MalformedInput(f"Each {name} must have a {key} and a {value}.")
        found[node[key]] = node[value]
    return found


class QueryTongue:
    """Answers of one operation, in XML. The operation is None where a request was refused before it was known."""

    content_type: Final = b"text/xml"

    def __init__(self, operation: Operation | None = None) -> None:
        self._operation = operation

    def encode(self, output: Any, request_id: str) -> bytes:
        assert self._operation is not None
        name = self._operation.name
        # An operation that answers nothing has no Result element; an empty answer has an empty one.
        members = None if isinstance(output, Empty) else _xml_members(msgspec.to_builtins(output), name)
        return QUERY_WITH_DETAIL.response(name, members, SQS_QUERY.xmlns, request_id)

    def error(self, error: QanatError, request_id: str) -> ErrorAnswer:
        status, body = SQS_QUERY.render_error(error, request_id)
        return ErrorAnswer(status, b"", body)


def _xml_members(members: Mapping[str, Any], operation: str) -> dict[str, object]:
    """The same members under their names in XML."""
    found: dict[str, object] = {}
    for name, value in members.items():
        if name == "Successful":
            found[f"{operation}ResultEntry"] = Flat(tuple(value))
        elif name == "Messages":
            found["Message"] = Flat(tuple(_xml_members(message, operation) for message in value))
        elif name in _LISTS:
            found[_LISTS[name]] = Flat(tuple(value))
        elif name in _MAPS:
            wrapper, key, inner = _MAPS[name]
            found[wrapper] = Flat(tuple({key: one, inner: what} for one, what in value.items()))
        else:
            found[name] = value
    return found
