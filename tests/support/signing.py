"""Signatures made by botocore's own SigV4, taken apart so that each part can be got wrong on purpose."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.raw import Answer, post
from support.server import REGION, Key, Server

JSON = "application/x-amz-json-1.0"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def _as_it_is(header: str) -> str:
    return header


def _unchanged(headers: dict[str, str]) -> None:
    pass


@dataclass
class Signed:
    """A request to be signed and sent. Every field has the value that is right; change what is to be wrong."""

    key: Key
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    path: str = "/"
    method: str = "POST"
    region: str = REGION
    service: str = "sqs"
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    token: str | None = None
    unsigned: frozenset[str] = frozenset()
    """Headers (lower case) that the signature leaves out."""
    authorization: Callable[[str], str] = _as_it_is
    """What becomes of the Authorization header."""
    after: Callable[[dict[str, str]], None] = _unchanged
    """Changes headers once they are signed."""
    body_sent: bytes | None = None
    """Instead of the body that was signed."""
    path_sent: str | None = None

    def headers_for(self, host: str) -> dict[str, str]:
        """The headers, signed."""
        unsigned = self.unsigned

        class Auth(SigV4Auth):  # type: ignore[misc]  # botocore has no types
            def headers_to_sign(self, request: AWSRequest) -> Any:
                found = super().headers_to_sign(request)
                for name in unsigned:
                    del found[name]
                return found

        auth = Auth(
            Credentials(self.key.access_key_id, self.key.secret, self.token), self.service, self.region
        )
        request = AWSRequest(self.method, f"http://{host}{self.path}", {**self.headers}, self.body)
        if "Host" not in self.headers:
            request.headers["Host"] = host
        request.context["timestamp"] = self.at.strftime("%Y%m%dT%H%M%SZ")
        request.context["signing"] = {}
        auth._modify_request_before_signing(request)
        canonical = auth.canonical_request(request)
        signature = auth.signature(auth.string_to_sign(request, canonical), request)
        auth._inject_signature_to_request(request, signature)
        headers = dict(request.headers.items())
        headers["Authorization"] = self.authorization(headers["Authorization"])
        self.after(headers)
        return headers

    def send(self, server: Server, scheme: str = "http", before: bytes = b"") -> Answer:
        headers = self.headers_for(f"{server.host}:{server.port}")
        return post(
            server,
            self.body if self.body_sent is None else self.body_sent,
            headers,
            self.path if self.path_sent is None else self.path_sent,
            scheme,
            self.method,
            before,
        )


def sqs(key: Key, operation: str, parameters: dict[str, Any] | None = None, **fields: Any) -> Signed:
    """A JSON 1.0 request of SQS as botocore would send it."""
    headers = {"X-Amz-Target": f"AmazonSQS.{operation}", "Content-Type": JSON, **fields.pop("headers", {})}
    return Signed(key, json.dumps(parameters or {}).encode(), headers, **fields)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


@dataclass
class Presigned:
    """A URL to be presigned and asked for. Every field has the value that is right; change what is to be wrong."""

    key: Key
    query: str = ""
    """The operation's own parameters, encoded."""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    path: str = "/"
    method: str = "GET"
    region: str = REGION
    service: str = "sqs"
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    expires_s: int = 900
    token: str | None = None
    url: Callable[[str], str] = _as_it_is
    """What becomes of path and query once they are signed."""
    headers_sent: dict[str, str] = field(default_factory=dict)
    """Besides those that were signed."""
    body_sent: bytes | None = None
    method_sent: str | None = None

    def target_for(self, host: str) -> str:
        """Path and query, signed."""
        auth = SigV4QueryAuth(
            Credentials(self.key.access_key_id, self.key.secret, self.token),
            self.service,
            self.region,
            self.expires_s,
        )
        request = AWSRequest(
            self.method, f"http://{host}{self.path}?{self.query}", {**self.headers, "Host": host}
        )
        request.context.update({"timestamp": self.at.strftime("%Y%m%dT%H%M%SZ"), "signing": {}})
        auth._modify_request_before_signing(request)
        # After that, which would have taken a body for parameters.
        request.data = self.body
        canonical = auth.canonical_request(request)
        signature = auth.signature(auth.string_to_sign(request, canonical), request)
        auth._inject_signature_to_request(request, signature)
        target: str = request.url.removeprefix(f"http://{host}")
        return self.url(target)

    def send(self, server: Server, scheme: str = "http") -> Answer:
        host = f"{server.host}:{server.port}"
        target = self.target_for(host)
        return post(
            server,
            self.body if self.body_sent is None else self.body_sent,
            {"Host": host, **self.headers, **self.headers_sent},
            target,
            scheme,
            self.method_sent or self.method,
        )
