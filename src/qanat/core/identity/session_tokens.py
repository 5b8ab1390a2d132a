"""Temporary credentials inside the very token that a client sends: nothing of a session is kept here.

A token is base64 of a version byte, a nonce of 12 bytes, and the credentials (msgpack, deflated) in AES-256-GCM
under a key that the control shard keeps. Whoever changes a bit of it, or makes one up, has a token that does not open.
One key seals at random nonces, so up to 2^32 tokens are far from GCM's bound.
"""

import zlib
from base64 import b64decode, b64encode
from enum import StrEnum
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from qanat.core.identity.model import Session

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
PACKED_BYTES_MAX: Final = 4_096
"""Deflated, of what a session carries; AWS does not publish its own limit."""
TOKEN_LENGTH_MAX: Final = 8_192
_VERSION: Final = b"\x01"
_ABOUT: Final = b"qanat session token\x01"
# A token of ours inflates to less than this; one that would not was not made here.
_UNPACKED_BYTES_MAX: Final = 131_072


class SessionKind(StrEnum):
    """Whose a session is, and by which call it came."""

    ROLE = "role"
    USER = "user"
    """GetSessionToken of a user."""
    FEDERATED = "federated"
    ROOT = "root"


class Credentials(Struct, frozen=True, array_like=True):
    """A temporary access key (ASIA...) with what it stands for."""

    access_key_id: str
    secret: str
    kind: SessionKind
    account: str
    name: str
    """Of the role session or the federated user; empty for others."""
    session: Session

    def __repr__(self) -> str:
        return (
            f"Credentials({self.access_key_id!r}, secret=hidden, {self.kind}, {self.account}, {self.name!r})"
        )


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Credentials)


def packed(credentials: Credentials) -> bytes:
    return zlib.compress(_encoder.encode(credentials))


def seal(key: bytes, nonce: bytes, data: bytes) -> str:
    """The token of what `packed` gave. `nonce` must be 12 fresh random bytes."""
    assert len(nonce) == NONCE_BYTES
    return b64encode(_VERSION + nonce + AESGCM(key).encrypt(nonce, data, _ABOUT)).decode()


def opened(key: bytes, token: bytes) -> Credentials | None:
    """What was sealed; None for every token that was not sealed under this key. Whether it has expired is not asked."""
    if len(token) > TOKEN_LENGTH_MAX:
        return None
    try:
        box = b64decode(token, validate=True)
        nonce, sealed = box[1 : 1 + NONCE_BYTES], box[1 + NONCE_BYTES :]
        if box[:1] != _VERSION:
            return None
        data = AESGCM(key).decrypt(nonce, sealed, _ABOUT)
        return _decoder.decode(zlib.decompressobj().decompress(data, _UNPACKED_BYTES_MAX))
    except (ValueError, InvalidTag, zlib.error, msgspec.DecodeError):
        return None
