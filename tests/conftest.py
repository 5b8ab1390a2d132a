"""A server for the black-box suites, and clients of it. The unit tests use none of this."""

import os
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from support.clients import Clients
from support.server import ACCOUNT, REGION, Key, Server, clean_environment, traces_of_bugs
from support.things import MadeQueue, MadeUser, MakeQueue, MakeUser, StartServer

_numbers = count(1)

# How fast an example is says more of what else this machine does than of what is tested.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")

# A shell lets what it runs in the background ignore SIGINT, and so would what the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keys, profiles and endpoints of whoever runs the tests must not matter."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(("AWS_", "QANAT_")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    aws = clean_environment(tmp_path_factory.getbasetemp())
    os.environ.update({name: value for name, value in aws.items() if name.startswith("AWS_")})
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Starts servers: `start_server(*flags, directory=None)`. Each must stop cleanly and leave a clean log."""
    servers: list[Server] = []

    def start(*flags: str, directory: Path | None = None, **named: Any) -> Server:
        server = Server.start(directory or tmp_path_factory.mktemp("server"), *flags, **named)
        servers.append(server)
        return server

    yield start
    for server in servers:
        if server.alive:
            server.stop()
    for server in servers:
        assert server.process.returncode == 0
        assert traces_of_bugs(server.log) == []


@pytest.fixture(scope="session")
def server(start_server: StartServer) -> Server:
    """The one that most tests share. Names and purges have no rest, so that tests need none."""
    return start_server("--cooldown-s", "0")


@pytest.fixture(scope="session")
def clients(server: Server) -> Iterator[Clients]:
    found = Clients(server)
    yield found
    found.close()


@pytest.fixture(scope="session", params=["https", "http"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def sqs(clients: Clients, scheme: str) -> Any:
    """The administrator's, over HTTPS and over plain HTTP."""
    return clients.of("sqs", scheme=scheme)


@pytest.fixture(scope="session")
def admin(clients: Clients) -> Any:
    """The administrator's SQS client, over HTTPS."""
    return clients.of("sqs")


@pytest.fixture(scope="session")
def iam(clients: Clients) -> Any:
    return clients.of("iam")


@pytest.fixture(scope="session")
def ec2(clients: Clients) -> Any:
    return clients.of("ec2")


@pytest.fixture(scope="session")
def sts(clients: Clients) -> Any:
    return clients.of("sts")


@pytest.fixture
def name() -> str:
    """A name that nothing else has."""
    return f"thing-{next(_numbers)}"


@pytest.fixture
def make_queue(admin: Any) -> Iterator[MakeQueue]:
    """`make_queue(**attributes)`: deleted again after the test."""
    made: list[str] = []

    def make(**attributes: str) -> MadeQueue:
        name = f"queue-{next(_numbers)}"
        url: str = admin.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        made.append(url)
        return MadeQueue(name, url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")

    yield make
    standing = set(admin.list_queues(QueueNamePrefix="queue-").get("QueueUrls", []))
    for url in made:
        if url in standing:
            admin.delete_queue(QueueUrl=url)


@pytest.fixture
def queue(make_queue: MakeQueue) -> MadeQueue:
    return make_queue()


@pytest.fixture
def make_user(iam: Any, clients: Clients) -> MakeUser:
    """`make_user(policy=None, path="/")`: a user with a key and at most one policy, by its document."""

    def make(policy: str | None = None, path: str = "/") -> MadeUser:
        name = f"user-{next(_numbers)}"
        made = iam.create_user(UserName=name, Path=path)["User"]
        key = iam.create_access_key(UserName=name)["AccessKey"]
        if policy is not None:
            iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=policy)
        return MadeUser(
            name, made["Arn"], made["UserId"], Key(key["AccessKeyId"], key["SecretAccessKey"]), clients
        )

    return make
