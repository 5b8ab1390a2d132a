"""AWS Signature Version 4: the Authorization header, canonical request, string to sign, verification.

Source: IAM User Guide, reference_sigv-create-signed-request. The body's hash is always computed from the body that
came: `UNSIGNED-PAYLOAD` and the S3 streaming forms match nothing here. Error texts, and the order in which faults are
looked for, are recorded answers of AWS.
"""

import hmac
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from qanat.core.errors import QanatError

ALGORITHM: Final = b"AWS4-HMAC-SHA256"
TERMINATOR: Final = "aws4_request"
SKEW_MS: Final = 15 * 60 * 1000
# Read by the server to decide what is asked, so they must be under the signature where they are sent.
_MUST_BE_SIGNED: Final = (b"x-amz-target", b"x-amz-security-token")
_UNRESERVED: Final = "-_.~"
_PLAIN_PATH: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~/")
_AUTHORIZATION_MAX: Final = 4_096
_SIGNATURE_LENGTH: Final = 64
# What is not looked at more closely is remembered all the same, so it must be short.
_USUAL_LENGTH_MAX: Final = 1_536
_USUAL: Final = re.compile(
    rb"AWS4-HMAC-SHA256 Credential=([^\s,;=]{1,256}), ?SignedHeaders=([^\s,=]{1,1024}), ?"
)
_BETWEEN_FIELDS: Final = re.compile(rb"[, ]+")


class IncompleteSignature(QanatError):
    code = "IncompleteSignature"


class ExpiredToken(QanatError):
    """A session token whose time is over."""

    code = "ExpiredToken"
    default = "The security token included in the request is expired"


class MissingAuthenticationToken(QanatError):
    code = "MissingAuthenticationToken"
    default = "Request is missing Authentication Token"


class InvalidClientTokenId(QanatError):
    code = "InvalidClientTokenId"
    default = "The security token included in the request is invalid."


class SignatureDoesNotMatch(QanatError):
    code = "SignatureDoesNotMatch"
    default = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details."
    )


class RequestExpired(QanatError):
    """Signed too long ago or too far ahead: sent again, or by a clock that is wrong. The text tells both times."""

    code = "RequestExpired"


class Scope(NamedTuple):
    """The credential scope: for what day, region and service the signing key is good."""

    date: str
    region: str
    service: str


class Claim(NamedTuple):
    """What an Authorization header or a presigned URL claims. Nothing in it is to be believed before `verify`."""

    access_key_id: str
    scope: Scope
    signed_headers: tuple[bytes, ...]
    signature: str
    amz_date: str
    security_token: bytes | None = None
    lifetime_ms: int = SKEW_MS
    """How long after `amz_date` it may be used."""
    terminator: str = TERMINATOR


class SignedRequest(NamedTuple):
    """The parts of a request that a signature covers. Header names in lower case; path and query as sent."""

    method: bytes
    path: bytes
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes


def read_claim(headers: Mapping[bytes, bytes], now_ms: int) -> Claim:
    """A claim whose time is now.

    Raises IncompleteSignature where the header is malformed, RequestExpired as `check_time` does, and
    SignatureDoesNotMatch where it leaves out what must be signed.
    """
    authorization = headers.get(b"authorization", b"")
    # Between two requests of one client on one day only the signature differs: the rest is read once.
    stem, _, signature = authorization.rpartition(b"Signature=")
    usual = len(signature) == _SIGNATURE_LENGTH and len(stem) < _USUAL_LENGTH_MAX
    stable = _stable_part(stem) if usual else None
    if stable is not None and b"x-amz-date" in headers:
        amz_date = headers[b"x-amz-date"].decode("latin-1")
        check_time(amz_date, now_ms)
        demand_signed(headers, stable[2])
        return Claim(*stable, signature.decode("latin-1"), amz_date, headers.get(b"x-amz-security-token"))
    return _read_unusual_claim(headers, authorization, now_ms)


@lru_cache(maxsize=4096)
def _stable_part(stem: bytes) -> tuple[str, Scope, tuple[bytes, ...]] | None:
    """Key, scope and signed headers of a header without a fault, in the order in which the SDKs write it; else None."""
    found = _USUAL.fullmatch(stem)
    if found is None or found[1].count(b"/") != 4:
        return None
    access_key_id, scope, terminator = read_credential(found[1].decode("latin-1"))
    signed = names_of(found[2])
    return (access_key_id, scope, signed) if terminator == TERMINATOR and b"host" in signed else None


def names_of(signed_headers: bytes) -> tuple[bytes, ...]:
    """The names of the headers under the signature, which may be given in any case."""
    return tuple(signed_headers.lower().split(b";"))


