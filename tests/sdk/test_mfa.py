"""MFA devices through boto3, from the making of one to what credentials of a code may do."""

import json
from typing import Any

import pytest

from support.clients import Clients, refusal
from support.mfa import Phone, new_phone
from support.policies import ROOT, allow, policy
from support.roles import MakeRole, assumed, key_of, trust
from support.server import ACCOUNT, Key
from support.things import MadeUser, MakeUser, StartServer

ANYTHING = policy(allow(["sqs:*", "sts:*", "iam:*"]))
INVALID = ("InvalidClientTokenId", "The security token included in the request is invalid.")


@pytest.fixture
def user(make_user: MakeUser) -> MadeUser:
    return make_user(ANYTHING)


def session(user: MadeUser, phone: Phone | None = None) -> Key:
    return key_of(user.of("sts").get_session_token(**({} if phone is None else phone.showing())))


class TestDevices:
    def test_a_device_is_made_shown_once_enabled_listed_and_deleted(self, iam: Any, user: MadeUser) -> None:
        made = iam.create_virtual_mfa_device(
            VirtualMFADeviceName=user.name, Path="/phones/", Tags=[{"Key": "os", "Value": "x"}]
        )
        serial = made["VirtualMFADevice"]["SerialNumber"]
        assert serial == f"arn:aws:iam::{ACCOUNT}:mfa/phones/{user.name}"
        assert made["VirtualMFADevice"]["QRCodePNG"].startswith(b"\x89PNG\r\n\x1a\n")
        phone = Phone(made)
        pages = iam.get_paginator("list_virtual_mfa_devices").paginate(AssignmentStatus="Unassigned")
        listed = [one for page in pages for one in page["VirtualMFADevices"]]
        assert {"SerialNumber": serial} in listed
        assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == [{"Key": "os", "Value": "x"}]
        iam.enable_mfa_device(UserName=user.name, SerialNumber=serial, **phone.two_codes())
        mine = user.of("iam").list_mfa_devices()["MFADevices"]
        assert [(one["UserName"], one["SerialNumber"]) for one in mine] == [(user.name, serial)]
        kept = refusal(iam.delete_user, UserName=user.name)
        assert kept[:2] == (409, "DeleteConflict")
        iam.deactivate_mfa_device(UserName=user.name, SerialNumber=serial)
        iam.delete_virtual_mfa_device(SerialNumber=serial)
        assert iam.list_mfa_devices(UserName=user.name)["MFADevices"] == []

    def test_codes_that_are_no_two_in_a_row(self, iam: Any, user: MadeUser) -> None:
        phone = Phone(iam.create_virtual_mfa_device(VirtualMFADeviceName=user.name))
        right = phone.two_codes()
        wrong = {**right, "AuthenticationCode2": right["AuthenticationCode1"]}
        refused = refusal(iam.enable_mfa_device, UserName=user.name, SerialNumber=phone.serial, **wrong)
        text = "Authentication code for device is not valid."
        assert refused == (403, "InvalidAuthenticationCode", text, "InvalidAuthenticationCodeException")

    def test_everyone_manages_their_own(self, iam: Any, make_user: MakeUser) -> None:
        """IAM User Guide, reference_policies_examples_aws_my-sec-creds-self-manage-mfa-only."""
        own_user, own_device = (
            f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}",
            f"arn:aws:iam::{ACCOUNT}:mfa/*",
        )
        managing = [
            "iam:DeactivateMFADevice",
            "iam:EnableMFADevice",
            "iam:GetMFADevice",
            "iam:ListMFADevices",
        ]
        document = policy(
            allow("iam:CreateVirtualMFADevice", own_device),
            allow([*managing, "iam:ResyncMFADevice"], own_user),
        )
        first, second = make_user(document), make_user(document)
        phone = new_phone(first.of("iam"), first.name)
        assert first.of("iam").list_mfa_devices(UserName=first.name)["MFADevices"]
        theirs = refusal(
            second.of("iam").deactivate_mfa_device, UserName=first.name, SerialNumber=phone.serial
        )
        assert theirs.code == "AccessDenied"
        assert f"iam:DeactivateMFADevice on resource: {first.arn}" in theirs.message
        mine = refusal(first.of("iam").delete_virtual_mfa_device, SerialNumber=phone.serial)
        assert f"iam:DeleteVirtualMFADevice on resource: {phone.serial}" in mine.message


