"""A local door: a Unix socket in the data directory, by which the operator's own commands talk to the server.

Its file mode and the peer's user id say who may come in: who runs the server, and root. Nothing of it is on a network.
"""

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

from qanat.core.errors import QanatError
from qanat.net import fds
from qanat.net.errors import NetworkUnavailable, PeerGone

logger = logging.getLogger(__name__)

T = TypeVar("T")
Visit = Callable[[socket.socket], Awaitable[None]]

_ASKING_TIME_S: Final = 10.0
_PAUSE_S: Final = 1.0
"""Out of file descriptors, say: what is in the backlog waits there a while."""


class LocalDoor:
    """Calls `visit` with each connection, as long as it may take; then closes it, with a refusal if it was refused."""

    def __init__(self, directory: Path, name: str, visit: Visit) -> None:
        self._directory = directory
        self._name = name
        self._visit = visit
        self._listening: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._visits: set[asyncio.Task[None]] = set()

    @property
    def visitors(self) -> int:
        return len(self._visits)

    def open(self) -> None:
        """Raises OSError."""
        (self._directory / self._name).unlink(missing_ok=True)
        self._listening = sock = socket.socket(socket.AF_UNIX)
        with_socket(self._directory, self._name, lambda path: sock.bind(path))
        (self._directory / self._name).chmod(0o600)
        sock.listen(64)
        sock.setblocking(False)
        self._accepting = asyncio.get_running_loop().create_task(self._accept(sock))

    async def close(self) -> None:
        tasks = [task for task in (self._accepting, *self._visits) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._listening is not None:
            self._listening.close()
            (self._directory / self._name).unlink(missing_ok=True)

    async def _accept(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(sock)
            except OSError as error:
                logger.warning("cannot accept a local command for now: %s", error)
                await asyncio.sleep(_PAUSE_S)
                continue
            if not _is_ours(connection):
                connection.close()
                continue
            task = loop.create_task(self._receive(connection))
            self._visits.add(task)
            task.add_done_callback(self._visits.discard)

    async def _receive(self, connection: socket.socket) -> None:
        try:
            await self._visit(connection)
        except (QanatError, NetworkUnavailable) as error:
            reason = error.message if isinstance(error, QanatError) else str(error)
            await _refuse(connection, reason)
        except OSError as error:
            logger.debug("a local command went away: %s", error)
        except Exception:
            logger.exception("a local command cannot be served")
            await _refuse(connection, "the server met a fault of its own; its log says more")
        finally:
            connection.close()


async def in_thread(connection: socket.socket, work: Callable[[], T]) -> T:
    connection.settimeout(_ASKING_TIME_S)
    return await asyncio.get_running_loop().run_in_executor(None, work)


async def _refuse(connection: socket.socket, reason: str) -> None:
    try:
        await in_thread(connection, lambda: fds.send(connection, {"error": reason}))
    except (PeerGone, OSError) as error:
        logger.debug("a refusal was not heard: %s", error)


def _is_ours(connection: socket.socket) -> bool:
    """The peer runs as the server's own user, or as root."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return uid in (0, os.geteuid())


def with_socket(directory: Path, name: str, use: Callable[[str], None]) -> None:
    """Calls `use` with a path to the socket that fits in the 108 bytes of a Unix address, however long the real one."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        use(f"/proc/self/fd/{fd}/{name}")
    finally:
        os.close(fd)
