"""Settings: `qanat.toml` in the working directory, then `QANAT_...` in the environment, then flags; later ones win.

Every setting has a row in the struct below. An unknown one is an error, wherever it stands. Secrets are no settings:
they come from the environment alone, so that no file and no list of processes shows them.
"""

import reprlib
import tomllib
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from qanat.core.names import ACCOUNT_ID, REGION

FILE_NAME: Final = "qanat.toml"
_PREFIX: Final = "QANAT_"
MASTER_KEY: Final = "QANAT_MASTER_KEY"
NEW_MASTER_KEY: Final = "QANAT_NEW_MASTER_KEY"
SECRETS: Final = frozenset({MASTER_KEY, NEW_MASTER_KEY})
"""Variables of the environment that no setting is made of: base64 of 32 bytes. `take_secret` reads them."""
_LISTS: Final = ("public_hosts", "regions")
"""In the environment their elements have commas between them."""


class SettingsInvalid(Exception):
    """A setting that is unknown or cannot be what it says; one line."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    data: str = "./qanat-data"
    """The directory that holds everything; made at first start."""
    listen: str = "127.0.0.1:9324"
    """HOST:PORT of the public listener; port 0 takes a free one."""
    metrics_listen: str | None = None
    """HOST:PORT of a listener for `GET /metrics`, where anyone who can connect may read; None has none."""
    region: str = "us-east-2"
    """The default region."""
    regions: tuple[str, ...] = ()
    """Further regions that it serves."""
    account: str = "123456789012"
    """The account made at first start."""
    network: str | None = None
    """`netns` or `loopback`; None takes the best that the system allows."""
    public_hosts: tuple[str, ...] = ()
    """Further names by which clients reach the public listener, for QueueUrls and the certificate."""
    certificate: str | None = None
    """PEM file of the operator's own certificate for the public listener; needs `certificate_key`."""
    certificate_key: str | None = None
    cooldown_s: int = 60
    """How long a deleted queue's name rests and a purge keeps the next away. AWS: 60; less is for tests."""
    log_level: str = "info"
    audit: bool = True
    """Whether calls that manage are written to the audit log."""
    audit_data_events: bool = False
    """Whether calls on messages are, too."""
    audit_file_bytes: int = 100_000_000
    """A file of the audit log that has grown to this is put aside."""
    audit_files_kept: int = 10
    """How many of those stay."""
    master_key_file: str | None = None
    """The file of the master key; None is `master.key` in the data directory. Made at first start."""

    def __post_init__(self) -> None:
        _check(bool(self.data), "data", self.data, "the name of a directory")
        _check(bool(ACCOUNT_ID.match(self.account)), "account", self.account, "twelve digits")
        _check(bool(REGION.match(self.region)), "region", self.region, "a region such as us-east-2")
        for region in self.regions:
            _check(bool(REGION.match(region)), "regions", region, "regions such as us-east-2")
        _check(self.network in (None, "netns", "loopback"), "network", self.network, "netns or loopback")
        _check(0 <= self.cooldown_s <= 3_600, "cooldown_s", self.cooldown_s, "0 to 3600")
        _check(
            self.log_level in ("debug", "info", "warning", "error"),
            "log_level",
            self.log_level,
            "debug, info, warning or error",
        )
        _check(
            (self.certificate is None) == (self.certificate_key is None),
            "certificate",
            self.certificate,
            "given together with certificate_key",
        )
        _check(self.audit_file_bytes >= 4_096, "audit_file_bytes", self.audit_file_bytes, "4096 or more")
        _check(1 <= self.audit_files_kept <= 10_000, "audit_files_kept", self.audit_files_kept, "1 to 10000")
        _check(self.master_key_file != "", "master_key_file", self.master_key_file, "the name of a file")
        host_and_port(self.listen)
        if self.metrics_listen is not None:
            host_and_port(self.metrics_listen, "metrics_listen")

    @property
    def served_regions(self) -> tuple[str, ...]:
        """The default one first."""
        return tuple(dict.fromkeys((self.region, *self.regions)))

    @property
    def data_directory(self) -> Path:
        return Path(self.data).expanduser().absolute()

    @property
    def master_key_path(self) -> Path:
        if self.master_key_file is None:
            return self.data_directory / "master.key"
        return Path(self.master_key_file).expanduser().absolute()


def host_and_port(listen: str, name: str = "listen") -> tuple[str, int]:
    """`127.0.0.1:9324` or `[::1]:9324`. Raises SettingsInvalid."""
    host, _, port = listen.rpartition(":")
    _check(
        bool(host) and port.isascii() and port.isdigit() and int(port) < 65_536,
        name,
        listen,
        "HOST:PORT",
    )
    return host.removeprefix("[").removesuffix("]"), int(port)


def load(directory: Path, environment: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """The settings from all three places; a flag that is None was not given. Raises SettingsInvalid."""
    path = directory / FILE_NAME
    found = _known(_read(path), f"in {path}")
    for variable, text in environment.items():
        if variable.startswith(_PREFIX) and variable not in SECRETS:
            name = variable.removeprefix(_PREFIX).lower()
            value = text.split(",") if name in _LISTS else text
            found |= _known({name: value}, f"for {variable} in the environment")
    found |= {name: value for name, value in flags.items() if value is not None}
    return Settings(**{name: _converted(name, value) for name, value in found.items()})


def take_secret(variable: str, environment: MutableMapping[str, str], settings: Settings) -> str | None:
    """The secret, taken out of `environment` so that no program started from here inherits it.

    Raises SettingsInvalid where a file was named for it as well: one of the two would be ignored.
    """
    assert variable in SECRETS
    secret = environment.pop(variable, None)
    if secret is not None and settings.master_key_file is not None:
        raise SettingsInvalid(f"master_key_file and {variable} are both given: give one of them")
    return secret


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsInvalid(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SettingsInvalid(f"{path} cannot be read: {error}") from error


def _known(found: dict[str, Any], where: str) -> dict[str, Any]:
    for name in found:
        if name not in _TYPES:
            known = ", ".join(_TYPES)
            raise SettingsInvalid(f"there is no setting {reprlib.repr(name)}, {where}; there are: {known}")
    return found


def _converted(name: str, value: object) -> Any:
    """Text from the environment is read as what the setting is."""
    try:
        return msgspec.convert(value, _TYPES[name], strict=False)
    except msgspec.ValidationError:
        wanted = {bool: "true or false", int: "a whole number", tuple[str, ...]: "a list of texts"}.get(
            _TYPES[name], "a text"
        )
        _check(False, name, value, wanted)


_TYPES: Final[Mapping[str, Any]] = {field.name: field.type for field in msgspec.structs.fields(Settings)}


def _check(holds: bool, name: str, value: object, wanted: str) -> None:
    if not holds:
        raise SettingsInvalid(f"{name} is {reprlib.repr(value)}, but must be {wanted}")
