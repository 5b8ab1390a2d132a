"""What IAM's operations share: bounded names, how their breach is told, and the ARN of the user meant.

The bounds are those of the IAM API reference (the service model that botocore ships).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from qanat.core.identity.errors import ValidationError
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.model import PrincipalType
from qanat.core.names import group_arn, role_arn, root_arn, user_arn
from qanat.core.page import Page
from qanat.wire.service import Call

_NAME: Final = r"[\w+=,.@-]+"

UserName = Annotated[str, Meta(min_length=1, max_length=128, pattern=_NAME)]
NewUserName = Annotated[str, Meta(min_length=1, max_length=64, pattern=_NAME)]
GroupName = Annotated[str, Meta(min_length=1, max_length=128, pattern=_NAME)]
RoleName = Annotated[str, Meta(min_length=1, max_length=64, pattern=_NAME)]
PolicyName = Annotated[str, Meta(min_length=1, max_length=128, pattern=_NAME)]
AccessKeyId = Annotated[str, Meta(min_length=16, max_length=128, pattern=r"[\w]+")]
Path = Annotated[str, Meta(min_length=1, max_length=512, pattern=r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)")]
PathPrefix = Annotated[str, Meta(min_length=1, max_length=512, pattern=r"\u002F[\u0021-\u007F]*")]
Document = Annotated[
    str, Meta(min_length=1, max_length=131_072, pattern=r"[\u0009\u000A\u000D\u0020-\u00FF]+")
]
Marker = Annotated[str, Meta(min_length=1, max_length=320, pattern=r"[\u0020-\u00FF]+")]
MaxItems = Annotated[int, Meta(ge=1, le=1000)]


class IamInput(Struct, frozen=True, rename="pascal"):
    pass


def missing(name: str) -> ValidationError:
    """What IAM says of a required parameter that is not there."""
    return ValidationError(_sentence([f"Value null at '{_spelt(name)}' {_FAILED} Member must not be null"]))


def check(given: IamInput) -> None:
    """Holds the values against the bounds of their fields; raises ValidationError, which names every breach."""
    breaches = list(_breaches(given))
    if breaches:
        raise ValidationError(_sentence(breaches))


_FAILED: Final = "failed to satisfy constraint:"


def _sentence(breaches: list[str]) -> str:
    errors = "error" if len(breaches) == 1 else "errors"
    return f"{len(breaches)} validation {errors} detected: {'; '.join(breaches)}"


def _spelt(name: str) -> str:
    return name[:1].lower() + name[1:]


def _breaches(given: Struct, prefix: str = "") -> Iterator[str]:
    for name, at, kind in _bounded(type(given)):
        value = getattr(given, name)
        if value is not None:
            yield from _breaches_of(kind, value, f"{prefix}{at}")


def _breaches_of(kind: Any, value: Any, at: str) -> Iterator[str]:
    if isinstance(kind, msgspec.inspect.StructType):
        yield from _breaches(value, f"{at}.")
    elif isinstance(kind, msgspec.inspect.VarTupleType):
        for number, one in enumerate(value, start=1):
            yield from _breaches_of(kind.item_type, one, f"{at}.{number}.member")
    elif isinstance(kind, msgspec.inspect.StrType | msgspec.inspect.IntType):
        for breach in _texts(kind, value):
            yield f"Value '{value}' at '{at}' {_FAILED} {breach}"


@cache
def _bounded(into: type[Struct]) -> tuple[tuple[str, str, Any], ...]:
    """(attribute, name in errors, type with bounds) of the fields."""
    described = msgspec.inspect.type_info(into)
    assert isinstance(described, msgspec.inspect.StructType)
    return tuple(
        (field.name, _spelt(field.encode_name), kind)
        for field in described.fields
        for kind in _alternatives(field.type)
    )


def _alternatives(kind: msgspec.inspect.Type) -> tuple[msgspec.inspect.Type, ...]:
    return kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)


def _texts(kind: Any, value: str | int) -> Iterator[str]:
    if isinstance(value, int):
        if kind.le is not None and value > kind.le:
            yield f"Member must have value less than or equal to {kind.le}"
        if kind.ge is not None and value < kind.ge:
            yield f"Member must have value greater than or equal to {kind.ge}"
        return
    if kind.max_length is not None and len(value) > kind.max_length:
        yield f"Member must have length less than or equal to {kind.max_length}"
    if kind.min_length is not None and len(value) < kind.min_length:
        yield f"Member must have length greater than or equal to {kind.min_length}"
    if kind.pattern is not None and not re.fullmatch(kind.pattern, value, re.ASCII):
        yield f"Member must satisfy regular expression pattern: {kind.pattern}"


def one_of(value: str, at: str, allowed: tuple[str, ...]) -> str:
    """The value; raises ValidationError where it is not among those that the service model lists."""
    if value not in allowed:
        breach = f"Member must satisfy enum value set: [{', '.join(allowed)}]"
        raise ValidationError(_sentence([f"Value '{value}' at '{at}' {_FAILED} {breach}"]))
    return value


def user_meant(name: str | None, call: Call) -> str:
    """The user named, or else the user who calls; raises ValidationError where the caller is no user."""
    meant = name or call.caller.user_name
    if meant is None:
        raise ValidationError("Must specify userName when calling with non-User credentials")
    return meant


def arn_of(name: str, call: Call) -> str:
    """With the path that the user has: a policy for `user/team/*` must see it."""
    user = call.directory.user(call.account, name)
    return user_arn(call.account, name) if user is None else user.arn


def holder_arn(kind: HolderKind, name: str, call: Call) -> str:
    """With the path that the user, group or role has."""
    if kind is HolderKind.USER:
        return arn_of(name, call)
    if kind is HolderKind.GROUP:
        group = call.directory.group(call.account, name)
        return group_arn(call.account, name) if group is None else group.arn
    role = call.directory.role(call.account, name)
    return role_arn(call.account, name) if role is None else role.arn


BOUNDARY_KEY: Final = "iam:permissionsboundary"


def boundary_context(kind: HolderKind, name: str, call: Call) -> dict[str, str]:
    """`iam:PermissionsBoundary`: the boundary that the user or role has."""
    if kind is HolderKind.GROUP:
        return {}
    holder = call.directory.user if kind is HolderKind.USER else call.directory.role
    found = holder(call.account, name)
    return {} if found is None or found.boundary is None else {BOUNDARY_KEY: found.boundary}


def user_or_root(name: str | None, call: Call) -> str | None:
    """The user named, or the user who calls, or None for root; raises ValidationError for callers of other kinds."""
    if name is None and call.caller.type is PrincipalType.ACCOUNT:
        return None
    return user_meant(name, call)


def arn_meant(name: str | None, call: Call) -> str:
    """The ARN of the user named, or of the caller."""
    meant = user_or_root(name, call)
    return root_arn(call.account) if meant is None else arn_of(meant, call)


def instant(at_ms: int) -> str:
    """Whole seconds, as the examples of the IAM API reference have them: `2013-10-02T17:01:44Z`."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def page_fields(page: Page[Any]) -> dict[str, object]:
    return {"IsTruncated": page.next_token is not None, "Marker": page.next_token}
