"""A second factor at STS: what a code is shown for, what credentials then carry, and AWS's words for a wrong one."""

from dataclasses import replace
from typing import Any

import pytest

from qanat.core.identity.mfa_commands import CreateMfaDevice, EnableMfaDevice
from qanat.core.identity.model import (
    Caller,
    Role,
    Session,
    User,
    caller_of,
    federated_user,
    role_session,
    root_of,
)
from qanat.core.identity.records import RolePut, UserPut
from qanat.core.identity.session_tokens import opened
from qanat.core.identity.totp import STEP_MS, code_of
from qanat.wire.sts import STS

ACCOUNT = "123456789012"
NOW_MS = 1_700_000_000_000
SEED = b"the seed of the telephone that bob has.."
SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/bob"
BOB = User(ACCOUNT, "bob", "AIDABOB", "/", 0)
EVE = User(ACCOUNT, "eve", "AIDAEVE", "/", 0)
ROLE = Role(ACCOUNT, "R", "AROAR", "/", 0, '{"Version":"2012-10-17","Statement":[]}')
ASSUME = {"RoleArn": ROLE.arn, "RoleSessionName": "one"}

INCOMPLETE = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
UNKNOWN = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and "
    "associated with this user."
)
WRONG = "MultiFactorAuthentication failed with invalid MFA one time pass code. "


