"""Who is calling: a verified signature, or nobody. There is no other way to be someone, and no bypass."""

from typing import Final

from qanat.api.regions import Regions
from qanat.api.sessions import Sessions
from qanat.core.identity.model import ANONYMOUS, Caller, caller_of
from qanat.core.identity.session_tokens import SessionKind
from qanat.core.identity.state import IdentityState
from qanat.core.presigned import presigned
from qanat.core.presigned import read_claim as read_claim_of_url
from qanat.core.sigv4 import (
    Claim,
    ExpiredToken,
    IncompleteSignature,
    InvalidClientTokenId,
    Scope,
    SignatureDoesNotMatch,
    SignedRequest,
    SigningKey,
    check_scope,
    read_claim,
    signing_key,
    verify,
)
from qanat.net.http import Request

# A signing key lives for a day; this many are in use only where as many keys are.
_SIGNING_KEYS_MAX: Final = 16_384
_RESTED_ON: Final = frozenset(
    {b"authorization", b"host", b"x-amz-date", b"x-amz-security-token", b"x-amz-target"}
)


class Authenticator:
    def __init__(self, identity: IdentityState, regions: Regions) -> None:
        self._identity = identity
        self._sessions = Sessions(identity)
        self._regions = regions
        self._signing_keys: dict[tuple[str, Scope], SigningKey] = {}
        self.key_uses: dict[str, tuple[Scope, int]] = {}
        """The newest use of each long-term key, until someone takes it away to write it down."""
        self.role_uses: dict[str, tuple[Scope, int]] = {}
        """The same of each role by sessions of it, by its unique id."""

    def caller(
        self, request: Request, path: bytes, query: bytes, service: str, now_ms: int
    ) -> tuple[Caller, Claim | None]:
        """The caller, and the verified claim; (ANONYMOUS, None) where nothing is signed.

        `now_ms` is the wall clock's, as the clients' is. Raises the errors of core.sigv4, in the order in which
        AWS checks.
        """
        headers = request.headers
        url = presigned(query) if query else None
        if b"authorization" not in headers:
            if url is None:
                return ANONYMOUS, None
        elif url is not None:
            raise SignatureDoesNotMatch(
                "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
            )
        if request.repeated & _RESTED_ON:
            raise IncompleteSignature("A header that the signature rests on was sent more than once.")
        claim = read_claim(headers, now_ms) if url is None else read_claim_of_url(url, headers, now_ms)
        check_scope(
            claim, self._regions.signable(request.way, headers.get(b"host", b""), service), (service,)
        )
        if url is not None:
            query = url.signed_query
        signed = SignedRequest(request.method, path, query, headers, request.body)
        if claim.security_token is not None:
            return self._temporary(signed, claim, claim.security_token, now_ms), claim
        key = self._identity.key(claim.access_key_id)
        if key is None or not key.active:
            raise InvalidClientTokenId
        verify(signed, claim, self._signing_key(key.access_key_id, key.secret, claim.scope))
        user = self._identity.user(key.account, key.user_name)
        if user is None:
            raise InvalidClientTokenId
        self.key_uses[key.access_key_id] = claim.scope, now_ms
        return caller_of(user), claim

    def _temporary(self, signed: SignedRequest, claim: Claim, token: bytes, now_ms: int) -> Caller:
        """Who calls with temporary credentials: all that they are is in the token, which nobody else can make."""
        found = self._sessions.credentials(token)
        if found is None or found.access_key_id != claim.access_key_id:
            raise InvalidClientTokenId
        verify(signed, claim, self._signing_key(found.access_key_id, found.secret, claim.scope))
        if now_ms >= found.session.expires_at_ms:
            raise ExpiredToken
        caller = self._sessions.caller(found)
        if caller is None:
            raise InvalidClientTokenId
        if found.kind is SessionKind.ROLE:
            self.role_uses[found.session.issuer_id] = claim.scope, now_ms
        return caller

    def _signing_key(self, access_key_id: str, secret: str, scope: Scope) -> SigningKey:
        name = (access_key_id, scope)
        found = self._signing_keys.get(name)
        if found is None:
            if len(self._signing_keys) >= _SIGNING_KEYS_MAX:
                self._signing_keys.clear()
            found = self._signing_keys[name] = signing_key(secret, scope)
        return found
