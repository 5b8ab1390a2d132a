"""The rows of virtual MFA devices."""

from base64 import b32encode, b64encode
from io import BytesIO
from typing import Annotated, Final
from urllib.parse import quote

import segno
from msgspec import Meta

from qanat.core.identity import mfa_commands as commands
from qanat.core.identity.errors import ValidationError
from qanat.core.identity.model import MfaDevice, User
from qanat.core.names import PARTITION, Arn, mfa_arn
from qanat.core.page import Page
from qanat.wire.iam.common import (
    IamInput,
    Marker,
    MaxItems,
    NewUserName,
    Path,
    UserName,
    arn_meant,
    arn_of,
    instant,
    one_of,
    page_fields,
    user_meant,
    user_or_root,
)
from qanat.wire.iam.tags import TagInput, read_tag_keys, read_tags, shown_tags, tags_set, tags_taken
from qanat.wire.iam.users import shown_user
from qanat.wire.service import Call, Operation, Output, Permission, permission, table

SERIAL_LENGTH_MAX: Final = 256
_SERIAL_PATTERN: Final = r"[\w+=/:,.@-]+"
SerialNumber = Annotated[str, Meta(min_length=9, max_length=SERIAL_LENGTH_MAX, pattern=_SERIAL_PATTERN)]
DeviceName = Annotated[str, Meta(min_length=1, pattern=r"[\w+=,.@-]+")]
Code = Annotated[str, Meta(min_length=6, max_length=6, pattern=r"[\d]+")]

# The value of AssignmentStatus -> whether the device must be somebody's.
_ASSIGNMENTS: Final = {"Assigned": True, "Unassigned": False, "Any": None}
_PIXELS_A_MODULE: Final = 4


class CreateVirtualMFADeviceInput(
    IamInput,
    frozen=True,
    rename={"virtual_mfa_device_name": "VirtualMFADeviceName", "path": "Path", "tags": "Tags"},
):
    virtual_mfa_device_name: DeviceName
    path: Path = "/"
    tags: tuple[TagInput, ...] = ()


class DeviceInput(IamInput, frozen=True):
    serial_number: SerialNumber


class CodesInput(IamInput, frozen=True):
    user_name: UserName
    serial_number: SerialNumber
    authentication_code1: Code
    authentication_code2: Code


class DeactivateMFADeviceInput(IamInput, frozen=True):
    serial_number: SerialNumber
    user_name: UserName | None = None


class GetMFADeviceInput(IamInput, frozen=True):
    serial_number: SerialNumber
    user_name: NewUserName | None = None


class ListMFADevicesInput(IamInput, frozen=True):
    user_name: UserName | None = None
    marker: Marker | None = None
    max_items: MaxItems = 100


class ListVirtualMFADevicesInput(IamInput, frozen=True):
    assignment_status: str = "Any"
    marker: Marker | None = None
    max_items: MaxItems = 100


class TagMFADeviceInput(IamInput, frozen=True):
    serial_number: SerialNumber
    tags: tuple[TagInput, ...]


class UntagMFADeviceInput(IamInput, frozen=True):
    serial_number: SerialNumber
    tag_keys: tuple[str, ...]


class ListMFADeviceTagsInput(IamInput, frozen=True):
    serial_number: SerialNumber
    marker: Marker | None = None
    max_items: MaxItems = 100


def _new_arn(given: CreateVirtualMFADeviceInput, call: Call) -> str:
    return mfa_arn(call.account, given.virtual_mfa_device_name, given.path)


def _create_permissions(given: CreateVirtualMFADeviceInput, call: Call) -> tuple[Permission, ...]:
    """To make a device with tags is to tag it, too (Service Authorization Reference, CreateVirtualMFADevice)."""
    actions = (
        ("iam:CreateVirtualMFADevice", "iam:TagMFADevice") if given.tags else ("iam:CreateVirtualMFADevice",)
    )
    arn, tags = _new_arn(given, call), tags_set(given)
    return tuple(permission(action, arn, call, request_tags=tags) for action in actions)


def _create(given: CreateVirtualMFADeviceInput, call: Call) -> object:
    if len(_new_arn(given, call)) > SERIAL_LENGTH_MAX:
        raise ValidationError(
            f"The serial number, arn:...:mfa with path and name, has at most {SERIAL_LENGTH_MAX} characters."
        )
    tags = read_tags(given.tags)
    return commands.CreateMfaDevice(
        call.account, given.virtual_mfa_device_name, given.path, call.ids.seed(), tags
    )


def _created(device: MfaDevice, given: object, call: Call) -> Output:
    """The one time that the seed is told: in base32, and in a picture, each in base64 as all bytes are in XML."""
    seed = b32encode(device.seed)
    return {
        "VirtualMFADevice": {
            "SerialNumber": device.serial,
            "Base32StringSeed": b64encode(seed).decode(),
            "QRCodePNG": b64encode(qr_code(otpauth_uri(device, seed.decode()))).decode(),
            "Tags": shown_tags(device.tags) or None,
        }
    }


def otpauth_uri(device: MfaDevice, seed: str) -> str:
    """What applications read (IAM API reference, VirtualMFADevice): the account's number stands after the name."""
    return f"otpauth://totp/{quote(device.name)}@{device.account}?secret={seed}"


def qr_code(text: str) -> bytes:
    """A PNG."""
    picture = BytesIO()
    segno.make_qr(text).save(picture, kind="png", scale=_PIXELS_A_MODULE)
    return picture.getvalue()