def showing(step: int = 1, serial: str = SERIAL) -> dict[str, str]:
    """The code of the step that is so many after the present one."""
    return {"SerialNumber": serial, "TokenCode": code_of(SEED, NOW_MS // STEP_MS + step)}


def session_of(issuer: User | Role, mfa_at_ms: int | None = None) -> Session:
    return Session(
        "ASIA", NOW_MS - 60_000, NOW_MS + 60_000, issuer.unique_id, issuer.name, mfa_at_ms=mfa_at_ms
    )


@pytest.fixture
def sts(cloud: Any) -> Any:
    for user in (BOB, EVE):
        cloud.control.apply(UserPut(user))
    cloud.control.apply(RolePut(ROLE))
    cloud.control.handle(CreateMfaDevice(ACCOUNT, "bob", "/", SEED), NOW_MS)
    codes = showing(-1)["TokenCode"], showing(0)["TokenCode"]
    cloud.control.handle(EnableMfaDevice(ACCOUNT, "bob", SERIAL, *codes, NOW_MS), NOW_MS)
    cloud.caller = caller_of(BOB)
    return cloud


def session_in(answer: dict[str, Any]) -> Session:
    found = opened(b"k" * 32, answer["Credentials"]["SessionToken"].encode())
    assert found is not None
    return found.session


class TestWhatTheCredentialsCarry:
    """IAM User Guide, id_credentials_mfa_configure-api-require."""

    def test_get_session_token(self, sts: Any) -> None:
        assert session_in(sts.ask("sts", "GetSessionToken")).mfa_at_ms is None
        assert session_in(sts.ask("sts", "GetSessionToken", **showing())).mfa_at_ms == NOW_MS

    def test_assume_role_takes_a_code_and_its_session_has_nothing_of_it(self, sts: Any) -> None:
        assert session_in(sts.ask("sts", "AssumeRole", **ASSUME, **showing())).mfa_at_ms is None

    def test_what_get_session_token_was_shown_goes_with_the_role(self, sts: Any) -> None:
        sts.caller = caller_of(BOB, session_of(BOB, 5_000))
        assert session_in(sts.ask("sts", "AssumeRole", **ASSUME)).mfa_at_ms == 5_000
        assert session_in(sts.ask("sts", "AssumeRole", **ASSUME, **showing())).mfa_at_ms == 5_000

    def test_a_role_hands_nothing_on(self, sts: Any) -> None:
        sts.caller = role_session(ROLE, "one", session_of(ROLE, 5_000))
        assert session_in(sts.ask("sts", "AssumeRole", **ASSUME)).mfa_at_ms is None

    def test_federation_has_none(self, sts: Any) -> None:
        assert session_in(sts.ask("sts", "GetFederationToken", Name="fay")).mfa_at_ms is None


OPERATIONS: list[tuple[str, dict[str, str]]] = [("GetSessionToken", {}), ("AssumeRole", ASSUME)]


@pytest.mark.parametrize(("operation", "rest"), OPERATIONS)
class TestRefusals:
    @pytest.mark.parametrize("missing", ["SerialNumber", "TokenCode"])
    def test_half_of_it(self, sts: Any, operation: str, rest: dict[str, str], missing: str) -> None:
        given = {name: value for name, value in showing().items() if name != missing}
        assert sts.refusal("sts", operation, **rest, **given) == (403, "AccessDenied", INCOMPLETE)

    @pytest.mark.parametrize("serial", [f"arn:aws:iam::{ACCOUNT}:user/bob", "GAHT12345678", f"{SERIAL}x"])
    def test_a_serial_number_of_nothing(
        self, sts: Any, operation: str, rest: dict[str, str], serial: str
    ) -> None:
        refused = sts.refusal("sts", operation, **rest, **showing(serial=serial))
        assert refused == (403, "AccessDenied", UNKNOWN)

    def test_the_device_of_somebody_else(self, sts: Any, operation: str, rest: dict[str, str]) -> None:
        sts.caller = caller_of(EVE)
        assert sts.refusal("sts", operation, **rest, **showing()) == (403, "AccessDenied", UNKNOWN)

    @pytest.mark.parametrize("step", [0, 2, -3])
    def test_a_code_that_is_wrong_or_was_used(
        self, sts: Any, operation: str, rest: dict[str, str], step: int
    ) -> None:
        assert sts.refusal("sts", operation, **rest, **showing(step)) == (403, "AccessDenied", WRONG)

    def test_a_code_shown_twice(self, sts: Any, operation: str, rest: dict[str, str]) -> None:
        sts.ask("sts", operation, **rest, **showing())
        for again, parameters in OPERATIONS:
            refused = sts.refusal("sts", again, **parameters, **showing())
            assert refused == (403, "AccessDenied", WRONG)

    def test_too_many_guesses(self, sts: Any, operation: str, rest: dict[str, str]) -> None:
        for _ in range(5):
            sts.refusal("sts", operation, **rest, **showing(50))
        refused = sts.refusal("sts", operation, **rest, **showing())
        assert refused == (400, "Throttling", "Rate exceeded")
        sts.now_ms += 30_000
        sts.ask("sts", operation, **rest, **showing())

    @pytest.mark.parametrize("code", ["12345", "1234567", "12345x"])
    def test_what_is_no_code(self, sts: Any, operation: str, rest: dict[str, str], code: str) -> None:
        refused = sts.refusal("sts", operation, **rest, SerialNumber=SERIAL, TokenCode=code)
        assert refused[:2] == (400, "ValidationError")


@pytest.mark.parametrize(
    ("caller", "operation", "expected"),
    [
        (role_session(ROLE, "one", session_of(ROLE)), "AssumeRole", UNKNOWN),
        (root_of(ACCOUNT), "AssumeRole", "Roles may not be assumed by root accounts."),
        (
            federated_user(BOB, "fay", session_of(BOB)),
            "AssumeRole",
            "Cannot call AssumeRole with the credentials of a federated user.",
        ),
        (
            caller_of(BOB, session_of(BOB)),
            "GetSessionToken",
            "Cannot call GetSessionToken with session credentials",
        ),
    ],
)
def test_who_can_show_none(sts: Any, caller: Caller, operation: str, expected: str) -> None:
    """And no code is used up by it."""
    sts.caller = caller
    rest = dict(OPERATIONS)[operation]
    assert sts.refusal("sts", operation, **rest, **showing()) == (403, "AccessDenied", expected)
    sts.caller = caller_of(BOB)
    sts.ask("sts", "GetSessionToken", **showing())


def test_the_request_to_assume_a_role_has_the_keys(sts: Any) -> None:
    """With a code, whatever the credentials are; without one, those of the credentials alone."""
    operation, given = STS.parse(
        b"Action=AssumeRole&RoleArn=arn:aws:iam::123456789012:role/R&RoleSessionName=one"
    )
    call = sts.call()
    (asked,) = operation.permissions(given, call)
    assert not any("multifactor" in key for key in asked.context)
    (asked,) = operation.permissions(given, replace(call, mfa_at_ms=NOW_MS))
    assert asked.context["aws:multifactorauthpresent"] == "true"
    assert asked.context["aws:multifactorauthage"] == "0"
