"""Receipt handles: which receive of which message, sealed so that a client can neither read a meaning nor make one up.

A handle is base64url of `seq, receive_count, MAC`; the MAC covers the queue too, so a handle of one queue is garbage to
another (AWS answers ReceiptHandleIsInvalid to it).
"""

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from struct import Struct
from typing import Final

from qanat.core.queues.commands import Receipt
from qanat.core.queues.errors import ReceiptHandleIsInvalid

KEY_BYTES: Final = 32
_MAC_BYTES: Final = 16
_PLAIN: Final = Struct(">QI")
_LENGTH: Final = 4 * -(-(_PLAIN.size + _MAC_BYTES) // 3)


def _mac(key: bytes, queue_id: int, plain: bytes) -> bytes:
    return blake2b(
        plain, digest_size=_MAC_BYTES, key=key, salt=queue_id.to_bytes(16, "big"), person=b"qanat receipt"
    ).digest()


def seal(key: bytes, queue_id: int, receipt: Receipt) -> str:
    """`key` has KEY_BYTES bytes and stays the same for the life of the data."""
    plain = _PLAIN.pack(*receipt)
    return urlsafe_b64encode(plain + _mac(key, queue_id, plain)).decode()


def unseal(key: bytes, queue_id: int, handle: str) -> Receipt:
    """Raises ReceiptHandleIsInvalid where `handle` was not sealed for this queue with this key."""
    if len(handle) != _LENGTH or not handle.isascii():
        raise ReceiptHandleIsInvalid(handle)
    try:
        sealed = urlsafe_b64decode(handle)
    except binascii.Error:
        raise ReceiptHandleIsInvalid(handle) from None
    plain, mac = sealed[: _PLAIN.size], sealed[_PLAIN.size :]
    # The decoder passes over bytes that are no base64; only the one text that `seal` gave is genuine.
    if (
        not hmac.compare_digest(mac, _mac(key, queue_id, plain))
        or urlsafe_b64encode(sealed) != handle.encode()
    ):
        raise ReceiptHandleIsInvalid(handle)
    return Receipt(*_PLAIN.unpack(plain))
