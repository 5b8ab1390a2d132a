"""Celery with the SQS transport of kombu: a real worker, whose polls go through pycurl.

Over plain HTTP: kombu gives pycurl the public CAs that botocore brings, and has no setting for others.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from support.programs import NOW, Program, environment_for, running, told_by, wait_for
from support.server import Server
from support.things import MakeQueue

SETTLE_TIME_S = 60.0


class Application:
    """One Celery application: its broker queue, its results, its workers."""

    def __init__(self, server: Server, directory: Path, queue: str, visibility_timeout_s: int) -> None:
        self.directory = directory
        self.results = directory / "results"
        self.results.mkdir()
        key = server.administrator()
        self._environment = {
            **environment_for(server, "http"),
            "BROKER_URL": f"sqs://{quote(key.access_key_id, '')}:{quote(key.secret, '')}"
            f"@{server.host}:{server.port}",
            "QUEUE": queue,
            "RESULTS": str(self.results),
            "VISIBILITY_TIMEOUT": str(visibility_timeout_s),
        }

    @contextmanager
    def worker(self, name: str = "worker") -> Iterator[Program]:
        """Ready for work."""
        command: list[str | Path] = [NOW, "-W", "ignore", "-m", "celery", "-A", "celery_tasks", "worker"]
        # One process: what is killed then is the one that runs the task.
        command += ["--pool", "solo", "--loglevel", "info", "--without-gossip", "--without-mingle"]
        with running(command, self._environment, self.directory, name) as program:
            program.wait_for(lambda: " ready." in program.log)
            yield program

    def ask(self, what: str) -> Any:
        return told_by(NOW, "celery_ask.py", self._environment, what)


MakeApplication = Callable[..., Application]


@pytest.fixture
def make_application(server: Server, tmp_path: Path) -> MakeApplication:
    """`make_application(queue, visibility_timeout_s=60)`; Celery makes the queue if there is none."""

    def make(queue: str, visibility_timeout_s: int = 60) -> Application:
        return Application(server, tmp_path, queue, visibility_timeout_s)

    return make


def counts(admin: Any, name: str) -> dict[str, str]:
    url = admin.get_queue_url(QueueName=name)["QueueUrl"]
    found: dict[str, str] = admin.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {key: value for key, value in found.items() if key.startswith("ApproximateNumber")}


def wait_until_empty(admin: Any, name: str) -> None:
    wait_for(lambda: set(counts(admin, name).values()) == {"0"}, SETTLE_TIME_S, lambda: counts(admin, name))


@pytest.mark.parametrize("suffix", ["", ".fifo"], ids=["standard", "fifo"])
def test_tasks_run_are_retried_and_leave_nothing_behind(
    make_application: MakeApplication, admin: Any, name: str, suffix: str
) -> None:
    application = make_application(name + suffix)
    with application.worker() as worker:
        assert application.ask("work") == [[number + 1 for number in range(30)], 2, 2]
        # Acknowledged late, by a delete after each task.
        wait_until_empty(admin, name + suffix)
        assert worker.stop() == 0, worker.log
        assert "Traceback" not in worker.log


def test_a_task_whose_worker_was_killed_runs_again(make_application: MakeApplication, name: str) -> None:
    application = make_application(name, visibility_timeout_s=2)
    with application.worker("first") as first:
        task = application.ask("send")
        first.wait_for((application.results / "late.begun").exists)
        first.kill()
    (application.results / "late.begun").unlink()
    (application.results / "late.go").touch()
    with application.worker("second") as second:
        assert application.ask(task) == "done"
        assert second.stop() == 0, second.log


def test_a_rejected_task_is_gone(make_application: MakeApplication, admin: Any, name: str) -> None:
    """Kombu first asks for the RedrivePolicy; with none it deletes the message."""
    application = make_application(name)
    with application.worker() as worker:
        application.ask("rejected")
        worker.wait_for((application.results / "rejected").exists)
        wait_until_empty(admin, name)
        assert worker.stop() == 0, worker.log
        assert "Could not" not in worker.log


def test_a_rejected_task_becomes_a_dead_letter(
    make_application: MakeApplication, make_queue: MakeQueue, admin: Any
) -> None:
    """With a RedrivePolicy kombu leaves the message, and the receive after its visibility timeout moves it."""
    dead = make_queue()
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    queue = make_queue(VisibilityTimeout="1", RedrivePolicy=policy)
    application = make_application(queue.name, visibility_timeout_s=1)
    with application.worker() as worker:
        application.ask("rejected")
        wait_for(
            lambda: counts(admin, dead.name)["ApproximateNumberOfMessages"] == "1",
            SETTLE_TIME_S,
            lambda: worker.log,
        )
        assert set(counts(admin, queue.name).values()) == {"0"}
        assert worker.stop() == 0, worker.log


def test_a_purge_empties_the_queue(make_application: MakeApplication, admin: Any, name: str) -> None:
    # Kombu adds up what it saw in ten looks.
    assert make_application(name).ask("purge") == 10
    assert set(counts(admin, name).values()) == {"0"}
