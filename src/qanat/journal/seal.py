"""AES-256-GCM over frames and over data keys. Pure but for the keys that it makes.

A sealed frame is its header (`frames`), the id of its data key (4 bytes), then the records encrypted, with a tag of 16
bytes. Header, key id, position and the log's name are associated data: a frame changed in any bit, put at another
position or into another log does not open.

Why no nonce is ever used twice under a key: the nonce is the frame's position, and a data key is used only by the one
opening of a log that made it. Within an opening positions rise, which `SealedLog` enforces and does not assume. A
position that is written again after a crash, or in a copy of the data directory, belongs to another opening, so to
another key. No chance is in it, and no counter that a crash could put back.

How much one key may seal: 2^32 blocks of 16 bytes. What GCM gives away grows with the square of the blocks; after so
many an attacker tells the boxes from noise with a chance of about 2^-65 (NIST SP 800-38D and the usual bound for a
128-bit block). So many bytes are so many frames at the most, well within GCM's 2^32 as well.
"""

import hashlib
import os
from collections.abc import Mapping
from struct import Struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from qanat.journal.frames import HEADER_BYTES, FrameDamaged, check_header

KEY_BYTES: Final = 32
DATA_KEY_BYTES_MAX: Final = 2**36
"""What one data key seals at the most, 64 GiB: the 2^32 blocks of above."""
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_KEY_ID: Final = Struct(">I")
_POSITION: Final = Struct(">Q")
_BOX_AT: Final = HEADER_BYTES + _KEY_ID.size
OVERHEAD_BYTES: Final = _KEY_ID.size + _TAG_BYTES
"""How much longer a sealed frame is than the same in the clear."""


class WrapDamaged(Exception):
    """A wrapped data key does not open, though the master key is the one that it names."""


class MasterKey:
    """Wraps data keys. Its secret cannot be read back from it; `id` (8 bytes, a hash of the secret) may be shown.

    `source` says to a person where it came from: a file, or a variable of the environment.
    """

    __slots__ = ("_box", "id", "source")

    def __init__(self, secret: bytes, source: str) -> None:
        assert len(secret) == KEY_BYTES
        self.id = hashlib.sha256(b"qanat master key id\x00" + secret).digest()[:8]
        self.source = source
        self._box = AESGCM(secret)

    def wrap(self, data_key: bytes, key_id: int, log_name: str) -> bytes:
        """Nonces are 96 random bits: a master key wraps a key a start of the server, never near the 2^32 of GCM."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._box.encrypt(nonce, data_key, _about_key(key_id, log_name))

    def unwrap(self, wrapped: bytes, key_id: int, log_name: str) -> bytes:
        """Raises WrapDamaged."""
        try:
            nonce, box = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
            return self._box.decrypt(nonce, box, _about_key(key_id, log_name))
        except (InvalidTag, ValueError) as error:
            raise WrapDamaged(f"data key {key_id} is damaged") from error


class DataKey:
    """Seals frames of one log. `left_bytes` is what it may still seal."""

    __slots__ = ("box", "id", "left_bytes")

    def __init__(self, key_id: int, secret: bytes, left_bytes: int = 0) -> None:
        self.id = key_id
        self.box = AESGCM(secret)
        self.left_bytes = left_bytes


def seal(frame: bytes, key: DataKey, log_name: str, position: int) -> bytes:
    """The same key must never seal two frames at one position."""
    head = frame[:HEADER_BYTES] + _KEY_ID.pack(key.id)
    records = memoryview(frame)[HEADER_BYTES:]
    return head + key.box.encrypt(_nonce(position), records, _about_frame(head, log_name, position))


def unseal(data: bytes, keys: Mapping[int, DataKey], log_name: str, position: int) -> bytes:
    """The frame in the clear. Raises FrameDamaged; never gives a frame that differs from the one sealed there."""
    check_header(data)
    if len(data) < _BOX_AT + _TAG_BYTES:
        raise FrameDamaged(f"{len(data)} bytes are less than a sealed frame")
    head = data[:_BOX_AT]
    (key_id,) = _KEY_ID.unpack_from(data, HEADER_BYTES)
    key = keys.get(key_id)
    if key is None:
        raise FrameDamaged(f"it names data key {key_id}, which the log does not have")
    try:
        records = key.box.decrypt(
            _nonce(position), memoryview(data)[_BOX_AT:], _about_frame(head, log_name, position)
        )
    except InvalidTag as error:
        raise FrameDamaged("its bytes were changed, or it belongs to another place") from error
    return head[:HEADER_BYTES] + records


def _nonce(position: int) -> bytes:
    return position.to_bytes(_NONCE_BYTES, "big")


def _about_frame(head: bytes, log_name: str, position: int) -> bytes:
    return head + _POSITION.pack(position) + log_name.encode()


def _about_key(key_id: int, log_name: str) -> bytes:
    return b"data key" + _KEY_ID.pack(key_id) + log_name.encode()
