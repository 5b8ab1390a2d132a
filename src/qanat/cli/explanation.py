"""A trace as people read it: the verdict, layer by layer what was said and why, and what to change.

Invariant: nothing depends on colour: a mark or a word says the same.
"""

from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qanat.cli.queue_output import fitted, printable

_STYLES: Final = {
    "denies": "bold red",
    "silent": "bold yellow",
    "allows": "green",
    "not asked": "dim",
    "absent": "dim",
}
# The evaluator names one of several denials; people look for what speaks of their request.
_STATEMENTS_MAX: Final = 6
_VALUES_MAX: Final = 4
_VALUE_WIDTH: Final = 200


def show(explained: dict[str, Any], console: Console) -> None:
    if console.is_terminal:
        _show(explained, console)
        return
    # Tables and wrapped lines come filled with blanks to their width, which files and diffs are better off without.
    with console.capture() as captured:
        _show(explained, console)
    console.file.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _show(explained: dict[str, Any], console: Console) -> None:
    trace = explained["trace"]
    _verdict(trace, console)
    _request(explained, console)
    _line(console, "Layers", style="bold")
    for layer in trace["layers"]:
        _layer(layer, console)
    if trace["advice"]:
        console.print()
        _line(console, "To change it", style="bold")
        _advice(trace["advice"], console)


def _verdict(trace: dict[str, Any], console: Console) -> None:
    reason = trace["reason"]
    silent = reason.startswith("not allowed")
    said = f"Denied: {reason}" if silent else reason[0].upper() + reason[1:]
    console.print(Text(said, "bold green" if trace["allowed"] else "bold red"))
    if trace["message"]:
        _line(console, trace["message"], indent=2)
    console.print()


def _request(explained: dict[str, Any], console: Console) -> None:
    trace, context = explained["trace"], explained["trace"]["context"]
    rows = [
        ("who", f"{trace['principal']} ({trace['principal_type']})"),
        ("action", trace["action"]),
        ("resource", trace["resource"]),
        ("way in", _way(context)),
    ]
    if "at_ms" in explained:
        at = datetime.fromtimestamp(explained["at_ms"] / 1000, UTC)
        rows.append(("at", at.strftime("%Y-%m-%dT%H:%M:%SZ")))
    rows.extend(("note" if number == 0 else "", said) for number, said in enumerate(explained["notes"]))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, _text(value, console))
    console.print(Padding(table, (0, 0, 1, 2), expand=False))


def _way(context: dict[str, Any]) -> str:
    if "aws:sourcevpce" in context:
        found = f"{context['aws:sourcevpce']} in {context['aws:sourcevpc']}"
        return f"{found}, from {context.get('aws:vpcsourceip', 'an unknown address')}"
    if "aws:sourceip" in context:
        scheme = "HTTPS" if context.get("aws:securetransport") == "true" else "plain HTTP"
        return f"the public listener, {scheme}, from {context['aws:sourceip']}"
    return "none: a service acts for itself or for the caller"


def _layer(layer: dict[str, Any], console: Console) -> None:
    name = layer["layer"] if layer["level"] is None else f"{layer['layer']}, level {layer['level']}"
    verdict = layer["verdict"]
    row = Text(f"  {name:<31} ") + Text(verdict if not layer["note"] else f"{verdict:<9}", _STYLES[verdict])
    if layer["note"] and len(row) + 2 + len(layer["note"]) > console.width:
        console.print(row)
        _line(console, layer["note"], indent=4, style="dim")
    else:
        console.print(row + Text(f"  {layer['note']}" if layer["note"] else "", "dim"))
    for policy in layer["policies"]:
        _policy(policy, console)


def _policy(policy: dict[str, Any], console: Console) -> None:
    _line(console, policy["name"], indent=4, style="underline")
    telling = [one for one in policy["statements"] if one["applies"] or one["near"]]
    others = [one for one in policy["statements"] if one not in telling]
    shown = [*telling, *others[: max(0, _STATEMENTS_MAX - len(telling))]]
    for statement in sorted(shown, key=lambda one: int(one["index"])):
        _statement(statement, console)
    if len(shown) < len(policy["statements"]):
        rest = len(policy["statements"]) - len(shown)
        _line(console, f"{rest} more that do not apply (--json shows all)", indent=6, style="dim")


def _statement(statement: dict[str, Any], console: Console) -> None:
    effect, applies = statement["effect"], statement["applies"]
    mark = ("+" if effect == "Allow" else "x") if applies else ("~" if statement["near"] else "-")
    style = ("green" if effect == "Allow" else "bold red") if applies else "dim"
    name = statement["sid"] or f"Statement[{statement['index']}]"
    said = "applies" if applies else ("nearly applies" if statement["near"] else "does not apply")
    line = Text(" " * 6) + Text(f"{mark} {effect} ", style) + _text(name, console) + Text(f": {said}", style)
    console.print(line, overflow="fold")
    for element in statement["elements"]:
        if not element["matched"] or element["why"]:
            _line(console, f"{element['name']}: {element['why']}", indent=10)
    for condition in statement["conditions"]:
        if applies or not condition["matched"]:
            _condition(condition, console)


def _condition(condition: dict[str, Any], console: Console) -> None:
    written = _values(condition["written"])
    seen = condition["seen"]
    had = "none" if seen is None else _values(seen) if isinstance(seen, list) else seen or '""'
    said = "holds" if condition["matched"] else "fails"
    _line(console, f"{condition['operator']} {condition['key']} = {written}", indent=10)
    why = f": {condition['why']}" if condition["why"] else ""
    _line(console, f"{said}, the request has {had}{why}", indent=12)


def _values(values: list[str]) -> str:
    shown = ", ".join(values[:_VALUES_MAX])
    return shown if len(values) <= _VALUES_MAX else f"{shown} and {len(values) - _VALUES_MAX} more"


def _advice(advice: list[dict[str, Any]], console: Console) -> None:
    number = 0
    for one in advice:
        number += not one["instead"]
        head = "   or" if one["instead"] else f"{number:>4}."
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
        table.add_column(no_wrap=True, width=5)
        table.add_column(overflow="fold")
        table.add_row(head, _text(one["text"], console, width=10_000))
        if one["add"]:
            table.add_row("", _text(one["add"], console, width=10_000, style="cyan"))
        console.print(table)


def _line(console: Console, text: str, *, indent: int = 0, style: str = "") -> None:
    """Wrapped under itself."""
    console.print(
        Padding(_text(text, console, width=2_000, style=style), (0, 0, 0, indent), expand=False),
        overflow="fold",
    )


def _text(text: str, console: Console, *, width: int = _VALUE_WIDTH, style: str = "") -> Text:
    return Text(fitted(printable(text, console.encoding), width, console.encoding), style, overflow="fold")
