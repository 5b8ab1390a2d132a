"""What may be asked of virtual MFA devices. `at_ms` is of the wall clock, as a device's is."""

from msgspec import Struct


class CreateMfaDevice(Struct, frozen=True):
    """-> MfaDevice"""

    account: str
    name: str
    path: str
    seed: bytes
    tags: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"CreateMfaDevice({self.account!r}, {self.name!r}, {self.path!r}, seed=hidden)"


class DeleteMfaDevice(Struct, frozen=True):
    account: str
    serial: str


class EnableMfaDevice(Struct, frozen=True):
    account: str
    user_name: str
    serial: str
    first_code: str
    second_code: str
    at_ms: int


class ResyncMfaDevice(Struct, frozen=True):
    account: str
    user_name: str
    serial: str
    first_code: str
    second_code: str
    at_ms: int


class DeactivateMfaDevice(Struct, frozen=True):
    account: str
    user_name: str
    serial: str


class GetMfaDevice(Struct, frozen=True):
    """-> (MfaDevice, its User)"""

    account: str
    user_name: str
    serial: str


class ListMfaDevices(Struct, frozen=True):
    """-> Page[(MfaDevice, its User)], of one user; without a name root's, which has none."""

    account: str
    user_name: str | None
    marker: str | None = None
    max_items: int = 100


class ListVirtualMfaDevices(Struct, frozen=True):
    """-> Page[(MfaDevice, its User or None)], of those that somebody has, that nobody has, or (None) of all."""

    account: str
    assigned: bool | None = None
    marker: str | None = None
    max_items: int = 100


class TagMfaDevice(Struct, frozen=True):
    account: str
    serial: str
    tags: tuple[tuple[str, str], ...]


class UntagMfaDevice(Struct, frozen=True):
    account: str
    serial: str
    keys: tuple[str, ...]


class ListMfaDeviceTags(Struct, frozen=True):
    account: str
    serial: str
    marker: str | None = None
    max_items: int = 100


class UseMfaCode(Struct, frozen=True):
    """-> when it was shown (ms, the node's clock), or the refusal: a wrong code is written down, too."""

    account: str
    user_name: str
    serial: str
    code: str
    at_ms: int
