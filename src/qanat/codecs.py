"""How the records of each shard become frames of a log and back: core's bytes in the journal's envelope."""

from collections.abc import Sequence
from typing import Any

import msgspec

from qanat.core import control_records
from qanat.core.queues import records as queue_records
from qanat.journal import frames
from qanat.node import Codec


class LogUnreadable(Exception):
    """A frame that is whole but not of a version that this program reads."""


def _encode_control(records: Sequence[Any], now_ms: int) -> bytes:
    return frames.encode(frames.Frame(control_records.FRAME_VERSION, now_ms, control_records.encode(records)))


def _decode_control(data: bytes) -> tuple[list[Any], int]:
    frame = _frame(data, control_records.FRAME_VERSION)
    return list(control_records.decode(frame.records)), frame.at_ms


def _encode_queues(records: Sequence[Any], now_ms: int) -> bytes:
    return frames.encode(frames.Frame(queue_records.RECORDS_VERSION, now_ms, queue_records.encode(records)))


def _decode_queues(data: bytes) -> tuple[list[Any], int]:
    frame = _frame(data, queue_records.RECORDS_VERSION)
    try:
        return list(queue_records.decode(frame.records)), frame.at_ms
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise LogUnreadable(f"a frame of the log cannot be read: {error}") from error


def _frame(data: bytes, record_version: int) -> frames.Frame:
    frame = frames.decode(data)
    if frame.record_version != record_version:
        raise LogUnreadable(
            f"the log holds records of version {frame.record_version}; this program reads version {record_version}"
        )
    return frame


CONTROL = Codec(_encode_control, _decode_control)
QUEUES = Codec(_encode_queues, _decode_queues)
