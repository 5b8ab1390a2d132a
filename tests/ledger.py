"""A shard of numbers, the least that a node can be asked to write, and a rig of it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from node_rig import START_MS, MemoryLog, Rig
from qanat.core.errors import InternalFailure, QanatError, ServiceUnavailable
from qanat.core.outcome import Outcome
from qanat.node import Codec


class Refused(QanatError):
    code = "Refused"


class Ledger:
    """A shard of numbers. A number is added and its sum answered; `read` answers the sum; 13 is refused."""

    def __init__(self) -> None:
        self.position = 0
        self.numbers: list[int] = []
        self.applied_at: list[int] = []

    def handle(self, command: object, now_ms: int) -> Outcome[object, int]:
        if command == "read":
            return Outcome(sum(self.numbers), [])
        if command == "raise":
            raise ZeroDivisionError
        if command == "refusal as a reply":
            return Outcome(Refused("no"), [])
        assert isinstance(command, int)
        if command == 13:
            raise Refused("13 is refused")
        self.numbers.append(command)
        return Outcome(sum(self.numbers), [command])

    def apply(self, record: int) -> None:
        self.numbers.append(record)
        self.applied_at.append(self.position)

    def trimmable(self) -> int:
        return 0


def encoded(records: Any, now_ms: int) -> bytes:
    if 666 in records:
        raise ValueError("666 cannot be written")
    return json.dumps([list(records), now_ms]).encode()


def decoded(frame: bytes) -> tuple[list[Any], int]:
    records, at_ms = json.loads(frame)
    return records, at_ms


CODEC = Codec(encoded, decoded)


def rig(log: MemoryLog | None = None, now_ms: int = START_MS) -> Rig:
    return Rig(Ledger(), CODEC, log, now_ms)


def written(log: MemoryLog) -> list[list[int]]:
    return [decoded(frame)[0] for frame in log.frames.values()]


class Only:
    """Compares by type: the errors of this program carry no state of their own."""

    def __init__(self, kind: type[QanatError]) -> None:
        self.kind = kind

    def __eq__(self, other: object) -> bool:
        return type(other) is self.kind

    def __repr__(self) -> str:
        return self.kind.__name__

    __hash__ = None  # type: ignore[assignment]  # nothing keeps it


FAILED, UNAVAILABLE, REFUSED = Only(InternalFailure), Only(ServiceUnavailable), Only(Refused)


def stopped(r: Rig, meanwhile: Callable[[], object] = lambda: None) -> bool:
    """Whether `stop` ends and closes the log; `meanwhile` runs while it waits."""

    async def run() -> bool:
        stopping = asyncio.create_task(r.node.stop())
        await asyncio.sleep(0)
        meanwhile()
        for _ in range(10):
            await asyncio.sleep(0)
            r.settle()
        done = stopping.done()
        stopping.cancel()
        return done

    return asyncio.run(run()) and r.log.closed
