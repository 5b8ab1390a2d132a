"""One message between our own processes on one machine: a JSON object on one line, and file descriptors.

Works over any Unix socket in blocking mode (its own time-out holds). Strictly question and answer: a byte after the
line is an error. Whatever is wrong with a message, the descriptors that came with it are closed again.
"""

import array
import json
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any, Final

from qanat.net.errors import NetworkUnavailable, PeerGone

LINE_BYTES_MAX: Final = 65_536
"""Far above what an instance's environment takes, far below what could hurt."""
FDS_MAX: Final = 4
"""Two namespaces is the most that any message carries."""

Message = dict[str, Any]


def send(sock: socket.socket, value: Mapping[str, object], fds: Sequence[int] = ()) -> None:
    """Raises PeerGone. The descriptors stay the caller's to close."""
    line = json.dumps(value).encode() + b"\n"
    if len(line) > LINE_BYTES_MAX or len(fds) > FDS_MAX:
        raise NetworkUnavailable("a message between local processes is too large")
    try:
        sent = socket.send_fds(sock, [line], list(fds)) if fds else sock.send(line)
        if sent < len(line):
            sock.sendall(line[sent:])
    except OSError as error:
        raise PeerGone(f"the other process cannot be reached: {error.strerror or error}") from error


def receive(sock: socket.socket) -> tuple[Message, list[int]]:
    """The next message; the descriptors become the caller's, and are closed on exec.

    Raises PeerGone at the end of the stream or the socket's time-out, NetworkUnavailable for a line that is not ours.
    """
    line = bytearray()
    fds: list[int] = []
    try:
        while not line.endswith(b"\n"):
            line += _more(sock, LINE_BYTES_MAX - len(line), fds)
        return _parsed(bytes(line)), fds
    except BaseException:
        close_all(fds)
        raise


def close_all(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)


def _more(sock: socket.socket, room: int, fds: list[int]) -> bytes:
    if room <= 0:
        raise NetworkUnavailable("a message between local processes is too large")
    size = array.array("i").itemsize
    try:
        chunk, ancillary, flags, _ = sock.recvmsg(
            room, socket.CMSG_SPACE(FDS_MAX * size), socket.MSG_CMSG_CLOEXEC
        )
    except OSError as error:
        raise PeerGone(f"the other process does not answer: {error.strerror or error}") from error
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.extend(array.array("i", data[: len(data) - len(data) % size]))
    if flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC) or len(fds) > FDS_MAX:
        raise NetworkUnavailable("a message between local processes is too large")
    if not chunk:
        raise PeerGone("the other process has ended")
    return chunk


def _parsed(line: bytes) -> Message:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise NetworkUnavailable("a message between local processes is not JSON") from error
    if line.count(b"\n") != 1 or not isinstance(value, dict):
        raise NetworkUnavailable("a message between local processes is not one JSON object")
    return value
