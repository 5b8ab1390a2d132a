"""One SQS request on its way through: what every operation is given, and how it is answered."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from qanat.api.audit.trail import Trail
from qanat.api.hosts import Hosts
from qanat.core.errors import QanatError
from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.queues.model import Queue
from qanat.net.http import Request
from qanat.wire.json10 import ErrorAnswer

FINDING_HEADER: Final = "x-qanat-finding"
"""SDKs pass it over; `qanat queue policy` shows it."""


class Tongue(Protocol):
    """The protocol that the client speaks, JSON or Query: how an answer is put."""

    @property
    def content_type(self) -> bytes: ...

    def encode(self, output: Any, request_id: str) -> bytes: ...

    def error(self, error: QanatError, request_id: str) -> ErrorAnswer: ...


class SqsCall:
    """Answered once, by `answer` or `refuse`."""

    __slots__ = (
        "_hosts",
        "_tongue",
        "caller",
        "finding",
        "now_ms",
        "region",
        "request",
        "request_id",
        "trail",
    )

    def __init__(
        self,
        request: Request,
        request_id: str,
        tongue: Tongue,
        caller: Caller,
        region: str,
        hosts: Hosts,
        now_ms: int,
        trail: Trail,
    ) -> None:
        self.request = request
        self.request_id = request_id
        self._tongue = tongue
        self.caller = caller
        self.region = region
        self.now_ms = now_ms
        self._hosts = hosts
        self.trail = trail
        self.finding: str | None = None
        """What the answer should say beyond what AWS's does, in a header: one line of ASCII."""

    @property
    def base_url(self) -> str:
        return self._hosts.base_url(self.request.way, self.request.headers.get(b"host", b""))

    @property
    def sender_id(self) -> str:
        """SenderId as AWS gives it (API ReceiveMessage): the unique id, or the address of a nameless caller."""
        if self.caller.type is PrincipalType.ANONYMOUS:
            return self.request.way.client_address
        return self.caller.unique_id

    @property
    def trace_header(self) -> str | None:
        header = self.request.headers.get(b"x-amzn-trace-id")
        return None if header is None else header.decode("latin-1")

    def queue_url(self, queue: Queue) -> str:
        return f"{self.base_url}/{queue.account}/{queue.name}"

    def answer(self, output: Any) -> None:
        head = b"x-amzn-RequestId: " + self.request_id.encode() + b"\r\n"
        if self.finding is not None:
            head += FINDING_HEADER.encode() + b": " + self.finding.encode("ascii", "replace") + b"\r\n"
        tongue = self._tongue
        self.request.respond(200, tongue.content_type, tongue.encode(output, self.request_id), head)
        self.trail.answered(output)

    def finish(self, reply: object, output: Callable[[], object]) -> None:
        """Answers with what `output` makes, or refuses where `reply` is a refusal."""
        if isinstance(reply, QanatError):
            self.refuse(reply)
        else:
            self.answer(output())

    def refuse(self, error: QanatError) -> None:
        refuse(self.request, self.request_id, self._tongue, error)
        self.trail.refused(error)


def refuse(request: Request, request_id: str, tongue: Tongue, error: QanatError) -> None:
    status, content_type, head, body = tongue.error(error, request_id)
    head += b"x-amzn-RequestId: " + request_id.encode() + b"\r\n"
    request.respond(status, content_type, body, head)
