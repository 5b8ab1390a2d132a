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

# A token is 300 to 8,000 bytes, its credentials as much again.
_TOKENS_MAX: Final = 4_096


class Sessions:
    def __init__(self, identity: IdentityState) -> None:
        self._identity = identity
        self._opened: OrderedDict[bytes, Credentials] = OrderedDict()

    def credentials(self, token: bytes) -> Credentials | None:
        """None where the token was not made here."""
        found = self._opened.get(token)
        if found is not None:
            return found
        key = self._identity.session_key()
        found = None if key is None else opened(key, token)
        if found is not None:
            if len(self._opened) >= _TOKENS_MAX:
                self._opened.popitem(last=False)
            self._opened[token] = found
        return found

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
