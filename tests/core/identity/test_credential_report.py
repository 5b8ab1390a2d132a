"""A credential report is good for four hours, as on AWS."""

import csv

import pytest

from qanat.core.control import Control
from qanat.core.identity import commands as c
from qanat.core.identity.credential_report import GOOD_FOR_MS, CredentialReport
from qanat.core.identity.errors import CredentialReportExpired, CredentialReportNotPresent
from qanat.core.identity.mfa_commands import CreateMfaDevice, EnableMfaDevice
from qanat.core.identity.totp import STEP_MS, code_of

SEED = b"a seed of twenty ..."
ACCOUNT, OTHER = "123456789012", "210987654321"


def got(control: Control, at_ms: int, account: str = ACCOUNT) -> CredentialReport:
    reply = control.handle(c.GetCredentialReport(account), at_ms).reply
    assert isinstance(reply, CredentialReport)
    return reply


def test_a_report_s_life() -> None:
    control = Control()
    for account in (ACCOUNT, OTHER):
        control.handle(c.CreateAccount(account), 0)
    made = control.handle(c.GenerateCredentialReport(ACCOUNT), 1_000)
    assert (made.reply, made.records) == (True, [])
    with pytest.raises(CredentialReportNotPresent):
        got(control, 1_000, OTHER)
    control.handle(c.CreateUser(ACCOUNT, "bob", "/", "AIDABOB"), 2_000)
    last_ms = 1_000 + GOOD_FOR_MS - 1
    assert control.handle(c.GenerateCredentialReport(ACCOUNT), last_ms).reply is False
    assert got(control, last_ms).content.count("\n") == 2
    with pytest.raises(CredentialReportExpired):
        got(control, last_ms + 1)
    assert control.handle(c.GenerateCredentialReport(ACCOUNT), last_ms + 1).reply is True
    assert got(control, last_ms + 1).content.count("\n") == 3
    assert got(control, last_ms + 1).made_at_ms == last_ms + 1


def test_who_has_a_device() -> None:
    control = Control()
    control.handle(c.CreateAccount(ACCOUNT), 0)
    for name in ("ann", "bob"):
        control.handle(c.CreateUser(ACCOUNT, name, "/", f"AIDA{name}"), 0)
        control.handle(CreateMfaDevice(ACCOUNT, name, "/", SEED), 0)
    step = 1_000_000
    codes = code_of(SEED, step - 1), code_of(SEED, step)
    enable = EnableMfaDevice(ACCOUNT, "bob", f"arn:aws:iam::{ACCOUNT}:mfa/bob", *codes, step * STEP_MS)
    assert control.handle(enable, 0).reply is None
    control.handle(c.GenerateCredentialReport(ACCOUNT), 0)
    rows = csv.DictReader(got(control, 0).content.splitlines())
    assert [(row["user"], row["mfa_active"]) for row in rows] == [
        ("<root_account>", "false"),
        ("ann", "false"),
        ("bob", "true"),
    ]
