"""The records of a shard in the journal's envelope: read whole, or refused with a reason."""

import pytest
from msgspec import Struct

from qanat import codecs
from qanat.codecs import LogUnreadable
from qanat.core.control_records import RecordsUnreadable
from qanat.core.identity.records import AccountCreated
from qanat.core.queues.model import QueueConfig
from qanat.core.queues.records import RECORDS_VERSION, Deleted, QueueConfigured
from qanat.journal import frames
from qanat.node import Codec

QUEUE_RECORDS = [QueueConfigured(1, QueueConfig("arn", 60_000), 0, 0), Deleted(1, (1, 2))]
CONTROL_RECORDS = [AccountCreated("123456789012", 1)]

both = pytest.mark.parametrize(
    ("codec", "records"),
    [(codecs.QUEUES, QUEUE_RECORDS), (codecs.CONTROL, CONTROL_RECORDS)],
    ids=["queues", "control"],
)


@both
def test_records_and_time_come_back(codec: Codec, records: list[Struct]) -> None:
    assert codec.decode(codec.encode(records, 1_753_264_000_123)) == (records, 1_753_264_000_123)


@both
def test_a_version_that_is_not_ours_is_refused(codec: Codec, records: list[Struct]) -> None:
    version, at_ms, data = frames.decode(codec.encode(records, 5))
    with pytest.raises(LogUnreadable, match=f"records of version {version + 1}; this program reads"):
        codec.decode(frames.encode(frames.Frame(version + 1, at_ms, data)))


@both
@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x91\x92\xa1S\x01", b"\x91\x93\xa1Z\x01\x02", b"\x91" * 5_000]
)
def test_records_that_are_none(codec: Codec, records: list[Struct], data: bytes) -> None:
    with pytest.raises((LogUnreadable, RecordsUnreadable)):
        codec.decode(frames.encode(frames.Frame(1, 5, data)))


def test_a_text_that_is_no_text() -> None:
    """msgspec has an exception of its own for it."""
    data = codecs.QUEUES.encode([Deleted(1, (1,))], 5)
    assert data.endswith(b"\x91\x93\xa1D\x01\x91\x01")
    with pytest.raises(LogUnreadable):
        codecs.QUEUES.decode(
            frames.encode(frames.Frame(RECORDS_VERSION, 5, b"\x91\x93\xa1\xffD\x01\x91\x01"))
        )
