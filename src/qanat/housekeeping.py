"""Keeps a log from growing for ever: drops its dead head, and rewrites what still lives at an old head.

Only prefixes are dropped, so no Deleted is forgotten before its Sent. Everything here rides on the node's own
commits: it holds no lock and stops nobody.
"""

from typing import Final

from qanat.core.control import TakeSnapshot
from qanat.core.queues.commands import Keep, Tidy
from qanat.core.queues.records import QueueRecord
from qanat.core.queues.shard import QueueShard
from qanat.node import Codec, Node
from qanat.parking import Parking

# Trimming is a transaction of its own: worth it for some frames at once, not for one.
TRIM_FRAMES_MIN: Final = 64
# Under this size a log is not worth rewriting, whatever part of it is garbage.
REWRITE_BYTES_MIN: Final = 64 * 1024 * 1024


def ignore(_: object) -> None:
    """For commands whose reply nobody waits for."""


class Expirer:
    """Lets queues that nobody asks notice that their messages have expired. To be called every few seconds."""

    def __init__(self, node: Node, shard: QueueShard, parking: Parking) -> None:
        self._node = node
        self._shard = shard
        self._parking = parking

    def __call__(self) -> None:
        for queue_id in self._shard.queues_with_expired(self._node.clock.now_ms()):
            self._parking.submit(Tidy(queue_id), ignore)
            # In a FIFO queue an expired message held others back.
            self._parking.wake(queue_id)


class HeadTrimmer:
    """Drops the frames in which nothing lives, when enough of them have gathered."""

    def __init__(self, node: Node, trim_frames_min: int = TRIM_FRAMES_MIN) -> None:
        self._node = node
        self._minimum = trim_frames_min
        self._under_way = False
        self._dead_before = 0

    def __call__(self) -> None:
        node = self._node
        oldest = next(iter(node.frame_sizes), None)
        dead_before = node.shard.trimmable()
        # What is gathered now is in memory only, a Kept perhaps whose first home is the head. What was dead a commit
        # ago is dead on the disk too.
        before = self._dead_before if node.busy else dead_before
        self._dead_before = dead_before
        if self._under_way or oldest is None or before - oldest < self._minimum:
            return
        self._under_way = True
        node.run_beside(lambda: node.log.trim(before), lambda: self._trimmed(before))

    def _trimmed(self, before: int) -> None:
        self._under_way = False
        self._node.forget_frames(before)


class Rewriter:
    """When garbage outweighs the living, writes the living of the oldest frame again, a frame a commit."""

    def __init__(
        self, node: Node, shard: QueueShard, codec: Codec, rewrite_bytes_min: int = REWRITE_BYTES_MIN
    ) -> None:
        self._node = node
        self._shard = shard
        self._codec = codec
        self._minimum = rewrite_bytes_min
        self._under_way = False

    def __call__(self) -> None:
        log_bytes = self._node.statistics.log_bytes
        if self._under_way or log_bytes < max(self._minimum, 2 * self._shard.live_bytes):
            return
        position = self._shard.trimmable()
        if position >= self._shard.position:
            return
        self._under_way = True
        records: list[QueueRecord] = []

        def read() -> None:
            frame = self._node.log.read(position)
            if frame is not None:
                records.extend(self._codec.decode(frame)[0])

        self._node.run_beside(read, lambda: self._rewrite(position, tuple(records)))

    def _rewrite(self, position: int, records: tuple[QueueRecord, ...]) -> None:
        self._under_way = False
        if records:
            self._node.submit(Keep(position, records), ignore)


class Snapshotter:
    """For a small state: writes it whole as one record once several times its size has been appended since."""

    def __init__(self, node: Node, appended_bytes_min: int = 1024 * 1024) -> None:
        self._node = node
        self._minimum = appended_bytes_min
        self._due_at_bytes = appended_bytes_min
        self._under_way = False

    def __call__(self) -> None:
        statistics = self._node.statistics
        if not self._under_way and statistics.appended_bytes >= self._due_at_bytes:
            self._under_way = True
            self._node.submit(TakeSnapshot(), self._taken)

    def _taken(self, _: object) -> None:
        self._under_way = False
        newest = self._node.frame_sizes[next(reversed(self._node.frame_sizes))]
        self._due_at_bytes = self._node.statistics.appended_bytes + max(self._minimum, 4 * newest)
