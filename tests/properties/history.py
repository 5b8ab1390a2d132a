"""Histories of a queue shard that hypothesis makes up: what the shard's log suffers between any two steps.

A machine tells the shard and a naive model (`told`) the same, step by step. The log is committed, its head kept and
trimmed as housekeeping does, the server restarted, or killed: then the shard and the model both forget what was not
committed. After each step, what the log holds, read back from bytes, equals what is live and goes on like it.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, NamedTuple, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

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


Step = TypeVar("Step", bound=Callable[..., None])


class Action(NamedTuple):
    weight: int
    when: Callable[[Any], object]
    drawn: dict[str, st.SearchStrategy[Any]]


def action(
    weight: int, when: Callable[[Any], object] = lambda _: True, **drawn: st.SearchStrategy[Any]
) -> Callable[[Step], Step]:
    """One of the steps of a history, `weight` times as often as one of weight 1, where `when(machine)` holds.

    Not rules of hypothesis's own: those are all as likely, and a history of purges and restarts has nothing to lose.
    """

    def mark(step: Step) -> Step:
        step.__dict__["action"] = Action(weight, when, drawn)
        return step

    return mark


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
        actions = {name: vars(step).get("action") for name, step in self._steps()}
        self.actions: dict[str, Action] = {name: one for name, one in actions.items() if one is not None}

    def _steps(self) -> Iterator[tuple[str, Any]]:
        for name in sorted(dir(type(self))):
            step = getattr(type(self), name)
            if callable(step) and hasattr(step, "__dict__"):
                yield name, step

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        names = [name for name, one in self.actions.items() for _ in range(one.weight) if one.when(self)]
        name = data.draw(st.sampled_from(names), "step")
        drawn = self.actions[name].drawn
        getattr(self, name)(**{key: data.draw(strategy, key) for key, strategy in drawn.items()})

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

    @action(4)
    def commit(self) -> None:
        if self.gathering:
            self.log.append((self.shard.position, r.encode(self.gathering)))
            self.gathering = []
            self.shard.position += 1
        self.durable = deepcopy(self.told)

    @action(3, lambda self: self.log, choice=st.integers(0, 3))
    def keep(self, choice: int) -> None:
        """Mostly of the oldest frame, as housekeeping does; any other does no harm."""
        position, frame = self.log[choice % len(self.log) if choice == 3 else 0]
        self.ask(c.Keep(position, tuple(r.decode(frame))))
        if position == self.shard.trimmable():
            raise AssertionError("what was kept holds its old frame still")

    @action(2, frames=st.integers(1, 8))
    def rewrite_the_head(self, frames: int) -> None:
        for _ in range(frames):
            self.commit()
            self.trim()
            if self.log:
                self.keep(0)
        self.commit()
        self.trim()

    @action(2, lambda self: not self.gathering)
    def trim(self) -> None:
        before = self.shard.trimmable()
        self.log = [(position, frame) for position, frame in self.log if position >= before]

    @action(1)
    def restart(self) -> None:
        self.commit()
        self.crash()

    @action(1, lambda self: self.durable is not None)
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
        self.compare(self.let_time_pass(live))
        assert self.let_time_pass(again).trimmable() == live.trimmable()
        assert again.live_bytes == live.live_bytes
        for now_ms in (self.now_ms, self.now_ms + 2_000, self.now_ms + 50_000_000):
            for queue_id in self.shard.queues:
                assert again.is_untidy(queue_id, now_ms) == live.is_untidy(queue_id, now_ms)
                assert again.has_visible(queue_id, now_ms) == live.has_visible(queue_id, now_ms)
                assert again.next_visible_at_ms(queue_id) == live.next_visible_at_ms(queue_id)
            for command in self.probes():
                assert again.handle(command, now_ms) == live.handle(command, now_ms)