def demand_signed(headers: Mapping[bytes, bytes], signed: tuple[bytes, ...]) -> None:
    """Raises SignatureDoesNotMatch where the server reads a header that the signature leaves out."""
    for name in _MUST_BE_SIGNED:
        if name in headers and name not in signed:
            raise SignatureDoesNotMatch(
                f"'{name.decode()}' must be a 'SignedHeader' in the AWS Authorization."
            )


def demand_host(signed: tuple[bytes, ...]) -> None:
    if b"host" not in signed:
        raise SignatureDoesNotMatch("'Host' must be a 'SignedHeader' in the AWS Authorization.")


def demand_algorithm(algorithm: bytes) -> None:
    if algorithm != ALGORITHM:
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{algorithm.decode('latin-1')}'.")


def _read_unusual_claim(headers: Mapping[bytes, bytes], authorization: bytes, now_ms: int) -> Claim:
    """Any order of the fields, and every fault with its own words."""
    if len(authorization) > _AUTHORIZATION_MAX:
        raise IncompleteSignature("The Authorization header is too long.")
    algorithm, _, rest = authorization.strip().partition(b" ")
    fields = _fields(algorithm, rest)
    _demand_all(headers, fields, algorithm)
    amz_date = headers.get(b"x-amz-date", headers.get(b"date", b"")).decode("latin-1")
    check_time(amz_date, now_ms)
    signed = names_of(fields[b"SignedHeaders"])
    demand_host(signed)
    demand_signed(headers, signed)
    demand_algorithm(algorithm)
    access_key_id, scope, terminator = read_credential(fields[b"Credential"].decode("latin-1"))
    signature = fields[b"Signature"].decode("latin-1")
    token = headers.get(b"x-amz-security-token")
    return Claim(access_key_id, scope, signed, signature, amz_date, token, terminator=terminator)


def _fields(algorithm: bytes, rest: bytes) -> dict[bytes, bytes]:
    fields = {}
    for field in _BETWEEN_FIELDS.split(rest):
        name, equals, value = field.partition(b"=")
        # What stands after another scheme may be a secret, and is not said again.
        if field and not equals and algorithm.startswith(b"AWS4-"):
            # Mostly white space that was copied together with a key id.
            raise IncompleteSignature(
                f"'{field.decode('latin-1')}' not a valid key=value pair (missing equal-sign) in Authorization header: "
                f"'{algorithm.decode('latin-1')}'."
            )
        fields[name] = value
    return fields


def _demand_all(headers: Mapping[bytes, bytes], fields: Mapping[bytes, bytes], algorithm: bytes) -> None:
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not fields.get(name.encode())
    ]
    if b"x-amz-date" not in headers and b"date" not in headers:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing:
        # AWS repeats the header; its signature is no secret, but what else stands there may be.
        raise IncompleteSignature(" ".join([*missing, f"Authorization={algorithm.decode('latin-1')}"]))


@lru_cache(maxsize=1024)
def read_credential(text: str) -> tuple[str, Scope, str]:
    """Key id, scope and terminator; what was read is kept, so bound `text`. Raises IncompleteSignature."""
    parts = text.split("/")
    if len(parts) != 5:
        raise IncompleteSignature(
            "Credential must have exactly 5 slash-delimited elements, "
            f"e.g. keyid/date/region/service/term, got '{text}'"
        )
    access_key_id, date, region, service, terminator = parts
    return access_key_id, Scope(date, region, service), terminator


