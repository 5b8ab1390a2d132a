"""A body of JSON 1.0 that did not fit its operation: read once more, leniently where AWS is lenient, with AWS's words.

Members that are null count as absent. Only what failed to be read at once comes here, so speed does not matter.
The words are those of AWS's own reader (recorded answers of several services).
"""

from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.inspect import DictType, IntType, ListType, StructType, Type

from qanat.core.errors import MalformedInput
from qanat.wire.query import without_none

_LIST: Final = "Start of list found where not expected"
_MAP: Final = "Start of structure or map found where not expected."


def read_again(body: bytes, into: type[Struct]) -> Any:
    """The input that `body` holds after all. Raises MalformedInput."""
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedInput("The body is not a document of JSON.") from None
    try:
        return msgspec.convert(_fitting(given, msgspec.inspect.type_info(into)), into)
    except msgspec.ValidationError as error:
        raise MalformedInput(str(error)) from None


def _fitting(given: Any, kind: Type) -> Any:
    """`given` without null members. Raises MalformedInput where it is of another kind."""
    kind = without_none(kind)
    if isinstance(kind, StructType):
        if not isinstance(given, dict):
            raise MalformedInput(_LIST if isinstance(given, list) else "Expected null")
        members = {field.encode_name: field.type for field in kind.fields}
        return {
            name: _fitting(value, members[name])
            for name, value in given.items()
            if name in members and value is not None
        }
    if isinstance(kind, DictType):
        if not isinstance(given, dict):
            raise MalformedInput(_LIST if isinstance(given, list) else "Expected map or null")
        return {name: _fitting(value, kind.value_type) for name, value in given.items()}
    if isinstance(kind, ListType):
        if not isinstance(given, list):
            raise MalformedInput(_MAP if isinstance(given, dict) else "Expected list or null")
        return [_fitting(value, kind.item_type) for value in given]
    return _scalar(given, kind)


def _scalar(given: Any, kind: Type) -> Any:
    if isinstance(given, list | dict):
        raise MalformedInput(_LIST if isinstance(given, list) else _MAP)
    number = isinstance(kind, IntType)
    if isinstance(given, bool):
        found = "TRUE_VALUE" if given else "FALSE_VALUE"
    elif isinstance(given, str):
        found = "STRING_VALUE" if number else ""
    elif isinstance(given, int | float):
        found = "" if number else "NUMBER_VALUE"
    else:
        found = "NULL_VALUE"
    if found:
        raise MalformedInput(f"{found} can not be converted to {'an Integer' if number else 'a String'}")
    return int(given) if number and given % 1 == 0 else given
