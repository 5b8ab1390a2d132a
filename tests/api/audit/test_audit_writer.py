"""The audit log's thread, with a disk that the test holds in its hand."""

import json
import logging
import threading
from collections.abc import Iterator, Sequence

import pytest

from qanat.api.audit import writer as w
from qanat.api.audit.writer import FAULT, QUEUE_FULL, AuditWriter
from qanat.wire.audit.event import dropped_line

WAIT_S = 60.0


class Disk:
    """Takes what is written while `open` is set and waits while it is not; with `broken`, it fails."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.open = threading.Event()
        self.open.set()
        self.broken = False
        self.tried = threading.Semaphore(0)
        self.done = threading.Semaphore(0)

    def write(self, lines: Sequence[bytes]) -> None:
        self.tried.release()
        assert self.open.wait(WAIT_S)
        if self.broken:
            raise OSError(28, "No space left on device")
        self.lines += lines
        self.done.release()

    def has_tried(self) -> None:
        assert self.tried.acquire(timeout=WAIT_S)

    def has_written(self) -> None:
        assert self.done.acquire(timeout=WAIT_S)


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk()
    yield made
    made.open.set()


def writer(disk: Disk, waiting_bytes_max: int = 1_000, tell_every_s: float = 0.0) -> AuditWriter:
    def line(reasons: dict[str, int]) -> bytes:
        return dropped_line(reasons, 0, "id")

    return AuditWriter(disk, line, waiting_bytes_max, retry_s=0.001, tell_every_s=tell_every_s)


def counts(lines: Sequence[bytes]) -> list[dict[str, int]]:
    """What the lines say that is missing."""
    return [json.loads(line)["additionalEventData"]["reasons"] for line in lines if line.startswith(b"{")]


def test_lines_are_written_in_order_and_all_of_them_before_the_end(disk: Disk) -> None:
    made = writer(disk, 1_000_000)
    lines = [b"%d\n" % number for number in range(1_000)]
    for line in lines:
        made.put(line)
    made.close()
    assert disk.lines == lines
    assert made.written == 1_000


def test_a_wedged_disk_holds_up_nobody_and_what_is_lost_is_told_as_soon_as_there_is_room(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    disk.open.clear()
    made = writer(disk)
    line = b"x" * 99 + b"\n"
    for _ in range(25):
        made.put(line)
    assert made.dropped[QUEUE_FULL] == 15
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    disk.open.set()
    disk.has_written()
    made.close()
    assert disk.lines.count(line) == 10
    assert sum(found[QUEUE_FULL] for found in counts(disk.lines)) == 15
    assert "events are missing from the audit log: {'QueueFull': 15}" in caplog.text


def test_room_again_is_used_again(disk: Disk) -> None:
    made = writer(disk, 100)
    disk.open.clear()
    made.put(b"x" * 99 + b"\n")
    made.put(b"lost\n")
    disk.open.set()
    disk.has_written()
    disk.has_written()  # what is told of the lost one
    made.put(b"after\n")
    made.close()
    assert disk.lines[-1] == b"after\n"
    assert counts(disk.lines) == [{QUEUE_FULL: 1}]


def test_a_full_disk_is_said_once_and_tried_until_it_works(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    disk.broken = True
    made = writer(disk)
    made.put(b"a\n")
    for _ in range(5):
        disk.has_tried()
    made.put(b"b\n")
    disk.broken = False
    disk.has_written()
    made.close()
    assert disk.lines == [b"a\n", b"b\n"]
    assert [record.message for record in caplog.records] == [
        "the audit log cannot be written, and is tried again: [Errno 28] No space left on device",
        "the audit log is written again",
    ]


def test_a_stop_does_not_wait_for_a_disk_that_fails(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    disk.broken = True
    made = writer(disk)
    made.put(b"a\n")
    disk.has_tried()
    made.close()
    assert disk.lines == []
    assert "2 bytes of the audit log could not be written before the stop" in caplog.text


def test_nor_for_one_that_is_wedged(
    disk: Disk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(w, "CLOSE_TIME_S", 0.01)
    disk.open.clear()
    made = writer(disk)
    made.put(b"a\n")
    disk.has_tried()
    made.close()
    assert "could not be written before the stop" in caplog.text


def test_a_flood_of_what_is_dropped_is_no_flood_of_lines(disk: Disk) -> None:
    made = writer(disk, tell_every_s=3_600)
    made.drop(FAULT)
    disk.has_written()
    for _ in range(1_000):
        made.drop(FAULT)
    made.close()
    assert counts(disk.lines) == [{FAULT: 1}, {FAULT: 1_000}]
