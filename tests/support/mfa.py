"""A telephone with an authenticator on it: RFC 6238 once more, so that nothing of ours vouches for itself."""

import base64
import hashlib
import hmac
import struct
import time
from typing import Any

STEP_S = 30


def code_at(seed: bytes, step: int) -> str:
    digest = hmac.new(seed, struct.pack(">Q", step), hashlib.sha1).digest()
    (number,) = struct.unpack_from(">I", digest, digest[19] & 15)
    return str(number & 0x7FFFFFFF)[-6:].zfill(6)


class Phone:
    """Holds the seed of one device, and shows each of its codes once.

    A code is for now or for the next step, so that the server takes it whenever within half a minute it gets there.
    """

    def __init__(self, made: dict[str, Any]) -> None:
        """Of an answer to CreateVirtualMFADevice."""
        device = made["VirtualMFADevice"]
        self.serial: str = device["SerialNumber"]
        self.seed = base64.b32decode(device["Base32StringSeed"])
        self._shown = 0

    def two_codes(self) -> dict[str, str]:
        """Parameters of EnableMFADevice and ResyncMFADevice: those of the last step and of this one."""
        now = int(time.time()) // STEP_S
        self._shown = now
        return {
            "AuthenticationCode1": code_at(self.seed, now - 1),
            "AuthenticationCode2": code_at(self.seed, now),
        }

    def code(self) -> str:
        now = int(time.time()) // STEP_S
        step = max(now, self._shown + 1)
        assert step <= now + 1, "the device has no code yet that was not shown; take another device"
        self._shown = step
        return code_at(self.seed, step)

    def showing(self) -> dict[str, str]:
        """Parameters of GetSessionToken and AssumeRole."""
        return {"SerialNumber": self.serial, "TokenCode": self.code()}

    def wrong_code(self) -> str:
        """Of no step near this one."""
        now = int(time.time()) // STEP_S
        near = {code_at(self.seed, step) for step in range(now - 30, now + 30)}
        return next(code for code in ("000000", "111111", "222222") if code not in near)


def new_phone(iam: Any, user_name: str, device: str | None = None, path: str = "/") -> Phone:
    """Of a device that is made and enabled for the user; it has the user's name unless told another."""
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=device or user_name, Path=path)
    phone = Phone(made)
    iam.enable_mfa_device(UserName=user_name, SerialNumber=phone.serial, **phone.two_codes())
    return phone
