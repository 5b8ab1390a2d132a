"""Who has not proved to be anyone cannot turn the audit log over; what cannot become a line is counted."""

from collections.abc import Sequence
from typing import Any

from qanat.api.audit.trail import STRANGERS_PER_S_MAX, Audit
from qanat.api.audit.writer import FAULT, TOO_MANY_STRANGERS, AuditWriter
from qanat.core.errors import AccessDenied
from qanat.core.identity.model import ANONYMOUS, Caller, User, caller_of
from qanat.core.way import WayIn
from qanat.wire.audit.event import Answered
from qanat.wire.audit.operations import sqs_operations

ROWS = {row.name: row for row in sqs_operations()}
BOB = caller_of(User("123456789012", "bob", "AIDABOB", "/", 0))


class Sink:
    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def write(self, lines: Sequence[bytes]) -> None:
        self.lines += lines


def call(at_ms: int, caller: Caller | None, *, refused: bool, agent: Any = None) -> Answered:
    error = AccessDenied("no") if refused else None
    way = WayIn(True, "192.0.2.1")
    row = ROWS["SendMessage"]
    return Answered(row, at_ms, None, "r", "e", way, caller, None, agent, None, None, None, None, error, ())


def audit(sink: Sink) -> Audit:
    return Audit(ROWS.values(), AuditWriter(sink, lambda reasons: b""), "us-east-2", lambda: 0)


def test_refused_strangers_are_recorded_so_many_a_second() -> None:
    sink = Sink()
    made = audit(sink)
    for number in range(STRANGERS_PER_S_MAX + 10):
        made.record(call(5_000, None if number % 2 else ANONYMOUS, refused=True))
    assert made.writer.dropped[TOO_MANY_STRANGERS] == 10
    made.record(call(5_999, BOB, refused=True))
    made.record(call(5_999, ANONYMOUS, refused=False))
    assert made.writer.dropped[TOO_MANY_STRANGERS] == 10
    made.record(call(6_000, None, refused=True))
    assert made.writer.dropped[TOO_MANY_STRANGERS] == 10
    made.writer.close()
    assert len([line for line in sink.lines if line]) == STRANGERS_PER_S_MAX + 3


def test_what_cannot_become_a_line_is_counted_and_harms_nobody(caplog: Any) -> None:
    made = audit(Sink())
    made.record(call(0, BOB, refused=False, agent="\ud800"))
    assert made.writer.dropped[FAULT] == 1
    assert "an audit event cannot be made" in caplog.text
    made.writer.close()
