"""EC2, IAM and STS: one path for every operation of their tables."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from qanat.api.audit.trail import Trail
from qanat.api.authorise import Authoriser
from qanat.api.ids import RandomIds
from qanat.core.control import Control
from qanat.core.errors import InternalFailure, QanatError
from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.sigv4 import InvalidClientTokenId, MissingAuthenticationToken
from qanat.net.http import Request
from qanat.net.traffic import Answers, no_answers
from qanat.node import Node
from qanat.wire.ec2 import EC2
from qanat.wire.iam import IAM
from qanat.wire.query_json import QUERY_JSON
from qanat.wire.service import Call, Operation, Output, Service
from qanat.wire.sts import STS

logger = logging.getLogger(__name__)

SERVICES: Final[Mapping[str, Service]] = {service.name: service for service in (EC2, IAM, STS)}
IN_JSON: Final[Mapping[str, Service]] = {
    service.name: replace(service, dialect=QUERY_JSON) for service in (IAM, STS)
}
"""The services that answer in JSON to those who ask for it."""


class ControlApi:
    def __init__(self, control: Control, node: Node, authoriser: Authoriser) -> None:
        self._control = control
        self._node = node
        self._authoriser = authoriser
        self._ids = RandomIds()
        self.answers: dict[tuple[str, str], Answers] = {
            (service.name, name): no_answers() for service in SERVICES.values() for name in service.operations
        }
        """To each operation of each service."""

    def handle(
        self,
        request: Request,
        request_id: str,
        service: Service,
        caller: Caller,
        region: str,
        form: bytes,
        now_ms: int,
        trail: Trail,
    ) -> None:
        """Answers, now or later; raises QanatError where the request is refused at once."""
        if caller.type is PrincipalType.ANONYMOUS:
            raise MissingAuthenticationToken
        _refuse_sessions(service, caller)
        operation, given = service.parse(form)
        request.answers = self.answers[service.name, operation.name]
        trail.is_of(operation.name)
        trail.asks(region, given)
        wall_ms = self._node.clock.wall_ms()
        call = Call(caller.account, region, caller, now_ms, self._ids, self._control.identity, wall_ms)
        asked = _Asked(request, request_id, service, operation, given, trail)
        proof = operation.proof(given, call)
        if proof is None:
            self._judge(asked, call)
        else:
            self._node.submit(proof, lambda reply: self._proved(asked, call, reply))

    def _proved(self, asked: "_Asked", call: Call, reply: Any) -> None:
        """The caller has shown a second factor, or not. Nobody catches what is raised from here, so it is done here."""
        try:
            if isinstance(reply, QanatError):
                raise reply
            self._judge(asked, replace(call, mfa_at_ms=reply))
        except QanatError as error:
            asked.refuse(error)
        except Exception:
            logger.exception("request %s failed", asked.request_id)
            asked.refuse(InternalFailure())

    def _judge(self, asked: "_Asked", call: Call) -> None:
        """Raises QanatError where it is refused at once."""
        operation, given, request = asked.operation, asked.given, asked.request
        for permission in operation.permissions(given, call):
            asked.trail.touches(permission.resource)
            self._authoriser.demand_permission(
                call.caller, permission, call.region, request.way, request.headers, call.now_ms
            )

        def done(reply: object) -> None:
            if isinstance(reply, QanatError):
                asked.refuse(reply)
            else:
                asked.answer(operation.output(reply, given, call))

        self._node.submit(operation.command(given, call), done)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that was read, and how it is answered."""

    request: Request
    request_id: str
    service: Service
    operation: Operation
    given: Any
    trail: Trail

    def answer(self, output: Output) -> None:
        body = self.service.render(self.operation, output, self.request_id)
        head = _request_id_line(self.request_id)
        self.request.respond(200, self.service.dialect.content_type, body, head)
        self.trail.answered(output)

    def refuse(self, error: QanatError) -> None:
        refuse(self.request, self.request_id, self.service, error)
        self.trail.refused(error)


def _refuse_sessions(service: Service, caller: Caller) -> None:
    """What sessions of a user's own cannot call, whatever the policies (IAM User Guide,
    id_credentials_temp_control-access).

    Without a code of an MFA device, GetSessionToken gives nothing for IAM; GetFederationToken never does. What they may
    not call of STS, AssumeRole and the others refuse by themselves.
    """
    if caller.session is None or service.name != "iam":
        return
    if caller.type is PrincipalType.FEDERATED_USER:
        raise InvalidClientTokenId
    if caller.type is PrincipalType.USER and caller.session.mfa_at_ms is None:
        raise InvalidClientTokenId


def refuse(request: Request, request_id: str, service: Service, error: QanatError) -> None:
    """An error in the service's own XML."""
    status, body = service.render_error(error, request_id)
    request.respond(status, service.dialect.content_type, body, _request_id_line(request_id))


def _request_id_line(request_id: str) -> bytes:
    return b"x-amzn-RequestId: " + request_id.encode() + b"\r\n"
