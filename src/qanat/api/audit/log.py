"""The audit log put together: what is recorded, the thread, the files."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from qanat.api.audit.files import AuditFiles
from qanat.api.audit.trail import Audit
from qanat.api.audit.writer import AuditWriter
from qanat.api.control import SERVICES
from qanat.node import Clock
from qanat.wire.audit.event import dropped_line
from qanat.wire.audit.operations import AuditedOperation, control_operations, sqs_operations


class Wanted(Protocol):
    """What the settings say of it."""

    @property
    def audit(self) -> bool: ...
    @property
    def audit_data_events(self) -> bool: ...
    @property
    def audit_file_bytes(self) -> int: ...
    @property
    def audit_files_kept(self) -> int: ...
    @property
    def region(self) -> str: ...


class AuditLog:
    """To be closed last, when all that was asked is answered. Makes no file before there is something to write."""

    def __init__(self, directory: Path, wanted: Wanted, clock: Clock) -> None:
        files = AuditFiles(directory, wanted.audit_file_bytes, wanted.audit_files_kept)
        self._writer = AuditWriter(files, _dropped_line)
        is_wanted = {True: wanted.audit, False: wanted.audit_data_events}
        recorded = (row for row in _all_operations() if is_wanted[row.management])
        self.audit = Audit(recorded, self._writer, wanted.region, clock.wall_ms)

    async def close(self) -> None:
        await asyncio.to_thread(self._writer.close)


def _dropped_line(reasons: dict[str, int]) -> bytes:
    # On the writer's thread: the clock and the ids of the loop are not to be shared.
    return dropped_line(reasons, time.time_ns() // 1_000_000, str(uuid4()))


def _all_operations() -> Iterator[AuditedOperation]:
    yield from sqs_operations()
    for service in SERVICES.values():
        yield from control_operations(service)
