"""Accounts and their administrators, and the local door by which `qanat account` makes and lists them.

No API of AWS makes an account from nothing, so none here does: whoever owns the data directory may, and nobody else.
"""

import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from qanat.api.door import LocalDoor, in_thread
from qanat.api.ids import RandomIds
from qanat.core.identity import commands as c
from qanat.core.identity.errors import LimitExceeded, NoSuchEntity, ValidationError
from qanat.core.identity.holders import HolderKind
from qanat.core.identity.model import Session
from qanat.core.identity.records import ControlPoliciesSet
from qanat.core.identity.session_tokens import Credentials, SessionKind, packed, seal
from qanat.core.identity.state import IdentityState
from qanat.core.limits import Bounds
from qanat.core.names import ACCOUNT_ID
from qanat.net import fds
from qanat.net.errors import NetworkUnavailable

logger = logging.getLogger(__name__)

SOCKET_NAME: Final = "accounts.sock"
ACCOUNTS_MAX: Final = 1_000
"""So that one message holds the list of them."""
ROOT_SESSION_S: Final = Bounds(900, 3_600)
ADMINISTRATOR: Final = "admin"
_POLICY_NAME: Final = "AdministratorAccess"
_POLICY: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


class Wish(Struct):
    """What the command line asks for: a new account, a new key of an account's administrator, temporary credentials of
    its root, to see or to set its control policies, or a list of all accounts."""

    do: Literal["create", "key", "root", "policies", "restrict", "list"]
    account: str = ""
    duration_s: int = 3_600
    service: tuple[tuple[str, ...], ...] = ()
    resource: tuple[tuple[str, ...], ...] = ()


class Accounts:
    def __init__(
        self, identity: IdentityState, ask: Callable[[object], Awaitable[Any]], wall_ms: Callable[[], int]
    ) -> None:
        self._identity = identity
        self._ask = ask
        self._wall_ms = wall_ms
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
            await self._ask(c.PutInlinePolicy(HolderKind.USER, account, ADMINISTRATOR, _POLICY_NAME, _POLICY))
        keys = (await self._ask(c.ListAccessKeys(account, ADMINISTRATOR))).items
        if len(keys) > 1:
            oldest = min(keys, key=lambda key: key.created_at_ms)
            await self._ask(c.DeleteAccessKey(account, ADMINISTRATOR, oldest.access_key_id))
        key = await self._ask(c.CreateAccessKey(account, ADMINISTRATOR, ids.access_key(), ids.secret()))
        return key.access_key_id, key.secret

    async def root_credentials(self, account: str, duration_s: int) -> tuple[str, str, str]:
        """(id, secret, token) of root, who has no key that lasts. Raises NoSuchEntity, ValidationError.

        It is how a queue policy is mended that shuts everybody out.
        """
        if not self._identity.has_account(account):
            raise NoSuchEntity(f"Account {account} cannot be found.")
        if not ROOT_SESSION_S.low <= duration_s <= ROOT_SESSION_S.high:
            raise ValidationError(
                f"root's credentials last {ROOT_SESSION_S.low} to {ROOT_SESSION_S.high} seconds"
            )
        now_ms, key = self._wall_ms(), self._identity.session_key()
        assert key is not None, "the first start makes it"
        expires_at_ms = now_ms + duration_s * 1000
        session = Session(self._ids.temporary_access_key(), now_ms, expires_at_ms, account, "root")
        made = Credentials(session.access_key_id, self._ids.secret(), SessionKind.ROOT, account, "", session)
        logger.info("credentials of root of account %s given out for %d s", account, duration_s)
        return made.access_key_id, made.secret, seal(key, self._ids.nonce(), packed(made))

    async def restrict(self, wish: Wish) -> None:
        """Raises NoSuchEntity, LimitExceeded, MalformedPolicyDocument."""
        await self._ask(c.SetControlPolicies(wish.account, wish.service, wish.resource))

    def control_policies(self, account: str) -> dict[str, object]:
        """Raises NoSuchEntity."""
        if not self._identity.has_account(account):
            raise NoSuchEntity(f"Account {account} cannot be found.")
        kept = self._identity.control_policies(account) or ControlPoliciesSet(account)
        return {"account": account, "service": kept.service, "resource": kept.resource}

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
        elif wish.do == "root":
            answer = {"key": await self._accounts.root_credentials(wish.account, wish.duration_s)}
        elif wish.do == "policies":
            answer = {"policies": self._accounts.control_policies(wish.account)}
        elif wish.do == "restrict":
            await self._accounts.restrict(wish)
            answer = {"policies": self._accounts.control_policies(wish.account)}
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
