"""What is learnt of a call on its way through, until it is answered; then it becomes a line of the audit log.

Invariant: nothing here refuses or delays a call. What of the log cannot be made is dropped, and counted.
"""

import logging
import re
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from qanat.api.audit.writer import FAULT, TOO_MANY_STRANGERS, AuditWriter
from qanat.api.ids import uuid
from qanat.core.errors import QanatError
from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.sigv4 import Claim
from qanat.net.http import Request
from qanat.wire.audit.event import Answered, line_of
from qanat.wire.audit.operations import AuditedOperation
from qanat.wire.query import parse_form
from qanat.wire.sqs.operations import BY_TARGET

logger = logging.getLogger(__name__)

STRANGERS_PER_S_MAX: Final = 100
"""Refused calls of who has not proved to be anyone. Without a bound, whoever reaches the server could turn the files
over until nothing else is left in them."""

_CLAIMED_KEY: Final = re.compile(rb"Credential=([\w]{1,128})(?:/|%2F)", re.IGNORECASE)


class Trail(Protocol):
    """One call. `answered` or `refused` ends it."""

    def is_of(self, operation: str) -> None: ...
    def is_from(self, caller: Caller, claim: Claim | None) -> None: ...
    def asks(self, region: str, given: object) -> None: ...
    def touches(self, arn: str) -> None:
        """Leave is asked for on this. A pattern is no resource."""

    def answered(self, output: object) -> None: ...
    def refused(self, error: QanatError) -> None: ...


class _NoTrail:
    """Of a call that is not recorded. It costs next to nothing."""

    def is_of(self, operation: str) -> None: ...
    def is_from(self, caller: Caller, claim: Claim | None) -> None: ...
    def asks(self, region: str, given: object) -> None: ...
    def touches(self, arn: str) -> None: ...
    def answered(self, output: object) -> None: ...
    def refused(self, error: QanatError) -> None: ...


NO_TRAIL: Final = _NoTrail()


class Audit:
    """Which calls are recorded, and where their lines go."""

    def __init__(
        self,
        recorded: Iterable[AuditedOperation],
        writer: AuditWriter,
        region: str,
        now_ms: Callable[[], int],
    ) -> None:
        """`region` is told of calls that did not come as far as to be of one."""
        self.writer = writer
        self._recorded = {(row.service, row.name): row for row in recorded}
        self.region = region
        self.now_ms = now_ms
        self._second_began_ms = 0
        self._strangers = 0

    def of_target(self, request: Request, request_id: str) -> Trail:
        """A call in JSON. Its header says which, beyond doubt and before anything is read."""
        operation = BY_TARGET.get(request.headers[b"x-amz-target"])
        if operation is None or ("sqs", operation.name) not in self._recorded:
            return NO_TRAIL
        trail = CallTrail(self, request, request_id, "sqs")
        trail.is_of(operation.name)
        return trail

    def of_form(self, request: Request, request_id: str, service: str, form: bytes) -> Trail:
        """A call in a form. Which one is not known before it is read: names can be written in many ways."""
        return CallTrail(self, request, request_id, service, form) if self._recorded else NO_TRAIL

    def recorded(self, service: str, operation: object) -> AuditedOperation | None:
        return self._recorded.get((service, operation)) if isinstance(operation, str) else None

    def record(self, call: Answered) -> None:
        stranger = call.caller is None or call.caller.type is PrincipalType.ANONYMOUS
        if stranger and call.error is not None and not self._admits_stranger(call.at_ms):
            self.writer.drop(TOO_MANY_STRANGERS)
            return
        try:
            self.writer.put(line_of(call))
        except Exception:
            logger.exception("an audit event cannot be made")
            self.writer.drop(FAULT)

    def _admits_stranger(self, now_ms: int) -> bool:
        if now_ms - self._second_began_ms >= 1_000:
            self._second_began_ms = now_ms
            self._strangers = 0
        self._strangers += 1
        return self._strangers <= STRANGERS_PER_S_MAX


class CallTrail:
    __slots__ = (
        "_audit",
        "_caller",
        "_claim",
        "_form",
        "_given",
        "_operation",
        "_region",
        "_request",
        "_request_id",
        "_resources",
        "_service",
    )

    def __init__(
        self, audit: Audit, request: Request, request_id: str, service: str, form: bytes | None = None
    ) -> None:
        self._audit = audit
        self._request = request
        self._request_id = request_id
        self._service = service
        self._form = form
        """None once the operation is known."""
        self._operation: AuditedOperation | None = None
        self._caller: Caller | None = None
        self._claim: Claim | None = None
        self._region: str | None = None
        self._given: object = None
        self._resources: tuple[str, ...] = ()

    def is_of(self, operation: str) -> None:
        self._operation = self._audit.recorded(self._service, operation)
        self._form = None

    def is_from(self, caller: Caller, claim: Claim | None) -> None:
        self._caller, self._claim = caller, claim

    def asks(self, region: str, given: object) -> None:
        self._region, self._given = region, given

    def touches(self, arn: str) -> None:
        if not arn.endswith(("*", "/")) and arn not in self._resources:
            self._resources += (arn,)

    def answered(self, output: object) -> None:
        if self._operation is not None:
            self._audit.record(self._ended(self._operation, output, None))

    def refused(self, error: QanatError) -> None:
        operation = self._operation
        if self._form is not None:
            operation = self._audit.recorded(self._service, _action_of(self._form))
        if operation is not None:
            self._audit.record(self._ended(operation, None, error))

    def _ended(self, operation: AuditedOperation, output: object, error: QanatError | None) -> Answered:
        request = self._request
        claim = self._claim
        return Answered(
            operation,
            self._audit.now_ms(),
            self._region or request.way.vpc_endpoint_region or self._audit.region,
            self._request_id,
            uuid(),
            request.way,
            self._caller,
            _claimed_key(request) if claim is None else claim.access_key_id,
            _header(request, b"user-agent"),
            _header(request, b"host"),
            request.tls,
            self._given,
            output,
            error,
            self._resources,
        )


def _action_of(form: bytes) -> object:
    """Of a call that was refused before anybody read it."""
    try:
        return parse_form(form).get("Action")
    except QanatError:
        return None


def _claimed_key(request: Request) -> str | None:
    """Of who could not prove to have it."""
    for said in (request.headers.get(b"authorization", b""), request.target.partition(b"?")[2]):
        found = _CLAIMED_KEY.search(said)
        if found is not None:
            return found[1].decode()
    return None


def _header(request: Request, name: bytes) -> str | None:
    value = request.headers.get(name)
    return None if value is None else value.decode("latin-1")
