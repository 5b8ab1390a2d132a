"""Session tokens as they come in: opened once, then known until they are pushed out."""

from collections import OrderedDict
from typing import Final

from qanat.core.identity.model import (
    Caller,
    PrincipalType,
    caller_of,
    federated_user,
    role_session,
    root_of,
)
from qanat.core.identity.session_tokens import Credentials, SessionKind, opened
from qanat.core.identity.state import IdentityState

_TOKENS_MAX: Final = 4_096
# Of the tokens and what they hold: most have some hundred, but one of 500 may hold 80,000 if they are all the same.
_CHARACTERS_MAX: Final = 16 * 1024 * 1024


class Sessions:
    def __init__(self, identity: IdentityState) -> None:
        self._identity = identity
        self._opened: OrderedDict[bytes, tuple[Credentials, int]] = OrderedDict()
        self._characters = 0

    def credentials(self, token: bytes) -> Credentials | None:
        """None where the token was not made here."""
        known = self._opened.get(token)
        if known is not None:
            return known[0]
        key = self._identity.session_key()
        found = None if key is None else opened(key, token)
        if found is not None:
            self._keep(token, found)
        return found

    def _keep(self, token: bytes, credentials: Credentials) -> None:
        characters = len(token) + _length(credentials)
        self._opened[token] = credentials, characters
        self._characters += characters
        while len(self._opened) > _TOKENS_MAX or self._characters > _CHARACTERS_MAX:
            _, (_, dropped) = self._opened.popitem(last=False)
            self._characters -= dropped

    def caller(self, credentials: Credentials) -> Caller | None:
        """Whom the session is of, as it is now; None where that role or user is no more."""
        session, account = credentials.session, credentials.account
        if credentials.kind is SessionKind.ROOT:
            if not self._identity.has_account(account):
                return None
            root = root_of(account)
            return Caller(PrincipalType.ACCOUNT, account, root.arn, root.unique_id, session=session)
        if credentials.kind is SessionKind.ROLE:
            role = self._identity.role_of_id(session.issuer_id)
            return None if role is None else role_session(role, credentials.name, session)
        user = self._identity.user_of_id(session.issuer_id)
        if user is None:
            return None
        if credentials.kind is SessionKind.FEDERATED:
            return federated_user(user, credentials.name, session)
        return caller_of(user, session)


def _length(credentials: Credentials) -> int:
    session = credentials.session
    tags = sum(len(key) + len(value) for key, value in session.tags)
    return tags + sum(map(len, (*(session.policies or ()), *session.policy_arns)))
