"""The rows of the credential report."""

from base64 import b64encode

from qanat.core.identity.commands import GenerateCredentialReport, GetCredentialReport
from qanat.core.identity.credential_report import CredentialReport
from qanat.wire.iam.common import IamInput, instant
from qanat.wire.service import Call, Operation, Output, table


class NoInput(IamInput, frozen=True):
    pass


def _generated(made: bool, given: object, call: Call) -> Output:
    """It is there at once, which AWS tells of from the second asking on."""
    if made:
        return {"State": "STARTED", "Description": "No report exists. Starting a new report generation task"}
    return {"State": "COMPLETE"}


def _got(report: CredentialReport, given: object, call: Call) -> Output:
    return {
        "Content": b64encode(report.content.encode()).decode(),
        "ReportFormat": "text/csv",
        "GeneratedTime": instant(report.made_at_ms),
    }


CREDENTIAL_REPORT_OPERATIONS = table(
    Operation(
        "GenerateCredentialReport",
        NoInput,
        "iam:GenerateCredentialReport",
        lambda given, call: "*",
        lambda given, call: GenerateCredentialReport(call.account),
        _generated,
    ),
    Operation(
        "GetCredentialReport",
        NoInput,
        "iam:GetCredentialReport",
        lambda given, call: "*",
        lambda given, call: GetCredentialReport(call.account),
        _got,
    ),
)
