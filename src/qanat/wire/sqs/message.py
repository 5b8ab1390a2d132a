"""A message as a client sends it, checked and made into a Content (DG sqs-message-metadata, quotas-messages)."""

import re
from hashlib import sha256
from typing import Final, NamedTuple

from qanat.core import limits
from qanat.core.errors import InvalidParameterValue, MissingParameter
from qanat.core.queues.digest import md5_of_attributes, md5_of_body
from qanat.core.queues.errors import InvalidMessageContents
from qanat.core.queues.message import Content, MessageAttribute
from qanat.core.queues.model import QueueSettings
from qanat.wire.sqs.inputs import AttributeMap, AttributeValueInput, SendEntry, SendMessageInput

TRACE_HEADER: Final = "AWSTraceHeader"
_ALLOWED_ASCII: Final = bytes([0x9, 0xA, 0xD, *range(0x20, 0x80)])
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME: Final = re.compile(rf"[\w.-]{{1,{limits.ATTRIBUTE_NAME_LENGTH_MAX}}}\Z")
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\Z", re.ASCII)
_NUMBER_DIGITS_MAX: Final = 38
_TOKEN: Final = re.compile(rf"[!-~]{{1,{limits.GROUP_ID_LENGTH_MAX}}}\Z")


class GroupIdMissing(MissingParameter):
    def __init__(self) -> None:
        super().__init__("MessageGroupId")


class WrongForQueueType(InvalidParameterValue):
    def __init__(self, value: object, name: str) -> None:
        super().__init__(
            f"Value {value} for parameter {name} is invalid. "
            "Reason: The request include parameter that is not valid for this queue type."
        )


