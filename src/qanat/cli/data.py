"""What the other commands need of a data directory that a server has used: its config, and its users' keys."""

import argparse
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qanat import config, credentials
from qanat.cli import doors
from qanat.cli.client import ServerUnreachable
from qanat.cli.errors import CommandFailed
from qanat.cli.iam import Iam
from qanat.core.names import ACCOUNT_ID

KeyPair = credentials.KeyPair


@dataclass(frozen=True, slots=True)
class DataDirectory:
    path: Path
    region: str
    account: str
    """The first, whose administrator's key is the default profile."""
    endpoint_url: str
    ca_bundle: Path

    @property
    def credentials_file(self) -> Path:
        return self.path / credentials.CREDENTIALS

    @property
    def config_file(self) -> Path:
        return self.path / credentials.CONFIG

    def key_of(self, user_name: str | None, account: str | None = None) -> KeyPair:
        """The key of an account's administrator or of a user there: from the credentials file, else a new one.

        A secret is told once, so a key made here is kept in the credentials file as a profile of its own. `account`
        is the first where it is None. Raises CommandFailed.
        """
        further = None if account == self.account else account
        with self.alone():
            administrator = self._key_of_administrator(further)
            return (
                administrator if user_name is None else self._key_of_user(user_name, further, administrator)
            )

    def _key_of_administrator(self, account: str | None) -> KeyPair:
        if account is None:
            found = credentials.read_key(self.path, credentials.DEFAULT)
            if found is None:
                raise CommandFailed(
                    f"{self.credentials_file} has no key of the administrator: restart the server, which makes "
                    "one where that file is missing"
                )
            return found
        profile = credentials.profile_of_account(account)
        found = credentials.read_key(self.path, profile)
        if found is None:
            found = doors.administrator_key(self.path, "key", account)
            credentials.write_key(self.path, profile, found)
        return found

    def _key_of_user(self, user_name: str, account: str | None, administrator: KeyPair) -> KeyPair:
        iam = Iam(self.endpoint_url, self.region, self.ca_bundle, administrator)
        profile = credentials.profile_of(user_name, account)
        key = credentials.read_key(self.path, profile)
        if key is None or not _stands(key, iam, user_name):
            key = iam.new_access_key(user_name)
            credentials.write_key(self.path, profile, key)
        return key

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One command at a time: two that make a key at once would lose one, and a user may have no more than two."""
        fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def _stands(key: KeyPair, iam: Iam, user_name: str) -> bool:
    """Whether the user still has that key: users are deleted, and made again by the same name, with other keys."""
    try:
        return key[0] in iam.access_key_ids(user_name)
    except ServerUnreachable:
        return True  # nothing better is to be had, and it may well be


def add_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", metavar="DIR", help="the server's data directory (./qanat-data)")


def add_account_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--account", type=account_id, metavar="ID", help="another account than the server's first"
    )


def account_id(text: str) -> str:
    if not ACCOUNT_ID.match(text):
        raise argparse.ArgumentTypeError("an account is twelve digits")
    return text


def open_directory(given: str | None, environment: Mapping[str, str]) -> DataDirectory:
    """Raises CommandFailed where no server has run there."""
    path = config.load(Path.cwd(), environment, {"data": given}).data_directory
    found = credentials.read_config(path)
    if found is None or not all(name in found for name in _NEEDED):
        raise CommandFailed(
            f"no server has run with {path}: start one (qanat serve), or name another by --data"
        )
    return DataDirectory(
        path, found["region"], found["aws_account_id"], found["endpoint_url"], Path(found["ca_bundle"])
    )


_NEEDED: Final = ("region", "aws_account_id", "endpoint_url", "ca_bundle")
