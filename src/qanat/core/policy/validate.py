"""All that is worth telling the author of a policy, with the line and the column of each finding.

Invariant: what `parse` refuses has an error among its findings; whatever the text is, there is an answer.
"""

from typing import Final

from qanat.core.policy.document import VARIABLES_VERSION, Document, parse
from qanat.core.policy.errors import PolicyInvalid, PolicyTooLarge
from qanat.core.policy.lint import access, findings
from qanat.core.policy.lint.catalogue import Severity
from qanat.core.policy.lint.conditions import check_conditions
from qanat.core.policy.lint.grammar import check_document, check_statement
from qanat.core.policy.lint.grants import check_grants
from qanat.core.policy.lint.redundancy import check_lists, check_statements
from qanat.core.policy.lint.sizes import TEXT_MAX, check_sizes
from qanat.core.policy.lint.view import Found, Report, View
from qanat.core.policy.places import Places, Spot, locate
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.syntax import decode, encode

__all__ = ["Found", "Severity", "guessed_kind", "validate"]

_QUEUES: Final = frozenset({PolicyKind.RESOURCE, PolicyKind.OTHER_RESOURCE})


def validate(text: str, kind: PolicyKind, account: str | None = None) -> tuple[Found, ...]:
    """The findings, in the order of the text. `account` is whose the policy is, where that is known. Never raises."""
    if len(text) > TEXT_MAX:
        report = Report(Places({}, None))
        check_sizes(text, kind, report)
        return _in_order(report)
    report = Report(locate(text))
    check_sizes(text, kind, report)
    try:
        tree = decode(text)
    except PolicyInvalid as error:
        _report_json(error, text, report)
        return _in_order(report)
    views = check_document(tree, kind, report)
    for view in views:
        check_statement(view, report)
        check_conditions(view, report)
        check_lists(view, report)
        access.check_complements(view, report)
        check_grants(view, report)
        if view.kind is PolicyKind.TRUST:
            access.check_trust(view, report)
        if view.kind is PolicyKind.RESOURCE:
            access.check_services(view, report)
            access.check_across_accounts(view, account, report)
        access.check_resources(view, report)
    check_statements(views, report)
    _check_meaning(tree, views, kind, account, report)
    _check_refusal(text, kind, report)
    return _in_order(report)


def _in_order(report: Report) -> tuple[Found, ...]:
    return tuple(sorted(report.found, key=lambda found: (found.line, found.column, found.code)))


def _report_json(error: PolicyInvalid, text: str, report: Report) -> None:
    line, column = error.position or (1, 1)
    spot = Spot(line, column, 1)
    if error.position is None and report.places.twice is not None:
        spot = report.places.twice
    index = sum(len(part) + 1 for part in text.split("\n")[: spot.line - 1]) + spot.column - 1
    report.find_at(
        "JSON_SYNTAX_ERROR",
        spot,
        "",
        index=index,
        line=spot.line,
        column=spot.column,
        detail=error.detail[:1].upper() + error.detail[1:] + ".",
    )


def _check_meaning(
    tree: object, views: list[View], kind: PolicyKind, account: str | None, report: Report
) -> None:
    """Whatever needs a policy that can be evaluated, over those statements that can be."""
    good = views
    document = _parsed(tree, good, kind)
    if document is None:
        good = [view for view in views if _parsed(tree, [view], kind) is not None]
        document = _parsed(tree, good, kind)
    if document is None:
        return
    findings.pass_on(document, good, report)
    for view, statement in zip(good, document.statements, strict=True):
        access.check_presence(view, statement, report)
    if kind is PolicyKind.RESOURCE:
        access.check_public(document, good, report)
        access.check_lockout(document, good, account, report)


def _parsed(tree: object, views: list[View], kind: PolicyKind) -> Document | None:
    """A document of those statements alone."""
    if not views or not isinstance(tree, dict):
        return None
    nodes = [{name: node for name, node in view.node.items() if name != "Sid"} for view in views]
    version = {"Version": VARIABLES_VERSION} if tree.get("Version") == VARIABLES_VERSION else {}
    try:
        return parse(encode({**version, "Statement": nodes}), kind)
    except (PolicyInvalid, PolicyTooLarge):
        return None


def _check_refusal(text: str, kind: PolicyKind, report: Report) -> None:
    """What `parse` says, where no check saw why it refuses."""
    if report.has_errors:
        return
    try:
        parse(text, kind)
    except PolicyInvalid as error:
        report.find("POLICY_REFUSED", error.path, detail=error.detail)
    except PolicyTooLarge as error:
        report.find("POLICY_OVER_QUOTA", "Statement", detail=error.message)


def guessed_kind(text: str) -> PolicyKind:
    """What a policy most likely is: of a queue, where it names principals and is not about other services alone."""
    try:
        tree = decode(text)
    except PolicyInvalid:
        return PolicyKind.IDENTITY
    nodes = tree.get("Statement", []) if isinstance(tree, dict) else []
    statements = [node for node in (nodes if isinstance(nodes, list) else [nodes]) if isinstance(node, dict)]
    if not any({"Principal", "NotPrincipal"} & node.keys() for node in statements):
        return PolicyKind.IDENTITY
    views = [View("", PolicyKind.RESOURCE, variables=True, node=node) for node in statements]
    actions = [item.text.lower() for view in views for item in view.items("Action")]
    resources = [item.text for view in views for item in view.items("Resource")]
    named = any({"Resource", "NotResource"} & node.keys() for node in statements)
    if not named and all(action.startswith("sts:") for action in actions):
        return PolicyKind.TRUST
    foreign = [text for text in actions if ":" in text and not text.startswith(("sqs:", "qanat:"))]
    if not actions or len(foreign) < len(actions) or any(":sqs:" in text for text in resources):
        return PolicyKind.RESOURCE
    return PolicyKind.OTHER_RESOURCE