class DeduplicationIdMissing(InvalidParameterValue):
    def __init__(self) -> None:
        super().__init__(
            "The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )


class Checked(NamedTuple):
    """A message that may be sent, with what the answer to its sender says of it."""

    content: Content
    size_bytes: int
    attributes_md5: str | None
    system_attributes_md5: str | None


def check(
    sent: SendMessageInput | SendEntry,
    settings: QueueSettings,
    message_id: str,
    sender_id: str,
    trace_header: str | None,
    now_ms: int,
) -> Checked:
    """Raises what AWS raises of a message alone, its length apart. `trace_header`: from the HTTP header, if any."""
    raw = _body(sent.MessageBody)
    attributes = _attributes(sent.MessageAttributes) if sent.MessageAttributes else ()
    system_md5 = None
    if sent.MessageSystemAttributes:
        system = _system_attributes(sent.MessageSystemAttributes)
        trace_header, system_md5 = system[0].string_value, md5_of_attributes(system)
    content = Content(
        message_id,
        sent.MessageBody or "",
        md5_of_body(raw),
        tuple(map(_kept, attributes)),
        trace_header,
        sender_id,
        _group_id(sent.MessageGroupId, settings),
        now_ms,
        _deduplication_id(sent.MessageDeduplicationId, settings, raw),
    )
    if not attributes:
        return Checked(content, len(raw), None, system_md5)
    size_bytes = len(raw) + sum(map(_attribute_bytes, attributes))
    return Checked(content, size_bytes, md5_of_attributes(attributes), system_md5)


def _body(body: str | None) -> bytes:
    if not body:
        raise MissingParameter("MessageBody")
    if body.isascii():
        raw = body.encode()
        if raw.translate(None, _ALLOWED_ASCII):
            raise InvalidMessageContents
        return raw
    if _FORBIDDEN.search(body):
        raise InvalidMessageContents
    return body.encode()


def _group_id(group_id: str | None, settings: QueueSettings) -> str | None:
    if group_id is None:
        if settings.fifo:
            raise GroupIdMissing
        return None
    return token(group_id, "MessageGroupId")


def _deduplication_id(given: str | None, settings: QueueSettings, raw: bytes) -> str | None:
    """A queue that goes by content takes the SHA-256 of the body, and of nothing else."""
    if not settings.fifo:
        if given is not None:
            raise WrongForQueueType(given, "MessageDeduplicationId")
        return None
    if given is not None:
        return token(given, "MessageDeduplicationId")
    if not settings.content_based_deduplication:
        raise DeduplicationIdMissing
    return sha256(raw).hexdigest()


def token(text: str, name: str) -> str:
    """Raises InvalidParameterValue unless it is 1 to 128 letters, digits and punctuation."""
    if not _TOKEN.match(text):
        raise InvalidParameterValue(
            f"Value {text} for parameter {name} is invalid. Reason: {name} can only include "
            "alphanumeric and punctuation characters. 1 to 128 in length."
        )
    return text


def _attributes(given: AttributeMap) -> tuple[MessageAttribute, ...]:
    if len(given) > limits.MESSAGE_ATTRIBUTES_MAX:
        raise InvalidParameterValue(
            f"Number of message attributes [{len(given)}] exceeds the allowed maximum "
            f"[{limits.MESSAGE_ATTRIBUTES_MAX}]."
        )
    return tuple(_attribute(name, value) for name, value in given.items())


def _attribute(name: str, value: AttributeValueInput) -> MessageAttribute:
    lowered = name.lower()
    if not _NAME.match(name) or name[0] == "." or name[-1] == "." or lowered.startswith(("aws.", "amazon.")):
        raise InvalidParameterValue(f"Message (user) attribute name '{name}' is invalid.")
    kind = value.DataType.partition(".")[0]
    if not value.DataType:
        raise InvalidParameterValue(
            f"Message (user) attribute '{name}' must contain a non-empty attribute type."
        )
    if kind not in ("String", "Number", "Binary") or len(value.DataType) > limits.ATTRIBUTE_TYPE_LENGTH_MAX:
        raise InvalidParameterValue(
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
            "prefixes is Binary, Number, and String."
        )
    if value.StringListValues or value.BinaryListValues:
        raise InvalidParameterValue(
            "Message attribute list values in SendMessage operation are not supported."
        )
    if kind == "Binary":
        if not value.BinaryValue:
            raise _empty(name, kind)
        return MessageAttribute(name, value.DataType, None, value.BinaryValue)
    text = value.StringValue
    if not text:
        raise _empty(name, kind)
    _check_characters(text)
    if kind == "Number" and not _is_number(text):
        raise InvalidParameterValue(f"Can't cast the value of message (user) attribute '{name}' to a number.")
    return MessageAttribute(name, value.DataType, text)


def _check_characters(text: str) -> None:
    """In an attribute they are another error than in the body (recorded answers of AWS)."""
    if _FORBIDDEN.search(text):
        raise InvalidParameterValue(InvalidMessageContents.default)


def _empty(name: str, kind: str) -> InvalidParameterValue:
    return InvalidParameterValue(
        f"Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
    )


def _is_number(text: str) -> bool:
    if not _NUMBER.match(text):
        return False
    digits = re.split("[eE]", text)[0].strip("+-").replace(".", "").lstrip("0")
    return len(digits) <= _NUMBER_DIGITS_MAX


def _kept(attribute: MessageAttribute) -> MessageAttribute:
    """As receivers get it: a Number without needless zeros (DG sqs-message-metadata, recorded answers of AWS).

    Its sender's MD5 and its size are those of what was sent. With an exponent it is kept as sent: nothing is known.
    """
    text = attribute.string_value
    if text is None or not attribute.data_type.startswith("Number") or "e" in text.lower():
        return attribute
    whole, _, fraction = text.lstrip("+-").partition(".")
    number = ".".join(filter(None, (whole.lstrip("0") or "0", fraction.rstrip("0"))))
    sign = "-" if text[0] == "-" and number != "0" else ""
    return MessageAttribute(attribute.name, attribute.data_type, sign + number)


def _system_attributes(given: AttributeMap) -> tuple[MessageAttribute, ...]:
    """The only one there is: AWSTraceHeader, a String."""
    for name in given:
        if name != TRACE_HEADER:
            raise InvalidParameterValue(
                f"Message (system) attribute '{name}' is invalid: the only one that can be sent is {TRACE_HEADER}."
            )
    value = given[TRACE_HEADER]
    if value.DataType != "String" or not value.StringValue:
        raise InvalidParameterValue(
            f"Message (system) attribute '{TRACE_HEADER}' must contain a non-empty value of type 'String'."
        )
    _check_characters(value.StringValue)
    return (MessageAttribute(TRACE_HEADER, value.DataType, value.StringValue),)


def _attribute_bytes(attribute: MessageAttribute) -> int:
    value = attribute.binary_value
    if value is None:
        value = (attribute.string_value or "").encode()
    return len(attribute.name.encode()) + len(attribute.data_type.encode()) + len(value)
