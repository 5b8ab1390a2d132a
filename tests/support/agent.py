"""Runs as an instance in a VPC: does what each line of JSON on its standard input asks, and answers with one line.

An unmodified client of AWS is among what it can be: nothing is configured here but what `qanat instance run` gave it.
"""

import base64
import errno
import http.client
import json
import os
import socket
import ssl
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

WAIT_S = 50
CONNECT_TIME_S = 10
"""Some addresses are met with silence."""
_clients: dict[tuple[str, ...], Any] = {}
_connections: dict[str, socket.socket] = {}


def sqs(operation: str, parameters: dict[str, Any], key: list[str] | None, url: str | None) -> dict[str, Any]:
    """One call by botocore. `key` is [] for the instance's own, None for none at all."""
    from botocore.exceptions import BotoCoreError, ClientError

    client = _client(key, url)
    try:
        output = client._make_api_call(operation, parameters)
        return {
            "status": 200,
            "output": {name: output[name] for name in output if name != "ResponseMetadata"},
        }
    except ClientError as error:
        response = error.response
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        return {
            "status": status,
            "code": response["Error"]["Code"],
            "message": response["Error"]["Message"],
        }
    except BotoCoreError as error:
        return {"status": 0, "code": type(error).__name__, "message": str(error)}


def _client(key: list[str] | None, url: str | None) -> Any:
    import botocore.session
    from botocore import UNSIGNED
    from botocore.config import Config

    found = ("anonymous",) if key is None else tuple(map(str, key))
    if (*found, str(url)) not in _clients:
        config = Config(
            parameter_validation=False,
            connect_timeout=CONNECT_TIME_S,
            read_timeout=WAIT_S,
            retries={"total_max_attempts": 1},
        )
        if key is None:
            config = config.merge(Config(signature_version=UNSIGNED))
        session = _clients.setdefault(("session",), botocore.session.get_session())
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        keys = dict(zip(names, key or (), strict=False))
        _clients[*found, str(url)] = session.create_client("sqs", endpoint_url=url, config=config, **keys)
    return _clients[*found, str(url)]


def open_connection(
    name: str,
    host: str,
    port: int,
    before: str,
    tls: str | None,
    versions: list[str] | None,
    wait_s: float,
) -> dict[str, Any]:
    """`before` is sent as it is, ahead of the TLS handshake with the server name `tls`."""
    try:
        connection = socket.create_connection((host, port), wait_s)
        connection.settimeout(WAIT_S)
        if before:
            connection.sendall(base64.b64decode(before))
        if tls is not None:
            connection = _context(versions, host == tls).wrap_socket(connection, server_hostname=tls)
    except (OSError, ssl.SSLError) as error:
        return {"failed": failure(error)}
    _connections[name] = connection
    version = connection.version() if isinstance(connection, ssl.SSLSocket) else None
    return {"version": version}


def _context(versions: list[str] | None, verified: bool) -> ssl.SSLContext:
    context = _trusting()
    if not verified:
        # The test asks for another name than it connects to; the certificate is verified all the same.
        context.check_hostname = False
    if versions is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion[versions[0]]
            context.maximum_version = ssl.TLSVersion[versions[1]]
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _trusting() -> ssl.SSLContext:
    """Whom any program trusts here; without isolation, whom the clients of AWS trust."""
    everybody = "SSL_CERT_FILE" in os.environ
    return ssl.create_default_context(cafile=None if everybody else os.environ["AWS_CA_BUNDLE"])


def exchange(name: str, data: str) -> dict[str, Any]:
    """Bytes out, one HTTP answer in."""
    connection = _connections[name]
    try:
        connection.sendall(base64.b64decode(data))
        return _answer(connection)
    except (OSError, ssl.SSLError, http.client.HTTPException) as error:
        return {"failed": failure(error)}


def _answer(connection: socket.socket) -> dict[str, Any]:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return {"status": answer.status, "headers": dict(answer.getheaders()), "body": answer.read().decode()}


def ended(name: str) -> dict[str, Any]:
    """Waits for the other end to close."""
    try:
        return {"ended": _connections[name].recv(1) == b""}
    except TimeoutError:
        return {"ended": False}
    except OSError:
        return {"ended": True}


def look_up(name: str, wait_s: float) -> dict[str, Any]:
    """What the instance's own resolver answers: addresses, the response code, and why not."""
    import dns.exception
    import dns.message
    import dns.query
    import dns.rcode

    query = dns.message.make_query(name, "A", use_edns=0)
    try:
        answer = dns.query.udp(query, _resolver(), timeout=wait_s)
    except (dns.exception.Timeout, OSError) as error:
        return {"code": type(error).__name__, "addresses": [], "why": ""}
    addresses = sorted(str(record.address) for found in answer.answer for record in found)
    why = " ".join(option.to_text() for option in answer.options)
    return {"code": dns.rcode.to_text(answer.rcode()), "addresses": addresses, "why": why}


def _resolver() -> str:
    lines = Path("/etc/resolv.conf").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("nameserver"))


def system_look_up(name: str) -> dict[str, Any]:
    """What any program gets that asks the C library."""
    try:
        found = socket.getaddrinfo(name, 443, socket.AF_INET, socket.SOCK_STREAM)
    except socket.gaierror as error:
        return {"code": error.errno, "addresses": []}
    return {"code": 0, "addresses": sorted(str(address[4][0]) for address in found)}


def certificate(host: str) -> dict[str, Any]:
    """The names on the certificate that is verified against `host`."""
    try:
        with (
            socket.create_connection((host, 443), WAIT_S) as connection,
            _trusting().wrap_socket(connection, server_hostname=host) as tls,
        ):
            found = tls.getpeercert() or {}
            names = [str(entry[1]) for entry in found["subjectAltName"]]
            return {"names": names, "version": tls.version()}
    except (OSError, ssl.SSLError) as error:
        return {"failed": failure(error)}


def failure(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"ssl: {error.reason or error}"
    # An address that no host has is met with silence, and found unreachable after some seconds.
    if isinstance(error, TimeoutError) or (isinstance(error, OSError) and error.errno == errno.EHOSTUNREACH):
        return "no answer"
    if isinstance(error, OSError) and error.errno is not None:
        return errno.errorcode.get(error.errno, str(error))
    return type(error).__name__


def about() -> dict[str, Any]:
    return {"uid": os.getuid(), "environment": dict(os.environ), "addresses": _own_addresses()}


def _own_addresses() -> list[str]:
    """The address from which anything in the VPC would be reached; a connected datagram socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((_resolver(), 53))
        return [sock.getsockname()[0]]


ACTIONS: dict[str, Callable[..., dict[str, Any]]] = {
    "sqs": sqs,
    "open": open_connection,
    "exchange": exchange,
    "ended": ended,
    "look_up": look_up,
    "system_look_up": system_look_up,
    "certificate": certificate,
    "about": about,
}


def main() -> None:
    socket.setdefaulttimeout(WAIT_S)
    for line in sys.stdin:
        asked = json.loads(line)
        answer = ACTIONS[asked.pop("do")](**asked)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
