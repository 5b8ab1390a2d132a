"""Does a long queue cost more than an empty one? The same work on a loaded server and on an empty one, in turn.

    .venv/bin/python -m bench.flat_cost [--messages 1000000] [--requests 10000] [--rounds 5] [--only NAME] [--json]

Three loads: one standard queue; one FIFO queue with a group for every ten messages; a queue for every hundred messages.
The empty server does the same work in one queue of that type. What is sent in a round is received and deleted in it, so
the load stays. Everything runs on this machine; compare the ratios. CPU is the server's own, all threads, per request.
"""

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import uvloop
from bench.client import Next, Signer, Tally, drive
from bench.send_receive_delete import Target, call, serving, signer_for
from rich.console import Console
from rich.table import Table

CONNECTIONS = 64
BODY = "x" * 100
GROUP_SIZE = 10
QUEUE_SIZE = 100
_numbers = itertools.count()

Asked = tuple[str, bytes]
"""(the queue's URL, the signed request)"""


@dataclass(frozen=True)
class Side:
    """One server with its queues."""

    target: Target
    signer: Signer
    urls: list[str]
    fifo: bool
    groups: int

    def request(self, operation: str, **members: object) -> bytes:
        return self.signer.request(operation, json.dumps(members, separators=(",", ":")).encode())

    def message(self, number: int) -> dict[str, str]:
        """Groups take turns, so that all of them are as long."""
        if not self.fifo:
            return {"MessageBody": BODY}
        return {
            "MessageBody": BODY,
            "MessageGroupId": f"group-{number % self.groups}",
            "MessageDeduplicationId": str(next(_numbers)),
        }

    def url(self, number: int) -> str:
        return self.urls[number % len(self.urls)]


async def together(side: Side, requests: list[Asked]) -> tuple[Tally, list[tuple[str, bytes]]]:
    """All of the requests over some connections; of each answer the queue that was asked, and the body."""
    answers: list[tuple[str, bytes]] = []
    left = iter(requests)
    asked = list(itertools.islice(left, CONNECTIONS))

    def following(number: int) -> Next:
        def after(body: bytes) -> bytes | None:
            answers.append((asked[number][0], body))
            upcoming = next(left, None)
            if upcoming is None:
                return None
            asked[number] = upcoming
            return upcoming[1]

        return after

    tally = await drive(
        side.target.port, len(asked), lambda number: asked[number][1], following, side.target.pid
    )
    assert not tally.failures, tally.last_failure
    return tally, answers


async def load(side: Side, messages: int) -> None:
    """In batches, in lots that are signed, sent and forgotten before their signatures grow old."""
    for start in range(0, messages, 20_000):
        lot: list[Asked] = []
        for first in range(start, min(start + 20_000, messages), 10):
            # A batch goes to one queue.
            entries = [{"Id": str(at), **side.message(first + at)} for at in range(10)]
            url = side.url(first // 10)
            lot.append((url, side.request("SendMessageBatch", QueueUrl=url, Entries=entries)))
        await together(side, lot)


async def one_round(side: Side, requests: int) -> dict[str, Tally]:
    urls = [side.url(number) for number in range(requests)]
    sends = [
        (url, side.request("SendMessage", QueueUrl=url, **side.message(number * 7919)))
        for number, url in enumerate(urls)
    ]
    sent, _ = await together(side, sends)
    receives = [(url, side.request("ReceiveMessage", QueueUrl=url)) for url in urls]
    received, answers = await together(side, receives)
    deletes = [
        (url, side.request("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"]))
        for url, body in answers
        for message in json.loads(body).get("Messages", ())
    ]
    assert len(deletes) == requests, (len(deletes), requests)
    deleted, _ = await together(side, deletes)
    return {"SendMessage": sent, "ReceiveMessage": received, "DeleteMessage": deleted}


async def side_of(target: Target, queues: int, *, fifo: bool, groups: int) -> Side:
    signer = signer_for(target)
    urls = []
    for number in range(queues):
        name = f"bench-{number}" + (".fifo" if fifo else "")
        attributes = {"FifoQueue": "true"} if fifo else {}
        body = json.dumps({"QueueName": name, "Attributes": attributes}).encode()
        urls.append((await call(target, signer.request("CreateQueue", body)))["QueueUrl"])
    return Side(target, signer, urls, fifo, groups)


LOADS: dict[str, Callable[[int], tuple[int, bool, int]]] = {
    # name -> (queues of the loaded server, FIFO, groups), each for so many messages
    "standard queue": lambda messages: (1, False, 1),
    "FIFO queue": lambda messages: (1, True, max(1, messages // GROUP_SIZE)),
    "many queues": lambda messages: (max(1, messages // QUEUE_SIZE), False, 1),
}


async def measure(name: str, messages: int, requests: int, rounds: int) -> list[dict[str, Any]]:
    queues, fifo, groups = LOADS[name](messages)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qanat-bench-")))
        empty = await side_of(stack.enter_context(serving(folder / "empty")), 1, fifo=fifo, groups=groups)
        loaded = await side_of(
            stack.enter_context(serving(folder / "loaded")), queues, fifo=fifo, groups=groups
        )
        began = time.perf_counter()
        await load(loaded, messages)
        loading_s = time.perf_counter() - began
        for side in (empty, loaded):
            await one_round(side, min(requests, 1_000))
        pairs = [(await one_round(empty, requests), await one_round(loaded, requests)) for _ in range(rounds)]
    return [_row(name, messages, operation, pairs, loading_s) for operation in pairs[0][0]]


def _row(
    name: str,
    messages: int,
    operation: str,
    pairs: list[tuple[dict[str, Tally], dict[str, Tally]]],
    loading_s: float,
) -> dict[str, Any]:
    tallies = [(empty[operation], loaded[operation]) for empty, loaded in pairs]
    return {
        "load": f"{name}, {messages:,} messages",
        "operation": operation,
        "empty requests/s": round(median(empty.requests_per_s for empty, _ in tallies)),
        "loaded requests/s": round(median(loaded.requests_per_s for _, loaded in tallies)),
        "ratio of rates": _ratio(loaded.requests_per_s / empty.requests_per_s for empty, loaded in tallies),
        "empty CPU us": round(median(empty.cpu_us_per_request for empty, _ in tallies), 1),
        "loaded CPU us": round(median(loaded.cpu_us_per_request for _, loaded in tallies), 1),
        "ratio of CPU": _ratio(
            loaded.cpu_us_per_request / empty.cpu_us_per_request for empty, loaded in tallies
        ),
        "loading messages/s": round(messages / loading_s),
    }


def _ratio(ratios: Iterable[float]) -> float:
    """The median over rounds of figures taken one after the other."""
    return round(median(ratios), 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=LOADS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = []
    for name in [given.only] if given.only else LOADS:
        rows += uvloop.run(measure(name, given.messages, given.requests, given.rounds))
    if given.json:
        print(json.dumps(rows))
        return
    table = Table(
        title=f"{CONNECTIONS} connections, median of {given.rounds} rounds of {given.requests:,} requests"
    )
    for column in rows[0]:
        table.add_column(column, justify="left" if column in ("load", "operation") else "right")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
