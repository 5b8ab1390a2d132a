"""One SQS request on its way through: what every operation is given, and how it is answered."""

from typing import Any

from qanat.api.hosts import Hosts
from qanat.core.errors import QanatError
from qanat.core.identity.model import Caller, PrincipalType
from qanat.core.queues.model import Queue
from qanat.net.http import Request
from qanat.wire import json10


class SqsCall:
    """Answered once, by `answer` or `refuse`."""

    __slots__ = ("_hosts", "caller", "now_ms", "request", "request_id")

    def __init__(self, request: Request, request_id: str, caller: Caller, hosts: Hosts, now_ms: int) -> None:
        self.request = request
        self.request_id = request_id
        self.caller = caller
        self.now_ms = now_ms
        self._hosts = hosts

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
        self.request.respond(200, json10.CONTENT_TYPE, json10.encode(output), head)

    def refuse(self, error: QanatError) -> None:
        refuse(self.request, self.request_id, error)


def refuse(request: Request, request_id: str, error: QanatError) -> None:
    """An error of the JSON protocol."""
    status, head, body = json10.error_answer(error)
    head += b"x-amzn-RequestId: " + request_id.encode() + b"\r\n"
    request.respond(status, json10.CONTENT_TYPE, body, head)
