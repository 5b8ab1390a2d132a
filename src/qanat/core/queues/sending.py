"""Send: into a standard queue, or into a FIFO queue that looks first whether it has the message already."""

from qanat.core.part import Handlers
from qanat.core.queues import commands as c
from qanat.core.queues import records as r
from qanat.core.queues.writer import Writer


class Sending:
    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.handlers: Handlers = {c.Send: self._send}

    def _send(self, command: c.Send, now_ms: int) -> tuple[c.SentAs, ...]:
        writer, queue_id = self._writer, command.queue_id
        queue = writer.queue(queue_id, now_ms)
        tally = queue.tally
        replies = []
        for content, delay_s, size_bytes in command.messages:
            if content.deduplication_id is not None:
                assert content.group_id is not None
                original = queue.window.find(
                    content.deduplication_id,
                    content.group_id,
                    now_ms,
                    per_group=queue.config.deduplication_per_group,
                )
                if original is not None:
                    tally.deduplicated += 1
                    replies.append(c.SentAs(original.message_id, original.seq))
                    continue
            tally.sent += 1
            tally.sent_bytes += size_bytes
            seq = queue.next_seq
            writer.emit(r.Sent(queue_id, seq, content, now_ms + delay_s * 1000))
            replies.append(c.SentAs(content.message_id, seq))
        return tuple(replies)
