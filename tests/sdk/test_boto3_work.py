"""The same work by the boto3 of today and by the last one that spoke the Query protocol."""

from pathlib import Path
from typing import Any

import pytest

from support.programs import QUERY, TESTS_OWN, environment_for, told_by
from support.server import Server


@pytest.mark.parametrize(
    ("python", "protocol"), [(TESTS_OWN, "json"), (QUERY, "query")], ids=["json", "query"]
)
def test_a_day_of_work(server: Server, name: str, scheme: str, python: Path, protocol: str) -> None:
    told: dict[str, Any] = told_by(python, "boto3_work.py", environment_for(server, scheme), name)
    del told["version"]
    assert told == {
        "protocol": protocol,
        "same_queue": True,
        "listed": [True],
        "tags": {"team": "a&b", "empty": ""},
        "sent": 25,
        "counted": "25",
        "taken": True,
        "attributes": ["first", {"ApproximateReceiveCount": "1"}],
        "in_flight": "25",
        "released": ["2", True],
        "deleted": 24,
        "changed": ["5", "1024"],
        "too_long": ["ClientError", "InvalidParameterValue"],
        "not_a_handle": ["ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"],
        "after_purge": "0",
        "after_delete": ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"],
    }