@lru_cache(maxsize=1024)
def instant_ms(amz_date: str) -> int:
    """`20130609T094515Z` in milliseconds since 1970. Raises IncompleteSignature."""
    try:
        return int(datetime.strptime(amz_date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        raise IncompleteSignature(
            f"Date must be in ISO-8601 'basic format'. Got '{amz_date}'. "
            "See http://en.wikipedia.org/wiki/ISO_8601"
        ) from None


def check_scope(claim: Claim, regions: Collection[str], services: Collection[str]) -> None:
    """Raises SignatureDoesNotMatch where the scope is not one of ours, in AWS's words, all faults together."""
    date, region, service = claim.scope
    faults = []
    if region not in regions:
        faults.append(f"Credential should be scoped to a valid region, not '{region}'.")
    if service not in services:
        known = ", ".join(f"'{known}'" for known in sorted(services))
        faults.append(f"Credential should be scoped to correct service: {known}.")
    if claim.terminator != TERMINATOR:
        faults.append(
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{claim.terminator}'."
        )
    if claim.amz_date[:8] != date:
        faults.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{date}' != '{claim.amz_date[:8]}', from '{claim.amz_date}'."
        )
    if faults:
        raise SignatureDoesNotMatch(" ".join(faults))


def check_time(amz_date: str, now_ms: int, lifetime_ms: int = SKEW_MS) -> None:
    """Raises RequestExpired where the lifetime is over, or where it was signed over 15 minutes from now.

    So a request that was caught and is sent again later is refused. IncompleteSignature where it is no date.
    """
    signed_at_ms = instant_ms(amz_date)
    if signed_at_ms < now_ms - lifetime_ms:
        minutes, rest_ms = divmod(lifetime_ms, 60_000)
        lifetime = f"{lifetime_ms // 1000} s." if rest_ms else f"{minutes} min."
        # The SDK for Java reads the server's time between the bracket and the minus sign.
        raise RequestExpired(
            f"Signature expired: {amz_date} is now earlier than {_basic(now_ms - lifetime_ms)} "
            f"({_basic(now_ms)} - {lifetime})"
        )
    if signed_at_ms > now_ms + SKEW_MS:
        raise RequestExpired(
            f"Signature not yet current: {amz_date} is still later than {_basic(now_ms + SKEW_MS)} "
            f"({_basic(now_ms)} + 15 min.)"
        )


def _basic(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")


class SigningKey:
    """HMAC-SHA256 under one key, whose two blocks are hashed beforehand: half the time of hashing them each time."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(64, b"\0")  # RFC 2104; a signing key is one digest long, never over a block
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def sign(self, text: bytes) -> str:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text)
        outer.update(inner.digest())
        return outer.hexdigest()


def derived_key(secret: str, scope: Scope) -> bytes:
    """IAM User Guide, "Deriving the signing key"."""
    key = b"AWS4" + secret.encode()
    for part in (*scope, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signing_key(secret: str, scope: Scope) -> SigningKey:
    """Good for one day, region and service; cache it, it costs four HMACs."""
    return SigningKey(derived_key(secret, scope))


def verify(request: SignedRequest, claim: Claim, key: SigningKey) -> None:
    """Raises SignatureDoesNotMatch unless `claim` was signed with `key` over just this request."""
    expected = key.sign(string_to_sign(request, claim))
    if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
        raise SignatureDoesNotMatch


def sign(request: SignedRequest, claim: Claim, key: SigningKey) -> str:
    """The Authorization header of a request that this program sends; the claim's own signature is not looked at."""
    credential = "/".join((claim.access_key_id, *claim.scope, TERMINATOR))
    signed = b";".join(claim.signed_headers).decode()
    signature = key.sign(string_to_sign(request, claim))
    return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature={signature}"


def string_to_sign(request: SignedRequest, claim: Claim) -> bytes:
    date, region, service = claim.scope
    digest = sha256(canonical_request(request, claim.signed_headers)).hexdigest()
    return f"AWS4-HMAC-SHA256\n{claim.amz_date}\n{date}/{region}/{service}/{TERMINATOR}\n{digest}".encode()


def canonical_request(request: SignedRequest, signed_headers: tuple[bytes, ...]) -> bytes:
    """A header that is named but was not sent counts as empty, and so spoils the signature as on AWS."""
    headers = request.headers
    values = [headers.get(name, b"") for name in signed_headers]
    # Hardly any header has white space to be folded, and one look at all of them tells.
    together = b"\n".join((b"", *values, b""))
    if b"  " in together or b"\t" in together or b"\n " in together or b" \n" in together:
        values = [b" ".join(value.split()) for value in values]
    return b"\n".join(
        (
            request.method,
            _canonical_path(request.path),
            _canonical_query(request.query),
            *[name + b":" + value for name, value in zip(signed_headers, values, strict=True)],
            b"",
            b";".join(signed_headers),
            sha256(request.body).hexdigest().encode(),
        )
    )


def _canonical_path(path: bytes) -> bytes:
    """Dot segments and doubled slashes removed, then each byte encoded once more than it was sent (not S3)."""
    if path == b"/" or (_PLAIN_PATH.issuperset(path) and b"//" not in path):
        return path
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    normal = b"/" + b"/".join(kept)
    if kept and path.endswith(b"/"):
        normal += b"/"
    return quote(normal, safe="/" + _UNRESERVED).encode()


def _canonical_query(query: bytes) -> bytes:
    if not query:
        return b""
    pairs = []
    for pair in query.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            # A plus is a space to whoever reads the parameters, so it must be one here.
            pairs.append((_encoded(name.replace(b"+", b" ")), _encoded(value.replace(b"+", b" "))))
    return b"&".join(name + b"=" + value for name, value in sorted(pairs))


def _encoded(text: bytes) -> bytes:
    return quote(unquote_to_bytes(text), safe=_UNRESERVED).encode()
