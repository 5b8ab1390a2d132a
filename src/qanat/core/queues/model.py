"""A queue as it is defined: a value. Its messages live elsewhere, under its `queue_id`."""

from typing import Final

from msgspec import Struct

from qanat.core.names import queue_arn
from qanat.core.policy.stored import Ids, StoredPolicy

FIFO_SUFFIX: Final = ".fifo"


class Queue(Struct, frozen=True, array_like=True):
    """`queue_id` is never used again, so a queue made later under the same name shares nothing with this one."""

    queue_id: int
    account: str
    region: str
    name: str
    attributes: tuple[tuple[str, str], ...]
    """What was set, as it was given (name, text), sorted by name; what is not here has its default."""
    tags: tuple[tuple[str, str], ...]
    created_at_ms: int
    modified_at_ms: int
    policy_ids: Ids = ()
    """Whom the principals of the Policy attribute meant when it was saved."""

    @property
    def key(self) -> "QueueKey":
        return self.account, self.region, self.name

    @property
    def arn(self) -> str:
        return queue_arn(self.region, self.account, self.name)

    @property
    def fifo(self) -> bool:
        """A queue's type is in its name, and neither ever changes."""
        return self.name.endswith(FIFO_SUFFIX)


class QueueConfig(Struct, frozen=True, array_like=True, gc=False):
    """What a queue shard must know of a queue's definition."""

    arn: str
    retention_ms: int
    fifo: bool = False
    deduplication_per_group: bool = False
    dead_letter_arn: str | None = None
    max_receive_count: int = 0
    """After so many receives a message goes to `dead_letter_arn`; 0 where there is none."""


class QueueSettings(Struct, frozen=True):
    """The attributes of a queue as the engine uses them."""

    delay_s: int
    maximum_message_size_bytes: int
    retention_s: int
    wait_time_s: int
    visibility_timeout_s: int
    policy: str | None
    arn: str
    fifo: bool = False
    content_based_deduplication: bool = False
    deduplication_per_group: bool = False
    """DeduplicationScope is messageGroup, not queue."""
    dead_letter_arn: str | None = None
    max_receive_count: int = 0
    """How often a message is received before it goes to `dead_letter_arn`; 0 where there is none."""
    stored_policy: StoredPolicy | None = None
    """`policy` with whom its principals meant when it was saved."""

    @property
    def config(self) -> QueueConfig:
        return QueueConfig(
            self.arn,
            self.retention_s * 1000,
            self.fifo,
            self.deduplication_per_group,
            self.dead_letter_arn,
            self.max_receive_count,
        )


QueueKey = tuple[str, str, str]
"""(account, region, name)"""
