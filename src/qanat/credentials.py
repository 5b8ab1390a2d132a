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


def read_key(directory: Path, profile: str) -> KeyPair | None:
    """The key of a profile, or None where there is none."""
    parser = _parser()
    parser.read(directory / CREDENTIALS)
    if not parser.has_section(profile):
        return None
    section = parser[profile]
    key_id, secret = section.get("aws_access_key_id"), section.get("aws_secret_access_key")
    return (key_id, secret) if key_id and secret else None


def write_key(directory: Path, profile: str, key: KeyPair) -> None:
    """Adds or replaces one profile and keeps the others. Raises OSError."""
    parser = _parser()
    parser.read(directory / CREDENTIALS)
    parser[profile] = {"aws_access_key_id": key[0], "aws_secret_access_key": key[1]}
    write_private(directory / CREDENTIALS, _text(parser))


def write_config(directory: Path, region: str, endpoint_url: str) -> None:
    """Raises OSError."""
    parser = _parser()
    parser[DEFAULT] = {
        "region": region,
        "endpoint_url": endpoint_url,
        "ca_bundle": str(directory / CA),
    }
    write_private(directory / CONFIG, _text(parser))


def read_config(directory: Path) -> dict[str, str] | None:
    """Region, endpoint_url and ca_bundle of the server that last ran here; None if none ever did."""
    parser = _parser()
    if not parser.read(directory / CONFIG) or not parser.has_section(DEFAULT):
        return None
    return dict(parser[DEFAULT])


def _parser() -> configparser.ConfigParser:
    return configparser.ConfigParser(default_section="no such section", interpolation=None)


def _text(parser: configparser.ConfigParser) -> bytes:
    lines: list[str] = []
    for section in parser.sections():
        lines += f"[{section}]", *(f"{name} = {value}" for name, value in parser[section].items()), ""
    return "\n".join(lines).encode()
