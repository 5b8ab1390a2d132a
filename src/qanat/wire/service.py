"""A service as a table of operations: what each takes, what it needs leave for, what it asks and what it answers.

Order of use: `parse`, submit `operation.proof` if there is one, authorise `operation.action` on every one of
`operation.resources`, then `operation.command`, which alone may draw ids and refuses a dry run; submit;
`operation.output`; `render`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Protocol

from msgspec import Struct

from qanat.core.errors import InvalidAction, MissingParameter, QanatError
from qanat.core.identity.model import AccessKey, Caller, Group, InstanceProfile, Role, User
from qanat.core.network.model import Home
from qanat.core.policy.stored import StoredPolicy
from qanat.wire.query import convert, parse_form
from qanat.wire.xml import Dialect, Fault


class Ids(Protocol):
    """The source of what must be unguessable or unique. `core` and `wire` draw no lots of their own."""

    def ec2(self, prefix: str) -> str:
        """`prefix`, a dash and 17 hex digits."""

    def iam(self, prefix: str) -> str:
        """A unique id such as AIDA..., of the kind that `prefix` says."""

    def access_key(self) -> str:
        """AKIA..."""

    def temporary_access_key(self) -> str:
        """ASIA..."""

    def seed(self) -> bytes:
        """Of an MFA device: as many random bytes as `totp` says."""

    def nonce(self) -> bytes:
        """Twelve random bytes."""

    def secret(self) -> str:
        """Forty characters."""

    def suffix(self) -> str:
        """The eight characters in an endpoint's own DNS names."""


class Directory(Protocol):
    """Who and what exists. An ARN holds a path, which a request does not name."""

    def user(self, account: str, name: str) -> User | None: ...
    def group(self, account: str, name: str) -> Group | None: ...
    def role(self, account: str, name: str) -> Role | None: ...
    def instance_profile(self, account: str, name: str) -> InstanceProfile | None: ...
    def key(self, access_key_id: str) -> AccessKey | None: ...
    def tags_of(self, arn: str) -> tuple[tuple[str, str], ...]:
        """Of what has that ARN now; none where nothing has it, or nothing of IAM."""

    def session_key(self) -> bytes | None: ...
    def arn_of(self, unique_id: str) -> str | None:
        """That the user or role of this id has now."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One action that must be allowed on one resource, with what the request says about itself."""

    action: str
    resource: str
    """An ARN, or `*`."""
    account: str
    """Whose the resource is."""
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    """Condition keys of the service's own, in lower case: `sts:externalid`, `iam:policyarn`, ..."""
    request_tags: Mapping[str, str | None] = field(default_factory=dict)
    resource_tags: tuple[tuple[str, str], ...] = ()
    trust: StoredPolicy | None = None
    """Of the role that is meant; without text where there is no such role."""


@dataclass(frozen=True, slots=True)
class Call:
    """What surrounds one request.

    `account` is the caller's; its things alone are seen and changed, those of EC2 in `region` alone.
    """

    account: str
    region: str
    caller: Caller
    now_ms: int
    ids: Ids
    directory: Directory
    wall_ms: int
    """The wall clock, which clients go by; `now_ms` never goes back."""
    mfa_at_ms: int | None = None
    """When the caller showed a code of an MFA device in this very request, if so."""

    @property
    def home(self) -> Home:
        return Home(self.account, self.region)


Output = Mapping[str, object] | None
Context = Mapping[str, str | tuple[str, ...]]
RequestTags = Mapping[str, str | None]


_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def no_context(given: Any, call: Call) -> Context:
    return _NOTHING


def no_request_tags(given: Any) -> RequestTags:
    return _NOTHING


def no_proof(given: Any, call: Call) -> object | None:
    return None


