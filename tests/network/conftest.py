"""One server with real namespaces and one with the loopback driver, for all tests of endpoints."""

from collections.abc import Iterator

import pytest

from support.things import StartServer
from support.vpc import Cloud


@pytest.fixture(scope="session")
def cloud(start_server: StartServer) -> Iterator[Cloud]:
    """Its VPCs are network namespaces."""
    made = Cloud(start_server("--network", "netns", "--cooldown-s", "0", "--metrics-listen", "127.0.0.1:0"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def flat_cloud(start_server: StartServer) -> Iterator[Cloud]:
    """Its VPCs are loopback addresses."""
    made = Cloud(start_server("--cooldown-s", "0"))
    yield made
    made.close()