def _resync(given: CodesInput, call: Call) -> object:
    codes = given.authentication_code1, given.authentication_code2
    return commands.ResyncMfaDevice(call.account, given.user_name, given.serial_number, *codes, call.wall_ms)


def _enable(given: CodesInput, call: Call) -> object:
    codes = given.authentication_code1, given.authentication_code2
    return commands.EnableMfaDevice(call.account, given.user_name, given.serial_number, *codes, call.wall_ms)


def _deactivate(given: DeactivateMFADeviceInput, call: Call) -> object:
    return commands.DeactivateMfaDevice(call.account, user_meant(given.user_name, call), given.serial_number)


def _get(given: GetMFADeviceInput, call: Call) -> object:
    return commands.GetMfaDevice(call.account, user_meant(given.user_name, call), given.serial_number)


def _list(given: ListMFADevicesInput, call: Call) -> object:
    name = user_or_root(given.user_name, call)
    return commands.ListMfaDevices(call.account, name, given.marker, given.max_items)


def _list_virtual(given: ListVirtualMFADevicesInput, call: Call) -> object:
    status = one_of(given.assignment_status, "assignmentStatus", tuple(_ASSIGNMENTS))
    return commands.ListVirtualMfaDevices(call.account, _ASSIGNMENTS[status], given.marker, given.max_items)


def _list_tags(given: ListMFADeviceTagsInput, call: Call) -> object:
    return commands.ListMfaDeviceTags(call.account, given.serial_number, given.marker, given.max_items)


def _shown(device: MfaDevice, user: User) -> dict[str, object]:
    assert device.enabled_at_ms is not None
    return {
        "UserName": user.name,
        "SerialNumber": device.serial,
        "EnableDate": instant(device.enabled_at_ms),
    }


def _shown_virtual(device: MfaDevice, user: User | None) -> dict[str, object]:
    enabled = device.enabled_at_ms
    return {
        "SerialNumber": device.serial,
        "User": None if user is None else shown_user(user),
        "EnableDate": None if enabled is None else instant(enabled),
    }


def _listed(found: Page[tuple[MfaDevice, User]], given: object, call: Call) -> Output:
    return {"MFADevices": [_shown(*one) for one in found.items], **page_fields(found)}


def _listed_virtual(found: Page[tuple[MfaDevice, User | None]], given: object, call: Call) -> Output:
    return {"VirtualMFADevices": [_shown_virtual(*one) for one in found.items], **page_fields(found)}


def _listed_tags(found: Page[tuple[str, str]], given: object, call: Call) -> Output:
    return {"Tags": shown_tags(found.items), **page_fields(found)}


def _done(reply: None, given: object, call: Call) -> Output:
    return None


def _user(given: CodesInput | DeactivateMFADeviceInput | GetMFADeviceInput, call: Call) -> str:
    """Who has a device is changed at the user, not at the device (Service Authorization Reference)."""
    return arn_of(user_meant(given.user_name, call), call)


def _device(
    given: DeviceInput | TagMFADeviceInput | UntagMFADeviceInput | ListMFADeviceTagsInput, call: Call
) -> str:
    return given.serial_number


MFA_DEVICE_OPERATIONS = table(
    Operation(
        "CreateVirtualMFADevice",
        CreateVirtualMFADeviceInput,
        "iam:CreateVirtualMFADevice",
        _new_arn,
        _create,
        _created,
        _create_permissions,
    ),
    Operation(
        "DeleteVirtualMFADevice",
        DeviceInput,
        "iam:DeleteVirtualMFADevice",
        _device,
        lambda given, call: commands.DeleteMfaDevice(call.account, given.serial_number),
        _done,
    ),
    Operation("EnableMFADevice", CodesInput, "iam:EnableMFADevice", _user, _enable, _done),
    Operation("ResyncMFADevice", CodesInput, "iam:ResyncMFADevice", _user, _resync, _done),
    Operation(
        "DeactivateMFADevice", DeactivateMFADeviceInput, "iam:DeactivateMFADevice", _user, _deactivate, _done
    ),
    Operation(
        "GetMFADevice",
        GetMFADeviceInput,
        "iam:GetMFADevice",
        _user,
        _get,
        lambda found, given, call: _shown(*found),
    ),
    Operation(
        "ListMFADevices",
        ListMFADevicesInput,
        "iam:ListMFADevices",
        lambda given, call: arn_meant(given.user_name, call),
        _list,
        _listed,
    ),
    Operation(
        "ListVirtualMFADevices",
        ListVirtualMFADevicesInput,
        "iam:ListVirtualMFADevices",
        lambda given, call: str(Arn(PARTITION, "iam", "", call.account, "mfa/")),
        _list_virtual,
        _listed_virtual,
    ),
    Operation(
        "TagMFADevice",
        TagMFADeviceInput,
        "iam:TagMFADevice",
        _device,
        lambda given, call: commands.TagMfaDevice(call.account, given.serial_number, read_tags(given.tags)),
        _done,
        request_tags=tags_set,
    ),
    Operation(
        "UntagMFADevice",
        UntagMFADeviceInput,
        "iam:UntagMFADevice",
        _device,
        lambda given, call: commands.UntagMfaDevice(
            call.account, given.serial_number, read_tag_keys(given.tag_keys)
        ),
        _done,
        request_tags=tags_taken,
    ),
    Operation(
        "ListMFADeviceTags",
        ListMFADeviceTagsInput,
        "iam:ListMFADeviceTags",
        _device,
        _list_tags,
        _listed_tags,
    ),
)
