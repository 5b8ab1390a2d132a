"""HTTP by hand: bytes out over a socket, answers in, every wait bounded."""

import contextlib
import socket
import ssl
from typing import NamedTuple, Self

from support.server import Server

WAIT_S = 60.0


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    """Lower-case names."""
    body: bytes


class Connection:
    """One connection to a server; `with` closes it."""

    def __init__(self, address: tuple[str, int], ca_bundle: str | None = None) -> None:
        plain = socket.create_connection(address, timeout=WAIT_S)
        # As every HTTP client does: else what is sent second may wait for the acknowledgement of the first.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock: socket.socket = plain
        if ca_bundle is not None:
            context = ssl.create_default_context(cafile=ca_bundle)
            self.sock = context.wrap_socket(plain, server_hostname=address[0])
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def send_what_is_taken(self, data: bytes) -> None:
        """A server that refuses may close before it has read everything."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.sock.sendall(data)

    def answer(self, *, head_only: bool = False) -> Answer:
        """The next answer. Raises ConnectionError where the server closes before it, TimeoutError where none comes."""
        head = self._until(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        version, status, _ = lines[0].split(" ", 2)
        assert version == "HTTP/1.1", lines[0]
        headers = {}
        for line in lines[1:-2]:
            name, _, value = line.partition(": ")
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value
        if int(status) < 200:
            return Answer(int(status), headers, b"")
        length = 0 if head_only else int(headers["content-length"])
        while len(self._buffer) < length:
            self._read()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return Answer(int(status), headers, body)

    def closed(self) -> bool:
        """Whether the server closes without a further byte."""
        try:
            return not self._buffer and not self.sock.recv(1)
        except ConnectionResetError:
            return True

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._read()
        end = self._buffer.index(mark) + len(mark)
        found, self._buffer = self._buffer[:end], self._buffer[end:]
        return found

    def _read(self) -> None:
        data = self.sock.recv(65_536)
        if not data:
            raise ConnectionError(f"closed after {self._buffer[:200]!r}")
        self._buffer += data


def connect(server: Server, scheme: str = "http") -> Connection:
    return Connection(server.address, str(server.ca_bundle) if scheme == "https" else None)


def post(
    server: Server,
    body: bytes,
    headers: dict[str, str] | None = None,
    path: str = "/",
    scheme: str = "http",
    method: str = "POST",
    before: bytes = b"",
) -> Answer:
    """One request on a connection of its own, with just these headers and Content-Length. `before` precedes it."""
    with connect(server, scheme) as connection:
        connection.send_what_is_taken(before + request(body, headers, path, method))
        return connection.answer(head_only=method == "HEAD")


def request(
    body: bytes, headers: dict[str, str] | None = None, path: str = "/", method: str = "POST"
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {"Host": "localhost"}).items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body
