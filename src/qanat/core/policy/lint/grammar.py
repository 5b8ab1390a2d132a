"""What is refused, all of it at once: `parse` stops at its first error, these checks do not.

Invariant: element by element and value by value, it is the parser's own readers that refuse; here an error only gets
its code and its words.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from qanat.core.policy.conditions import spelling_of
from qanat.core.policy.document import DEFAULT_VERSION, ELEMENTS, ELEMENTS_OF, VARIABLES_VERSION
from qanat.core.policy.errors import PolicyInvalid, quoted, shown
from qanat.core.policy.lint.items import (
    check_action,
    check_operand,
    check_principal,
    check_resource,
    is_key,
)
from qanat.core.policy.lint.view import Report, View, operands, texts
from qanat.core.policy.operators import OPERATORS
from qanat.core.policy.principals import KINDS
from qanat.core.policy.sizes import WITHOUT_PRINCIPAL, PolicyKind
from qanat.core.policy.statement import ELEMENTS as STATEMENT_ELEMENTS
from qanat.core.policy.statement import may_lack_resource
from qanat.core.policy.syntax import Number, each

_EMPTY: Final = {"Action": "EMPTY_ARRAY_ACTION", "Resource": "EMPTY_ARRAY_RESOURCE"}
_CHECKS: Final = {"Action": check_action, "Resource": check_resource}


def check_document(tree: object, kind: PolicyKind, report: Report) -> list[View]:
    """Reports what is wrong, and gives the statements that are objects, wrong ones too."""
    if not isinstance(tree, dict):
        report.find("DATA_TYPE_MISMATCH", "", data_type="object")
        return []
    known = ELEMENTS_OF.get(kind, ELEMENTS)
    _check_elements(tree, known, "", report)
    if "Id" in tree and type(tree["Id"]) is not str:
        report.find("DATA_TYPE_MISMATCH", "Id", data_type="string")
    version = tree.get("Version", DEFAULT_VERSION)
    if "Version" not in tree:
        report.find("MISSING_VERSION", "")
    elif version not in (DEFAULT_VERSION, VARIABLES_VERSION):
        versions = f"{VARIABLES_VERSION}, {DEFAULT_VERSION}"
        report.find("INVALID_VERSION", "Version", version=_said(version), versions=versions)
    if tree.get("Statement", []) == []:
        report.find("MISSING_STATEMENT", "Statement")
        return []
    views = []
    for path, node in each(tree["Statement"], "Statement"):
        if isinstance(node, dict):
            views.append(View(path, kind, version == VARIABLES_VERSION, node))
        else:
            report.find("DATA_TYPE_MISMATCH", path, data_type="object")
    return views


def check_statement(view: View, report: Report) -> None:
    """What is wrong in one statement by itself."""
    _check_elements(view.node, STATEMENT_ELEMENTS, view.path, report)
    _check_effect(view, report)
    _check_sid(view, report)
    _check_principals(view, report)
    _check_items("Action", view, report)
    if view.kind is PolicyKind.TRUST:
        for name in ("Resource", "NotResource"):
            if name in view.node:
                report.find("ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE", f"{view.path}.{name}", at_key=True)
    else:
        _check_items("Resource", view, report)
    if "Condition" in view.node:
        _check_condition(view, report)


def _check_elements(node: dict[str, object], known: frozenset[str], path: str, report: Report) -> None:
    for name in node:
        if name not in known:
            where = f"{path}.{shown(name)}" if path else shown(name)
            hint = _meant(name, known)
            report.find("INVALID_POLICY_ELEMENT", where, at_key=True, element=shown(name), hint=hint)


def _meant(name: str, known: Iterable[str]) -> str:
    """Which of `known` was probably meant, as a sentence."""
    close = {found.lower(): found for found in sorted(known)}
    found = get_close_matches(name.lower(), close, n=1, cutoff=0.7)
    return f" Did you mean {close[found[0]]}?" if found else ""


def _check_effect(view: View, report: Report) -> None:
    if "Effect" not in view.node:
        report.find("MISSING_EFFECT", view.path)
    elif view.node["Effect"] not in ("Allow", "Deny"):
        report.find("INVALID_EFFECT", f"{view.path}.Effect", effect=_said(view.node["Effect"]))


def _check_sid(view: View, report: Report) -> None:
    sid, path = view.node.get("Sid", "x"), f"{view.path}.Sid"
    if type(sid) is not str:
        report.find("DATA_TYPE_MISMATCH", path, data_type="string")
    elif not sid:
        report.find("EMPTY_SID_VALUE", path)
    elif view.kind in WITHOUT_PRINCIPAL | {PolicyKind.TRUST} and not (sid.isascii() and sid.isalnum()):
        report.find("UNSUPPORTED_SID", path)


def _names(element: str, view: View, report: Report) -> Iterator[str]:
    """The element and its complement, those that are there; both at once is an error."""
    present = [name for name in (element, f"Not{element}") if name in view.node]
    if len(present) > 1:
        report.find(
            "UNSUPPORTED_ELEMENT_COMBINATION",
            f"{view.path}.Not{element}",
            at_key=True,
            element1=element,
            element2=f"Not{element}",
        )
    yield from present


def _check_principals(view: View, report: Report) -> None:
    present = list(_names("Principal", view, report))
    if view.kind in WITHOUT_PRINCIPAL:
        code = "UNSUPPORTED_PRINCIPAL"
        if view.kind is PolicyKind.SERVICE_CONTROL:
            code = "SCP_SYNTAX_ERROR_PRINCIPAL"
        for name in present:
            report.find(code, f"{view.path}.{name}", at_key=True, policy_type=f"{view.kind} policy")
        return
    if not present:
        report.find("MISSING_PRINCIPAL", view.path)
    for name in present:
        if name == "NotPrincipal" and view.kind is PolicyKind.TRUST:
            where = f"{view.path}.{name}"
            report.find("ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL", where, at_key=True)
        _check_principal(name, view, report)


def _check_principal(name: str, view: View, report: Report) -> None:
    node, path = view.node[name], f"{view.path}.{name}"
    if node == "*":
        return
    if not isinstance(node, dict):
        report.find("INVALID_PRINCIPAL_FORMAT", path)
        return
    empty = True
    for key, value in node.items():
        where = f"{path}.{shown(key)}"
        if key not in KINDS:
            hint = _meant(key, KINDS)
            report.find("INVALID_PRINCIPAL_KEY", where, at_key=True, key=shown(key), hint=hint)
            empty = False
            continue
        for at, one in each(value, where):
            empty = False
            if type(one) is not str:
                report.find("DATA_TYPE_MISMATCH", at, data_type="string")
        for item in texts(value, where):
            check_principal(key, item, view, report)
    if empty:
        report.find("EMPTY_ARRAY_PRINCIPAL" if node else "EMPTY_OBJECT_PRINCIPAL", path)


def _check_items(element: str, view: View, report: Report) -> None:
    present = list(_names(element, view, report))
    if not present and not (element == "Resource" and may_lack_resource(view.kind)):
        report.find(f"MISSING_{element.upper()}", view.path)
    for name in present:
        path = f"{view.path}.{name}"
        nodes = each(view.node[name], path)
        if not nodes:
            report.find(_EMPTY[element], path)
        for at, node in nodes:
            if type(node) is not str:
                report.find("DATA_TYPE_MISMATCH", at, data_type="string")
        for item in view.items(name):
            if report.full:
                return
            _CHECKS[element](item, view, report)


def _check_condition(view: View, report: Report) -> None:
    blocks, path = view.node["Condition"], f"{view.path}.Condition"
    if not isinstance(blocks, dict):
        report.find("DATA_TYPE_MISMATCH", path, data_type="object")
        return
    if not any(blocks.values()):
        report.find("EMPTY_OBJECT_CONDITION", path)
    for operator, block in blocks.items():
        where = f"{path}.{shown(operator)}"
        if not isinstance(block, dict):
            report.find("DATA_TYPE_MISMATCH", where, data_type="object")
        _check_operator(operator, path, report)
        for key, value in block.items() if isinstance(block, dict) else ():
            if report.full:
                return
            _check_values(operator, key, value, f"{where}.{shown(key)}", view, report)


def _check_operator(operator: str, path: str, report: Report) -> None:
    where = f"{path}.{shown(operator)}"
    try:
        spelling = spelling_of(operator, path)
        if spelling.name == "Null" and spelling.prefix:
            report.find("NULL_WITH_QUALIFIER", where, at_key=True)
    except PolicyInvalid:
        if operator.rpartition(":")[2] == "NullIfExists":
            report.find("NULL_WITH_IF_EXISTS", where, at_key=True)
        else:
            hint = _meant(operator, (*OPERATORS, "Null"))
            report.find("INVALID_CONDITION_OPERATOR", where, at_key=True, operator=shown(operator), hint=hint)


def _check_values(operator: str, key: str, value: object, path: str, view: View, report: Report) -> None:
    if not is_key(key):
        report.find("INVALID_CONDITION_KEY_FORMAT", path, at_key=True)
    nodes = each(value, path)
    if not nodes:
        report.find("EMPTY_ARRAY_CONDITION", path, key=shown(key))
    for at, node in nodes:
        if not isinstance(node, str | bool):
            report.find("DATA_TYPE_MISMATCH", at, data_type="string")
    for item in operands(value, path):
        if report.full:
            return
        check_operand(operator, item, view, report)


def _said(value: object) -> str:
    """A value as AWS's texts repeat it."""
    return shown(value) if isinstance(value, str) and not isinstance(value, Number) else quoted(value)
