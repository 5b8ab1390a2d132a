"""Five thousand receives wait at once on one queue: what that costs, who is woken, and what remains of those who leave.

One story is told once, on a server of its own; each test looks at one part of it.
"""

import asyncio
import resource
import socket
import struct
import time
from dataclasses import dataclass, field
from statistics import median

import pytest
import uvloop

from support.clients import Clients
from support.lines import BOUND_S, Line, cpu_seconds, fence, open_line, signed, within_bound
from support.programs import open_descriptors, wait_for
from support.server import Server
from support.things import StartServer

RECEIVES = 5_000
IN_ORDER = 100
"""How many are parked one after the other for sure, and woken one by one."""
LEAVING = 3_000
CONNECTING = 50
IDLE_TIME_S = 1.0
_RESET = struct.pack("ii", 1, 0)


@dataclass
class Story:
    idle_cpu_share: float = 0.0
    woken: list[int] = field(default_factory=list)
    """The numbers of the receives that were answered, in that order."""
    send_times_s: list[float] = field(default_factory=list)
    """From the first byte of a send to the last of its own answer: how fast anything is now."""
    wake_times_s: list[float] = field(default_factory=list)
    """From there to the last byte of the receive's answer."""
    taken_after_leaving: list[int] = field(default_factory=list)
    receive_counts: set[str] = field(default_factory=set)
    ends: set[tuple[int, bool]] = field(default_factory=set)
    """Status and whether there was a message, of those who waited when the server was told to stop."""
    ended: int = 0
    exit_code: int = -1


@pytest.fixture(scope="module")
def story(start_server: StartServer) -> Story:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = start_server()
    clients = Clients(server)
    try:
        url = clients.of("sqs").create_queue(QueueName="polls")["QueueUrl"]
        return uvloop.run(Teller(server, url).tell())
    finally:
        clients.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Teller:
    def __init__(self, server: Server, url: str) -> None:
        self.server = server
        self.story = Story()
        self._receive = signed(
            server,
            "ReceiveMessage",
            QueueUrl=url,
            WaitTimeSeconds=20,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        self._send = signed(server, "SendMessage", QueueUrl=url, MessageBody="x")
        self._numbers: dict[Line, int] = {}
        self._lines: list[Line] = []
        self._control: Line
        self._next: asyncio.Future[Line]

    async def tell(self) -> Story:
        self._control = await open_line(self.server)
        self._next = asyncio.get_running_loop().create_future()
        for _ in range(RECEIVES // CONNECTING):
            self._lines += await asyncio.gather(*(self._open() for _ in range(CONNECTING)))
        self._numbers = {line: number for number, line in enumerate(self._lines)}
        await self._park()
        await self._idle()
        for _ in range(IN_ORDER):
            await self._send_one()
        await self._leave()
        await self._stop()
        return self.story

    async def _open(self) -> Line:
        line = await open_line(self.server)
        await fence(line)
        return line

    def _woken(self, line: Line) -> None:
        self.story.woken.append(self._numbers[line])
        if not self._next.done():
            self._next.set_result(line)

    async def _park(self) -> None:
        for number, line in enumerate(self._lines):
            line.on_reply = self._woken
            line.ask(self._receive)
            if number < IN_ORDER:
                await fence(self._control)
        await fence(self._control)
        assert not self.story.woken

    async def _idle(self) -> None:
        before, started = cpu_seconds(self.server.process.pid), time.perf_counter()
        await asyncio.sleep(IDLE_TIME_S)
        used = cpu_seconds(self.server.process.pid) - before
        self.story.idle_cpu_share = used / (time.perf_counter() - started)

    async def _send_one(self) -> None:
        """And waits until somebody has it."""
        self._next = asyncio.get_running_loop().create_future()
        started = time.perf_counter()
        sent = await within_bound(self._control.ask(self._send))
        assert sent.status == 200
        line = await asyncio.wait_for(self._next, BOUND_S)
        reply = line.reply.result()
        self.story.send_times_s.append(sent.at - started)
        self.story.wake_times_s.append(reply.at - sent.at)
        self.story.receive_counts |= {
            message["Attributes"]["ApproximateReceiveCount"] for message in reply.body["Messages"]
        }

    async def _leave(self) -> None:
        """The next in line go away, in every way that a client can; then ten messages are sent."""
        standing = open_descriptors(self.server.process.pid)
        for line in self._lines[IN_ORDER : IN_ORDER + LEAVING]:
            if self._numbers[line] % 2:
                line.transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _RESET
                )
            line.transport.abort()
        # Off the loop, which closes them.
        await asyncio.to_thread(
            wait_for, lambda: open_descriptors(self.server.process.pid) <= standing - LEAVING, BOUND_S
        )
        for _ in range(10):
            await self._send_one()
        self.story.taken_after_leaving = self.story.woken[IN_ORDER:]

    async def _stop(self) -> None:
        waiting = [line.reply for line in self._lines[IN_ORDER + LEAVING :] if not line.reply.done()]
        stopping = asyncio.get_running_loop().run_in_executor(None, self.server.stop)
        for reply in waiting:
            status, body, _ = await within_bound(reply)
            self.story.ends.add((status, "Messages" in body))
            self.story.ended += 1
        self.story.exit_code = await stopping


def test_waiting_costs_next_to_nothing(story: Story) -> None:
    assert story.idle_cpu_share < 0.05


def test_first_come_first_served(story: Story) -> None:
    assert story.woken[:IN_ORDER] == list(range(IN_ORDER))


def test_they_are_woken_at_once(story: Story) -> None:
    """A few milliseconds on a quiet machine: bench/long_polls.py. No rhythm of any timer fits into this bound.

    The receive has one commit to wait for behind that of the send: on a busy machine both take longer.
    """
    assert median(story.wake_times_s) < max(0.05, 5 * median(story.send_times_s))


def test_nothing_goes_to_those_who_have_left(story: Story) -> None:
    assert len(story.taken_after_leaving) == 10
    assert min(story.taken_after_leaving) >= IN_ORDER + LEAVING
    assert story.receive_counts == {"1"}


def test_who_still_waits_is_answered_when_the_server_stops(story: Story) -> None:
    assert story.ended == RECEIVES - IN_ORDER - LEAVING - 10
    assert story.ends == {(200, False)}
    assert story.exit_code == 0
