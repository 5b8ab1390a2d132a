"""Who is calling: a verified signature, or nobody. There is no other way to be someone, and no bypass."""

from typing import Final, Protocol

from qanat.api.regions import Regions
from qanat.core.identity.model import ANONYMOUS, AccessKey, Caller, User, caller_of
from qanat.core.presigned import presigned
from qanat.core.presigned import read_claim as read_claim_of_url
from qanat.core.sigv4 import (
    Claim,
    IncompleteSignature,
    InvalidClientTokenId,
    Scope,
    SignatureDoesNotMatch,
    SignedRequest,
    SigningKey,
    check_scope,
    check_time,
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


class Directory(Protocol):
    """What is asked of the identity part of the control shard."""

    def key(self, access_key_id: str) -> AccessKey | None: ...
    def user(self, account: str, name: str) -> User | None: ...


class Authenticator:
    def __init__(self, directory: Directory, regions: Regions) -> None:
        self._directory = directory
        self._regions = regions
        self._signing_keys: dict[tuple[str, Scope], SigningKey] = {}

    def caller(
        self, request: Request, path: bytes, query: bytes, service: str, now_ms: int
    ) -> tuple[Caller, Claim | None]:
        """The caller, and the verified claim; (ANONYMOUS, None) where nothing is signed.

        Raises the errors of core.sigv4, in the order in which AWS checks.
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
        claim = read_claim(headers) if url is None else read_claim_of_url(url, headers)
        check_time(claim, now_ms)
        check_scope(
            claim, self._regions.signable(request.way, headers.get(b"host", b""), service), (service,)
        )
        key = self._directory.key(claim.access_key_id)
        # A long-term key has no session token: one that comes with it is not ours.
        if key is None or not key.active or claim.security_token is not None:
            raise InvalidClientTokenId
        if url is not None:
            query = url.signed_query
        signed = SignedRequest(request.method, path, query, headers, request.body)
        verify(signed, claim, self._signing_key(key, claim.scope))
        user = self._directory.user(key.account, key.user_name)
        if user is None:
            raise InvalidClientTokenId
        return caller_of(user), claim

    def _signing_key(self, key: AccessKey, scope: Scope) -> SigningKey:
        name = (key.access_key_id, scope)
        found = self._signing_keys.get(name)
        if found is None:
            if len(self._signing_keys) >= _SIGNING_KEYS_MAX:
                self._signing_keys.clear()
            found = self._signing_keys[name] = signing_key(key.secret, scope)
        return found
