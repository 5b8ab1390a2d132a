"""A received message as its receiver sees it: what was asked for of its attributes, no more (API ReceiveMessage)."""

from collections.abc import Callable, Iterable
from typing import Final

from qanat.core.queues.commands import Delivery
from qanat.core.queues.digest import md5_of_attributes
from qanat.core.queues.errors import InvalidAttributeName
from qanat.core.queues.message import MessageAttribute, sequence_number
from qanat.wire.sqs.outputs import AttributeValueOutput, MessageOutput

_ALL: Final = frozenset({"All", ".*", "*"})
# name -> its value in a delivery, or None where this message has none
SYSTEM_ATTRIBUTES: Final[dict[str, Callable[[Delivery], str | None]]] = {
    "SenderId": lambda delivery: delivery.content.sender_id,
    "SentTimestamp": lambda delivery: str(delivery.content.sent_at_ms),
    "ApproximateReceiveCount": lambda delivery: str(delivery.receive_count),
    "ApproximateFirstReceiveTimestamp": lambda delivery: str(delivery.first_received_at_ms),
    "MessageGroupId": lambda delivery: delivery.content.group_id,
    "AWSTraceHeader": lambda delivery: delivery.content.trace_header,
    "SequenceNumber": lambda delivery: (
        None if delivery.content.deduplication_id is None else sequence_number(delivery.seq)
    ),
    "MessageDeduplicationId": lambda delivery: delivery.content.deduplication_id,
    "DeadLetterQueueSourceArn": lambda delivery: delivery.source_arn,
}


def system_names(*given: list[str] | None) -> tuple[str, ...]:
    """The system attributes asked for. Raises InvalidAttributeName at a name that AWS does not know."""
    names = [name for names in given if names for name in names]
    if "All" in names:
        return tuple(SYSTEM_ATTRIBUTES)
    for name in names:
        if name not in SYSTEM_ATTRIBUTES:
            raise InvalidAttributeName(f"Unknown Attribute {name}.")
    return tuple(dict.fromkeys(names))


def user_filter(names: list[str] | None) -> Callable[[str], bool] | None:
    """Whether an attribute was asked for: by name, by `prefix.*`, or all. None: none was.

    All are meant by `All`, `.*` and, as recorded answers of AWS have it, `*`.
    """
    if not names:
        return None
    if not _ALL.isdisjoint(names):
        return lambda _: True
    exact = frozenset(names)
    prefixes = tuple(name[:-2] for name in names if name.endswith(".*"))
    return lambda name: name in exact or name.startswith(prefixes)


def output(
    delivery: Delivery, handle: str, system: Iterable[str], wanted: Callable[[str], bool] | None
) -> MessageOutput:
    content = delivery.content
    attributes = None
    if system:
        found = ((name, SYSTEM_ATTRIBUTES[name](delivery)) for name in system)
        attributes = {name: value for name, value in found if value is not None} or None
    if wanted is None or not content.attributes:
        return MessageOutput(content.message_id, handle, content.body_md5, content.body, attributes)
    chosen = [attribute for attribute in content.attributes if wanted(attribute.name)]
    return MessageOutput(
        content.message_id,
        handle,
        content.body_md5,
        content.body,
        attributes,
        md5_of_attributes(chosen),
        {attribute.name: value(attribute) for attribute in chosen} or None,
    )


def value(attribute: MessageAttribute) -> AttributeValueOutput:
    """As it was sent."""
    return AttributeValueOutput(attribute.data_type, attribute.string_value, attribute.binary_value)
