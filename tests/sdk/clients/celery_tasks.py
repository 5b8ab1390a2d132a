"""A Celery application as people write them; the worker and the test both import it.

The broker's key and address come from BROKER_URL. Results are files, so that SQS carries tasks only.
"""

import os
import time
from pathlib import Path
from typing import Any

from celery import Celery
from celery.exceptions import Reject

RESULTS = Path(os.environ["RESULTS"])
QUEUE = os.environ["QUEUE"]

app: Any = Celery("tasks", broker=os.environ["BROKER_URL"], backend=RESULTS.as_uri())
app.conf.update(
    task_default_queue=QUEUE,
    broker_transport_options={
        "region": os.environ["AWS_DEFAULT_REGION"],
        "visibility_timeout": int(os.environ["VISIBILITY_TIMEOUT"]),
        "wait_time_seconds": 20,
        "polling_interval": 0.01,
    },
    # Pidbox and events want fan-out, which SQS has not; Celery's documentation turns them off for it.
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_prefetch_multiplier=1,
    task_acks_late=True,
    broker_connection_retry_on_startup=True,
)


def _add(one: int, other: int) -> int:
    return one + other


def _flaky(task: Any, failures: int) -> int:
    """Fails so many times, then says at which try it succeeded."""
    if task.request.retries < failures:
        raise task.retry(countdown=0, max_retries=failures, exc=OSError("not yet"))
    tries: int = task.request.retries
    return tries


def _patient(mark: str) -> str:
    """Says by a file that it has begun, and waits for another that lets it end."""
    (RESULTS / f"{mark}.begun").touch()
    for _ in range(6_000):
        if (RESULTS / f"{mark}.go").exists():
            return "done"
        time.sleep(0.01)
    raise TimeoutError(mark)


def _rejected() -> None:
    (RESULTS / "rejected").touch()
    raise Reject("never again", requeue=False)


add = app.task(_add, name="add")
flaky = app.task(_flaky, name="flaky", bind=True)
patient = app.task(_patient, name="patient")
rejected = app.task(_rejected, name="rejected")
