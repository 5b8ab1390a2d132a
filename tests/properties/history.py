"""Histories of a queue shard that hypothesis makes up: what the shard's log suffers between any two steps.

A machine tells the shard and a naive model (`told`) the same, step by step. The log is committed, its head kept and
trimmed as housekeeping does, the server restarted, or killed: then the shard and the model both forget what was not
committed. After each step, what the log holds, read back from bytes, equals what is live and goes on like it.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.queues.engine import START_MS, replayed
from qanat.core.queues import commands as c
from qanat.core.queues import records as r
from qanat.core.queues.shard import QueueShard

PURGE_INTERVAL_MS = 60_000


def many_steps(examples: int, steps: int) -> settings:
    """Many steps a history rather than many histories: what goes wrong here needs a past."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        # No explanations: they trace every line, and these histories are long.
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow],
    )


class History(RuleBasedStateMachine):
    """To be subclassed. `told` is the model: a value that can be copied."""

    told: Any

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = START_MS
        self.shard = QueueShard()
        self.shard.position = 1
        self.log: list[tuple[int, bytes]] = []
        self.gathering: list[r.QueueRecord] = []
        self.durable: Any = None
        self.numbers = 0

    def ask(self, command: c.QueueCommand) -> Any:
        outcome = self.shard.handle(command, self.now_ms)
        self.gathering += outcome.records
        return outcome.reply

    def number(self) -> int:
        """One that nothing else has, not even what a crash forgot."""
        self.numbers += 1
        return self.numbers

    def probes(self) -> Iterator[c.QueueCommand]:
        """What is asked, in order, of a live shard and of a replayed one, to see whether they go on alike."""
        for queue_id in sorted(self.shard.queues):
            yield from (c.Receive(queue_id, 2, 1), c.Receive(queue_id, 1_000, 0), c.Count(queue_id))

    # -- what only the log is told ------------------------------------------------------------------------------

    @rule()
    def commit(self) -> None:
        if self.gathering:
            self.log.append((self.shard.position, r.encode(self.gathering)))
            self.gathering = []
            self.shard.position += 1
        self.durable = deepcopy(self.told)

    @precondition(lambda self: self.log)
    @rule(choice=st.integers(0, 3))
    def keep(self, choice: int) -> None:
        """Mostly of the oldest frame, as housekeeping does; any other does no harm."""
        position, frame = self.log[choice % len(self.log) if choice == 3 else 0]
        self.ask(c.Keep(position, tuple(r.decode(frame))))
        if position == self.shard.trimmable():
            raise AssertionError("what was kept holds its old frame still")

    @rule(frames=st.integers(1, 8))
    def rewrite_the_head(self, frames: int) -> None:
        for _ in range(frames):
            self.commit()
            self.trim()
            if self.log:
                self.keep(0)
        self.commit()
        self.trim()

    @precondition(lambda self: not self.gathering)
    @rule()
    def trim(self) -> None:
        before = self.shard.trimmable()
        self.log = [(position, frame) for position, frame in self.log if position >= before]

    @rule()
    def restart(self) -> None:
        self.commit()
        self.crash()

    @precondition(lambda self: self.durable is not None)
    @rule()
    def crash(self) -> None:
        """What was gathered and not committed was never acknowledged, and never was."""
        committed = self.log[-1][0] if self.log else self.shard.position - bool(self.gathering)
        self.gathering = []
        self.told = deepcopy(self.durable)
        self.shard = replayed(self.log)
        self.shard.position = committed + 1

    # -- what must hold -----------------------------------------------------------------------------------------

    def from_log(self) -> QueueShard:
        newest = [(self.shard.position, r.encode(self.gathering))] if self.gathering else []
        shard = replayed(self.log + newest)
        shard.position = self.shard.position
        return shard

    def compare(self, live: QueueShard) -> None:
        """With what was told; `live` is a copy, in which time has passed."""

    def let_time_pass(self, shard: QueueShard) -> QueueShard:
        for queue_id in list(shard.queues):
            shard.handle(c.Count(queue_id), self.now_ms)
        return shard

    @invariant()
    def replay_equals_live_and_goes_on_like_it(self) -> None:
        again, live = self.from_log(), deepcopy(self.shard)
        assert again.queues.keys() == live.queues.keys()
        for queue_id, queue in live.queues.items():
            replica = again.queues[queue_id]
            assert replica.messages == queue.messages
            for name in ("next_seq", "config", "purged_at_ms", "position", "tasks", "fifo"):
                assert getattr(replica, name) == getattr(queue, name), name
        assert again.live_bytes == live.live_bytes
        self.compare(self.let_time_pass(live))
        assert self.let_time_pass(again).trimmable() == live.trimmable()
        for now_ms in (self.now_ms, self.now_ms + 2_000, self.now_ms + 50_000_000):
            for queue_id in self.shard.queues:
                assert again.is_untidy(queue_id, now_ms) == live.is_untidy(queue_id, now_ms)
                assert again.has_visible(queue_id, now_ms) == live.has_visible(queue_id, now_ms)
                assert again.next_visible_at_ms(queue_id) == live.next_visible_at_ms(queue_id)
            for command in self.probes():
                assert again.handle(command, now_ms) == live.handle(command, now_ms)
