"""A server of its own for each suite that is unkind."""

from collections.abc import Iterator

import pytest

from support.clients import Clients
from support.garbage import HEALTH
from support.raw import connect
from support.server import Server, traces_of_bugs
from support.signing import sqs as signed
from support.things import StartServer


@pytest.fixture(scope="module")
def target(start_server: StartServer) -> Iterator[Server]:
    """A server of its own, with a queue, a user and a VPC to be unkind to."""
    server = start_server("--cooldown-s", "0")
    clients = Clients(server)
    clients.of("sqs", scheme="http").create_queue(QueueName="queue")
    clients.of("iam", scheme="http").create_user(UserName="user")
    clients.close()
    yield server
    assert server.stop() == 0
    assert traces_of_bugs(server.log) == []


@pytest.fixture(scope="module")
def vpc(target: Server) -> str:
    clients = Clients(target)
    found: str = clients.of("ec2", scheme="http").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    clients.close()
    return found


@pytest.fixture
def serves_afterwards(target: Server) -> Iterator[None]:
    """Whatever a test did, the server still answers and has nothing to tell of."""
    yield
    assert target.alive, target.log
    for scheme in ("http", "https"):
        with connect(target, scheme) as connection:
            connection.send(HEALTH)
            assert connection.answer().body == b"ready\n"
    assert signed(target.administrator(), "ListQueues").send(target).status == 200
    assert traces_of_bugs(target.log) == []
