"""The front of the server: which service and protocol a request is for, and who sends it.

Invariant: whatever comes in is answered, and nothing that goes wrong here reaches the connection. On a VPC endpoint
there is SQS and nothing else.
"""

import logging
import re
from collections.abc import Callable
from typing import Final

from qanat.api import control as control_api
from qanat.api.audit.trail import Audit, Trail
from qanat.api.authenticate import Authenticator
from qanat.api.control import IN_JSON, SERVICES, ControlApi
from qanat.api.hosts import Hosts
from qanat.api.ids import RequestIds
from qanat.api.regions import Regions
from qanat.api.sqs import call as sqs_call
from qanat.api.sqs.call import SqsCall
from qanat.api.sqs.service import SqsService
from qanat.core import sigv4
from qanat.core.errors import AccessDenied, InternalFailure, QanatError
from qanat.core.identity.model import Caller
from qanat.core.presigned import claimed_service
from qanat.core.sigv4 import Claim
from qanat.net.http import Request
from qanat.net.traffic import Answers, no_answers
from qanat.node import Clock
from qanat.wire import query_json
from qanat.wire.json10 import JSON
from qanat.wire.service import Service
from qanat.wire.sqs.operations import OPERATIONS, OWN_OPERATIONS, decode, operation_of
from qanat.wire.sqs.query import read as read_query
from qanat.wire.sqs.query_answers import SQS_QUERY, QueryTongue

logger = logging.getLogger(__name__)

_SQS: Final = "sqs"
_BY_VERSION: Final = {service.version: service for service in SERVICES.values()}
_SCOPE_SERVICE: Final = re.compile(rb"Credential=[^/,]*/[^/,]*/[^/,]*/([^/,]*)/")
_FORM_VERSION: Final = re.compile(rb"(?:^|&)Version=([0-9-]{10})(?:&|$)")
_TEXT: Final = b"text/plain; charset=utf-8"

AUTHENTICATION_FAILURES: Final = (
    sigv4.ExpiredToken,
    sigv4.IncompleteSignature,
    sigv4.InvalidClientTokenId,
    sigv4.MissingAuthenticationToken,
    sigv4.RequestExpired,
    sigv4.SignatureDoesNotMatch,
)

Refuse = Callable[[QanatError], None]


