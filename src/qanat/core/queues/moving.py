"""A message move task: the way back of dead letters (API StartMessageMoveTask)."""

from enum import StrEnum

from msgspec import Struct

from qanat.core.identity.model import Caller


class MoveStatus(StrEnum):
    """The values of `Status` (API ListMessageMoveTasksResultEntry)."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class MoveTask(Struct, frozen=True, array_like=True):
    """A value; each step of the task makes a new one."""

    task_id: str
    destination_arn: str | None
    """None: back to the queue that each message came from."""
    max_per_second: int | None
    started_at_ms: int
    to_move: int
    """How many messages were there when it started. AWS never counts this down."""
    caller: Caller
    """Who started it: in whose name messages are moved."""
    moved: int = 0
    status: MoveStatus = MoveStatus.RUNNING
    failure_reason: str | None = None

    @property
    def active(self) -> bool:
        return self.status in (MoveStatus.RUNNING, MoveStatus.CANCELLING)
