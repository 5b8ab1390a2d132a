"""How each failure of SQS looks: JSON shape, query code, HTTP status (DG sqs-json-api-responses, recorded answers)."""

from typing import Final, NamedTuple

from qanat.core.errors import QanatError


class Shape(NamedTuple):
    type: str
    """The `__type` of the JSON protocol."""
    query_code: str
    """The code of the query protocol, which SDKs report in either protocol."""
    status: int
    message_member: str = "message"


_SQS: Final = "com.amazonaws.sqs#"
_CORAL: Final = "com.amazon.coral.service#"
_LEGACY: Final = "AWS.SimpleQueueService."


def _modelled(name: str, query_code: str | None = None, status: int = 400) -> Shape:
    return Shape(_SQS + name, query_code or name, status)


def _common(name: str, query_code: str, status: int) -> Shape:
    return Shape(_CORAL + name, query_code, status, "Message")


# QanatError.code -> shape
SHAPES: Final[dict[str, Shape]] = {
    "AccessDenied": _common("AccessDeniedException", "AccessDenied", 403),
    "BatchEntryIdsNotDistinct": _modelled("BatchEntryIdsNotDistinct", _LEGACY + "BatchEntryIdsNotDistinct"),
    "BatchRequestTooLong": _modelled("BatchRequestTooLong", _LEGACY + "BatchRequestTooLong"),
    "EmptyBatchRequest": _modelled("EmptyBatchRequest", _LEGACY + "EmptyBatchRequest"),
    "ExpiredToken": _common("ExpiredTokenException", "ExpiredToken", 403),
    "IncompleteSignature": _common("IncompleteSignatureException", "IncompleteSignature", 400),
    "InternalFailure": _common("InternalFailure", "InternalFailure", 500),
    "InvalidAction": _common("InvalidActionException", "InvalidAction", 400),
    "InvalidAddress": _modelled("InvalidAddress", status=404),
    "InvalidAttributeName": _modelled("InvalidAttributeName"),
    "InvalidAttributeValue": _modelled("InvalidAttributeValue"),
    "InvalidBatchEntryId": _modelled("InvalidBatchEntryId", _LEGACY + "InvalidBatchEntryId"),
    "InvalidClientTokenId": _common("UnrecognizedClientException", "InvalidClientTokenId", 403),
    "InvalidMessageContents": _modelled("InvalidMessageContents"),
    "InvalidParameterValue": _common("InvalidParameterValueException", "InvalidParameterValue", 400),
    "MalformedInput": _common("SerializationException", "MalformedInput", 400),
    "MessageNotInflight": _modelled("MessageNotInflight", _LEGACY + "MessageNotInflight"),
    "MissingAuthenticationToken": _common(
        "MissingAuthenticationTokenException", "MissingAuthenticationToken", 403
    ),
    "MissingParameter": _common("MissingRequiredParameterException", "MissingParameter", 400),
    "NoSuchVersion": _common("NoSuchVersionException", "NoSuchVersion", 400),
    "OverLimit": _modelled("OverLimit", status=403),
    "PurgeQueueInProgress": _modelled("PurgeQueueInProgress", _LEGACY + "PurgeQueueInProgress", 403),
    "QueueDeletedRecently": _modelled("QueueDeletedRecently", _LEGACY + "QueueDeletedRecently"),
    "QueueDoesNotExist": _modelled("QueueDoesNotExist", _LEGACY + "NonExistentQueue"),
    "QueueNameExists": _modelled("QueueNameExists", "QueueAlreadyExists"),
    "ReceiptHandleIsInvalid": _modelled("ReceiptHandleIsInvalid"),
    "RequestExpired": _common("InvalidSignatureException", "SignatureDoesNotMatch", 403),
    "ResourceNotFoundException": _modelled("ResourceNotFoundException", status=404),
    "ServiceUnavailable": _common("ServiceUnavailableException", "ServiceUnavailable", 503),
    "SignatureDoesNotMatch": _common("InvalidSignatureException", "SignatureDoesNotMatch", 403),
    "TooManyEntriesInBatchRequest": _modelled(
        "TooManyEntriesInBatchRequest", _LEGACY + "TooManyEntriesInBatchRequest"
    ),
    "UnknownOperationException": _common("UnknownOperationException", "UnknownOperationException", 400),
    "UnsupportedOperation": _modelled("UnsupportedOperation", _LEGACY + "UnsupportedOperation"),
}


def shape_of(error: QanatError) -> Shape:
    """A failure of another service that strayed here is still answered, under its own name."""
    return SHAPES.get(error.code) or _common(error.code, error.code, 400)