class Front:
    """`handle` is the handler of the HTTP server."""

    def __init__(
        self,
        authenticator: Authenticator,
        sqs: SqsService,
        control: ControlApi,
        hosts: Hosts,
        regions: Regions,
        audit: Audit,
        clock: Clock,
        ready: Callable[[], bool],
    ) -> None:
        self._authenticator = authenticator
        self._sqs = sqs
        self._control = control
        self._hosts = hosts
        self._regions = regions
        self.audit = audit
        self._clock = clock
        self._ready = ready
        self._new_request_id = RequestIds().new
        self.answers: dict[str, Answers] = {name: no_answers() for name in (*OPERATIONS, *OWN_OPERATIONS)}
        """To the operations of SQS."""
        self.health_answers = no_answers()
        self.authentication_failures = {failure.code: 0 for failure in AUTHENTICATION_FAILURES}

    def handle(self, request: Request) -> None:
        path, _, query = request.target.partition(b"?")
        if b"x-amz-target" in request.headers:
            self._handle_json(request, path, query)
        elif request.method == b"GET" and request.way.vpc_endpoint_id is None and path == b"/health":
            self._health(request)
        else:
            self._handle_query(request, path, query)

    def _handle_json(self, request: Request, path: bytes, query: bytes) -> None:
        request_id = self._new_request_id()
        trail = self.audit.of_target(request, request_id)
        try:
            caller, claim = self._caller(request, path, query, _SQS, trail)
            operation = operation_of(request.headers[b"x-amz-target"])
            request.answers = self.answers[operation.name]
            given = decode(operation, request.body)
            region = self._region(request, _SQS, claim, given)
            trail.asks(region, given)
            now_ms = self._clock.now_ms()
            call = SqsCall(request, request_id, JSON, caller, region, self._hosts, now_ms, trail)
            self._sqs.handle(call, operation, given, path)
        except QanatError as error:
            self._count(error)
            sqs_call.refuse(request, request_id, JSON, error)
            trail.refused(error)
        except Exception:
            logger.exception("request %s failed", request_id)
            sqs_call.refuse(request, request_id, JSON, failure := InternalFailure())
            trail.refused(failure)

    def _handle_sqs_query(self, request: Request, path: bytes, query: bytes, form: bytes) -> None:
        request_id = self._new_request_id()
        tongue = QueryTongue(_version_of(form), in_json=_asks_for_json(request))
        trail = self.audit.of_form(request, request_id, _SQS, form)
        try:
            caller, claim = self._caller(request, path, query, _SQS, trail)
            operation, given = read_query(form)
            trail.is_of(operation.name)
            request.answers = self.answers[operation.name]
            tongue.operation = operation
            region = self._region(request, _SQS, claim, given)
            trail.asks(region, given)
            now_ms = self._clock.now_ms()
            call = SqsCall(request, request_id, tongue, caller, region, self._hosts, now_ms, trail)
            self._sqs.handle(call, operation, given, path)
        except QanatError as error:
            self._count(error)
            sqs_call.refuse(request, request_id, tongue, error)
            trail.refused(error)
        except Exception:
            logger.exception("request %s failed", request_id)
            sqs_call.refuse(request, request_id, tongue, failure := InternalFailure())
            trail.refused(failure)

    def _handle_query(self, request: Request, path: bytes, query: bytes) -> None:
        form = _form_of(request, query)
        service = _service_of(request, query, form)
        if service is SQS_QUERY:
            self._handle_sqs_query(request, path, query, form)
            return
        if _asks_for_json(request):
            service = IN_JSON.get(service.name, service)
        request_id = self._new_request_id()
        trail = self.audit.of_form(request, request_id, service.name, form)
        try:
            if request.way.vpc_endpoint_id is not None:
                raise AccessDenied(f"This VPC endpoint serves SQS only, not {service.name}.")
            caller, claim = self._caller(request, path, query, service.name, trail)
            region = self._region(request, service.name, claim)
            now_ms = self._clock.now_ms()
            self._control.handle(request, request_id, service, caller, region, form, now_ms, trail)
        except QanatError as error:
            self._count(error)
            control_api.refuse(request, request_id, service, error)
            trail.refused(error)
        except Exception:
            logger.exception("request %s failed", request_id)
            control_api.refuse(request, request_id, service, failure := InternalFailure())
            trail.refused(failure)

    def _caller(
        self, request: Request, path: bytes, query: bytes, service: str, trail: Trail
    ) -> tuple[Caller, Claim | None]:
        # The node's clock may stand still for hours where the wall clock was set back; clients go by the latter.
        caller, claim = self._authenticator.caller(request, path, query, service, self._clock.wall_ms())
        trail.is_from(caller, claim)
        return caller, claim

    def _count(self, error: QanatError) -> None:
        if isinstance(error, AUTHENTICATION_FAILURES):
            self.authentication_failures[error.code] += 1

    def _region(
        self, request: Request, service: str, claim: Claim | None, given: object | None = None
    ) -> str:
        queue_url = getattr(given, "QueueUrl", None)
        return self._regions.meant(request.way, request.headers.get(b"host", b""), service, claim, queue_url)

    def _health(self, request: Request) -> None:
        request.answers = self.health_answers
        if self._ready():
            request.respond(200, _TEXT, b"ready\n")
        else:
            request.respond(503, _TEXT, b"starting or stopping\n")


def _form_of(request: Request, query: bytes) -> bytes:
    """The parameters: a POST has them in its body, in its query string or in both; all of it is signed."""
    if request.method == b"POST":
        return query + b"&" + request.body if query else request.body
    return query if request.method == b"GET" else b""


def _service_of(request: Request, query: bytes, form: bytes) -> Service:
    """By the scope that the signature claims (verified later), else by the API version that the form names."""
    claimed = _SCOPE_SERVICE.search(request.headers.get(b"authorization", b""))
    if claimed is not None:
        return SERVICES.get(claimed[1].decode("latin-1"), SQS_QUERY)
    if query and (service := claimed_service(query)) is not None:
        return SERVICES.get(service, SQS_QUERY)
    return _BY_VERSION.get(_version_of(form), SQS_QUERY)


def _version_of(form: bytes) -> str:
    """The API version, as far as it can be told before the form is read."""
    version = _FORM_VERSION.search(form)
    return "" if version is None else version[1].decode()


def _asks_for_json(request: Request) -> bool:
    return query_json.is_wanted(request.headers.get(b"accept", b""))
