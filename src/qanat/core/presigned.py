"""AWS Signature Version 4 in the query string: presigned URLs (IAM User Guide, reference_sigv-create-signed-request).

Everything else is as with the Authorization header. The texts are those that other services of AWS give.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from qanat.core.sigv4 import (
    SKEW_MS,
    Claim,
    IncompleteSignature,
    check_time,
    demand_algorithm,
    demand_host,
    demand_signed,
    names_of,
    read_credential,
)

EXPIRES_S_MAX: Final = 604_800
_SIGNATURE: Final = b"X-Amz-Signature"
_CREDENTIAL: Final = b"X-Amz-Credential"
_REQUIRED: Final = (
    b"X-Amz-Algorithm",
    _CREDENTIAL,
    _SIGNATURE,
    b"X-Amz-SignedHeaders",
    b"X-Amz-Date",
)
_EXPIRES: Final = b"X-Amz-Expires"
_TOKEN: Final = b"X-Amz-Security-Token"
_NAMES: Final = frozenset({*_REQUIRED, _EXPIRES, _TOKEN})
_SECONDS: Final = re.compile(rb"[0-9]{1,10}")
# No access key with its scope comes near this; what was read is remembered for a while.
_CREDENTIAL_LENGTH_MAX: Final = 512


class Presigned(NamedTuple):
    """The parts of a query string that concern its signature."""

    parameters: Mapping[bytes, bytes]
    """Those of the signature, decoded."""
    signed_query: bytes
    """The query as it was signed: without the signature itself."""


def presigned(query: bytes) -> Presigned | None:
    """None where no parameter is one of a signature. Raises IncompleteSignature where one is there twice."""
    found: dict[bytes, bytes] = {}
    signed = []
    for pair in query.split(b"&"):
        encoded_name, _, value = pair.replace(b"+", b" ").partition(b"=")
        name = unquote_to_bytes(encoded_name)
        if name in _NAMES:
            if name in found:
                raise IncompleteSignature(f"'{name.decode()}' was given more than once.")
            found[name] = unquote_to_bytes(value)
        if name != _SIGNATURE:
            signed.append(pair)
    return Presigned(found, b"&".join(signed)) if found else None


def claimed_service(query: bytes) -> str | None:
    """The service that a presigned URL says it was signed for, to choose who judges it. None where it says none."""
    try:
        url = presigned(query)
    except IncompleteSignature:
        return None
    return None if url is None else _service_of(url.parameters.get(_CREDENTIAL, b""))


def _service_of(credential: bytes) -> str | None:
    parts = credential.split(b"/")
    return parts[3].decode("latin-1") if len(parts) == 5 else None


def read_claim(url: Presigned, headers: Mapping[bytes, bytes], now_ms: int) -> Claim:
    """A claim whose time is now; looks for faults, and raises, as for a header."""
    given = url.parameters
    missing = [name.decode() for name in _REQUIRED if not given.get(name)]
    if missing:
        texts = [f"AWS query-string parameters must include '{name}'." for name in missing]
        raise IncompleteSignature(" ".join([*texts, "Re-examine the query-string parameters."]))
    algorithm, credential, signature, signed_headers, date = (given[name] for name in _REQUIRED)
    amz_date = date.decode("latin-1")
    lifetime_ms = _lifetime_ms(given.get(_EXPIRES))
    # STS looks at no X-Amz-Expires: logins that rest on a presigned GetCallerIdentity say 60 and count on 15 minutes.
    if _service_of(credential) == "sts":
        lifetime_ms = SKEW_MS
    check_time(amz_date, now_ms, lifetime_ms)
    signed = names_of(signed_headers)
    demand_host(signed)
    demand_signed(headers, signed)
    demand_algorithm(algorithm)
    if len(credential) > _CREDENTIAL_LENGTH_MAX:
        raise IncompleteSignature("The X-Amz-Credential parameter is too long.")
    access_key_id, scope, terminator = read_credential(credential.decode("latin-1"))
    token = given.get(_TOKEN, headers.get(b"x-amz-security-token"))
    return Claim(
        access_key_id, scope, signed, signature.decode("latin-1"), amz_date, token, lifetime_ms, terminator
    )


def _lifetime_ms(expires: bytes | None) -> int:
    if expires is None:
        return SKEW_MS
    if not _SECONDS.fullmatch(expires):
        raise IncompleteSignature("X-Amz-Expires should be a number")
    seconds = int(expires)
    if seconds < 1:
        raise IncompleteSignature("X-Amz-Expires must be at least 1")
    if seconds > EXPIRES_S_MAX:
        raise IncompleteSignature(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less "
            f"than {EXPIRES_S_MAX} seconds"
        )
    return seconds * 1000
