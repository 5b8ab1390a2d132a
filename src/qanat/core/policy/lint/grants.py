"""Identity policies that hand on more than they say: any role to any service (Access Analyzer, "Pass role with ..."),
and roles that services make for themselves ("Create SLR with ...").

Invariant: a statement has at most one finding of each of the two.
"""

from typing import Final

from qanat.core.policy.glob import Style, patterns
from qanat.core.policy.lint.view import Report, View
from qanat.core.policy.sizes import PolicyKind
from qanat.core.policy.variables import pieces

# The action, how its checks are called, and the condition keys that narrow it down.
_GRANTS: Final = (
    ("iam:passrole", "PASS_ROLE", frozenset({"iam:passedtoservice", "iam:associatedresourcearn"})),
    ("iam:createservicelinkedrole", "CREATE_SLR", frozenset({"iam:awsservicename"})),
)


def check_grants(view: View, report: Report) -> None:
    if not view.allows or view.kind is not PolicyKind.IDENTITY:
        return
    keys = {test.key.lower() for test in view.tests()}
    for action, prefix, narrowing in _GRANTS:
        how = _by_action(view, action)
        where = _where(view)
        if how is None or where is None or keys & narrowing:
            continue
        code = f"{prefix}_WITH_{_SAID[how, where]}"
        report.find(code, f"{view.path}.{where}", at_key=True)


_SAID: Final = {
    ("named", "NotResource"): "NOTRESOURCE",
    ("starred", "NotResource"): "STAR_IN_ACTION_AND_NOTRESOURCE",
    ("others", "NotResource"): "NOTACTION_AND_NOTRESOURCE",
    ("named", "Resource"): "STAR_IN_RESOURCE",
    ("starred", "Resource"): "STAR_IN_ACTION_AND_RESOURCE",
    ("others", "Resource"): "STAR_IN_RESOURCE_AND_NOTACTION",
}


def _by_action(view: View, action: str) -> str | None:
    """How the statement comes to allow `action`: by name, by a pattern, or because NotAction does not name it."""
    written = [item.text.lower() for item in view.items("Action")]
    if action in written:
        return "named"
    if any(_matches(text, action) for text in written if "*" in text or "?" in text):
        return "starred"
    spared = [item.text.lower() for item in view.items("NotAction")]
    return "others" if spared and not any(_matches(text, action) for text in spared) else None


def _matches(pattern: str, action: str) -> bool:
    return patterns([pieces(pattern, wildcards=True)], Style.TEXT).match(action, {})


def _where(view: View) -> str | None:
    """The element by which the statement is about every role."""
    if "NotResource" in view.node:
        return "NotResource"
    everything = any(item.text.strip("*") in ("", "arn:aws:iam::") for item in view.items("Resource"))
    return "Resource" if everything else None
