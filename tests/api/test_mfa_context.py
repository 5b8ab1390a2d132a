"""aws:MultiFactorAuthPresent and aws:MultiFactorAuthAge (IAM User Guide, reference_policies_condition-keys)."""

import pytest

from qanat.api.context import context_of
from qanat.core.identity.model import ANONYMOUS, Caller, Session, User, caller_of, root_of
from qanat.core.way import WayIn

USER = User("123456789012", "bob", "AIDABOB", "/", 0)
SHOWN_AT_MS = 1_000_000


def session(mfa_at_ms: int | None) -> Session:
    return Session("ASIA", SHOWN_AT_MS, 2 * SHOWN_AT_MS, USER.user_id, USER.name, mfa_at_ms=mfa_at_ms)


@pytest.mark.parametrize(
    ("caller", "after_ms", "expected"),
    [
        (ANONYMOUS, 0, (None, None)),
        (root_of("123456789012"), 0, (None, None)),
        (caller_of(USER), 0, (None, None)),
        (caller_of(USER, session(None)), 5_000, ("false", None)),
        (caller_of(USER, session(SHOWN_AT_MS)), 0, ("true", "0")),
        (caller_of(USER, session(SHOWN_AT_MS)), 999, ("true", "0")),
        (caller_of(USER, session(SHOWN_AT_MS)), 3_600_000, ("true", "3600")),
        # A clock that was set back.
        (caller_of(USER, session(SHOWN_AT_MS)), -5_000, ("true", "0")),
    ],
)
def test_who_has_the_keys(caller: Caller, after_ms: int, expected: tuple[str | None, str | None]) -> None:
    way = WayIn(True, "127.0.0.1")
    found = context_of(caller, way, "us-east-2", USER.account, None, SHOWN_AT_MS + after_ms)
    assert (found.get("aws:multifactorauthpresent"), found.get("aws:multifactorauthage")) == expected
