"""Virtual MFA devices: made, enabled for users, told apart, and what their codes prove.

Invariant: a code is good once, and only after every earlier one; what was taken or refused is written down before it
is answered. Wrong codes cost time: after five in a row no code is looked at for a while, twice as long each time.
"""

from typing import Final

from msgspec.structs import replace

from qanat.core.errors import QanatError
from qanat.core.identity import quotas
from qanat.core.identity.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidAuthenticationCode,
    LimitExceeded,
    MfaCodeRefused,
    MfaDeviceUnknown,
    NoSuchEntity,
    Throttling,
)
from qanat.core.identity.mfa_commands import (
    CreateMfaDevice,
    DeactivateMfaDevice,
    DeleteMfaDevice,
    EnableMfaDevice,
    GetMfaDevice,
    ListMfaDevices,
    ListMfaDeviceTags,
    ListVirtualMfaDevices,
    ResyncMfaDevice,
    TagMfaDevice,
    UntagMfaDevice,
    UseMfaCode,
)
from qanat.core.identity.model import MfaDevice, User
from qanat.core.identity.quotas import check_room
from qanat.core.identity.records import MfaCodeJudged, MfaDeviceDeleted, MfaDevicePut
from qanat.core.identity.store import IdentityStore
from qanat.core.identity.tags import tagged, untagged
from qanat.core.identity.totp import DRIFT_STEPS_MAX, step_at, step_of, step_of_pair
from qanat.core.page import Page, page
from qanat.core.part import Emit, Handlers

# IAM User Guide, reference_iam-quotas.
DEVICES_OF_USER_MAX: Final = 8

# Ours, since AWS does not publish its own. Three codes of a million are good at any time, so whoever guesses for a
# year, at one an hour, is right with a chance of three in a hundred; a person who mistypes does not notice.
WRONG_CODES_FREE: Final = 5
WAIT_MS: Final = 30_000
WAIT_MAX_MS: Final = 3_600_000
_DOUBLINGS_MAX: Final = 7


