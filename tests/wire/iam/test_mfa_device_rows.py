"""IAM API reference: the operations of virtual MFA devices through botocore's own serializer and parser."""

import base64
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import segno

from qanat.core.identity.model import MfaDevice, caller_of
from qanat.core.identity.totp import STEP_MS, code_of
from qanat.wire.audit.parameters import HIDDEN, elements
from qanat.wire.iam import IAM
from qanat.wire.iam.mfa_devices import SERIAL_LENGTH_MAX, otpauth_uri, qr_code
from qanat.wire.service import Call, Permission

Ask = Callable[..., dict[str, Any]]
ACCOUNT = "123456789012"
SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/phones/bob"
BOB = f"arn:aws:iam::{ACCOUNT}:user/team/bob"


@pytest.fixture
def ask(cloud: Any) -> Ask:
    def of_iam(operation: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = cloud.ask("iam", operation, **parameters)
        return answer

    of_iam("CreateUser", UserName="bob", Path="/team/")
    of_iam("CreateUser", UserName="eve")
    return of_iam


def codes(cloud: Any, first: int = -1) -> dict[str, str]:
    """Of the step that is so many after this one, and of the next."""
    seed = cloud.control.identity.mfa_device(SERIAL).seed
    step = cloud.now_ms // STEP_MS + first
    return {"AuthenticationCode1": code_of(seed, step), "AuthenticationCode2": code_of(seed, step + 1)}


def made(ask: Ask, **more: Any) -> dict[str, Any]:
    answer = ask("CreateVirtualMFADevice", VirtualMFADeviceName="bob", Path="/phones/", **more)
    device: dict[str, Any] = answer["VirtualMFADevice"]
    return device


def test_a_device_from_beginning_to_end(ask: Ask, cloud: Any) -> None:
    device = made(ask, Tags=[{"Key": "os", "Value": "a"}])
    assert device["SerialNumber"] == SERIAL
    seed = base64.b32decode(device["Base32StringSeed"])
    assert seed == cloud.control.identity.mfa_device(SERIAL).seed
    assert len(device["Base32StringSeed"]) == 64, "as AWS's"
    assert device["Tags"] == [{"Key": "os", "Value": "a"}]
    assert "User" not in device

    (listed,) = ask("ListVirtualMFADevices")["VirtualMFADevices"]
    assert listed == {"SerialNumber": SERIAL}, "neither seed nor tags are told again"

    ask("EnableMFADevice", UserName="bob", SerialNumber=SERIAL, **codes(cloud))
    (mine,) = ask("ListMFADevices", UserName="bob")["MFADevices"]
    assert mine["EnableDate"].timestamp() == 1_700_000_000
    assert (mine["UserName"], mine["SerialNumber"]) == ("bob", SERIAL)
    assert ask("GetMFADevice", UserName="bob", SerialNumber=SERIAL).items() >= mine.items()
    (listed,) = ask("ListVirtualMFADevices", AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert listed["EnableDate"] == mine["EnableDate"]
    assert (listed["User"]["Arn"], listed["User"]["UserName"]) == (BOB, "bob")
    assert ask("ListVirtualMFADevices", AssignmentStatus="Unassigned")["VirtualMFADevices"] == []

    cloud.now_ms += 100 * STEP_MS
    ask("ResyncMFADevice", UserName="bob", SerialNumber=SERIAL, **codes(cloud))
    in_use = cloud.refusal("iam", "DeleteVirtualMFADevice", SerialNumber=SERIAL)
    assert in_use == (409, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")
    ask("DeactivateMFADevice", UserName="bob", SerialNumber=SERIAL)
    assert ask("ListMFADevices", UserName="bob")["MFADevices"] == []
    ask("DeleteVirtualMFADevice", SerialNumber=SERIAL)
    gone = cloud.refusal("iam", "DeleteVirtualMFADevice", SerialNumber=SERIAL)
    text = f"VirtualMFADevice with serial number {SERIAL} does not exist."
    assert gone == (404, "NoSuchEntity", text)


def test_tags(ask: Ask) -> None:
    made(ask)
    ask("TagMFADevice", SerialNumber=SERIAL, Tags=[{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}])
    ask("UntagMFADevice", SerialNumber=SERIAL, TagKeys=["b"])
    answer = ask("ListMFADeviceTags", SerialNumber=SERIAL)
    assert (answer["Tags"], answer["IsTruncated"]) == ([{"Key": "a", "Value": "2"}], False)


def test_codes_that_are_wrong(ask: Ask, cloud: Any) -> None:
    made(ask)
    right = codes(cloud)
    swapped = dict(zip(right, reversed(right.values()), strict=True))
    refused = cloud.refusal("iam", "EnableMFADevice", UserName="bob", SerialNumber=SERIAL, **swapped)
    assert refused == (403, "InvalidAuthenticationCode", "Authentication code for device is not valid.")
    short = {**right, "AuthenticationCode1": "12345"}
    refused = cloud.refusal("iam", "EnableMFADevice", UserName="bob", SerialNumber=SERIAL, **short)
    assert refused[:2] == (400, "ValidationError")


def test_too_many_of_them(ask: Ask, cloud: Any) -> None:
    made(ask)
    right = codes(cloud)
    far = codes(cloud, first=1_000)
    for _ in range(5):
        cloud.refusal("iam", "EnableMFADevice", UserName="bob", SerialNumber=SERIAL, **far)
    refused = cloud.refusal("iam", "EnableMFADevice", UserName="bob", SerialNumber=SERIAL, **right)
    assert refused == (400, "Throttling", "Rate exceeded")


def test_without_a_name_the_caller_is_meant(ask: Ask, cloud: Any) -> None:
    made(ask)
    ask("EnableMFADevice", UserName="bob", SerialNumber=SERIAL, **codes(cloud))
    assert ask("ListMFADevices")["MFADevices"] == [], "of root"
    nobody = cloud.refusal("iam", "DeactivateMFADevice", SerialNumber=SERIAL)
    assert nobody[1:] == ("ValidationError", "Must specify userName when calling with non-User credentials")
    cloud.caller = caller_of(cloud.control.identity.user(ACCOUNT, "bob"))
    assert [one["UserName"] for one in ask("ListMFADevices")["MFADevices"]] == ["bob"]
    assert ask("GetMFADevice", SerialNumber=SERIAL)["UserName"] == "bob"
    ask("DeactivateMFADevice", SerialNumber=SERIAL)


def test_what_is_refused(ask: Ask, cloud: Any) -> None:
    made(ask)
    again = cloud.refusal("iam", "CreateVirtualMFADevice", VirtualMFADeviceName="bob", Path="/phones/")
    assert again == (409, "EntityAlreadyExists", "MFADevice entity at the same path and name already exists.")
    ask("CreateVirtualMFADevice", VirtualMFADeviceName="bob")
    not_hers = cloud.refusal("iam", "GetMFADevice", UserName="eve", SerialNumber=SERIAL)
    assert not_hers == (404, "NoSuchEntity", "MFA Device invalid for user.")
    status = cloud.refusal("iam", "ListVirtualMFADevices", AssignmentStatus="x")
    assert status[:2] == (400, "ValidationError")
    long = cloud.refusal("iam", "CreateVirtualMFADevice", VirtualMFADeviceName="x" * SERIAL_LENGTH_MAX)
    assert long[:2] == (400, "ValidationError")


def permissions(cloud: Any, form: str) -> list[Permission]:
    row, given = IAM.parse(form.encode())
    call: Call = cloud.call()
    return list(row.permissions(given, call))


CODES = "&AuthenticationCode1=123456&AuthenticationCode2=123456"
TAGGED = "&Tags.member.1.Key=k&Tags.member.1.Value=v"


@pytest.mark.parametrize(
    ("form", "resource"),
    [
        ("Action=CreateVirtualMFADevice&VirtualMFADeviceName=bob&Path=/phones/", SERIAL),
        (f"Action=DeleteVirtualMFADevice&SerialNumber={SERIAL}", SERIAL),
        (f"Action=EnableMFADevice&UserName=bob&SerialNumber={SERIAL}{CODES}", BOB),
        (f"Action=ResyncMFADevice&UserName=bob&SerialNumber={SERIAL}{CODES}", BOB),
        (f"Action=DeactivateMFADevice&UserName=bob&SerialNumber={SERIAL}", BOB),
        (f"Action=GetMFADevice&UserName=bob&SerialNumber={SERIAL}", BOB),
        ("Action=ListMFADevices&UserName=bob", BOB),
        ("Action=ListVirtualMFADevices", f"arn:aws:iam::{ACCOUNT}:mfa/"),
        (f"Action=TagMFADevice&SerialNumber={SERIAL}{TAGGED}", SERIAL),
        (f"Action=UntagMFADevice&SerialNumber={SERIAL}&TagKeys.member.1=k", SERIAL),
        (f"Action=ListMFADeviceTags&SerialNumber={SERIAL}", SERIAL),
    ],
)
def test_what_permission_is_asked_on(ask: Ask, cloud: Any, form: str, resource: str) -> None:
    """Service Authorization Reference: who has a device is a matter of the user, all else of the device."""
    ((action, found),) = [(one.action, one.resource) for one in permissions(cloud, form)]
    assert (f"Action={action.removeprefix('iam:')}", found) == (form.partition("&")[0], resource)


def test_a_tagged_device_is_made_and_tagged(ask: Ask, cloud: Any) -> None:
    asked = permissions(cloud, f"Action=CreateVirtualMFADevice&VirtualMFADeviceName=x{TAGGED}")
    assert [one.action for one in asked] == ["iam:CreateVirtualMFADevice", "iam:TagMFADevice"]
    assert [one.request_tags for one in asked] == [{"k": "v"}] * 2
    made(ask, Tags=[{"Key": "k", "Value": "v"}])
    (there,) = permissions(cloud, f"Action=DeleteVirtualMFADevice&SerialNumber={SERIAL}")
    assert there.resource_tags == (("k", "v"),)


class TestTheCode:
    """IAM API reference, VirtualMFADevice: a PNG of otpauth://totp/NAME@ACCOUNT?secret=SEED."""

    def test_is_what_authenticators_read(self) -> None:
        device = MfaDevice(ACCOUNT, "bob+x", "/phones/", b"", 0)
        uri = otpauth_uri(device, "ABCDEFGH")
        assert uri == f"otpauth://totp/bob%2Bx@{ACCOUNT}?secret=ABCDEFGH"

    @pytest.mark.parametrize("length", [1, 100, 230])
    def test_is_a_picture_of_it(self, length: int) -> None:
        device = MfaDevice(ACCOUNT, "x" * length, "/", b"", 0)
        uri = otpauth_uri(device, "A" * 64)
        modules = [[bool(dark) for dark in row] for row in segno.make_qr(uri).matrix]
        assert read_modules(qr_code(uri)) == modules

    def test_comes_with_the_device(self, ask: Ask) -> None:
        device = made(ask)
        uri = f"otpauth://totp/bob@{ACCOUNT}?secret={device['Base32StringSeed'].decode()}"
        assert device["QRCodePNG"] == qr_code(uri)

    def test_and_the_seed_are_told_to_nobody_else(self, ask: Ask, cloud: Any) -> None:
        row, given = IAM.parse(b"Action=CreateVirtualMFADevice&VirtualMFADeviceName=x")
        call = cloud.call()
        reply = cloud.control.handle(row.command(given, call), 0).reply
        written = elements(row.output(reply, given, call), "responseElements")
        assert written is not None
        assert bytes(written).count(HIDDEN.encode()) == 2
        _, enable = IAM.parse(f"Action=EnableMFADevice&UserName=bob&SerialNumber={SERIAL}{CODES}".encode())
        asked = elements(enable, "requestParameters")
        assert asked is not None
        assert b"123456" not in bytes(asked).replace(ACCOUNT.encode(), b"")


def read_modules(png: bytes, scale: int = 4, border: int = 4) -> list[list[bool]]:
    """The dark modules of a picture of one bit a pixel (W3C, Portable Network Graphics), without the quiet zone."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length) == (zlib.crc32(kind + data),)
        chunks[kind] = data
        at += length + 12
    width, height, depth, colour, *_, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (width, depth, colour, interlaced) == (height, 1, 0, 0)
    row_bytes = (width + 7) // 8 + 1
    raw = zlib.decompress(chunks[b"IDAT"])
    rows = [bytes(row_bytes)]
    for start in range(0, len(raw), row_bytes):
        filtered, *row = raw[start : start + row_bytes]
        assert filtered in (0, 2), "none, or what stands above is added"
        above = rows[-1][1:] if filtered else bytes(len(row))
        rows.append(bytes([0, *(one + over & 0xFF for one, over in zip(row, above, strict=True))]))
    assert len(rows) == height + 1
    pixels = [[not row[1 + x // 8] >> (7 - x % 8) & 1 for x in range(width)] for row in rows[1:]]
    inside = range(border * scale, width - border * scale, scale)
    return [[pixels[y][x] for x in inside] for y in inside]
