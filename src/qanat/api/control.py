"""EC2, IAM and STS: one path for every operation of their tables."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from qanat.api.audit.trail import Trail
from qanat.api.authorise import Authoriser
from qanat.api.ids import RandomIds
from qanat.core.control import Control
from qanat.core.errors import QanatError
from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.sigv4 import InvalidClientTokenId, MissingAuthenticationToken
from qanat.net.http import Request
from qanat.net.traffic import Answers, no_answers
from qanat.node import Node
from qanat.wire.ec2 import EC2
from qanat.wire.iam import IAM
from qanat.wire.query_json import QUERY_JSON
from qanat.wire.service import Call, Service
from qanat.wire.sts import STS

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
        call = Call(caller.account, region, caller, now_ms, self._ids, self._control.identity)
        for permission in operation.permissions(given, call):
            trail.touches(permission.resource)
            self._authoriser.demand_permission(
                caller, permission, region, request.way, request.headers, now_ms
            )

        def done(reply: object) -> None:
            if isinstance(reply, QanatError):
                refuse(request, request_id, service, reply)
                trail.refused(reply)
                return
            output = operation.output(reply, given, call)
            body = service.render(operation, output, request_id)
            request.respond(200, service.dialect.content_type, body, _request_id_line(request_id))
            trail.answered(output)

        self._node.submit(operation.command(given, call), done)


def _refuse_sessions(service: Service, caller: Caller) -> None:
    """What sessions of a user's own cannot call, whatever the policies (IAM User Guide,
    id_credentials_temp_control-access).

    Without a device, GetSessionToken gives nothing for IAM; GetFederationToken never does. Of STS the latter may ask
    who it is, which AssumeRole and the others refuse by themselves.
    """
    own = (PrincipalType.USER, PrincipalType.FEDERATED_USER)
    if caller.session is not None and caller.type in own and service.name == "iam":
        raise InvalidClientTokenId


def refuse(request: Request, request_id: str, service: Service, error: QanatError) -> None:
    """An error in the service's own XML."""
    status, body = service.render_error(error, request_id)
    request.respond(status, service.dialect.content_type, body, _request_id_line(request_id))


def _request_id_line(request_id: str) -> bytes:
    return b"x-amzn-RequestId: " + request_id.encode() + b"\r\n"
