"""The front of the server: which service and protocol a request is for, and who sends it.

Invariant: whatever comes in is answered, and nothing that goes wrong here reaches the connection. On a VPC endpoint
there is SQS and nothing else.
"""

import logging
import re
from collections.abc import Callable
from typing import Final

from qanat.api import control as control_api
from qanat.api.authenticate import Authenticator
from qanat.api.control import SERVICES, ControlApi
from qanat.api.hosts import Hosts
from qanat.api.ids import RequestIds
from qanat.api.sqs import call as sqs_call
from qanat.api.sqs.call import SqsCall
from qanat.api.sqs.service import SqsService
from qanat.core.errors import AccessDenied, InternalFailure, QanatError
from qanat.net.http import Request
from qanat.node import Clock
from qanat.wire.json10 import JSON
from qanat.wire.service import Service
from qanat.wire.sqs.operations import decode, operation_of
from qanat.wire.sqs.query import SQS_QUERY, QueryTongue
from qanat.wire.sqs.query import read as read_query

logger = logging.getLogger(__name__)

_SQS_ONLY: Final = ("sqs",)
_BY_VERSION: Final = {service.version: service for service in SERVICES.values()}
_SCOPE_SERVICE: Final = re.compile(rb"Credential=[^/,]*/[^/,]*/[^/,]*/([^/,]*)/")
_FORM_VERSION: Final = re.compile(rb"(?:^|&)Version=([0-9-]{10})(?:&|$)")
_TEXT: Final = b"text/plain; charset=utf-8"

Refuse = Callable[[QanatError], None]


class Front:
    """`handle` is the handler of the HTTP server."""

    def __init__(
        self,
        authenticator: Authenticator,
        sqs: SqsService,
        control: ControlApi,
        hosts: Hosts,
        clock: Clock,
        ready: Callable[[], bool],
    ) -> None:
        self._authenticator = authenticator
        self._sqs = sqs
        self._control = control
        self._hosts = hosts
        self._clock = clock
        self._ready = ready
        self._new_request_id = RequestIds().new

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
        try:
            now_ms = self._clock.now_ms()
            caller, _ = self._authenticator.caller(request, path, query, _SQS_ONLY, now_ms)
            operation = operation_of(request.headers[b"x-amz-target"])
            given = decode(operation, request.body)
            call = SqsCall(request, request_id, JSON, caller, self._hosts, now_ms)
            self._sqs.handle(call, operation, given, path)
        except QanatError as error:
            sqs_call.refuse(request, request_id, JSON, error)
        except Exception:
            logger.exception("request %s failed", request_id)
            sqs_call.refuse(request, request_id, JSON, InternalFailure())

    def _handle_sqs_query(self, request: Request, path: bytes, query: bytes, form: bytes) -> None:
        request_id = self._new_request_id()
        tongue = QueryTongue()
        try:
            now_ms = self._clock.now_ms()
            caller, _ = self._authenticator.caller(request, path, query, _SQS_ONLY, now_ms)
            operation, given = read_query(form)
            tongue = QueryTongue(operation)
            call = SqsCall(request, request_id, tongue, caller, self._hosts, now_ms)
            self._sqs.handle(call, operation, given, path)
        except QanatError as error:
            sqs_call.refuse(request, request_id, tongue, error)
        except Exception:
            logger.exception("request %s failed", request_id)
            sqs_call.refuse(request, request_id, tongue, InternalFailure())

    def _handle_query(self, request: Request, path: bytes, query: bytes) -> None:
        form = request.body if request.method == b"POST" else query
        service = _service_of(request, form)
        if service is SQS_QUERY:
            self._handle_sqs_query(request, path, query, form)
            return
        request_id = self._new_request_id()
        try:
            if request.way.vpc_endpoint_id is not None:
                raise AccessDenied(f"This VPC endpoint serves SQS only, not {service.name}.")
            now_ms = self._clock.now_ms()
            caller, _ = self._authenticator.caller(request, path, query, (service.name,), now_ms)
            self._control.handle(request, request_id, service, caller, form, now_ms)
        except QanatError as error:
            control_api.refuse(request, request_id, service, error)
        except Exception:
            logger.exception("request %s failed", request_id)
            control_api.refuse(request, request_id, service, InternalFailure())

    def _health(self, request: Request) -> None:
        if self._ready():
            request.respond(200, _TEXT, b"ready\n")
        else:
            request.respond(503, _TEXT, b"starting or stopping\n")


def _service_of(request: Request, form: bytes) -> Service:
    """By the scope that the signature claims (verified later), else by the API version that the form names."""
    claimed = _SCOPE_SERVICE.search(request.headers.get(b"authorization", b""))
    if claimed is not None:
        return SERVICES.get(claimed[1].decode("latin-1"), SQS_QUERY)
    version = _FORM_VERSION.search(form)
    return SQS_QUERY if version is None else _BY_VERSION.get(version[1].decode(), SQS_QUERY)
