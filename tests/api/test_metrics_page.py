"""The page: what it answers, to whom, and that a long one is made in slices."""

import asyncio
import gzip
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client.parser import text_string_to_metric_families

from qanat.api.metrics import page as page_module
from qanat.api.metrics.page import SLICE_QUEUES, MetricsPage
from qanat.api.metrics.server import Sources
from qanat.core.control import Control
from qanat.core.queues.commands import ConfigureQueue
from qanat.core.queues.definition_commands import CreateQueue
from qanat.core.queues.shard import QueueShard
from qanat.net.http import HttpServer, Request
from qanat.net.traffic import no_answers
from qanat.node import Clock

NOW_MS = 1_753_264_000_000


@dataclass
class Asked:
    """A request that notes its answer."""

    target: bytes = b"/metrics"
    method: bytes = b"GET"
    headers: dict[bytes, bytes] = field(default_factory=dict)
    status: int = 0
    body: bytes = b""
    extra_head: bytes = b""

    def respond(self, status: int, content_type: bytes, body: bytes, extra_head: bytes = b"") -> None:
        assert self.status == 0, "answered twice"
        self.status, self.body, self.extra_head = status, body, extra_head


def page(queue_count: int = 1, shard: QueueShard | None = None) -> MetricsPage:
    control, shard = Control(), shard or QueueShard()
    for number in range(queue_count):
        command = CreateQueue("123456789012", "us-east-2", f"q{number}", (), (), 0)
        queue = cast("Any", control.handle(command, NOW_MS).reply)
        shard.handle(ConfigureQueue(queue.queue_id, control.catalogue.settings(queue).config), NOW_MS)
    no_audit = SimpleNamespace(writer=SimpleNamespace(written=0, dropped={}))
    nothing: Any = SimpleNamespace(
        answers={},
        health_answers=no_answers(),
        authentication_failures={},
        counts={},
        unjudged=0,
        count=0,
        audit=no_audit,
    )
    loop = asyncio.get_running_loop()
    http = HttpServer(lambda _: None, loop)
    return MetricsPage(
        Sources(control, shard, {}, nothing, http, nothing, nothing, nothing, Clock(lambda: NOW_MS), 0.0),
        loop,
    )


async def answered(metrics: MetricsPage, *asked: Asked) -> int:
    """How many turns of the loop it took."""
    turns = 0
    for one in asked:
        metrics.handle(cast("Request", one))
    while not all(one.status for one in asked):
        turns += 1
        await asyncio.sleep(0)
    return turns


def test_paths_and_methods() -> None:
    async def ask() -> None:
        metrics = page()
        for target, method, status in (
            (b"/metrics", b"GET", 200),
            (b"/metrics?x=y", b"GET", 200),
            (b"/metrics", b"HEAD", 200),
            (b"/metrics", b"POST", 405),
            (b"/", b"GET", 404),
            (b"/metrics/", b"GET", 404),
            (b"/123456789012/q0", b"POST", 404),
        ):
            asked = Asked(target, method)
            await answered(metrics, asked)
            assert (target, method, asked.status) == (target, method, status)

    asyncio.run(ask())


def test_every_queue_is_there_and_the_loop_turns_in_between() -> None:
    async def ask() -> None:
        count = 3 * SLICE_QUEUES + 1
        asked = Asked()
        assert await answered(page(count), asked) > 3
        (sent,) = (
            family
            for family in text_string_to_metric_families(asked.body.decode())
            if family.name == "qanat_sqs_number_of_messages_sent"
        )
        assert {sample.labels["queue"] for sample in sent.samples} == {
            f"q{number}" for number in range(count)
        }

    asyncio.run(ask())


def test_those_who_come_while_one_is_made_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> None:
        metrics, made = page(), []
        render = metrics.render

        async def counted() -> list[bytes]:
            made.append(1)
            return await render()

        monkeypatch.setattr(metrics, "render", counted)
        asked = [Asked() for _ in range(5)]
        await answered(metrics, *asked)
        assert (len(made), len({one.body for one in asked})) == (1, 1)
        await answered(metrics, Asked())
        assert len(made) == 2

    asyncio.run(ask())


def test_gzip_for_those_who_take_it() -> None:
    async def ask() -> None:
        plain, small = Asked(), Asked(headers={b"accept-encoding": b"identity, gzip"})
        await answered(page(), plain, small)
        assert (plain.extra_head, small.extra_head) == (b"", b"Content-Encoding: gzip\r\n")
        assert gzip.decompress(small.body) == plain.body

    asyncio.run(ask())


def test_a_page_that_cannot_be_made_is_answered_and_the_next_one_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def ask() -> None:
        metrics, asked, again = page(), Asked(), Asked()

        async def fails() -> list[bytes]:
            raise ValueError

        with monkeypatch.context() as patch:
            patch.setattr(metrics, "render", fails)
            await answered(metrics, asked)
        await answered(metrics, again)
        assert (asked.status, again.status) == (500, 200)

    asyncio.run(ask())


def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> None:
        metrics, asked = page(), Asked()
        monkeypatch.setattr(page_module, "CONNECTIONS_MAX", 1)
        metrics.http.connections.update(cast("Any", {1, 2}))
        await answered(metrics, asked)
        assert asked.status == 503

    asyncio.run(ask())


def test_a_queue_that_goes_while_the_page_is_made_is_left_out() -> None:
    async def ask() -> None:
        shard, asked = QueueShard(), Asked()
        metrics = page(2, shard)
        del shard.queues[1]
        await answered(metrics, asked)
        assert (asked.status, b'"q0"' in asked.body, b'"q1"' in asked.body) == (200, False, True)

    asyncio.run(ask())
