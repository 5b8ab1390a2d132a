"""The `aws` command with a second factor: a device, get-session-token, and a profile that asks for the code."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.clients import Clients
from support.mfa import Phone
from support.policies import ROOT, allow, policy
from support.roles import MakeRole, trust
from support.server import ACCOUNT, REGION, Server, clean_environment
from support.things import MadeQueue, MadeUser, MakeUser

AWS = Path(sys.executable).with_name("aws")
PRESENT = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


class Aws:
    """`aws(...)` as a user, by files in a directory of its own; what it asks for is typed into its standard input."""

    def __init__(self, server: Server, user: MadeUser, directory: Path) -> None:
        self._server = server
        self.directory = directory
        self.write(
            "credentials",
            "default",
            aws_access_key_id=user.key.access_key_id,
            aws_secret_access_key=user.key.secret,
        )

    def write(self, file: str, section: str, **values: str) -> None:
        lines = [f"[{section}]", *(f"{name} = {value}" for name, value in values.items()), ""]
        with (self.directory / file).open("a") as opened:
            opened.write("\n".join(lines))

    def run(self, *words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        variables = {
            **clean_environment(self.directory),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.directory / "credentials"),
            "AWS_CONFIG_FILE": str(self.directory / "config"),
            "AWS_CA_BUNDLE": str(self._server.ca_bundle),
            "AWS_ENDPOINT_URL": self._server.url(),
            "AWS_DEFAULT_REGION": REGION,
            "AWS_PAGER": "",
            "AWS_MAX_ATTEMPTS": "1",
        }
        return subprocess.run(
            [sys.executable, str(AWS), "--output", "json", *words],
            capture_output=True,
            text=True,
            input=typed,
            cwd=self.directory,
            env=variables,
            timeout=60,
            check=False,
            # Without a terminal the code is read from the standard input.
            start_new_session=True,
        )

    def __call__(self, *words: str, typed: str = "") -> dict[str, Any]:
        done = self.run(*words, typed=typed)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout or "{}")
        return found


@pytest.fixture
def user(make_user: MakeUser) -> MadeUser:
    return make_user(policy(allow(["iam:*", "sts:*"])))


@pytest.fixture
def aws(server: Server, user: MadeUser, tmp_path: Path) -> Aws:
    return Aws(server, user, tmp_path)


@pytest.fixture
def phone(aws: Aws, user: MadeUser) -> Phone:
    """Made and enabled by the command: the seed goes to a file."""
    seed = aws.directory / "seed"
    made = aws(
        *("iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", user.name),
        *("--outfile", str(seed), "--bootstrap-method", "Base32StringSeed"),
    )["VirtualMFADevice"]
    assert "Base32StringSeed" not in made
    phone = Phone({"VirtualMFADevice": {**made, "Base32StringSeed": seed.read_bytes()}})
    one, two = phone.two_codes().values()
    aws(
        *("iam", "enable-mfa-device", "--user-name", user.name, "--serial-number", phone.serial),
        *("--authentication-code1", one, "--authentication-code2", two),
    )
    return phone


def test_get_session_token(aws: Aws, phone: Phone, user: MadeUser) -> None:
    (listed,) = aws("iam", "list-mfa-devices")["MFADevices"]
    assert (listed["UserName"], listed["SerialNumber"]) == (user.name, phone.serial)
    shown = ("--serial-number", phone.serial, "--token-code", phone.code())
    given = aws("sts", "get-session-token", *shown)["Credentials"]
    aws.write(
        *("credentials", "with-mfa"),
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    assert aws("--profile", "with-mfa", "iam", "get-user")["User"]["UserName"] == user.name
    again = aws.run("sts", "get-session-token", *shown)
    assert again.returncode in (254, 255)
    assert "MultiFactorAuthentication failed with invalid MFA one time pass code." in again.stderr


def test_a_profile_with_a_role_and_a_device(
    aws: Aws, phone: Phone, make_role: MakeRole, clients: Clients, queue: MadeQueue
) -> None:
    role = make_role(trust(ROOT, Condition=PRESENT), may=policy(allow("sqs:*")))
    named = {"role_arn": role.arn, "source_profile": "default", "region": REGION, "role_session_name": "work"}
    aws.write("config", "profile plain", **named)
    aws.write("config", "profile careful", **named, mfa_serial=phone.serial)
    refused = aws.run("--profile", "plain", "sts", "get-caller-identity")
    assert "(AccessDenied)" in refused.stderr
    me = aws("--profile", "careful", "sts", "get-caller-identity", typed=f"{phone.code()}\n")
    assert me["Arn"] == role.session_arn("work")


def test_the_picture(aws: Aws, user: MadeUser) -> None:
    picture = aws.directory / "code.png"
    made = aws(
        *("iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", f"{user.name}-2"),
        *("--outfile", str(picture), "--bootstrap-method", "QRCodePNG"),
    )["VirtualMFADevice"]
    assert made["SerialNumber"] == f"arn:aws:iam::{ACCOUNT}:mfa/{user.name}-2"
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
