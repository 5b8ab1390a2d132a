"""Accounts and their administrators, and the local door by which `qanat account` makes and lists them.

No API of AWS makes an account from nothing, so none here does: whoever owns the data directory may, and nobody else.
"""

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from qanat.api.door import LocalDoor, in_thread
from qanat.api.ids import RandomIds
from qanat.core.identity import commands as c
from qanat.core.identity.errors import LimitExceeded
from qanat.core.identity.state import IdentityState
from qanat.core.names import ACCOUNT_ID
from qanat.net import fds
from qanat.net.errors import NetworkUnavailable

SOCKET_NAME: Final = "accounts.sock"
ACCOUNTS_MAX: Final = 1_000
"""So that one message holds the list of them."""
ADMINISTRATOR: Final = "admin"
_POLICY_NAME: Final = "AdministratorAccess"
_POLICY: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


class Wish(Struct):
    """What the command line asks for: a new account, a new key of an account's administrator, or a list of them all."""

    do: Literal["create", "key", "list"]
    account: str = ""


class Accounts:
    def __init__(self, identity: IdentityState, ask: Callable[[object], Awaitable[Any]]) -> None:
        self._identity = identity
        self._ask = ask
        self._ids = RandomIds()

    async def create(self, account: str) -> tuple[str, str]:
        """The new account's administrator's key (id, secret). Raises EntityAlreadyExists, LimitExceeded."""
        if len(self._identity.accounts()) >= ACCOUNTS_MAX:
            raise LimitExceeded(f"Cannot exceed {ACCOUNTS_MAX} accounts.")
        await self._ask(c.CreateAccount(account))
        return await self.new_key(account)

    async def new_key(self, account: str) -> tuple[str, str]:
        """(id, secret) of a new key of the administrator, who is made if there is none; the oldest of two keys goes.

        Raises NoSuchEntity where there is no such account.
        """
        ids = self._ids
        if self._identity.user(account, ADMINISTRATOR) is None:
            await self._ask(c.CreateUser(account, ADMINISTRATOR, "/", ids.iam("AIDA")))
        user = self._identity.user(account, ADMINISTRATOR)
        if user is not None and not user.policies:
            await self._ask(c.PutUserPolicy(account, ADMINISTRATOR, _POLICY_NAME, _POLICY))
        keys = (await self._ask(c.ListAccessKeys(account, ADMINISTRATOR))).items
        if len(keys) > 1:
            oldest = min(keys, key=lambda key: key.created_at_ms)
            await self._ask(c.DeleteAccessKey(account, ADMINISTRATOR, oldest.access_key_id))
        key = await self._ask(c.CreateAccessKey(account, ADMINISTRATOR, ids.access_key(), ids.secret()))
        return key.access_key_id, key.secret

    def listed(self) -> list[dict[str, object]]:
        return [
            {"account": one.account, "created_at_ms": one.created_at_ms} for one in self._identity.accounts()
        ]


class AccountDoor:
    def __init__(self, directory: Path, accounts: Accounts) -> None:
        self._accounts = accounts
        self._door = LocalDoor(directory, SOCKET_NAME, self._visit)
        self.open, self.close = self._door.open, self._door.close

    async def _visit(self, connection: socket.socket) -> None:
        wish = await in_thread(connection, lambda: _wish(connection))
        answer: dict[str, object]
        if wish.do == "list":
            answer = {"accounts": self._accounts.listed()}
        else:
            make = self._accounts.create if wish.do == "create" else self._accounts.new_key
            answer = {"key": await make(wish.account)}
        await in_thread(connection, lambda: fds.send(connection, answer))


def _wish(connection: socket.socket) -> Wish:
    """Raises NetworkUnavailable where it cannot be read."""
    message, handed = fds.receive(connection)
    fds.close_all(handed)
    try:
        wish = msgspec.convert(message, Wish)
    except msgspec.ValidationError as error:
        raise NetworkUnavailable(f"the wish for an account cannot be read: {error}") from None
    if wish.do != "list" and not ACCOUNT_ID.match(wish.account):
        raise NetworkUnavailable("an account's id is twelve digits")
    return wish