class TestSessions:
    def test_with_a_code_a_session_may_call_iam_and_without_it_not(
        self, iam: Any, user: MadeUser, clients: Clients
    ) -> None:
        phone = new_phone(iam, user.name)
        without, with_code = session(user), session(user, phone)
        assert refusal(clients.of("iam", without).list_users)[1:3] == INVALID
        assert clients.of("iam", with_code).get_user()["User"]["UserName"] == user.name
        assert refusal(clients.of("sts", with_code).get_session_token).code == "AccessDenied"
        assert refusal(clients.of("sts", with_code).get_federation_token, Name="fay").code == "AccessDenied"
        assert clients.of("sts", with_code).get_caller_identity()["Arn"] == user.arn

    def test_a_code_is_good_once_wherever_it_was_shown(
        self, iam: Any, user: MadeUser, make_role: MakeRole
    ) -> None:
        phone, role = new_phone(iam, user.name), make_role()
        shown = phone.showing()
        user.of("sts").get_session_token(**shown)
        again = refusal(user.of("sts").get_session_token, **shown)
        text = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
        assert again[:3] == (403, "AccessDenied", text)
        by_role = refusal(user.of("sts").assume_role, RoleArn=role.arn, RoleSessionName="work", **shown)
        assert by_role[:3] == (403, "AccessDenied", text)

    def test_another_ones_device(self, iam: Any, make_user: MakeUser) -> None:
        owner, other = make_user(), make_user()
        phone = new_phone(iam, owner.name)
        refused = refusal(other.of("sts").get_session_token, **phone.showing())
        assert refused.message == (
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is "
            "valid and associated with this user."
        )

    def test_guesses_are_few(self, iam: Any, user: MadeUser) -> None:
        phone = new_phone(iam, user.name)
        spare = new_phone(iam, user.name, f"{user.name}-spare")
        wrong = {"SerialNumber": phone.serial, "TokenCode": phone.wrong_code()}
        for _ in range(5):
            assert refusal(user.of("sts").get_session_token, **wrong).code == "AccessDenied"
        shut = refusal(user.of("sts").get_session_token, **phone.showing())
        assert shut[:3] == (400, "Throttling", "Rate exceeded")
        session(user, spare)

    def test_a_denied_request_to_assume_a_role_uses_the_code_up(
        self, iam: Any, user: MadeUser, make_role: MakeRole
    ) -> None:
        phone, role = new_phone(iam, user.name), make_role(trust(f"arn:aws:iam::{ACCOUNT}:user/admin"))
        shown = phone.showing()
        asked = {"RoleArn": role.arn, "RoleSessionName": "work", **shown}
        assert "sts:AssumeRole" in refusal(user.of("sts").assume_role, **asked).message
        assert "one time pass code" in refusal(user.of("sts").get_session_token, **shown).message


class TestWhatIsWrittenDown:
    """CloudTrail User Guide: sessionContext.attributes.mfaAuthenticated; and no seed and no code, anywhere."""

    def test_the_record_says_whether_a_code_was_shown(self, start_server: StartServer) -> None:
        audited = start_server()
        clients = Clients(audited)
        iam = clients.of("iam")
        iam.create_user(UserName="ann")
        made = iam.create_access_key(UserName="ann")["AccessKey"]
        own = Key(made["AccessKeyId"], made["SecretAccessKey"])
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName="ann")
        phone = Phone(device)
        codes = phone.two_codes()
        iam.enable_mfa_device(UserName="ann", SerialNumber=phone.serial, **codes)
        sts = clients.of("sts", own)
        shown = phone.showing()
        keys = {"false": key_of(sts.get_session_token()), "true": key_of(sts.get_session_token(**shown))}
        for key in keys.values():
            clients.of("sts", key).get_caller_identity()
        clients.close()
        assert audited.stop() == 0
        log = audited.data / "audit" / "audit.jsonl"
        records = [json.loads(line) for line in log.read_text().splitlines()]
        told = {
            one["userIdentity"]["accessKeyId"]: one["userIdentity"]["sessionContext"]["attributes"]
            for one in records
            if one["eventName"] == "GetCallerIdentity"
        }
        assert {key: one["mfaAuthenticated"] for key, one in told.items()} == {
            key.access_key_id: said for said, key in keys.items()
        }
        by_name = {one["eventName"]: one for one in records}
        elements = by_name["CreateVirtualMFADevice"]["responseElements"]["virtualMFADevice"]
        assert elements["serialNumber"] == phone.serial
        asked = by_name["EnableMFADevice"]["requestParameters"]
        assert (asked["userName"], asked["serialNumber"]) == ("ann", phone.serial)
        seed = device["VirtualMFADevice"]["Base32StringSeed"].decode()
        secrets = (seed, *(f'"{code}"' for code in (*codes.values(), shown["TokenCode"])))
        for text in (log.read_text(), audited.log):
            assert [secret for secret in secrets if secret in text] == []


def test_the_account_counts_them(iam: Any, user: MadeUser) -> None:
    before = iam.get_account_summary()["SummaryMap"]
    new_phone(iam, user.name)
    iam.create_virtual_mfa_device(VirtualMFADeviceName=f"{user.name}-spare")
    after = iam.get_account_summary()["SummaryMap"]
    counted = [after[name] - before[name] for name in ("MFADevices", "MFADevicesInUse", "AccountMFAEnabled")]
    assert counted == [2, 1, 0]


def test_roles_of_the_account_need_no_code_unless_they_say_so(
    iam: Any, user: MadeUser, make_role: MakeRole, clients: Clients
) -> None:
    role = make_role(trust(ROOT))
    key = assumed(user.of("sts"), role)
    assert clients.of("sts", key).get_caller_identity()["Arn"] == role.session_arn("work")
