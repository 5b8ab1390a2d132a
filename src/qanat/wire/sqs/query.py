"""SQS in the Query protocol, which SDKs older than November 2023 speak: forms to inputs.

Both protocols share inputs, outputs and their checks. This module only renames: lists and maps are flattened under
singular names (botocore 1.29's model of SQS, the last one of the Query protocol). What is not known is ignored.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.inspect import DictType, ListType, StructType, Type

from qanat.core.errors import InvalidAction, MalformedInput, NoSuchVersion, UnknownOperation
from qanat.wire.query import branch, fields_of, numbered, parse_form, scalar, without_none
from qanat.wire.sqs.operations import OPERATIONS, Operation

# Those that AWS has had for Query; they differ in nothing but the namespace of the answers.
VERSIONS: Final = ("2012-11-05", "2011-10-01", "2009-02-01")

# Member of an input or output -> its name in a form or in XML.
LISTS: Final = {
    "AWSAccountIds": "AWSAccountId",
    "Actions": "ActionName",
    "AttributeNames": "AttributeName",
    "BinaryListValues": "BinaryListValue",
    "Failed": "BatchResultErrorEntry",
    "MessageAttributeNames": "MessageAttributeName",
    "MessageSystemAttributeNames": "MessageSystemAttributeName",
    "Messages": "Message",
    "QueueUrls": "QueueUrl",
    "Results": "ListMessageMoveTasksResultEntry",
    "StringListValues": "StringListValue",
    "TagKeys": "TagKey",
    "queueUrls": "QueueUrl",
}
# Member -> (name, what its keys are called, what its values are called).
MAPS: Final = {
    "Attributes": ("Attribute", "Name", "Value"),
    "MessageAttributes": ("MessageAttribute", "Name", "Value"),
    "MessageSystemAttributes": ("MessageSystemAttribute", "Name", "Value"),
    "Tags": ("Tag", "Key", "Value"),
    "tags": ("Tag", "Key", "Value"),
}

Tree = Mapping[str, Any]


def read(form: bytes) -> tuple[Operation, Any]:
    """The operation that a form names, and its input.

    Raises UnknownOperation where it names none, InvalidAction, NoSuchVersion, MalformedInput.
    """
    tree = parse_form(form)
    action = tree.get("Action")
    if not action:
        raise UnknownOperation
    operation = OPERATIONS.get(action) if isinstance(action, str) else None
    if operation is None:
        raise InvalidAction(action if isinstance(action, str) else "Action")
    version = tree.get("Version", VERSIONS[0])
    if version not in VERSIONS:
        raise NoSuchVersion(version if isinstance(version, str) else "Version")
    return operation, _Reading(f"{operation.name}RequestEntry").structure(tree, operation.input, "")


class _Reading:
    """`entry_name` is what the entries of a batch are called, which differs from one operation to the next."""

    def __init__(self, entry_name: str) -> None:
        self._entry_name = entry_name

    def structure(self, tree: Tree, into: type[Struct], path: str) -> Any:
        values = {}
        for member, field in fields_of(into).items():
            value = self._member(tree, member, without_none(field.type), path)
            if value is not None:
                values[field.name] = value
        return into(**values)

    def _member(self, tree: Tree, member: str, kind: Type, path: str) -> Any:
        if isinstance(kind, DictType):
            return self._map(tree, kind.value_type, path, *MAPS[member])
        if isinstance(kind, ListType):
            name = self._entry_name if member == "Entries" else LISTS[member]
            nodes = _elements(tree, name, path)
            if nodes is None:
                return None
            return [self._value(node, kind.item_type, f"{path}{name}") for node in nodes]
        return None if member not in tree else self._value(tree[member], kind, f"{path}{member}")

    def _value(self, node: Any, kind: Type, name: str) -> Any:
        if isinstance(kind, StructType):
            return self.structure(branch(node, name), kind.cls, f"{name}.")
        return scalar(node, kind, name)

    def _map(self, tree: Tree, kind: Type, path: str, name: str, key: str, value: str) -> Any:
        nodes = _elements(tree, name, path, key)
        if nodes is None:
            return None
        found = {}
        for node in nodes:
            if not isinstance(node, Mapping) or not isinstance(node.get(key), str) or value not in node:
                raise MalformedInput(f"Each {path}{name} must have a {key} and a {value}.")
            found[node[key]] = self._value(node[value], kind, f"{path}{name}.{value}")
        return found


def _elements(tree: Tree, name: str, path: str, key: str | None = None) -> list[Any] | None:
    """`Name.1`, `Name.2`, ... in order.

    A single `Name` is a list of one, and `Name.Key` with `Name.Value` a map of one, as AWS's own examples write them.
    """
    node = tree.get(name)
    if node is None:
        return None
    if isinstance(node, str) or (key is not None and key in node):
        return [node]
    return [element for _, element in numbered(node, f"{path}{name}")]
