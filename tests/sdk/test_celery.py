"""Celery with the SQS transport of kombu: a real worker, whose polls go through pycurl.

Over plain HTTP: kombu gives pycurl the public CAs that botocore brings, and has no setting for others.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from support.programs import NOW, Program, environment_for, running, told_by, wait_for
from support.server import Server

VISIBILITY_TIMEOUT_S = 2


class Application:
    """One Celery application: its broker queue, its results, its workers."""

    def __init__(self, server: Server, directory: Path, queue: str) -> None:
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
            "VISIBILITY_TIMEOUT": str(VISIBILITY_TIMEOUT_S),
        }

    def worker(self, name: str) -> AbstractContextManager[Program]:
        command: list[str | Path] = [NOW, "-W", "ignore", "-m", "celery", "-A", "celery_tasks", "worker"]
        # One process: what is killed then is the one that runs the task.
        command += ["--pool", "solo", "--loglevel", "info", "--without-gossip", "--without-mingle"]
        return running(command, self._environment, self.directory, name)

    def ask(self, what: str) -> Any:
        return told_by(NOW, "celery_ask.py", self._environment, what)


def ready(worker: Program) -> None:
    worker.wait_for(lambda: " ready." in worker.log)


@pytest.fixture
def application(server: Server, name: str, tmp_path: Path) -> Application:
    return Application(server, tmp_path, name)


@pytest.fixture
def worker(application: Application) -> Iterator[Program]:
    with application.worker("worker") as program:
        ready(program)
        yield program


def counts(admin: Any, name: str) -> dict[str, str]:
    url = admin.get_queue_url(QueueName=name)["QueueUrl"]
    found: dict[str, str] = admin.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {key: value for key, value in found.items() if key.startswith("ApproximateNumber")}


def test_tasks_run_are_retried_and_leave_nothing_behind(
    application: Application, worker: Program, admin: Any, name: str
) -> None:
    assert application.ask("work") == [[number + 1 for number in range(30)], 2, 2]
    # Acknowledged late, by a delete after each task.
    wait_for(lambda: set(counts(admin, name).values()) == {"0"}, 10, lambda: counts(admin, name))
    assert worker.stop() == 0, worker.log
    assert "Traceback" not in worker.log


def test_a_task_whose_worker_was_killed_runs_again(application: Application) -> None:
    with application.worker("first") as first:
        ready(first)
        task = application.ask("send")
        first.wait_for((application.results / "late.begun").exists)
        first.kill()
    (application.results / "late.begun").unlink()
    (application.results / "late.go").touch()
    with application.worker("second") as second:
        assert application.ask(task) == "done"
        assert second.stop() == 0, second.log


def test_a_rejected_task_is_gone(application: Application, worker: Program, admin: Any, name: str) -> None:
    """Kombu first asks for the RedrivePolicy; with none it deletes the message."""
    application.ask("rejected")
    worker.wait_for((application.results / "rejected").exists)
    wait_for(lambda: set(counts(admin, name).values()) == {"0"}, 10, lambda: counts(admin, name))
    assert worker.stop() == 0, worker.log
    assert "Could not" not in worker.log


def test_a_purge_empties_the_queue(application: Application, admin: Any, name: str) -> None:
    # Kombu adds up what it saw in ten looks.
    assert application.ask("purge") == 10
    assert set(counts(admin, name).values()) == {"0"}
