"""Looking at messages without touching them.

Invariant: nothing changes. What has expired but is still there, since nobody has asked for it, is passed over.
"""

from qanat.core import limits
from qanat.core.queues import commands as c
from qanat.core.queues.fold import Queue
from qanat.core.queues.message import Message


def peek(queue: Queue, command: c.Peek, now_ms: int) -> c.PeekedPage:
    """Bounded by number, by bytes and by what is looked at, whichever is reached first."""
    looked_at = queue.sent_after(command.after_seq, limits.PEEK_LOOKED_AT_MAX)
    expired_since_ms = now_ms - queue.config.retention_ms
    found: list[c.Peeked] = []
    size_bytes = 0
    last_seq = command.after_seq
    for message in looked_at:
        wanted = (
            message.retained_from_ms > expired_since_ms
            and message.state(now_ms) in command.states
            and command.message_id in (None, message.content.message_id)
        )
        if wanted:
            size_bytes += message.size_bytes
            if len(found) == command.max_messages or (found and size_bytes > limits.PEEK_BYTES_MAX):
                return c.PeekedPage(tuple(found), last_seq)
            found.append(_peeked(message, now_ms))
        last_seq = message.seq
    more = len(looked_at) == limits.PEEK_LOOKED_AT_MAX
    return c.PeekedPage(tuple(found), last_seq if more else None)


def _peeked(message: Message, now_ms: int) -> c.Peeked:
    return c.Peeked(
        message.seq,
        message.content,
        message.state(now_ms),
        message.visible_at_ms,
        message.receive_count,
        message.first_received_at_ms,
        message.source_arn,
    )
