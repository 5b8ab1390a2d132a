"""Tables as they come out, with fixed values: widths, cuts, and nothing that a terminal would obey."""

import io
from typing import Any

import pytest
from rich.console import Console

from qanat.cli.queue_ls import COLUMNS as LS_COLUMNS
from qanat.cli.queue_ls import row as ls_row
from qanat.cli.queue_output import Column, Rows, duration, fitted, printable, size
from qanat.cli.queue_peek import COLUMNS, row

NOW_MS = 1_753_264_000_000


def message(**changes: Any) -> dict[str, Any]:
    attributes = {"SentTimestamp": str(NOW_MS - 200_000), "ApproximateReceiveCount": "0"}
    return {
        "Sequence": 7,
        "State": "Visible",
        "VisibleTimestamp": NOW_MS - 200_000,
        "MessageId": "9fc0aa0a-c389-4a40-aa30-04b0c7868c87",
        "Body": "hello",
        "Attributes": {**attributes, **changes.pop("attributes", {})},
        **changes,
    }


def table(
    rows: list[Any],
    columns: Any = COLUMNS,
    width: int = 110,
    encoding: str = "utf-8",
    last: int | None = None,
) -> list[str]:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding)
    Rows(columns, Console(file=stream, width=width, highlight=False), last).add(rows)
    stream.flush()
    return [line.rstrip() for line in raw.getvalue().decode(encoding).splitlines()]


def test_a_page_of_messages() -> None:
    delayed = message(Sequence=12, State="Delayed", VisibleTimestamp=NOW_MS + 94_500, Body="x" * 100)
    in_flight = message(
        State="InFlight",
        VisibleTimestamp=NOW_MS + 5_000,
        attributes={"MessageGroupId": "a", "ApproximateReceiveCount": "2"},
    )
    rows = [row(one, NOW_MS, short_id=True) for one in (message(), delayed, in_flight)]
    assert table(rows, width=80) == [
        "seq  id        state                 recv        sent  group   size  body",
        "  7  9fc0aa0a  visible                  0  3m 20s ago           5 B  hello",
        " 12  9fc0aa0a  delayed, 1m 34s left     0  3m 20s ago         100 B  xxxxxxxxxxx…",
        "  7  9fc0aa0a  in flight, 5s left       2  3m 20s ago  a        5 B  hello",
    ]


def test_queues() -> None:
    counts = {
        "ApproximateNumberOfMessages": "1000000",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "3",
    }
    redrive = '{"deadLetterTargetArn":"arn:aws:sqs:us-east-2:123456789012:dead","maxReceiveCount":5}'
    base = "https://127.0.0.1:9324/123456789012/"
    rows = [
        ls_row(base + "jobs", {**counts, "RedrivePolicy": redrive}),
        ls_row(base + "orders.fifo", {}),
    ]
    assert table(rows, LS_COLUMNS) == [
        "queue        type      visible  in flight  delayed  dead letters to",
        "jobs         standard  1000000          0        3  dead after 5",
        "orders.fifo  FIFO            ?          ?        ?",
    ]


def test_columns_of_a_later_page_stay_where_they_are() -> None:
    raw = io.StringIO()
    rows = Rows((Column("n", right=True), Column("text")), Console(file=raw, width=40))
    rows.add([["100", "a"]])
    rows.add([["1", "b"], ["2", "longer"]])
    assert [line.rstrip() for line in raw.getvalue().splitlines()] == [
        "  n  text",
        "100  a",
        "  1  b",
        "  2  longer",
    ]


@pytest.mark.parametrize("width", [1, 20, 60])
def test_a_terminal_that_is_too_narrow_gets_whole_ids_all_the_same(width: int) -> None:
    lines = table([row(message(), NOW_MS)], width=width)
    assert len(lines) == 2
    assert "9fc0aa0a-c389-4a40-aa30-04b0c7868c87" in lines[1]


def test_the_width_of_the_body_can_be_chosen() -> None:
    (_, line) = table([row(message(Body="0123456789" * 9), NOW_MS)], last=10)
    assert line.endswith("  012345678…")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\u202egnp.exe\u2028\x9b\ud800", r"\u202egnp.exe\u2028\x9b\ud800"),
        ("né 水", "né 水"),
    ],
)
def test_nothing_is_obeyed(text: str, shown: str) -> None:
    assert printable(text, "utf-8") == shown


def test_a_terminal_without_unicode() -> None:
    assert printable("né 水", "ascii") == r"n\xe9 \u6c34"
    assert printable("né 水", "latin-1") == r"né \u6c34"
    (_, line) = table([row(message(Body="né" * 40), NOW_MS)], encoding="ascii", last=9)
    assert line.endswith(r"  n\xe9n...")


def test_no_escape_sequences_where_there_is_no_terminal() -> None:
    assert "\x1b" not in "".join(table([row(message(Body="\x1b[2J"), NOW_MS)]))


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("水水", 4, "水水"),
        ("水水水", 4, "水…"),
        ("ab", 1, "…"),
        ("ab", 0, ""),
    ],
)
def test_fitted_by_what_it_takes_on_the_screen(text: str, width: int, shown: str) -> None:
    assert fitted(text, width, "utf-8") == shown


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (-5, "0s"),
        (999, "0s"),
        (59_999, "59s"),
        (60_000, "1m"),
        (200_000, "3m 20s"),
        (3_600_000, "1h"),
        (7_500_000, "2h 5m"),
        (90_000_000, "1d 1h"),
        (86_400_000 * 14, "14d"),
    ],
)
def test_durations(ms: int, text: str) -> None:
    assert duration(ms) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1_023, "1023 B"), (1_536, "1.5 kB"), (1_048_576, "1.0 MB")]
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text
