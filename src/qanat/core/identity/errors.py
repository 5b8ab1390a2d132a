"""Refusals of IAM, with its own texts (IAM API reference, common and per-operation errors)."""

from qanat.core.errors import QanatError


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
