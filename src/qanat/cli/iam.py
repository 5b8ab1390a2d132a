"""Calls of the IAM API, made as any client makes them: signed, over HTTPS, with the local CA."""

import http.client
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

from qanat.cli.errors import CommandFailed
from qanat.core.sigv4 import Claim, Scope, SignedRequest, sign, signing_key

_XMLNS: Final = "{https://iam.amazonaws.com/doc/2010-05-08/}"
_TIMEOUT_S: Final = 30
_ANSWER_BYTES_MAX: Final = 64 * 1024


class ServerUnreachable(CommandFailed):
    """It does not run, or not there."""


@dataclass(frozen=True, slots=True)
class Iam:
    """The IAM of a server, as its administrator (id, secret) asks it. Every method raises CommandFailed."""

    endpoint_url: str
    region: str
    ca_bundle: Path
    administrator: tuple[str, str]

    def new_access_key(self, user_name: str) -> tuple[str, str]:
        """(id, secret) of a new key of `user_name`."""
        tree = self._ask("CreateAccessKey", user_name)
        found = [tree.findtext(f".//{_XMLNS}{name}") for name in ("AccessKeyId", "SecretAccessKey")]
        if not found[0] or not found[1]:
            raise CommandFailed("IAM's answer has no access key in it")
        return found[0], found[1]

    def access_key_ids(self, user_name: str) -> list[str]:
        """The ids of the keys that `user_name` has."""
        tree = self._ask("ListAccessKeys", user_name)
        return [element.text or "" for element in tree.iter(f"{_XMLNS}AccessKeyId")]

    def _ask(self, action: str, user_name: str) -> ET.Element:
        form = urlencode({"Action": action, "Version": "2010-05-08", "UserName": user_name}).encode()
        status, answer = _post(self.endpoint_url, self.region, self.ca_bundle, self.administrator, form)
        try:
            # The answer comes from our own server over verified TLS, and is bounded.
            tree = ET.fromstring(answer)  # noqa: S314
        except ET.ParseError:
            raise CommandFailed(
                f"the server at {self.endpoint_url} answered something that is not IAM's"
            ) from None
        if status != 200:
            raise CommandFailed(tree.findtext(f".//{_XMLNS}Message") or f"IAM answered {status}")
        return tree


def _post(
    endpoint_url: str, region: str, ca_bundle: Path, key: tuple[str, str], body: bytes
) -> tuple[int, bytes]:
    url = urlsplit(endpoint_url)
    amz_date = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": url.netloc,
        "x-amz-date": amz_date,
    }
    scope = Scope(amz_date[:8], region, "iam")
    claim = Claim(key[0], scope, tuple(sorted(name.encode() for name in headers)), "", amz_date)
    signed = {name.encode(): value.encode() for name, value in headers.items()}
    request = SignedRequest(b"POST", b"/", b"", signed, body)
    headers["authorization"] = sign(request, claim, signing_key(key[1], scope))
    context = ssl.create_default_context(cafile=str(ca_bundle))
    connection = http.client.HTTPSConnection(
        url.hostname or "", url.port, timeout=_TIMEOUT_S, context=context
    )
    try:
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(_ANSWER_BYTES_MAX)
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or error
        raise ServerUnreachable(
            f"no server answers at {endpoint_url} ({why}): start it (qanat serve)"
        ) from error
    finally:
        connection.close()
