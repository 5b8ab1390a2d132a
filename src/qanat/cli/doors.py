"""The command line's side of the server's local doors."""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from qanat.api import accounts
from qanat.api.door import with_socket
from qanat.cli.errors import CommandFailed
from qanat.net import fds

_ASKING_TIME_S: Final = 30.0


def connect(directory: Path, socket_name: str) -> socket.socket:
    """Raises CommandFailed where no server runs with the directory."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_ASKING_TIME_S)
    try:
        with_socket(directory, socket_name, connection.connect)
    except OSError as error:
        connection.close()
        raise CommandFailed(f"no server is running with {directory}: {error.strerror}") from error
    return connection


def administrator_key(directory: Path, do: str, account: str) -> tuple[str, str]:
    """(id, secret): of a new account where `do` is `create`, of one that is there where it is `key`.

    Raises CommandFailed, PeerGone, NetworkUnavailable.
    """
    key_id, secret = _ask(directory, {"do": do, "account": account})["key"]
    return str(key_id), str(secret)


def root_credentials(directory: Path, account: str, duration_s: int) -> tuple[str, str, str]:
    """(id, secret, session token). Raises CommandFailed, PeerGone, NetworkUnavailable."""
    wish = {"do": "root", "account": account, "duration_s": duration_s}
    key_id, secret, token = _ask(directory, wish)["key"]
    return str(key_id), str(secret), str(token)


def control_policies(directory: Path, account: str) -> dict[str, Any]:
    """`service` and `resource`: document texts, a list a level. Raises CommandFailed, PeerGone, NetworkUnavailable."""
    return dict(_ask(directory, {"do": "policies", "account": account})["policies"])


def set_control_policies(
    directory: Path, account: str, service: list[list[str]], resource: list[list[str]]
) -> dict[str, Any]:
    """What then stands. Raises CommandFailed, PeerGone, NetworkUnavailable."""
    wish = {"do": "restrict", "account": account, "service": service, "resource": resource}
    return dict(_ask(directory, wish)["policies"])


def all_accounts(directory: Path) -> list[dict[str, Any]]:
    """Each with `account` and `created_at_ms`. Raises CommandFailed, PeerGone, NetworkUnavailable."""
    return list(_ask(directory, {"do": "list"})["accounts"])


def _ask(directory: Path, wish: Mapping[str, object]) -> dict[str, Any]:
    with connect(directory, accounts.SOCKET_NAME) as connection:
        fds.send(connection, wish)
        answer, handed = fds.receive(connection)
    fds.close_all(handed)
    if "error" in answer:
        raise CommandFailed(str(answer["error"]))
    return answer
