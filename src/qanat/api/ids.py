"""Where chance comes from: ids, secrets and request ids, all of them unguessable."""

import os
import secrets
import string
from typing import Final

_BASE32: Final = string.ascii_uppercase + "234567"
_LOWER: Final = string.ascii_lowercase + string.digits
_SECRET: Final = string.ascii_letters + string.digits + "+/"


def uuid() -> str:
    """A random UUID (version 4), as AWS makes message ids and request ids."""
    drawn = bytearray(os.urandom(16))
    drawn[6] = drawn[6] & 0x0F | 0x40
    drawn[8] = drawn[8] & 0x3F | 0x80
    text = drawn.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


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

    def secret(self) -> str:
        return _drawn(_SECRET, 40)

    def suffix(self) -> str:
        return _drawn(_LOWER, 8)
