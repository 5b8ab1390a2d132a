"""The files of the audit log: `audit.jsonl`, and numbered ones that it became when it was full.

Invariant: a line is whole or it is the last of its file. What a killed server left half is closed with a newline before
the next line; a batch that does not fit on the disk is taken back.
"""

import errno
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

CURRENT: Final = "audit.jsonl"
_KEPT: Final = re.compile(r"audit-([0-9]{8,})\.jsonl\Z")
_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class AuditFiles:
    """Opened anew for every batch: so whoever moves a file away, or gives the disk room again, needs no restart."""

    def __init__(self, directory: Path, file_bytes: int, files_kept: int) -> None:
        self._directory = directory
        self._file_bytes = file_bytes
        self._files_kept = files_kept

    def write(self, lines: Sequence[bytes]) -> None:
        """All of `lines` or none of them, each with its newline. Raises OSError.

        A file grows over its bound by less than a batch.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._directory / CURRENT
        fd = os.open(path, _FLAGS, 0o600)
        try:
            size = os.fstat(fd).st_size
            if size >= self._file_bytes:
                os.fsync(fd)
                os.close(fd)
                fd = -1
                self._rotate(path)
                fd = os.open(path, _FLAGS, 0o600)
                size = 0
            torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
            data = b"".join((b"\n", *lines) if torn else lines)
            try:
                if os.write(fd, data) < len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            except OSError:
                os.ftruncate(fd, size)
                raise
        finally:
            if fd >= 0:
                os.close(fd)

    def _rotate(self, path: Path) -> None:
        numbers = sorted(
            int(found[1]) for entry in self._directory.iterdir() if (found := _KEPT.match(entry.name))
        )
        following = numbers[-1] + 1 if numbers else 1
        path.rename(self._directory / _kept_name(following))
        numbers.append(following)
        for number in numbers[: max(0, len(numbers) - self._files_kept)]:
            (self._directory / _kept_name(number)).unlink(missing_ok=True)


def _kept_name(number: int) -> str:
    return f"audit-{number:08d}.jsonl"
