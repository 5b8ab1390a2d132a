"""What could be left out without a change of meaning.

Invariant: only what is certain is told: a pattern is covered by one whose stars alone account for all of it.
"""

from collections.abc import Iterator
from typing import Final

from qanat.core.policy.errors import shown
from qanat.core.policy.glob import Style, patterns
from qanat.core.policy.lint.view import Item, Report, View
from qanat.core.policy.sizes import WITHOUT_PRINCIPAL, PolicyKind
from qanat.core.policy.syntax import each
from qanat.core.policy.variables import pieces

# Patterns that others are compared with, so that a list of thousands is read in one pass and not in millions.
_COVERS_MAX: Final = 32
_PRINCIPALS: Final = ("Principal", "NotPrincipal")


def check_lists(view: View, report: Report) -> None:
    """Actions and resources that another of the same list covers."""
    for element in ("Action", "NotAction"):
        items = view.items(element)
        found = _redundant(items, Style.TEXT)
        if found:
            report.find("REDUNDANT_ACTION", found[0].path, count=len(found), action=shown(found[0].text))
    for element in ("Resource", "NotResource"):
        found = _redundant(view.items(element), Style.RESOURCE)
        if found:
            report.find("REDUNDANT_RESOURCE", found[0].path, count=len(found))


def _redundant(items: tuple[Item, ...], style: Style) -> list[Item]:
    written = [item.text.lower() if style is Style.TEXT else item.text for item in items]
    covers = [text for text in dict.fromkeys(written) if _can_cover(text, style)][:_COVERS_MAX]
    matchers = [(text, patterns([pieces(text, wildcards=True)], style)) for text in covers]
    seen: set[str] = set()
    found = []
    for item, text in zip(items, written, strict=True):
        again = text in seen
        seen.add(text)
        if again or ("${" not in text and any(text != c and m.match(text, {}) for c, m in matchers)):
            found.append(item)
    return found


def _can_cover(text: str, style: Style) -> bool:
    """Whether a match of another pattern, taken letter by letter, means that this one covers it.

    Its wildcards must be stars that run over whatever the other's wildcards run over.
    """
    if "*" not in text or "?" in text or "${" in text:
        return False
    return style is Style.TEXT or text.find("*") == len(text) - 1


def check_statements(views: list[View], report: Report) -> None:
    """Sids given twice, and statements that another makes superfluous."""
    seen: dict[object, int] = {}
    sids: set[str] = set()
    for index, view in enumerate(views):
        sid = view.node.get("Sid")
        if isinstance(sid, str) and sid:
            if sid in sids:
                report.find(_SIDS[view.kind in _IN_IAM], f"{view.path}.Sid")
            sids.add(sid)
        meaning = repr(sorted(_meaning(view)))
        if meaning in seen:
            report.find("REDUNDANT_STATEMENT", view.path, other=seen[meaning])
        seen.setdefault(meaning, index)


_IN_IAM: Final = WITHOUT_PRINCIPAL | {PolicyKind.TRUST}
_SIDS: Final = {True: "UNIQUE_SIDS_REQUIRED", False: "UNIQUE_SIDS_RECOMMENDED"}


def _meaning(view: View) -> Iterator[tuple[str, str]]:
    """The elements but for the Sid, lists in one order."""
    for name, node in view.node.items():
        if name == "Sid":
            continue
        if name in _PRINCIPALS:
            yield name, repr(sorted((kind, item.text) for kind, item in view.principals(name)) or node)
        elif name in ("Action", "NotAction"):
            yield name, repr(sorted({item.text.lower() for item in view.items(name)}) or node)
        elif name == "Condition":
            yield name, repr(node)
        else:
            yield name, repr(sorted({repr(value) for _, value in each(node, "")}))
