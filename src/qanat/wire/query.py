"""The AWS Query and EC2 Query protocols: form bytes to a tree of names, and a tree to a msgspec Struct.

Everything a client can send is bounded here, and whatever does not fit is a QanatError, never another exception.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Struct
from msgspec.inspect import (
    BoolType,
    BytesType,
    IntType,
    ListType,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
)

from qanat.core.errors import MalformedInput, MissingParameter, QanatError

# A batch of ten messages with ten attributes each has some 400 parameters; EC2's longest lists some thousands.
PARAMETERS_MAX: Final = 10_000
# The deepest name of the services here, `IpPermissions.1.Groups.1.GroupId`, has five parts.
DEPTH_MAX: Final = 10
# AWS refuses a list index more than ten ahead of the one before it.
INDEX_GAP_MAX: Final = 10
INTEGER_MAX: Final = 2**31 - 1

Tree = dict[str, "str | Tree"]
T = TypeVar("T", bound=Struct)

_INDEX: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
# Leading zeros are bounded too: Python refuses to read thousands of digits, whatever they are.
_INTEGER: Final = re.compile(r"[+-]?0{0,100}[0-9]{1,10}", re.ASCII)
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


class UnknownParameter(QanatError):
    code = "UnknownParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The parameter {name} is not recognized")


def parse_form(form: bytes) -> Tree:
    """The tree of `A.B.1=text`; raises MalformedInput."""
    pairs = form.split(b"&", PARAMETERS_MAX + 1)
    if len(pairs) > PARAMETERS_MAX:
        raise MalformedInput(f"A request may have at most {PARAMETERS_MAX} parameters.")
    tree: Tree = {}
    for pair in pairs:
        if pair:
            name, _, value = pair.partition(b"=")
            _plant(tree, _decoded(name), _decoded(value))
    return tree


def _decoded(part: bytes) -> str:
    try:
        return unquote_to_bytes(part.replace(b"+", b" ")).decode()
    except UnicodeDecodeError as error:
        raise MalformedInput("The request is not valid UTF-8.") from error


def _plant(tree: Tree, name: str, value: str) -> None:
    *path, leaf = name.split(".", DEPTH_MAX - 1)
    if "." in leaf:
        raise MalformedInput(f"The name of a parameter may have at most {DEPTH_MAX} parts.")
    for step in path:
        branch = tree.setdefault(_canonical(step), {})
        if isinstance(branch, str):
            raise _conflict(name)
        tree = branch
    if _canonical(leaf) in tree:
        raise _conflict(name)
    tree[_canonical(leaf)] = value


def _canonical(step: str) -> str:
    """`01` and `1` are one index."""
    return str(int(step)) if _INDEX.fullmatch(step) else step


def _conflict(name: str) -> MalformedInput:
    return MalformedInput(f"The parameter {name} is given twice, or both as a value and as a structure.")


def convert(
    tree: Tree,
    into: type[T],
    missing: Callable[[str], QanatError] = MissingParameter,
    *,
    lenient: bool = False,
) -> T:
    """The Struct that the tree fills, under the Struct's encoded names.

    Raises MalformedInput, what `missing` makes of a required name, and UnknownParameter unless `lenient`: a
    parameter that is not understood might be one that was meant to restrict something.
    """
    return _Conversion(missing, lenient).structure(tree, into, "")  # type: ignore[no-any-return]  # it is `into`


class _Conversion:
    def __init__(self, missing: Callable[[str], QanatError], lenient: bool) -> None:
        self._missing = missing
        self._lenient = lenient

    def structure(self, node: "str | Tree", into: type[Struct], name: str) -> Any:
        # An empty value is how an empty structure is written.
        tree: Tree = {} if node == "" else branch(node, name)
        fields = fields_of(into)
        if not self._lenient and (unknown := tree.keys() - fields.keys()):
            raise UnknownParameter(f"{name}{min(unknown)}")
        values = {}
        for encoded, field in fields.items():
            if encoded in tree:
                values[field.name] = self.value(tree[encoded], field.type, f"{name}{encoded}")
            elif field.required:
                raise self._missing(f"{name}{encoded}")
        return into(**values)

    def value(self, node: "str | Tree", kind: Type, name: str) -> Any:
        kind = without_none(kind)
        if isinstance(kind, StructType):
            return self.structure(node, kind.cls, f"{name}.")
        if isinstance(kind, ListType | VarTupleType):
            elements = [
                self.value(one, kind.item_type, f"{name}.{index}") for index, one in numbered(node, name)
            ]
            return tuple(elements) if isinstance(kind, VarTupleType) else elements
        return scalar(node, kind, name)


def scalar(node: "str | Tree", kind: Type, name: str) -> object:
    """Text, number, truth value or bytes. Raises MalformedInput."""
    if not isinstance(node, str):
        raise MalformedInput(f"The parameter {name} must be a value.")
    return _SCALARS[type(kind)](node, name)


def without_none(kind: Type) -> Type:
    """The kind itself, where None is allowed beside it."""
    if isinstance(kind, UnionType):
        (kind,) = (one for one in kind.types if not isinstance(one, msgspec.inspect.NoneType))
    return kind


@cache
def fields_of(into: type[Struct]) -> Mapping[str, msgspec.inspect.Field]:
    described = msgspec.inspect.type_info(into)
    assert isinstance(described, StructType)
    return {field.encode_name: field for field in described.fields}


def branch(node: "str | Tree", name: str) -> Tree:
    if isinstance(node, str):
        raise MalformedInput(f"The parameter {name.removesuffix('.')} must be a structure.")
    return node


def numbered(node: "str | Tree", name: str) -> list[tuple[int, "str | Tree"]]:
    """The elements of a list with their indexes; both `Name.1` and `Name.member.1` are lists."""
    if node == "":
        return []
    tree = branch(node, name)
    if tree.keys() == {"member"}:
        tree = branch(tree["member"], name)
    if not all(_INDEX.fullmatch(step) for step in tree):
        raise MalformedInput(f"The parameter {name} must be a list numbered from 1.")
    indexes = sorted(map(int, tree))
    for before, index in zip([0, *indexes], indexes, strict=False):
        if index == 0 or index - before > INDEX_GAP_MAX:
            raise MalformedInput(f"The list {name} must be numbered from 1 without gaps.")
    return [(index, tree[str(index)]) for index in indexes]


def _text(node: str, name: str) -> str:
    return node


def _integer(node: str, name: str) -> int:
    if not _INTEGER.fullmatch(node) or abs(int(node)) > INTEGER_MAX:
        raise MalformedInput(f"The parameter {name} must be an integer.")
    return int(node)


def _boolean(node: str, name: str) -> bool:
    if node not in _BOOLEANS:
        raise MalformedInput(f"The parameter {name} must be true or false.")
    return _BOOLEANS[node]


def _binary(node: str, name: str) -> bytes:
    try:
        return b64decode(node, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedInput(f"The parameter {name} must be base64.") from error


_SCALARS: Final[Mapping[type[Type], Callable[[str, str], object]]] = {
    StrType: _text,
    IntType: _integer,
    BoolType: _boolean,
    BytesType: _binary,
}
