"""What the parser itself remarks on, with its place in the text.

Invariant: a remark that a check of the text makes too is made once.
"""

import re
from typing import Final

from qanat.core.policy import findings
from qanat.core.policy.document import Document
from qanat.core.policy.lint.view import Report, View

_CODES: Final = {
    findings.PRINCIPAL_ARN_REPAIRED: "PRINCIPAL_ARN_REPAIRED",
    findings.VARIABLE_IS_LITERAL: "VARIABLE_UNSUPPORTED_IN_VERSION",
    findings.MISSING_ARN_FIELD: "ARN_WITH_FEWER_FIELDS",
    findings.NO_ALLOW: "NO_ALLOW",
    findings.ENDPOINT_WILDCARD: "ENDPOINT_WILDCARD",
    findings.INVALID_ARN_OPERAND: "INVALID_ARN_OPERAND",
}
_STATEMENT: Final = re.compile(r"Statement\[([0-9]+)\]")


def pass_on(document: Document, views: list[View], report: Report) -> None:
    """`views` are the statements of `document`, which may be some of those of the text."""
    for finding in document.findings:
        code = _CODES.get(finding.code)
        if code is None:
            continue
        found = _STATEMENT.match(finding.path)
        path = finding.path
        if found is not None:
            path = views[int(found[1])].path + finding.path[found.end() :]
        detail = finding.message[:1].upper() + finding.message[1:]
        report.find(code, path, detail=detail, resource=finding.message.split(" ")[0])
