"""The files that AWS SDKs read, in the data directory: `credentials` and `config`, mode 0600."""

import configparser
from pathlib import Path
from typing import Final

from qanat.net.tls import write_private

CREDENTIALS: Final = "credentials"
CONFIG: Final = "config"
CA: Final = "ca.pem"
DEFAULT: Final = "default"
KeyPair = tuple[str, str]
"""(access key id, secret)"""


class CredentialsUnreadable(Exception):
    """A file of ours that is damaged, or that somebody has edited wrongly; one line."""


def profile_of_account(account: str) -> str:
    """The profile that holds the key of the administrator of a further account."""
    return f"account/{account}"


def profile_of(user_name: str, account: str | None = None) -> str:
    """The profile that holds a user's key; never an administrator's, whatever the user is called.

    `account` is a further account, None the first.
    """
    # No name of a user has a slash in it.
    if account is not None:
        return f"{account}/{user_name}"
    return f"user/{user_name}" if user_name == DEFAULT else user_name


def read_key(directory: Path, profile: str) -> KeyPair | None:
    """The key of a profile, or None where there is none. Raises CredentialsUnreadable, OSError."""
    parser = _read(directory / CREDENTIALS)
    if not parser.has_section(profile):
        return None
    section = parser[profile]
    key_id, secret = section.get("aws_access_key_id"), section.get("aws_secret_access_key")
    return (key_id, secret) if key_id and secret else None


def write_key(directory: Path, profile: str, key: KeyPair) -> None:
    """Adds or replaces one profile and keeps the others. Raises CredentialsUnreadable, OSError."""
    parser = _read(directory / CREDENTIALS)
    parser[profile] = {"aws_access_key_id": key[0], "aws_secret_access_key": key[1]}
    write_private(directory / CREDENTIALS, _text(parser))


def write_config(directory: Path, region: str, account: str, endpoint_url: str) -> None:
    """Raises OSError."""
    parser = _parser()
    parser[DEFAULT] = {
        "region": region,
        "aws_account_id": account,
        "endpoint_url": endpoint_url,
        "ca_bundle": str(directory / CA),
    }
    write_private(directory / CONFIG, _text(parser))


def read_config(directory: Path) -> dict[str, str] | None:
    """Region, aws_account_id, endpoint_url and ca_bundle of the server that last ran here; None if none ever did.

    Raises CredentialsUnreadable, OSError.
    """
    parser = _read(directory / CONFIG)
    return dict(parser[DEFAULT]) if parser.has_section(DEFAULT) else None


def _read(path: Path) -> configparser.ConfigParser:
    parser = _parser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise CredentialsUnreadable(f"{path} cannot be read: {error}") from error
    return parser


def _parser() -> configparser.ConfigParser:
    return configparser.ConfigParser(default_section="no such section", interpolation=None)


def _text(parser: configparser.ConfigParser) -> bytes:
    lines: list[str] = []
    for section in parser.sections():
        lines += f"[{section}]", *(f"{name} = {value}" for name, value in parser[section].items()), ""
    return "\n".join(lines).encode()
