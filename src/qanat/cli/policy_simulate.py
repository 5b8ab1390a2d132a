"""`qanat policy simulate`: cases in, decisions out, one line of JSON each.

Invariant: a line is answered before the next one is read, and what is wrong with one stops no other.
"""

import argparse
import codecs
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from qanat.cli.parser import USAGE
from qanat.cli.queue_output import note
from qanat.core.policy.simulate import Decided, Failed, Simulator

DIFFERS: Final = 1
# Several policies of the largest size that one may have.
_LINE_BYTES_MAX: Final = 16 * 1024 * 1024
_PROGRESS_S: Final = 0.5


@dataclass(slots=True)
class Count:
    """What came out of the cases so far."""

    allowed: int = 0
    denied: int = 0
    failed: int = 0
    as_expected: int = 0
    differ: int = 0

    def add(self, answer: Decided | Failed) -> None:
        if isinstance(answer, Failed):
            self.failed += 1
            return
        if answer.decision == "allowed":
            self.allowed += 1
        else:
            self.denied += 1
        if answer.ok is not None:
            self.as_expected += answer.ok
            self.differ += not answer.ok

    def __str__(self) -> str:
        cases = self.allowed + self.denied + self.failed
        parts = [f"{cases} cases: {self.allowed} allowed, {self.denied} denied"]
        if self.failed:
            parts.append(f"{self.failed} not understood")
        if self.as_expected or self.differ:
            parts.append(f"{self.as_expected} as expected, {self.differ} not")
        return "; ".join(parts)


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="cases, one a line, or - for standard input")
    parser.add_argument("--json", action="store_true", help="JSON, one line a case: it is always that")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    with _opened(parsed.file) as stream:
        count = _simulate(stream)
    note(str(count))
    if count.differ:
        return DIFFERS
    return USAGE if count.failed else 0


def _opened(file: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb")


def _simulate(stream: BinaryIO) -> Count:
    simulator, count, encode = Simulator(), Count(), msgspec.json.Encoder().encode
    progress = _Progress()
    for number, line in _lines(stream):
        answer = Failed(None, "the line is too long") if line is None else simulator.run(line)
        if isinstance(answer, Failed) and answer.id is None:
            answer = Failed(None, f"line {number}: {answer.error}")
        count.add(answer)
        # Whoever writes a case and waits for the answer gets it.
        sys.stdout.write(encode(answer).decode() + "\n")
        sys.stdout.flush()
        progress.show(count)
    progress.end()
    return count


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """The lines that are not blank, with their numbers; None for one that is too long to be read."""
    number = 0
    while line := stream.readline(_LINE_BYTES_MAX):
        number += 1
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if len(line) == _LINE_BYTES_MAX and not line.endswith(b"\n"):
            while (rest := stream.readline(_LINE_BYTES_MAX)) and not rest.endswith(b"\n"):
                pass
            yield number, None
        elif line.strip():
            yield number, line


class _Progress:
    """On a terminal, how far it is, where standard output does not say so itself."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty() and not sys.stdout.isatty()
        self._shown_at = time.monotonic()
        self._shown = False

    def show(self, count: Count) -> None:
        if self._on and time.monotonic() - self._shown_at >= _PROGRESS_S:
            self._shown_at, self._shown = time.monotonic(), True
            sys.stderr.write(f"\r\x1b[K{count}")
            sys.stderr.flush()

    def end(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
