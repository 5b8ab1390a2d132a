"""Where chance comes from: ids, secrets and request ids, all of them unguessable."""

import itertools
import os
import secrets
import string
from collections.abc import Iterator
from typing import Final

from qanat.core.identity.session_tokens import NONCE_BYTES
from qanat.core.identity.totp import SEED_BYTES

_BASE32: Final = string.ascii_uppercase + "234567"
_LOWER: Final = string.ascii_lowercase + string.digits
_SECRET: Final = string.ascii_letters + string.digits + "+/"


# Drawn from the system for many ids at once: one call costs as much as making an id.
_DRAWN_AT_ONCE: Final = 256


def _random_hex() -> Iterator[str]:
    """32 hex digits at a time, each from random bytes of its own, for ever."""
    while True:
        drawn = os.urandom(16 * _DRAWN_AT_ONCE).hex()
        for start in range(0, len(drawn), 32):
            yield drawn[start : start + 32]


_next_random_hex: Final = _random_hex().__next__


def uuid() -> str:
    """A random UUID (version 4), as AWS makes message ids."""
    text = _next_random_hex()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


class RequestIds:
    """Ids of requests: unlike those of other runs by a random part, unlike each other by a number. No secret."""

    def __init__(self) -> None:
        self._stem = uuid()[:24]
        self._numbers = itertools.count(1)

    def new(self) -> str:
        return f"{self._stem}{next(self._numbers):012x}"


def _drawn(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


class RandomIds:
    """Ids in the forms that AWS gives them; see `wire.service.Ids`."""

    def ec2(self, prefix: str) -> str:
        return f"{prefix}-{secrets.token_hex(9)[:17]}"

    def iam(self, prefix: str) -> str:
        return prefix + _drawn(_BASE32, 17)

    def access_key(self) -> str:
        return "AKIA" + _drawn(_BASE32, 16)

    def temporary_access_key(self) -> str:
        return "ASIA" + _drawn(_BASE32, 16)

    def seed(self) -> bytes:
        return secrets.token_bytes(SEED_BYTES)

    def nonce(self) -> bytes:
        return secrets.token_bytes(NONCE_BYTES)

    def secret(self) -> str:
        return _drawn(_SECRET, 40)

    def suffix(self) -> str:
        return _drawn(_LOWER, 8)
