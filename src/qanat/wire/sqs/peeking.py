"""PeekMessages, an operation of ours: what it asks, and how it shows messages that nobody has received by it."""

import re
from collections.abc import Iterable
from typing import Final

from qanat.core import limits
from qanat.core.errors import InvalidParameterValue
from qanat.core.queues import commands as c
from qanat.core.queues.message import MessageState
from qanat.wire.sqs import inputs as i
from qanat.wire.sqs import outputs as o
from qanat.wire.sqs.delivery import SYSTEM_ATTRIBUTES, value

_COUNT_DEFAULT: Final = 10
_TOKEN: Final = re.compile(r"[0-9]{1,18}\Z")


def command(queue_id: int, given: i.PeekMessagesInput) -> c.Peek:
    """Raises InvalidParameterValue."""
    count = _COUNT_DEFAULT if given.MaxNumberOfMessages is None else given.MaxNumberOfMessages
    bounds = limits.PEEK_MESSAGES
    if not bounds.hold(count):
        raise InvalidParameterValue(
            f"Value {count} for parameter MaxNumberOfMessages is invalid. "
            f"Reason: Must be between {bounds.low} and {bounds.high}, if provided."
        )
    return c.Peek(queue_id, count, _after_seq(given.NextToken), _states(given.States), given.MessageId)


def _after_seq(token: str | None) -> int:
    if token is None:
        return -1
    if not _TOKEN.match(token):
        raise InvalidParameterValue("Invalid or expired next token.")
    return int(token)


def _states(names: Iterable[str] | None) -> tuple[MessageState, ...]:
    if not names:
        return tuple(MessageState)
    try:
        return tuple({MessageState(name) for name in names})
    except ValueError:
        raise InvalidParameterValue(
            f"The States of messages are {', '.join(MessageState)}, and nothing else."
        ) from None


def output(page: c.PeekedPage) -> o.PeekMessagesOutput:
    token = None if page.more_after_seq is None else str(page.more_after_seq)
    return o.PeekMessagesOutput([_message(peeked) for peeked in page.messages] or None, token)


def _message(peeked: c.Peeked) -> o.PeekedOutput:
    content = peeked.content
    as_received = c.Delivery(
        peeked.seq, content, peeked.receive_count, peeked.first_received_at_ms, peeked.source_arn
    )
    attributes = {name: read(as_received) for name, read in SYSTEM_ATTRIBUTES.items()}
    if not peeked.receive_count:
        attributes["ApproximateFirstReceiveTimestamp"] = None
    return o.PeekedOutput(
        peeked.seq,
        peeked.state.value,
        peeked.visible_at_ms,
        content.message_id,
        content.body_md5,
        content.body,
        {name: text for name, text in attributes.items() if text is not None},
        {attribute.name: value(attribute) for attribute in content.attributes} or None,
    )
