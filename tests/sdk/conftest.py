"""What the suites of the SDKs share."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from support.policies import ROOT, policy
from support.roles import MadeRole, MakeRole, new_role, trust
from support.things import MadeQueue

_numbers = count(1)


@pytest.fixture
def guard(admin: Any, queue: MadeQueue) -> Callable[..., MadeQueue]:
    """`guard(*statements)`: the queue, with a policy of these."""

    def set_policy(*statements: dict[str, Any]) -> MadeQueue:
        admin.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy(*statements)})
        return queue

    return set_policy


@pytest.fixture
def make_role(iam: Any) -> MakeRole:
    """`make_role(*trusted, may=None)`: a role; the whole account is trusted where nobody is named."""

    def make(*trusted: dict[str, Any], **more: Any) -> MadeRole:
        statements = trusted or (trust(ROOT, ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]),)
        return new_role(iam, f"role-{next(_numbers)}", *statements, **more)

    return make
