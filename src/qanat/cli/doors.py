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
