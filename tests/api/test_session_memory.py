"""Whoever may have sessions may have as many as it likes, with policies and tags of its own; no memory fills up."""

import tracemalloc
from collections.abc import Iterator

import pytest

from api.test_authorise import ACCOUNT, Rig, allow
from qanat.api.sessions import Sessions
from qanat.core.identity.commands import MakeSessionKey
from qanat.core.identity.model import Session, federated_user
from qanat.core.identity.session_tokens import Credentials, SessionKind, packed, seal

KEY = bytes(32)


def policy(number: int) -> str:
    actions = ",".join(f'"a:*{number}b*{each}c"' for each in range(20))
    return f'{{"Statement":{{"Effect":"Allow","Action":["sqs:TagQueue",{actions}],"Resource":"*"}}}}'


def grown_by_bytes(before: int) -> int:
    return tracemalloc.get_traced_memory()[0] - before


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def test_policies_of_many_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qanat.api.authorise._SESSIONS_MAX", 16)
    rig = Rig(allow())
    for number in range(64):
        session = Session(f"ASIA{number}", 0, 3_600_000, "AIDABOB", "bob", (policy(number),))
        rig.caller = federated_user(rig.user, "fay", session)
        rig.ask()
    kept = len(rig.authoriser._documents._young) + len(rig.authoriser._standings._young)
    assert kept < 10
    assert len(rig.authoriser._session_documents._young) <= 8


@pytest.mark.usefixtures("traced")
def test_tokens_that_hold_much() -> None:
    rig = Rig()
    rig.control.handle(MakeSessionKey(KEY), 0)
    sessions = Sessions(rig.control.identity)
    tags = tuple((f"{number:02}" + "k" * 126, "v" * 256) for number in range(50))
    before = tracemalloc.get_traced_memory()[0]
    for number in range(1_500):
        session = Session(f"ASIA{number}", 0, 1, "AIDABOB", "bob", tags=tags)
        made = Credentials(session.access_key_id, "x" * 40, SessionKind.USER, ACCOUNT, "", session)
        token = seal(KEY, number.to_bytes(12), packed(made)).encode()
        assert sessions.credentials(token) == made
        assert sessions.credentials(token) is sessions.credentials(token)
    assert grown_by_bytes(before) < 30_000_000
