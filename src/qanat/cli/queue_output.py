"""Tables and lines of JSON on standard output, for people and for programs.

Invariant: what a message holds never reaches the terminal as anything but text: control characters, escape sequences
and what turns the direction of writing round are written out.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPE_WIDTH: Final = 160
"""Columns where standard output is no terminal and nothing (COLUMNS) says otherwise."""
_LAST_MIN: Final = 12
_GAP: Final = 2
_STYLES: Final = {"visible": "green", "in flight": "yellow", "delayed": "cyan"}


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    right: bool = False


class Rows:
    """A table that comes in parts: columns never get narrower, and the title stands once.

    The last column is cut to what is left of the width, all others are whole.
    """

    def __init__(self, columns: Sequence[Column], console: Console, last_width: int | None = None) -> None:
        self._columns = columns
        self._console = console
        self._last_width = last_width
        self._widths = [cell_len(column.title) for column in columns]
        self._titled = False

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        cells = [[printable(cell, self._console.encoding) for cell in row] for row in rows]
        for row in cells:
            self._widths = [max(width, cell_len(cell)) for width, cell in zip(self._widths, row, strict=True)]
        before = sum(self._widths[:-1]) + _GAP * (len(self._widths) - 1)
        last = max(self._console.width - before, _LAST_MIN) if self._last_width is None else self._last_width
        self._widths[-1] = min(self._widths[-1], last)
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=not self._titled)
        for column, width in zip(self._columns, self._widths, strict=True):
            table.add_column(
                column.title,
                justify="right" if column.right else "left",
                header_style="bold",
                min_width=width,
                no_wrap=True,
            )
        for row in cells:
            shown = [*row[:-1], fitted(row[-1], last, self._console.encoding)]
            table.add_row(*(Text(cell, style=_style(cell)) for cell in shown))
        self._titled = True
        # One that is too wide is left to the terminal: a cut id helps nobody.
        self._console.print(table, width=max(self._console.width, before + last), no_wrap=True, crop=False)


def _style(cell: str) -> str:
    return _STYLES.get(cell.partition(",")[0], "")


def console_of(stream: TextIO) -> Console:
    """Colours and the width of a terminal where it is one."""
    found = Console(file=stream, highlight=False, markup=False, emoji=False, legacy_windows=False)
    if not found.is_terminal and not os.environ.get("COLUMNS"):
        found.width = PIPE_WIDTH
    return found


def printable(text: str, encoding: str) -> str:
    """In one line, with nothing in it that a terminal would obey, and nothing that `encoding` lacks."""
    if text.isascii() and text.isprintable():
        return text
    shown = "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def fitted(text: str, width: int, encoding: str) -> str:
    """Cut to so many columns, with a mark that says so."""
    if cell_len(text) <= width:
        return text
    mark = "…" if printable("…", encoding) == "…" else "..."
    return set_cell_size(text, max(width - len(mark), 0)).rstrip() + mark[: max(width, 0)]


def json_line(value: Any) -> None:
    """One line on standard output, in ASCII, so that any terminal and any pipe takes it."""
    sys.stdout.write(json.dumps(value) + "\n")


def note(text: str) -> None:
    """For the person who watches, and never among the results."""
    sys.stderr.write(f"{text}\n")


def duration(ms: int) -> str:
    """In its two largest units: `45s`, `3m 20s`, `2h 5m`, `4d 1h`."""
    seconds = max(ms, 0) // 1000
    for size, unit, rest_size, rest_unit in _UNITS:
        if seconds >= size:
            rest = seconds % size // rest_size
            return f"{seconds // size}{unit}" + (f" {rest}{rest_unit}" if rest else "")
    return f"{seconds}s"


_UNITS: Final = ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s"))


def size(count: int) -> str:
    """Of bytes, as people read it: `512 B`, `1.5 kB`, `1.0 MB`; a kB is 1,024."""
    if count < 1_024:
        return f"{count} B"
    return f"{count / 1_024:.1f} kB" if count < 1_024**2 else f"{count / 1_024**2:.1f} MB"
