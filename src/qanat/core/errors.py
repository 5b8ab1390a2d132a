"""One class per failure that a caller can treat differently.

`code` is the failure's name in AWS's words; the HTTP status and the shape of the answer are made in `wire`.
The message is AWS's own text wherever its documentation or a recorded answer gives one.
"""

from typing import ClassVar


class QanatError(Exception):
    """A request that is refused, with the reason. Anything else that is raised is a bug."""

    code: ClassVar[str]
    default: ClassVar[str] = ""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(self.default if message is None else message)

    @property
    def message(self) -> str:
        return str(self.args[0])


class AccessDenied(QanatError):
    code = "AccessDenied"


class InternalFailure(QanatError):
    """Ours to mend: the client did nothing wrong."""

    code = "InternalFailure"
    default = "The request processing has failed because of an unknown error, exception or failure."


class ServiceUnavailable(QanatError):
    """The server is draining, or its log failed and it takes no more."""

    code = "ServiceUnavailable"
    default = "The request has failed due to a temporary failure of the server."


class InvalidAction(QanatError):
    code = "InvalidAction"

    def __init__(self, action: str) -> None:
        super().__init__(f"The action {action} is not valid for this endpoint.")


class UnknownOperation(QanatError):
    """No operation is named, or in the JSON protocol one that there is not. AWS gives no text with it."""

    code = "UnknownOperationException"


class NoSuchVersion(QanatError):
    code = "NoSuchVersion"

    def __init__(self, version: str) -> None:
        super().__init__(f"The requested version ({version}) of service AmazonSQS does not exist.")


class MalformedInput(QanatError):
    """The bytes cannot be read as what they claim to be: broken JSON, a form that does not parse, a wrong type."""

    code = "MalformedInput"


class InvalidParameterValue(QanatError):
    code = "InvalidParameterValue"


class InvalidParameterCombination(QanatError):
    code = "InvalidParameterCombination"


class MissingParameter(QanatError):
    code = "MissingParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}.")


class UnsupportedOperation(QanatError):
    code = "UnsupportedOperation"
    default = "Error code 400. Unsupported operation."
