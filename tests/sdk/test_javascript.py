"""JavaScript clients against the server: they check every MD5, obey QueueUrls and trust the CA by a variable."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.policies import allow, policy
from support.programs import RUN_TIME_S
from support.roles import MakeRole, assumed
from support.server import REGION, Key, Server, clean_environment
from support.things import MadeQueue, MakeUser

FOLDER = Path(__file__).with_name("js")
ROOT = FOLDER.parents[2]
NODE = Path(sys.executable).with_name("node")


@pytest.fixture(scope="module", autouse=True)
def modules() -> None:
    if not (FOLDER / "node_modules" / ".installed").exists():
        subprocess.run([ROOT / "scripts" / "node-modules"], check=True, timeout=240)


def run(server: Server, script: str, key: Key | None = None, **variables: str) -> None:
    key = key or server.administrator()
    done = subprocess.run(
        [NODE, FOLDER / script],
        capture_output=True,
        text=True,
        env={
            **clean_environment(server.directory),
            "NODE_EXTRA_CA_CERTS": str(server.ca_bundle),
            "REGION": REGION,
            "KEY_ID": key.access_key_id,
            "SECRET": key.secret,
            **({"SESSION_TOKEN": key.token} if key.token else {}),
            **variables,
        },
        timeout=RUN_TIME_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_round_trip(server: Server, scheme: str, name: str) -> None:
    run(server, "round_trip.mjs", ENDPOINT=server.url(scheme), NAME=name)


def test_it_follows_the_queue_url(server: Server, scheme: str, name: str) -> None:
    """With AWS_ENDPOINT_URL the SDK connects to the QueueUrl's host."""
    endpoint = f"{scheme}://localhost:{server.port}"
    run(server, "queue_url.mjs", AWS_ENDPOINT_URL=endpoint, NAME=name)


def test_a_denial(server: Server, queue: MadeQueue, make_user: MakeUser) -> None:
    run(server, "denied.mjs", make_user().key, ENDPOINT=server.url(), QUEUE_URL=queue.url)


def test_a_session_of_a_role(server: Server, sts: Any, queue: MadeQueue, make_role: MakeRole) -> None:
    role = make_role(may=policy(allow("sqs:SendMessage", queue.arn)))
    variables = {"ENDPOINT": server.url(), "QUEUE_URL": queue.url, "WHO": role.session_arn("work")}
    run(server, "session.mjs", assumed(sts, role), **variables)


def test_sqs_consumer(server: Server, scheme: str, name: str) -> None:
    run(server, "sqs_consumer.mjs", AWS_ENDPOINT_URL=server.url(scheme), NAME=name)


@pytest.mark.parametrize("skew_s", [-3_600, 3_600])
def test_a_clock_that_is_wrong(server: Server, skew_s: int) -> None:
    run(server, "clock.mjs", ENDPOINT=server.url("http"), SKEW_S=str(skew_s))


def test_the_sdk_before(server: Server, scheme: str, name: str) -> None:
    """Version 2, of the time when it spoke the Query protocol."""
    run(server, "sdk_v2.mjs", ENDPOINT=server.url(scheme), NAME=name)