@dataclass(frozen=True, slots=True)
class Operation:
    """One row. The functions take the row's own input type, which the type system cannot say."""

    name: str
    input: type[Struct]
    action: str | None
    """The IAM action; None where no permission is needed or can be refused (sts:GetCallerIdentity)."""
    resource: Callable[[Any, Call], str | tuple[str, ...]]
    command: Callable[[Any, Call], object]
    output: Callable[[Any, Any, Call], Output]
    """Of (reply, input, call)."""
    asks: Callable[[Any, Call], tuple[Permission, ...]] | None = None
    """What must be allowed, where that is more than `action` on every resource in the caller's account."""
    context: Callable[[Any, Call], Context] = no_context
    """Condition keys of the service's own, in lower case."""
    request_tags: Callable[[Any], RequestTags] = no_request_tags
    """The tags that a request sets, and those that it takes away (None)."""
    proof: Callable[[Any, Call], object | None] = no_proof
    """What is asked before all else, where the caller shows an MFA code: it answers `Call.mfa_at_ms`."""

    def resources(self, given: Struct, call: Call) -> tuple[str, ...]:
        """The ARNs, or `*`, on every one of which the action must be allowed."""
        named = self.resource(given, call)
        return (named,) if isinstance(named, str) else named

    def permissions(self, given: Struct, call: Call) -> tuple[Permission, ...]:
        """All of them must be allowed."""
        if self.asks is not None:
            return self.asks(given, call)
        if self.action is None:
            return ()
        context, tags = self.context(given, call), self.request_tags(given)
        return tuple(permission(self.action, one, call, context, tags) for one in self.resources(given, call))


def permission(
    action: str, arn: str, call: Call, context: Context = _NOTHING, request_tags: RequestTags = _NOTHING
) -> Permission:
    """On a thing of the caller's account, with the tags that it has as `aws:ResourceTag` and the service's own."""
    service, tags = action.partition(":")[0], call.directory.tags_of(arn)
    own = {f"{service}:resourcetag/{key.lower()}": value for key, value in tags}
    return Permission(action, arn, call.account, {**context, **own}, request_tags, tags)


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """How a service puts one failure: its status, and where it differs from ours, its code and its words."""

    status: int
    code: str | None = None
    message: str | None = None
    prefix: str = ""


# Failures that every service has, however it is asked.
_COMMON_ERRORS: Final[Mapping[str, ErrorRow]] = {
    "AccessDenied": ErrorRow(403),
    "ExpiredToken": ErrorRow(403),
    "InvalidClientTokenId": ErrorRow(403),
    "MissingAuthenticationToken": ErrorRow(403),
    "RequestExpired": ErrorRow(403, "SignatureDoesNotMatch"),
    "SignatureDoesNotMatch": ErrorRow(403),
    "InternalFailure": ErrorRow(500),
    "ServiceUnavailable": ErrorRow(503),
}
_BAD_REQUEST: Final = ErrorRow(400)

# Parameters of the protocol itself, and of a signature in the query string.
_PROTOCOL_PARAMETERS: Final = frozenset({"Action", "Version"})
_SIGNATURE_PREFIX: Final = "X-Amz-"


def _no_check(given: Any) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    version: str
    xmlns: str
    dialect: Dialect
    operations: Mapping[str, Operation]
    errors: Mapping[str, ErrorRow] = field(default_factory=dict)
    """By the code of ours; what is absent is in the table of every service, or a bad request."""
    check: Callable[[Any], None] = _no_check
    """Holds an input against bounds that the service states for names wherever they occur."""
    missing: Callable[[str], QanatError] = MissingParameter

    def parse(self, form: bytes) -> tuple[Operation, Any]:
        """The row and its input; raises InvalidAction, MalformedInput and what the row's input refuses."""
        tree = parse_form(form)
        action = tree.get("Action")
        if action is None:
            raise MissingParameter("Action")
        operation = self.operations.get(action) if isinstance(action, str) else None
        if operation is None:
            raise InvalidAction(action if isinstance(action, str) else "Action")
        own = {
            name: value
            for name, value in tree.items()
            if name not in _PROTOCOL_PARAMETERS and not name.startswith(_SIGNATURE_PREFIX)
        }
        given = convert(own, operation.input, self.missing)
        self.check(given)
        return operation, given

    def render(self, operation: Operation, output: Output, request_id: str) -> bytes:
        return self.dialect.response(operation.name, output, self.xmlns, request_id)

    def render_error(self, error: QanatError, request_id: str) -> tuple[int, bytes]:
        """The HTTP status and the body."""
        row = self.errors.get(error.code) or _COMMON_ERRORS.get(error.code, _BAD_REQUEST)
        message = error.message if row.message is None else row.message
        fault = Fault(row.code or error.code, row.prefix + message, sender=row.status < 500)
        return row.status, self.dialect.error(fault, self.xmlns, request_id)


def table(*operations: Operation) -> Mapping[str, Operation]:
    """The rows by name."""
    return {operation.name: operation for operation in operations}
