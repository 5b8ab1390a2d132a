"""The control shard's records to and from bytes.

Format: msgpack of [versions of the families, [records]]. A family whose version is not ours is refused, for
reading on would lose what we do not understand; an old version gets its reader here before the new one ships.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from qanat.core.identity import records as identity
from qanat.core.network import records as network
from qanat.core.queues import definition_records as definitions

PartKept = identity.IdentityKept | network.NetworkKept | definitions.CatalogueKept


class ControlKept(Struct, frozen=True, array_like=True, tag=True):
    """The whole state of the control shard, one snapshot a part."""

    parts: tuple[PartKept, ...]


ControlRecord = ControlKept | identity.IdentityRecord | network.NetworkRecord | definitions.DefinitionRecord

FRAME_VERSION: Final = 1
"""Of the batch below; each family of records has a version of its own inside it."""
VERSIONS: Final = {"identity": identity.VERSION, "network": network.VERSION, "queues": definitions.VERSION}


class RecordsUnreadable(ValueError):
    """The bytes are damaged, or of a version that this program does not know."""


class _Batch(Struct, frozen=True, array_like=True):
    versions: dict[str, int]
    records: list[ControlRecord]


class _BatchHead(Struct, frozen=True, array_like=True):
    """The beginning of a batch, to be judged before the records are read."""

    versions: dict[str, int]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Batch)
_head_decoder = msgspec.msgpack.Decoder(_BatchHead)


def encode(records: Iterable[ControlRecord]) -> bytes:
    return _encoder.encode(_Batch(VERSIONS, list(records)))


def decode(data: bytes) -> list[ControlRecord]:
    """Raises RecordsUnreadable."""
    try:
        for family, version in _head_decoder.decode(data).versions.items():
            if VERSIONS.get(family) != version:
                raise RecordsUnreadable(
                    f"records of {family} have version {version}, ours is {VERSIONS.get(family)}"
                )
        return _decoder.decode(data).records
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordsUnreadable(f"records cannot be read: {error}") from error
