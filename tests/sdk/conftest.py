"""What the suites of the SDKs share."""

from collections.abc import Callable
from typing import Any

import pytest

from support.policies import policy
from support.things import MadeQueue


@pytest.fixture
def guard(admin: Any, queue: MadeQueue) -> Callable[..., MadeQueue]:
    """`guard(*statements)`: the queue, with a policy of these."""

    def set_policy(*statements: dict[str, Any]) -> MadeQueue:
        admin.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy(*statements)})
        return queue

    return set_policy
