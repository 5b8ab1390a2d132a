"""Requests to a server, made as any client makes them: signed, over HTTPS, with the local CA."""

import http.client
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from qanat.api.sqs.call import FINDING_HEADER
from qanat.cli.errors import CommandFailed
from qanat.core.sigv4 import Claim, Scope, SignedRequest, sign, signing_key

_TIMEOUT_S: Final = 30
# More than any answer of ours: a page of messages in the longest way of writing them.
_ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
# The server closes a connection that is idle for two minutes, and a request into that moment would be lost.
_IDLE_S: Final = 30.0


class ServerUnreachable(CommandFailed):
    """It does not run, or not there."""


class Client:
    """Posts to one service of a server, over one connection. Not for threads."""

    def __init__(
        self,
        service: str,
        endpoint_url: str,
        region: str,
        ca_bundle: Path,
        key: tuple[str, str],
        token: str | None = None,
    ) -> None:
        """`key` is (access key id, secret); a temporary one has a session token."""
        self.findings: list[str] = []
        """What the answers so far said of themselves beyond what AWS's do."""
        self._token = token
        self._service = service
        self._endpoint_url = endpoint_url
        self._region = region
        self._key = key
        url = urlsplit(endpoint_url)
        self._host = url.netloc
        context = ssl.create_default_context(cafile=str(ca_bundle))
        self._connection = http.client.HTTPSConnection(
            url.hostname or "", url.port, timeout=_TIMEOUT_S, context=context
        )
        self._used_at_s = 0.0

    def post(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """(status, answer). Raises ServerUnreachable."""
        if time.monotonic() > self._used_at_s + _IDLE_S:
            self.close()
        connection, whole = self._connection, False
        try:
            connection.request("POST", "/", body, self._signed(headers, body))
            answer = connection.getresponse()
            found = answer.status, answer.read(_ANSWER_BYTES_MAX)
            self.findings += answer.headers.get_all(FINDING_HEADER, [])
            whole = answer.isclosed()
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "strerror", None) or error
            raise ServerUnreachable(
                f"no server answers at {self._endpoint_url} ({why}): start it (qanat serve)"
            ) from error
        finally:
            # What is left of an answer, after an interrupt too, must not be read as the next one.
            if not whole:
                self.close()
        self._used_at_s = time.monotonic()
        return found

    def close(self) -> None:
        """The next `post` opens it again."""
        self._connection.close()

    def _signed(self, given: Mapping[str, str], body: bytes) -> dict[str, str]:
        amz_date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        headers = {**given, "host": self._host, "x-amz-date": amz_date}
        if self._token is not None:
            headers["x-amz-security-token"] = self._token
        scope = Scope(amz_date[:8], self._region, self._service)
        names = tuple(sorted(name.encode() for name in headers))
        claim = Claim(self._key[0], scope, names, "", amz_date)
        signed = {name.encode(): value.encode() for name, value in headers.items()}
        request = SignedRequest(b"POST", b"/", b"", signed, body)
        return {**headers, "authorization": sign(request, claim, signing_key(self._key[1], scope))}