class MfaDevices:
    def __init__(self, store: IdentityStore, emit: Emit) -> None:
        self._store = store
        self._emit = emit
        self.handlers: Handlers = {
            CreateMfaDevice: self._create,
            DeleteMfaDevice: self._delete,
            EnableMfaDevice: self._enable,
            ResyncMfaDevice: self._resync,
            DeactivateMfaDevice: self._deactivate,
            GetMfaDevice: self._get,
            ListMfaDevices: self._list,
            ListVirtualMfaDevices: self._list_virtual,
            TagMfaDevice: self._tag,
            UntagMfaDevice: self._untag,
            ListMfaDeviceTags: self._list_tags,
            UseMfaCode: self._use,
        }

    def _create(self, command: CreateMfaDevice, now_ms: int) -> MfaDevice:
        self._store.account(command.account)
        device = MfaDevice(
            command.account, command.name, command.path, command.seed, now_ms, tags=command.tags
        )
        if self._store.mfa_devices.get(device.serial) is not None:
            raise EntityAlreadyExists("MFADevice entity at the same path and name already exists.")
        check_room(quotas.MFA_DEVICES, self._store.mfa_devices, command.account)
        self._emit(MfaDevicePut(device))
        return device

    def _delete(self, command: DeleteMfaDevice, now_ms: int) -> None:
        device = self._existing(command.account, command.serial)
        if device.user_id is not None:
            raise DeleteConflict("MFA VirtualDevice in use. Must deactivate first.")
        self._emit(MfaDeviceDeleted(device.serial))

    def _enable(self, command: EnableMfaDevice, now_ms: int) -> QanatError | None:
        """The refusal is the reply where the codes are wrong: that they were is written down."""
        user = self._store.existing_user(command.account, command.user_name)
        device = self._existing(command.account, command.serial)
        if device.user_id is not None:
            raise EntityAlreadyExists("MFA Device is already in use.")
        if len(self._store.devices_of(user)) >= DEVICES_OF_USER_MAX:
            raise LimitExceeded(f"Cannot exceed quota for MFADevicesPerUser: {DEVICES_OF_USER_MAX}")
        return self._synchronize(replace(device, user_id=user.user_id, enabled_at_ms=now_ms), command, now_ms)

    def _resync(self, command: ResyncMfaDevice, now_ms: int) -> QanatError | None:
        """As `_enable`."""
        _, device = self._of_user(command.account, command.user_name, command.serial)
        return self._synchronize(device, command, now_ms)

    def _synchronize(
        self, device: MfaDevice, command: EnableMfaDevice | ResyncMfaDevice, now_ms: int
    ) -> QanatError | None:
        """Where the two codes show the device's clock to be, it is from now on."""
        _check_open(device, now_ms)
        here = step_at(command.at_ms)
        found = step_of_pair(device.seed, command.first_code, command.second_code, here)
        if found is None:
            self._note_wrong(device, now_ms)
            return InvalidAuthenticationCode()
        # Of the two, neither may have been taken before.
        if found - 1 <= device.last_step:
            raise InvalidAuthenticationCode
        ahead = found - here
        if abs(ahead) <= DRIFT_STEPS_MAX:
            # What is let pass anyway may as well be the time that it took to type.
            ahead = 0
        put = replace(device, ahead_steps=ahead, last_step=found, wrong_codes=0, refused_until_ms=0)
        self._emit(MfaDevicePut(put))
        return None

    def _deactivate(self, command: DeactivateMfaDevice, now_ms: int) -> None:
        """Its seed stays, and so does which of its codes were taken."""
        _, device = self._of_user(command.account, command.user_name, command.serial)
        self._emit(MfaDevicePut(replace(device, user_id=None, enabled_at_ms=None)))

    def _get(self, command: GetMfaDevice, now_ms: int) -> tuple[MfaDevice, User]:
        user, device = self._of_user(command.account, command.user_name, command.serial)
        return device, user

    def _list(self, command: ListMfaDevices, now_ms: int) -> Page[tuple[MfaDevice, User]]:
        if command.user_name is None:
            return page((), _serial, command.marker, command.max_items)
        user = self._store.existing_user(command.account, command.user_name)
        devices = [(device, user) for device in self._store.devices_of(user)]
        return page(devices, _serial, command.marker, command.max_items)

    def _list_virtual(
        self, command: ListVirtualMfaDevices, now_ms: int
    ) -> Page[tuple[MfaDevice, User | None]]:
        devices = [
            (device, self._store.user_of(device))
            for device in self._store.mfa_devices.where("account", command.account)
            if command.assigned in (None, device.user_id is not None)
        ]
        return page(devices, _serial, command.marker, command.max_items)

    def _tag(self, command: TagMfaDevice, now_ms: int) -> None:
        device = self._existing(command.account, command.serial)
        self._put(device, replace(device, tags=tagged(device.tags, command.tags)))

    def _untag(self, command: UntagMfaDevice, now_ms: int) -> None:
        device = self._existing(command.account, command.serial)
        self._put(device, replace(device, tags=untagged(device.tags, command.keys)))

    def _list_tags(self, command: ListMfaDeviceTags, now_ms: int) -> Page[tuple[str, str]]:
        tags = self._existing(command.account, command.serial).tags
        return page(tags, lambda tag: tag[0], command.marker, command.max_items)

    def _use(self, command: UseMfaCode, now_ms: int) -> int | QanatError:
        user = self._store.users.get((command.account, command.user_name))
        device = self._store.mfa_devices.get(command.serial)
        if user is None or device is None or device.user_id != user.user_id:
            raise MfaDeviceUnknown
        _check_open(device, now_ms)
        found = step_of(device.seed, command.code, step_at(command.at_ms) + device.ahead_steps)
        if found is None:
            self._note_wrong(device, now_ms)
            return MfaCodeRefused()
        if found <= device.last_step:
            # Right once, and nobody learns anything from sending it again: it is not held against the user.
            raise MfaCodeRefused
        self._emit(MfaCodeJudged(device.serial, found, 0, 0))
        return now_ms

    def _note_wrong(self, device: MfaDevice, now_ms: int) -> None:
        wrong = device.wrong_codes + 1
        self._emit(MfaCodeJudged(device.serial, device.last_step, wrong, now_ms + wait_ms(wrong)))

    def _existing(self, account: str, serial: str) -> MfaDevice:
        """Raises NoSuchEntity, for a device of another account too."""
        device = self._store.mfa_devices.get(serial)
        if device is None or device.account != account:
            raise NoSuchEntity(f"VirtualMFADevice with serial number {serial} does not exist.")
        return device

    def _of_user(self, account: str, user_name: str, serial: str) -> tuple[User, MfaDevice]:
        """Raises NoSuchEntity."""
        user = self._store.existing_user(account, user_name)
        device = self._existing(account, serial)
        if device.user_id != user.user_id:
            raise NoSuchEntity("MFA Device invalid for user.")
        return user, device

    def _put(self, device: MfaDevice, modified: MfaDevice) -> None:
        if modified != device:
            self._emit(MfaDevicePut(modified))


def wait_ms(wrong_codes: int) -> int:
    """How long no code is looked at after so many wrong ones in a row."""
    if wrong_codes < WRONG_CODES_FREE:
        return 0
    return min(WAIT_MS << min(wrong_codes - WRONG_CODES_FREE, _DOUBLINGS_MAX), WAIT_MAX_MS)


def _check_open(device: MfaDevice, now_ms: int) -> None:
    """Raises Throttling, and writes nothing: who goes on asking fills no log."""
    if now_ms < device.refused_until_ms:
        raise Throttling


def _serial(item: tuple[MfaDevice, object]) -> str:
    return item[0].serial
