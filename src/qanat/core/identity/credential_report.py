"""The credential report: a line of CSV for root and for each user of an account (IAM User Guide,
id_credentials_getting-report).

A report is kept in memory and nowhere else: it is good for four hours, and whoever wants one asks for it first.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Final

from msgspec import Struct

from qanat.core.identity.access_keys import ACCESS_KEYS_OF_USER_MAX
from qanat.core.identity.commands import GenerateCredentialReport, GetCredentialReport
from qanat.core.identity.errors import CredentialReportExpired, CredentialReportNotPresent
from qanat.core.identity.model import AccessKey, KeyUse, User
from qanat.core.identity.store import IdentityStore
from qanat.core.names import root_arn
from qanat.core.part import Handlers

GOOD_FOR_MS: Final = 4 * 60 * 60 * 1000

_NONE: Final = "N/A"
_NOT_SUPPORTED: Final = "not_supported"
_COLUMNS: Final = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(
        f"access_key_{number}_{column}"
        for number in (1, 2)
        for column in ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
    ),
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)


class CredentialReport(Struct, frozen=True):
    content: str
    made_at_ms: int


class CredentialReports:
    def __init__(self, store: IdentityStore) -> None:
        self._store = store
        self._made: dict[str, CredentialReport] = {}
        """The newest of each account."""
        self.handlers: Handlers = {
            GenerateCredentialReport: self._generate,
            GetCredentialReport: self._get,
        }

    def _generate(self, command: GenerateCredentialReport, now_ms: int) -> bool:
        """As on AWS, nothing is done while there is one that is good."""
        kept = self._made.get(command.account)
        if kept is not None and _is_good(kept, now_ms):
            return False
        self._made[command.account] = CredentialReport(self._written(command.account), now_ms)
        return True

    def _get(self, command: GetCredentialReport, now_ms: int) -> CredentialReport:
        kept = self._made.get(command.account)
        if kept is None:
            raise CredentialReportNotPresent
        if not _is_good(kept, now_ms):
            raise CredentialReportExpired
        return kept

    def _written(self, account: str) -> str:
        written = StringIO()
        rows = csv.writer(written, lineterminator="\n")
        rows.writerow(_COLUMNS)
        rows.writerow(self._root(account))
        rows.writerows(self._user(user) for user in self._store.users.where("account", account))
        return written.getvalue()

    def _root(self, account: str) -> list[str]:
        made = _instant(self._store.account(account).created_at_ms)
        password = (_NOT_SUPPORTED, "no_information", _NOT_SUPPORTED, _NOT_SUPPORTED)
        # Root has no device, and no key that one would guard.
        mfa = _told(False)
        return ["<root_account>", root_arn(account), made, *password, mfa, *self._keys([]), *_CERTIFICATES]

    def _user(self, user: User) -> list[str]:
        password = (_told(False), _NONE, _NONE, _NONE)
        mfa = _told(bool(self._store.devices_of(user)))
        keys = sorted(self._store.keys_of(user), key=lambda key: (key.created_at_ms, key.access_key_id))
        made = _instant(user.created_at_ms)
        return [user.name, user.arn, made, *password, mfa, *self._keys(keys), *_CERTIFICATES]

    def _keys(self, keys: list[AccessKey]) -> Iterator[str]:
        for number in range(ACCESS_KEYS_OF_USER_MAX):
            if number < len(keys):
                key = keys[number]
                yield from (_told(key.active), _instant(key.created_at_ms))
                yield from _used(self._store.key_uses.get(key.access_key_id))
            else:
                yield from (_told(False), _NONE, _NONE, _NONE, _NONE)


def _used(use: KeyUse | None) -> tuple[str, str, str]:
    return (_NONE, _NONE, _NONE) if use is None else (_instant(use.at_ms), use.region, use.service)


def _is_good(report: CredentialReport, now_ms: int) -> bool:
    return now_ms - report.made_at_ms < GOOD_FOR_MS


def _told(value: bool) -> str:
    return "true" if value else "false"


# Nobody has any.
_CERTIFICATES: Final = (_told(False), _NONE, _told(False), _NONE)


def _instant(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat()
