"""What encryption at rest costs: `python -m bench.encryption` prints medians of sealing and opening a frame.

"plain" is what stands in encryption's place without it: a CRC-32 and the same copy. "append" is a durable append of a
new log, to a file in the temporary directory, encrypted and not, in turns, so that both see the same disk.
"""

import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from statistics import median

from qanat.journal.frames import Frame, encode
from qanat.journal.seal import KEY_BYTES, DataKey, MasterKey, seal, unseal
from qanat.journal.sealed import SealedLog
from qanat.journal.sqlite import SqliteLog

NAME = "queues-0"
KEY = DataKey(1, b"\x01" * KEY_BYTES)
SIZES = (1_024, 65_536, 1_048_576)
ROUNDS = 200
APPENDS = 300


def microseconds(call: Callable[[int], object]) -> float:
    """The median of a call, which is told its number from 1."""
    took = []
    for number in range(1, ROUNDS + 1):
        begun = time.perf_counter()
        call(number)
        took.append(time.perf_counter() - begun)
    return median(took) * 1e6


def plain(frame: bytes) -> bytes:
    return frame + zlib.crc32(frame).to_bytes(4, "big")


def append_microseconds(frame: bytes, directory: Path) -> tuple[float, float]:
    """(encrypted, plain)"""
    sealed = SealedLog.open(
        SqliteLog.open(directory / "sealed"), NAME, MasterKey(b"\x02" * KEY_BYTES, "the benchmark")
    )
    bare = SqliteLog.open(directory / "bare")
    took: tuple[list[float], list[float]] = ([], [])
    for position in range(1, APPENDS + 1):
        calls: tuple[Callable[[int, bytes], None], ...] = (sealed.append, bare.append)
        for call, times in zip(calls, took, strict=True):
            begun = time.perf_counter()
            call(position, frame)
            times.append(time.perf_counter() - begun)
    sealed.close()
    bare.close()
    return median(took[0]) * 1e6, median(took[1]) * 1e6


def of_size(size: int) -> tuple[float, float, float]:
    """(seal, open, plain), in microseconds"""
    frame = encode(Frame(1, 0, bytes(size)))
    boxes = {position: seal(frame, KEY, NAME, position) for position in range(1, ROUNDS + 1)}
    return (
        microseconds(lambda position: seal(frame, KEY, NAME, position)),
        microseconds(lambda position: unseal(boxes[position], {1: KEY}, NAME, position)),
        microseconds(lambda _: plain(frame)),
    )


def main() -> None:
    print(
        f"{'frame bytes':>12}{'seal us':>10}{'MB/s':>8}{'open us':>10}{'MB/s':>8}{'plain us':>10}{'MB/s':>8}"
    )
    for size in SIZES:
        row = of_size(size)
        print(f"{size:>12}" + "".join(f"{took:>10.1f}{size / took:>8.0f}" for took in row))
    with tempfile.TemporaryDirectory() as directory:
        encrypted_us, plain_us = append_microseconds(encode(Frame(1, 0, bytes(65_536))), Path(directory))
    print(f"append of 65,536 bytes, durable: {encrypted_us:.0f} us encrypted, {plain_us:.0f} us plain")


if __name__ == "__main__":
    main()
