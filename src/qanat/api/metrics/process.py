"""What the kernel says of this process, under the names that every client library of Prometheus gives it."""

import resource
from pathlib import Path
from typing import Final

from qanat.api.metrics.exposition import Family, Kind, Sample

_PAGE_BYTES: Final = resource.getpagesize()

CPU: Final = Family(
    "process_cpu_seconds_total", Kind.COUNTER, "Processor time of the server, user and system."
)
MEMORY: Final = Family("process_resident_memory_bytes", Kind.GAUGE, "Resident memory of the server.")
OPEN_FDS: Final = Family("process_open_fds", Kind.GAUGE, "Open file descriptors.")
MAX_FDS: Final = Family("process_max_fds", Kind.GAUGE, "The most file descriptors that may be open.")


def cpu() -> list[Sample]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return [Sample(used.ru_utime + used.ru_stime)]


def memory() -> list[Sample]:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return []
    return [Sample(pages * _PAGE_BYTES)]


def open_fds() -> list[Sample]:
    try:
        # The one that reads the directory is not counted.
        return [Sample(sum(1 for _ in Path("/proc/self/fd").iterdir()) - 1)]
    except OSError:
        return []


def max_fds() -> list[Sample]:
    return [Sample(resource.getrlimit(resource.RLIMIT_NOFILE)[0])]
