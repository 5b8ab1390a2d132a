"""aiobotocore, the asyncio SDK of Python."""

from support.programs import NOW, environment_for, told_by
from support.server import Server


def test_consumers_share_the_work(server: Server, name: str, scheme: str) -> None:
    assert told_by(NOW, "aiobotocore_work.py", environment_for(server, scheme), name) == {
        "each_once": True,
        "after_a_cancelled_poll": "for the living",
        "paged": True,
        "after_delete": "AWS.SimpleQueueService.NonExistentQueue",
    }
