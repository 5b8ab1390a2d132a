"""Refusals of IAM, with its own texts (IAM API reference, common and per-operation errors)."""

from qanat.core.errors import AccessDenied, QanatError


class NoSuchEntity(QanatError):
    code = "NoSuchEntity"


class EntityAlreadyExists(QanatError):
    code = "EntityAlreadyExists"


class DeleteConflict(QanatError):
    code = "DeleteConflict"


class LimitExceeded(QanatError):
    code = "LimitExceeded"


class MalformedPolicyDocument(QanatError):
    code = "MalformedPolicyDocument"


class ValidationError(QanatError):
    code = "ValidationError"


class InvalidInput(QanatError):
    code = "InvalidInput"


class NoSuchUser(NoSuchEntity):
    def __init__(self, name: str) -> None:
        super().__init__(f"The user with name {name} cannot be found.")


class InvalidAuthenticationCode(QanatError):
    """Codes that are to show where a device is, and do not."""

    code = "InvalidAuthenticationCode"
    default = "Authentication code for device is not valid."


class Throttling(QanatError):
    code = "Throttling"
    default = "Rate exceeded"


# What STS says of codes, as AWS's answers have it, the space at the end and the two in the middle included.
class MfaCodeRefused(AccessDenied):
    default = "MultiFactorAuthentication failed with invalid MFA one time pass code. "


class MfaDeviceUnknown(AccessDenied):
    """No device of that serial number, or not of the one who calls; which of the two is not told."""

    default = (
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid "
        "and associated with this user."
    )


class MfaIncomplete(AccessDenied):
    default = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."


class CredentialReportNotPresent(QanatError):
    code = "ReportNotPresent"
    default = "Credential report not present."


class CredentialReportExpired(QanatError):
    code = "ReportExpired"
    default = "The most recent credential report has expired. Generate a new one."
