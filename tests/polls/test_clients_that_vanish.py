"""A receive whose client goes away: before there was a message for it, and after."""

import asyncio
import contextlib
import os
import resource
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.clients import Clients
from support.garbage import HEALTH
from support.lines import BOUND_S, open_line, signed, within_bound
from support.messages import receive
from support.metrics import scrape
from support.programs import wait_for
from support.raw import connect
from support.server import Server
from support.things import MakeQueue, StartServer


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> Server:
    """Of its own, which says how many wait."""
    return start_server("--cooldown-s", "0", "--metrics-listen", "127.0.0.1:0")


@pytest.fixture(scope="module")
def admin(server: Server) -> Iterator[Any]:
    clients = Clients(server)
    yield clients.of("sqs")
    clients.close()


def parked(server: Server) -> int:
    return int(scrape(server).of("qanat_parked_receives"))


@pytest.mark.parametrize("polite", [True, False], ids=["closes", "vanishes"])
def test_over_tls_too_a_message_goes_to_the_next_that_lives(
    server: Server, admin: Any, make_queue: MakeQueue, polite: bool
) -> None:
    queue = make_queue()

    async def story() -> list[str]:
        poll = signed(server, "ReceiveMessage", QueueUrl=queue.url, WaitTimeSeconds=20)
        lines = [await open_line(server, ca_bundle=server.ca_bundle) for _ in range(20)]
        for line in lines:
            line.ask(poll)
        await asyncio.to_thread(wait_for, lambda: parked(server) == len(lines), BOUND_S)
        for line in lines[:-1]:
            if polite:
                line.transport.close()
            else:
                line.transport.abort()  # no TLS goodbye
        # Off the loop, which closes them.
        await asyncio.to_thread(wait_for, lambda: parked(server) == 1, BOUND_S)
        admin.send_message(QueueUrl=queue.url, MessageBody="for the living")
        found = (await within_bound(lines[-1].reply)).bodies
        lines[-1].transport.close()
        return found

    assert asyncio.run(story()) == ["for the living"]


@pytest.mark.parametrize("ahead", [True, False], ids=["send-begun-before", "send-after"])
@pytest.mark.parametrize("ending", ["closes", "says-goodbye"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_client_that_left_before_the_send_is_not_served(
    server: Server, admin: Any, make_queue: MakeQueue, scheme: str, ending: str, ahead: bool
) -> None:
    """The server is held, so that one turn of its loop finds both: the end of the one, the send of the other."""
    queue = make_queue()
    poll = signed(server, "ReceiveMessage", QueueUrl=queue.url, WaitTimeSeconds=20)
    send = signed(server, "SendMessage", QueueUrl=queue.url, MessageBody="for the living")
    with connect(server, scheme) as leaving, connect(server) as sender:
        leaving.send(poll)
        sender.send(HEALTH)
        assert sender.answer().status == 200
        wait_for(lambda: parked(server) == 1, BOUND_S)
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            if ahead:
                sender.send(send[:10])
            leave(leaving.sock, ending)
            sender.send(send[10:] if ahead else send)
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        assert sender.answer().status == 200
    assert [message["Body"] for message in receive(admin, queue)] == ["for the living"]


def leave(sock: socket.socket, ending: str) -> None:
    if ending == "closes":
        sock.close()
    elif isinstance(sock, ssl.SSLSocket):
        # As asyncio's clients do: TLS says goodbye, and the connection stands until the server has answered.
        sock.setblocking(False)
        with contextlib.suppress(ssl.SSLWantReadError):
            sock.unwrap()
    else:
        sock.shutdown(socket.SHUT_WR)


def test_a_message_handed_to_nobody_comes_back_at_its_visibility_timeout(
    server: Server, admin: Any, make_queue: MakeQueue
) -> None:
    """The client leaves with its request still under way: the receive is committed, the answer reaches nobody."""
    queue = make_queue(VisibilityTimeout="2")
    admin.send_message(QueueUrl=queue.url, MessageBody="once more")
    started = time.monotonic()
    with connect(server) as connection:
        connection.send(signed(server, "ReceiveMessage", QueueUrl=queue.url, WaitTimeSeconds=20))
    wait_for(lambda: scrape(server).queue(queue, "number_of_messages_received_total") == 1, BOUND_S)
    (message,) = receive(
        admin, queue, WaitTimeSeconds=20, MessageSystemAttributeNames=["ApproximateReceiveCount"]
    )
    assert 1.9 < time.monotonic() - started < 15
    assert (message["Body"], message["Attributes"]) == ("once more", {"ApproximateReceiveCount": "2"})


def test_a_client_that_leaves_as_the_message_comes_loses_nothing(
    server: Server, admin: Any, make_queue: MakeQueue
) -> None:
    """Whichever the server sees first, the message is received in the end."""
    queue = make_queue(VisibilityTimeout="1")
    poll = signed(server, "ReceiveMessage", QueueUrl=queue.url, WaitTimeSeconds=20)
    send = signed(server, "SendMessage", QueueUrl=queue.url, MessageBody="x")
    for _ in range(20):
        with connect(server) as leaving, connect(server) as sender:
            leaving.send(poll)
            sender.send(send)
            leaving.sock.close()
            assert sender.answer().status == 200
    got: set[str] = set()
    deadline = time.monotonic() + BOUND_S
    while len(got) < 20 and time.monotonic() < deadline:
        messages = receive(admin, queue, WaitTimeSeconds=2, MaxNumberOfMessages=10, VisibilityTimeout=60)
        got |= {message["MessageId"] for message in messages}
    assert len(got) == 20


def test_the_server_raises_its_limit_of_descriptors(start_server: StartServer, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        server = start_server(directory=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    limits = Path(f"/proc/{server.process.pid}/limits").read_text()
    (line,) = [line for line in limits.splitlines() if line.startswith("Max open files")]
    assert int(line.split()[3]) == min(hard, 16_384 + 1_024)
    server.stop()
